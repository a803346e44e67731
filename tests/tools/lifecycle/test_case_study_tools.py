"""Candidates and comparisons from tables: who counts as comparable, what is added up, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

DAY = date(2026, 10, 31)
WEEKS = 12
FIRST = DAY - timedelta(days=2 * 7 * WEEKS - 1)
START = DAY - timedelta(days=7 * WEEKS - 1)


def results(
    counts: dict[str, tuple[float, float]], parts: tuple[str, ...] = ("online",), measure: str = "bookings"
) -> dict[str, list[Any]]:
    """A row a day, account and part: so many a day before and after."""
    rows: dict[str, list[Any]] = {"account_id": [], "day": [], "measure": [], "part": [], "value": []}
    for account, (before, after) in counts.items():
        for offset in range(2 * 7 * WEEKS):
            day = FIRST + timedelta(days=offset)
            for part in parts:
                rows["account_id"].append(account)
                rows["day"].append(day)
                rows["measure"].append(measure)
                rows["part"].append(part)
                rows["value"].append(int(before if day < START else after))
    return rows


def customers(number: int = 12, own: tuple[float, float] = (5, 9)) -> dict[str, tuple[float, float]]:
    return {"A01": own} | {f"A{index:02d}": (5, 5 + (index % 3 == 0)) for index in range(2, number + 1)}


def facts(counts: dict[str, tuple[float, float]] | None = None, **tables: Any) -> Any:
    counts = counts or customers()
    accounts = {
        "account_id": list(counts),
        "name": [f"Simulated studio {chr(64 + index)}" for index, _ in enumerate(counts, 1)],
        "created_at": [datetime(2025, 1, 1, tzinfo=UTC)] * len(counts),
    }
    return memory_facts({"customer_results": results(counts), "accounts": accounts} | tables, as_of=DAY)


def ask(tool: str, held: Any, **given: Any) -> Any:
    declared = load(tool)
    return declared(declared.request(as_of=DAY, **given), held)


def test_counts_are_those_of_the_days_before_and_after():
    result = ask("compare_matched", facts(), accounts=("A01",), chosen_for_change=False)
    assert (result.figure("before").value, result.figure("after").value) == (5 * 84, 9 * 84)
    assert result.figure("before").period == "2026-05-17/2026-08-08"
    assert result.figure("after").period == "2026-08-09/2026-10-31"
    assert result.figure("change").value == pytest.approx(0.8)
    assert result.figure("controls").value == 11
    peers = np.exp(np.mean([np.log((84 * (5 + (index % 3 == 0)) + 0.5) / 420.5) for index in range(2, 13)]))
    assert result.figure("peers_change").value == pytest.approx(peers - 1)
    assert result.figure("difference").value == pytest.approx((756.5 / 420.5) / peers - 1)
    assert result.figure("extra").value == round(756 * (1 - 1 / ((756.5 / 420.5) / peers)))


def test_a_matched_difference_is_a_models_and_never_an_experiments():
    result = ask("compare_matched", facts(), accounts=("A01",))
    assert {figure.basis for figure in result.figures} == {"observed", "model"}
    assert result.figure("difference").basis == "model"
    assert any(caveat.code == "not_an_experiment" and caveat.insist for caveat in result.caveats)


def test_who_was_picked_for_its_change_is_held_to_all_that_could_have_been():
    picked = ask("compare_matched", facts(), accounts=("A01",)).figure("difference").interval
    named = ask("compare_matched", facts(), accounts=("A01",), chosen_for_change=False).figure("difference").interval
    assert picked.low < named.low
    assert picked.high > named.high
    codes = [caveat.code for caveat in ask("compare_matched", facts(), accounts=("A01",), chosen_for_change=False).caveats]
    assert "chosen" not in codes


def test_a_candidate_and_its_comparison_agree_to_the_digit():
    found = ask("find_case_studies", facts(), measure="booking", most=9, level=0.9)
    assert found.best.account == "A01"
    assert found.decision.action == "compare"
    compared = ask("compare_matched", facts(), case=found.best)
    assert compared.decision.action == "tell"
    shown = found.figure("simulated_studio_a.difference")
    assert (shown.value, shown.interval) == (compared.figure("difference").value, compared.figure("difference").interval)
    assert found.figure("looked_at").value == compared.figure("looked_at").value == 12


def test_candidates_stand_by_the_low_end_of_their_interval_and_not_by_the_estimate():
    """A small customer that doubled by chance stands behind a large one whose growth is sure."""
    rng = np.random.default_rng(11)
    small = {f"S{index:02d}": (1, 1 + (index % 2)) for index in range(12)} | {"S99": (1, 3)}
    large = {f"L{index:02d}": (40, 40 + int(rng.integers(-1, 2))) for index in range(12)} | {"L99": (40, 60)}
    found = ask("find_case_studies", facts(small | large))
    rows = {row[0]: (place, row[4], row[5]) for place, row in enumerate(found.table.rows)}
    small_one, large_one = (rows[f"Simulated studio {chr(64 + place)}"] for place in (13, 26))
    assert found.best.account == "L99"
    assert small_one[1] > large_one[1], "the small one's estimate is the larger"
    assert small_one[0] > large_one[0] == 0
    lows = [low for _, _, low in rows.values()]
    assert lows == sorted(lows, reverse=True)


def test_without_growth_nobody_is_put_forward():
    flat = {f"A{index:02d}": (5, 5) for index in range(1, 13)}
    result = ask("find_case_studies", facts(flat))
    assert result.decision.action == "wait"
    assert result.figure("clear").value == 0
    assert ask("compare_matched", facts(flat), case=result.best).decision.action == "wait"


def test_parts_add_up_to_the_whole_change():
    held = facts(customer_results=results(customers(), parts=("online", "desk")))
    result = ask("compare_matched", held, accounts=("A01",))
    parts = [figure.value for figure in result.figures if figure.metric == "part_change"]
    assert len(parts) == 2
    assert sum(parts) == result.figure("total_change").value == 2 * 4 * 84


def test_who_left_or_came_later_is_no_comparison_and_is_counted():
    counts = customers(14)
    begun = [datetime(2026, 1, 1, tzinfo=UTC)] * 14
    begun[13] = datetime(2026, 7, 1, tzinfo=UTC)
    ended: list[datetime | None] = [None] * 14
    ended[12] = datetime(2026, 9, 1, tzinfo=UTC)
    subscriptions = {
        "subscription_id": [f"S{index}" for index in range(14)], "account_id": list(counts), "plan": ["one"] * 14, "mrr": [1] * 14,
        "currency": ["ZAR"] * 14, "started_at": begun, "ended_at": ended,
    }  # fmt: skip
    result = ask("compare_matched", facts(counts, subscriptions=subscriptions), accounts=("A01",))
    assert result.figure("controls").value == 11
    assert result.figure("left").value == 1
    assert any(caveat.code == "survivors" and caveat.insist for caveat in result.caveats)
    with pytest.raises(NotEnoughData, match="no record on both sides"):
        ask("compare_matched", facts(counts, subscriptions=subscriptions), accounts=("A14",))


def test_a_path_that_began_before_the_day_carries_no_headline():
    rows = results(customers())
    middle = START - timedelta(days=42)
    rows["value"] = [
        3 if account == "A01" and day < middle else value
        for account, day, value in zip(rows["account_id"], rows["day"], rows["value"], strict=True)
    ]
    result = ask("compare_matched", facts(customer_results=rows), accounts=("A01",), chosen_for_change=False)
    assert result.decision.action == "tell_without_number"
    assert any(caveat.code == "other_path" and caveat.insist for caveat in result.caveats)


def test_comparable_customers_are_not_shown_one_by_one():
    result = ask("compare_matched", facts(), accounts=("A01",))
    assert all("Simulated studio" not in str(row) for row in result.table.rows[1:])
    assert len(result.table.rows) == 5


def test_too_few_comparable_customers_are_refused():
    with pytest.raises(NotEnoughData, match="too few customers are comparable") as refused:
        ask("compare_matched", facts(customers(6)), accounts=("A01",))
    assert refused.value.found == "fewer, among 5 others"
    with pytest.raises(NotEnoughData, match="too few customers"):
        ask("find_case_studies", facts(customers(6)))


def test_too_small_an_outcome_is_refused():
    with pytest.raises(NotEnoughData, match="too few bookings before"):
        ask("compare_matched", facts(customers(own=(1, 9))), accounts=("A01",), least=100)


def test_a_measure_that_nobody_counts_is_refused_with_what_there_is():
    with pytest.raises(NotEnoughData) as refused:
        ask("find_case_studies", facts(), measure="visits")
    assert refused.value.field == "measure"
    assert "customer_results: bookings" in refused.value.found
    with pytest.raises(NotEnoughData):
        ask("find_case_studies", facts(), measure="予約")


def test_one_way_to_say_which_customer():
    with pytest.raises(ToolInputError, match="in one way"):
        ask("compare_matched", facts())
    best = ask("find_case_studies", facts()).best
    with pytest.raises(ToolInputError, match="in one way"):
        ask("compare_matched", facts(), case=best, accounts=("A01",))


def test_orders_of_a_businesss_people_and_events_are_counted_too():
    counts = customers()
    days = [FIRST + timedelta(days=offset) for offset in range(2 * 7 * WEEKS)]
    rows = [
        (account, day) for account, (before, after) in counts.items() for day in days for _ in range(int(before if day < START else after))
    ]
    noon = [datetime(day.year, day.month, day.day, 10, tzinfo=UTC) for _, day in rows]
    shared: dict[str, Any] = {
        "contacts": {"contact_id": [f"C{name}" for name in counts], "account_id": list(counts), "created_at": [noon[0]] * len(counts)},
        "accounts": {"account_id": list(counts), "name": list(counts), "created_at": [noon[0]] * len(counts)},
    }
    orders = {
        "order_id": [f"O{index}" for index in range(len(rows))], "contact_id": [f"C{name}" for name, _ in rows], "at": noon,
        "amount": [100] * len(rows), "currency": ["ZAR"] * len(rows), "status": ["paid"] * len(rows),
    }  # fmt: skip
    events = {
        "event_id": [f"E{index}" for index in range(len(rows))], "account_id": [name for name, _ in rows], "at": noon,
        "name": ["check_in"] * len(rows),
    }  # fmt: skip
    by_orders = ask("compare_matched", memory_facts(shared | {"orders": orders}, as_of=DAY), accounts=("A01",), measure="orders")
    by_events = ask("compare_matched", memory_facts(shared | {"events": events}, as_of=DAY), accounts=("A01",), measure="check in")
    by_results = ask("compare_matched", facts(), accounts=("A01",))
    for key in ("before", "after", "difference", "extra"):
        assert by_orders.figure(key).value == by_events.figure(key).value == by_results.figure(key).value


def test_a_record_that_ends_early_moves_the_weeks():
    rows = results(customers())
    later = memory_facts({"customer_results": rows}, as_of=DAY + timedelta(days=9))
    declared = load("compare_matched")
    result = declared(declared.request(accounts=("A01",)), later)
    assert result.figure("after").period == "2026-08-09/2026-10-31"
