"""Health is the stated mean of stated signals, and is held against who left."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from demo.clients import AS_OF
from demo.simulate import simulate
from store.facts import facts_from_tables
from tests.tools.scoring.labelled_tables import alone, figure
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

SIGNALS = [
    {"dimension": "usage", "column": "uses"},
    {"dimension": "satisfaction", "column": "nps", "worst": 0, "best": 10},
    {"dimension": "support", "column": "tickets", "better": "lower"},
]


def customers(count: int = 400, seed: int = 51, *, telling: bool = True) -> list[dict]:
    """Simulated customers: who uses little leaves, or, when not telling, anybody."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        uses = int(random.poisson(10))
        p = 1 / (1 + math.exp(0.5 * (uses - 7))) if telling else 0.25
        nps = None if number % 4 == 0 else int(random.integers(0, 11))
        rows.append({"name": f"C{number}", "uses": uses, "nps": nps, "tickets": int(random.poisson(1)), "left": bool(random.random() < p)})
    return rows


def test_health_is_the_weighted_mean_of_what_is_known():
    rows = customers()
    result = alone("score_health", rows=rows, signals=SIGNALS, weights={"usage": 2, "support": 0}, id_column="name", limit=400)
    uses = np.array([row["uses"] for row in rows])
    by_name = {one["customer"]: one for one in result["customers"]}
    for row in rows[:30]:
        rank = ((uses < row["uses"]).sum() + (uses == row["uses"]).sum() / 2) / len(uses) * 100
        expected = rank if row["nps"] is None else (2 * rank + 10 * row["nps"]) / 3
        assert by_name[row["name"]]["health"] == pytest.approx(expected)
        assert ("satisfaction" in by_name[row["name"]]["dimensions"]) == (row["nps"] is not None)
    assert {one["dimension"]: round(one["weight"], 6) for one in result["dimensions"]} == {"satisfaction": 0.333333, "usage": 0.666667}
    assert result["absent"] == ["engagement", "growth", "support"]
    assert figure(result, "usage.weight") == pytest.approx(2 / 3)
    assert [one["health"] for one in result["customers"]] == sorted(one["health"] for one in result["customers"])


def test_it_is_held_against_who_left_and_says_whether_it_foretells():
    good = alone("score_health", rows=customers(), signals=SIGNALS, churned_column="left")
    assert good["checked"]["low"] > 0.5
    assert good["decision"]["action"] == "look_after_at_risk"
    assert figure(good, "usage.auc") > 0.7 > figure(good, "support.auc")
    rates = good["checked"]["rates"]
    assert rates["at_risk"][0] > rates["healthy"][0]
    bad = alone("score_health", rows=customers(telling=False), signals=SIGNALS, churned_column="left")
    assert bad["decision"]["action"] == "do_not_rely"
    assert "does_not_foretell" in {caveat["code"] for caveat in bad["caveats"] if caveat["insist"]}
    unchecked = alone("score_health", rows=customers(), signals=SIGNALS)
    assert unchecked["checked"] is None
    assert "not_checked" in {caveat["code"] for caveat in unchecked["caveats"] if caveat["insist"]}


def test_the_tables_of_contracts_give_signals_and_an_earlier_score_is_held_against_who_left_since():
    tool = load("score_health")
    facts = facts_from_tables(simulate("salon"), as_of=AS_OF)
    result = tool(tool.request.model_validate({"as_of": AS_OF, "check_days": 120}), facts)
    running = [row for row in simulate("salon")["subscriptions"].to_pylist() if row["contact_id"] and row["ended_at"] is None]
    assert figure(result.model_dump(), "customers") == pytest.approx(len({row["contact_id"] for row in running}), abs=3)
    assert {one.dimension for one in result.dimensions} == {"engagement", "satisfaction", "usage", "growth", "support"}
    assert result.checked is None or result.checked.days == 120


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"rows": customers(5)}, "signals"),
        ({"rows": customers(5), "signals": SIGNALS}, "too few customers"),
        ({"rows": customers(50), "signals": [{"dimension": "usage", "column": "name"}]}, "holds no numbers"),
        ({"rows": customers(50), "signals": [{"dimension": "usage", "column": "logins"}]}, "no column 'logins'"),
        ({"rows": customers(50), "signals": SIGNALS[1:2], "weights": {"satisfaction": 0}}, "weight zero"),
        ({"rows": customers(50), "signals": SIGNALS, "at_risk_below": 90}, "at_risk_below lies above"),
    ],
)
def test_what_cannot_be_scored_is_refused(request_, said):
    with pytest.raises((ToolInputError, NotEnoughData), match=said):
        alone("score_health", **request_)


def test_without_tables_it_says_what_to_import():
    with pytest.raises(NotEnoughData, match="nothing to read health from"):
        alone("score_health", as_of=date(2026, 11, 21).isoformat())
