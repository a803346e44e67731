"""The forecast of contracts as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.contract import Basis, Caveat, Column, Decision, Table
from tools.methods import shifted_beta_geometric as sbg
from tools.methods.charts import BLUE, ORANGE, spec
from tools.methods.currencies import minor_units
from tools.methods.maximum_likelihood import Fit
from tools.methods.number_words import in_words
from tools.scoring._figure_list import FigureList
from tools.scoring._value_contracts import ContractForecast, kept
from tools.scoring._value_facts import Subscribers
from tools.scoring._value_forecast import Range
from tools.scoring._value_horizons import SCENARIO, length_of, period_of
from tools.scoring._value_request import PredictValue

GAP = 0.05  # between the share seen to stay and the model's, beyond what chance would leave


def contract_parts(
    request: PredictValue, currency: str, found: Subscribers, fit: Fit, forecasts: list[ContractForecast], per_period: float
) -> dict[str, Any]:
    """The fields of a result that are common to all tools."""
    figures, findings = FigureList(currency), list[str]()
    known, level = request.parameters is not None, request.level
    in_minor = 1 if request.values_in == "minor" or found.period else minor_units(currency)
    scale, money = in_minor * (request.margin or 1.0), "gross margin" if request.margin else "revenue"
    customers, staying, ended = found.tenures.customers, int(found.staying.sum()), int(found.ended.sum())
    if customers:
        seen: dict[str, Any] = {"basis": "observed" if found.basis == "observed" else "stated", "period": found.period}
        figures.add("customers", int(customers), "count", "contracts in the record", metric="contracts", **seen)
        figures.add("ended", ended, "count", "contracts that have ended", metric="ended_contracts", **seen)
        figures.add("staying", staying, "count", "contracts that run", metric="running_contracts", **seen)
        findings.append("Of {{customers}} contracts, {{ended}} have ended and {{staying}} run.")
    first = sbg.survival(fit.values, 12)
    figures.add(
        "new_customer.first_renewal", float(first[0]), "share", "chance that a new contract is renewed the first time", basis="model"
    )
    later = float(first[11] / first[10])
    figures.add(
        "new_customer.twelfth_renewal",
        later,
        "share",
        "chance that a contract renewed so far is renewed for the twelfth time",
        basis="model",
    )
    findings.append(
        "The first renewal of a new contract has a chance of {{new_customer.first_renewal}}, the twelfth of one that has come so far "
        "{{new_customer.twelfth_renewal}}: those who leave easily leave early."
    )
    for one in forecasts:
        figures.period = period_of(request.as_of, one.ahead) if request.as_of else None
        _horizon(one, figures, findings, known, level, money, scale, staying)
    figures.period = None
    for place, person in enumerate(request.people, 1):
        _person(place, person.name, person.renewals, figures, findings, forecasts, fit, per_period)
    for name in fit.names:
        figures.add(
            f"parameters.shifted_beta_geometric.{name}",
            fit[name],
            "number",
            f"parameter {name} of the shifted beta-geometric",
            metric=f"parameter_{name}",
            basis="stated" if known else "model",
            level=level,
            interval=None if known else fit.interval(name, level),
        )
    rows = kept(found, fit) if customers else []
    if customers:
        figures.add(
            "log_likelihood.shifted_beta_geometric",
            fit.log_likelihood,
            "number",
            "log-likelihood of the shifted beta-geometric",
            metric="log_likelihood",
            basis="model",
        )
    gap = max((abs(share - model) for _, share, model in rows), default=0.0)
    loose = bool(rows) and gap > GAP + 1.36 / np.sqrt(customers)
    if rows:
        figures.add(
            "largest_gap",
            gap,
            "share",
            "largest gap between the share seen to stay and the model's",
            basis="model",
            denominator="contracts",
        )
    return {
        "figures": tuple(figures.figures),
        "findings": tuple(findings),
        "caveats": _caveats(request, forecasts, fit, loose, money_known=found.price is not None),
        "decision": _decision(forecasts, fit, loose) if customers else None,
        "table": _table(forecasts, currency, scale, money),
        "chart": _chart(rows) if rows else None,
    }


def _horizon(
    one: ContractForecast, figures: FigureList, findings: list[str], known: bool, level: float, money: str, scale: float, staying: int
) -> None:
    key, basis = one.ahead.key, _basis(one)
    mark = "scenario: " if one.ahead.scenario else ""
    ahead = length_of(one.ahead)
    opening = "As a scenario, in" if one.ahead.scenario else "In"
    figures.add(f"{key}.horizon", one.ahead.shown, one.ahead.unit, "horizon of the forecast", metric="horizon", basis="stated", rests_on=())

    def show(name: str, found: Range, unit: Any, label: str, by: float = 1.0, **more: Any) -> None:
        within = None if known else (found.low * by, found.high * by)
        figures.add(f"{key}.{name}", found.expected * by, unit, f"{mark}{label}", basis=basis, interval=within, level=level, **more)
        if found.outcome_low is not None and found.outcome_high is not None:
            figures.add(
                f"{key}.{name}_outcome",
                found.expected * by,
                unit,
                f"{mark}{label}, with the range of outcomes",
                basis=basis,
                interval=(found.outcome_low * by, found.outcome_high * by),
                level=level,
                kind="prediction",
                **more,
            )

    if one.renewals:
        show("renewals", one.renewals, "count", f"renewals of today's contracts in the next {ahead}")
    if one.staying is not None:
        figures.add(
            f"{key}.staying",
            one.staying,
            "count",
            f"{mark}of today's contracts, those that still run after {ahead}",
            metric="contracts_kept",
            basis=basis,
            n=staying,
        )
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, today's contracts are expected to renew {{{{{key}.renewals}}}} times, and "
            f"{{{{{key}.staying}}}} of them to run at its end."
        )
    if one.value:
        show("value", one.value, "money", f"{money} from today's contracts in the next {ahead}", scale)
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, they are expected to bring {money} of {{{{{key}.value}}}}; "
            f"the outcome may fall between {{{{{key}.value_outcome.low}}}} and {{{{{key}.value_outcome.high}}}}."
        )
    show("new_customer_periods", one.new_periods, "number", f"periods that a new contract is expected to pay for in the next {ahead}")
    show("new_customer_staying", one.new_staying, "share", f"chance that a new contract runs after {ahead}", denominator="new contracts")
    if one.new_value:
        show("new_customer_value", one.new_value, "money", f"{money} from a new contract in the next {ahead}", scale)
        findings.append(
            f"{opening} the next {{{{{key}.horizon}}}}, a new contract is expected to bring {money} of {{{{{key}.new_customer_value}}}}."
        )


def _person(
    place: int, name: str, renewals: int, figures: FigureList, findings: list[str], forecasts: list[ContractForecast], fit: Fit, rate: float
) -> None:
    key = f"person_{place}"
    who = f"the customer asked about, number {in_words(place)}"
    next_one = float(sbg.survival(fit.values, 1, float(renewals))[0])
    figures.add(f"{key}.next_renewal", next_one, "share", f"chance that {who}, renews the next time", basis="model", entity=name)
    for one in forecasts:
        periods = float(sbg.expected_periods(fit.values, int(one.ahead.time), float(renewals)))
        figures.add(
            f"{key}.{one.ahead.key}.renewals",
            periods,
            "number",
            f"renewals of {who}, in the next {length_of(one.ahead)}",
            basis=_basis(one),
            entity=name,
        )
    if rate > 0:
        left = sbg.residual_lifetime(fit.values, rate, renewals + 1)
        figures.add(
            f"{key}.residual_lifetime",
            left,
            "number",
            f"discounted periods that {who}, is expected to pay for from the next renewal on",
            metric="residual_lifetime",
            basis="assumed",
            entity=name,
        )
    findings.append(f"The chance that this customer renews the next time is {{{{{key}.next_renewal}}}}.")


def _basis(one: ContractForecast) -> Basis:
    return "assumed" if one.ahead.scenario else "model"


def _caveats(request: PredictValue, forecasts: list[ContractForecast], fit: Fit, loose: bool, *, money_known: bool) -> tuple[Caveat, ...]:
    caveats = []
    if any(one.ahead.scenario for one in forecasts):
        caveats.append(SCENARIO)
    if loose:
        caveats.append(
            Caveat(
                code="poor_fit",
                text="The share that stays departs from the model by up to {{largest_gap}}: people leave in another way than it assumes.",
                insist=True,
                signs=("departs from the model", "poor fit", "does not fit", "another way"),
            )
        )
    if fit.weak:
        caveats.append(
            Caveat(
                code="weakly_told",
                text="The data hardly tells how far customers differ in how easily they leave: read the intervals, not the single figures.",
                insist=True,
                signs=("hardly tells", "weakly", "read the interval", "uncertain"),
            )
        )
    if money_known and request.discount_rate is None:
        caveats.append(Caveat(code="not_discounted", text="Later money counts as much as money today: no discount rate was given."))
    if money_known and request.margin is None:
        caveats.append(Caveat(code="revenue", text="Value is revenue and not profit: no margin was given."))
    caveats.append(
        Caveat(
            code="as_before",
            text="The forecast takes prices, plans and the market to stay as they were; it does not say what an action would change.",
        )
    )
    return tuple(caveats)


def _decision(forecasts: list[ContractForecast], fit: Fit, loose: bool) -> Decision:
    if all(one.ahead.scenario for one in forecasts):
        return Decision(action="collect_more", reason="Every horizon asked for lies too far beyond the record: plan on a shorter one.")
    if loose or fit.weak:
        return Decision(action="treat_as_rough", reason="The model does not fit this record well: look at cohorts and plans one by one.")
    return Decision(action="plan_with_it", reason="The share that stays follows the model as far as the record goes.")


def _table(forecasts: list[ContractForecast], currency: str, scale: float, money: str) -> Table:
    priced = any(one.new_value for one in forecasts)
    rows = []
    for one in forecasts:
        row: list[Any] = [f"{one.ahead.shown} {'periods' if one.ahead.unit == 'number' else one.ahead.unit}"]
        row += [one.renewals.expected if one.renewals else None, one.staying, one.new_staying.expected, one.new_periods.expected]
        if priced:
            row += [round(value.expected * scale) if value else None for value in (one.value, one.new_value)]
        rows.append((*row, "scenario" if one.ahead.scenario else "forecast"))
    columns = [
        Column(name="horizon", label="Horizon"),
        Column(name="renewals", label="Renewals", unit="count"),
        Column(name="staying", label="Contracts that still run", unit="count"),
        Column(name="new_staying", label="Chance that a new one still runs", unit="share"),
        Column(name="new_periods", label="Periods a new one pays for", unit="number"),
    ]
    if priced:
        columns.append(Column(name="value", label=money.capitalize(), unit="money", currency=currency))
        columns.append(Column(name="new_value", label=f"{money.capitalize()} of a new one", unit="money", currency=currency))
    return Table(title="How long contracts run", columns=(*columns, Column(name="kind", label="Kind")), rows=tuple(rows))


def _chart(rows: list[tuple[int, float, float]]) -> dict[str, Any]:
    """Share that got through each renewal: seen, and by the model."""
    data: list[dict[str, Any]] = []
    for renewal, share, model in rows:
        data += [{"renewal": renewal, "share": share, "which": "seen"}, {"renewal": renewal, "share": model, "which": "by the model"}]
    return spec(
        "Share of contracts that got through each renewal: seen, and by the model",
        data,
        mark={"type": "line", "point": True},
        encoding={
            "x": {"field": "renewal", "type": "quantitative", "title": "renewal"},
            "y": {"field": "share", "type": "quantitative", "axis": {"format": "%"}, "title": "share of all contracts"},
            "color": {"field": "which", "type": "nominal", "title": None, "scale": {"range": [BLUE, ORANGE]}},
        },
    )
