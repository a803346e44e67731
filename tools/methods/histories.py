"""Purchase histories as three numbers a customer, equal ones counted once: all that models of repeat buying need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histories:
    """Rows of equal history. x: purchases after the first · last: when the last was, from the first · age: time observed · weight: people.

    Times are in one unit, whichever.
    """

    x: Ints
    last: Floats
    age: Floats
    weight: Floats

    @classmethod
    def of(cls, x: Ints, last: Floats, age: Floats, weight: Floats | None = None) -> Self:
        """Histories from columns, equal rows put together, in an order that the rows alone fix."""
        given = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=np.float64)
        x, last, age = np.asarray(x, np.int64), np.asarray(last, np.float64), np.asarray(age, np.float64)
        order = np.lexsort((age, last, x))
        x, last, age, given = x[order], last[order], age[order], given[order]
        new = np.empty(len(x), bool)
        new[:1] = True
        new[1:] = (x[1:] != x[:-1]) | (last[1:] != last[:-1]) | (age[1:] != age[:-1])
        starts = np.flatnonzero(new)
        return cls(x[starts], last[starts], age[starts], np.add.reduceat(given, starts) if len(starts) else given)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def customers(self) -> float:
        """People behind the rows."""
        return float(self.weight.sum())

    @property
    def mean_age(self) -> float:
        """Mean time observed."""
        return float(self.age @ self.weight / self.weight.sum()) or 1.0

    def every(self, nth: int) -> Histories:
        """Each `nth` row."""
        return Histories(self.x[::nth], self.last[::nth], self.age[::nth], self.weight[::nth])

    def where(self, mask: NDArray[np.bool_] | Ints) -> Histories:
        """Some of the rows."""
        return Histories(self.x[mask], self.last[mask], self.age[mask], self.weight[mask])
