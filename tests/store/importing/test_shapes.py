"""Known exports: what their headers say is understood, and what must be confirmed is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from demo.clients import CLIENTS
from demo.exports import write_exports
from store.importing.mapping import ColumnMapping, Mapping, header_fingerprint
from store.importing.report import ImportRefused
from store.importing.suggesting import suggest
from tests.store.importing.conftest import Desk, desk_at

Write = Callable[..., Path]

SHAPES = {
    "google_ads": (
        'Campaign report\n"1 January 2026 - 31 January 2026"\nDay,Campaign,Currency code,Impr.,Clicks,Cost\n'
        "2026-01-02,a,ZAR,\"1,000\",9,\"1,234.50\"\nTotal: Campaigns, --,ZAR,\"1,000\",9,\"1,234.50\"\n",
        {"day": "Day", "campaign": "Campaign", "currency": "Currency code", "impressions": "Impr.", "clicks": "Clicks", "spend": "Cost"},
    ),
    "meta": (
        "Reporting starts,Reporting ends,Campaign name,Impressions,Link clicks,Amount spent (USD)\n2026-01-02,2026-01-02,a,1000,9,1234.5\n",
        {"day": "Reporting starts", "campaign": "Campaign name", "impressions": "Impressions", "clicks": "Link clicks",
         "spend": "Amount spent (USD)"},
    ),
    "linkedin": (
        "Start Date (in UTC)\tCampaign Name\tCurrency\tTotal Spent\tImpressions\tClicks\n1/2/2026\ta\tZAR\t1234.50\t1000\t9\n",
        {"day": "Start Date (in UTC)", "campaign": "Campaign Name", "currency": "Currency", "spend": "Total Spent",
         "impressions": "Impressions", "clicks": "Clicks"},
    ),
    "tiktok": (
        "Campaign name,By Day,Cost,Impressions,Clicks (destination),Currency\na,2026-01-02,1234.50,1000,9,ZAR\n"
        "Total of 1 results,-,1234.50,1000,9,ZAR\n",
        {"day": "By Day", "campaign": "Campaign name", "spend": "Cost", "impressions": "Impressions", "clicks": "Clicks (destination)",
         "currency": "Currency"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_ad_platforms_are_told_by_their_headers(desk: Desk, write: Write, shape: str) -> None:
    text, columns = SHAPES[shape]
    suggestion = suggest(write(text))
    assert (suggestion.shape, suggestion.table, suggestion.missing) == (shape, "ad_metrics", ())
    assert {column.target: column.source for column in suggestion.mapping.columns if column.source} == columns
    report = desk.take(write(text))
    assert (report.rows_kept, report.rows_rejected) == (1, 0)
    assert report.rows_skipped == ("\nTotal" in text)
    assert desk.rows("ad_metrics", "channel", "spend", "impressions", "clicks") == [
        {"channel": shape, "spend": 123450, "impressions": 1000, "clicks": 9}
    ]
    assert [row["day"] for row in desk.rows("ad_metrics", "day")] == [date(2026, 1, 2)]
    assert [row["currency"] for row in desk.rows("ad_metrics", "currency")] == ["USD" if shape == "meta" else "ZAR"]


def test_micros_are_millionths(desk: Desk, write: Write) -> None:
    desk.take(
        write("segments.date,campaign.name,metrics.impressions,metrics.cost_micros,customer.currency_code\n2026-01-02,a,5,12345678,ZAR\n")
    )
    assert desk.rows("ad_metrics", "spend") == [{"spend": 1235}]


def test_a_column_called_micros_in_brackets_is_in_micros(desk: Desk, write: Write) -> None:
    desk.take(write("Day,Campaign,Impr.,Cost (micros),Currency code\n2026-01-02,a,5,12345678,ZAR\n"))
    assert desk.rows("ad_metrics", "spend") == [{"spend": 1235}]


def test_what_is_open_is_asked(write: Write) -> None:
    asked = suggest(write("Reporting starts,Reporting ends,Campaign name,Impressions,Amount spent\n2026-01-01,2026-01-31,a,1,2\n")).confirm
    assert any("over several days" in sentence for sentence in asked)
    assert any("no column names the currency" in sentence for sentence in asked)
    asked = suggest(write("order_id,contact_id,at,amount,currency\no1,c1,2026-01-02,150,ZAR\n")).confirm
    assert asked == ("amount is read as whole minor units (cents)",)
    missing = suggest(write("contact_id,first_name\nc1,Ann\n"), "contacts")
    assert missing.missing == ("created_at",)
    assert missing.confirm[-1] == "created_at is required and no column fills it: when the record was made"


def test_without_a_currency_the_clients_own_is_taken_and_said(desk: Desk, write: Write) -> None:
    report = desk.take(write("order_id,contact_id,at,amount\no1,c1,2026-01-02,1.50\n"))
    assert desk.rows("orders", "currency") == [{"currency": "ZAR"}]
    assert report.decisions == ("no column names the currency: amounts are in ZAR, which the client reports in",)


def test_a_column_that_says_the_opposite_is_turned_round(desk: Desk, write: Write) -> None:
    header = "Record ID,First Name,Last Name,Email,Create Date,Unsubscribed from all email\n"
    desk.take(write(header + "1,A,B,a@x.example,2026-01-02 10:00,Yes\n2,C,D,,2026-01-02,\n"))
    assert [row["email_consent"] for row in desk.rows("contacts", "contact_id", "email_consent")] == [False, None]


def test_a_header_may_name_the_zone(desk: Desk, write: Write) -> None:
    desk.take(write("id,Customer ID,Plan,Status,Start Date (UTC),Amount,Currency\ns1,c1,pro,active,2026-01-02 10:00:00,99.00,zar\n"))
    assert [row["started_at"].hour for row in desk.rows("subscriptions", "started_at")] == [10]


def test_channels_and_statuses_take_their_usual_names(desk: Desk, write: Write) -> None:
    lines = "t1,c1,Google Ads,Click,2026-01-02\nt2,c1,facebook,CLICK,2026-01-02\nt3,c1,My Channel,click,2026-01-02\n"
    desk.take(write("touchpoint_id,contact_id,channel,kind,at\n" + lines))
    assert [row["channel"] for row in desk.rows("touchpoints", "touchpoint_id", "channel")] == ["google_ads", "meta", "my_channel"]
    desk.take(write("order_id,contact_id,at,amount,status\no1,c1,2026-01-02,1.50,Succeeded\no2,c1,2026-01-02,1.50,Voided\n"))
    assert [row["status"] for row in desk.rows("orders", "order_id", "status")] == ["paid", "cancelled"]


def test_a_mapping_is_kept_as_json_and_found_by_the_header(write: Write) -> None:
    suggestion = suggest(write(SHAPES["google_ads"][0]))
    kept = suggestion.mapping.model_dump(mode="json")
    assert Mapping.model_validate(kept) == suggestion.mapping
    assert suggestion.fingerprint == header_fingerprint([f" {header.upper()}" for header in suggestion.headers])
    assert suggestion.fingerprint != header_fingerprint(suggestion.headers[::-1])


def test_a_mapping_that_does_not_fit_is_refused(desk: Desk, write: Write) -> None:
    with pytest.raises(ValidationError, match="contacts has no column 'shoe_size'"):
        Mapping(table="contacts", columns=(ColumnMapping(target="shoe_size", source="x"),))
    with pytest.raises(ValidationError, match="is filled twice"):
        Mapping(table="contacts", columns=(ColumnMapping(target="city", source="x"), ColumnMapping(target="city", source="y")))
    with pytest.raises(ValidationError, match="one of source, constant and derive"):
        ColumnMapping(target="city")
    path = write("contact_id,created_at\nc1,2026-01-02\n")
    mapping = suggest(path).mapping
    with pytest.raises(ImportRefused, match="the file has no column 'created_at', its columns are contact_id, made"):
        desk.take(write("contact_id,made\nc1,2026-01-02\n"), mapping=mapping)
    with pytest.raises(ImportRefused, match="the mapping is for contacts, not for orders"):
        desk.take(path, table="orders", mapping=mapping)
    with pytest.raises(ImportRefused, match="there is no table 'people'"):
        suggest(path, "people")


@pytest.mark.parametrize("slug", ["newcomer", *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("salon", "fitness"))])
def test_every_good_row_of_a_simulated_client_is_kept_and_every_bad_one_explained(tmp_path: Path, slug: str) -> None:
    client = CLIENTS[slug]
    desk = desk_at(tmp_path / "facts", language=client.language, currency=client.currency, zone=client.zone)
    manifest = write_exports(slug, tmp_path / "exports", as_of=date(2026, 10, 31))
    for file in manifest.files:
        suggestion = suggest(file.path)
        assert suggestion.table == file.table
        assert {column.source: column.target for column in suggestion.mapping.columns if column.source} == dict(file.columns)
        report = desk.take(file.path, mapping=suggestion.mapping)
        counts = (report.rows_kept, report.rows_rejected, report.duplicates, report.rows_skipped)
        assert counts == (file.good_rows, file.bad_rows, file.duplicate_rows, file.total_rows), file.path.name
        lines = [int(row["line"]) for row in desk.rejects(report)] if report.reject_file else []
        assert lines == sorted(reject.line for reject in file.rejects), file.path.name
        assert desk.take(file.path, mapping=suggestion.mapping).already_imported
    for table in {file.table for file in manifest.files}:
        assert desk.count(table) == manifest.rows(table)
