"""What a data contract says of a table and its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "text", "category", "timestamp", "date", "count", "quantity", "money", "currency", "share", "bool"]
"""Stored as: id, text, category, currency: string · timestamp: microseconds UTC · date: day · count: int64 ·
quantity: decimal(18, 6), so that sums agree on every engine · money: int64 minor units · share: double in 0..1 · bool."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `personal` columns are scrubbed on erasure and never leave in a log."""

    name: str
    type: ColumnType
    description: str
    required: bool = False
    personal: bool = False
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """One table. `key` columns identify a row: a row with a key that is already there is a duplicate, not a second row.

    `person` is the column that says whose row it is (erasure deletes by it); `time` orders the rows.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str | None = None
    person: str | None = None

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
