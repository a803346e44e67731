"""Figures of one result, made in one voice: what they share is said once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tools.contract import Figure, Interval, Unit
from tools.methods.bootstrap import percentile_interval

Kind = Literal["confidence", "prediction", "credible", "range"]


@dataclass(frozen=True)
class Figures:
    """A list of figures that share currency, basis, period and the like; `of` opens the figures of one entity in the same list."""

    currency: str
    shared: dict[str, Any]
    prefix: str = "total"
    made: list[Figure] = field(default_factory=list)

    def of(self, prefix: str, **shared: Any) -> Figures:
        """Figures whose keys begin with `prefix`; what they share is added to what all share."""
        return replace(self, prefix=prefix, shared={**self.shared, **shared})

    def add(
        self,
        name: str,
        value: float | str,
        unit: Unit,
        label: str,
        *,
        metric: str | None = None,
        interval: Interval | None = None,
        **own: Any,
    ) -> None:
        """One figure, key `prefix.name`. Money and its interval are rounded to whole minor units."""
        if unit == "money" and not isinstance(value, str):
            value, own["currency"] = round(value), self.currency
            if interval is not None:
                interval = interval.model_copy(update={"low": round(interval.low), "high": round(interval.high)})
        about = {**self.shared, **own}
        made = Figure(key=f"{self.prefix}.{name}", value=value, unit=unit, metric=metric or name, label=label, interval=interval, **about)
        self.made.append(made)

    @property
    def by_key(self) -> dict[str, Figure]:
        """All figures made so far, by key."""
        return {figure.key: figure for figure in self.made}


def around(draws: NDArray, value: float, level: float, kind: Kind = "confidence", *, least: float | None = None) -> Interval | None:
    """The middle `level` of the draws, widened to hold the value itself; none for a single draw or where an end has no bound."""
    if len(draws) < 2:
        return None
    # A cost per outcome has no bound where a draw brings no outcome at all.
    low, high = (float(end) for end in percentile_interval(np.where(np.isfinite(draws), draws, 1e300), level))
    if high > 1e200:
        return None
    low, high = min(low, value), max(high, value)
    return Interval(low=low if least is None else max(least, low), high=high, level=level, kind=kind)


def capital(words: str) -> str:
    """The words as a sentence begins with them."""
    return words[:1].upper() + words[1:]
