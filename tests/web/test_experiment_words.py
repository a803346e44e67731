"""What an experiment's pages say and draw: numbers as people type them, gates, and the chart of its looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from grounding.evidence import Locale
from store.experiment_looks import Look, Reading
from store.experiments import Experiment
from tools.contract import ToolInputError
from web import fields, gates, look_chart, plan_form

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
METRIC = {
    "name": "booking_rate",
    "kind": "conversion",
    "role": "primary",
    "direction": "increase",
    "threshold": 0.0,
    "minimum_effect": 0.15,
    "margin": 0.02,
}


def reading(number, low, high, *, decision="keep_running", arm="short", gate="sound", guard=None, units=1000, metric="booking_rate"):
    row = {
        "metric": metric,
        "arm": arm,
        "lift": (low + high) / 2,
        "lift_low": low,
        "lift_high": high,
        "level": 0.95,
        "state": "unclear",
        "guardrail": guard,
        "difference": 0.0,
        "difference_low": None,
        "difference_high": None,
    }
    named = [{"name": "sample_ratio", "status": gate}, {"name": "minimum_sample", "status": "sound"}]
    return Reading(number, START + timedelta(days=number), units, decision, f"ev_{number}", "anytime", [row], named)


def experiment(metrics=(METRIC,), **changes):
    plan = {"metrics": list(metrics), "analysis": {"planned_units": 2000}}
    given = {
        "id": "xp_1",
        "workspace_id": "ws_1",
        "client_id": "cl_1",
        "name": "short form",
        "status": "active",
        "salt": "xp_1",
        "plan": plan,
        "requests": None,
        "revision": 1,
        "registered": {},
        "hash": "0" * 64,
        "registered_at": START,
        "layer": None,
        "enrolment": None,
        "invalidated_at": None,
        "outcome": None,
        "created_at": START,
        "ended_at": None,
        "looks": 0,
    }
    return Experiment(**(given | changes))


def stands(*arguments, days=3, **named):
    found = gates.gates(*arguments, now=START + timedelta(days=days), count=str, **named)
    return {gate.name: (gate.state, gate.sentence) for gate in found}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("20 000", 20000),
        ("20,000", 20000),
        ("1,234,567", 1234567),
        ("1.5", 1.5),
        ("1,5", 1.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("0,125", 0.125),
        ("15%", 15),
        ("-3", -3),
        ("", None),
    ],
)
def test_numbers_are_read_as_people_type_them(typed, number):
    assert fields.decimal({"n": typed}, "n", "the number") == number


@pytest.mark.parametrize("typed", ["a lot", "1e400", "nan", "inf", "1,2,3", "--1"])
def test_what_is_no_number_is_refused_in_the_words_of_the_form(typed):
    with pytest.raises(ToolInputError, match="the planned units"):
        fields.decimal({"n": typed}, "n", "the planned units")


def test_a_plan_comes_back_from_its_form_as_it_was():
    from graphs.experiment_plan import kept, read_plan
    from tests.graphs.experiment_plans import plan

    metrics = [
        {
            "name": "visits",
            "kind": "ratio",
            "role": "secondary",
            "outcome": {"event": "visit", "of": "count"},
            "denominator": {"event": "session"},
        },
        {"name": "booking_rate", "minimum_effect": 0.15, "before_days": 7, "outcome": {"event": "booking"}},
    ]
    arms = [{"arm": "short", "weight": 2}, {"arm": "old"}]
    before = kept(
        read_plan(plan(metrics=metrics, arms=arms, control="old", layer="checkout", analysis={"planned_units": 4000, "spending": "pocock"}))
    )
    again = plan_form.plan_of(plan_form.fields(before), before, Locale())
    assert kept(read_plan({**before, **again})) == before | {"analysis": {**before["analysis"], "method": "anytime", "level": 0.95}}


def test_gates_before_anybody_has_looked():
    said = stands(experiment(), None, [])
    assert {state for state, _ in said.values()} == {"not_yet"}
    assert said["Sample ratio"] == ("not_yet", "Nobody has looked at the split yet.")


def test_gates_after_a_look():
    said = stands(experiment(), reading(1, -0.1, 0.4), [])
    assert said["Sample ratio"][0] == "kept"
    assert said["Enough units"] == (
        "not_yet",
        "1000 of 2000 planned units are in and through their window. An always-valid read-out may decide sooner.",
    )
    assert said["Duration"] == ("not_yet", "It ran for 3 days since its registration; 14 let each arm see every weekday twice.")
    later = stands(experiment(), reading(1, -0.1, 0.4, units=2000), [], days=14)
    assert (later["Enough units"][0], later["Duration"][0]) == ("kept", "kept")


def test_a_later_check_of_the_split_goes_before_an_earlier_read_out():
    check = Look(2, "check_sample_ratio", "ev_2", "stop", 1000, 1, "ann", START)
    said = stands(experiment(), reading(1, -0.1, 0.4), [check])
    assert said["Sample ratio"] == ("not_kept", "Units did not go to the arms in the planned shares: no effect can be read.")


@pytest.mark.parametrize(("guard", "state"), [("holds", "kept"), ("open", "not_yet"), ("harmed", "not_kept")])
def test_a_guardrail_is_kept_not_kept_or_not_yet(guard, state):
    guarded = METRIC | {"name": "refunds", "role": "guardrail"}
    said = stands(experiment((METRIC, guarded)), reading(1, -0.1, 0.1, guard=guard, metric="refunds"), [])
    assert said["Guardrail: refunds"][0] == state


def test_the_chart_shows_every_look_and_the_lines_that_decide():
    found = look_chart.points(METRIC, [reading(1, -2.0, 3.0), reading(2, -0.05, 0.4), reading(3, -0.6, 0.9, decision="invalid")])
    assert [point.look for point in found] == [1, 2], "an invalid look shows no effect"
    drawn = look_chart.chart(METRIC, found, Locale(), "anytime")
    assert [row["high"] for row in drawn["data"]["values"]] == [3.0, 0.4]
    lines = [layer["data"]["values"][0]["y"] for layer in drawn["layer"] if layer["mark"]["type"] == "rule" and "data" in layer]
    assert lines == [0.0, 0.15]
    assert "always-valid" in drawn["title"]["text"]
    assert "cut off" in drawn["title"]["subtitle"]
    assert drawn["layer"][0]["encoding"]["y"]["scale"]["domain"] == pytest.approx([-0.64, 0.64])


def test_where_less_is_better_the_lines_lie_below():
    metric = METRIC | {"direction": "decrease"}
    assert look_chart.boundaries(metric, lifts=True)[-1][1] == -0.15
    guardrail = METRIC | {"role": "guardrail", "margin": 0.1}
    assert [value for _, value, _ in look_chart.boundaries(guardrail, lifts=True)] == [0.0, -0.1]


def test_where_the_control_is_zero_the_difference_is_drawn():
    look = reading(1, 0.0, 0.0)
    look.comparisons[0].update(lift=None, lift_low=None, lift_high=None, difference=0.02, difference_low=0.01, difference_high=0.03)
    [point] = look_chart.points(METRIC, [look])
    assert (point.effect.unit, point.low, point.high) == ("points", 0.01, 0.03)
    drawn = look_chart.chart(METRIC, [point], Locale(), "anytime")
    assert drawn["layer"][0]["encoding"]["y"]["title"] == "difference from the control"
