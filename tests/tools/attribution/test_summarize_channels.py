"""Channel sums are exact, their intervals cover, and what platforms claim is never passed off as fact."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.tools.memory_facts import memory_facts
from tools.attribution._variation import Resamples, change, garwood, rate_ratio, ratio
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

AS_OF = date(2026, 11, 21)


def ads(days: int = 200, last: date = date(2026, 11, 20), seed: int = 3, **changes: Any) -> dict[str, list[Any]]:
    """Simulated exports of two channels: the true cost per conversion is R100 (Google Ads) and R200 (Meta)."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {
        name: [] for name in ("day", "channel", "campaign", "impressions", "clicks", "spend", "currency", "conversions", "conversion_value")
    }
    for back in range(days):
        day = last - timedelta(days=back)
        for channel, spend, cost in (("google_ads", 80_000, 10_000), ("meta", 40_000, 20_000)):
            for campaign in ("brand", "generic"):
                spent = int(spend / 2 * random.lognormal(0, 0.2))
                claimed = float(random.poisson(spent / cost))
                row = (day, channel, campaign, spent // 8, spent // 400, spent, "ZAR", claimed, int(claimed * 30_000))
                for name, value in zip(rows, row, strict=True):
                    rows[name].append(value)
    return {**rows, **changes}


def contacts(per_channel: dict[str | None, int], day: date = date(2026, 11, 1)) -> dict[str, list[Any]]:
    sources = [source for source, count in per_channel.items() for _ in range(count)]
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return {"contact_id": [f"c{i}" for i in range(len(sources))], "source": sources, "created_at": [at] * len(sources)}


def run(tables: dict[str, Any], **request: Any) -> Any:
    declared = load("summarize_channels")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables, as_of=AS_OF))


def codes(result: Any, insist: bool | None = None) -> set[str]:
    return {caveat.code for caveat in result.caveats if insist is None or caveat.insist == insist}


def test_sums_are_exact_and_ratios_are_ratios_of_sums():
    rows = ads()
    result = run({"ad_metrics": rows})
    inside = [i for i, day in enumerate(rows["day"]) if date(2026, 8, 23) <= day <= date(2026, 11, 20)]
    google = [i for i in inside if rows["channel"][i] == "google_ads"]
    spend, clicks = sum(rows["spend"][i] for i in google), sum(rows["clicks"][i] for i in google)
    claims, value = sum(rows["conversions"][i] for i in google), sum(rows["conversion_value"][i] for i in google)
    assert result.period == "2026-08-23/2026-11-20"
    assert result.figure("google_ads.spend").value == spend
    assert result.figure("google_ads.cpc").value == round(spend / clicks)
    assert result.figure("google_ads.cpa").value == round(spend / claims)
    assert result.figure("google_ads.roas").value == pytest.approx(value / spend, rel=1e-12)
    total = sum(rows["spend"][i] for i in inside)
    assert result.figure("total.spend").value == total
    assert result.figure("google_ads.share_of_spend").value == pytest.approx(spend / total, rel=1e-12)


def test_claims_are_attributed_and_spend_is_observed_and_the_text_must_say_so():
    result = run({"ad_metrics": ads()})
    bases = {figure.key.rsplit(".", 1)[1]: figure.basis for figure in result.figures}
    assert {bases[m] for m in ("conversions", "cpa", "roas", "conversion_rate", "conversions_change")} == {"attributed"}
    assert {bases[m] for m in ("spend", "clicks", "impressions", "cpc", "ctr")} == {"observed"}
    assert "platform_claimed" in codes(result, insist=True)


def test_the_true_cost_is_recovered_within_its_interval():
    result = run({"ad_metrics": ads()})
    for channel, true in (("google_ads", 10_000), ("meta", 20_000)):
        interval = result.figure(f"{channel}.cpa").interval
        assert interval.low < true < interval.high
        moved = result.figure(f"{channel}.cpa_change").interval
        assert moved.low < 0 < moved.high, "nothing changed in truth"
        assert result.interval_methods[f"{channel}.cpa"] == "bootstrap"


def test_channels_are_only_ranked_when_their_intervals_do_not_overlap():
    ranked = " ".join(run({"ad_metrics": ads()}).findings)
    assert "is lower on Google Ads, {{google_ads.cpa}}, than on Meta, {{meta.cpa}}" in ranked
    few = " ".join(run({"ad_metrics": ads(days=4, seed=4)}).findings)
    assert "cannot be told apart" in few


def test_a_doubling_of_cost_is_told_apart_from_ordinary_variation():
    rows = ads()
    late = [day >= date(2026, 8, 23) for day in rows["day"]]
    rows["conversions"] = [claims / 2 if new else claims for claims, new in zip(rows["conversions"], late, strict=True)]
    result = run({"ad_metrics": rows})
    moved = result.figure("google_ads.cpa_change")
    assert moved.interval.low > 0.5
    assert moved.interval.high < 1.6
    assert any("more than ordinary variation" in finding and "{{google_ads.cpa_change}}" in finding for finding in result.findings)
    assert moved.denominator == "the 90 days before"


@pytest.mark.parametrize(("days", "mean"), [(90, 5.0), (90, 0.6), (28, 5.0), (21, 0.5)])
def test_intervals_cover_the_truth_and_changes_cover_no_change(days, mean):
    """300 simulated accounts each, counts more varied than Poisson; 95% intervals must cover at least 90% and not idle at 100%."""
    random = np.random.default_rng(days * 7 + round(mean * 10))
    covered, unchanged, trials = 0, 0, 300
    resamples = Resamples.of(random, days, 400)
    for _ in range(trials):
        periods = []
        for _ in range(2):
            spend = 10_000 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(days) / 7)) * random.lognormal(0, 0.2, days)
            rate = mean * spend / 10_000
            counts = random.negative_binomial(3 * rate, 0.75) if days >= 28 else random.poisson(rate)
            periods.append((spend, counts.astype(float)))
        (old_spend, old), (spend, counts) = periods
        now = ratio(spend, counts, counted="bottom", level=0.95, resamples=resamples)
        before = ratio(old_spend, old, counted="bottom", level=0.95, resamples=resamples)
        covered += now.low <= 10_000 / mean <= now.high
        moved = change(now, before, level=0.95, events=(old.sum(), counts.sum()), exposures=(old_spend.sum(), spend.sum()))
        unchanged += moved.low <= 0 and (moved.high is None or moved.high >= 0)
    assert 0.90 <= covered / trials <= 0.995
    assert 0.90 <= unchanged / trials <= 0.995


def test_garwood_and_the_ratio_of_rates_match_published_values():
    assert garwood(0, 0.95) == pytest.approx((0, 3.6889), abs=1e-4)
    assert garwood(10, 0.95) == pytest.approx((4.7954, 18.3904), abs=1e-4)
    low, high = rate_ratio((11, 5), (1, 1), 0.95)
    assert low == pytest.approx(1 / (1 / 0.4134 - 1), rel=1e-3), "Clopper and Pearson for 11 of 16: .4134 to .8898"
    assert high == pytest.approx(1 / (1 / 0.8898 - 1), rel=1e-3)


def test_claims_are_set_beside_what_the_crm_saw():
    tables = {"ad_metrics": ads(), "contacts": contacts({"google_ads": 300, "meta": 50, "organic": 100})}
    result = run(tables)
    assert result.figure("google_ads.crm_contacts").value == 300
    assert result.figure("google_ads.crm_contacts").basis == "observed"
    assert result.figure("total.crm_contacts").value == 350
    spend = result.figure("google_ads.spend").value
    assert result.figure("google_ads.cost_per_crm_contact").value == round(spend / 300)
    assert result.figure("total.claims_per_crm_contact").value == pytest.approx(result.figure("total.conversions").value / 350)
    assert result.decision.action == "reconcile_first"


def test_first_time_buyers_are_counted_once_by_their_source():
    people = contacts({"google_ads": 3, "meta": 1})
    at = datetime(2026, 11, 2, tzinfo=UTC)
    old = datetime(2026, 1, 2, tzinfo=UTC)
    orders = {
        "order_id": ["o1", "o2", "o3", "o4"],
        "contact_id": ["c0", "c0", "c1", "c3"],
        "at": [at, at, old, at],
        "amount": [100] * 4,
        "currency": ["ZAR"] * 4,
        "status": ["paid", "paid", "paid", "refunded"],
    }
    result = run({"ad_metrics": ads(), "contacts": people, "orders": orders})
    assert result.figure("google_ads.crm_customers").value == 1
    assert result.figure("meta.crm_customers").value == 0
    spend, claims = result.figure("google_ads.spend").value, result.figure("google_ads.conversions").value
    cost, ratio = result.figure("google_ads.cost_per_crm_customer"), result.figure("google_ads.claims_per_crm_customer")
    assert (cost.value, cost.denominator, cost.basis) == (spend, "first-time buyers", "attributed")
    assert (ratio.value, ratio.unit) == (claims, "multiple")
    assert "meta.claims_per_crm_customer" not in {figure.key for figure in result.figures}, "nobody bought: no ratio to nothing"
    assert "claims_beside_crm" in codes(result)
    assert any("{{google_ads.claims_per_crm_customer}}" in finding for finding in result.findings)


def test_unnamed_sources_are_an_insistent_caveat():
    tables = {"ad_metrics": ads(), "contacts": contacts({"google_ads": 10, None: 90})}
    assert "crm_sources_missing" in codes(run(tables), insist=True)


def test_short_and_stale_data_say_so_and_no_trend_is_made_up():
    short = run({"ad_metrics": ads(days=21)})
    assert {"short_history", "no_comparison"} <= codes(short)
    assert short.compared_with is None
    assert not any(figure.key.endswith("_change") for figure in short.figures)
    assert short.interval_methods["google_ads.cpa"] == "poisson"
    assert "stale" in codes(run({"ad_metrics": ads(last=date(2026, 9, 1))}), insist=True)
    assert "stale" not in codes(run({"ad_metrics": ads()}))


def test_the_day_asked_for_is_not_over_and_is_left_out():
    assert run({"ad_metrics": ads(last=AS_OF)}).period.endswith("2026-11-20")


def test_amounts_in_two_currencies_are_not_added():
    rows = ads()
    rows["currency"] = ["USD" if channel == "meta" else "ZAR" for channel in rows["channel"]]
    result = run({"ad_metrics": rows})
    assert result.channels == ("google_ads",)
    assert "other_currencies" in codes(result, insist=True)
    assert run({"ad_metrics": rows}, currency="USD").channels == ("meta",)
    with pytest.raises(ToolInputError):
        run({"ad_metrics": rows}, currency="EUR")


def test_a_measure_that_one_channel_does_not_report_has_no_total():
    rows = ads()
    rows["conversions"] = [
        None if channel == "meta" else claims for channel, claims in zip(rows["channel"], rows["conversions"], strict=True)
    ]
    result = run({"ad_metrics": rows})
    keys = {figure.key for figure in result.figures}
    assert "google_ads.cpa" in keys
    assert not {"meta.cpa", "total.cpa", "total.conversions"} & keys
    assert "conversions_not_everywhere" in codes(result)


def test_no_conversions_give_no_cost_per_conversion():
    rows = ads()
    rows["conversions"] = [0.0] * len(rows["day"])
    result = run({"ad_metrics": rows})
    assert result.figure("meta.conversions").value == 0
    assert "meta.cpa" not in {figure.key for figure in result.figures}


def test_nothing_on_record_is_a_refusal_that_says_what_to_do():
    with pytest.raises(NotEnoughData, match="ad_metrics"):
        run({"contacts": contacts({"meta": 1})})
    with pytest.raises(NotEnoughData, match="import"):
        run({"ad_metrics": ads(days=3, last=date(2027, 1, 9))})
    with pytest.raises(NotEnoughData):
        run({"ad_metrics": ads()}, first_day="2020-01-01", last_day="2020-02-01")
    with pytest.raises(ToolInputError):
        run({"ad_metrics": ads()}, first_day="2026-10-01")


def test_without_changes_the_same_figures_stand_alone():
    """Calendar months are compared elsewhere: a second comparison beside it, with other days, only confuses."""
    tables = {"ad_metrics": ads(), "contacts": contacts({"google_ads": 100, "meta": 40})}
    whole, alone = run(tables), run(tables, changes=False)
    kept = [
        figure for figure in whole.figures if not figure.key.split(".")[-1].startswith("previous_") and not figure.key.endswith("_change")
    ]
    assert list(alone.figures) == kept
    assert alone.compared_with is None
    assert not any("against" in finding for finding in alone.findings)
    assert "no_comparison" not in codes(alone)


def test_the_total_of_some_channels_is_not_told_as_that_of_all():
    result = run({"ad_metrics": ads()}, channels=["meta"])
    assert not any("All ad channels" in finding for finding in result.findings)
    assert result.findings[0].startswith("These channels together, others left out: ")
    assert result.table.rows[-1][0] == "These channels"


def test_the_same_request_gives_the_same_result():
    assert run({"ad_metrics": ads()}) == run({"ad_metrics": ads()})
