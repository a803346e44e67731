"""What a column mapping is: which column of a file fills which column of a table, and how its text is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from store.delta import FREE
from tools.contract import Frozen
from tools.contracts import CONTRACTS

MoneyScale = Literal["major", "minor", "micros"]
"""major: 12.50 is twelve rand fifty · minor: 1250 is · micros: 12500000 is."""

DayOrder = Literal["dmy", "mdy"]


class ColumnMapping(Frozen):
    """How one column of a table is filled: from a source column, with one value for all rows, or from the row itself."""

    target: str = Field(description="column of the table")
    source: str | None = Field(default=None, description="header of the file's column, as the file writes it")
    constant: str | None = Field(default=None, description="one value for all rows, read like a cell")
    derive: Literal["row"] | None = Field(default=None, description="row: an id made from the row's own values, for files that give none")
    scale: MoneyScale | None = Field(default=None, description="money only: what one whole number in the file is")
    decimal: Literal[".", ","] | None = Field(
        default=None, description="decimal mark, where a number reads both ways; found out when empty"
    )
    order: DayOrder | None = Field(default=None, description="order of day and month, where a date reads both ways; found out when empty")
    usual_order: DayOrder | None = Field(default=None, description="order where no date of the file tells; the client's when empty")
    zone: str | None = Field(default=None, description="IANA zone of times without one; the client's when empty")
    negate: bool = Field(default=False, description="bool only: the file says the opposite (opted out)")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.source, self.constant, self.derive)) != 1:
            raise ValueError(f"{self.target!r} is filled from one of source, constant and derive")
        return self


class Mapping(Frozen):
    """A column mapping, as it is confirmed and remembered. `model_dump(mode="json")` is what is kept."""

    table: str = Field(description="a contract's table, or free_<name> for a table of any columns")
    shape: str = Field(default="own", description="the known export that it was suggested from")
    columns: tuple[ColumnMapping, ...] = Field(default=(), description="empty for a free table: its columns come as they are")
    breakdown: tuple[str, ...] = Field(default=(), description="source columns that split a row of the table; what they split is added up")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.free:
            if self.columns or self.breakdown:
                raise ValueError(f"{self.table!r} is a free table: its columns come as they are")
            return self
        if self.table not in CONTRACTS:
            raise ValueError(f"{self.table!r} is no table; a table of other columns is called free_<name>")
        known = {column.name for column in CONTRACTS[self.table].columns}
        targets = [column.target for column in self.columns]
        for target in targets:
            if target not in known:
                raise ValueError(f"{self.table} has no column {target!r}")
            if targets.count(target) > 1:
                raise ValueError(f"{self.table}.{target} is filled twice")
        return self

    @property
    def free(self) -> bool:
        """Whether it is a free table."""
        return self.table.startswith(FREE)

    @property
    def missing(self) -> tuple[str, ...]:
        """Required columns of the table that nothing fills. A currency is not among them: the client's own stands in."""
        if self.free:
            return ()
        filled = {column.target for column in self.columns}
        columns = CONTRACTS[self.table].columns
        return tuple(column.name for column in columns if column.required and column.type != "currency" and column.name not in filled)

    @property
    def fingerprint(self) -> str:
        """A hash of how a file is read: the same file read otherwise is another import."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def header_fingerprint(headers: Sequence[str]) -> str:
    """A hash of a header row: files with the same columns in the same order share it, so that a mapping is found again."""
    return hashlib.sha256(json.dumps([header.strip().casefold() for header in headers], ensure_ascii=False).encode()).hexdigest()
