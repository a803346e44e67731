"""What customers will buy and bring, over six months to five years."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from tools.contract import Frozen, ToolInputError, ToolResult, tool
from tools.facts import Facts
from tools.methods.maximum_likelihood import Fit
from tools.methods.seeds import seed_of
from tools.scoring._value_check import Subject, check_of
from tools.scoring._value_contract_result import contract_parts
from tools.scoring._value_contracts import fit_contracts, forecast_contracts
from tools.scoring._value_facts import Subscribers, read
from tools.scoring._value_forecast import Fitted, PurchaseModel, fit_purchases, fit_values, forecast
from tools.scoring._value_horizons import horizons_of
from tools.scoring._value_request import PredictValue
from tools.scoring._value_result import purchase_parts


class Parameter(Frozen):
    """One parameter of a model."""

    model: str = Field(description="the model it belongs to")
    name: str = Field(description="its letter in the literature")
    value: float = Field(description="in the unit of the times or values given, where it has one")
    low: float | None = Field(description="lower end of its interval; none when it was given")
    high: float | None = Field(description="upper end of its interval; none when it was given")


class ValueForecast(ToolResult):
    """The forecast, the parameters behind it, and how well they fit."""

    model: str = Field(description="the model of when people buy or leave")
    parameters: tuple[Parameter, ...] = Field(description="parameters of every model used, unrounded")
    log_likelihood: float | None = Field(description="of the model of when people buy or leave; none without histories")
    value_log_likelihood: float | None = Field(None, description="of the model of what a purchase is worth")


@tool(version=1, field="scoring")
def predict_value(request: PredictValue, facts: Facts) -> ValueForecast:
    """Forecast what customers will buy and bring over six months to five years, with the doubt about it in two parts.

    Purchases without a contract: BG/NBD (default), Pareto/NBD or, at set occasions, BG/BB; what a purchase is worth by Gamma-Gamma.
    Contracts: shifted beta-geometric. All by maximum likelihood. The interval of a figure is the doubt about the parameters; a figure whose
    key ends in `_outcome` has the range that the outcome itself may fall in. A forecast beyond twice the span of the record is a scenario:
    its basis is `assumed`. From orders the last third of the record is held out and forecast first, and the result says how far off that
    was. Value is revenue, or gross margin when `margin` is given; it is discounted only when `discount_rate` is given.
    """
    found = read(request, facts)
    currency = request.currency or facts.currency
    if isinstance(found, Subscribers):
        fit = fit_contracts(found, request.parameters)
        span = float(max(len(found.ended), len(found.staying), 1)) if len(found.ended) + len(found.staying) else None
        horizons = horizons_of(request, "periods", span)
        rate = (1 + (request.discount_rate or 0.0)) ** (request.period_months / 12) - 1
        parts = contract_parts(request, currency, found, fit, forecast_contracts(fit, found, horizons, rate, request.level), rate)
        return ValueForecast(
            **parts,
            model="shifted_beta_geometric",
            parameters=_parameters("shifted_beta_geometric", fit, request),
            log_likelihood=fit.log_likelihood if fit.customers else None,
        )
    name: PurchaseModel = "bg_nbd"
    if request.model in ("pareto_nbd", "bg_bb"):
        name = request.model
    from_days = bool(found.period)
    unit = "days" if from_days else "occasions" if name == "bg_bb" else request.time_unit
    if name == "bg_bb" and from_days:
        raise ToolInputError("bg_bb needs set occasions: give histories that count them; orders come at any time", field="model")
    if name == "bg_bb" and ((found.age != np.floor(found.age)).any() or (found.x > found.last).any()):
        raise ToolInputError("bg_bb counts occasions: times are whole, and nobody buys more often than at each", field="history_table")
    if name != "bg_bb" and unit == "occasions":
        raise ToolInputError("times counted in occasions want the model bg_bb", field="time_unit")
    histories = found.histories
    fitted = Fitted(
        name, fit_purchases(name, histories, request.parameters), fit_values(found, request.parameters), request.parameters is not None
    )
    span = float(found.age.max()) if len(found.age) else None
    horizons = horizons_of(request, unit, span)
    random = np.random.default_rng(seed_of(request))
    forecasts = forecast(fitted, found, horizons, request.discount_rate, request.level, random)
    check = check_of(fitted, found, request.level)
    subject = Subject(request, currency, found, fitted, unit, span, check, minor=from_days)
    parameters = _parameters(name, fitted.purchases, request)
    if fitted.values is not None:
        parameters += _parameters("gamma_gamma", fitted.values, request)
    return ValueForecast(
        **purchase_parts(subject, forecasts),
        model=name,
        parameters=parameters,
        log_likelihood=fitted.purchases.log_likelihood if len(histories) else None,
        value_log_likelihood=fitted.values.log_likelihood if fitted.values is not None and not fitted.known else None,
    )


def _parameters(model: str, fit: Fit, request: PredictValue) -> tuple[Parameter, ...]:
    rows = []
    for name in fit.names:
        low, high = fit.interval(name, request.level) if request.parameters is None else (None, None)
        rows.append(Parameter(model=model, name=name, value=fit[name], low=low, high=high))
    return tuple(rows)
