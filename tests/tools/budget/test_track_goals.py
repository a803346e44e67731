"""Goals are counted exactly, judged on the right side, carried on with a range that covers, and never guessed at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.tools.memory_facts import memory_facts
from tools.budget._goal_course import course_of, period_after
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.daily_measures import Daily, read_daily
from tools.methods.periods import Period
from tools.registry import load

OCTOBER = {"first_day": date(2026, 10, 1), "last_day": date(2026, 10, 31)}
ZONE = timedelta(hours=2)


def moments(counts: dict[date, int]) -> list[datetime]:
    """That many instants on each day, the first at its first minute in Johannesburg, the last in its last hour."""
    return [
        datetime(day.year, day.month, day.day, tzinfo=UTC) - ZONE + timedelta(minutes=number * 1439 // max(count - 1, 1))
        for day, count in counts.items()
        for number in range(count)
    ]


def orders(at: list[datetime], **columns: Any) -> dict[str, list[Any]]:
    """Paid orders of R100, each by a buyer of its own."""
    rows = len(at)
    return {
        "order_id": [f"o{number}" for number in range(rows)],
        "contact_id": [f"c{number}" for number in range(rows)],
        "at": at,
        "amount": [10_000] * rows,
        "currency": ["ZAR"] * rows,
        "status": ["paid"] * rows,
        **columns,
    }


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def steady(last: date, per_day: int = 10, length: int = 400) -> dict[date, int]:
    return dict.fromkeys(days(last - timedelta(days=length - 1), last), per_day)


def track(tables: dict[str, Any], *goals: dict[str, Any], as_of: date = date(2026, 11, 2), **request: Any):
    tool = load("track_goals")
    return tool(tool.request(goals=goals, **{**OCTOBER, **request}), memory_facts(tables, as_of=as_of))


BOOKINGS = {"name": "bookings", "measure": "orders", "target_count": 300}


@pytest.mark.parametrize(("target", "status", "action"), [(310, "met", "hold"), (311, "missed", "act"), (1, "met", "hold")])
def test_a_finished_month_is_met_or_missed_to_the_order(target, status, action):
    result = track({"orders": orders(moments(steady(date(2026, 11, 1))))}, BOOKINGS | {"target_count": target})
    assert result.figure("bookings.actual").value == 310
    assert result.figure("bookings.gap").value == 310 - target
    assert (result.standings[0].status, result.decision.action, result.finished) == (status, action, True)


def test_days_are_those_of_the_clients_zone():
    """22:30 UTC on the last of September is October in Johannesburg, and 22:30 UTC on the last of October is November."""
    at = [datetime(2026, 9, 30, 22, 30, tzinfo=UTC), datetime(2026, 10, 31, 21, 30, tzinfo=UTC), datetime(2026, 10, 31, 22, 30, tzinfo=UTC)]
    assert track({"orders": orders(at)}, BOOKINGS).figure("bookings.actual").value == 2


def test_refunded_orders_do_not_count_and_revenue_is_exact():
    at = moments({date(2026, 10, 5): 3})
    table = orders(at, status=["paid", "refunded", None])
    result = track(
        {"orders": table}, BOOKINGS, {"name": "takings", "measure": "revenue", "target_amount": 20_000}, last_day=date(2026, 10, 5)
    )
    assert result.figure("bookings.actual").value == 2
    assert result.figure("takings.actual").value == 20_000
    assert result.figure("takings.actual").currency == "ZAR"
    assert result.standings[1].status == "met"


def test_a_cost_and_a_budget_are_good_when_they_stay_below():
    ads = {
        "day": days(date(2026, 10, 1), date(2026, 10, 31)) * 2,
        "channel": ["meta"] * 31 + ["Google Ads"] * 31,
        "campaign": ["c"] * 62,
        "spend": [1000] * 31 + [3000] * 31,
        "conversions": [1] * 31 + [1] * 31,
        "currency": ["ZAR"] * 62,
    }
    cost = {"name": "cost per booking", "measure": "cost_per_conversion", "target_amount": 2000}
    result = track(
        {"ad_metrics": ads}, {"name": "budget", "measure": "spend", "target_amount": 100_000}, cost, cost | {"channels": ["google_ads"]}
    )
    assert [one.status for one in result.standings] == ["missed", "met", "missed"]
    assert result.figure("budget.actual").value == 124_000
    assert result.figure("cost_per_booking.actual").value == 2000
    assert "budget.next" not in {figure.key for figure in result.figures}, "what will be spent is decided, not expected"


def test_first_time_buyers_by_source_are_told_from_all_of_them():
    at = moments({date(2026, 10, 6): 4})
    tables = {
        "orders": orders([*at, datetime(2026, 3, 1, tzinfo=UTC)], contact_id=["a", "b", "c", "old", "old"]),
        "contacts": {"contact_id": ["a", "b", "c", "old"], "created_at": [at[0]] * 4, "source": ["Meta", "organic", None, "meta"]},
        "ad_metrics": {"day": [date(2026, 10, 6)], "channel": ["Meta"], "campaign": ["c"], "spend": [100], "currency": ["ZAR"]},
    }
    result = track(
        tables,
        {"name": "new guests", "measure": "new_customers", "target_count": 3},
        {"name": "guests from ads", "measure": "attributed_customers", "target_count": 1},
        last_day=date(2026, 10, 6),
    )
    assert [result.figure(f"{key}.actual").value for key in ("new_guests", "guests_from_ads")] == [3, 1]
    assert result.figure("guests_from_ads.actual").basis == "attributed"


def test_the_range_of_a_running_month_covers_its_end():
    covered, runs = 0, 300
    for seed in range(runs):
        random = np.random.default_rng(seed)
        level = np.repeat(np.exp(random.normal(0, 0.1, 60)), 7)[:396]
        counts = random.poisson(6 * level).astype(float)
        known = Daily("orders", date(2025, 10, 1), date(2026, 10, 15), counts[:380])
        end = course_of(known, Period(date(2026, 10, 1), date(2026, 10, 31)), 1.0, "at_least", 0.9).end
        assert end is not None
        covered += end.low <= counts[365:396].sum() <= end.high
    assert 0.85 <= covered / runs <= 0.97, "nine of ten at the level of the range"


@pytest.mark.parametrize(("target", "status"), [(100, "met"), (200, "on_course"), (None, "open"), (900, "off_course")])
def test_a_running_month_is_judged_by_its_whole_range(target, status):
    random = np.random.default_rng(8)
    counts = {day: int(random.poisson(10)) for day in days(date(2025, 10, 1), date(2026, 10, 15))}
    tables = {"orders": orders(moments(counts))}
    middle = track(tables, BOOKINGS, as_of=date(2026, 10, 15)).figure("bookings.projected").value
    result = track(tables, BOOKINGS | {"target_count": target or middle}, as_of=date(2026, 10, 15))
    assert result.standings[0].status == status
    assert not result.finished
    chance = result.figure("bookings.chance").value
    assert chance > 0.9 if status in ("met", "on_course") else chance < 0.1 if status == "off_course" else 0.05 < chance < 0.95
    assert "unfinished_period" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_a_short_record_gives_a_count_and_no_range():
    result = track({"orders": orders(moments(steady(date(2026, 10, 31), length=21)))}, BOOKINGS, as_of=date(2026, 10, 31))
    assert result.figure("bookings.actual").value == 210
    assert result.figure("bookings.next").interval is None
    assert {"record_begins_late", "no_range"} <= {caveat.code for caveat in result.caveats}


def test_a_goal_far_from_its_count_is_questioned():
    result = track({"orders": orders(moments(steady(date(2026, 11, 1))))}, BOOKINGS | {"target_count": 12})
    assert "goal_far_from_count" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_what_is_not_on_record_is_said_and_alone_refused():
    tables = {"orders": orders(moments(steady(date(2026, 11, 1))))}
    leads = {"name": "leads", "measure": "contacts", "target_count": 5}
    result = track(tables, BOOKINGS, leads)
    assert result.standings[1].status is None
    assert "not_on_record" in {caveat.code for caveat in result.caveats if caveat.insist}
    with pytest.raises(NotEnoughData):
        track(tables, leads)


@pytest.mark.parametrize(
    "goal",
    [
        {"name": "bookings", "measure": "orders"},
        {"name": "bookings", "measure": "orders", "target_amount": 5},
        {"name": "spend", "measure": "spend", "target_count": 5},
        {"name": "bookings 2", "measure": "orders", "target_count": 5},
        {"name": "bookings", "measure": "orders", "target_count": 0},
        {"name": "bookings", "measure": "orders", "target_count": 5, "target_amount": 5},
    ],
)
def test_a_goal_without_its_one_target_is_refused(goal):
    with pytest.raises(ValidationError):
        track({}, goal)


@pytest.mark.parametrize(
    "goal",
    [
        {"name": "views", "measure": "events", "target_count": 5},
        {"name": "bookings", "measure": "orders", "target_count": 5, "event": "x"},
        {"name": "bookings", "measure": "orders", "target_count": 5, "channels": ["meta"]},
    ],
)
def test_channels_and_events_where_they_do_not_belong_are_refused(goal):
    with pytest.raises(ToolInputError):
        track({"orders": orders(moments(steady(date(2026, 11, 1))))}, goal)


def test_a_period_to_come_is_refused():
    with pytest.raises(ToolInputError, match="not begun"):
        track({"orders": orders(moments(steady(date(2026, 9, 1))))}, BOOKINGS, as_of=date(2026, 9, 1))


def test_two_goals_of_one_name_have_keys_of_their_own():
    result = track({"orders": orders(moments(steady(date(2026, 11, 1))))}, BOOKINGS, BOOKINGS, BOOKINGS)
    assert len({one.key for one in result.standings}) == 3


def test_a_day_without_an_order_is_on_record_when_somebody_is_known_to_have_ordered_later():
    at = moments({date(2026, 10, 1): 1, date(2026, 10, 9): 1})
    daily = read_daily(memory_facts({"orders": orders(at, contact_id=["a", "a"])}, as_of=date(2026, 10, 20)), "new_customers")
    assert (daily.last, daily.total, len(daily.values)) == (date(2026, 10, 9), 1, 9)


@pytest.mark.parametrize(
    ("first", "last", "after"),
    [
        ("2026-10-01", "2026-10-31", "2026-11-01/2026-11-30"),
        ("2026-12-01", "2026-12-31", "2027-01-01/2027-01-31"),
        ("2026-10-19", "2026-10-25", "2026-10-26/2026-11-01"),
        ("2026-10-01", "2026-10-10", "2026-10-11/2026-10-20"),
    ],
)
def test_what_comes_after_a_period(first, last, after):
    assert period_after(Period(date.fromisoformat(first), date.fromisoformat(last))).iso == after


def test_the_table_tells_numbers_from_amounts_and_a_limit_from_a_goal():
    takings = {"name": "takings", "measure": "revenue", "target_amount": 20_000}
    table = track({"orders": orders(moments(steady(date(2026, 11, 1))))}, BOOKINGS, takings | {"direction": "at_most"}).table
    labels = [column.label for column in table.columns]
    assert len(set(labels)) == len(labels), "two columns of one name tell a reader nothing"
    assert [row[-1] for row in table.rows] == ["met", "over the limit"]
