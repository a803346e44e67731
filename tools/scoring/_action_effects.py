"""Effects of actions by segment from every source a request names, those of one action pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from tools.contract import NotEnoughData, ToolInputError
from tools.methods.partial_pooling import pool

if TYPE_CHECKING:
    from tools.facts import Facts
    from tools.scoring.recommend_next_action import ActionCounts, ActionExperiment, RecommendNextAction

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Effect:
    """Per person: difference with and without the action, its error, and the rate without. Money outcomes in minor units."""

    action: str
    segment: str
    value: float
    error: float
    baseline: float
    units: int
    is_money: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Effects by action and segment, moved toward each action's mean; under `everyone` the effect where no own is known."""

    effects: dict[tuple[str, str], Effect]

    def of(self, action: str, segment: str) -> Effect | None:
        """The segment's own effect, else that on everyone."""
        return self.effects.get((action, segment)) or self.effects.get((action, EVERYONE))

    def has(self, action: str) -> bool:
        """Whether anything was measured of it."""
        return any(name == action for name, _ in self.effects)


def effects_of(request: RecommendNextAction, facts: Facts) -> Known:
    """All effects that the request brings. Raises ToolInputError when one action is given in two ways that contradict each other."""
    raw = [_from_counts(one) for one in request.tests]
    raw += [_from_experiment(one, request, facts) for one in request.experiments]
    names = {one.name for one in request.actions}
    for given in request.effects:
        if given.action not in names:
            raise ToolInputError(f"an effect is of {given.action!r}, which is not among the actions", field="effects", found=given.action)
        if given.error <= 0:
            raise ToolInputError(f"the effect of {given.action!r} has no standard error above zero", field="effects")
        raw.append(Effect(given.action, given.segment, given.effect, given.error, given.control_mean, given.units, given.is_money))
    found: dict[tuple[str, str], Effect] = {}
    for name in dict.fromkeys(one.action for one in raw):
        mine = [one for one in raw if one.action == name]
        if len({one.segment for one in mine}) != len(mine):
            raise ToolInputError(f"two effects of {name!r} are on the same people: give one of them", field="effects")
        if len({one.is_money for one in mine}) > 1:
            raise ToolInputError(f"effects of {name!r} are partly money and partly counts", field="effects")
        found |= _pooled(mine)
    return Known(found)


def _pooled(mine: list[Effect]) -> dict[tuple[str, str], Effect]:
    """Effects of one action: segments moved toward their mean; that mean stands for segments not tested, its own doubt widened."""
    parts = [one for one in mine if one.segment != EVERYONE]
    whole = [one for one in mine if one.segment == EVERYONE]
    if len(parts) < 2:
        return {(one.action, one.segment): one for one in mine}
    moved = pool(np.array([one.value for one in parts]), np.array([one.error for one in parts]))
    found = {
        (one.action, one.segment): Effect(one.action, one.segment, float(value), float(error), one.baseline, one.units, one.is_money)
        for one, value, error in zip(parts, moved.effects, moved.errors, strict=True)
    }
    error = float(np.hypot(moved.mean_error, moved.between))
    first = whole[0] if whole else parts[0]
    units = sum(one.units for one in parts)
    found[first.action, EVERYONE] = Effect(first.action, EVERYONE, moved.mean, error, first.baseline, units, first.is_money)
    return found


def _from_counts(one: ActionCounts) -> Effect:
    """Difference of two rates; half an outcome of each kind added for the error, so that it is never nought (Agresti and Caffo 2000)."""
    p, q = (one.treated_outcomes + 0.5) / (one.treated + 1), (one.control_outcomes + 0.5) / (one.control + 1)
    error = float(np.sqrt(p * (1 - p) / (one.treated + 1) + q * (1 - q) / (one.control + 1)))
    value = one.treated_outcomes / one.treated - one.control_outcomes / one.control
    return Effect(one.action, one.segment, value, error, one.control_outcomes / one.control, one.treated + one.control, False)


def _from_experiment(one: ActionExperiment, request: RecommendNextAction, facts: Facts) -> Effect:
    """The read-out's effect, when its gates let it be read."""
    from tools.experiments._request import AnalyzeExperiment
    from tools.experiments.analyze_experiment import ExperimentReadout, analyze_experiment

    money = one.outcome.of == "value"
    kind = "conversion" if one.outcome.of == "any" else "mean"
    metric = {"name": "outcome", "kind": kind, "outcome": one.outcome, "currency": facts.currency if money else None}
    asked = AnalyzeExperiment.model_validate(
        {
            "as_of": request.as_of,
            "experiment": one.experiment,
            "control": one.control,
            "metrics": [metric],
            "window_days": one.window_days,
            "method": "fixed",
        }
    )
    read = cast(ExperimentReadout, analyze_experiment(asked, facts))
    found = next((row for row in read.comparisons if row.arm == one.treatment), None)
    if found is None:
        raise ToolInputError(
            f"the experiment {one.experiment!r} has no arm {one.treatment!r}",
            field="experiments",
            found=", ".join(sorted({row.arm for row in read.comparisons})),
        )
    failed = [gate.name for gate in read.gates if gate.status == "failed"]
    if failed or not found.standard_error > 0:
        raise NotEnoughData(
            f"the experiment {one.experiment!r} shows no effect that can be read: {', '.join(failed) or 'every unit has the same outcome'}",
            field="experiments",
            needed="an experiment whose gates hold and whose outcomes differ",
        )
    return Effect(one.action, EVERYONE, found.difference, found.standard_error, found.control_value, read.units_analysed, money)
