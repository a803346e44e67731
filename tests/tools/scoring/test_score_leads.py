"""Leads are put in the order of their probability, explained, and chosen while it pays; what has changed is said or refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from tests.tools.scoring.labelled_tables import START, Desk, alone, figure, leads
from tools.contract import NotEnoughData, ToolInputError


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Desk:
    """A client with a model learned from 1 500 simulated leads."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    rows, _ = leads(1500, seed=31)
    desk.give("leads", rows)
    desk.run("train_model", kind="lead", table="leads", label="won", time_column="seen_on", method="logistic")
    return desk


def codes(result: dict[str, Any]) -> set[str]:
    return {caveat["code"] for caveat in result["caveats"] if caveat["insist"]}


def test_probabilities_of_new_leads_follow_the_truth(desk):
    rows, truth = leads(2000, seed=32)
    result = desk.run("score_leads", rows=rows, id_column="lead_id", limit=2000).result
    said = {lead["lead"]: lead["probability"] for lead in result["scores"]}
    p = np.array([said[row["lead_id"]] for row in rows])
    assert np.corrcoef(p, truth)[0, 1] > 0.95
    assert p.mean() == pytest.approx(truth.mean(), abs=0.03)
    assert [lead["probability"] for lead in result["scores"]] == sorted(p, reverse=True)
    expected = next(each for each in result["figures"] if each["key"] == "expected_conversions")
    assert expected["value"] == pytest.approx(p.sum())
    assert expected["interval"]["kind"] == "prediction"
    assert result["watched"] is None or result["watched"]["rows"] < 2000, "rows of the training's time are not new to the model"


def test_a_single_lead_has_a_probability_parts_and_reasons_that_add_up_to_sense(desk):
    good = {"industry": "hair", "pages_viewed": 12, "employees": 30, "city": "Durban", "score": 0.0, "seen_on": "2026-11-01"}
    one = desk.run("score_leads", rows=[good])
    [lead] = one.result["scores"]
    assert lead["reasons"][0]["column"] == "pages_viewed"
    assert lead["reasons"][0]["change"] > 0.2
    assert one.result["parts"]["pages_viewed"] == "engagement"
    assert one.result["parts"]["industry"] == "fit"
    assert lead["engagement"] > lead["fit"]
    assert figure(one.result, "lead_1.probability") == lead["probability"]
    assert one.facts == {"model:lead": 1}, "no table is read"
    assert desk.replays(one)
    bad = desk.run("score_leads", rows=[good | {"pages_viewed": 0, "industry": "spa"}]).result["scores"][0]
    assert bad["probability"] < 0.2 < 0.7 < lead["probability"]
    stated = desk.run("score_leads", rows=[good], fit_columns=["pages_viewed"]).result
    assert stated["parts"]["pages_viewed"] == "fit"


def test_leads_are_chosen_while_they_pay_and_within_the_capacity(desk):
    rows, _ = leads(800, seed=33)
    free = desk.run("score_leads", rows=rows, value=100_000, cost=40_000, currency="ZAR", limit=800)
    chosen = [lead for lead in free.result["scores"] if lead["chosen"]]
    assert {lead["probability"] > 0.4 for lead in chosen} == {True}
    assert len(chosen) == sum(lead["probability"] > 0.4 for lead in free.result["scores"])
    worth = sum(lead["probability"] * 100_000 for lead in chosen)
    assert figure(free.result, "chosen_value") == pytest.approx(worth - 40_000 * len(chosen), abs=1)
    assert figure(free.result, "chosen_cost") == 40_000 * len(chosen)
    assert "no_uplift" in codes(free.result)
    few = desk.run("score_leads", rows=rows, value=100_000, cost=40_000, currency="ZAR", capacity=10).result
    assert figure(few, "chosen") == 10
    assert few["threshold"] == few["scores"][9]["score"]
    none = desk.run("score_leads", rows=rows, value=100, cost=40_000, currency="ZAR").result
    assert none["decision"]["action"] == "go_after_none"
    assert none["threshold"] is None


def test_silence_halves_a_score_with_every_half_life(desk):
    lead = {"industry": "hair", "pages_viewed": 8, "employees": 9, "city": "Durban", "score": 0.0, "seen_on": "2026-11-01"}
    rows = [lead | {"last_reply": (date(2026, 11, 22) - timedelta(days=days)).isoformat()} for days in (0, 30, 60)]
    result = desk.run("score_leads", rows=rows, half_life_days=30, last_seen_column="last_reply").result
    fresh, month, two = (one["score"] for one in result["scores"])
    assert (month / fresh, two / fresh) == (pytest.approx(0.5), pytest.approx(0.25))
    assert len({one["probability"] for one in result["scores"]}) == 1
    assert "stated_decay" in codes(result)
    with pytest.raises(ToolInputError, match="last sign of life"):
        desk.run("score_leads", rows=rows, half_life_days=30)


def test_rows_unlike_those_of_the_training_are_named(desk):
    alike, _ = leads(600, seed=34)
    assert "drift" not in codes(desk.run("score_leads", rows=alike).result)
    moved = [row | {"pages_viewed": row["pages_viewed"] + 6, "industry": "spa"} for row in alike]
    result = desk.run("score_leads", rows=moved).result
    assert {one["column"] for one in result["drift"] if one["drifted"]} >= {"pages_viewed", "industry"}
    assert "drift" in codes(result)


def test_a_model_that_ranks_worse_on_new_outcomes_is_said_to_have_decayed(desk):
    rows, _ = leads(900, seed=35)
    for row in rows:
        row["seen_on"] = (START + timedelta(days=310)).isoformat()
    good = desk.run("score_leads", rows=rows).result
    assert good["watched"]["rows"] == 900
    assert not good["watched"]["decayed"]
    random = np.random.default_rng(36)
    stale = desk.run("score_leads", rows=[row | {"won": str(random.choice(["yes", "no"], p=[0.3, 0.7]))} for row in rows]).result
    assert stale["watched"]["decayed"]
    assert stale["decision"]["action"] == "train_again"
    assert "decayed" in codes(stale)


def test_a_table_that_changed_since_training_is_refused(desk):
    lead = {"industry": "hair", "pages_viewed": 8, "employees": 9, "city": "Durban", "score": 0.0, "seen_on": "2026-11-01"}
    with pytest.raises(ToolInputError, match="changed since the model was trained: industry is not there") as refusal:
        desk.run("score_leads", rows=[{name: value for name, value in lead.items() if name != "industry"}])
    assert "trained again" in (refusal.value.needed or "")
    with pytest.raises(ToolInputError, match="pages_viewed has changed"):
        desk.run("score_leads", rows=[lead | {"pages_viewed": "many"}])
    unheard = desk.run("score_leads", rows=[lead | {"industry": "car wash", "city": None, "employees": None}]).result
    assert 0 < unheard["scores"][0]["probability"] < 1, "a level never seen counts among the others"


def test_without_a_model_points_are_a_stated_alternative_and_nothing_is_a_refusal():
    rows, _ = leads(50, seed=37)
    with pytest.raises(NotEnoughData, match="there is no model 'lead'") as refusal:
        alone("score_leads", rows=rows)
    assert "100 rows with a known outcome" in (refusal.value.needed or "")
    points = [
        {"column": "pages_viewed", "when": "at_least", "value": "6", "points": 20, "part": "engagement"},
        {"column": "industry", "when": "equals", "value": "Hair", "points": 10},
        {"column": "employees", "when": "empty", "points": -5},
    ]
    result = alone("score_leads", rows=rows, points=points, id_column="lead_id", capacity=5)
    assert result["based_on"] == "points"
    for lead, row in ((lead, next(row for row in rows if row["lead_id"] == lead["lead"])) for lead in result["scores"]):
        expected = 20 * (row["pages_viewed"] >= 6) + 10 * (row["industry"] == "hair") - 5 * (row["employees"] is None)
        assert (lead["score"], lead["probability"]) == (expected, None)
        assert lead["engagement"] == 20 * (row["pages_viewed"] >= 6)
    assert "points_only" in codes(result)
    assert {each["basis"] for each in result["figures"]} <= {"stated", "observed"}


def test_a_model_may_be_learned_in_the_same_call_without_a_client():
    rows, _ = leads(400, seed=38)
    result = alone("score_leads", rows=rows[:3], learn={"rows": rows, "label": "won", "method": "logistic"})
    assert result["based_on"] == "model"
    assert result["version"] is None
    assert "learned_here" in {caveat["code"] for caveat in result["caveats"]}


def test_another_client_has_none_of_these_models(desk, tmp_path):
    from tests.tools.scoring.labelled_tables import client

    for other in (client("other"), client("salon", "ws_2")):
        theirs = Desk(desk.root, other)
        with pytest.raises(NotEnoughData, match="there is no model"):
            theirs.run("score_leads", rows=[{"industry": "hair"}])
    with pytest.raises(ToolInputError):
        desk.run("score_leads", rows=[{"industry": "hair"}], model="../../ws_1/cl_salon/_models/lead")
