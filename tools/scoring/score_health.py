"""How healthy each customer relation is, in five dimensions, and whether the score foretells who leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple

import numpy as np
from pydantic import ConfigDict, Field

from tools.contract import Frozen, NotEnoughData, Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.fixed_horizon import wilson
from tools.scoring._columns import Floats
from tools.scoring._health_report import HealthReport, caveats_of, chart_of, decision_of, figures_of, findings_of, table_of
from tools.scoring._health_signals import DIMENSIONS, Customers, Dimension, Signal, from_columns, from_tables
from tools.scoring._labelled import FEWEST_OF_OUTCOME, Rows
from tools.scoring._ranking import Z, auc_of

FEWEST = 20  # customers under which a rank among them says little
Band = Literal["healthy", "to_watch", "at_risk"]
BANDS: tuple[Band, ...] = ("healthy", "to_watch", "at_risk")


class Weights(Frozen):
    """Weight of each dimension in the whole; those of dimensions without a signal fall away."""

    engagement: float = choice("number", "weight of engagement", default=1.0, ge=0, le=1000)
    satisfaction: float = choice("number", "weight of satisfaction", default=1.0, ge=0, le=1000)
    usage: float = choice("number", "weight of usage", default=1.0, ge=0, le=1000)
    growth: float = choice("number", "weight of growth", default=1.0, ge=0, le=1000)
    support: float = choice("number", "weight of support", default=1.0, ge=0, le=1000)


class ScoreHealth(Request):
    """Which customers, by which signals, with which weights."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 5}]})

    table: str | None = Field(None, description="name of the client's table with a row per customer; the tables of contracts when left out")
    rows: Rows | None = Field(None, description="the customers themselves, one JSON object each", min_length=1, max_length=100_000)
    signals: tuple[Signal, ...] = Field((), description="the signals of a table or of rows: at least one", max_length=100)
    weights: Weights = Field(Weights(), description="weights of the dimensions")
    id_column: str | None = Field(None, description="column that names the customer in the answer; else their place")
    churned_column: str | None = Field(
        None, description="column that says who has left since: yes or no, or the day of it; the score is held against it"
    )
    check_days: int = choice(
        "days", "from contract tables: days back that the score is held against who has left since", default=90, ge=7, le=730
    )
    healthy_from: float = choice("score", "score from which a customer is called healthy", default=65, ge=0, le=100)
    at_risk_below: float = choice("score", "score below which a customer is called at risk", default=35, ge=0, le=100)
    limit: int = choice("count", "how many customers are listed, the least healthy first", default=100, ge=1, le=10_000)


class CustomerHealth(Frozen):
    """One customer."""

    customer: str = Field(description="their id, or their place in the table, counted from one")
    health: float = Field(description="0 to 100, the weighted mean of the dimensions that are known")
    band: Band = Field(description="healthy, to watch or at risk")
    dimensions: dict[str, float] = Field(description="0 to 100 in each dimension that is known")


class DimensionHealth(Frozen):
    """One dimension over all customers."""

    dimension: Dimension
    weight: float = Field(description="share of the whole")
    signals: tuple[str, ...] = Field(description="columns that it is read from")
    mean: float | None = Field(description="mean score; none when no customer's is known")
    known: int = Field(description="customers of whom it is known")
    auc: float | None = Field(description="how well it alone tells apart those who left; a half is chance, none when not checked")


class Checked(Frozen):
    """The score held against who left."""

    customers: int = Field(description="customers with a known outcome")
    left: int = Field(description="how many of them left")
    auc: float = Field(description="chance that one who left scored lower than one who stayed")
    low: float
    high: float
    rates: dict[str, tuple[float, float, float, int]] = Field(description="per band: rate that left, low and high end, customers")
    days: int | None = Field(description="days between score and outcome, from contract tables")


class HealthScores(ToolResult):
    """Health of every customer, the weights it rests on, and whether it foretells who leaves."""

    customers: tuple[CustomerHealth, ...] = Field(description="the least healthy customers first")
    dimensions: tuple[DimensionHealth, ...] = Field(description="the dimensions that have signals")
    absent: tuple[Dimension, ...] = Field(description="dimensions without a signal: they have no part in the score")
    checked: Checked | None = Field(description="the score held against who left; none where that is not known")


class Scored(NamedTuple):
    """Scores of customers: `by_dimension` in the order of `dimensions`, NaN where unknown."""

    health: Floats
    dimensions: tuple[Dimension, ...]
    by_dimension: tuple[Floats, ...]


@tool(version=1, field="scoring")
def score_health(request: ScoreHealth, facts: Facts) -> HealthScores:
    """Score the health of customer relations in five dimensions with stated weights, and hold the score against who left.

    Signals are columns of a table or of rows, or are read from contract tables: active days, survey answers, uses and their change over
    four weeks, tickets. A signal scores by its rank among the customers, or between a stated worst and best. Weights are stated, equal
    unless said otherwise, and not learned. The score is held against a column of who left since, or, from contract tables, the score as it
    was `check_days` ago against who has left in the days after. A score that does not foretell who leaves is said not to.
    """
    if request.at_risk_below > request.healthy_from:
        raise ToolInputError("at_risk_below lies above healthy_from", field="at_risk_below")
    if request.table is not None and request.rows is not None:
        raise ToolInputError("name a table or give rows: one of the two", field="table")
    given = request.table is not None or request.rows is not None
    check: Customers | None
    if given:
        if not request.signals:
            raise ToolInputError("say which columns are signals of what", field="signals", needed="at least one signal")
        customers = from_columns(facts, request.table, request.rows, request.signals, request.id_column, request.churned_column)
        check = customers
    else:
        customers = from_tables(facts, facts.as_of)
        check = _earlier(request, facts)
    if len(customers.names) < FEWEST and any(signal.worst is None or signal.best is None for signal in customers.signals):
        raise NotEnoughData(
            "too few customers to rank among each other",
            field="signals",
            needed=f"{FEWEST} customers, or a worst and a best for every signal",
            found=str(len(customers.names)),
        )
    scored = score(customers, request.weights)
    checked = _check(request, check, score(check, request.weights), None if given else request.check_days) if check is not None else None
    order = np.argsort(np.where(np.isnan(scored.health), np.inf, scored.health), kind="stable")[: request.limit]
    listed = tuple(_customer(request, customers, scored, row) for row in order.tolist() if not np.isnan(scored.health[row]))
    alone = _alone(check, request.weights) if checked is not None and check is not None else {}
    dimensions = tuple(_dimension(name, customers, scored, request.weights, alone) for name in scored.dimensions)
    absent = tuple(name for name in DIMENSIONS if name not in scored.dimensions)
    band = _bands(request, scored.health)
    report = HealthReport(scored.health, band, dimensions, absent, checked, listed)
    figures = figures_of(report)
    return HealthScores(
        figures=figures,
        findings=findings_of(report),
        caveats=caveats_of(report),
        decision=decision_of(report),
        table=table_of(report),
        chart=chart_of(report),
        customers=listed,
        dimensions=dimensions,
        absent=absent,
        checked=checked,
    )


def score(customers: Customers, weights: Weights) -> Scored:
    """Health of each customer: the weighted mean of the dimensions that are known, each the weighted mean of its known signals."""
    found: list[tuple[Dimension, Floats]] = []
    for name in DIMENSIONS:
        own = [
            (signal.weight, _scaled(signal, values))
            for signal, values in zip(customers.signals, customers.values, strict=True)
            if signal.dimension == name
        ]
        if own and getattr(weights, name) > 0:
            found.append((name, _mean(own)))
    if not found:
        raise ToolInputError("every dimension with a signal has the weight zero", field="weights")
    health = _mean([(getattr(weights, name), values) for name, values in found])
    return Scored(health, tuple(name for name, _ in found), tuple(values for _, values in found))


def _scaled(signal: Signal, values: Floats) -> Floats:
    """0 to 100: between worst and best, else the middle of the ranks that equal values share."""
    known = ~np.isnan(values)
    out = np.full(len(values), np.nan)
    if signal.worst is not None and signal.best is not None:
        if signal.worst == signal.best:
            raise ToolInputError(f"worst and best of {signal.column} are the same", field="signals")
        out[known] = np.clip((values[known] - signal.worst) / (signal.best - signal.worst), 0, 1) * 100
        return out
    if known.any():
        _, inverse, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / known.sum() * 100
        out[known] = middle[inverse] if signal.better == "higher" else 100 - middle[inverse]
    return out


def _mean(parts: list[tuple[float, Floats]]) -> Floats:
    weight = sum(weight * ~np.isnan(values) for weight, values in parts)
    total = sum(weight * np.where(np.isnan(values), 0.0, values) for weight, values in parts)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _earlier(request: ScoreHealth, facts: Facts) -> Customers | None:
    try:
        return from_tables(facts, facts.as_of - timedelta(days=request.check_days), after=request.check_days)
    except NotEnoughData:
        return None  # the record does not reach back so far: the result says that nothing was checked


def _check(request: ScoreHealth, customers: Customers, scored: Scored, days: int | None) -> Checked | None:
    if customers.left is None or customers.known is None:
        return None
    known = customers.known & ~np.isnan(scored.health)
    left, health = customers.left[known], scored.health[known]
    if min(int(left.sum()), int((~left).sum())) < FEWEST_OF_OUTCOME:
        return None
    area = auc_of(-health, left)
    rates = {}
    for name, inside in zip(BANDS, _bands(request, health), strict=True):
        if inside.any():
            low, high = wilson(int(left[inside].sum()), int(inside.sum()), Z)
            rates[name] = (float(left[inside].mean()), low, high, int(inside.sum()))
    return Checked(customers=len(left), left=int(left.sum()), auc=area.value, low=area.low, high=area.high, rates=rates, days=days)


def _alone(customers: Customers, weights: Weights) -> dict[Dimension, float]:
    """How well each dimension alone tells apart those who left."""
    if customers.left is None or customers.known is None:
        return {}
    found: dict[Dimension, float] = {}
    scored = score(customers, weights)
    for name, values in zip(scored.dimensions, scored.by_dimension, strict=True):
        known = customers.known & ~np.isnan(values)
        left = customers.left[known]
        if 0 < left.sum() < len(left):
            found[name] = auc_of(-values[known], left).value
    return found


def _bands(request: ScoreHealth, health: Floats) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known = ~np.isnan(health)
    healthy, risk = known & (health >= request.healthy_from), known & (health < request.at_risk_below)
    return healthy, known & ~healthy & ~risk, risk


def _customer(request: ScoreHealth, customers: Customers, scored: Scored, row: int) -> CustomerHealth:
    health = float(scored.health[row])
    band: Band = "healthy" if health >= request.healthy_from else "at_risk" if health < request.at_risk_below else "to_watch"
    parts = {
        name: float(values[row]) for name, values in zip(scored.dimensions, scored.by_dimension, strict=True) if not np.isnan(values[row])
    }
    return CustomerHealth(customer=customers.names[row], health=health, band=band, dimensions=parts)


def _dimension(name: Dimension, customers: Customers, scored: Scored, weights: Weights, alone: dict[Dimension, float]) -> DimensionHealth:
    values = scored.by_dimension[scored.dimensions.index(name)]
    known = ~np.isnan(values)
    share = getattr(weights, name) / sum(getattr(weights, one) for one in scored.dimensions)
    signals = tuple(signal.column for signal in customers.signals if signal.dimension == name)
    mean = float(values[known].mean()) if known.any() else None
    return DimensionHealth(dimension=name, weight=share, signals=signals, mean=mean, known=int(known.sum()), auc=alone.get(name))
