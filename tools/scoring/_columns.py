"""Typed columns of a labelled table, from rows in the request or from a table of the client, whatever their shape."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.contract import ToolInputError

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Kind = Literal["number", "text", "moment"]
Cell = str | int | float | bool | None

DAY = 86_400.0
MOST_TIED = 100_000  # rows of one score from which their names are not looked up
BLANK = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?")
TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class Column:
    """One column, an entry per row. `numbers`: the values, seconds since 1970 for a moment, NaN where empty. Text has `codes` into
    `levels`, -1 where empty, in place of numbers.
    """

    name: str
    kind: Kind
    numbers: Floats = field(default_factory=lambda: np.empty(0))
    codes: Codes = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    levels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.codes) if self.kind == "text" else len(self.numbers)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Whether each row is empty."""
        return self.codes < 0 if self.kind == "text" else np.isnan(self.numbers)

    def take(self, rows: NDArray[Any]) -> Column:
        """The same column of these rows."""
        if self.kind == "text":
            return Column(self.name, "text", codes=self.codes[rows], levels=self.levels)
        return Column(self.name, self.kind, numbers=self.numbers[rows])

    def texts(self) -> list[str | None]:
        """Every cell as a text, as ids are shown."""
        if self.kind == "text":
            return [self.levels[code] if code >= 0 else None for code in self.codes.tolist()]
        return [
            None if value != value else str(int(value)) if float(value).is_integer() else repr(value) for value in self.numbers.tolist()
        ]

    def distinct(self) -> int:
        """How many different values there are, empty ones left out."""
        values = self.codes[self.codes >= 0] if self.kind == "text" else self.numbers[~np.isnan(self.numbers)]
        return len(np.unique(values))


Columns = dict[str, Column]


class Ids(NamedTuple):
    """What rows are called. A million of them are not read as levels, only those that are shown are looked up."""

    cells: Any = None
    """Plain values or an Arrow column; none when rows go by their place, counted from one."""

    def of(self, rows: NDArray[np.int64]) -> list[str]:
        """The names of these rows."""
        if self.cells is None:
            return [str(row + 1) for row in rows.tolist()]
        found = [self.cells[row] for row in rows.tolist()] if isinstance(self.cells, list) else self.cells.take(rows).to_pylist()
        return ["unnamed" if cell is None else str(cell) for cell in found]


def best(score: Floats, ids: Ids, limit: int) -> NDArray[np.int64]:
    """The places of the highest scores in order; rows of one score by their names, so that no engine's order of rows shows."""
    order = np.argsort(-score, kind="stable")
    if ids.cells is None or len(order) <= 1:
        return order[:limit]
    last = score[order[min(limit, len(order)) - 1]]
    tied = order[: int(np.searchsorted(-score[order], -last, side="right"))]
    if len(tied) > MOST_TIED:
        return order[:limit]
    names = ids.of(tied)
    return tied[sorted(range(len(tied)), key=lambda place: (-score[tied[place]], names[place]))][:limit]


def of_rows(rows: Sequence[Mapping[str, Cell]], wanted: Iterable[str] | None = None, *, as_text: Collection[str] = ()) -> Columns:
    """Columns of rows given as JSON: a column that some row has. Raises ToolInputError for a number that is none."""
    names = sorted({name for row in rows for name in row}) if wanted is None else list(wanted)
    return {name: of_values(name, [row.get(name) for row in rows], as_text=name in as_text) for name in names}


def of_values(name: str, values: Sequence[Cell], *, as_text: bool = False) -> Column:
    """A column of plain values: numbers when all are, else text, read as numbers or moments when every cell is one, unless told not to."""
    if not as_text and all(value is None or isinstance(value, bool | int | float) for value in values):
        try:
            numbers = np.array([np.nan if value is None else float(value) for value in values])
        except OverflowError as error:
            raise ToolInputError(f"{name} holds a number that is too large", field=name) from error
        return _number(name, numbers, sum(value is None for value in values))
    words = ["" if value is None else str(value) for value in values]
    place: dict[str, int] = {}
    codes = np.array([place.setdefault(word, len(place)) for word in words], dtype=np.int64)
    return _text(name, codes, list(place), as_text=as_text)


def of_table(facts: Facts, table: ibis.Table, names: Sequence[str]) -> Columns:
    """Columns of a client's table, in an order of the rows that no engine changes."""
    wanted = table.select(*names)
    fetched = facts.fetch(wanted.order_by([wanted[name] for name in names]))
    return {name: _of_arrow(name, fetched.column(name), as_text=False) for name in names}


def with_ids(
    facts: Facts, table: ibis.Table, names: Sequence[str], id_column: str | None, *, as_text: Collection[str] = ()
) -> tuple[Columns, Ids]:
    """Columns of a client's table as its rows come, and what the rows are called."""
    fetched = facts.fetch(table.select(*dict.fromkeys([*names, *([id_column] if id_column else [])])))
    columns = {name: _of_arrow(name, fetched.column(name), as_text=name in as_text) for name in names}
    return columns, Ids(fetched.column(id_column) if id_column else None)


def find_table(facts: Facts, name: str) -> ibis.Table:
    """The client's table of this name; a table of any other shape may be named without its `free_`. Raises NotEnoughData."""
    names = facts.names()
    return facts.table(name if name in names or f"free_{name}" not in names else f"free_{name}")


def _of_arrow(name: str, column: Any, *, as_text: bool) -> Column:
    """An Arrow column. Raises ToolInputError for a nested one."""
    kind = str(column.type)
    if as_text and "string" not in kind:
        column, kind = column.cast("string"), "string"
    if kind == "bool":
        return Column(name, "number", numbers=column.cast("int8").cast("double").to_numpy().astype(np.float64))
    if kind.startswith(("int", "uint", "float", "double", "half", "decimal")):
        return _number(name, column.cast("double").to_numpy().astype(np.float64), column.null_count)
    if kind.startswith("timestamp"):
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind[10:].split(",")[0].rstrip("]")]
        return Column(name, "moment", numbers=column.cast("int64").to_numpy().astype(np.float64) / unit)
    if kind.startswith("date"):
        return Column(name, "moment", numbers=column.cast("date32").cast("int32").to_numpy().astype(np.float64) * DAY)
    if "string" in kind:
        encoded = column.combine_chunks().dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return _text(name, codes, encoded.dictionary.to_pylist(), as_text=as_text)
    if kind == "null":
        return Column(name, "number", numbers=np.full(len(column), np.nan))
    raise ToolInputError(f"the column {name} holds {kind}: only numbers, texts, days and times can be used", field=name)


def _number(name: str, numbers: Floats, empty: int) -> Column:
    infinite, nan = int(np.isinf(numbers).sum()), int(np.isnan(numbers).sum()) - empty
    if infinite or nan > 0:
        what = "infinite" if infinite else "not a number (NaN)"
        raise ToolInputError(
            f"{name} is {what} in {infinite or nan} rows: leave a cell empty where the value is not known",
            field=name,
            needed="finite numbers or empty cells",
            found=f"{infinite or nan} of {len(numbers)} rows",
        )
    return Column(name, "number", numbers=numbers)


def _text(name: str, codes: Codes, levels: list[str], *, as_text: bool) -> Column:
    """Text, or what every cell of it reads as: numbers, truth values or moments. Levels are sorted, so that order of rows is nothing."""
    bare = [level.strip() for level in levels]
    known = [level for level in bare if level.casefold() not in BLANK]
    for pattern, kind, read in () if as_text else ((NUMBER, "number", float), (MOMENT, "moment", _seconds)):
        if known and all(pattern.fullmatch(level) for level in known):
            values = np.array([np.nan if level.casefold() in BLANK else read(level) for level in bare])
            numbers = np.where(codes >= 0, values[codes], np.nan)
            return _number(name, numbers, int(np.isnan(numbers).sum())) if kind == "number" else Column(name, "moment", numbers=numbers)
    if not as_text and known and all(level.casefold() in TRUTH for level in known):
        values = np.array([TRUTH.get(level.casefold(), np.nan) for level in bare])
        return Column(name, "number", numbers=np.where(codes >= 0, values[codes], np.nan))
    kept = sorted(set(known))
    place = {level: index for index, level in enumerate(kept)}
    order = np.array([place.get(level, -1) for level in bare] or [-1], dtype=np.int64)
    return Column(name, "text", codes=np.where(codes >= 0, order[codes], -1), levels=tuple(kept))


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def end_of(day: date) -> float:
    """The last second of a day in UTC, as a moment: what lies after it lies ahead."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + DAY


def need_column(columns: Mapping[str, Any] | Sequence[str], name: str, field_name: str) -> None:
    """Raises ToolInputError that names what there is."""
    if name not in columns:
        raise ToolInputError(f"there is no column {name!r}", field=field_name, needed=name, found=", ".join(sorted(columns)[:30]))
