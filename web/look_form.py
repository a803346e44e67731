"""The sums of a look, for plans that read no tables: a field per arm where a metric is simple, JSON for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphs.experiment_plan import ExperimentPlan
from graphs.looking import Sums, read_sums
from tools.contract import ToolInputError
from web.fields import decimal, whole

MEASURES = {
    "conversion": (("units", "Units"), ("conversions", "Of these, converted")),
    "retention": (("units", "Units"), ("conversions", "Of these, came back")),
    "count": (("units", "Units"), ("sum", "Sum"), ("sum_of_squares", "Sum of squares")),
    "mean": (("units", "Units"), ("sum", "Sum"), ("sum_of_squares", "Sum of squares")),
}
WHOLE = frozenset({"units", "conversions"})


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of the form, with what is typed for each arm."""

    number: int
    metric: str
    measures: tuple[tuple[str, str], ...]


def rows(plan: ExperimentPlan) -> tuple[Row, ...]:
    """The metrics of the form; none when a metric needs more than a few fields, and the sums are given as JSON."""
    simple = not plan.strata and all(metric.kind in MEASURES and not metric.before_days for metric in plan.metrics)
    if not simple:
        return ()
    return tuple(Row(number, metric.name, MEASURES[metric.kind]) for number, metric in enumerate(plan.metrics))


def read(plan: ExperimentPlan, said: Mapping[str, str]) -> Sums:
    """The sums that were typed. Raises ToolInputError."""
    typed = said.get("sums", "").strip()
    if typed:
        try:
            raw = json.loads(typed)
        except ValueError as error:
            raise ToolInputError("the sums are not JSON: an object with `metrics` and `assigned`", field="sums") from error
        if not isinstance(raw, dict):
            raise ToolInputError("the sums are a JSON object with `metrics` and `assigned`", field="sums")
        return read_sums(raw)
    arms = [arm.arm for arm in plan.arms]
    assigned = {arm: whole(said, f"assigned.{place}", f"units assigned to {arm}") for place, arm in enumerate(arms)}
    made: dict[str, Any] = {"assigned": {arm: units for arm, units in assigned.items() if units is not None}, "metrics": {}}
    if said.get("kind") != "sample_ratio":
        for row in rows(plan):
            made["metrics"][row.metric] = [_totals(said, row, place, arm) for place, arm in enumerate(arms)]
    return read_sums(made)


def _totals(said: Mapping[str, str], row: Row, place: int, arm: str) -> dict[str, Any]:
    totals: dict[str, Any] = {"arm": arm}
    for name, words in row.measures:
        field, called = f"sums.{row.number}.{place}.{name}", f"{words.lower()} of {arm} for {row.metric.replace('_', ' ')}"
        totals[name] = whole(said, field, called) if name in WHOLE else decimal(said, field, called)
        if totals[name] is None:
            raise ToolInputError(f"{called} are missing", field="sums")
    return totals
