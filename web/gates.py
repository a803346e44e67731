"""What has to hold before an experiment is decided, as plain sentences: kept, not kept, not yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from store.experiment_looks import Look, Reading
from store.experiments import Experiment
from tools.experiments._plan import FEWEST_WEEKS

State = Literal["kept", "doubtful", "not_kept", "not_yet"]
FEWEST_DAYS = 7 * FEWEST_WEEKS

SPLIT = {
    "sound": "Units went to the arms in the planned shares.",
    "doubtful": "The split is hard to reconcile with the planned shares: look for a cause before anything is decided.",
    "failed": "Units did not go to the arms in the planned shares: no effect can be read.",
}
RATIO_SAYS = {"go_on": "sound", "investigate": "doubtful", "stop": "failed"}
STATES: dict[str, State] = {"sound": "kept", "doubtful": "doubtful", "failed": "not_kept"}

OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "sample_ratio_of_parts": (
        "Split within parts of the audience",
        {
            "sound": "Within each part of the audience units went to the arms as planned.",
            "doubtful": "Within a part of the audience the split is hard to reconcile with the plan.",
            "failed": "Within a part of the audience units did not go to the arms as planned.",
        },
    ),
    "exposure_balance": (
        "Units lost",
        {
            "sound": "The arms lost units at like rates between assignment and analysis.",
            "doubtful": "The arms lost units at somewhat different rates.",
            "failed": "The arms lost units at different rates before the analysis.",
        },
    ),
    "crossed_units": (
        "One arm per unit",
        {
            "sound": "Hardly any unit saw more than one arm.",
            "doubtful": "Some units saw more than one arm; they are left out.",
            "failed": "Too many units saw more than one arm.",
        },
    ),
    "before_the_test": (
        "Alike before the test",
        {
            "sound": "The arms were alike before the test.",
            "doubtful": "The arms differed somewhat before the test: the effect may be that difference.",
            "failed": "The arms already differed before the test.",
        },
    ),
    "novelty": (
        "No wearing off",
        {
            "sound": "The effect on those who entered first agrees with the effect on the rest.",
            "doubtful": "The effect on those who entered first differs from the effect on the rest: it may wear off.",
        },
    ),
}

GUARDS: dict[str, tuple[State, str]] = {
    "holds": ("kept", "a worsening beyond its margin is ruled out"),
    "open": ("not_yet", "it could still be worse than its margin"),
    "harmed": ("not_kept", "it got worse by more than its margin"),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition and how it stands."""

    name: str
    state: State
    sentence: str


def gates(
    experiment: Experiment, reading: Reading | None, looks: Sequence[Look], now: datetime, count: Callable[[float], str]
) -> list[Gate]:
    """Every gate, as the last looks left it. `count` writes a number as the client reads it."""
    plan = experiment.plan
    found = [_split(reading, looks), *_enough(experiment, reading, count), _duration(experiment, now, count)]
    found += [_guardrail(metric["name"], reading) for metric in plan["metrics"] if metric["role"] == "guardrail"]
    for gate in reading.gates if reading else ():
        if gate["name"] in OTHERS and gate["status"] in STATES:
            name, said = OTHERS[gate["name"]]
            found.append(Gate(name, STATES[gate["status"]], said[gate["status"]]))
    return found


def _split(reading: Reading | None, looks: Sequence[Look]) -> Gate:
    """By the newest look that says anything of it."""
    last = next((look for look in reversed(looks) if look.tool == "check_sample_ratio"), None)
    if last is not None and (reading is None or last.number > reading.number):
        status = RATIO_SAYS[last.decision]
    elif reading is not None:
        status = _status(reading, "sample_ratio")
    else:
        return Gate("Sample ratio", "not_yet", "Nobody has looked at the split yet.")
    return Gate("Sample ratio", STATES[status], SPLIT[status])


def _status(reading: Reading, name: str) -> str:
    return next(str(gate["status"]) for gate in reading.gates if gate["name"] == name)


def _enough(experiment: Experiment, reading: Reading | None, count: Callable[[float], str]) -> list[Gate]:
    planned = experiment.plan["analysis"].get("planned_units")
    if reading is None:
        return [Gate("Enough units", "not_yet", "Nobody has read the experiment out yet.")]
    found = []
    if _status(reading, "minimum_sample") == "sound":
        found.append(Gate("Smallest sample", "kept", "Every arm has the smallest sample from which an effect is read."))
    else:
        found.append(Gate("Smallest sample", "not_yet", "An arm has less than the smallest sample from which an effect is read."))
    if planned:
        full = reading.units >= planned
        said = f"{count(reading.units)} of {count(planned)} planned units are in" + ("." if full else " and through their window.")
        if not full and reading.method == "anytime":
            said += " An always-valid read-out may decide sooner."
        found.append(Gate("Enough units", "kept" if full else "not_yet", said))
    return found


def _duration(experiment: Experiment, now: datetime, count: Callable[[float], str]) -> Gate:
    if experiment.registered_at is None:
        return Gate("Duration", "not_yet", "The experiment has not started.")
    days = ((experiment.ended_at or now) - experiment.registered_at).days
    ran = f"It ran for {count(days)} day{'' if days == 1 else 's'} since its registration"
    if days >= FEWEST_DAYS:
        return Gate("Duration", "kept", f"{ran}: each arm saw every weekday at least twice.")
    return Gate("Duration", "not_yet", f"{ran}; {count(FEWEST_DAYS)} let each arm see every weekday twice.")


def _guardrail(name: str, reading: Reading | None) -> Gate:
    """Of several arms the one that stands worst."""
    title = f"Guardrail: {name.replace('_', ' ')}"
    rows: list[dict[str, Any]] = [row for row in reading.comparisons if row["metric"] == name] if reading else []
    stands = [row["guardrail"] for row in rows if row["guardrail"] in GUARDS]
    if reading is None or reading.decision == "invalid" or not stands:
        return Gate(title, "not_yet", "No look has shown it yet.")
    worst = next(state for state in ("harmed", "open", "holds") if state in stands)
    state, said = GUARDS[worst]
    return Gate(title, state, f"{said[:1].upper()}{said[1:]}.")
