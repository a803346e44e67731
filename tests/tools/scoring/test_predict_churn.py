"""Risk in strata that hold, and no value of an intervention that was not measured."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tools.scoring.labelled_tables import Desk, alone, figure
from tools.contract import NotEnoughData, ToolInputError


def customers(count: int = 1500, seed: int = 41) -> tuple[list[dict], np.ndarray]:
    """Simulated customers with their true probability of leaving."""
    random = np.random.default_rng(seed)
    logins, tickets = random.poisson(6, count), random.poisson(1, count)
    truth = 1 / (1 + np.exp(-(1.0 - 0.5 * logins + 0.6 * tickets)))
    left = random.random(count) < truth
    plans = random.choice(["starter", "growth"], count)
    rows = [
        {
            "customer": f"C{each:05d}",
            "logins": int(logins[each]),
            "tickets": int(tickets[each]),
            "plan": str(plans[each]),
            "left": bool(left[each]),
        }
        for each in range(count)
    ]
    return rows, truth


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.give("customers", customers(6000)[0])
    desk.run("train_model", kind="churn", table="customers", label="left", id_column="customer", method="logistic")
    return desk


def test_strata_hold_on_customers_that_the_model_has_not_seen(desk):
    rows, truth = customers(3000, seed=42)
    record = desk.run("predict_churn", rows=rows, id_column="customer", limit=3000)
    result = record.result
    assert sum(one["customers"] for one in result["strata"]) == 3000
    place = {row["customer"]: each for each, row in enumerate(rows)}
    for stratum in result["strata"]:
        inside = [place[one["customer"]] for one in result["customers"] if one["stratum"] == stratum["name"]]
        left = sum(rows[each]["left"] for each in inside)
        assert stratum["probability"] == pytest.approx(truth[inside].mean(), abs=0.05)
        assert stratum["low"] - 15 <= left <= stratum["high"] + 15, "prediction interval, and a little for the model's own error"
    assert [one["name"] for one in result["strata"]] == ["high", "medium", "low"]
    assert result["customers"][0]["reasons"][0]["column"] in ("logins", "tickets")
    assert desk.replays(record)


def test_without_a_measured_effect_there_is_a_break_even_and_no_value(desk):
    rows, _ = customers(400, seed=43)
    result = desk.run("predict_churn", rows=rows, value=300_000, cost=30_000, currency="ZAR").result
    for stratum, effort in zip(result["strata"], result["interventions"], strict=True):
        assert effort["break_even"] == pytest.approx(30_000 / (300_000 * stratum["probability"]))
        assert effort["net"] is None
    assert not any(each["unit"] == "money" for each in result["figures"])
    assert result["decision"]["action"] == "test_an_intervention"
    assert "no_uplift" in {caveat["code"] for caveat in result["caveats"] if caveat["insist"]}
    dear = desk.run("predict_churn", rows=rows, value=30_000, cost=300_000, currency="ZAR").result
    assert dear["decision"]["action"] == "do_not_approach"


def test_a_measured_effect_gives_the_value_with_its_interval(desk):
    rows, _ = customers(400, seed=44)
    comparison = {
        "metric": "left",
        "role": "primary",
        "arm": "called",
        "difference": -0.15,
        "difference_low": -0.2,
        "difference_high": -0.1,
        "p_value": 0.001,
    }
    ask = {"rows": rows, "value": 300_000, "cost": 30_000, "currency": "ZAR"}
    result = desk.run("predict_churn", **ask, measured=[comparison]).result
    for stratum, effort in zip(result["strata"], result["interventions"], strict=True):
        assert effort["net"] == stratum["customers"] * (45_000 - 30_000)
        assert (effort["net_low"], effort["net_high"]) == (0, stratum["customers"] * 30_000)
    net = next(each for each in result["figures"] if each["key"] == "high.net")
    assert (net["basis"], net["interval"]["low"]) == ("experiment", 0)
    stayed = comparison | {"difference": 0.15, "difference_low": 0.1, "difference_high": 0.2}
    mirrored = desk.run("predict_churn", **ask, measured=[stayed], measured_on="retention").result
    assert mirrored["interventions"] == result["interventions"]


def test_what_cannot_be_answered_is_refused(desk):
    rows, _ = customers(200, seed=45)
    with pytest.raises(NotEnoughData, match="there is no model 'churn'"):
        alone("predict_churn", rows=rows)
    with pytest.raises(ToolInputError, match="low_below lies above"):
        desk.run("predict_churn", rows=rows, high_from=0.2, low_below=0.5)
    with pytest.raises(ToolInputError, match="needs a value"):
        desk.run("predict_churn", rows=rows, cost=100)
    with pytest.raises(NotEnoughData, match="has no version 7"):
        desk.run("predict_churn", rows=rows, version=7)
    cut = desk.run("predict_churn", rows=rows, high_from=0.9, low_below=0.01).result
    assert figure(cut, "high_from") == 0.9
