"""CRM, shop, billing, analytics, help desk: HubSpot, Shopify, Stripe, Segment, GrowthBook, Zendesk, a survey tool, and plain sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from demo.exporting.notation import local, money, plain, renamed, utc
from demo.exporting.sheet import Break, Sheet

CHANNEL_NAMES = {
    "google_ads": "Google Ads",
    "meta": "Meta",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "email": "Email",
    "organic": "Organic",
    "direct": "Direct",
    "referral": "Referral",
}
HUBSPOT_SOURCES = {
    "google_ads": "Paid Search",
    "meta": "Paid Social",
    "linkedin": "Paid Social",
    "tiktok": "Paid Social",
    "youtube": "Paid Social",
    "email": "Email Marketing",
    "organic": "Organic Search",
    "direct": "Direct Traffic",
    "referral": "Referrals",
}
STAGES = {"subscriber": "Subscriber", "lead": "Lead", "opportunity": "Opportunity", "customer": "Customer"}
UTC_SECONDS = "%Y-%m-%d %H:%M:%S"
WITH_OFFSET = "%Y-%m-%d %H:%M:%S %z"


def contacts(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """HubSpot's contacts: times on the portal's clock without a zone, to the minute."""
    return Sheet(
        path="hubspot_contacts.csv",
        table="contacts",
        shape="hubspot_contacts",
        rows=pa.table(
            {
                "Record ID": rows["contact_id"],
                "First Name": rows["first_name"],
                "Last Name": rows["last_name"],
                "Email": rows["email"],
                "Phone Number": rows["phone"],
                "Job Title": rows["job_title"],
                "City": rows["city"],
                "Country/Region": rows["country"],
                "Lifecycle Stage": renamed(rows["stage"], STAGES),
                "Original Source": renamed(rows["source"], HUBSPOT_SOURCES),
                "Acquisition Channel": renamed(rows["source"], CHANNEL_NAMES),
                "Associated Company IDs": rows["account_id"],
                "Email Consent": pc.if_else(rows["email_consent"], "Yes", "No"),
                "Consent Date": local(rows["consent_at"], zone),
                "Create Date": local(rows["created_at"], zone),
            }
        ),
        columns={
            "Record ID": "contact_id",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Email": "email",
            "Phone Number": "phone",
            "Job Title": "job_title",
            "City": "city",
            "Country/Region": "country",
            "Lifecycle Stage": "stage",
            "Acquisition Channel": "source",
            "Associated Company IDs": "account_id",
            "Email Consent": "email_consent",
            "Consent Date": "consent_at",
            "Create Date": "created_at",
        },
        identity="Record ID",
        breaks=(Break("bad date", "Create Date", "31/13/2025 25:00"), Break("missing id", "Record ID", None)),
    )


def accounts(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """HubSpot's companies."""
    return Sheet(
        path="hubspot_companies.csv",
        table="accounts",
        shape="hubspot_companies",
        rows=pa.table(
            {
                "Record ID": rows["account_id"],
                "Company name": rows["name"],
                "Industry": rows["industry"],
                "Number of Employees": plain(rows["employees"]),
                "City": rows["city"],
                "Country/Region": rows["country"],
                "Website URL": rows["website"],
                "Price Plan": rows["plan"],
                "Create Date": local(rows["created_at"], zone),
            }
        ),
        columns={
            "Record ID": "account_id",
            "Company name": "name",
            "Industry": "industry",
            "Number of Employees": "employees",
            "City": "city",
            "Country/Region": "country",
            "Website URL": "website",
            "Price Plan": "plan",
            "Create Date": "created_at",
        },
        identity="Record ID",
        breaks=(Break("bad date", "Create Date", "unknown"), Break("negative employees", "Number of Employees", "-3")),
    )


def events(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Segment's tracks table from a warehouse, as Parquet."""
    return Sheet(
        path="segment_tracks.parquet",
        table="events",
        shape="segment_tracks",
        rows=pa.table(
            {
                "id": rows["event_id"],
                "anonymous_id": rows["device_id"],
                "user_id": rows["contact_id"],
                "event": rows["name"],
                "timestamp": rows["at"],
                "received_at": pc.add(rows["at"], pa.scalar(2_000_000, pa.duration("us"))),
                "context_campaign_source": rows["channel"],
                "context_group_id": rows["account_id"],
            }
        ),
        columns={
            "id": "event_id",
            "anonymous_id": "device_id",
            "user_id": "contact_id",
            "event": "name",
            "timestamp": "at",
            "context_campaign_source": "channel",
            "context_group_id": "account_id",
        },
        identity="id",
        breaks=(Break("missing id", "id", None), Break("missing time", "timestamp", None)),
    )


def orders(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Shopify's orders: amounts with two decimals, times with their offset."""
    return Sheet(
        path="shopify_orders.csv",
        table="orders",
        shape="shopify_orders",
        rows=pa.table(
            {
                "Name": rows["order_id"],
                "Customer ID": rows["contact_id"],
                "Financial Status": rows["status"],
                "Currency": rows["currency"],
                "Subtotal": money(rows["amount"]),
                "Discount Amount": money(rows["discount"]),
                "Created at": local(rows["at"], zone, WITH_OFFSET),
                "Lineitem quantity": plain(rows["quantity"]),
                "Lineitem name": rows["product"],
            }
        ),
        columns={
            "Name": "order_id",
            "Customer ID": "contact_id",
            "Financial Status": "status",
            "Currency": "currency",
            "Subtotal": "amount",
            "Discount Amount": "discount",
            "Created at": "at",
            "Lineitem quantity": "quantity",
            "Lineitem name": "product",
        },
        identity="Name",
        breaks=(
            Break("bad date", "Created at", "0000-00-00 00:00:00"),
            Break("missing id", "Name", None),
            Break("amount that is no number", "Subtotal", "R twelve"),
        ),
    )


def subscriptions(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Stripe's subscriptions: currency in small letters, times in UTC, the business in metadata."""
    return Sheet(
        path="stripe_subscriptions.csv",
        table="subscriptions",
        shape="stripe_subscriptions",
        rows=pa.table(
            {
                "id": rows["subscription_id"],
                "Customer ID": rows["contact_id"],
                "Plan": rows["plan"],
                "Quantity": pa.repeat(pa.scalar("1"), rows.num_rows),
                "Currency": pc.utf8_lower(rows["currency"]),
                "Interval": pa.repeat(pa.scalar("month"), rows.num_rows),
                "Amount": money(rows["mrr"]),
                "Status": pc.if_else(pc.is_null(rows["ended_at"]), "active", "canceled"),
                "Start Date (UTC)": utc(rows["started_at"], UTC_SECONDS),
                "Ended At (UTC)": utc(rows["ended_at"], UTC_SECONDS),
                "Cancellation Reason": rows["end_reason"],
                "company_id (metadata)": rows["account_id"],
            }
        ),
        columns={
            "id": "subscription_id",
            "Customer ID": "contact_id",
            "Plan": "plan",
            "Currency": "currency",
            "Amount": "mrr",
            "Start Date (UTC)": "started_at",
            "Ended At (UTC)": "ended_at",
            "Cancellation Reason": "end_reason",
            "company_id (metadata)": "account_id",
        },
        identity="id",
        breaks=(Break("bad date", "Start Date (UTC)", "soon"), Break("negative amount", "Amount", "-299.00")),
    )


def tickets(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Zendesk's tickets."""
    return Sheet(
        path="zendesk_tickets.csv",
        table="tickets",
        shape="zendesk_tickets",
        rows=pa.table(
            {
                "Id": rows["ticket_id"],
                "Requester id": rows["contact_id"],
                "Organization id": rows["account_id"],
                "Created at": local(rows["opened_at"], zone, WITH_OFFSET),
                "Solved at": local(rows["closed_at"], zone, WITH_OFFSET),
                "Topic": rows["category"],
                "Priority": rows["severity"],
            }
        ),
        columns={
            "Id": "ticket_id",
            "Requester id": "contact_id",
            "Organization id": "account_id",
            "Created at": "opened_at",
            "Solved at": "closed_at",
            "Topic": "category",
            "Priority": "severity",
        },
        identity="Id",
        breaks=(Break("bad date", "Created at", "-"), Break("missing id", "Id", None)),
    )


def surveys(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """A survey tool's answers."""
    return Sheet(
        path="survey_responses.csv",
        table="surveys",
        shape="survey_responses",
        rows=pa.table(
            {
                "Response ID": rows["survey_id"],
                "Contact ID": rows["contact_id"],
                "Survey Type": pc.utf8_upper(rows["kind"]),
                "Score": plain(rows["score"]),
                "Submitted At (UTC)": utc(rows["at"], UTC_SECONDS),
                "Comment": rows["comment"],
            }
        ),
        columns={
            "Response ID": "survey_id",
            "Contact ID": "contact_id",
            "Survey Type": "kind",
            "Score": "score",
            "Submitted At (UTC)": "at",
            "Comment": "comment",
        },
        identity="Response ID",
        breaks=(Break("impossible score", "Score", "14"), Break("missing time", "Submitted At (UTC)", None)),
    )


def exposures(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """GrowthBook's exposures."""
    return Sheet(
        path="growthbook_exposures.csv",
        table="exposures",
        shape="growthbook_exposures",
        rows=pa.table(
            {
                "timestamp": utc(rows["at"]),
                "user_id": rows["unit_id"],
                "experiment_id": rows["experiment"],
                "variation_id": rows["arm"],
            }
        ),
        columns={"timestamp": "at", "user_id": "unit_id", "experiment_id": "experiment", "variation_id": "arm"},
        identity="user_id",
        breaks=(Break("bad date", "timestamp", "NaT"), Break("missing id", "user_id", None)),
    )


def touchpoints(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Touches from a warehouse, under the contract's own names."""
    return _own_names(
        "touchpoints", rows, {"at": utc}, "touchpoint_id", (Break("bad date", "at", "NULL"), Break("unknown kind", "kind", "hover"))
    )


def referrals(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Invitations from the product's database."""
    faults = (Break("bad date", "invited_at", "NULL"), Break("missing id", "referrer_id", None))
    return _own_names("referrals", rows, {"invited_at": utc, "converted_at": utc}, "referral_id", faults)


def competitor_prices(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Prices noted by hand."""
    faults = (Break("bad date", "seen_on", "last week"), Break("negative price", "price", "-1.00"))
    return _own_names("competitor_prices", rows, {"price": money}, "competitor", faults)


def usage(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Product use by day from a warehouse, as Parquet."""
    names = {name: name for name in rows.column_names}
    return Sheet("usage_daily.parquet", "usage", "warehouse", rows, names, "contact_id", (Break("negative uses", "uses", -1),))


def prices(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """The price list as a sheet, with the currency in the headers."""
    cost = pc.if_else(pc.is_null(rows["unit_cost"]), None, money(pc.fill_null(rows["unit_cost"], 0)))
    return Sheet(
        path="price_list.csv",
        table="prices",
        shape="sheet",
        rows=pa.table(
            {
                "Product": rows["product"],
                "Unit": rows["unit"],
                f"List price ({currency})": money(rows["price"]),
                f"Unit cost ({currency})": cost,
                "Valid from": plain(rows["valid_from"]),
            }
        ),
        columns={
            "Product": "product",
            "Unit": "unit",
            f"List price ({currency})": "price",
            f"Unit cost ({currency})": "unit_cost",
            "Valid from": "valid_from",
        },
        identity="Product",
        constants={"currency": currency},
    )


def _own_names(
    table: str,
    rows: pa.Table,
    written: Mapping[str, Callable[[pa.ChunkedArray], pa.Array | pa.ChunkedArray]],
    identity: str,
    faults: tuple[Break, ...],
) -> Sheet:
    texts = {name: written.get(name, plain)(rows[name]) for name in rows.column_names}
    return Sheet(f"{table}.csv", table, "warehouse", pa.table(texts), {name: name for name in texts}, identity, faults)


SYSTEMS: dict[str, Callable[[pa.Table, str, str], Sheet]] = {
    "contacts": contacts,
    "accounts": accounts,
    "events": events,
    "touchpoints": touchpoints,
    "orders": orders,
    "subscriptions": subscriptions,
    "usage": usage,
    "exposures": exposures,
    "prices": prices,
    "surveys": surveys,
    "tickets": tickets,
    "competitor_prices": competitor_prices,
    "referrals": referrals,
}
"""Contract name to the export that holds it; ad_metrics comes from the platforms."""
