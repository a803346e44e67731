"""Exports that are known by their headers: which table they fill, and which header fills which column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from store.importing.mapping import DayOrder, MoneyScale
from tools.contracts import CONTRACTS

BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")


def plain(header: str) -> tuple[str, tuple[str, ...]]:
    """A header without case, punctuation and brackets, and what the brackets said: 'Amount spent (ZAR)' is 'amount spent', ('zar',)."""
    said = tuple(inner.strip().casefold() for inner in BRACKETS.findall(header))
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", BRACKETS.sub(" ", header))
    return " ".join(re.findall(r"[^\W_]+", spaced.casefold())), said


@dataclass(frozen=True, slots=True)
class Shape:
    """One known export. `columns`: column of the table to the headers that fill it, best first, as `plain` writes them."""

    name: str
    label: str
    table: str | None
    """None: no contract holds it, so it comes in as a free table."""
    signature: tuple[str, ...]
    """Headers that tell this export from others: all must be there; `a|b` is either."""
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, MoneyScale] = field(default_factory=dict)
    """How money is written under a header; elsewhere it is in whole units of the currency (`major`)."""
    negated: tuple[str, ...] = ()
    """Headers of yes-or-no columns that say the opposite."""
    order: DayOrder | None = None
    """How its dates are usually written, where none of them tells."""
    breakdown: tuple[str, ...] = ()
    """Headers that split a row of the table; rows apart only by them are added up."""


AD_BREAKDOWN = (
    "ad group", "ad group name", "ad group id", "ad set name", "ad set id", "ad name", "ad id", "ad", "device", "network",
    "network with search partners", "placement", "platform", "publisher platform", "age", "gender", "country", "region", "keyword",
    "creative name", "campaign type", "impression device", "campaign id",
)  # fmt: skip
IMPRESSIONS = ("impressions", "impr", "impression", "metrics impressions")
CLICKS = ("clicks", "link clicks", "clicks all", "click", "clicks destination", "metrics clicks")
CURRENCY = ("currency", "currency code", "account currency", "customer currency code")

SHAPES: tuple[Shape, ...] = (
    Shape(
        "google_ads", "Google Ads campaign report", "ad_metrics",
        (
            "day|date|segments date",
            "campaign|metrics impressions|metrics cost micros",
            "impr|impressions|metrics impressions",
            "cost|cost micros|metrics cost micros",
        ),
        {
            "day": ("segments date", "day", "date"),
            "campaign": ("campaign", "campaign name"),
            "impressions": IMPRESSIONS,
            "clicks": CLICKS,
            "spend": ("cost micros", "metrics cost micros", "cost"),
            "currency": CURRENCY,
            "conversions": ("conversions", "metrics conversions"),
            "conversion_value": ("conv value", "conversion value", "total conv value", "metrics conversions value"),
        },
        constants={"channel": "google_ads"},
        scales={"cost micros": "micros", "metrics cost micros": "micros"},
        breakdown=AD_BREAKDOWN,
    ),
    Shape(
        "meta", "Meta Ads Manager report", "ad_metrics",
        ("day|reporting starts|date", "campaign name", "amount spent"),
        {
            "day": ("day", "date", "reporting starts"),
            "campaign": ("campaign name",),
            "impressions": IMPRESSIONS,
            "clicks": ("link clicks", "clicks all", "clicks"),
            "spend": ("amount spent",),
            "currency": CURRENCY,
            "conversions": ("purchases", "website purchases", "results", "conversions", "leads"),
            "conversion_value": ("purchases conversion value", "website purchases conversion value", "conversion value", "results value"),
        },
        constants={"channel": "meta"},
        breakdown=AD_BREAKDOWN,
    ),
    Shape(
        "linkedin", "LinkedIn Campaign Manager report", "ad_metrics",
        ("start date|date|day", "campaign name", "total spent|spent"),
        {
            "day": ("start date", "date", "day"),
            "campaign": ("campaign name",),
            "impressions": IMPRESSIONS,
            "clicks": CLICKS,
            "spend": ("total spent", "spent"),
            "currency": CURRENCY,
            "conversions": ("conversions", "total conversions", "leads"),
            "conversion_value": ("total conversion value", "conversion value"),
        },
        constants={"channel": "linkedin"},
        order="mdy",
        breakdown=AD_BREAKDOWN,
    ),
    Shape(
        "tiktok", "TikTok Ads Manager report", "ad_metrics",
        ("date|by day|stat time day|day", "campaign name", "cost|total cost"),
        {
            "day": ("stat time day", "by day", "date", "day"),
            "campaign": ("campaign name",),
            "impressions": IMPRESSIONS,
            "clicks": ("clicks destination", "clicks", "click", "clicks all"),
            "spend": ("cost", "total cost"),
            "currency": CURRENCY,
            "conversions": ("conversions", "conversion", "total conversions", "total purchase", "results"),
            "conversion_value": ("total purchase value", "conversion value", "total complete payment value"),
        },
        constants={"channel": "tiktok"},
        breakdown=AD_BREAKDOWN,
    ),
    Shape(
        "hubspot_contacts", "HubSpot contacts", "contacts",
        ("record id|contact id|record id contact", "first name", "last name", "email", "create date"),
        {
            "contact_id": ("record id", "contact id", "record id contact"),
            "email": ("email",),
            "first_name": ("first name",),
            "last_name": ("last name",),
            "phone": ("phone number", "mobile phone number", "phone"),
            "account_id": ("primary associated company id", "associated company id", "associated company ids", "company id"),
            "job_title": ("job title",),
            "city": ("city",),
            "country": ("country region", "country"),
            "stage": ("lifecycle stage",),
            "source": ("acquisition channel", "original source", "original traffic source", "latest source", "latest traffic source"),
            "created_at": ("create date",),
            "email_consent": ("email consent", "email opt in", "marketing consent", "unsubscribed from all email", "opted out of email"),
            "consent_at": ("consent date", "email consent date", "marketing consent date"),
        },
        negated=("unsubscribed from all email", "opted out of email"),
    ),
    Shape(
        "hubspot_companies", "HubSpot companies", "accounts",
        ("record id|company id|record id company", "company name|name", "create date"),
        {
            "account_id": ("record id", "company id", "record id company"),
            "name": ("company name", "name"),
            "industry": ("industry",),
            "employees": ("number of employees",),
            "city": ("city",),
            "country": ("country region", "country"),
            "website": ("website url", "company domain name", "website"),
            "plan": ("price plan", "plan", "subscription plan"),
            "created_at": ("create date",),
        },
    ),
    Shape(
        "segment_tracks", "Segment track events", "events",
        ("event|event text|event name", "timestamp|original timestamp|received at|sent at", "user id|anonymous id"),
        {
            "event_id": ("message id", "id", "event id"),
            "contact_id": ("user id",),
            "account_id": ("context group id", "group id", "account id"),
            "name": ("event", "event name", "event text"),
            "at": ("timestamp", "original timestamp", "received at", "sent at"),
            "channel": ("context campaign source", "utm source", "channel", "properties channel"),
            "device_id": ("anonymous id", "context device id", "device id"),
        },
    ),
    Shape(
        "ga4_events", "Google Analytics events", "events",
        ("event name", "event timestamp", "user pseudo id"),
        {
            "contact_id": ("user id",),
            "name": ("event name",),
            "at": ("event timestamp",),
            "channel": ("traffic source source", "session source", "first user source", "source"),
            "device_id": ("user pseudo id",),
        },
    ),
    Shape(
        "stripe_subscriptions", "Stripe subscriptions", "subscriptions",
        ("customer id", "plan|plan id|product|price id|plan name", "start|created|start date|created date", "status"),
        {
            "subscription_id": ("id", "subscription id"),
            "contact_id": ("customer id",),
            "account_id": ("company id", "account id"),
            "plan": ("plan name", "plan", "product", "plan id", "price id"),
            "mrr": ("mrr", "monthly amount", "amount"),
            "currency": CURRENCY,
            "started_at": ("start", "start date", "created", "created date"),
            "ended_at": ("ended at", "ended", "end date", "canceled at"),
            "end_reason": ("cancellation reason", "end reason"),
        },
    ),
    Shape(
        "stripe_payments", "Stripe payments", "orders",
        ("id|charge id", "amount", "currency", "customer id", "created|created date"),
        {
            "order_id": ("id", "charge id"),
            "contact_id": ("customer id",),
            "at": ("created", "created date"),
            "product": ("description", "product"),
            "amount": ("amount",),
            "currency": CURRENCY,
            "status": ("status",),
        },
    ),
    Shape(
        "shopify_orders", "Shopify orders", "orders",
        ("name|order id", "financial status", "created at", "subtotal|total"),
        {
            "order_id": ("name", "order id", "id"),
            "contact_id": ("customer id", "email"),
            "at": ("created at", "paid at"),
            "product": ("lineitem name",),
            "quantity": ("lineitem quantity",),
            "amount": ("subtotal", "total"),
            "discount": ("discount amount",),
            "currency": CURRENCY,
            "status": ("financial status",),
        },
    ),
    Shape(
        "zendesk_tickets", "Zendesk tickets", "tickets",
        ("id|ticket id", "requester id|requester", "created at", "solved at|updated at|status"),
        {
            "ticket_id": ("id", "ticket id"),
            "contact_id": ("requester id", "requester"),
            "account_id": ("organization id", "organisation id"),
            "opened_at": ("created at",),
            "closed_at": ("solved at", "closed at"),
            "category": ("topic", "category", "type"),
            "severity": ("priority", "severity"),
        },
    ),
    Shape(
        "growthbook_exposures", "GrowthBook exposures", "exposures",
        ("experiment id", "variation id", "timestamp", "user id|anonymous id"),
        {
            "experiment": ("experiment id",),
            "unit_id": ("user id", "anonymous id"),
            "arm": ("variation id",),
            "at": ("timestamp",),
        },
    ),
    Shape(
        "survey_responses", "survey responses", "surveys",
        ("response id", "score|rating", "survey type|type|survey"),
        {
            "survey_id": ("response id",),
            "contact_id": ("contact id", "respondent id", "email"),
            "kind": ("survey type", "type", "survey"),
            "score": ("score", "rating"),
            "at": ("submitted at", "completed at", "date"),
            "comment": ("comment", "feedback"),
        },
    ),
    Shape("youtube_videos", "YouTube Studio videos", None, ("video title", "views", "watch time"), {}),
    Shape("ga4_channels", "Google Analytics channel report", None, ("sessions", "session default channel group|default channel group"), {}),
)  # fmt: skip

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "contact_id": ("customer id", "user id", "person id", "lead id", "member id"),
    "email": ("email address", "e mail", "mail"),
    "account_id": ("company id", "business id", "organisation id", "organization id"),
    "first_name": ("given name", "firstname"),
    "last_name": ("family name", "surname", "lastname"),
    "phone": ("phone number", "mobile", "telephone"),
    "country": ("country region",),
    "stage": ("lifecycle stage",),
    "created_at": ("create date", "created", "created on", "signup date", "date created"),
    "event_id": ("message id",),
    "at": ("timestamp", "time", "date", "datetime", "created at", "occurred at", "order date"),
    "amount": ("total", "revenue", "order total", "price paid"),
    "currency": ("currency code",),
    "campaign": ("campaign name",),
    "spend": ("cost", "amount spent", "total spent"),
    "day": ("date",),
    "channel": ("source", "platform"),
    "order_id": ("order number", "transaction id", "booking id"),
    "subscription_id": ("contract id",),
    "started_at": ("start date", "start"),
    "ended_at": ("end date", "end", "cancelled at", "canceled at"),
    "mrr": ("monthly recurring revenue", "monthly price"),
    "conversion_value": ("conv value", "revenue"),
    "impressions": ("impr", "sent", "sends"),
    "price": ("list price",),
    "arm": ("variant", "variation", "group"),
    "experiment": ("experiment name", "test"),
    "unit_id": ("user id", "contact id", "visitor id"),
    "score": ("rating", "nps score"),
    "comment": ("feedback", "answer"),
    "opened_at": ("created at", "created"),
    "closed_at": ("resolved at", "solved at"),
    "seen_on": ("date", "seen at"),
    "valid_from": ("from", "start date"),
}
"""Other names of a contract's own columns, for files of no known shape."""


@cache
def own_shape(table: str) -> Shape:
    """The shape of a file that uses a contract's own column names, or common other names for them."""
    columns = {column.name: (plain(column.name)[0], *SYNONYMS.get(column.name, ())) for column in CONTRACTS[table].columns}
    return Shape("own", f"{table} by column name", table, (), columns)


@cache
def known_headers() -> frozenset[str]:
    """Every header that some shape or contract knows, plain."""
    shapes = (*SHAPES, *(own_shape(table) for table in CONTRACTS))
    return frozenset(header for shape in shapes for headers in (*shape.columns.values(), tuple(shape.signature)) for header in headers)


def fits(shape: Shape, headers: frozenset[str]) -> bool:
    """Whether a file's plain headers hold the shape's signature."""
    return all(any(option in headers for option in mark.split("|")) for mark in shape.signature)
