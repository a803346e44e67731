"""Promises are held against the same count, misses come first, and nothing is scored before its days are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.tools.memory_facts import memory_facts
from tools.contract import ToolInputError
from tools.registry import load

AS_OF = date(2026, 10, 31)


def orders(per_day: int = 10) -> dict[str, list[Any]]:
    """Ten paid orders a day from July to the last of October."""
    at = [datetime(2026, 7, 1, 8, tzinfo=UTC) + timedelta(days=day, minutes=order) for day in range(123) for order in range(per_day)]
    rows = len(at)
    return {
        "order_id": [f"o{number}" for number in range(rows)],
        "contact_id": [f"c{number}" for number in range(rows)],
        "at": at,
        "amount": [5_000] * rows,
        "currency": ["ZAR"] * rows,
        "status": ["paid"] * rows,
    }


def promise(**changed: Any) -> dict[str, Any]:
    made = {
        "name": "bookings", "measure": "orders", "first_day": "2026-10-01", "last_day": "2026-10-31", "value": 300, "low": 280, "high": 320,
        "level": 0.9, "made_on": "2026-09-30", "made_in": "report",
    }  # fmt: skip
    return made | changed


def score(*promises: dict[str, Any], tables: dict[str, Any] | None = None):
    tool = load("score_promises")
    return tool(tool.request(promises=promises), memory_facts({"orders": orders()} if tables is None else tables, as_of=AS_OF))


@pytest.mark.parametrize(("low", "high", "outcome"), [(280, 320, "kept"), (310, 320, "kept"), (311, 320, "below"), (280, 309, "above")])
def test_the_range_decides(low, high, outcome):
    result = score(promise(low=low, high=high, value=(low + high) / 2))
    assert result.scores[0].outcome == outcome
    assert result.figure("p1.actual").value == 310
    assert result.figure("p1.actual").basis == "observed"
    assert result.figure("promises.missed").value == (outcome != "kept")


def test_the_worst_miss_comes_first_and_what_is_not_due_last():
    result = score(
        promise(last_day="2026-11-30"),
        promise(),
        promise(low=305, high=309, value=306),
        promise(low=400, high=420, value=410),
        promise(low=312, high=420, value=410),
        promise(first_day="2026-11-01", last_day="2026-11-30"),
    )
    assert [(one.key, one.outcome) for one in result.scores] == [
        ("p4", "below"), ("p5", "below"), ("p3", "above"), ("p2", "kept"), ("p1", "open"), ("p6", "not_begun"),
    ]  # fmt: skip
    assert result.decision.action == "correct"
    assert [figure.value for figure in result.figures if figure.key.startswith("promises.")] == [4, 3, 1]
    assert "p1.actual" not in {figure.key for figure in result.figures}, "nothing is scored early"
    assert "not_due" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_a_promise_counted_by_something_near_says_so():
    contacts = {"contact_id": [f"c{number}" for number in range(1230)], "source": ["meta"] * 1230}
    contacts["created_at"] = orders()["at"]
    ads = {"day": [date(2026, 7, 1)], "channel": ["meta"], "campaign": ["c"], "spend": [1], "currency": ["ZAR"]}
    near = promise(name="first-time buyers", measure="attributed_customers", channels=["meta"], nearest=True)
    result = score(near, tables={"orders": orders(), "contacts": contacts, "ad_metrics": ads})
    assert result.figure("p1.actual").value == 310
    assert result.figure("p1.actual").basis == "attributed"
    assert "nearest_count" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_what_no_record_shows_is_neither_kept_nor_missed():
    result = score(promise(measure="contacts", name="leads"), promise(first_day="2026-05-01", last_day="2026-07-31"))
    assert {one.outcome for one in result.scores} == {"not_on_record"}
    assert result.decision is None
    assert not any(figure.key.startswith("promises.") for figure in result.figures)


@pytest.mark.parametrize("changed", [{"low": 301}, {"high": 299}, {"first_day": "2026-11-01"}])
def test_a_range_or_a_period_that_runs_backwards_is_refused(changed):
    with pytest.raises(ToolInputError, match="promise 0"):
        score(promise(**changed))
