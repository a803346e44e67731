"""What to do: ship, roll back, keep running, inconclusive or invalid, in one sentence, and what that may cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from tools.contract import Decision
from tools.experiments._estimates import MetricEstimates
from tools.experiments._gates import Gates
from tools.experiments._names import key_of, words_of
from tools.experiments._reading import Reader, Reading, State
from tools.experiments._request import AnalyzeExperiment, Metric

Action = Literal["ship", "roll_back", "keep_running", "inconclusive", "invalid"]
Guard = Literal["holds", "harmed", "open"]

POWER = 0.8

WHY_INVALID = {
    "sample_ratio": "units did not go to the arms in the planned shares",
    "sample_ratio_of_parts": "within a part of the audience units did not go to the arms in the planned shares",
    "exposure_balance": "the arms lost units at different rates before the analysis",
    "crossed_units": "too many units saw more than one arm",
    "before_the_test": "the arms already differed before the test",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, the arm it is about, and what is left of the plan."""

    decision: Decision
    arm: str | None
    days_left: int | None
    needed: int | None
    bounded: bool = False


def guard_of(reader: Reader, reading: Reading, metric: Metric) -> Guard:
    """Non-inferiority: holds when a worsening beyond the margin is ruled out, harmed when it is shown."""
    above, below = reader.clears(reading, metric.sign, -metric.margin)
    return "holds" if above else "harmed" if below else "open"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the primary metric and the guardrails stand, per arm; `ruled_out`: no arm can still reach the smallest effect worth finding.

    `needed`: units in all arms that the smallest effect worth finding takes, by this test's own variance.
    """

    primary: MetricEstimates
    readings: Mapping[str, Reading]
    states: Mapping[str, State]
    guards: Mapping[tuple[str, str], Guard]
    ruled_out: bool
    needed: int | None = None

    @property
    def harmed(self) -> dict[str, str]:
        """Arm to the guardrail that it harms."""
        return {arm: name for (name, arm), guard in sorted(self.guards.items(), reverse=True) if guard == "harmed"}

    @property
    def best(self) -> str | None:
        """Of the better arms that harm nothing, the one with the largest effect."""
        winners = [arm for arm, state in self.states.items() if state == "better" and arm not in self.harmed]
        return max(winners, key=lambda arm: self.primary.metric.sign * self.readings[arm].effect.difference, default=None)

    def slot(self, metric: str, arm: str) -> str:
        """The lift of an arm, or its plain effect where the control is zero."""
        return f"{{{{{key_of(metric)}.{key_of(arm)}.{'lift' if self.readings[arm].effect.lift is not None else 'effect'}}}}}"


def judge(request: AnalyzeExperiment, gates: Gates, now: Standing) -> Verdict:
    """The first rule that applies decides: validity, sample, guardrails, the primary metric, time."""
    units = sum(now.primary.units.values())
    left = max(0, request.planned_units - units) if request.planned_units else None
    needed = None if request.planned_units else now.needed
    days = _days(request, gates, max(0, needed - units) if needed else left)
    action, reason, arm = _rule(request, gates, now, left, " About {{days_left}} are left." if days else "")
    bounded = arm is not None and now.readings[arm].lift_low is not None and now.readings[arm].lift_high is not None
    return Verdict(Decision(action=action, reason=reason), arm, days if action == "keep_running" else None, needed, bounded)


def _days(request: AnalyzeExperiment, gates: Gates, left: int | None) -> int | None:
    """Days until as many units are in: those who still have to enter, and then the wait for their windows, where windows are open."""
    if not left or request.units_per_day is None:
        return None
    wait = request.window_days if any(arm.open_units for arm in request.arms) else 0
    return ceil(max(0, left - (gates.units_open if wait else 0)) / request.units_per_day) + wait


def _rule(request: AnalyzeExperiment, gates: Gates, now: Standing, left: int | None, wait: str) -> tuple[Action, str, str | None]:
    running, metric = left is None or left > 0, words_of(now.primary.metric.name)
    if gates.invalid:
        reasons = " and ".join(WHY_INVALID[gate.name] for gate in gates.invalid)
        return "invalid", f"No effect can be read: {reasons}. Find the cause and start again.", None
    if gates.of("minimum_sample").status == "failed":
        if running:
            return "keep_running", f"It is too early: an arm has less than the minimum sample.{wait}", None
        return "inconclusive", "The test ended below the minimum sample, so nothing can be decided from it.", None
    if request.method == "fixed" and left:
        return "keep_running", f"The plan is to read the test once, at {{{{planned_units}}}}: until then nothing is decided.{wait}", None
    if now.best is None and all(arm in now.harmed or state == "worse" for arm, state in now.states.items()):
        return _back(gates, now, metric)
    if now.best is not None:
        return _forward(request, gates, now, now.best, running, wait)
    if now.ruled_out:
        return "inconclusive", "An effect as large as the smallest worth finding is ruled out: more time would not change this.", None
    if running:
        return "keep_running", f"Neither better nor worse is shown yet on {metric}.{wait}", None
    return "inconclusive", f"The planned sample is in and neither better nor worse is shown on {metric}.", None


def _back(gates: Gates, now: Standing, metric: str) -> tuple[Action, str, str | None]:
    worst = min(now.states, key=lambda arm: now.primary.metric.sign * now.readings[arm].effect.difference)
    doubt = _doubt(gates)
    if worst in now.harmed:
        name = now.harmed[worst]
        return "roll_back", f"{_start(name)} gets worse by more than its margin with {words_of(worst)}.{doubt}", worst
    slot = now.slot(now.primary.metric.name, worst)
    return "roll_back", f"{_start(worst)} is worse than the control on {metric} ({slot}).{doubt}", worst


def _doubt(gates: Gates) -> str:
    return " Clear up the doubtful gates first." if gates.doubtful else ""


def _start(name: str) -> str:
    """A name at the start of a sentence."""
    words = words_of(name)
    return words[:1].upper() + words[1:]


def _forward(
    request: AnalyzeExperiment, gates: Gates, now: Standing, best: str, running: bool, wait: str
) -> tuple[Action, str, str | None]:
    metric, slot = words_of(now.primary.metric.name), now.slot(now.primary.metric.name, best)
    waiting = sorted(name for (name, arm), guard in now.guards.items() if arm == best and guard == "open")
    if waiting:
        said = f"{_start(best)} is better ({slot}), but {words_of(waiting[0])} could still be worse than its margin."
        return ("keep_running", said + wait, best) if running else ("inconclusive", said, best)
    clears = "clears the threshold" if now.primary.metric.threshold else "is better than the control"
    return "ship", f"{_start(best)} {clears} on {metric} ({slot}), by the method fixed in advance.{_doubt(gates)}", best


def units_needed(request: AnalyzeExperiment, reader: Reader, readings: Sequence[Reading], metric: Metric) -> int | None:
    """Units in all arms at which the smallest effect worth finding is found in four of five tests, by the variance seen so far.

    The observed effect does not enter. None when the plan does not say what is worth finding.
    """
    from tools.methods.read_outs import DAILY, inflation
    from tools.methods.sample_size import noncentrality

    if metric.minimum_effect is None or request.planned_units is not None:
        return None
    found = []
    for reading in readings:
        worth = metric.minimum_effect * abs(reading.effect.control.raw)
        if worth <= 0 or reading.effect.error <= 0:
            return None
        reach = noncentrality(reader.alpha, POWER) * inflation(request.method, reader.alpha, POWER, DAILY) ** 0.5
        found.append(reading.effect.n * (reading.effect.error * reach / worth) ** 2)
    return ceil(max(found) * reader.arms / 2) if found else None


def rules_out(reader: Reader, readings: Sequence[Reading], metric: Metric) -> bool:
    """Whether every arm's interval lies below the smallest effect worth finding."""
    effect = metric.minimum_effect
    return effect is not None and bool(readings) and all(reader.clears(reading, metric.sign, effect)[1] for reading in readings)
