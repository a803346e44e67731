"""Health scores as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tools.contract import Caveat, Column, Decision, Figure, Interval, Table
from tools.methods.channel_names import joined
from tools.methods.charts import BLUE, spec
from tools.scoring._columns import Floats
from tools.scoring._ranking import Z

if TYPE_CHECKING:
    from tools.scoring.score_health import Checked, CustomerHealth, DimensionHealth

BAND = {"healthy": "healthy", "to_watch": "to watch", "at_risk": "at risk"}


class HealthReport(NamedTuple):
    """What is told of health scores. `bands` are healthy, to watch, at risk, a mark per customer."""

    health: Floats
    bands: tuple[np.ndarray, np.ndarray, np.ndarray]
    dimensions: tuple[DimensionHealth, ...]
    absent: tuple[str, ...]
    checked: Checked | None
    listed: tuple[CustomerHealth, ...]


def figures_of(report: HealthReport) -> tuple[Figure, ...]:
    """Customers, mean health with its interval, bands, dimensions with their weights, and the check."""
    known = report.health[~np.isnan(report.health)]
    mean = float(known.mean()) if len(known) else 0.0
    error = float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else 0.0
    between = Interval(low=max(0.0, mean - Z * error), high=min(100.0, mean + Z * error))
    made = [
        Figure(key="customers", value=len(known), unit="count", metric="customers", label="customers scored", basis="observed"),
        Figure(
            key="mean_health", value=mean, unit="score", metric="health", label="mean health", interval=between, n=len(known), basis="model"
        ),
    ]
    for name, inside in zip(BAND, report.bands, strict=True):
        label = f"customers {BAND[name]}" if name != "healthy" else "healthy customers"
        made.append(
            Figure(
                key=f"{name}.customers",
                value=int(inside.sum()),
                unit="count",
                metric="customers",
                label=label,
                entity=f"band: {BAND[name]}",
                basis="model",
            )
        )
    for one in report.dimensions:
        about: dict[str, Any] = {"entity": f"dimension: {one.dimension}", "n": one.known}
        made.append(
            Figure(
                key=f"{one.dimension}.weight",
                value=one.weight,
                unit="share",
                metric="weight",
                label=f"weight of {one.dimension} in the score",
                denominator="the whole score",
                basis="stated",
                **about,
            )
        )
        if one.mean is not None:
            made.append(
                Figure(
                    key=f"{one.dimension}.score",
                    value=one.mean,
                    unit="score",
                    metric="health",
                    label=f"mean {one.dimension} score",
                    basis="model",
                    **about,
                )
            )
        if one.auc is not None:
            label = f"how well {one.dimension} alone tells apart those who left"
            made.append(
                Figure(key=f"{one.dimension}.auc", value=one.auc, unit="number", metric="auc", label=label, basis="observed", **about)
            )
    checked = report.checked
    if checked is not None:
        area = Interval(low=checked.low, high=checked.high)
        made += [
            Figure(
                key="checked.customers",
                value=checked.customers,
                unit="count",
                metric="customers",
                label="customers with a known outcome",
                basis="observed",
            ),
            Figure(
                key="checked.left",
                value=checked.left,
                unit="count",
                metric="leavers",
                label="customers of these who left",
                basis="observed",
            ),
            Figure(
                key="checked.auc",
                value=checked.auc,
                unit="number",
                metric="auc",
                label="how well the score tells apart those who left",
                interval=area,
                n=checked.customers,
                basis="observed",
            ),
        ]
        for name, (rate, low, high, customers) in checked.rates.items():
            made.append(
                Figure(
                    key=f"{name}.left",
                    value=rate,
                    unit="share",
                    metric="churn_rate",
                    label=f"rate that left of those {BAND[name]}",
                    denominator="customers",
                    n=customers,
                    interval=Interval(low=min(low, rate), high=max(high, rate)),
                    entity=f"band: {BAND[name]}",
                    basis="observed",
                )
            )
    return tuple(made)


def findings_of(report: HealthReport) -> tuple[str, ...]:
    """What a person is told first."""
    said = ["{{customers}} customers have a mean health of {{mean_health}}; {{at_risk.customers}} of them are at risk."]
    weighed = joined([f"{one.dimension} {{{{{one.dimension}.weight}}}}" for one in report.dimensions])
    said.append(f"Weights as stated: {weighed}.")
    if report.checked is not None:
        said.append("Held against who left, the score has an area under the curve of {{checked.auc}}.")
        if {"at_risk", "healthy"} <= set(report.checked.rates):
            said.append("Of those at risk {{at_risk.left}} left, of the healthy {{healthy.left}}.")
    return tuple(said)


def caveats_of(report: HealthReport) -> tuple[Caveat, ...]:
    """The limits of the score."""
    found = []
    checked = report.checked
    if checked is None:
        text = "The score was not held against who left: it is a stated rule, and nothing shows that it foretells anything."
        found.append(Caveat(code="not_checked", text=text, insist=True, signs=("not held against", "not checked", "stated rule")))
    elif checked.low <= 0.5:
        text = "Held against who left, the score does not tell them apart better than chance."
        found.append(Caveat(code="does_not_foretell", text=text, insist=True, signs=("better than chance", "does not foretell")))
    if report.absent:
        found.append(
            Caveat(code="absent_dimensions", text=f"There is no signal of {joined(list(report.absent))}: the score leaves it out.")
        )
    worse = [one.dimension for one in report.dimensions if one.auc is not None and one.auc < 0.45]
    if worse:
        found.append(
            Caveat(
                code="points_the_wrong_way", text=f"Those who left scored higher, not lower, in {joined(list(worse))}: look at its signals."
            )
        )
    found.append(Caveat(code="stated_weights", text="The weights are stated and were not learned from outcomes."))
    return tuple(found)


def decision_of(report: HealthReport) -> Decision:
    """What to do with the score."""
    checked = report.checked
    if checked is not None and checked.low <= 0.5:
        return Decision(
            action="do_not_rely", reason="The score does not tell apart those who leave: its area under the curve is {{checked.auc|range}}."
        )
    if checked is not None:
        return Decision(action="look_after_at_risk", reason="Those at risk come first: {{at_risk.customers}} customers.")
    return Decision(action="check_first", reason="Hold the score against who leaves before relying on it.")


def table_of(report: HealthReport) -> Table:
    """The least healthy customers."""
    names = [one.dimension for one in report.dimensions]
    columns = (
        Column(name="customer", label="customer"),
        Column(name="health", label="health", unit="score"),
        *(Column(name=name, label=name, unit="score") for name in names),
    )
    rows = tuple(
        (one.customer, round(one.health, 4), *(None if name not in one.dimensions else round(one.dimensions[name], 4) for name in names))
        for one in report.listed[:50]
    )
    return Table(title="The least healthy customers", columns=columns, rows=rows)


def chart_of(report: HealthReport) -> dict[str, Any]:
    """How many customers have which health."""
    counts, edges = np.histogram(report.health[~np.isnan(report.health)], bins=20, range=(0, 100))
    rows = [{"from": float(a), "to": float(b), "customers": int(count)} for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True)]
    x = {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": "health"}
    encoding = {"x": x, "x2": {"field": "to"}, "y": {"field": "customers", "type": "quantitative", "title": "customers"}}
    return spec("Customers by health", rows, mark={"type": "bar", "color": BLUE}, encoding=encoding)
