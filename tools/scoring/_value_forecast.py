"""What customers without a contract will buy and bring: expectations, the doubt about the parameters, and how the outcome may fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData, ToolInputError
from tools.methods import bg_bb, bg_nbd, gamma_gamma, pareto_nbd
from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import Fit, quantile
from tools.scoring._value_facts import FEWEST_AGAIN, Buyers
from tools.scoring._value_request import Parameters

Floats = NDArray[np.float64]
PurchaseModel = Literal["bg_nbd", "pareto_nbd", "bg_bb"]
MODULES: dict[str, ModuleType] = {"bg_nbd": bg_nbd, "pareto_nbd": pareto_nbd, "bg_bb": bg_bb}

SAMPLED = 4_000  # rows on which standard errors and the spread of outcomes are worked out
FEW = 3_000  # customers up to whom whole outcomes are drawn; above, their sum is normal
DRAWS = 400
QUARTERS = 3.0  # months between the points at which money is discounted


@dataclass(frozen=True, slots=True)
class Range:
    """An expectation with the interval that the doubt about the parameters leaves, and where the outcome itself may fall."""

    expected: float
    low: float
    high: float
    outcome_low: float | None = None
    outcome_high: float | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """One horizon: its key and length as shown, its length in the model's unit and in months."""

    key: str
    shown: int
    unit: Literal["days", "weeks", "months", "number"]
    time: float
    months: float
    scenario: bool


@dataclass(frozen=True, slots=True)
class HorizonForecast:
    """What today's customers and a new one are expected to do. Values in the unit they were given in, discounted if asked."""

    ahead: Ahead
    purchases: Range | None
    value: Range | None
    new_purchases: Range
    new_value: Range | None
    new_none: float
    top_share: float | None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model of when people buy and, where there are values, of what a purchase is worth."""

    name: PurchaseModel
    purchases: Fit
    values: Fit | None
    known: bool

    @property
    def module(self) -> ModuleType:
        """Its functions."""
        return MODULES[self.name]


def fit_purchases(name: PurchaseModel, histories: Histories, known: Parameters | None) -> Fit:
    """The fit, or the known parameters as one."""
    module = MODULES[name]
    if known is None:
        fitted: Fit = module.fit(histories)
        return fitted
    values = _known(known, module.NAMES)
    height = float(module.Surface(histories)(values)[0]) * histories.customers if len(histories) else 0.0
    return _certain(module.NAMES, values, height, histories.customers if len(histories) else 0.0)


def fit_values(buyers: Buyers, known: Parameters | None) -> Fit | None:
    """Gamma-Gamma on those who came back; none when too few have values."""
    if known is not None:
        if known.p is None and known.q is None and known.v is None:
            return None
        return _certain(gamma_gamma.NAMES, _known(known, gamma_gamma.NAMES), 0.0, 0.0)
    chosen = buyers.priced
    if buyers.weight[chosen].sum() < FEWEST_AGAIN:
        return None
    return gamma_gamma.fit(buyers.x[chosen], buyers.value[chosen], buyers.weight[chosen])


def _known(known: Parameters, names: tuple[str, ...]) -> Floats:
    found = [getattr(known, name) for name in names]
    missing = [name for name, value in zip(names, found, strict=True) if value is None]
    if missing:
        raise ToolInputError(f"the model needs the parameters {', '.join(names)}: {', '.join(missing)} missing", field="parameters")
    return np.array(found, np.float64)


def _certain(names: tuple[str, ...], values: Floats, height: float, customers: float) -> Fit:
    return Fit(names, values, np.zeros((len(names), len(names))), height, customers, False, ())


class Crowd:
    """Today's customers as the model sees them: each row's chance of still buying, and expectations by horizon."""

    def __init__(self, fitted: Fitted, buyers: Buyers) -> None:
        self.fitted, self.buyers = fitted, buyers
        self.rows = Histories(buyers.x, buyers.last, buyers.age, buyers.weight)
        self.x = buyers.x.astype(np.float64)
        self.value = np.where(buyers.priced, buyers.value, 0.0)
        self.valued = np.where(buyers.priced, self.x, 0.0)
        self.alive = fitted.module.alive(fitted.purchases.values, self.rows)
        # what is expected of one who still buys depends on purchases and age alone
        self.pairs, self.pair = _unique_pairs(np.column_stack([self.x, buyers.age]))
        self.sample = np.arange(0, len(self.x), -(-len(self.x) // SAMPLED))
        self.grown = float(buyers.weight.sum() / buyers.weight[self.sample].sum())

    def expected(self, ahead: float) -> Floats:
        """Expected purchases of each row's customer."""
        each = self.fitted.module.expected_if_alive(self.fitted.purchases.values, self.pairs[:, 0], self.pairs[:, 1], ahead)
        return np.asarray(self.alive * each[self.pair])

    def worth(self) -> Floats:
        """Expected value of each row's next purchase."""
        if self.fitted.values is None:
            return np.zeros(len(self.x))
        return gamma_gamma.expected_value(self.fitted.values.values, self.valued, self.value)

    def errors(self, times: list[float]) -> Floats:
        """Standard errors of the logarithm of the sum of expected purchases, by horizon."""
        few = self.rows.where(self.sample)
        x = few.x.astype(np.float64)

        def totals(values: Floats) -> Floats:
            alive = self.fitted.module.alive(values, few) * few.weight
            return np.array([alive @ self.fitted.module.expected_if_alive(values, x, few.age, time) for time in times])

        return self.fitted.purchases.error_of(totals)[1]

    def value_error(self, expected: Floats) -> float:
        """Standard error of the logarithm of the value, from the doubt about what purchases are worth."""
        if self.fitted.values is None:
            return 0.0
        weight = (expected * self.buyers.weight)[self.sample]
        return float(
            self.fitted.values.error_of(
                lambda values: np.atleast_1d(weight @ gamma_gamma.expected_value(values, self.valued[self.sample], self.value[self.sample]))
            )[1][0]
        )

    def outcomes(self, time: float, errors: tuple[float, float], random: np.random.Generator) -> tuple[Floats, Floats]:
        """Draws of all customers' purchases and of their value, the doubt about the parameters in both."""
        customers = float(self.buyers.weight.sum())
        fit = self.fitted.purchases.values
        if customers <= FEW:
            each = np.repeat(np.arange(len(self.x)), self.buyers.weight.astype(np.int64))
            sums = [self._draw(fit, each, time, random) for _ in range(DRAWS)]
            purchases = np.array([float(bought.sum()) for bought, _ in sums])
            value = np.array([float(spent.sum()) for _, spent in sums])
        else:
            each = np.tile(self.sample, 40)
            bought, spent = self._draw(fit, each, time, random)
            weight = self.buyers.weight[self.sample] * self.grown
            spread = [np.sqrt(weight @ one.reshape(40, -1).var(axis=0, ddof=1)) for one in (bought.astype(np.float64), spent)]
            expected = self.expected(time)
            centre = [float(expected @ self.buyers.weight), float((expected * self.worth()) @ self.buyers.weight)]
            purchases, value = (np.maximum(c + s * random.standard_normal(DRAWS), 0.0) for c, s in zip(centre, spread, strict=True))
        doubt = random.standard_normal((2, DRAWS))
        often = errors[0] * doubt[0]
        return purchases * np.exp(often), value * np.exp(often + errors[1] * doubt[1])

    def _draw(self, fit: Floats, each: NDArray[np.int64], time: float, random: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
        bought = self.fitted.module.draw_purchases(fit, self.rows.where(each), self.alive[each], time, random)
        if self.fitted.values is None:
            return bought, np.zeros(len(each))
        return bought, gamma_gamma.draw_values(self.fitted.values.values, self.valued[each], self.value[each], bought, random)


def _unique_pairs(pairs: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """As np.unique over rows, by one sort of two keys."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    ordered = pairs[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    place = np.empty(len(pairs), np.int64)
    place[order] = np.cumsum(new) - 1
    return ordered[new], place


def discounted(expected: Callable[[float], Floats], time: float, months: float, rate: float | None) -> Floats:
    """Expected purchases up to a time, each counted at what money is worth then: by quarters, each at its middle."""
    if not rate:
        return expected(time)
    steps = max(1, round(months / QUARTERS))
    edges = np.linspace(0, 1, steps + 1)
    before: Floats | float = 0.0
    total: Floats | float = 0.0
    for start, stop in pairwise(edges):
        until = expected(time * stop)
        total = total + (until - before) * (1 + rate) ** (-(start + stop) / 2 * months / 12)
        before = until
    return np.asarray(total)


def forecast(
    fitted: Fitted, buyers: Buyers, horizons: list[Ahead], rate: float | None, level: float, random: np.random.Generator
) -> list[HorizonForecast]:
    """What today's customers and a new one are expected to do within each horizon."""
    found, times, reach = [], [ahead.time for ahead in horizons], quantile(level)
    crowd = Crowd(fitted, buyers) if len(buyers.x) else None
    errors = crowd.errors(times) if crowd else np.zeros(len(times))
    new, new_errors = fitted.purchases.error_of(
        lambda values: np.array([max(fitted.module.expected_of_new(values, time), 1e-300) for time in times])
    )
    none = fitted.module.counts_of_new(fitted.purchases.values, np.array(times), 0)[:, 0]
    typical, typical_error = _typical(fitted)
    for place, ahead in enumerate(horizons):
        purchases = value = top = None
        if crowd:
            expected = crowd.expected(ahead.time)
            sums = expected @ buyers.weight
            often, worth_error = float(errors[place]), crowd.value_error(expected)
            bought, spent = crowd.outcomes(ahead.time, (often, worth_error), random)
            purchases = _range(float(sums), often, reach, bought, level)
            by_row = expected
            if fitted.values is not None:
                by_row = discounted(crowd.expected, ahead.time, ahead.months, rate) * crowd.worth()
                full = float((expected * crowd.worth()) @ buyers.weight)
                total = float(by_row @ buyers.weight)
                value = _range(total, float(np.hypot(often, worth_error)), reach, spent * (total / full if full else 1.0), level)
            top = top_share(by_row, buyers.weight)
        new_value = None
        if fitted.values is not None:
            at_new = discounted(
                lambda time: np.atleast_1d(fitted.module.expected_of_new(fitted.purchases.values, time)), ahead.time, ahead.months, rate
            )
            new_value = _range(float(at_new[0]) * typical, float(np.hypot(new_errors[place], typical_error)), reach)
        found.append(
            HorizonForecast(
                ahead, purchases, value, _range(float(new[place]), float(new_errors[place]), reach), new_value, float(none[place]), top
            )
        )
    return found


def _typical(fitted: Fitted) -> tuple[float, float]:
    """Expected value of a purchase of a customer of whom nothing is known, and its relative standard error."""
    if fitted.values is None:
        return 0.0, 0.0
    if fitted.values["q"] <= 1:
        raise NotEnoughData(
            "what purchases are worth differs so much between customers that their mean has no bound: leave out mean_value and plan on "
            "numbers of purchases, or set aside the few customers with the largest values",
            needed="q above one",
            found=f"q = {fitted.values['q']:.3g}",
        )
    centre, error = fitted.values.error_of(lambda v: np.atleast_1d(v[0] * v[2] / max(v[1] - 1, 1e-6)))
    return float(centre[0]), float(error[0])


def _range(expected: float, error: float, reach: float, draws: Floats | None = None, level: float = 0.95) -> Range:
    """The expectation with its interval, normal in the logarithm, and the outcomes' own."""
    far = float(np.exp(min(reach * error, 50.0)))
    low, high = expected / far, expected * far
    if draws is None:
        return Range(expected, low, high)
    ends = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Range(expected, low, high, min(float(ends[0]), low), max(float(ends[1]), high))


def top_share(expected: Floats, weight: Floats, part: float = 0.1) -> float | None:
    """Share of the whole that the best `part` of customers are expected to bring."""
    total = float(expected @ weight)
    if total <= 0:
        return None
    order = np.argsort(-expected, kind="stable")
    people, sums = np.cumsum(weight[order]), np.cumsum((expected * weight)[order])
    wanted = part * people[-1]
    return float(np.interp(wanted, np.concatenate([[0.0], people]), np.concatenate([[0.0], sums])) / total)


def counts_by_purchases(fitted: Fitted, histories: Histories, most: int = 7) -> tuple[Floats, Floats]:
    """Customers seen and expected with 0, 1, …, `most` or more purchases after the first, in the record that was fitted."""
    ages, place = np.unique(histories.age, return_inverse=True)
    people = np.bincount(place, weights=histories.weight)
    if len(ages) > 400:
        group = np.minimum((np.cumsum(people) - people / 2) / people.sum() * 400, 399).astype(np.int64)
        sums = np.bincount(group, weights=people, minlength=400)
        ages = np.bincount(group, weights=people * ages, minlength=400)[sums > 0] / sums[sums > 0]
        people = sums[sums > 0]
    watched = ages > 0
    chances = np.zeros((len(ages), most))
    chances[~watched, 0] = 1.0
    if watched.any():
        chances[watched] = fitted.module.counts_of_new(fitted.purchases.values, ages[watched], most - 1)
    expected = people @ chances
    seen = np.bincount(np.minimum(histories.x, most), weights=histories.weight, minlength=most + 1).astype(np.float64)
    return seen, np.concatenate([expected, [max(people.sum() - expected.sum(), 0.0)]])
