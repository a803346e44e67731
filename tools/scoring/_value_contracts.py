"""How long customers under contract stay and what they bring while they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.contract import ToolInputError
from tools.methods import shifted_beta_geometric as sbg
from tools.methods.maximum_likelihood import Fit, quantile
from tools.scoring._value_facts import Subscribers
from tools.scoring._value_forecast import Ahead, Range
from tools.scoring._value_request import Parameters

Floats = NDArray[np.float64]
SEEN = 30  # contracts at risk under which a share that renews says little


@dataclass(frozen=True, slots=True)
class ContractForecast:
    """Renewals and revenue within one horizon; values in the unit they were given in, discounted if asked."""

    ahead: Ahead
    renewals: Range | None
    staying: float | None
    value: Range | None
    new_periods: Range
    new_staying: Range
    new_value: Range | None


def fit_contracts(found: Subscribers, known: Parameters | None) -> Fit:
    """The fit, or the known parameters as one."""
    if known is None:
        return sbg.fit(found.tenures)
    if known.alpha is None or known.beta is None:
        raise ToolInputError("shifted_beta_geometric needs the parameters alpha and beta", field="parameters")
    values = np.array([known.alpha, known.beta])
    customers = found.tenures.customers
    height = sbg.Surface(found.tenures)(values)[0] * customers if customers else 0.0
    return Fit(sbg.NAMES, values, np.zeros((2, 2)), height, customers, False, ())


def forecast_contracts(fit: Fit, found: Subscribers, horizons: list[Ahead], per_period: float, level: float) -> list[ContractForecast]:
    """Within each horizon. `per_period`: discount rate per period."""
    reach, forecasts = quantile(level), []
    renewed = np.arange(len(found.staying), dtype=np.float64)
    there = found.staying > 0
    people, renewed = found.staying[there], renewed[there]
    price = found.price[there] if found.price is not None else None
    mean_price = float(price @ people / people.sum()) if price is not None and people.sum() else None
    for ahead in horizons:
        periods = int(ahead.time)
        factors = (1 + per_period) ** -(np.arange(periods, dtype=np.float64) + 0.5)
        renewals = value = staying = None
        if len(people):
            renewals = _total(fit, people, renewed, np.ones(periods), reach)
            staying = float(people @ sbg.survival(fit.values, periods, renewed)[:, -1])
            if price is not None:
                value = _total(fit, people, renewed, factors, reach, price)
        each, error = fit.error_of(_new_customer(periods))
        new_value = None
        if mean_price is not None:
            paid, doubt = fit.error_of(_new_payments(factors))
            new_value = _interval(mean_price * float(paid[0]), float(doubt[0]), reach)
        forecasts.append(
            ContractForecast(
                ahead,
                renewals,
                staying,
                value,
                _interval(float(each[0]), float(error[0]), reach),
                _interval(float(each[1]), float(error[1]), reach),
                new_value,
            )
        )
    return forecasts


def _paid(values: Floats, factors: Floats) -> float:
    """Periods that a new customer pays for, the first for certain, each weighed by its factor."""
    later = sbg.survival(values, len(factors) - 1) @ factors[1:] if len(factors) > 1 else 0.0
    return float(factors[0] + later)


def _new_customer(periods: int) -> Callable[[Floats], Floats]:
    """Periods that a new customer pays for, and the chance that they stay to the end."""
    return lambda values: np.array([_paid(values, np.ones(periods)), float(sbg.survival(values, periods)[-1])])


def _new_payments(factors: Floats) -> Callable[[Floats], Floats]:
    return lambda values: np.atleast_1d(_paid(values, factors))


def _total(fit: Fit, people: Floats, renewed: Floats, factors: Floats, reach: float, price: Floats | None = None) -> Range:
    """Sum over those who stay. Its spread: the variance of each one's discounted renewals given the chances, and the parameters' own."""
    paid = np.ones(len(people)) if price is None else price

    def total(values: Floats) -> Floats:
        return np.atleast_1d((people * paid) @ (sbg.survival(values, len(factors), renewed) @ factors))

    centre, error = fit.error_of(total)
    stay = sbg.survival(fit.values, len(factors), renewed)
    earlier = np.cumsum(factors) - factors
    square = stay @ (factors * (factors + 2 * earlier))
    spread = float(np.sqrt((people * paid**2) @ np.maximum(square - (stay @ factors) ** 2, 0.0)))
    expected, doubt = float(centre[0]), float(error[0])
    around = _interval(expected, doubt, reach)
    whole = reach * float(np.hypot(spread, expected * doubt))
    most = float((people * paid).sum() * factors.sum())
    low, high = min(max(expected - whole, 0.0), around.low), max(min(expected + whole, most), around.high)
    return Range(expected, around.low, around.high, low, high)


def _interval(expected: float, error: float, reach: float) -> Range:
    far = float(np.exp(min(reach * error, 50.0)))
    return Range(expected, expected / far, expected * far)


def kept(found: Subscribers, fit: Fit) -> list[tuple[int, float, float]]:
    """Renewal, share that got through it by Kaplan and Meier, and by the model; as far as enough contracts were at risk."""
    ended, staying = found.ended, found.staying
    longest = max(len(ended), len(staying))
    left = np.pad(ended, (0, longest - len(ended)))
    open_ = np.pad(staying, (0, longest - len(staying)))
    # at the end of period t all are at risk who have not ended before and have not stopped being watched with fewer renewals
    at_risk = (left + open_).sum() - np.concatenate([[0.0], np.cumsum(left)[:-1]]) - np.cumsum(open_)
    rows, share = [], 1.0
    model = sbg.survival(fit.values, longest)
    for place in range(longest):
        if at_risk[place] < SEEN:
            break
        share *= 1 - left[place] / at_risk[place]
        rows.append((place + 1, float(share), float(model[place])))
    return rows
