"""A change in claimed conversions by what went with it: days, spend, prices, clicks per impression, conversions per click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.attribution._compared_periods import Sums
from tools.methods.divisia import chain_effects, whole_parts

EFFECTS = ("days", "spend", "price", "click", "rate")
WORDS: Mapping[str, str] = {
    "days": "the length of the period",
    "spend": "the pace of spending",
    "price": "the price of media",
    "click": "clicks per impression",
    "rate": "conversions per click",
}
"""What each effect is of. Price: impressions per amount spent (CPM); clicks per amount (CPC) where no impressions are reported."""


@dataclass(frozen=True, slots=True)
class Split:
    """One entity's claimed conversions in two periods, whole, and the effects that add up to their difference."""

    before: int
    now: int
    effects: Mapping[str, int]

    @property
    def change(self) -> int:
        """Claimed conversions more than before."""
        return self.now - self.before


def exact_effects(before: Sums, now: Sums) -> dict[str, float]:
    """The effects of one channel, unrounded. A measure missing on a side, or zero beside a later one that is not, is passed over."""
    levels = [("days", float(before.days), float(now.days)), ("spend", before.spend, now.spend)]
    levels += [
        (name, was, found)
        for name, was, found in (("price", before.impressions, now.impressions), ("click", before.clicks, now.clicks))
        if was is not None and found is not None
    ]
    ends = (before.conversions or 0.0, now.conversions or 0.0)
    kept = [level for level in levels if _carries(level[1], ends[0]) and _carries(level[2], ends[1])]
    kept = [level for place, level in enumerate(kept) if _steady(level, kept[place + 1 :])]
    names = [name for name, *_ in kept]
    chain = [*((was, found) for _, was, found in kept), ends]
    effects = chain_effects([was for was, _ in chain], [found for _, found in chain])
    # without impressions the step from spend to clicks is a price too: what a click costs
    places = [*("price" if name == "click" and "price" not in names else name for name in names), "rate"]
    made = dict.fromkeys(EFFECTS, 0.0)
    for name, effect in zip(places, effects, strict=True):
        made[name] += effect
    return made


def _carries(level: float, end: float) -> bool:
    """Whether a level can stand before the conversions of its side: a zero cannot, when there are some."""
    return level > 0 or not end


def _steady(level: tuple[str, float, float], later: Sequence[tuple[str, float, float]]) -> bool:
    """Whether no later level goes on where this one is zero."""
    return all((level[1] or not after[1]) and (level[2] or not after[2]) for after in later)


def split_all(before: Mapping[str, Sums], now: Mapping[str, Sums]) -> dict[str, Split]:
    """Channel to its split, and `total`: whole conversions throughout, so that every column and every row adds up to the digit."""
    channels = list(now)
    ends = {}
    for side, sums in (("before", before), ("now", now)):
        exact = [sums[channel].conversions or 0.0 for channel in channels]
        ends[side] = whole_parts(exact, round(sum(exact)))
    made = {}
    for place, channel in enumerate(channels):
        was, found = ends["before"][place], ends["now"][place]
        made[channel] = Split(was, found, _whole(exact_effects(before[channel], now[channel]), found - was))
    total = {name: sum(split.effects[name] for split in made.values()) for name in EFFECTS}
    return {"total": Split(sum(ends["before"]), sum(ends["now"]), total), **made}


def _whole(effects: Mapping[str, float], change: int) -> dict[str, int]:
    """Effects as whole conversions that add up to the change. What the rounding of both ends moved goes to the largest effect."""
    parts = [effects[name] for name in EFFECTS]
    largest = max(range(len(parts)), key=lambda place: abs(parts[place]))
    parts[largest] += change - sum(parts)
    moving: Sequence[int] = [place for place, part in enumerate(parts) if part]
    whole = whole_parts([parts[place] for place in moving], change) if moving else ()
    placed = dict(zip(moving, whole, strict=True))
    return {name: placed.get(place, 0) for place, name in enumerate(EFFECTS)}
