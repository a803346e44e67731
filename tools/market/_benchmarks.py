"""Public marketing benchmarks, each with who published it, where, when and for whom. A figure that could not be read somewhere is not here.

To add one: read it at an address that a reader can open, copy its number, date and population, and say in `note` what would mislead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tools.contract import Unit

Precision = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Study:
    """One publication. `dated` is when it was published or last updated, or else the last day of its data; `known_to` says how exactly."""

    publisher: str
    title: str
    address: str
    dated: date
    known_to: Precision
    country: str
    period: str | None = None
    quoted_at: str | None = None
    sample: str | None = None
    n: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One published figure. Money in minor units of `currency`.

    `low` and `high` where the source gives a range, and then `value` is its middle.
    """

    channel: str
    placement: str
    metric: str
    label: str
    value: int | float
    unit: Unit
    denominator: str
    study: Study
    industry: str = "all"
    currency: str | None = None
    low: float | None = None
    high: float | None = None


GOOGLE_2025 = Study(
    publisher="WordStream by LocaliQ",
    title="Google Ads Benchmarks 2025",
    address="https://www.wordstream.com/blog/2025-google-ads-benchmarks",
    quoted_at="https://theadspend.com/benchmarks/google-ads-search-overall",
    dated=date(2025, 3, 31),
    known_to="month",
    country="US",
    sample="16,446 search campaigns on Google and Microsoft",
    n=16446,
    note="Averages over industries whose figures differ several times over; a lead is whatever each advertiser counts as one.",
)
META_LEADS_2025 = Study(
    publisher="WordStream by LocaliQ",
    title="Facebook Ads Benchmarks 2025, leads objective",
    address="https://www.wordstream.com/blog/facebook-ads-benchmarks-2025",
    quoted_at="https://www.mbadv.agency/meta-ads/meta-ads-cost-budgeting-and-bidding",
    dated=date(2025, 9, 15),
    known_to="day",
    country="US",
    period="2024-04-01/2025-06-30",
    sample="726 leads campaigns",
    n=726,
    note="A lead is usually a form filled in on the platform, which costs less and buys less often than a booking on a site.",
)
META_TRAFFIC_2025 = Study(
    publisher="WordStream by LocaliQ",
    title="Facebook Ads Benchmarks 2025, traffic objective",
    address="https://www.wordstream.com/blog/facebook-ads-benchmarks-2025",
    quoted_at="https://adplay.ai/blog/good-ctr-facebook-ads",
    dated=date(2025, 9, 15),
    known_to="day",
    country="US",
)
LINKEDIN_2026 = Study(
    publisher="ZenABM",
    title="LinkedIn ABM Benchmarks Report 2026",
    address="https://zenabm.com/blog/linkedin-ads-ctr-benchmarks",
    dated=date(2026, 1, 1),
    known_to="year",
    country="not stated",
    sample="ads of 211 companies that sell to businesses",
    n=211,
    note="Medians of account-based campaigns to narrow audiences, which pay more per click than broad ones.",
)
TIKTOK_2026 = Study(
    publisher="Affect Group",
    title="TikTok Ads Traffic Benchmarks 2026",
    address="https://affectgroup.com/blog/tiktok-ads-traffic-benchmarks-ctr-and-cpc/",
    dated=date(2026, 6, 4),
    known_to="day",
    country="not stated",
    note="An agency's ranges for an average campaign; neither sample nor method is stated, so this is the weakest source here.",
)
MAILCHIMP_2019 = Study(
    publisher="Mailchimp",
    title="Email Marketing Statistics and Benchmarks by Industry",
    address="https://mailchimp.com/resources/email-marketing-benchmarks/",
    dated=date(2019, 10, 1),
    known_to="month",
    country="worldwide",
    sample="campaigns to at least 1,000 subscribers",
    note="From before mail programs began to open messages by themselves, so its open rates are lower than those reported today.",
)
MAILERLITE_2023 = Study(
    publisher="MailerLite",
    title="Email marketing benchmarks for 2023",
    address="https://www.mailerlite.com/blog/compare-your-email-performance-metrics-industry-benchmarks",
    dated=date(2023, 2, 14),
    known_to="day",
    country="US, CA and GB",
    period="2022-01-01/2022-12-31",
    sample="over 40,000 accounts and a million campaigns",
    n=40000,
    note="Open rates count messages that mail programs opened by themselves, so they overstate reading; clicks do not.",
)

BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("google_ads", "search", "ctr", "click-through rate of search ads", 0.0666, "share", "impressions", GOOGLE_2025),
    Benchmark("google_ads", "search", "cpc", "cost per click of search ads", 526, "money", "clicks", GOOGLE_2025, currency="USD"),
    Benchmark("google_ads", "search", "conversion_rate", "conversion rate of search ads", 0.0752, "share", "clicks", GOOGLE_2025),
    Benchmark("google_ads", "search", "cost_per_lead", "cost per lead of search ads", 7011, "money", "leads", GOOGLE_2025, currency="USD"),
    Benchmark("meta", "leads", "ctr", "click-through rate of leads campaigns", 0.0259, "share", "impressions", META_LEADS_2025),
    Benchmark("meta", "leads", "cpc", "cost per click of leads campaigns", 192, "money", "clicks", META_LEADS_2025, currency="USD"),
    Benchmark("meta", "leads", "conversion_rate", "conversion rate of leads campaigns", 0.0772, "share", "clicks", META_LEADS_2025),
    Benchmark(
        "meta", "leads", "cost_per_lead", "cost per lead of leads campaigns", 2766, "money", "leads", META_LEADS_2025, currency="USD"
    ),
    Benchmark("meta", "traffic", "ctr", "click-through rate of traffic campaigns", 0.0171, "share", "impressions", META_TRAFFIC_2025),
    Benchmark("linkedin", "single_image", "ctr", "click-through rate of single image ads", 0.0042, "share", "impressions", LINKEDIN_2026),
    Benchmark(
        "linkedin", "single_image", "cpc", "cost per click of single image ads", 1323, "money", "clicks", LINKEDIN_2026, currency="USD"
    ),
    Benchmark("linkedin", "video", "ctr", "click-through rate of video ads", 0.0024, "share", "impressions", LINKEDIN_2026),
    Benchmark("linkedin", "video", "cpc", "cost per click of video ads", 1561, "money", "clicks", LINKEDIN_2026, currency="USD"),
    Benchmark(
        "linkedin", "thought_leader", "ctr", "click-through rate of thought leader ads", 0.0268, "share", "impressions", LINKEDIN_2026
    ),
    Benchmark(
        "linkedin", "thought_leader", "cpc", "cost per click of thought leader ads", 229, "money", "clicks", LINKEDIN_2026, currency="USD"
    ),
    Benchmark(
        "tiktok",
        "in_feed",
        "ctr",
        "click-through rate of in-feed ads, middle of the published range",
        0.009,
        "share",
        "impressions",
        TIKTOK_2026,
        low=0.006,
        high=0.012,
    ),
    Benchmark(
        "tiktok",
        "in_feed",
        "cpc",
        "cost per click of in-feed ads, middle of the published range",
        110,
        "money",
        "clicks",
        TIKTOK_2026,
        currency="USD",
        low=70,
        high=150,
    ),
    Benchmark("email", "campaigns", "open_rate", "open rate of email campaigns", 0.3765, "share", "messages delivered", MAILERLITE_2023),
    Benchmark("email", "campaigns", "click_rate", "click rate of email campaigns", 0.0336, "share", "messages delivered", MAILERLITE_2023),
    Benchmark(
        "email",
        "campaigns",
        "open_rate",
        "open rate of email campaigns in beauty and personal care",
        0.1665,
        "share",
        "messages delivered",
        MAILCHIMP_2019,
        industry="beauty_and_personal_care",
    ),
    Benchmark(
        "email",
        "campaigns",
        "click_rate",
        "click rate of email campaigns in beauty and personal care",
        0.0192,
        "share",
        "messages delivered",
        MAILCHIMP_2019,
        industry="beauty_and_personal_care",
    ),
    Benchmark(
        "email",
        "campaigns",
        "unsubscribe_rate",
        "unsubscribe rate of email campaigns in beauty and personal care",
        0.0030,
        "share",
        "messages delivered",
        MAILCHIMP_2019,
        industry="beauty_and_personal_care",
    ),
    Benchmark(
        "email",
        "campaigns",
        "unsubscribe_rate",
        "unsubscribe rate of email campaigns",
        0.0025,
        "share",
        "messages delivered",
        MAILCHIMP_2019,
    ),
)
