"""Customers at risk as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.contract import Caveat, Column, Decision, Figure, Interval, Table
from tools.methods.channel_names import joined
from tools.methods.charts import Row, bars
from tools.scoring._asking import Answer, Drift, Watched, likely_rate
from tools.scoring._intervention import Intervention, kept_share
from tools.scoring._lead_report import model_caveats, watched_figures
from tools.scoring._training_report import in_words

if TYPE_CHECKING:
    from tools.scoring.predict_churn import CustomerRisk, PredictChurn, Stratum

NAMED = 10


class ChurnReport(NamedTuple):
    """What is told of customers at risk."""

    request: PredictChurn
    answer: Answer
    strata: tuple[Stratum, ...]
    interventions: tuple[Intervention, ...]
    customers: tuple[CustomerRisk, ...]
    drift: tuple[Drift, ...]
    watched: Watched | None
    high: float
    low: float
    currency: str


def figures_of(report: ChurnReport) -> tuple[Figure, ...]:
    """Counts and risk by stratum, the intervention, and the customers most at risk."""
    p, card = report.answer.probability, report.answer.model.about.card
    plain: dict[str, Any] = {"rests_on": ()}
    made = [
        Figure(key="customers", value=len(p), unit="count", metric="customers", label="customers looked at", basis="observed", **plain),
        Figure(
            key="mean_risk",
            value=float(p.mean()),
            unit="share",
            metric="churn_probability",
            label="mean probability of leaving",
            denominator="customers",
            n=len(p),
            basis="model",
            **plain,
        ),
        Figure(
            key="model_auc",
            value=card.auc.value,
            unit="number",
            metric="auc",
            label="area under the curve of the model",
            n=card.judged,
            basis="model",
            interval=Interval(low=card.auc.low, high=card.auc.high),
            **plain,
        ),
        Figure(
            key="high_from",
            value=report.high,
            unit="share",
            metric="cut",
            label="probability from which the risk is called high",
            basis="model",
            denominator="customers",
            **plain,
        ),
    ]
    for one in report.strata:
        about = {"entity": f"stratum: {one.name}", "basis": "model", **plain}
        made += [
            Figure(
                key=f"{one.name}.customers",
                value=one.customers,
                unit="count",
                metric="customers",
                label=f"customers at {one.name} risk",
                **about,
            ),
            Figure(
                key=f"{one.name}.risk",
                value=one.probability,
                unit="share",
                metric="churn_probability",
                n=one.customers,
                denominator="customers",
                label=f"mean probability of leaving at {one.name} risk",
                **about,
            ),
            Figure(
                key=f"{one.name}.leavers",
                value=one.leavers,
                unit="count",
                metric="leavers",
                label=f"customers at {one.name} risk expected to leave",
                n=one.customers,
                interval=Interval(low=one.low, high=one.high, kind="prediction"),
                **about,
            ),
        ]
    measured = kept_share(report.request) is not None
    for effort in report.interventions:
        about = {"entity": f"stratum: {effort.stratum}", "n": effort.customers}
        if effort.break_even is not None:
            made.append(
                Figure(
                    key=f"{effort.stratum}.break_even",
                    value=effort.break_even,
                    unit="share",
                    metric="break_even",
                    basis="model",
                    rests_on=("value", "cost"),
                    denominator="would-be leavers",
                    label=f"share of the leavers at {effort.stratum} risk that has to be kept to earn the cost",
                    **about,
                )
            )
        if measured and effort.net is not None:
            between = (
                Interval(low=effort.net_low, high=effort.net_high) if effort.net_low is not None and effort.net_high is not None else None
            )
            made.append(
                Figure(
                    key=f"{effort.stratum}.net",
                    value=effort.net,
                    unit="money",
                    currency=report.currency,
                    metric="net_value",
                    basis="experiment",
                    label=f"value kept less cost of approaching the customers at {effort.stratum} risk",
                    interval=between,
                    rests_on=("value", "cost", "measured"),
                    **about,
                )
            )
    for place, customer in enumerate(report.customers[:NAMED], start=1):
        low, high, rows = likely_rate(report.answer.model, customer.probability)
        made.append(
            Figure(
                key=f"customer_{place}.risk",
                value=customer.probability,
                unit="share",
                metric="churn_probability",
                label="probability of leaving",
                n=rows,
                denominator="customers like this one",
                entity=customer.customer,
                interval=Interval(low=low, high=high),
                basis="model",
                **plain,
            )
        )
    if report.watched is not None:
        made += watched_figures(report.watched)
    return tuple(made)


def findings_of(report: ChurnReport, figures: Sequence[Figure]) -> tuple[str, ...]:
    """What a person is told first."""
    first = report.strata[0]
    said = [
        "{{customers}} customers have a mean probability of leaving of {{mean_risk}}.",
        f"At {first.name} risk are {{{{{first.name}.customers}}}} customers, of whom {{{{{first.name}.leavers}}}} are expected to leave.",
    ]
    if report.customers[0].reasons:
        moved = joined([in_words(reason.column) for reason in report.customers[0].reasons])
        said.append(f"The customer most at risk has a probability of {{{{customer_1.risk}}}}; what moves it most: {moved}.")
    keys = {figure.key for figure in figures}
    if f"{first.name}.net" in keys:
        said.append(f"Approaching those at {first.name} risk keeps {{{{{first.name}.net}}}} more than it costs, by the effect measured.")
    elif f"{first.name}.break_even" in keys:
        need = f"{{{{{first.name}.break_even}}}}"
        said.append(f"To earn its cost at {first.name} risk, an intervention would have to keep {need} of those who would leave.")
    return tuple(said)


def caveats_of(report: ChurnReport) -> tuple[Caveat, ...]:
    """The limits of the prediction."""
    found = model_caveats(report.answer, report.drift, report.watched)
    if kept_share(report.request) is None:
        text = "Nothing was measured on who can be kept: the risk says who is likely to leave, not whom an intervention would keep."
        found.append(
            Caveat(code="no_uplift", text=text, insist=True, signs=("can be kept", "would keep", "not measured", "nothing was measured"))
        )
    elif len(report.strata) > 1:
        text = "The measured effect is taken to be the same in every stratum; those at high risk may answer otherwise."
        found.append(Caveat(code="one_effect", text=text, insist=True, signs=("same in every stratum", "answer otherwise")))
    return tuple(found)


def decision_of(report: ChurnReport) -> Decision:
    """What to do about those at risk."""
    if report.answer.model.about.card.auc.low <= 0.5:
        return Decision(
            action="do_not_use", reason="The model does not rank better than chance: its area under the curve is {{model_auc|range}}."
        )
    if report.watched is not None and report.watched.decayed:
        return Decision(action="train_again", reason="On rows that are new to it, the area under the curve is {{watched.auc}}.")
    paying = [one for one in report.interventions if one.net_low is not None and one.net_low > 0]
    if paying:
        names = joined([one.stratum for one in paying])
        return Decision(
            action="approach", reason=f"By the effect measured, approaching pays at {names} risk even at the low end of its interval."
        )
    if kept_share(report.request) is not None:
        return Decision(action="do_not_approach", reason="By the effect measured, approaching is not sure to earn its cost in any stratum.")
    if report.interventions and all(one.break_even is None or one.break_even > 1 for one in report.interventions):
        return Decision(action="do_not_approach", reason="Even keeping everybody who would leave would not earn the cost.")
    return Decision(
        action="test_an_intervention", reason="Hold some of those at risk out at random: only that measures what an intervention keeps."
    )


def table_of(report: ChurnReport) -> Table:
    """The customers most at risk."""
    columns = (
        Column(name="customer", label="customer"),
        Column(name="risk", label="probability of leaving", unit="share"),
        Column(name="stratum", label="stratum"),
        Column(name="reasons", label="what moves it most"),
    )
    rows = tuple(
        (one.customer, round(one.probability, 6), one.stratum, ", ".join(f"{each.column}: {each.value}" for each in one.reasons))
        for one in report.customers[:50]
    )
    return Table(title="Customers most at risk", columns=columns, rows=rows)


def chart_of(report: ChurnReport) -> dict[str, Any]:
    """Customers by stratum."""
    rows: list[Row] = [{"stratum": f"{one.name} risk", "customers": one.customers} for one in report.strata]
    return bars("Customers by risk", rows, name="stratum", value="customers", axis="customers")
