"""Next actions follow measured effects, leave a holdout, and become tests where nothing was measured."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from demo.clients import AS_OF as DEMO_DAY
from demo.simulate import simulate
from store.facts import facts_from_tables
from tests.tools.memory_facts import memory_facts
from tools.contract import ToolInputError
from tools.registry import load

AS_OF = date(2026, 11, 21)
TESTS = [
    {"action": "reminder", "segment": "regulars", "treated": 3000, "treated_outcomes": 690, "control": 3000, "control_outcomes": 510},
    {"action": "reminder", "segment": "lapsed", "treated": 4000, "treated_outcomes": 186, "control": 4000, "control_outcomes": 184},
]
AUDIENCES = [{"segment": "regulars", "people": 5000}, {"segment": "lapsed", "people": 7000}]
REMINDER = {"name": "reminder", "cost": 40, "value_per_outcome": 6000}


def run(**request: Any) -> Any:
    declared = load("recommend_next_action")
    given = {"as_of": AS_OF, "actions": [REMINDER], "audiences": AUDIENCES, **request}
    return declared(declared.request.model_validate(given), memory_facts({}, as_of=AS_OF))


def test_the_action_goes_where_it_was_measured_to_pay():
    result = run(tests=TESTS)
    regulars, lapsed = result.recommendations
    assert (regulars.action, regulars.reached, regulars.held_out) == ("reminder", 4500, 500)
    assert (lapsed.action, lapsed.reached, lapsed.held_out) == (None, 0, 7000)
    raw = 0.06 * 6000 - 40
    assert 0.8 * raw < regulars.value_per_person < raw, "moved toward the mean of both segments"
    assert result.figure("total.value").value == pytest.approx(4500 * regulars.value_per_person, abs=1)
    assert result.decision.action == "act"


def test_without_measured_effects_a_test_is_proposed_and_nobody_is_reached():
    result = run(actions=[REMINDER | {"baseline": 0.1}])
    assert result.decision.action == "test_first"
    assert all(row.action is None for row in result.recommendations)
    proposal = result.proposals[0]
    assert proposal.effect == pytest.approx(2 * 40 / 6000)
    assert proposal.people_per_arm == pytest.approx(8_400, rel=0.1)
    assert not proposal.affordable
    assert "too_few_people" in {caveat.code for caveat in result.caveats}


def test_an_effect_on_everyone_stands_in_and_says_so():
    everyone = {"action": "reminder", "treated": 5000, "treated_outcomes": 900, "control": 5000, "control_outcomes": 700}
    result = run(tests=[everyone])
    assert all(row.measured_on == "everyone" for row in result.recommendations)
    assert "borrowed_effect" in {caveat.code for caveat in result.caveats if caveat.insist}
    width = result.figure("total.value").interval
    alone = [row.reached * (row.high - row.low) for row in result.recommendations]
    assert width.high - width.low == pytest.approx(sum(alone), rel=1e-3), "one effect behind both: wrong together"


def test_capacity_goes_to_the_dearest_and_the_cheaper_action_wins_where_it_brings_more():
    tests = [
        *TESTS,
        {"action": "call", "segment": "regulars", "treated": 3000, "treated_outcomes": 800, "control": 3000, "control_outcomes": 510},
    ]
    call = {"name": "call", "cost": 5000, "value_per_outcome": 6000}
    result = run(tests=tests, actions=[REMINDER, call], capacity=1000)
    assert [row.action for row in result.recommendations] == ["reminder", None]
    assert result.recommendations[0].reached == 1000


def test_effects_of_measure_uplift_are_taken_as_they_are():
    measure = load("measure_uplift")
    groups = [{"name": one["segment"], **{k: v for k, v in one.items() if k not in ("action", "segment")}} for one in TESTS]
    asked = {"as_of": AS_OF, "assignment": "randomised", "action": "reminder", "groups": groups}
    effects = measure(measure.request.model_validate(asked), memory_facts({}, as_of=AS_OF)).effects
    result = run(effects=[effect.model_dump() for effect in effects])
    assert result.recommendations[0].value_per_person == pytest.approx(run(tests=TESTS).recommendations[0].value_per_person, rel=1e-9)
    with pytest.raises(ToolInputError, match="same people"):
        run(effects=[effect.model_dump() for effect in effects], tests=TESTS)


def test_an_experiment_on_record_is_read_with_its_gates():
    """Simulated brand: the offer of its first booking."""
    declared = load("recommend_next_action")
    asked = {
        "as_of": DEMO_DAY, "actions": [{"name": "offer", "cost": 0, "value_per_outcome": 5000}],
        "audiences": [{"segment": "new people", "people": 3000}],
        "experiments": [
            {"action": "offer", "experiment": "first_booking_offer", "treatment": "ten_percent_off", "control": "control",
             "outcome": {"source": "events", "event": "booking"}}
        ],
    }  # fmt: skip
    facts = facts_from_tables(simulate("salon"), as_of=DEMO_DAY)
    result = declared(declared.request.model_validate(asked), facts)
    assert result.recommendations[0].measured_on in ("everyone", None)
    assert not result.proposals
    asked["experiments"][0]["treatment"] = "another"
    with pytest.raises(ToolInputError, match="has no arm"):
        declared(declared.request.model_validate(asked), facts)


def test_bad_requests_are_refused():
    with pytest.raises(ValidationError, match="not among the actions"):
        run(tests=[TESTS[0] | {"action": "other"}])
    with pytest.raises(ValidationError, match="more outcomes than units"):
        run(tests=[TESTS[0] | {"treated_outcomes": 4000}])
    with pytest.raises(ValidationError, match="own"):
        run(audiences=[AUDIENCES[0], AUDIENCES[0]])
    assert "no_holdout" in {caveat.code for caveat in run(tests=TESTS, holdout_share=0).caveats}


def test_the_same_request_gives_the_same_result_to_the_bit():
    assert run(tests=TESTS).model_dump_json() == run(tests=TESTS).model_dump_json()


@pytest.mark.parametrize("baseline", [1e-6, 0.999])
def test_a_baseline_at_the_end_of_what_is_allowed_still_sizes_a_test(baseline):
    assert run(actions=[{"name": "free", "baseline": baseline}]).proposals[0].people_per_arm > 0
    with pytest.raises(ValidationError):
        run(actions=[{"name": "free", "baseline": 1 - 1e-17 if baseline > 0.5 else 1e-300}])
