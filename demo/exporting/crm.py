"""Customer records and what customers say: HubSpot, Zendesk, a survey tool."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from demo.exporting.notation import UTC_SECONDS, WITH_OFFSET, local, plain, renamed, utc
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
