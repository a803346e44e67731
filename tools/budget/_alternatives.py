"""Other splits of the same money over the channels with curves: what they are expected to bring, and how far from the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.budget._figures import Figures, around
from tools.budget._split import Ask, Split, chance_below, equal_split
from tools.methods.allocation import apportion
from tools.methods.channel_names import channel_name

if TYPE_CHECKING:
    from tools.budget._allocation_report import Telling


class Other(NamedTuple):
    """One other split: the prefix of its figures, its name in words, and its amounts."""

    key: str
    words: str
    amounts: NDArray[np.int64]


def others(ask: Ask, split: Split) -> Iterator[Other]:
    """The splits that a reader would ask about; one that is the plan itself is no alternative."""
    for other in _asked_about(ask, split):
        if not np.array_equal(other.amounts, split.advised):
            yield other


def _asked_about(ask: Ask, split: Split) -> Iterator[Other]:
    curved, rest = split.curved, split.advised[split.curved :]
    if split.held_back and split.current is not None:
        yield Other("best_split", "the best split found", split.best)
        yield Other("midway", "a step midway to the best split", _half_way(split))
    if split.current is not None:
        yield Other("current_split", "the current split", split.current)
    equal = equal_split(ask, split.channels[:curved], split.advised)
    if equal is None:
        return
    if split.current is None or not np.array_equal(equal, split.current):
        yield Other("equal_split", "an equal split", equal)
    money = int(split.advised[:curved].sum())
    at = np.array([money / ask.weeks])
    allowed = [ask.channels is None or channel in ask.channels for channel in split.channels[:curved]]
    alone = [split.responses.steady(place, at).mean() if allowed[place] else -1.0 for place in range(curved)]
    one = int(np.argmax(alone))
    amounts = np.concatenate([money * (np.arange(curved) == one), rest])
    yield Other("all_in_best", f"everything on {channel_name(split.channels[one])}", amounts)


def _half_way(split: Split) -> NDArray[np.int64]:
    """Half of each channel's change: on concave curves the first half of the way gains the most and is the surer one."""
    assert split.current is not None
    return apportion((split.current + split.best) / 2, int(split.current.sum()))


def add_alternatives(figures: Figures, told: Telling) -> None:
    """Figures of each other split: expected outcomes, more or fewer than the plan, and the chance of doing worse than the current split."""
    ask, split = told.ask, told.split
    brings = told.worth(split.advised)
    base, against = (brings, "the plan") if split.current is None else (told.worth(split.current), "the current split")
    for other in others(ask, split):
        would = told.worth(other.amounts)
        mine = figures.of(other.key, entity=f"alternative: {other.words}")
        mine.add(
            "expected_conversions", float(would.mean()), "count", f"{told.outcome} per {ask.period} expected with {other.words}",
            interval=around(would, float(would.mean()), told.level),
        )  # fmt: skip
        apart(mine, would - brings, f"{told.outcome} per {ask.period} with {other.words} than with the plan", "plan", told.level)
        if len(would) > 1 and other.key != "current_split":
            label = f"chance of fewer {told.outcome} with {other.words} than with {against}"
            mine.add("chance_worse", chance_below(would, base), "share", label, denominator="bootstrap draws", n=len(would))
        if other.key in ("best_split", "midway"):
            _amounts(figures, other, split)


def _amounts(figures: Figures, other: Other, split: Split) -> None:
    """What each channel would get, so that the split can be proposed in steps, or tested."""
    for channel, amount in zip(split.channels, other.amounts, strict=True):
        figures.of(f"{other.key}.{channel}", entity=channel).add(
            "budget", int(amount), "money", f"media for {channel_name(channel)} with {other.words}", metric=f"{other.key}_amount"
        )


def apart(figures: Figures, more: NDArray[np.float64], label: str, than: str, level: float) -> None:
    """How far apart two expectations are, as more or as fewer: a figure that is never negative. more: by draw."""
    way, metric, sign = ("more", "gain", 1.0) if more.mean() >= 0 else ("fewer", "loss", -1.0)
    middle = sign * float(more.mean())
    figures.add(
        f"{way}_than_{than}", middle, "count", f"{way} {label}", metric=metric, interval=around(sign * more, middle, level)
    )  # fmt: skip
