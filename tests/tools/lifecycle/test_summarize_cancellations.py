"""Why subscriptions ended: counted in the engine, as shares of those with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from store.facts import facts_from_tables
from tools.contract import NotEnoughData
from tools.registry import load

DAY = date(2026, 10, 31)


def ask(reasons, ended=datetime(2026, 9, 1, tzinfo=UTC), **given):
    number = len(reasons)
    table = pa.table(
        {
            "subscription_id": [f"s{index}" for index in range(number)],
            "contact_id": [f"c{index}" for index in range(number)],
            "account_id": pa.array([None] * number, pa.string()),
            "plan": ["monthly"] * number,
            "mrr": [50000] * number,
            "currency": ["ZAR"] * number,
            "started_at": pa.array([datetime(2025, 1, 1, tzinfo=UTC)] * number),
            "ended_at": pa.array([ended if reason != "running" else None for reason in reasons], pa.timestamp("us", "UTC")),
            "end_reason": pa.array([None if reason in (None, "running") else reason for reason in reasons], pa.string()),
        }
    )
    declared = load("summarize_cancellations")
    return declared(declared.request(as_of=DAY, **given), facts_from_tables({"subscriptions": table}, as_of=DAY))


def test_shares_are_of_endings_with_a_reason_and_carry_wilsons_interval():
    result = ask(["price"] * 12 + ["went_to_competitor"] * 8 + [None] * 5 + ["running"] * 40)
    assert result.figure("ended").value == 25
    assert result.figure("with_reason").value == 20
    left = result.figure("went_to_competitor.share")
    assert left.value == 0.4
    # Wilson's interval of 8 in 20, by the formula
    assert (left.interval.low, left.interval.high) == pytest.approx((0.21880, 0.61342), abs=1e-5)
    assert left.entity == "reason: went_to_competitor"


def test_the_time_asked_for_is_held_to():
    with pytest.raises(NotEnoughData):
        ask(["price"] * 5, ended=datetime(2026, 1, 1, tzinfo=UTC), days=90)
    assert ask(["price"] * 5, ended=datetime(2026, 1, 1, tzinfo=UTC), days=365).figure("ended").value == 5


def test_few_endings_must_be_said():
    assert {"small_sample", "as_said"} == {caveat.code for caveat in ask(["price"] * 5).caveats if caveat.insist}


def test_no_reason_on_record_is_refused():
    with pytest.raises(NotEnoughData) as refused:
        ask([None, None, "running"])
    assert refused.value.found == "2 ended, none with a reason"
