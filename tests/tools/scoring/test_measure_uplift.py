"""Uplift is read from randomised data alone, and a ranking by effect counts only when it is shown to be one."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from store.facts import facts_from_tables
from tests.reference_data import reference_file
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.partial_pooling import pool
from tools.methods.uplift import learn, qini, ranks
from tools.registry import load
from tools.scoring._uplift_groups import Counts, qini_of

AS_OF = date(2026, 11, 21)
BEFORE = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]


def run(table: pa.Table | None = None, **request: Any) -> Any:
    declared = load("measure_uplift")
    facts = facts_from_tables({} if table is None else {"mine": table}, as_of=AS_OF)
    return declared(declared.request.model_validate({"as_of": AS_OF, "assignment": "randomised", **request}), facts)


def rows(**more: Any) -> dict[str, Any]:
    return {"table": "mine", "outcome_column": "bought", **more}


def audience(units: int = 4000, seed: int = 1, moved: float = 0.15) -> pa.Table:
    """Simulated: half treated at random; the treatment moves only those with many visits."""
    random = np.random.default_rng(seed)
    visits, age = random.poisson(3, units), random.normal(40, 9, units)
    treated = random.random(units) < 0.5
    chance = 0.1 + 0.02 * visits + np.where(treated, moved * (visits - 2) / 3, 0.0)
    return pa.table(
        {
            "arm": np.where(treated, "treatment", "control"),
            "bought": (random.random(units) < np.clip(chance, 0, 1)).astype(np.int64),
            "visits": visits,
            "age": np.where(random.random(units) < 0.1, np.nan, age),
            "city": random.choice(["Cape Town", "Durban"], units),
        }
    )


def groups(*counts: tuple[int, int, int, int]) -> list[dict[str, Any]]:
    names = ("treated", "treated_outcomes", "control", "control_outcomes")
    return [{"name": f"group {'abcdefgh'[place]}", **dict(zip(names, row, strict=True))} for place, row in enumerate(counts)]


def test_hillstrom_reproduces_the_known_effect():
    """Public data: men's mail against none, on visits."""
    import pyarrow.csv

    table = pyarrow.csv.read_csv(reference_file("hillstrom_email.csv"))
    mens = {"table": "mine", "arm_column": "segment", "treatment": "Mens E-Mail", "control": "No E-Mail", "outcome_column": "visit"}
    effect = run(table, rows={**mens, "feature_columns": BEFORE}).figure("everyone.effect")
    assert effect.value == pytest.approx(0.07659, abs=5e-6)
    assert (effect.interval.low, effect.interval.high) == pytest.approx((0.069953, 0.083226), abs=2e-6)
    womens = run(table, rows={**mens, "treatment": "Womens E-Mail", "feature_columns": BEFORE})
    assert womens.figure("qini.two_model").interval.low > 0.005, "women's mail moves those who bought women's goods"
    assert womens.targets[0].effect > womens.figure("everyone.effect").value
    with pytest.raises(ToolInputError, match=r"leave out what came after \(.*conversion"):
        run(table, rows=mens)


@pytest.mark.parametrize("learner", ["linear", "boosting"])
def test_those_who_are_moved_come_first(learner):
    table = audience()
    result = run(table, rows=rows(), learner=learner, value_per_outcome=10_000, cost_per_unit=500)
    assert result.figure("qini.two_model").interval.low > 0
    assert result.figure("qini.transformed_outcome").interval.low > 0
    assert result.decision.action == "treat_first"
    assert 0.2 <= result.figure("best.share").value <= 0.8
    assert result.targets[0].effect > 2 * result.targets[-1].effect
    assert result.figure("everyone.effect").basis == "experiment"


def test_without_differences_nobody_is_picked():
    random = np.random.default_rng(8)
    table = audience(moved=0.0)
    chance = 0.2 + np.where(np.array(table["arm"].to_pylist()) == "treatment", 0.08, 0.0)
    table = table.set_column(1, "bought", pa.array((random.random(table.num_rows) < chance).astype(np.int64)))
    result = run(table, rows=rows())
    assert "best.share" not in {figure.key for figure in result.figures}
    assert result.decision.action == "treat_all"
    assert "no_ranking" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_counts_by_group_are_ordered_on_one_half_and_judged_on_the_other():
    result = run(groups=groups((4000, 190, 4000, 180), (3000, 690, 3000, 510), (2000, 260, 2000, 190)))
    assert result.figure("qini.groups").interval.low > 0
    assert [effect.segment for effect in result.effects] == ["everyone", "group a", "group b", "group c"]
    effects = [result.figure(f"group.group_{name}.effect").value for name in "abc"]
    assert effects == pytest.approx([0.0025, 0.06, 0.035])
    assert result.figure("everyone.effect").value == pytest.approx(np.dot(effects, [8 / 18, 6 / 18, 4 / 18]))
    assert result.targets[0].groups == ("group b",)
    assert result.targets[0].effect < 0.06, "moved toward the mean"


def test_the_same_request_gives_the_same_result_to_the_bit():
    table = audience(1500)
    shuffled = table.take(pa.array(np.random.default_rng(3).permutation(1500)))
    assert run(table, rows=rows()).model_dump_json() == run(shuffled, rows=rows()).model_dump_json()


def test_what_was_not_randomised_is_refused():
    with pytest.raises(ToolInputError, match="somebody chose"):
        run(assignment="not_randomised", groups=groups((4000, 190, 4000, 180)))
    table = audience()
    picked = np.where(np.array(table["visits"].to_pylist()) > 3, "treatment", "control")
    with pytest.raises(ToolInputError, match="tell who was treated") as refusal:
        run(table.set_column(0, "arm", pa.array(picked)), rows=rows())
    assert "visits" in str(refusal.value)


def test_bad_input_is_refused_with_what_would_be_enough():
    table = audience()
    with pytest.raises(NotEnoughData, match="too few units") as refusal:
        run(table.slice(0, 12), rows=rows())
    assert "200 units in each arm" in (refusal.value.needed or "")
    with pytest.raises(NotEnoughData, match="same outcome"):
        run(table.set_column(1, "bought", pa.array(np.zeros(table.num_rows))), rows=rows())
    with pytest.raises(ToolInputError, match="no finite bought"):
        run(table.set_column(1, "bought", pa.array(np.where(np.arange(table.num_rows) == 5, np.nan, 1.0))), rows=rows())
    with pytest.raises(ToolInputError, match="no column"):
        run(table, rows=rows(outcome_column="gone"))
    with pytest.raises(NotEnoughData, match="no feature varies"):
        run(table.append_column("same", pa.array(np.ones(table.num_rows))), rows=rows(feature_columns=["same"]))
    with pytest.raises(NotEnoughData, match="too few units in an arm"):
        run(groups=groups((0, 0, 900, 100)))
    with pytest.raises(NotEnoughData, match="lacks one of the arms"):
        run(groups=groups((900, 100, 900, 90), (0, 0, 30, 3)))
    for wrong in ((100, 120, 900, 100), (-1, 0, 900, 100)):
        with pytest.raises(ValidationError):
            run(groups=groups(wrong))


def test_pooled_effects_are_nearer_the_truth_than_raw_ones():
    """Simulated: 200 sets of twelve groups; shrinkage has the smaller error, and its best is not too good."""
    random = np.random.default_rng(4)
    raw_error = moved_error = raw_best = moved_best = 0.0
    for _ in range(200):
        truth, errors = random.normal(0.03, 0.01, 12), random.uniform(0.01, 0.03, 12)
        seen = random.normal(truth, errors)
        moved = pool(seen, errors).effects
        raw_error += float(((seen - truth) ** 2).sum())
        moved_error += float(((moved - truth) ** 2).sum())
        raw_best += float(seen.max() - truth[seen.argmax()])
        moved_best += float(moved.max() - truth[moved.argmax()])
    assert moved_error < 0.4 * raw_error
    assert raw_best / 200 > 0.015
    assert abs(moved_best / 200) < 0.005


def excluded(runs: int, seed: int) -> dict[str, float]:
    """Share of simulated tests without any difference in effects whose Qini interval excludes zero, above and below."""
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"rows": [], "groups": []}
    for _ in range(runs):
        features = random.standard_normal((1200, 5))
        treated = random.random(1200) < 0.5
        chance = np.clip(0.3 + 0.05 * features[:, 0] + 0.05 * treated, 0, 1)
        outcome = (random.random(1200) < chance).astype(float)
        scores = learn(features, treated, outcome, folds=5, learner="linear", random=random)
        one = qini(scores.effect, ranks(scores.two_model, scores.fold), scores.fold)
        found["rows"].append(one.value / one.error)
        size = np.full(6, 1000.0)
        hits, other = random.binomial(1000, 0.25, 6).astype(float), random.binomial(1000, 0.2, 6).astype(float)
        group = qini_of(Counts(size, hits, size, other), False, random)
        found["groups"].append(group.value / group.error)
    shares = {}
    for name, z in found.items():
        shares[f"{name} above"], shares[f"{name} below"] = float(np.mean(np.array(z) > 1.96)), float(np.mean(np.array(z) < -1.96))
    return shares


def test_the_qini_of_no_difference_holds_zero_mostly():
    shares = excluded(60, 21)
    assert max(shares["rows above"], shares["groups above"]) <= 0.08, shares


@pytest.mark.slow
def test_the_qini_of_no_difference_holds_zero_at_the_stated_rate():
    """2 000 simulated tests: a ranking is claimed where there is none in at most 2.5% (with 1% for the simulation)."""
    shares = excluded(2000, 22)
    print(shares)
    assert shares["rows above"] <= 0.035, shares
    assert shares["groups above"] <= 0.035, shares
