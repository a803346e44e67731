"""Weeks read from a client's tables: whole weeks of the client's zone, one currency, first orders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.tools.memory_facts import memory_facts
from tools.budget._weekly_facts import read_weeks, recent_spend
from tools.budget._weekly_outcome import Outcome
from tools.contract import NotEnoughData, ToolInputError

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
FIRST = date(2026, 1, 1)  # a Thursday


def ads(days: int = 40, **columns):
    rows = [FIRST + timedelta(days=day) for day in range(days)]
    return {
        "day": rows,
        "channel": ["meta"] * days,
        "campaign": ["all"] * days,
        "spend": [1_000] * days,
        "currency": ["ZAR"] * days,
        "conversions": [1.0] * days,
    } | columns


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JOHANNESBURG).astimezone(UTC)


def orders(moments, contacts=None, status=None):
    count = len(moments)
    return {
        "order_id": [f"o{number}" for number in range(count)],
        "contact_id": contacts or [f"c{number}" for number in range(count)],
        "at": moments,
        "amount": [100] * count,
        "currency": ["ZAR"] * count,
        "status": status or ["paid"] * count,
    }


def read(tables, source="platform_conversions", event=None, as_of=date(2026, 2, 10), zone="Africa/Johannesburg", **more):
    facts = memory_facts(tables, as_of=as_of, zone=zone)
    return read_weeks(facts, Outcome(source, event, "things"), more.get("channels"), more.get("max_weeks", 100))


def test_only_whole_weeks_before_the_day_count():
    # Thursday 1 January to Monday 9 February: the first whole week begins 5 January, the last ends 8 February.
    series = read({"ad_metrics": ads()}).series
    assert (series.first_week, series.weeks, series.last_day) == (date(2026, 1, 5), 5, date(2026, 2, 8))
    assert series.channels[0].spend == (7_000,) * 5
    assert series.channels[0].conversions == (7.0,) * 5


def test_nothing_from_the_day_itself_or_later():
    assert read({"ad_metrics": ads()}, as_of=date(2026, 2, 8)).series.last_day == date(2026, 2, 1)


def test_a_week_without_rows_is_a_week_without_spend():
    table = ads()
    keep = [place for place, day in enumerate(table["day"]) if not date(2026, 1, 12) <= day <= date(2026, 1, 18)]
    table = {name: [values[place] for place in keep] for name, values in table.items()}
    assert read({"ad_metrics": table}).series.channels[0].spend == (7_000, 0, 7_000, 7_000, 7_000)


def test_weeks_are_those_of_the_clients_zone():
    """Sunday 23:30 in Johannesburg is Sunday there, and Monday 00:30 belongs to the next week; in UTC both are Sunday."""
    moments = [at("2026-01-01T10:00"), at("2026-01-11T23:30"), at("2026-01-12T00:30")]
    assert read({"ad_metrics": ads(), "orders": orders(moments)}, "orders").series.outcome == (1.0, 1.0, 0.0, 0.0, 0.0)


def test_new_customers_are_first_paid_orders():
    moments = [at("2026-01-01T10:00"), at("2026-01-06T10:00"), at("2026-01-13T10:00"), at("2026-01-14T10:00"), at("2026-01-20T10:00")]
    table = orders(moments, contacts=["z", "a", "a", "b", "c"], status=["paid", "paid", "paid", "cancelled", "paid"])
    tables = {"ad_metrics": ads(), "orders": table}
    assert read(tables, "new_customers").series.outcome == (1.0, 0.0, 1.0, 0.0, 0.0)
    assert read(tables, "orders").series.outcome == (1.0, 1.0, 1.0, 0.0, 0.0)


def test_attributed_customers_are_credited_to_the_contacts_source():
    moments = [at("2026-01-01T10:00"), at("2026-01-06T10:00"), at("2026-01-14T10:00")]
    contacts = {
        "contact_id": ["z", "a", "b"],
        "source": ["meta", "Meta", "organic"],
        "created_at": [at("2026-01-01T10:00")] * 3,
    }
    tables = {"ad_metrics": ads(), "orders": orders(moments, contacts=["z", "a", "b"]), "contacts": contacts}
    series = read(tables, "attributed_customers").series
    assert series.outcome is None
    assert series.channels[0].conversions == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_events_count_each_person_once():
    moments = [at("2026-01-01T10:00"), at("2026-01-06T10:00"), at("2026-01-13T10:00"), at("2026-01-14T10:00"), at("2026-01-15T10:00")]
    events = {
        "event_id": list("vwxyz"),
        "contact_id": ["o", "a", "a", None, None],
        "name": ["signup"] * 5,
        "at": moments,
    }
    tables = {"ad_metrics": ads(), "events": events}
    assert read(tables, "events", "signup").series.outcome == (1.0, 2.0, 0.0, 0.0, 0.0)
    with pytest.raises(ToolInputError) as refused:
        read(tables, "events")
    assert refused.value.field == "event"
    with pytest.raises(NotEnoughData, match="purchase"):
        read(tables, "events", "purchase")


def test_other_currencies_are_left_out_and_named():
    table = ads(currency=["ZAR"] * 20 + ["USD"] * 20)
    found = read({"ad_metrics": table})
    assert found.other_currencies == ("USD",)
    assert sum(found.series.channels[0].spend) == 16 * 1_000


def test_the_most_recent_weeks_when_there_are_more_than_asked_for():
    series = read({"ad_metrics": ads()}, max_weeks=2).series
    assert (series.first_week, series.weeks) == (date(2026, 1, 26), 2)


def test_channels_are_found_however_they_are_written():
    table = ads(channel=["Google Ads"] * 20 + ["meta"] * 20)
    series = read({"ad_metrics": table}, channels=("google_ads",)).series
    assert [one.channel for one in series.channels] == ["google_ads"]


def test_no_spend_is_refused():
    with pytest.raises(NotEnoughData, match="no ad spend"):
        read({"ad_metrics": ads()}, as_of=date(2025, 1, 1))


def test_recent_spend_is_per_week():
    facts = memory_facts({"ad_metrics": ads()}, as_of=date(2026, 2, 10))
    assert recent_spend(facts, 4) == ({"meta": 7_000.0}, "2026-01-12/2026-02-08")
