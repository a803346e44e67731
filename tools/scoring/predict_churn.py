"""Who is likely to leave, in strata, and what keeping them would have to achieve to pay."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import ConfigDict, Field

from tools.contract import Frozen, Request, ToolInputError, ToolResult, choice, quantity, tool
from tools.facts import Facts
from tools.scoring._asking import Drift, Reason, Watched, ask, drift_of, explain, parts_of, watch
from tools.scoring._churn_report import ChurnReport, caveats_of, chart_of, decision_of, figures_of, findings_of, table_of
from tools.scoring._columns import best
from tools.scoring._intervention import Intervention, Measured, interventions
from tools.scoring._labelled import NAME, Learn, Rows

LIMIT = 10_000
STRATA = ("high", "medium", "low")


class PredictChurn(Request):
    """Which customers, by which model, and what an intervention costs and could save."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "table": "subscriptions",
                    "learn": {"table": "subscriptions", "label": "ended_at", "time_column": "started_at", "horizon_days": 180},
                    "id_column": "subscription_id",
                    "value": 360000,
                    "cost": 15000,
                    "limit": 5,
                }
            ]
        }
    )

    table: str | None = Field(None, description="name of the client's table of customers, of a contract or as it was imported")
    rows: Rows | None = Field(
        None, description="the customers themselves, one JSON object each, in place of a table", min_length=1, max_length=100_000
    )
    model: str = Field("churn", description="name of the model, as train_model gave it", pattern=NAME)
    version: int | None = choice(
        "number", "exactly this version of the model; the one that serves when left out", default=None, ge=1, le=999_999
    )
    learn: Learn | None = Field(None, description="a labelled table to learn from in this call, in place of a model that was kept")
    id_column: str | None = Field(None, description="column that names the customer in the answer; else their place in the table")
    high_from: float | None = choice(
        "share",
        "probability from which the risk is called high; twice the rate in training, at most a half, when left out",
        default=None,
        gt=0,
        lt=1,
    )
    low_below: float | None = choice(
        "share", "probability below which the risk is called low; half the rate in training when left out", default=None, gt=0, lt=1
    )
    value: int | None = quantity(
        "money", "gross margin that a customer who is kept still brings, minor units", default=None, gt=0, le=10**12
    )
    cost: int | None = quantity("money", "what the intervention costs per customer approached, minor units", default=None, ge=0, le=10**12)
    currency: str | None = Field(None, description="ISO 4217 of value and cost; the client's when left out", pattern="^[A-Z]{3}$")
    measured: tuple[Measured, ...] = Field(
        (),
        description="the intervention's effect as an experiment measured it: the comparison of those approached with those left alone",
        json_schema_extra={"x-role": "result", "x-of": "analyze_experiment.comparisons"},
        max_length=50,
    )
    measured_on: Literal["churn", "retention"] = Field(
        "churn", description="whether the experiment's metric counts those who left or those who stayed"
    )
    limit: int = choice("count", "how many customers are listed, the most likely to leave first", default=100, ge=1, le=LIMIT)


class CustomerRisk(Frozen):
    """One customer."""

    customer: str = Field(description="their id, or their place in the table, counted from one")
    probability: float = Field(description="probability of leaving")
    stratum: Literal["high", "medium", "low"] = Field(description="stratum of the risk")
    reasons: tuple[Reason, ...] = Field(description="what moves it most")


class Stratum(Frozen):
    """Customers of like risk."""

    name: Literal["high", "medium", "low"] = Field(description="stratum")
    customers: int = Field(description="how many")
    probability: float = Field(description="mean probability of leaving")
    leavers: float = Field(description="how many are expected to leave")
    low: float = Field(description="low end of what may come of it")
    high: float = Field(description="high end of what may come of it")


class ChurnRisk(ToolResult):
    """Customers by risk, and what an intervention is worth where that was measured, else what it would have to achieve."""

    model: str = Field(description="model asked")
    version: int | None = Field(description="version of the model; none for one learned in this call")
    strata: tuple[Stratum, ...] = Field(description="strata with customers in them, the highest risk first")
    interventions: tuple[Intervention, ...] = Field(description="per stratum what approaching it is worth, or has to achieve")
    customers: tuple[CustomerRisk, ...] = Field(description="the customers most likely to leave")
    drift: tuple[Drift, ...] = Field(description="columns that have moved since training, the most moved first")
    watched: Watched | None = Field(description="how the model does on new rows with a known outcome; none when there are too few")


@tool(version=1, field="scoring")
def predict_churn(request: PredictChurn, facts: Facts) -> ChurnRisk:
    """Predict who leaves: calibrated probability, reasons and risk strata, and what an intervention has to achieve to pay.

    Takes a churn model of train_model, or learns one in the call (`learn`). That somebody is likely to leave does not say that they can be
    kept: what an intervention is worth comes only from an experiment's comparison (`measured`). Without one the result gives, for each
    stratum, the share of the would-be leavers that the intervention would have to keep to earn its cost, and no value. The horizon is the
    model's own: that of its label.
    """
    answer = ask(
        facts,
        name=request.model,
        version=request.version,
        kinds=("churn",),
        learn_from=request.learn,
        rows=request.rows,
        table=request.table,
        id_column=request.id_column,
    )
    p, base = answer.probability, answer.model.about.card.base_rate
    high = request.high_from if request.high_from is not None else max(min(2 * base, 0.5), 1.2 * base if base < 0.8 else base)
    low = request.low_below if request.low_below is not None else min(base / 2, high)
    if low > high:
        raise ToolInputError("low_below lies above high_from", field="low_below", needed=f"at most {high:g}", found=f"{low:g}")
    placed = np.where(p >= high, 0, np.where(p < low, 2, 1))
    strata = tuple(_stratum(name, p[placed == number]) for number, name in enumerate(STRATA) if (placed == number).any())
    order = best(p, answer.asked.ids, request.limit)
    reasons = explain(answer, order, parts_of(answer.model.about.recipe, (), ())).reasons
    names = answer.asked.ids.of(order)
    customers = tuple(
        CustomerRisk(customer=names[place], probability=float(p[row]), stratum=STRATA[placed[row]], reasons=reasons[place])
        for place, row in enumerate(order.tolist())
    )
    effects = interventions([(one.name, one.customers, one.probability) for one in strata], request)
    report = ChurnReport(
        request,
        answer,
        strata,
        effects,
        customers,
        drift_of(answer),
        watch(answer, request.table),
        high,
        low,
        request.currency or facts.currency,
    )
    figures = figures_of(report)
    return ChurnRisk(
        figures=figures,
        findings=findings_of(report, figures),
        caveats=caveats_of(report),
        decision=decision_of(report),
        table=table_of(report),
        chart=chart_of(report),
        model=request.model,
        version=answer.model.version or None,
        strata=strata,
        interventions=effects,
        customers=customers,
        drift=report.drift[:20],
        watched=report.watched,
    )


def _stratum(name: str, p: np.ndarray) -> Stratum:
    total, error = float(p.sum()), 1.959963984540054 * float(np.sqrt((p * (1 - p)).sum()))
    return Stratum(
        name=name,
        customers=len(p),
        probability=float(p.mean()),
        leavers=total,
        low=max(0.0, total - error),
        high=min(float(len(p)), total + error),
    )
