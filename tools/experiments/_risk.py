"""What it would mean if the decision were wrong: how likely that is, and what it is expected to cost. A description, never a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tools.contract import Figure, Unit
from tools.experiments._estimates import MetricEstimates
from tools.experiments._names import words_of
from tools.experiments._readout import Comparison
from tools.experiments._request import AnalyzeExperiment
from tools.experiments._verdict import Verdict

SMALLEST = 1e-4  # a model's chance below this says more of the model than of the world: it is shown as at most this


@dataclass(frozen=True, slots=True)
class Risk:
    """Figures and the sentence that shows them."""

    figures: tuple[Figure, ...]
    sentence: str


def risk_of(request: AnalyzeExperiment, primary: MetricEstimates, rows: Sequence[Comparison], verdict: Verdict) -> Risk | None:
    """Of the arm that the decision is about; without one, of taking the arm that looks best now.

    None where there is no chance to win, and where a guardrail decided: the primary metric then says nothing of being wrong.
    """
    metric, action = primary.metric, verdict.decision.action
    mine = [row for row in rows if row.role == "primary"]
    about = next((row for row in mine if row.arm == verdict.arm), None)
    row = about or max(mine, key=lambda one: metric.sign * one.difference)
    if row.chance_to_win is None or row.expected_loss is None or row.expected_loss_of_control is None:
        return None
    if action == "roll_back" and row.state != "worse":
        return None
    chance, loss = (
        (row.chance_to_win, row.expected_loss_of_control) if action == "roll_back" else (1 - row.chance_to_win, row.expected_loss)
    )
    what = {"ship": "shipping this arm", "roll_back": "rolling this arm back"}.get(action, "taking this arm now")
    at_most = "at most " if min(chance, loss) < SMALLEST else ""
    name = metric.name.replace("_", " ")
    shared: dict[str, Any] = {"entity": f"arm: {row.arm}", "n": primary.units[request.control] + primary.units[row.arm], "basis": "model"}
    said = {
        "wrong.chance": ("chance_of_being_wrong", max(chance, SMALLEST), f"chance, {at_most or 'about '}this, that {what} is wrong"),
        "wrong.cost": (
            "cost_of_being_wrong",
            max(loss, SMALLEST),
            f"lift of {name} to be lost on average by {what}, {at_most or 'about '}this",
        ),
    }
    figures = [Figure(key=key, metric=of, value=value, unit="share", label=label, **shared) for key, (of, value, label) in said.items()]
    sentence = f"The chance that {what} ({words_of(row.arm)}) is wrong is {at_most}{{{{wrong.chance}}}}; "
    sentence += f"the lift to be lost by it is {at_most}{{{{wrong.cost}}}} on average"
    if request.units_per_day is not None and metric.kind not in ("ratio", "quantile"):
        weekly = max(loss, SMALLEST) * abs(row.control_value) * request.units_per_day * 7
        unit: Unit = "money" if metric.currency else "number" if metric.kind == "mean" else "count"
        figures.append(
            Figure(
                key="wrong.cost_per_week",
                value=ceil(weekly) if unit == "money" else weekly,
                unit=unit,
                currency=metric.currency if unit == "money" else None,
                metric="cost_of_being_wrong_per_week",
                label=f"{name} to be lost on average by {what}, {at_most or 'about '}this",
                denominator="week",
                **shared,
            )
        )
        sentence += ", {{wrong.cost_per_week}} a week at the traffic of this test"
    known = "" if request.prior_deviation is not None else "; this takes nothing as known before the test"
    return Risk(tuple(figures), f"{sentence}{known}.")
