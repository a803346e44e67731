"""A split that is not the planned one stops the read-out, at any look, in the whole and in its parts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

AS_OF = date(2026, 11, 21)


def run(tables: dict[str, Any] | None = None, **request: Any) -> Any:
    declared = load("check_sample_ratio")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables or {}, as_of=AS_OF))


def counts(*units: int) -> list[dict[str, Any]]:
    return [{"arm": f"arm_{name}", "units": n} for name, n in zip("abcdef", units, strict=False)]


def exposures(rows: list[tuple[str, str, int]]) -> dict[str, Any]:
    """Simulated exposures: unit, arm, days before the day asked for."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return {
        "experiment": ["headline"] * len(rows),
        "unit_id": [unit for unit, _, _ in rows],
        "arm": [arm for _, arm, _ in rows],
        "at": [at - timedelta(days=days) for _, _, days in rows],
    }


def test_the_published_mismatch_is_found_by_both_methods():
    fixed, anytime = (run(arms=counts(821588, 815482), method=method) for method in ("fixed", "anytime"))
    assert fixed.p_value == pytest.approx(1.8217928726191858e-06, rel=1e-9)
    assert {fixed.status, anytime.status} == {"mismatch"}
    assert fixed.decision.action == "stop"
    assert any(caveat.insist for caveat in fixed.caveats)
    assert run(arms=counts(44700, 45489), method="fixed").status == "doubtful"


def test_planned_weights_are_what_counts():
    arms = [{"arm": "a", "units": 9000, "weight": 9}, {"arm": "b", "units": 1000, "weight": 1}]
    assert run(arms=arms).status == "sound"
    assert run(arms=arms).figure("a.planned_share").value == pytest.approx(0.9)


def test_parts_are_checked_with_holms_correction():
    parts = [
        {"part": part, "arm": arm, "units": units}
        for part, pair in {"mobile": (5000, 5600), "desktop": (5000, 4400)}.items()
        for arm, units in zip(("arm_a", "arm_b"), pair, strict=True)
    ]
    result = run(arms=counts(10000, 10000), parts=parts, method="fixed")
    assert result.p_value == 1
    assert result.status == "mismatch", "whole and parts: the worst decides"
    assert result.parts[0].adjusted == pytest.approx(2 * result.parts[0].p_value)


def test_parts_of_several_dimensions_share_one_correction():
    rows = [(f"u{i}", "ab"[i % 2], 3) for i in range(800)]
    contacts = {
        "contact_id": [f"u{i}" for i in range(800)], "created_at": [datetime(2026, 11, 1, tzinfo=UTC)] * 800,
        "city": ["accra" if i % 4 < 2 else "lagos" for i in range(800)], "source": ["ads" if i % 2 else "search" for i in range(800)],
    }  # fmt: skip
    tables = {"exposures": exposures(rows), "contacts": contacts}
    result = run(tables, experiment="headline", by=["city", "source"], method="fixed")
    assert {part.part for part in result.parts} == {"city: accra", "city: lagos", "source: ads", "source: search"}
    assert result.parts[0].adjusted == pytest.approx(4 * result.parts[0].p_value)
    assert (result.p_value, result.status) == (1, "mismatch"), "the source of a person says the arm"
    one = run(tables, experiment="headline", by="city")
    assert {part.part for part in one.parts} == {"accra", "lagos"}
    given = [{"dimension": d, "part": "x", "arm": arm, "units": 50} for d in ("city", "source") for arm in ("arm_a", "arm_b")]
    assert {part.part for part in run(arms=counts(100, 100), parts=given).parts} == {"city: x", "source: x"}


def test_exposures_count_each_unit_once_and_leave_crossed_ones_out():
    rows = [(f"u{i}", "ab"[i % 2], 3) for i in range(400)]
    rows += [(f"u{i}", "ab"[i % 2], 1) for i in range(50)] + [("u0", "b", 2)]
    result = run({"exposures": exposures(rows)}, experiment="headline")
    assert (result.figure("a.units").value, result.figure("b.units").value) == (199, 200)
    assert result.figure("crossed_units").value == 1
    with pytest.raises(NotEnoughData, match="footer") as refusal:
        run({"exposures": exposures(rows)}, experiment="footer")
    assert "headline" in refusal.value.found


@pytest.mark.parametrize(
    "request_",
    [
        {"arms": counts(100)},
        {"arms": counts(0, 0)},
        {"arms": [{"arm": "a", "units": 3}, {"arm": "A", "units": 4}]},
    ],
)
def test_what_is_no_split_is_refused(request_):
    with pytest.raises(ToolInputError) as refusal:
        run(**request_)
    assert refusal.value.field == "arms"


@pytest.mark.parametrize(
    "request_",
    [{}, {"arms": counts(-1, 5)}, {"arms": [{"arm": "a"}, {"arm": "b"}]}, {"arms": [{"arm": "a", "units": 5, "weight": float("nan")}]}],
)
def test_what_is_no_request_does_not_validate(request_):
    with pytest.raises(ValidationError):
        run(**request_)
