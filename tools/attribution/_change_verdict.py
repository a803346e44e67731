"""Whether a channel brought more or fewer claimed conversions than ordinary variation gives at its spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Literal

from tools.attribution._channel_days import ChannelDays
from tools.attribution._compared_periods import earlier, sums_of
from tools.attribution._variation import rate_ratio
from tools.methods.ordinary_variation import Noise, noise_given
from tools.methods.periods import Period

Verdict = Literal["more", "fewer", "within", "unclear"]
Method = Literal["record", "counting", "none"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One entity: the verdict on its claimed conversions given its spend, and how it was reached.

    A verdict on the cost of a claimed conversion would be the same one: at a given spend it moves with their number alone.
    `middle`, `low`, `high`: claimed conversions that were to be expected at this spend; none when there is no record to tell from.
    """

    entity: str
    verdict: Verdict
    method: Method
    level: float
    middle: float | None = None
    low: float | None = None
    high: float | None = None
    noise: Noise | None = None


def judge(parts: Sequence[ChannelDays], record: Period, now: Period, before: Period, level: float) -> tuple[Judged, ...]:
    """The total (first of `parts`) at `level`; the channels so that all of them together raise a false alarm no more often than that."""
    each = 1 - (1 - level) / max(len(parts) - 1, 1)
    return tuple(
        _judged(part, record, now, before, level if place == 0 else each)
        for place, part in enumerate(parts)
        if part.has("conversions") and part.has("spend")
    )


def _judged(part: ChannelDays, record: Period, now: Period, before: Period, level: float) -> Judged:
    here, there = sums_of(part, record, now), sums_of(part, record, before)
    found, was = here.conversions or 0.0, there.conversions or 0.0
    if not (here.spend and there.spend) or not (found or was):
        return Judged(part.channel, "unclear", "none", level)
    days = here.days / there.days
    if found and was:
        moved = log(here.spend / there.spend / days)
        claims, spend = earlier(part, record, now, "conversions"), earlier(part, record, now, "spend")
        noise = noise_given(claims, spend, moved, days=here.days, before=there.days)
        if noise is not None:
            low, high = noise.band(was * days, level)
            verdict: Verdict = "within" if low <= found <= high else "more" if found > high else "fewer"
            return Judged(part.channel, verdict, "record", level, was * days * exp(noise.drift), low, high, noise)
    low, high = rate_ratio((found, was), (here.days, there.days), level)
    # chance in counting is the least there can be: what it explains is explained, what it does not may still be ordinary
    return Judged(part.channel, "within" if low <= 1 <= high else "unclear", "counting", level)
