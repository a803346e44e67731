"""The forecast of purchases as figures and sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.contract import Basis
from tools.methods.gamma_gamma import expected_value
from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import quantile
from tools.methods.number_words import in_words
from tools.scoring._figure_list import FigureList
from tools.scoring._value_check import Subject, thinned
from tools.scoring._value_forecast import HorizonForecast, Range
from tools.scoring._value_horizons import length_of, period_of
from tools.scoring._value_words import caveats_of, chart_of, decision_of, table_of

MODEL_WORDS = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD", "bg_bb": "BG/BB"}


def purchase_parts(subject: Subject, forecasts: list[HorizonForecast]) -> dict[str, Any]:
    """The fields of a result that are common to all tools."""
    figures = FigureList(subject.currency)
    findings: list[str] = []
    _customers(subject, figures, findings)
    for one in forecasts:
        _horizon(subject, one, figures, findings)
    _people(subject, forecasts, figures, findings)
    figures.period = None
    _held_out(subject, figures, findings)
    _model(subject, figures)
    return {
        "figures": tuple(figures.figures),
        "findings": tuple(findings),
        "caveats": caveats_of(subject, forecasts),
        "decision": decision_of(subject, forecasts),
        "table": table_of(subject, forecasts),
        "chart": chart_of(subject),
    }


def _customers(subject: Subject, figures: FigureList, findings: list[str]) -> None:
    buyers, fitted, level = subject.buyers, subject.fitted, subject.request.level
    if not len(buyers.x):
        return
    customers, again = int(buyers.weight.sum()), int(buyers.weight[buyers.x > 0].sum())
    seen: dict[str, Any] = {"basis": subject.basis, "period": buyers.period}
    figures.add("customers", customers, "count", "customers in the record", **seen)
    figures.add("repeat_customers", again, "count", "customers who bought again", **seen)
    figures.add(
        "repeat_share", again / customers, "share", "share of customers who bought again", denominator="customers", n=customers, **seen
    )
    rows = thinned(buyers.histories)
    whole = buyers.histories
    alive = float(fitted.module.alive(fitted.purchases.values, whole) @ whole.weight)
    error = float(fitted.purchases.error_of(lambda v: np.atleast_1d(fitted.module.alive(v, rows) @ rows.weight))[1][0])
    far = float(np.exp(min(quantile(level) * error, 50.0)))
    interval = None if fitted.known else (alive / far, min(alive * far, float(customers)))
    figures.add(
        "active",
        alive,
        "count",
        "customers who are expected to be still buying",
        metric="active_customers",
        basis="model",
        interval=interval,
        level=level,
        n=customers,
    )
    findings.append(
        "Of {{customers}} customers, {{repeat_customers}} bought again, and {{active}} are expected to be still buying; "
        "who has stopped is not observed, only expected."
    )


def _horizon(subject: Subject, one: HorizonForecast, figures: FigureList, findings: list[str]) -> None:
    key, known, level = one.ahead.key, subject.fitted.known, subject.request.level
    basis: Basis = "assumed" if one.ahead.scenario else "model"
    mark = "scenario: " if one.ahead.scenario else ""
    ahead = length_of(one.ahead)
    figures.period = period_of(subject.request.as_of, one.ahead) if subject.request.as_of else None
    figures.add(f"{key}.horizon", one.ahead.shown, one.ahead.unit, "horizon of the forecast", metric="horizon", basis="stated", rests_on=())

    def show(name: str, found: Range, unit: Any, label: str, scale: float = 1.0) -> None:
        within = None if known else (found.low * scale, found.high * scale)
        figures.add(f"{key}.{name}", found.expected * scale, unit, f"{mark}{label}", basis=basis, interval=within, level=level)
        if found.outcome_low is not None and found.outcome_high is not None:
            figures.add(
                f"{key}.{name}_outcome",
                found.expected * scale,
                unit,
                f"{mark}{label}, with the range of outcomes",
                basis=basis,
                interval=(found.outcome_low * scale, found.outcome_high * scale),
                level=level,
                kind="prediction",
            )

    opening = "As a scenario, in" if one.ahead.scenario else "In"
    if one.purchases:
        show("purchases", one.purchases, "count", f"purchases of today's customers in the next {ahead}")
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, today's customers are expected to make {{{{{key}.purchases}}}} purchases; "
            f"the outcome may fall between {{{{{key}.purchases_outcome.low}}}} and {{{{{key}.purchases_outcome.high}}}}."
        )
    if one.value and one.purchases:
        show("value", one.value, "money", f"{subject.money} from today's customers in the next {ahead}", subject.scale)
        people = float(subject.buyers.weight.sum())
        figures.add(
            f"{key}.value_per_customer",
            one.value.expected * subject.scale / people,
            "money",
            f"{mark}{subject.money} per customer of today in the next {ahead}",
            basis=basis,
            denominator="customers",
            level=level,
            interval=None if known else (one.value.low * subject.scale / people, one.value.high * subject.scale / people),
        )
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, their purchases are expected to bring {subject.money} of {{{{{key}.value}}}}; "
            f"the outcome may fall between {{{{{key}.value_outcome.low}}}} and {{{{{key}.value_outcome.high}}}}."
        )
    show("new_customer_purchases", one.new_purchases, "number", f"purchases of a new customer after the first, in the next {ahead}")
    figures.add(
        f"{key}.new_customer_none",
        one.new_none,
        "share",
        f"{mark}chance that a new customer buys nothing more in the next {ahead}",
        basis=basis,
    )
    if one.new_value:
        show(
            "new_customer_value",
            one.new_value,
            "money",
            f"{subject.money} from a new customer after the first purchase, in the next {ahead}",
            subject.scale,
        )
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, a new customer is expected to bring "
            f"{subject.money} of {{{{{key}.new_customer_value}}}} after the first purchase."
        )
    if one.top_share is not None:
        of = subject.money if one.value else "purchases"
        figures.add(
            f"{key}.top_tenth_share",
            one.top_share,
            "share",
            f"{mark}share of expected {of} from the tenth of customers with the most",
            basis=basis,
            denominator=f"expected {of}",
        )


def _people(subject: Subject, forecasts: list[HorizonForecast], figures: FigureList, findings: list[str]) -> None:
    fitted, people, as_of = subject.fitted, subject.request.people, subject.request.as_of
    figures.period = None
    for place, person in enumerate(people, 1):
        key = f"person_{place}"
        who = f"the customer asked about, number {in_words(place)}"
        row = Histories(np.array([person.repeat_purchases]), np.array([person.last_purchase]), np.array([person.observed]), np.ones(1))
        x = row.x.astype(np.float64)
        alive = float(fitted.module.alive(fitted.purchases.values, row)[0])
        figures.add(
            f"{key}.active",
            alive,
            "share",
            f"chance that {who}, is still buying",
            metric="chance_active",
            basis="model",
            entity=person.name,
        )
        for one in forecasts:
            each = float(fitted.module.expected_if_alive(fitted.purchases.values, x, row.age, one.ahead.time)[0]) * alive
            basis: Basis = "assumed" if one.ahead.scenario else "model"
            figures.add(
                f"{key}.{one.ahead.key}.purchases",
                each,
                "number",
                f"purchases of {who}, in the next {length_of(one.ahead)}",
                basis=basis,
                period=period_of(as_of, one.ahead) if as_of else None,
                entity=person.name,
            )
            if fitted.values is not None:
                spent = person.mean_value or 0.0
                worth = float(expected_value(fitted.values.values, x if person.mean_value else np.zeros(1), np.array([spent]))[0])
                figures.add(
                    f"{key}.{one.ahead.key}.value",
                    each * worth * subject.scale,
                    "money",
                    f"{subject.money} from {who}, in the next {length_of(one.ahead)}, not discounted",
                    basis=basis,
                    entity=person.name,
                )
        first = forecasts[0]
        findings.append(
            f"The chance that this customer still buys is {{{{{key}.active}}}}; "
            f"in the next {{{{{first.ahead.key}.horizon}}}} they are expected to make "
            f"{{{{{key}.{first.ahead.key}.purchases}}}} purchases."
        )


def _held_out(subject: Subject, figures: FigureList, findings: list[str]) -> None:
    check = subject.check
    if check is None or check.predicted is None or check.actual is None or check.ahead is None:
        return
    figures.add("holdout.horizon", check.ahead, "days", "days held out to check the forecast", basis="observed")
    figures.add(
        "holdout.actual", check.actual, "count", "purchases made in the days held out", metric="held_out_purchases", basis="observed"
    )
    figures.add(
        "holdout.predicted",
        check.predicted.expected,
        "count",
        "purchases that the model expected for the days held out",
        metric="held_out_purchases_expected",
        basis="model",
        interval=(check.predicted.low, check.predicted.high),
        level=subject.request.level,
    )
    if check.actual:
        figures.add(
            "holdout.error",
            check.predicted.expected / check.actual - 1,
            "share",
            "expected over actual purchases of the days held out, less one",
            metric="held_out_error",
            basis="observed",
            denominator="actual purchases",
        )
    findings.append(
        "Checked on the last {{holdout.horizon}} of the record: "
        "the model, fitted on what came before, expected {{holdout.predicted}} purchases, "
        "and there were {{holdout.actual}}."
    )


def _model(subject: Subject, figures: FigureList) -> None:
    fitted, request = subject.fitted, subject.request
    for model, fit in ((fitted.name, fitted.purchases), ("gamma_gamma", fitted.values)):
        if fit is None:
            continue
        words = MODEL_WORDS.get(model, "Gamma-Gamma")
        for name in fit.names:
            figures.add(
                f"parameters.{model}.{name}",
                fit[name],
                "number",
                f"parameter {name} of {words}",
                metric=f"parameter_{name}",
                basis="stated" if fitted.known else "model",
                level=request.level,
                interval=None if fitted.known else fit.interval(name, request.level),
            )
        if fit.customers:
            figures.add(
                f"log_likelihood.{model}",
                fit.log_likelihood,
                "number",
                f"log-likelihood of {words}",
                metric="log_likelihood",
                basis="model",
            )
    if subject.check is not None:
        figures.add(
            "misplaced_share",
            subject.check.misplaced,
            "share",
            "customers whom the model puts at another number of purchases",
            basis="model",
            denominator="customers",
        )
