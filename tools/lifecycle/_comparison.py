"""One customer, or a group, against comparable ones: what is asked, and what comes of it in the units of the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import exp

import numpy as np
from pydantic import Field

from tools.contract import Frozen, Request, choice
from tools.lifecycle._outcomes import Outcomes, Source
from tools.methods.matched_difference import Contrast, Matched, matched

DIFFERENT = 0.10
"""p-value of the halves before, below which the customer is taken to have been on another path already."""
UNBALANCED = 0.25
"""Standard deviations between the customer and those compared with it, above which they are not alike: Rubin (2001)."""


class Case(Frozen):
    """A customer to look at, as found: which one, what was counted, and over which weeks."""

    account: str = Field(description="id of the business")
    name: str = Field(description="its trading name, or the id")
    source: Source = Field(description="table that the outcome was read from")
    measure: str = Field(description="what was counted")
    last_day: date = Field(description="last day of the weeks after")
    weeks: int = Field(description="weeks after, and as many before", ge=4, le=52, multiple_of=2)
    least: int = Field(description="smallest outcome before", ge=10, le=100_000)
    fewest: int = Field(description="fewest comparable customers", ge=5, le=100)
    most: int = Field(description="most comparable customers", ge=5, le=500)
    level: float = Field(description="level of the intervals", ge=0.5, le=0.999)


class Compared(Request):
    """What both tools let a caller choose."""

    source: Source | None = Field(
        None, description="table to read: customer_results, orders, usage or events; the first that can answer when left out"
    )
    measure: str | None = Field(
        None, description="what is counted, in a word: bookings; the most frequent one when left out", max_length=60
    )
    weeks: int = choice("weeks", "weeks after, and as many before them", default=12, ge=4, le=52, multiple_of=2)
    least: int = choice("count", "smallest outcome before: below it a change in percent says little", default=30, ge=10, le=100_000)
    fewest: int = choice("count", "fewest comparable customers; with fewer the comparison is refused", default=8, ge=5, le=100)
    most: int = choice("count", "most comparable customers, the nearest first", default=20, ge=5, le=500)
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison in shares and counts. `low`, `high`: at the level for all `looked_at` customers together."""

    cases: tuple[int, ...]
    matched: Matched
    before: int
    after: int
    looked_at: int
    low: float
    high: float
    trend: tuple[float, float]

    @property
    def change(self) -> float:
        """Relative change of the outcome."""
        return self.after / self.before - 1

    @property
    def difference(self) -> float:
        """After, as a share above what the comparable customers' change would have given."""
        return exp(self.matched.difference.estimate) - 1

    def beyond(self, difference: float) -> float:
        """The part of the outcome after that a difference stands for."""
        return self.after * (1 - 1 / (1 + difference))

    @property
    def clear(self) -> bool:
        """Whether the interval lies above zero and neither path nor size before speaks against the comparison."""
        return self.low > 0 and not self.other_path and not self.unlike

    @property
    def other_path(self) -> bool:
        """Whether the customer moved otherwise than the others before the day already."""
        return self.matched.trend.p_value < DIFFERENT

    @property
    def unlike(self) -> bool:
        """Whether those compared with it are of another size."""
        return abs(self.matched.imbalance) > UNBALANCED


def worth_looking(outcomes: Outcomes, least: int) -> list[int]:
    """Customers with enough on record before."""
    return [int(index) for index in np.flatnonzero(outcomes.panel.before >= least)]


def compared(outcomes: Outcomes, cases: Sequence[int], asked: Compared | Case, looks: int) -> Comparison | None:
    """The comparison; None when too few customers are comparable."""
    found = matched(outcomes.panel, cases, most=asked.most, fewest=asked.fewest)
    if found is None:
        return None
    low, high = _shares(found.difference, asked.level, looks)
    own = list(cases)
    return Comparison(
        cases=tuple(own),
        matched=found,
        before=int(outcomes.panel.before[own].sum()),
        after=int(outcomes.panel.after[own].sum()),
        looked_at=looks,
        low=low,
        high=high,
        trend=_shares(found.trend, asked.level, 1),
    )


def _shares(contrast: Contrast, level: float, looks: int) -> tuple[float, float]:
    low, high = contrast.ends(level, looks)
    return exp(low) - 1, exp(min(high, 50.0)) - 1
