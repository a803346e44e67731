"""What it would mean if the decision were wrong: how likely that is, and what it is expected to cost. A description, never a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.contract import Basis, Figure, Unit
from tools.experiments._estimates import MetricEstimates
from tools.experiments._names import words_of
from tools.experiments._readout import Comparison
from tools.experiments._request import AnalyzeExperiment
from tools.experiments._verdict import Verdict

MODEL: Basis = "model"


@dataclass(frozen=True, slots=True)
class Risk:
    """Figures and the sentence that shows them."""

    figures: tuple[Figure, ...]
    sentence: str


def risk_of(request: AnalyzeExperiment, primary: MetricEstimates, rows: Sequence[Comparison], verdict: Verdict) -> Risk | None:
    """Of the arm that the decision is about; without one, of taking the arm that looks best now. None where there is no chance to win."""
    mine = [row for row in rows if row.role == "primary"]
    about = next((row for row in mine if row.arm == verdict.arm), None)
    row = about or max(mine, key=lambda one: primary.metric.sign * one.difference)
    if row.chance_to_win is None or row.expected_loss is None or row.expected_loss_of_control is None:
        return None
    back = verdict.decision.action == "roll_back"
    chance = row.chance_to_win if back else 1 - row.chance_to_win
    loss = row.expected_loss_of_control if back else row.expected_loss
    n, basis = primary.units[request.control] + primary.units[row.arm], MODEL
    what = {"ship": "shipping this arm", "roll_back": "rolling this arm back"}.get(verdict.decision.action, "taking this arm now")
    name, entity = primary.metric.name.replace("_", " "), f"arm: {row.arm}"
    figures = [
        _figure("wrong.chance", chance, "share", "chance_of_being_wrong", f"chance that {what} is wrong", entity, n, basis),
        _figure("wrong.cost", loss, "share", "cost_of_being_wrong", f"lift of {name} to be lost on average by {what}", entity, n, basis),
    ]
    sentence = f"The chance that {what} ({words_of(row.arm)}) is wrong is {{{{wrong.chance}}}}; "
    sentence += "the lift to be lost by it is {{wrong.cost}} on average"
    weekly = _per_week(request, primary, row, loss)
    if weekly is not None:
        unit: Unit = (
            "money" if primary.metric.currency else "count" if primary.metric.kind in ("conversion", "count", "retention") else "number"
        )
        label = f"{name} to be lost on average by {what}"
        figures.append(
            Figure(
                key="wrong.cost_per_week",
                value=round(weekly) if unit == "money" else weekly,
                unit=unit,
                metric="cost_of_being_wrong_per_week",
                label=label,
                entity=entity,
                denominator="week",
                n=n,
                basis=basis,
                currency=primary.metric.currency if unit == "money" else None,
            )
        )
        sentence += ", {{wrong.cost_per_week}} a week at the traffic of this test"
    return Risk(
        tuple(figures), f"{sentence}; this takes nothing as known before the test." if request.prior_deviation is None else f"{sentence}."
    )


def _per_week(request: AnalyzeExperiment, primary: MetricEstimates, row: Comparison, loss: float) -> float | None:
    if request.units_per_day is None or primary.metric.kind in ("ratio", "quantile"):
        return None
    return loss * abs(row.control_value) * request.units_per_day * 7


def _figure(key: str, value: float, unit: Unit, metric: str, label: str, entity: str, n: int, basis: Basis) -> Figure:
    return Figure(key=key, value=value, unit=unit, metric=metric, label=label, entity=entity, n=n, basis=basis)
