"""Splitting a sum over channels: the best split by dynamic programming, polished, and exact to the minor unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STEPS = 200
"""Steps of the dynamic programme; the polish afterwards does not depend on them while the right hill is found."""
POLISHED = 6
"""How many of the best on/off patterns are polished."""


@dataclass(frozen=True)
class Limits:
    """Integer minor units per channel: spend is zero (where `can_stop`) or lies within [low, high]."""

    low: Integers
    high: Integers
    can_stop: NDArray[np.bool_]

    def first(self, count: int) -> Limits:
        """The limits of the first so many channels."""
        return Limits(self.low[:count], self.high[:count], self.can_stop[:count])

    def allow(self, amounts: Integers) -> bool:
        """Whether a split keeps to the limits."""
        inside = (amounts >= self.low) & (amounts <= self.high)
        return bool(np.all(inside | (self.can_stop & (amounts == 0))))


class Unreachable(ValueError):
    """No split keeps to the limits within the total."""


def allocate(value: Callable[[int, Floats], Floats], slope: Callable[[int, Floats], Floats], total: int, limits: Limits) -> Integers:
    """The split of `total` with the greatest sum of value(channel, amounts), whole minor units, as much of the total as the limits let.

    value and slope take a channel and amounts (N,) and give (N,). Concave and S-shaped channels alike: for each pattern of running channels
    a max-plus dynamic programme finds the hill (Bellman 1957), sequential least squares programming climbs it (Kraft 1988).
    Raises Unreachable.
    """
    patterns = _patterns(total, limits)
    tables = [_table(value, channel, min(int(limits.high[channel]), total)) for channel in range(len(limits.low))]
    rough = sorted((_programme(tables, total, limits, on) for on in patterns), key=lambda found: -found[0])[:POLISHED]

    def worth(amounts: Integers) -> float:
        return sum(float(value(channel, amounts[channel : channel + 1].astype(float))[0]) for channel in range(len(amounts)))

    splits = []
    for _, start, on in rough:
        target = _spendable(total, limits, on)
        full = _whole(start, target, limits, on)
        splits += [full, _whole(_polish(value, slope, full.astype(float), limits, on), target, limits, on)]
    return max(splits, key=worth)


def apportion(weights: Floats, total: int) -> Integers:
    """Whole units in proportion to weights that sum to the total exactly (largest remainder)."""
    shares = weights / weights.sum() * total
    whole = np.floor(shares).astype(np.int64)
    short = total - int(whole.sum())
    order = np.argsort(-(shares - whole), kind="stable")
    if short > 0:
        whole[order[:short]] += 1
    elif short < 0:
        whole[order[short:]] -= 1
    return whole


def share_out(weights: Floats, total: int, limits: Limits) -> Integers:
    """Whole units in proportion to weights as far as the limits let; a channel that cannot reach its lower limit and may stop gets nothing.

    Among those that fall short the last of the lightest stops first, so the order of channels is their priority. Raises Unreachable.
    """
    running = (weights > 0) | ~limits.can_stop
    while True:
        low = np.where(running & ~limits.can_stop, limits.low, 0)
        high = np.where(running, limits.high, 0)
        if int(low.sum()) > total:
            raise Unreachable("the minimums alone exceed the total")
        target = min(total, int(high.sum()))
        amounts = _whole(_filled(np.where(running, weights, 0.0), target, low, high), target, Limits(low, high, limits.can_stop), running)
        short = np.nonzero(running & limits.can_stop & (amounts < limits.low))[0]
        if not len(short):
            return amounts
        running[short[::-1][np.argmin(weights[short[::-1]])]] = False


def _filled(weights: Floats, target: int, low: Integers, high: Integers) -> Floats:
    """clip(level * weights, low, high) that sums to the target, found by halving."""
    bottom, top = 0.0, float(target + 1) / max(float(weights[weights > 0].min(initial=1.0)), 1e-300)
    for _ in range(200):
        level = (bottom + top) / 2
        if np.clip(level * weights, low, high).sum() < target:
            bottom = level
        else:
            top = level
    return np.clip(top * weights, low, high)


def _spendable(total: int, limits: Limits, on: NDArray[np.bool_]) -> int:
    return min(total, int(limits.high[on].sum()))


def _patterns(total: int, limits: Limits) -> list[NDArray[np.bool_]]:
    """Patterns of running channels that can spend most of the total; a channel that may take any amount from zero up always runs."""
    switches = np.nonzero(limits.can_stop & (limits.low > 0))[0]
    found: list[NDArray[np.bool_]] = []
    for states in product((True, False), repeat=len(switches)):
        on = np.ones(len(limits.low), dtype=bool)
        on[switches] = states
        if int(limits.low[on].sum()) <= total:
            found.append(on)
    if not found:
        raise Unreachable("the minimums alone exceed the total")
    reach = [_spendable(total, limits, on) for on in found]
    return [on for on, spends in zip(found, reach, strict=True) if spends == max(reach)]


def _table(value: Callable[[int, Floats], Floats], channel: int, high: int) -> tuple[Floats, Floats]:
    # Closer together near zero, where curves bend most.
    at = np.linspace(0, 1, 501) ** 2 * max(high, 1)
    return at, value(channel, at)


def _programme(
    tables: list[tuple[Floats, Floats]], total: int, limits: Limits, on: NDArray[np.bool_]
) -> tuple[float, Floats, NDArray[np.bool_]]:
    """Best split on a grid of what is left above the lower limits: its worth, the amounts, and the pattern."""
    running = np.nonzero(on)[0]
    spare = _spendable(total, limits, on) - int(limits.low[on].sum())
    grid = np.linspace(0, spare, STEPS + 1)
    left = np.arange(STEPS + 1)[:, None] - np.arange(STEPS + 1)
    best, chosen = np.where(np.arange(STEPS + 1) == 0, 0.0, -np.inf), []
    for channel in running:
        at, worth = tables[channel]
        gain = np.interp(limits.low[channel] + grid, at, worth)
        # A cap between two grid points is let through to the next one; the polish brings it back.
        gain[grid > limits.high[channel] - limits.low[channel] + spare / STEPS] = -np.inf
        options = np.where(left >= 0, best[np.maximum(left, 0)] + gain, -np.inf)
        chosen.append(options.argmax(axis=1))
        best = options.max(axis=1)
    amounts, place = np.zeros(len(limits.low)), STEPS if len(running) else 0
    result = float(best[place]) if len(running) else 0.0
    for channel, picks in zip(running[::-1], chosen[::-1], strict=True):
        amounts[channel] = limits.low[channel] + grid[picks[place]]
        place -= int(picks[place])
    return result, np.minimum(amounts, limits.high), on


def _polish(
    value: Callable[[int, Floats], Floats], slope: Callable[[int, Floats], Floats], start: Floats, limits: Limits, on: NDArray[np.bool_]
) -> Floats:
    from scipy.optimize import minimize

    running, target = [int(channel) for channel in np.nonzero(on)[0]], float(start.sum())
    if len(running) < 2 or target <= 0:
        return start
    worth: float = sum(float(value(channel, start[channel : channel + 1])[0]) for channel in running) or 1.0

    def loss(x: Floats) -> float:
        return -sum(float(value(channel, np.array([x[i] * target]))[0]) for i, channel in enumerate(running)) / worth

    def fall(x: Floats) -> Floats:
        return np.array([-float(slope(channel, np.array([x[i] * target]))[0]) * target / worth for i, channel in enumerate(running)])

    bounds = [(limits.low[channel] / target, min(limits.high[channel] / target, 1.0)) for channel in running]
    found = minimize(
        loss, start[running] / target, jac=fall, bounds=bounds, method="SLSQP", options={"ftol": 1e-14, "maxiter": 200},
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones_like(x)},
    )  # fmt: skip
    polished = start.copy()
    if np.all(np.isfinite(found.x)):
        polished[running] = found.x * target
    return polished


def _whole(amounts: Floats, target: int, limits: Limits, on: NDArray[np.bool_]) -> Integers:
    """Whole minor units that sum to the target within the limits of the running channels."""
    low = [int(limit) if runs else 0 for limit, runs in zip(limits.low, on, strict=True)]
    high = [int(limit) if runs else 0 for limit, runs in zip(limits.high, on, strict=True)]
    whole = [min(max(int(amount), bottom), top) for amount, bottom, top in zip(amounts, low, high, strict=True)]
    short = target - sum(whole)
    order = sorted(range(len(whole)), key=lambda place: -(amounts[place] - np.floor(amounts[place])))
    for place in order:
        if 0 < short <= len(order) and whole[place] < high[place]:
            whole[place] += 1
            short -= 1
    for place in order:
        room = min(max(short, low[place] - whole[place]), high[place] - whole[place])
        whole[place] += room
        short -= room
    return np.array(whole, dtype=np.int64)
