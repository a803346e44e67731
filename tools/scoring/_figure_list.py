"""Figures gathered one by one: money rounded to minor units, the rest as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tools.contract import Figure, Interval, Unit


@dataclass
class FigureList:
    """What a result will show. `period` and `currency` go to every figure that has a use for them."""

    currency: str
    period: str | None = None
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        key: str,
        value: float | str,
        unit: Unit,
        label: str,
        *,
        interval: tuple[float, float] | Interval | None = None,
        level: float = 0.95,
        kind: Any = "confidence",
        **more: Any,
    ) -> None:
        """Add one. A pair as `interval` is read at `level`; ends that run backwards by rounding are put in order."""
        if isinstance(interval, tuple):
            low, high = sorted(interval)
            interval = Interval(
                low=round(low) if unit == "money" else low, high=round(high) if unit == "money" else high, level=level, kind=kind
            )
        self.figures.append(
            Figure(
                key=key,
                value=round(value) if unit == "money" and not isinstance(value, str) else value,
                unit=unit,
                metric=more.pop("metric", key.rpartition(".")[2]),
                label=label,
                currency=self.currency if unit == "money" else None,
                period=more.pop("period", self.period),
                interval=interval,
                **more,
            )
        )

    def has(self, key: str) -> bool:
        """Whether a figure of this key is there."""
        return any(figure.key == key for figure in self.figures)
