"""The tables of a client, in one flat list."""

from __future__ import annotations

from tools.contracts.table import Column as C
from tools.contracts.table import Contract

CHANNELS = "lower snake_case: google_ads, meta, linkedin, tiktok, youtube, email, organic, direct, referral, …"

TABLES = (
    Contract(
        "contacts", "People the client knows: leads and customers.",
        (
            C("contact_id", "id", "the client's own id of the person", required=True, personal=True),
            C("email", "text", "address", personal=True),
            C("first_name", "text", "given name", personal=True),
            C("last_name", "text", "family name", personal=True),
            C("phone", "text", "number in any notation", personal=True),
            C("account_id", "id", "the business the person belongs to"),
            C("job_title", "text", "role at that business"),
            C("city", "text", "city"),
            C("country", "category", "ISO 3166 alpha-2 or a name"),
            C("stage", "category", "lifecycle stage as the CRM says: subscriber, lead, mql, sql, opportunity, customer, …"),
            C("source", "category", f"channel that brought the person; {CHANNELS}"),
            C("created_at", "timestamp", "when the record was made", required=True),
            C("email_consent", "bool", "agreed to be mailed"),
            C("consent_at", "timestamp", "when they agreed"),
        ),
        key=("contact_id",), time="created_at", person="contact_id",
    ),
    Contract(
        "accounts", "Businesses that buy or may buy.",
        (
            C("account_id", "id", "the client's own id of the business", required=True),
            C("name", "text", "trading name"),
            C("industry", "category", "line of business"),
            C("employees", "count", "people employed", low=0),
            C("city", "text", "city"),
            C("country", "category", "ISO 3166 alpha-2 or a name"),
            C("website", "text", "address"),
            C("plan", "category", "price plan, when a customer"),
            C("created_at", "timestamp", "when the record was made", required=True),
        ),
        key=("account_id",), time="created_at",
    ),
    Contract(
        "events", "What people did: page views, sign-ups, bookings, clicks, opens.",
        (
            C("event_id", "id", "id of the event", required=True),
            C("contact_id", "id", "who did it", personal=True),
            C("account_id", "id", "for which business"),
            C("name", "category", "snake_case: page_view, signup, trial_start, booking, email_open, …", required=True),
            C("at", "timestamp", "when", required=True),
            C("channel", "category", f"where it came from; {CHANNELS}"),
            C("device_id", "id", "on which device", personal=True),
        ),
        key=("event_id",), time="at", person="contact_id",
    ),
    Contract(
        "touchpoints", "Marketing touches before (or without) a conversion.",
        (
            C("touchpoint_id", "id", "id of the touch", required=True),
            C("contact_id", "id", "who was touched", required=True, personal=True),
            C("channel", "category", CHANNELS, required=True),
            C("campaign", "text", "campaign"),
            C("kind", "category", "impression, click, visit, send, open, reply", values=("impression", "click", "visit", "send", "open", "reply")),
            C("at", "timestamp", "when", required=True),
        ),
        key=("touchpoint_id",), time="at", person="contact_id",
    ),
    Contract(
        "orders", "Purchases or paid bookings.",
        (
            C("order_id", "id", "id of the order", required=True),
            C("contact_id", "id", "who bought", required=True, personal=True),
            C("at", "timestamp", "when", required=True),
            C("product", "category", "what"),
            C("quantity", "count", "how many", low=0),
            C("amount", "money", "paid, after discount, without VAT", required=True),
            C("discount", "money", "taken off", low=0),
            C("currency", "currency", "ISO 4217", required=True),
            C("status", "category", "paid, refunded, cancelled", values=("paid", "refunded", "cancelled")),
        ),
        key=("order_id",), time="at", person="contact_id",
    ),
    Contract(
        "subscriptions", "Recurring contracts.",
        (
            C("subscription_id", "id", "id of the subscription", required=True),
            C("contact_id", "id", "who pays", personal=True),
            C("account_id", "id", "for which business"),
            C("plan", "category", "price plan", required=True),
            C("mrr", "money", "per month, without VAT", required=True, low=0),
            C("currency", "currency", "ISO 4217", required=True),
            C("started_at", "timestamp", "first paid day", required=True),
            C("ended_at", "timestamp", "last paid day; empty while it runs"),
            C("end_reason", "category", "why it ended"),
        ),
        key=("subscription_id",), time="started_at", person="contact_id",
    ),
    Contract(
        "usage", "How much of the product was used, by day and feature.",
        (
            C("contact_id", "id", "who", required=True, personal=True),
            C("account_id", "id", "for which business"),
            C("day", "date", "the day in the client's zone", required=True),
            C("feature", "category", "what was used", required=True),
            C("uses", "count", "how often", required=True, low=0),
        ),
        key=("contact_id", "day", "feature"), time="day", person="contact_id",
    ),
    Contract(
        "ad_metrics", "What the ad platforms report, by day and campaign.",
        (
            C("day", "date", "the day in the platform's zone", required=True),
            C("channel", "category", CHANNELS, required=True),
            C("campaign", "text", "campaign", required=True),
            C("impressions", "count", "times shown", low=0),
            C("clicks", "count", "clicks", low=0),
            C("spend", "money", "cost, without VAT", required=True, low=0),
            C("currency", "currency", "ISO 4217", required=True),
            C("conversions", "quantity", "conversions that the platform claims; may be fractional", low=0),
            C("conversion_value", "money", "value that the platform claims", low=0),
        ),
        key=("day", "channel", "campaign"), time="day",
    ),
    Contract(
        "exposures", "Who was shown which arm of which experiment.",
        (
            C("experiment", "category", "name of the experiment", required=True),
            C("unit_id", "id", "the unit that was assigned", required=True, personal=True),
            C("arm", "category", "the arm", required=True),
            C("at", "timestamp", "first exposure", required=True),
        ),
        key=("experiment", "unit_id", "at"), time="at", person="unit_id",
    ),
    Contract(
        "prices", "The client's own price list over time.",
        (
            C("product", "category", "product or plan", required=True),
            C("price", "money", "list price, without VAT", required=True, low=0),
            C("currency", "currency", "ISO 4217", required=True),
            C("valid_from", "date", "first day of this price", required=True),
            C("unit", "category", "per what: month, booking, seat"),
            C("unit_cost", "money", "cost of one, where known", low=0),
        ),
        key=("product", "valid_from"), time="valid_from",
    ),
    Contract(
        "surveys", "Answers to NPS, CSAT and CES questions.",
        (
            C("survey_id", "id", "id of the answer", required=True),
            C("contact_id", "id", "who answered", personal=True),
            C("kind", "category", "nps (0..10), csat (1..5), ces (1..7)", required=True, values=("nps", "csat", "ces")),
            C("score", "count", "the score", required=True, low=0, high=10),
            C("at", "timestamp", "when", required=True),
            C("comment", "text", "their words", personal=True),
        ),
        key=("survey_id",), time="at", person="contact_id",
    ),
    Contract(
        "tickets", "Support requests.",
        (
            C("ticket_id", "id", "id of the ticket", required=True),
            C("contact_id", "id", "who asked", personal=True),
            C("account_id", "id", "for which business"),
            C("opened_at", "timestamp", "when", required=True),
            C("closed_at", "timestamp", "empty while open"),
            C("category", "category", "what about"),
            C("severity", "category", "low, normal, high, urgent"),
        ),
        key=("ticket_id",), time="opened_at", person="contact_id",
    ),
    Contract(
        "competitor_prices", "Prices seen at competitors, each with the day and place it was seen.",
        (
            C("competitor", "category", "who", required=True),
            C("product", "category", "what, in the client's own terms", required=True),
            C("price", "money", "price seen", required=True, low=0),
            C("currency", "currency", "ISO 4217", required=True),
            C("seen_on", "date", "the day it was seen", required=True),
            C("source", "text", "address or document"),
        ),
        key=("competitor", "product", "seen_on"), time="seen_on",
    ),
    Contract(
        "referrals", "Who referred whom.",
        (
            C("referral_id", "id", "id of the referral", required=True),
            C("referrer_id", "id", "who referred", required=True, personal=True),
            C("contact_id", "id", "who was invited", personal=True),
            C("invited_at", "timestamp", "when", required=True),
            C("converted_at", "timestamp", "when they became a customer; empty until then"),
        ),
        key=("referral_id",), time="invited_at", person="referrer_id",
    ),
)

CONTRACTS: dict[str, Contract] = {table.name: table for table in TABLES}
