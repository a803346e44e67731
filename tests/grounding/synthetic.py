"""Simulated evidence and hand-written drafts for the tests of grounding. Nothing here is of a real client."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from grounding.brief import read_brief
from grounding.evidence import Evidence, Locale
from tools.contract import Caveat, Figure, Interval

ZA = Locale(language="en-ZA", currency="ZAR")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
AS_OF = date(2026, 11, 21)
Q3 = "2026-07-01/2026-09-30"
LAST90 = "2026-08-23/2026-11-20"
DECEMBER = "2026-12-01/2026-12-31"
BRIEF = "R15 000 a month, Google Ads, Meta, LinkedIn, TikTok and email, goal: bookings. We want at least 110 bookings a month."


def record(alias: str, tool: str, figures: list[Figure], caveats: tuple[Caveat, ...] = (), **result: Any) -> Evidence:
    body = {
        "figures": [f.model_dump(mode="json") for f in figures],
        "findings": [],
        "caveats": [c.model_dump(mode="json") for c in caveats],
    }
    return Evidence(id=f"ev_{alias.lower()}", alias=alias, tool=tool, version=1, request={}, result={**body, **result}, created_at=NOW)


def money(key: str, minor: int, metric: str, label: str, **more: Any) -> Figure:
    return Figure(key=key, value=minor, unit="money", currency=more.pop("currency", "ZAR"), metric=metric, label=label, **more)


def figure(key: str, value: float | str, unit: str, metric: str, label: str, **more: Any) -> Figure:
    return Figure(key=key, value=value, unit=unit, metric=metric, label=label, **more)


CHANNELS = {
    # channel: spend, conversions, cpa, clicks, ctr, conversion rate, roas, change of spend, change of cpa
    "google_ads": (4512300, 247, 18269, 5120, 0.0412, 0.04824, 3.62, 0.124, -0.087),
    "meta": (2789000, 118, 23636, 4380, 0.0183, 0.02694, 2.41, -0.068, 0.153),
    "linkedin": (1346500, 29, 46431, 910, 0.0068, 0.03187, 1.17, 0.219, 0.041),
    "tiktok": (903400, 41, 22034, 3970, 0.0127, 0.01033, 1.94, -0.315, -0.132),
}


def channel_figures() -> list[Figure]:
    found = []
    for name, (spend, conversions, cpa, clicks, ctr, rate, roas, spend_change, cpa_change) in CHANNELS.items():
        at: dict[str, Any] = {"entity": name, "period": Q3}
        found += [
            money(f"{name}.spend", spend, "spend", "spend", **at),
            figure(f"{name}.conversions", conversions, "count", "conversions", "bookings", basis="attributed", **at),
            money(
                f"{name}.cpa",
                cpa,
                "cpa",
                "cost per booking",
                denominator="bookings",
                interval=Interval(low=cpa * 0.9, high=cpa * 1.12),
                basis="attributed",
                **at,
            ),
            figure(f"{name}.clicks", clicks, "count", "clicks", "clicks", **at),
            figure(f"{name}.ctr", ctr, "share", "ctr", "click-through rate", denominator="impressions", **at),
            figure(f"{name}.conversion_rate", rate, "share", "conversion_rate", "conversion rate", denominator="clicks", **at),
            figure(f"{name}.roas", roas, "multiple", "roas", "return on ad spend", **at),
            figure(f"{name}.spend_change", spend_change, "share", "spend_change", "change in spend", **at),
            figure(f"{name}.cpa_change", cpa_change, "share", "cpa_change", "change in cost per booking", **at),
        ]
    return [
        *found,
        money("total.spend", 9551200, "spend", "total spend", period=Q3),
        figure("total.conversions", 435, "count", "conversions", "total bookings", period=Q3, basis="attributed"),
        money("total.cpa", 21957, "cpa", "overall cost per booking", period=Q3, basis="attributed"),
    ]


def segment_figures() -> list[Figure]:
    sizes = {"loyal": (412, 0.187, 128450, 21), "at_risk": (963, 0.437, 46220, 118), "newcomers": (829, 0.376, 31875, 34)}
    found = []
    for name, (size, share, value, recency) in sizes.items():
        entity = f"segment: {name}"
        found += [
            figure(f"{name}.size", size, "count", "size", "customers", entity=entity),
            figure(f"{name}.share", share, "share", "share_of_customers", "share of customers", entity=entity),
            money(f"{name}.value", value, "customer_value", "revenue per customer", entity=entity),
            figure(f"{name}.recency", recency, "days", "recency", "days since the last order", entity=entity),
        ]
    return [*found, figure("segments", 3, "count", "segments", "segments")]


def plan_figures() -> list[Figure]:
    plan = {"google_ads": (720000, 600000), "meta": (430000, 450000), "linkedin": (150000, 220000), "tiktok": (200000, 230000)}
    found = []
    for name, (amount, before) in plan.items():
        found += [
            money(f"{name}.budget", amount, "budget", "budget", entity=name, denominator="month", basis="model"),
            money(f"{name}.current", before, "current_budget", "current budget", entity=name, denominator="month"),
            money(f"{name}.change", amount - before, "budget_change", "change in budget", entity=name, denominator="month", basis="model"),
        ]
    return [
        *found,
        figure(
            "gain",
            13.6,
            "count",
            "gain",
            "expected gain in bookings",
            denominator="month",
            interval=Interval(low=2.4, high=24.1, level=0.8, kind="prediction"),
            basis="model",
        ),
        figure("chance_worse", 0.092, "share", "p_worse", "chance that the plan is worse than the current plan", basis="model"),
        figure("holdout_error", 0.114, "share", "holdout_error", "holdout error", basis="model"),
    ]


def forecast_figures() -> list[Figure]:
    return [
        figure(
            "bookings",
            126.4,
            "count",
            "conversions",
            "bookings",
            period=DECEMBER,
            interval=Interval(low=103.2, high=151.8, level=0.8, kind="prediction"),
            basis="model",
        ),
        money(
            "revenue",
            10342500,
            "revenue",
            "revenue",
            period=DECEMBER,
            interval=Interval(low=8410000, high=12480000, level=0.8, kind="prediction"),
            basis="model",
        ),
    ]


def experiment_figures() -> list[Figure]:
    return [
        figure(
            "lift",
            0.083,
            "share",
            "lift",
            "lift in bookings",
            entity="email",
            interval=Interval(low=0.021, high=0.145),
            basis="experiment",
            period="2026-05-01/2026-05-31",
        ),
        figure("n_per_arm", 5240, "count", "sample_size", "people per arm"),
        figure("days", 28, "days", "duration", "length of the test"),
        figure("mde", 0.012, "points", "mde", "minimum detectable effect"),
    ]


def evidence() -> list[Evidence]:
    return [
        read_brief(BRIEF, ZA, as_of=AS_OF, now=NOW),
        record(
            "E1",
            "describe_data",
            [
                figure("orders.rows", 18234, "count", "rows", "rows of orders"),
                figure("ad_metrics.days", 548, "days", "days_of_data", "days of data"),
                figure("ad_metrics.last_day", "2026-11-20", "date", "last_day", "last day of data"),
            ],
        ),
        record("E2", "summarize_channels", channel_figures()),
        record("E3", "segment_audience", segment_figures()),
        record(
            "E4",
            "allocate_budget",
            plan_figures(),
            (
                Caveat(
                    code="extrapolation",
                    text="LinkedIn's amount lies outside of the spend on record.",
                    insist=True,
                    signs=("outside of the spend", "extrapolat", "beyond the spend"),
                ),
            ),
        ),
        record("E5", "forecast_campaign", forecast_figures()),
        record("E6", "analyze_experiment", experiment_figures()),
        record(
            "E7",
            "calculate",
            [
                figure("share_google", 0.4724, "share", "share_google", "Google Ads spend as a share of total spend", period=Q3),
                money("gap", 5367, "gap", "Meta cost per booking minus Google Ads cost per booking", period=Q3),
                figure("ratio", 2.542, "multiple", "ratio", "LinkedIn cost per booking divided by Google Ads cost per booking", period=Q3),
            ],
        ),
    ]


DRAFTS: dict[str, str] = {
    "situation": """# Strategy

## Situation

From 1 July to 30 September 2026 the account spent {{E2.total.spend}} and recorded {{E2.total.conversions}} bookings, an overall cost per booking of {{E2.total.cpa}}.
Google Ads brought {{E2.google_ads.conversions}} bookings at {{E2.google_ads.cpa}} each, while Meta brought {{E2.meta.conversions}} at {{E2.meta.cpa}}.
LinkedIn is the most expensive channel: its cost per booking was {{E2.linkedin.cpa}}, against {{E2.google_ads.cpa}} on Google Ads.
TikTok had a click-through rate of {{E2.tiktok.ctr}} and a conversion rate of {{E2.tiktok.conversion_rate}}.
""",
    "change": """## What changed

In Q3 2026 spend on Google Ads rose by {{E2.google_ads.spend_change}}, and its cost per booking fell by {{E2.google_ads.cpa_change|abs}}.
Meta went the other way: spend fell by {{E2.meta.spend_change|abs}} and cost per booking rose by {{E2.meta.cpa_change}}.
TikTok saw a {{E2.tiktok.spend_change|abs}} drop in spend and a cost per booking {{E2.tiktok.cpa_change|abs}} lower.

- **LinkedIn:** spend increased by {{E2.linkedin.spend_change}}; cost per booking grew by {{E2.linkedin.cpa_change}}.
""",
    "table": """## Channels in Q3 2026

| Channel | Spend | Bookings | Cost per booking | Return on ad spend |
| --- | ---: | ---: | ---: | ---: |
| Google Ads | {{E2.google_ads.spend}} | {{E2.google_ads.conversions}} | {{E2.google_ads.cpa}} | {{E2.google_ads.roas}} |
| Meta | {{E2.meta.spend}} | {{E2.meta.conversions}} | {{E2.meta.cpa}} | {{E2.meta.roas}} |
| LinkedIn | {{E2.linkedin.spend}} | {{E2.linkedin.conversions}} | {{E2.linkedin.cpa}} | {{E2.linkedin.roas}} |
| TikTok | {{E2.tiktok.spend}} | {{E2.tiktok.conversions}} | {{E2.tiktok.cpa}} | {{E2.tiktok.roas}} |
""",
    "audience": """## Audience

### Loyal customers

The loyal segment holds {{E3.loyal.size}} customers, {{E3.loyal.share}} of customers, with revenue per customer of {{E3.loyal.value}}. Their last order was {{E3.loyal.recency}} ago.

### At risk

The at-risk segment is {{E3.at_risk.share}} of customers: {{E3.at_risk.size}} customers with revenue per customer of {{E3.at_risk.value}}. They went quiet {{E3.at_risk.recency}} ago.

### Newcomers

Newcomers are {{E3.newcomers.size}} customers and bring revenue per customer of {{E3.newcomers.value}}.
""",
    "budget": """## Budget

Of the {{B.budget}} a month, {{E4.google_ads.budget}} goes to Google Ads, {{E4.meta.budget}} to Meta, {{E4.linkedin.budget}} to LinkedIn and {{E4.tiktok.budget}} to TikTok.
Google Ads had {{E4.google_ads.current}} a month before, so its budget rises by {{E4.google_ads.change}} a month. LinkedIn's budget is cut by {{E4.linkedin.change|abs}} a month; that lies beyond the spend on record.
The plan is expected to gain {{E4.gain}} bookings a month, between {{E4.gain.low}} and {{E4.gain.high}} with an 80% prediction interval. The chance that the plan is worse than the current plan is {{E4.chance_worse}}.
""",
    "forecast": """## Forecast

In December 2026 the model expects {{E5.bookings}} bookings ({{E5.bookings|range}}) and revenue of {{E5.revenue}}, with a range of {{E5.revenue|range}}.
The brief asks for at least {{B.conversions}} bookings a month. Holdout error was {{E4.holdout_error}}.
LinkedIn is outside of the spend on record, so its part is extrapolated.
""",
    "experiment": """## Experiments

The e-mail test in May 2026 showed a lift in bookings of {{E6.lift}}, with a 95% confidence interval from {{E6.lift.low}} to {{E6.lift.high}}. The e-mail reminder led to {{E6.lift}} more bookings.
The next test needs {{E6.n_per_arm}} people per arm and runs for {{E6.days}}; its minimum detectable effect is {{E6.mde}}.
""",
    "ratios": """## Shares and ratios

Google Ads took {{E7.share_google}} of total spend in Q3 2026. A booking on Meta cost {{E7.gap}} more than one on Google Ads.
The cost per booking on LinkedIn was {{E7.ratio}} that of Google Ads. Clicks came to {{E2.google_ads.clicks}} for Google Ads and {{E2.meta.clicks}} for Meta.
""",
    "list": """## Summary

We work with four channels: Google Ads, Meta, LinkedIn and TikTok.

1. Google Ads: {{E2.google_ads.conversions}} bookings, {{E2.google_ads.spend}} of spend, return on ad spend {{E2.google_ads.roas}}.
2. Meta: {{E2.meta.conversions}} bookings, {{E2.meta.spend}} of spend, return on ad spend {{E2.meta.roas}}.
3. TikTok: {{E2.tiktok.clicks}} clicks, conversion rate {{E2.tiktok.conversion_rate}}, click-through rate {{E2.tiktok.ctr}}.

The data covers {{E1.ad_metrics.days}} and the last day of data is {{E1.ad_metrics.last_day}}; the orders table has {{E1.orders.rows}} rows.
""",
    "prose": """We looked at the third quarter of 2026. Meta's click-through rate was {{E2.meta.ctr}} and Google Ads' was {{E2.google_ads.ctr}}; LinkedIn reached {{E2.linkedin.ctr}}.
Google Ads converted {{E2.google_ads.conversion_rate}} of clicks. LinkedIn and TikTok spent {{E2.linkedin.spend}} and {{E2.tiktok.spend}} respectively.
Every booking through TikTok cost {{E2.tiktok.cpa}}. It is cheaper than Meta, where the cost per booking was {{E2.meta.cpa}}.
""",
}
