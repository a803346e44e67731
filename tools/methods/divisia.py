"""A change of a product split into the changes of its factors, adding up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log


def log_mean(a: float, b: float) -> float:
    """The logarithmic mean of two positive numbers: (a - b) / ln(a / b), and a where they are equal."""
    if a == b:
        return a
    ratio = log(a / b)
    # so close that the difference of logarithms loses its digits, the mean is the midpoint to the last of them
    return (a - b) / ratio if abs(ratio) > 1e-12 else (a + b) / 2


def chain_effects(before: Sequence[float], now: Sequence[float]) -> tuple[float, ...]:
    """How much of the change of the last level goes with each link of a chain of levels, such as days, spend, clicks, conversions.

    The first effect is that of the first level, each other that of its level per one of the level before. The additive log-mean Divisia
    split (LMDI-I; Ang 2005, The LMDI approach to decomposition analysis, equation 4): effect = L(now, before) * ln(factor now / before).
    It leaves nothing over and does not depend on the order of the factors. Where the last level is zero on one side, the first level that
    is zero on that side takes the whole change, which is the split's limit (Ang and Liu 2007, Handling zero values).

    Raises ValueError when a level is zero on a side where a later one is not.
    """
    if len(before) != len(now) or not before:
        raise ValueError("a chain has the same levels on both sides, and at least one")
    for side in (before, now):
        if any(level < 0 for level in side) or any(not level and any(side[place:]) for place, level in enumerate(side)):
            raise ValueError(f"the levels of a chain are not negative, and nothing follows on a zero: {list(side)!r}")
    effects = [0.0] * len(before)
    if not before[-1] and not now[-1]:
        return tuple(effects)
    if not before[-1] or not now[-1]:
        empty = before if not before[-1] else now
        effects[next(place for place, level in enumerate(empty) if not level)] = now[-1] - before[-1]
        return tuple(effects)
    weight = log_mean(now[-1], before[-1])
    factors = [log(now[0] / before[0])]
    factors += [log(now[i] / now[i - 1] * before[i - 1] / before[i]) for i in range(1, len(before))]
    return tuple(weight * factor for factor in factors)


def whole_parts(parts: Sequence[float], total: int) -> tuple[int, ...]:
    """The parts as whole numbers that add up to `total`, none moved by a whole one: the largest remainders go up first (Hamilton).

    `total` has to be within one per part of the parts' own sum. Equal remainders go in the order given.
    """
    floors = [floor(part) for part in parts]
    missing = total - sum(floors)
    if not 0 <= missing <= len(parts):
        raise ValueError(f"{total} is no rounding of parts that add up to {sum(parts)}")
    first = sorted(range(len(parts)), key=lambda place: (floors[place] - parts[place], place))[:missing]
    return tuple(value + (place in first) for place, value in enumerate(floors))
