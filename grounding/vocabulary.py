"""What marketers call things: concepts with their phrases, channels with their names. A figure's own label adds to these."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tools.contract import Unit


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is measured: its name, the phrases for it, the units it comes in and the metric names that mean it."""

    name: str
    phrases: tuple[str, ...]
    units: frozenset[Unit]
    metrics: tuple[str, ...] = ()


def _concept(name: str, units: str, phrases: str, metrics: str = "") -> Concept:
    return Concept(name, tuple(phrases.split("|")), frozenset(units.split()), (name, *metrics.split()))  # type: ignore[arg-type]


CONCEPTS: tuple[Concept, ...] = (
    _concept("spend", "money share", "spend|spends|spent|spending|ad spend|media spend|media|ad cost|ad costs|media cost|outlay|invested", "cost costs ad_spend media_spend total_spend"),
    _concept("budget", "money share", "budget|budgets|budgeted|allocation|allocated|allocate", "allocation planned_spend plan planned allocated monthly_budget"),
    _concept("revenue", "money share", "revenue|revenues|turnover|sales value|income|takings", "sales_value turnover income attributed_revenue"),
    _concept("profit", "money", "profit|profits|contribution margin|gross profit|net profit", "gross_profit net_profit contribution"),
    _concept("margin", "share money", "margin|gross margin|margins", "gross_margin"),
    _concept("cpa", "money", "cost per acquisition|cost per conversion|cost per action|cost per booking|cost per order|cost per sale|cost per purchase|cost per sign-up|cost per signup|cost per trial|cost per customer|cost per install|cost per subscription|cpa|acquisition cost|per booking|per conversion|per acquisition|a booking|each booking|per trial|per order|per sign-up|per sale|per purchase|per subscription|per install", "cost_per_booking cost_per_conversion cost_per_acquisition cost_per_order cost_per_sale cost_per_trial blended_cpa cost_per_signup cost_per_subscription"),
    _concept("cac", "money", "customer acquisition cost|cac|cost per new customer|per new customer", "customer_acquisition_cost cost_per_customer"),
    _concept("marginal_cpa", "money", "marginal cost per booking|marginal cost per conversion|marginal cost|cost of the next booking|cost of one more booking|next booking", "marginal_cost"),
    _concept("cpl", "money", "cost per lead|cpl|per lead", "cost_per_lead"),
    _concept("cpc", "money", "cost per click|cpc|per click|a click|each click", "cost_per_click"),
    _concept("cpm", "money", "cost per mille|cpm|cost per thousand impressions|cost per thousand", "cost_per_mille"),
    _concept("aov", "money", "average order value|order value|aov|average basket|basket size|basket value|average booking value|booking value|value per order|per order value", "average_order_value basket"),
    _concept("ltv", "money", "lifetime value|ltv|clv|customer lifetime value|customer value|value per customer|revenue per customer", "lifetime_value clv customer_value value_per_customer revenue_per_customer"),
    _concept("arpu", "money", "revenue per user|arpu|arpa|revenue per account", "revenue_per_user"),
    _concept("price", "money", "price|prices|priced|list price|fee|subscription fee", "list_price fee"),
    _concept("roas", "multiple number share", "roas|return on ad spend|return on spend|revenue per rand spent|return per rand|return", "return_on_ad_spend mroas"),
    _concept("roi", "multiple number share", "roi|return on investment", "return_on_investment"),
    _concept("conversions", "count", "conversions|conversion|bookings|orders|purchases|acquisitions|sign-ups|signups|trials|installs|subscriptions|sales", "bookings orders purchases acquisitions signups trials installs subscriptions sales"),
    _concept("leads", "count", "leads|enquiries|inquiries|mqls|sqls", "enquiries mql sql"),
    _concept("clicks", "count", "clicks", ""),
    _concept("impressions", "count", "impressions|views|ad views", "views"),
    _concept("reach", "count share", "reach|people reached", ""),
    _concept("visits", "count", "visits|sessions|visitors|page views|pageviews|traffic", "sessions visitors traffic pageviews"),
    _concept("customers", "count share", "customers|clients|buyers|accounts|members|users|subscribers|salons|people", "size users clients buyers accounts members subscribers population contacts"),
    _concept("contacts", "count", "contacts|subscribers|recipients|e-mails sent|emails sent", "recipients sends"),
    _concept("ctr", "share points", "click-through rate|click through rate|clickthrough rate|ctr", "click_through_rate clickthrough_rate"),
    _concept("conversion_rate", "share points", "conversion rate|conversion rates|booking rate|converts|converted|cvr|sign-up rate|trial rate|purchase rate|baseline rate|converting", "cvr baseline_rate break_even_rate click_to_booking booking_rate click_conversion_rate"),
    _concept("open_rate", "share points", "open rate|open rates|opens|opened", "opens"),
    _concept("unsubscribe_rate", "share points", "unsubscribe rate|unsubscribes|unsubscribed", ""),
    _concept("bounce_rate", "share points", "bounce rate|bounced|bounces", ""),
    _concept("churn", "share points", "churn|churn rate|churned|cancellation rate|attrition", "churn_rate monthly_churn"),
    _concept("retention", "share points", "retention|retention rate|retained|repeat rate|renewal rate", "retention_rate repeat_rate"),
    _concept("frequency", "count number multiple", "orders per customer|purchases per customer|bookings per customer|frequency", "orders_per_customer"),
    _concept("recency", "days count number", "days since the last order|days since last order|days since|recency|since their last", "days_since_last_order"),
    _concept("spend_share", "share", "share of spend|share of the spend|of spend|of the spend|of total spend|of the budget|share of budget|of budget|share of the budget", "share_of_spend budget_share share_of_budget"),
    _concept("revenue_share", "share", "share of revenue|of revenue|of the revenue|of sales", "share_of_revenue"),
    _concept("customer_share", "share", "share of customers|of customers|of the customers|of all customers|of the base|of buyers", "share_of_customers"),
    _concept("p_worse", "share", "chance of doing worse|chance of a worse|chance that the plan is worse|chance of being worse|probability of being worse|chance of a loss|risk of doing worse|probability of a loss|probability of loss|chance of loss|probability that the plan is worse|chance that this plan is worse|chance it is worse", "probability_worse chance_worse p_loss chance_of_loss chance_plan_is_worse probability_of_loss"),
    _concept("lift", "share points multiple count", "lift|uplift|effect|treatment effect|incremental lift", "uplift effect relative_lift absolute_lift incremental"),
    _concept("mde", "share points", "minimum detectable effect|detectable effect|smallest effect|smallest detectable|mde|detect", "minimum_detectable_effect detectable_effect"),
    _concept("sample_size", "count", "sample size|sample|people in each arm|people per arm|per arm|per group|per variant|participants|visitors per arm|in each arm|users per arm", "n_per_arm per_arm n sample sample_per_arm users_per_arm total_sample"),
    _concept("duration", "days weeks months hours", "runs for|duration|takes|lasts|test length|run time|run for|running for|needs", "days weeks test_days run_days length months"),
    _concept("power", "share", "power|statistical power", ""),
    _concept("holdout_error", "share", "holdout error|hold-out error|prediction error|forecast error|error on the holdout|wape|mape|held-out error", "mape wape error holdout_mape"),
    _concept("adstock", "share number", "carry-over|carryover|adstock|carries over|carry over|decay", "carryover decay retention_of_effect"),
    _concept("half_saturation", "money", "half-saturation|half saturation|saturation point|saturates at", "saturation saturation_point"),
    _concept("stability", "share number score", "stability|silhouette|rand index|adjusted rand", "silhouette ari"),
    _concept("nps", "score number", "nps|net promoter score", "net_promoter_score"),
    _concept("gain", "count money share", "gain|expected gain|improvement", "expected_gain improvement extra_bookings"),
    _concept("days_of_data", "days count", "days of data|days of history|days of records", "span_days history_days days_covered span"),
    _concept("rows", "count", "rows|rows of data", "row_count records"),
    _concept("payback", "months days weeks", "payback|pays back|payback period", "payback_months"),
    _concept("vat", "share", "vat|value added tax|value-added tax|sales tax", "vat_rate"),
    _concept("age_of_data", "days hours", "days old|freshness|stale", "freshness freshness_days days_old"),
)  # fmt: skip

ORDINARY_WORDS = frozenset(
    ["takes", "lasts", "run for", "runs for", "running for", "run time", "length", "duration", "needs", "detect", "opens", "opened", "converts", "converted", "converting", "bounced", "bounces", "media", "spends", "spent", "spending", "invested", "outlay", "return", "power", "sample", "effect", "gain", "improvement", "frequency", "priced", "allocated", "allocate", "allocation", "budgeted", "stale", "retained", "churned", "next booking", "per group", "per variant", "in each arm", "per arm"]
)  # fmt: skip
"""Phrases with a life of their own beside the metric: they bear a figure out, and do not gainsay it."""
WIDE_NOUNS = frozenset(
    ["reach", "views", "people", "users", "members", "accounts", "clients", "visitors", "traffic", "sessions", "visits", "recipients", "participants", "contacts", "price", "prices", "fee", "rows", "income", "takings", "recency", "days since", "retention", "stability", "decay", "trials", "installs", "margin", "margins"]
)  # fmt: skip
"""Nouns that are said of many figures: they do not gainsay a linked one."""

CHANNELS: dict[str, tuple[str, ...]] = {
    "google_ads": ("Google Ads", "Google", "AdWords", "Google Search", "paid search"),
    "meta": ("Meta", "Meta Ads", "Facebook", "Instagram", "Facebook Ads", "Facebook and Instagram"),
    "linkedin": ("LinkedIn", "LinkedIn Ads"),
    "tiktok": ("TikTok", "TikTok Ads", "Tik Tok"),
    "email": ("email", "e-mail", "emails", "e-mails", "newsletter", "newsletters", "mailings", "email marketing"),
    "youtube": ("YouTube",),
    "bing_ads": ("Bing Ads", "Bing"),
    "microsoft_ads": ("Microsoft Ads",),
    "pinterest": ("Pinterest",),
    "snapchat": ("Snapchat",),
    "reddit": ("Reddit",),
    "x_ads": ("X Ads", "Twitter"),
    "amazon_ads": ("Amazon Ads",),
    "tv": ("TV", "television"),
    "radio": ("radio",),
    "sms": ("SMS",),
    "whatsapp": ("WhatsApp",),
    "organic_search": ("organic search", "SEO"),
    "affiliates": ("affiliates", "affiliate"),
    "display": ("display ads", "display advertising"),
    "direct": ("direct traffic",),
    "referral": ("referral traffic", "referrals"),
}

CHANGE_METRIC = re.compile(
    r"(?:^|[_ .])(?:change|delta|trend|growth|lift|uplift|gain|increase|decrease|drop|decline|reduction|difference|diff|effect|saving|savings|loss|gap|shortfall|incremental|extra|versus|vs|shift|move)(?:$|[_ .])"
)
DOWNWARD_METRIC = re.compile(r"(?:^|[_ .])(?:reduction|decrease|drop|decline|saving|savings|loss|cut|shortfall)(?:$|[_ .])")
"""A positive value of such a metric is a fall."""

COMMON = frozenset(
    ["new", "all", "other", "total", "overall", "active", "paid", "free", "control", "treatment", "variant", "baseline", "current", "plan", "planned", "top", "low", "high", "middle", "general", "main", "direct", "lost", "best", "at", "risk", "small", "large", "a", "b", "c", "one", "two", "average", "typical", "core", "test", "default", "rest"]
)  # fmt: skip
"""Names that are ordinary words: such a segment or arm is recognised only beside the word for it ("the new segment")."""


@lru_cache(maxsize=1)
def metric_names() -> dict[str, str]:
    """Metric name to concept."""
    return {metric: concept.name for concept in CONCEPTS for metric in concept.metrics if metric}


@lru_cache(maxsize=1)
def concept_units() -> dict[str, frozenset[Unit]]:
    """Concept to the units it comes in."""
    return {concept.name: concept.units for concept in CONCEPTS}


@lru_cache(maxsize=1)
def static_phrases() -> dict[str, frozenset[str]]:
    """Phrase in lower case to concepts."""
    found: dict[str, set[str]] = {}
    for concept in CONCEPTS:
        for phrase in concept.phrases:
            found.setdefault(phrase.lower(), set()).add(concept.name)
    return {phrase: frozenset(names) for phrase, names in found.items()}


def spoken(entity: str) -> tuple[str, ...]:
    """The ways to say an entity: 'google_ads' → Google Ads, Google …; 'segment: at_risk' → at risk, at-risk."""
    name = entity.split(":", 1)[-1].strip()
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    words = re.sub(r"[_\s]+", " ", name).strip()
    ways = {words, words.replace(" ", "-")}
    ways |= {way.replace(" or ", " and ") for way in ways}
    return tuple(dict.fromkeys([*CHANNELS.get(key, ()), *sorted(ways)]))
