"""A read-out says what holds, what does not, and what to do, from sums by arm: against references, by rule, and with bad input refused."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from math import inf, nan
from typing import Any

import pytest
from pydantic import ValidationError

from tests.reference_data import reference_case, reference_rows
from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

AS_OF = date(2026, 11, 21)


def run(**request: Any) -> Any:
    declared = load("analyze_experiment")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts({}, as_of=AS_OF))


def shares(*pairs: tuple[int, int], names: tuple[str, ...] = ("control", "treatment", "third"), **more: Any) -> dict[str, Any]:
    totals = [{"arm": name, "units": n, "conversions": x} for name, (x, n) in zip(names, pairs, strict=False)]
    return {"name": "rate", "totals": totals, **more}


def sums(name: str, *arms: tuple[int, float, float], **more: Any) -> dict[str, Any]:
    totals = [{"arm": a, "units": n, "sum": s, "sum_of_squares": q} for a, (n, s, q) in zip(("control", "treatment"), arms, strict=True)]
    return {"name": name, "kind": "mean", "totals": totals, **more}


def test_welch_as_growthbook_has_it():
    case = reference_case("gb_ttest_rel")
    a, b = (case["input"][arm] for arm in "ab")
    [found] = run(metrics=[sums("m", (a["n"], a["sum"], a["ss"]), (b["n"], b["sum"], b["ss"]))], method="fixed").comparisons
    assert found.lift == pytest.approx(case["expected"]["rel"], abs=5e-6)
    assert (found.lift_low, found.lift_high) == pytest.approx(case["expected"]["ci"], abs=5e-6)


def test_the_sequence_as_growthbook_has_it():
    case = reference_case("gb_seq_prop")
    arms = [{"arm": "control", "weight": 3000}, {"arm": "treatment", "weight": 3461}]
    [found] = run(metrics=[shares(*map(tuple, (case["input"]["a"], case["input"]["b"])))], arms=arms, tuning_units=5000).comparisons
    assert found.lift == pytest.approx(case["expected"]["rel"], abs=5e-6)
    assert (found.lift_low, found.lift_high) == pytest.approx(case["expected"]["ci"], abs=6e-6)


def test_chances_as_growthbook_and_quadrature_have_them():
    case = reference_case("gb_bayes_prop")
    [found] = run(metrics=[shares(*map(tuple, (case["input"]["a"], case["input"]["b"])))]).comparisons
    assert found.chance_to_win == pytest.approx(case["expected"]["ctw"], abs=5e-6)
    assert [found.expected_loss_of_control, found.expected_loss] == pytest.approx(case["expected"]["risk"], abs=5e-6)
    case = reference_case("beta_binomial_exact")
    request = {"metrics": [shares(*map(tuple, (case["input"]["a"], case["input"]["b"])))], "chances": "beta_binomial"}
    assert run(**request).comparisons[0].chance_to_win == pytest.approx(case["expected"]["p_b_gt_a"], abs=1e-10)


def test_cookie_cats_is_a_result_to_doubt_and_not_to_ship():
    case = reference_case("cookie_cats")["expected"]
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in reference_rows("cookie_cats.csv"):
        tally[row["version"]][0] += row["retention_7"].lower() == "true"
        tally[row["version"]][1] += 1
    metric = shares(tuple(tally["gate_30"]), tuple(tally["gate_40"]), names=("gate_30", "gate_40"), kind="retention")
    watched = run(metrics=[metric], control="gate_30", tuning_units=5000)
    [found] = watched.comparisons
    assert (found.control_value, found.treatment_value) == pytest.approx(case["ret7"], abs=5e-7)
    assert found.p_value == pytest.approx(case["p_sequential_gb"], abs=5e-8)
    assert found.chance_to_win == pytest.approx(case["bayes_ctw"], abs=5e-9)
    assert watched.decision.action == "keep_running"
    once = run(metrics=[metric], control="gate_30", method="fixed")
    assert once.comparisons[0].p_value == pytest.approx(case["p_fixed"], abs=5e-9)
    assert once.gates[0].p_value == pytest.approx(case["srm_p"], abs=5e-7)
    assert once.gates[0].status == "doubtful"
    assert any(caveat.code == "sample_ratio" and caveat.insist for caveat in once.caveats)


def test_hillstrom_with_three_arms_and_three_metrics():
    case = reference_case("hillstrom")["expected"]
    seen: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for row in reference_rows("hillstrom_email.csv"):
        mine, spend = seen[row["segment"]], round(float(row["spend"]) * 100)
        for place, value in enumerate((1, int(row["visit"]), int(row["conversion"]), spend, spend * spend)):
            mine[place] += value
    arms = {"Mens E-Mail": "Mens", "Womens E-Mail": "Womens", "No E-Mail": "None"}
    visit = [{"arm": arms[a], "units": s[0], "conversions": s[1]} for a, s in seen.items()]
    bought = [{"arm": arms[a], "units": s[0], "conversions": s[2]} for a, s in seen.items()]
    spend = [{"arm": arms[a], "units": s[0], "sum": s[3], "sum_of_squares": s[4]} for a, s in seen.items()]
    metrics = [
        {"name": "visit", "totals": visit},
        {"name": "conversion", "role": "secondary", "totals": bought},
        {"name": "spend", "kind": "mean", "role": "secondary", "currency": "USD", "totals": spend},
    ]
    result = run(metrics=metrics, control="None", method="fixed", level=0.9, minimum_units=1000)
    found = {(row.metric, row.arm): row for row in result.comparisons}
    values = [found["visit", "Mens"].treatment_value, found["visit", "Womens"].treatment_value, found["visit", "Mens"].control_value]
    assert values == pytest.approx(case["visit"], abs=5e-6)
    assert found["conversion", "Mens"].treatment_value == pytest.approx(case["conv"][0], abs=5e-6)
    assert found["spend", "Mens"].treatment_value / 100 == pytest.approx(case["spend"][0], abs=5e-6)
    mens = found["visit", "Mens"]
    assert mens.difference == pytest.approx(case["mens_vs_none_visit_diff"], abs=5e-6)
    assert mens.level == pytest.approx(0.95), "nine in ten over two comparisons"
    assert (mens.difference_low, mens.difference_high) == pytest.approx(case["ci"], abs=2e-6)
    assert result.decision.action == "ship"
    assert "Mens" in result.decision.reason
    assert result.figure("spend.mens.value").value == round(case["spend"][0] * 100)


def test_small_shares_are_compared_exactly_at_a_fixed_horizon():
    [found] = run(metrics=[shares((1, 40), (8, 40))], method="fixed", minimum_units=20).comparisons
    assert found.p_value == pytest.approx(0.0289, abs=2e-4), "Fisher's exact test"
    assert -1 < found.difference_low < found.difference_high < 1
    [plain] = run(metrics=[shares((5, 83), (12, 99))], method="fixed", minimum_units=20).comparisons
    assert plain.p_value == pytest.approx(0.15918129181156992, rel=1e-9)


@pytest.mark.parametrize(
    ("metric", "more", "action"),
    [
        (shares((800, 10000), (1000, 10000)), {}, "ship"),
        (shares((1000, 10000), (800, 10000)), {}, "roll_back"),
        (shares((800, 10000), (1000, 10000), direction="decrease"), {}, "roll_back"),
        (shares((1000, 10000), (800, 10000), direction="decrease"), {}, "ship"),
        (shares((800, 10000), (1000, 10000), threshold=0.2), {}, "keep_running"),
        (shares((800, 10000), (1400, 10000), threshold=0.2), {}, "ship"),
        (shares((800, 10000), (810, 10000)), {"planned_units": 40000}, "keep_running"),
        (shares((800, 10000), (810, 10000)), {"planned_units": 20000}, "inconclusive"),
        (shares((8000, 100000), (8010, 100000), minimum_effect=0.1), {"planned_units": 400000}, "inconclusive"),
        (shares((800, 10000), (1000, 9000)), {}, "invalid"),
        (shares((800, 10000), (1000, 10000)), {"crossed_units": 3000}, "invalid"),
        (shares((8, 60), (30, 60)), {}, "keep_running"),
        (shares((8, 60), (30, 60)), {"planned_units": 120}, "inconclusive"),
        (shares((800, 10000), (1000, 10000)), {"method": "fixed", "planned_units": 40000}, "keep_running"),
        (shares((800, 10000), (900, 10000)), {"method": "fixed", "planned_units": 20000}, "ship"),
        (shares((800, 10000), (880, 10000)), {"method": "group_sequential", "planned_units": 40000}, "keep_running"),
        (shares((800, 10000), (1000, 10000)), {"method": "group_sequential", "planned_units": 40000, "earlier_looks": [10000]}, "ship"),
        (shares((800, 10000), (1000, 10000)), {"sequence": "exact", "planned_conversions": 1800}, "ship"),
        (shares((800, 10000), (900, 10000)), {"sequence": "exact", "planned_conversions": 1800}, "keep_running"),
    ],
)  # fmt: skip
def test_the_decision(metric, more, action):
    result = run(metrics=[metric], **more)
    assert result.decision.action == action, result.decision.reason


def test_an_invalid_experiment_shows_no_effect():
    result = run(metrics=[shares((800, 10000), (1000, 9000))])
    assert result.table is None
    assert result.chart is None
    assert {figure.key.rsplit(".", 1)[-1] for figure in result.figures} == {"p_value", "units", "value"}
    assert all(figure.basis == "observed" for figure in result.figures)
    assert "share" not in result.decision.reason or "planned shares" in result.decision.reason


def test_effects_whose_gates_hold_are_an_experiments():
    result = run(metrics=[shares((800, 10000), (1000, 10000))])
    assert result.figure("rate.treatment.lift").basis == "experiment"
    assert result.figure("rate.treatment.value").basis == "observed"
    assert result.figure("rate.treatment.chance_to_win").basis == "model"


def test_a_guardrail_must_hold_and_a_harmed_one_rolls_back():
    win = shares((800, 10000), (1000, 10000))

    def guard(x: int, y: int) -> dict[str, Any]:
        return {**shares((x, 10000), (y, 10000), role="guardrail", margin=0.05), "name": "kept"}

    assert run(metrics=[win, guard(6000, 6000)]).decision.action == "ship"
    waiting = run(metrics=[win, guard(600, 600)])
    assert waiting.decision.action == "keep_running"
    assert "kept" in waiting.decision.reason
    assert waiting.comparisons[1].guardrail == "open"
    harmed = run(metrics=[win, guard(6000, 5000)])
    assert (harmed.decision.action, harmed.comparisons[1].guardrail) == ("roll_back", "harmed")


def test_of_several_arms_the_best_harmless_one_ships():
    win = shares((800, 10000), (1000, 10000), (1100, 10000))
    assert "Third" in run(metrics=[win]).decision.reason
    kept = {**shares((6000, 10000), (6000, 10000), (4000, 10000), role="guardrail", margin=0.05), "name": "kept"}
    assert "Treatment" in run(metrics=[win, kept]).decision.reason
    assert run(metrics=[win]).comparisons[0].level == pytest.approx(0.975)


def test_secondary_metrics_are_adjusted_and_decide_nothing():
    secondary = [{**shares((800, 10000), (800 + 20 * i, 10000), role="secondary"), "name": f"s{'abcdefgh'[i]}"} for i in range(6)]
    result = run(metrics=[shares((800, 10000), (805, 10000)), *secondary], method="fixed")
    adjusted = [row.adjusted_p_value for row in result.comparisons if row.role == "secondary"]
    assert all(a >= row.p_value for a, row in zip(adjusted, result.comparisons[1:], strict=True))
    assert result.decision.action == "keep_running"


def test_days_left_and_the_exaggeration_come_from_the_plan_and_not_from_the_effect():
    plan = {"planned_units": 40000, "units_per_day": 500}
    small, large = (run(metrics=[shares((800, 10000), (x, 10000), minimum_effect=0.15)], **plan) for x in (810, 1000))
    assert small.figure("days_left").value == 40
    assert "{{days_left}}" in small.decision.reason
    first, second = (result.figure("exaggeration").value for result in (small, large))
    assert first == pytest.approx(second, rel=0.03)
    assert first > 1
    assert any(caveat.code == "stopped_estimate" and caveat.insist for caveat in large.caveats)
    assert not any("power" in figure.key for figure in small.figures)


def covariate_totals() -> list[dict[str, Any]]:
    """Simulated: outcome y = x + noise, with x known before the test; treatment adds half."""
    import numpy as np

    random, totals = np.random.default_rng(12), []
    for arm, lift in (("control", 0.0), ("treatment", 0.5)):
        x = random.normal(10, 4, 4000)
        y = x + random.normal(lift, 1, 4000)
        totals.append(
            {
                "arm": arm, "units": 4000, "sum": float(y.sum()), "sum_of_squares": float(y @ y), "before_sum": float(x.sum()),
                "before_sum_of_squares": float(x @ x), "products": {"outcome_before": float(x @ y)},
            }
        )  # fmt: skip
    return totals


def test_a_covariate_sharpens_and_a_difference_before_the_test_stops():
    totals = covariate_totals()
    bare = [{k: t[k] for k in ("arm", "units", "sum", "sum_of_squares")} for t in totals]
    [plain] = run(metrics=[{"name": "m", "kind": "mean", "totals": bare}], method="fixed").comparisons
    sharp = run(metrics=[{"name": "m", "kind": "mean", "totals": totals}], method="fixed")
    [found] = sharp.comparisons
    assert found.variance_reduction == pytest.approx(16 / 17, abs=0.01)
    assert found.standard_error < 0.3 * plain.standard_error
    assert found.difference_low < 0.5 < found.difference_high
    was, by = totals[1], 1.0  # every unit of the treatment had one more before the test
    shifted = {
        **was,
        "before_sum": was["before_sum"] + by * 4000,
        "before_sum_of_squares": was["before_sum_of_squares"] + 2 * by * was["before_sum"] + by * by * 4000,
        "products": {"outcome_before": was["products"]["outcome_before"] + by * was["sum"]},
    }
    assert run(metrics=[{"name": "m", "kind": "mean", "totals": [totals[0], shifted]}]).decision.action == "invalid"


def ratio_totals(arm: str, total: float, below: float) -> dict[str, Any]:
    return {
        "arm": arm, "units": 1000, "sum": total, "sum_of_squares": total * total / 500, "denominator_sum": below,
        "denominator_sum_of_squares": below * below / 900, "products": {"outcome_denominator": 3.1 * total if below else 0},
    }  # fmt: skip


def test_ratios_counts_quantiles_and_caps():
    ratio = [ratio_totals(arm, total, 3000) for arm, total in (("control", 600), ("treatment", 690))]
    [found] = run(metrics=[{"name": "r", "kind": "ratio", "totals": ratio}]).comparisons
    assert (found.control_value, found.treatment_value) == pytest.approx((0.2, 0.23))
    values = [{"arm": a, "units": 1000, "values": list(range(1, 101)), "counts": [10] * 100} for a in ("control", "treatment")]
    values[1]["values"] = [v + 5 for v in values[1]["values"]]
    [median] = run(metrics=[{"name": "q", "kind": "quantile", "quantile": 0.5, "totals": values}], method="fixed").comparisons
    assert (median.control_value, median.difference) == (50, 5)
    assert median.standard_error == pytest.approx(100 * (0.25 / 1000) ** 0.5 * 2**0.5, rel=0.2)
    values[0]["values"][-1] = 10**6
    [raw] = run(metrics=[{"name": "v", "kind": "mean", "totals": values}]).comparisons
    [held] = run(metrics=[{"name": "v", "kind": "mean", "winsorise": 0.98, "totals": values}]).comparisons
    assert raw.control_value > 9000
    assert held.control_value == pytest.approx(50.5, abs=1)


def test_strata_are_weighed_by_all_units_and_may_undo_simpsons_paradox():
    totals = [
        {"arm": "control", "stratum": "new", "units": 9000, "conversions": 900},
        {"arm": "treatment", "stratum": "new", "units": 1000, "conversions": 120},
        {"arm": "control", "stratum": "old", "units": 1000, "conversions": 500},
        {"arm": "treatment", "stratum": "old", "units": 9000, "conversions": 4770},
    ]
    [found] = run(metrics=[{"name": "rate", "totals": totals}]).comparisons
    assert found.difference == pytest.approx(0.5 * 0.02 + 0.5 * 0.03)
    [naive] = run(metrics=[{"name": "rate", "totals": totals}], post_stratify=False).comparisons
    assert naive.difference > 0.3


def test_an_effect_that_wears_off_is_doubted():
    metric = shares((4000, 40000), (4800, 40000))
    metric["early"] = [{"arm": "control", "units": 20000, "conversions": 2000}, {"arm": "treatment", "units": 20000, "conversions": 2800}]
    result = run(metrics=[metric])
    assert next(gate for gate in result.gates if gate.name == "novelty").status == "doubtful"
    assert any(caveat.code == "novelty" and caveat.insist for caveat in result.caveats)
    assert result.decision.reason.endswith("Clear up the doubtful gates first.")


def test_units_lost_at_different_rates_stop_it():
    arms = [{"arm": "control", "units": 12000}, {"arm": "treatment", "units": 12000}]
    result = run(metrics=[shares((800, 11800), (1000, 9000))], arms=arms)
    assert next(gate for gate in result.gates if gate.name == "exposure_balance").status == "failed"
    assert result.decision.action == "invalid"
    assert result.units_open == 24000 - 20800


@pytest.mark.parametrize("done", [(0, 0), (1000, 1000), (0, 1000)])
@pytest.mark.parametrize("more", [{}, {"method": "fixed"}, {"minimum_conversions": 0}])
def test_nobody_and_everybody_converting_is_refused_with_what_would_be_enough(done, more):
    with pytest.raises(NotEnoughData) as refusal:
        run(metrics=[shares(*((x, 1000) for x in done))], **more)
    assert refusal.value.field == "metrics.rate"
    assert "with and" in refusal.value.needed
    assert "2000" in refusal.value.found


def test_a_mean_that_does_not_vary_is_refused():
    with pytest.raises(NotEnoughData, match="same for every unit"):
        run(metrics=[sums("m", (1000, 5000, 25000), (1000, 5000, 25000))])


def parts(dimension: str, **of: tuple[int, int, int, int]) -> list[dict[str, Any]]:
    """Part to conversions and units of the control, then of the treatment."""
    return [{"dimension": dimension, "part": part, "totals": shares((a, n), (b, m))["totals"]} for part, (a, n, b, m) in of.items()]


def test_a_part_whose_effect_differs_is_flagged_and_decides_nothing():
    device = parts("device", mobile=(1000, 10000, 1000, 10000), desktop=(1000, 10000, 1600, 10000))
    country = parts("country", za=(1000, 10000, 1300, 10000), ng=(1000, 10000, 1300, 10000))
    plain = run(metrics=[shares((2000, 20000), (2600, 20000))])
    result = run(metrics=[shares((2000, 20000), (2600, 20000), subgroups=[*device, *country])])
    assert {(row.dimension, row.part) for row in result.subgroups if row.flagged} == {("device", "mobile"), ("device", "desktop")}
    assert result.decision == plain.decision
    assert any(caveat.code == "subgroups" and caveat.insist for caveat in result.caveats)
    mobile = result.figure("subgroup.device.mobile.treatment.effect")
    assert mobile.interval.low < 0 < mobile.interval.high
    assert mobile.interval.level == pytest.approx(1 - 0.05 / 4), "all four intervals hold at once"
    assert sum("decides nothing" in finding for finding in result.findings) == 2
    same = run(metrics=[shares((2000, 20000), (2600, 20000), subgroups=country)])
    assert not any(row.flagged for row in same.subgroups)
    assert any("No part of the audience" in finding for finding in same.findings)


def test_many_parts_of_nothing_are_not_fished():
    import numpy as np

    random, flagged = np.random.default_rng(5), 0
    for _ in range(60):
        groups, whole = [], np.zeros((2, 2), int)
        for part in "abcdefghijklmnopqrst":
            done = random.binomial(400, 0.2, 2)
            groups += parts("city", **{part: (int(done[0]), 400, int(done[1]), 400)})
            whole += np.array([done, [400, 400]])
        metric = shares((int(whole[0][0]), 8000), (int(whole[0][1]), 8000), subgroups=groups)
        flagged += any(row.flagged for row in run(metrics=[metric], method="fixed").subgroups)
    assert flagged <= 8, "five in a hundred of twenty parts together, not of each"


def test_parts_are_checked_for_their_split_and_for_being_parts():
    groups = parts("device", mobile=(100, 1400, 100, 600), desktop=(100, 600, 100, 1400))
    result = run(metrics=[shares((200, 2000), (200, 2000), subgroups=groups)])
    assert next(gate for gate in result.gates if gate.name == "sample_ratio_of_parts").status == "failed"
    assert (result.decision.action, result.subgroups) == ("invalid", ())
    small = run(metrics=[shares((200, 2000), (260, 2000), subgroups=parts("device", watch=(1, 20, 15, 20)))])
    assert small.subgroups == ()
    assert any(caveat.code == "small_parts" for caveat in small.caveats)
    with pytest.raises(ToolInputError, match="not a part"):
        run(metrics=[shares((200, 2000), (260, 2000), subgroups=parts("device", mobile=(100, 3000, 100, 3000)))])


def test_how_likely_and_how_dear_it_would_be_to_be_wrong():
    plan = {"units_per_day": 500, "planned_units": 40000}
    ship = run(metrics=[shares((800, 10000), (880, 10000))], method="fixed", **{**plan, "planned_units": 20000})
    [row] = ship.comparisons
    assert ship.decision.action == "ship"
    assert ship.figure("wrong.chance").value == pytest.approx(1 - row.chance_to_win)
    assert ship.figure("wrong.cost").value == row.expected_loss
    assert ship.figure("wrong.cost_per_week").value == pytest.approx(row.expected_loss * 0.08 * 500 * 7)
    back = run(metrics=[shares((1000, 10000), (800, 10000))], **plan)
    assert back.comparisons[0].chance_to_win < 1e-4
    assert back.figure("wrong.chance").value == 1e-4, "below it the model says nothing of the world"
    kept = {**shares((6000, 10000), (5000, 10000), role="guardrail", margin=0.05), "name": "kept"}
    harmed = run(metrics=[shares((800, 10000), (1000, 10000)), kept], **plan)
    assert harmed.decision.action == "roll_back"
    assert not any(figure.key.startswith("wrong") for figure in harmed.figures), "the primary metric says nothing of a harmed guardrail"
    waiting = run(metrics=[shares((800, 10000), (810, 10000))], **plan)
    assert 0.3 < waiting.figure("wrong.chance").value < 0.5
    assert waiting.figure("wrong.cost").value > ship.figure("wrong.cost").value
    assert any("{{wrong.chance}}" in finding for finding in waiting.findings)


def test_a_stopped_estimate_is_no_promise():
    caveat = next(c for c in run(metrics=[shares((800, 10000), (1000, 10000))]).caveats if c.code == "stopped_estimate")
    assert "{{rate.treatment.lift.low}}" in caveat.text
    assert caveat.insist


def test_days_left_without_a_planned_sample_come_from_the_smallest_effect_and_the_variance_seen():
    from tools.methods.read_outs import DAILY, inflation
    from tools.methods.sample_size import for_proportions

    small, other = (run(metrics=[shares((800, 10000), (x, 10000), minimum_effect=0.1)], units_per_day=500) for x in (805, 815))
    needed = 2 * for_proportions(0.08, 0.088, 0.05, 0.8, "unpooled") * inflation("anytime", 0.05, 0.8, DAILY)
    assert small.figure("units_needed").value == pytest.approx(needed, rel=0.06)
    assert small.figure("units_needed").value == pytest.approx(other.figure("units_needed").value, rel=0.02), "not from the effect seen"
    assert small.figure("days_left").value == pytest.approx((small.figure("units_needed").value - 20000) / 500, abs=1)
    arms = [{"arm": arm, "units": 12000, "open_units": 2000} for arm in ("control", "treatment")]
    waits = run(metrics=[shares((800, 10000), (805, 10000))], units_per_day=500, planned_units=22000, arms=arms, window_days=14)
    assert waits.figure("days_left").value == 14, "enough have entered: what is left is their windows"
    assert waits.figure("units_open").value == waits.units_open == 4000


def test_a_guardrail_below_the_smallest_sample_holds_nothing():
    rare = {**shares((1, 10000), (4, 10000), role="guardrail", direction="decrease", margin=0.5), "name": "refunds"}
    result = run(metrics=[shares((800, 10000), (1000, 10000)), rare])
    assert result.comparisons[1].guardrail == "open"
    assert result.decision.action == "keep_running"


@pytest.mark.parametrize(
    "metric",
    [
        shares((5, 100)),
        shares((0, 0), (5, 100)),
        sums("m", (100, 1000, 50), (100, 900, 90000)),
        {"name": "m", "kind": "mean", "totals": [{"arm": a, "units": 100, "sum": 5} for a in ("control", "treatment")]},
        {"name": "m", "totals": [{"arm": a, "units": 100} for a in ("control", "treatment")]},
        {"name": "m", "kind": "quantile", "totals": [{"arm": a, "units": 100, "sum": 5} for a in ("control", "treatment")]},
        {"name": "m", "totals": [{"arm": "control", "units": 100, "conversions": 5}] * 2},
        {"name": "m", "totals": [{"arm": a, "units": 100, "conversions": 5} for a in ("a", "b")]},
        {"name": "m", "kind": "ratio", "totals": [ratio_totals(arm, 5, 0) for arm in ("control", "treatment")]},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(metric):
    with pytest.raises(ToolInputError) as refusal:
        run(metrics=[metric])
    assert refusal.value.field


@pytest.mark.parametrize(
    "request_",
    [
        {"metrics": []},
        {"metrics": [shares((-1, 100), (5, 100))]},
        {"metrics": [shares((101, 100), (5, 100))]},
        {"metrics": [sums("m", (100, nan, 4), (100, 3, 4))]},
        {"metrics": [sums("m", (100, inf, 4), (100, 3, 4))]},
        {"metrics": [sums("m", (100, 3, -4), (100, 3, 4))]},
        {"metrics": [shares((5, 100), (5, 100)), shares((5, 100), (5, 100))]},
        {"metrics": [shares((5, 100), (5, 100), role="guardrail")]},
        {"metrics": [shares((5, 100), (5, 100))], "method": "group_sequential"},
        {"metrics": [shares((5, 100), (5, 100))], "experiment": "also_facts"},
        {"metrics": [{"name": "m"}]},
    ],
)
def test_what_is_no_request_does_not_validate(request_):
    with pytest.raises(ValidationError):
        run(**request_)
