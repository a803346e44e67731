"""A table as a tool exports it, with rows that are wrong and rows that come twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

ONE_BAD_IN = 5000
"""Rows for each further bad row of a kind and each further duplicate; a file of some size has at least two of each."""
SMALL = 50
"""Files of fewer rows are whole."""

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Break:
    """A way in which a row is wrong: this column holds this instead."""

    reason: str
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"
    preamble: tuple[str, ...] = ()
    """Lines above the header."""
    first: tuple[Mapping[str, str], ...] = ()
    """Rows of totals under the header, by column."""
    last: tuple[Mapping[str, str], ...] = ()
    """Rows of totals at the end."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An export before it is written. CSV columns are texts; Parquet columns have their types."""

    path: str
    table: str
    """The contract that its rows belong to."""
    shape: str
    """Which tool's export it is."""
    rows: pa.Table
    columns: Mapping[str, str]
    """Header to contract column, for those that have one."""
    identity: str
    """The header that tells a bad row apart from the good row it was made from."""
    breaks: tuple[Break, ...] = ()
    constants: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Contract columns that no column holds, such as the channel of a platform's file."""
    layout: Layout = Layout()


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that an import should refuse. Lines count from 1 as an editor shows them; in Parquet they are row numbers from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ExportFile:
    """What was written, and what is in it."""

    path: Path
    table: str
    shape: str
    good_rows: int
    """Distinct rows that are right."""
    bad_rows: int
    duplicate_rows: int
    """Exact copies of good rows."""
    total_rows: int
    """Rows of totals, which are no data."""
    rejects: tuple[Reject, ...]
    columns: Mapping[str, str]
    constants: Mapping[str, str]


def write(sheet: Sheet, folder: Path, rng: np.random.Generator) -> ExportFile:
    """Write a sheet with its bad rows and duplicates strewn in."""
    rows, reasons, duplicates = damaged(sheet, rng)
    path = folder / sheet.path
    if path.suffix == ".parquet":
        pa.parquet.write_table(rows, path, compression="zstd")
        header = 0
    else:
        header = 1 + len(sheet.layout.preamble) + len(sheet.layout.first)
        _write_csv(rows, sheet.layout, path)
    bad = np.flatnonzero(reasons >= 0)
    return ExportFile(
        path=path,
        table=sheet.table,
        shape=sheet.shape,
        good_rows=sheet.rows.num_rows,
        bad_rows=len(bad),
        duplicate_rows=duplicates,
        total_rows=len(sheet.layout.first) + len(sheet.layout.last),
        rejects=tuple(Reject(header + int(row) + 1, sheet.breaks[reasons[row]].reason) for row in bad),
        columns=dict(sheet.columns),
        constants=dict(sheet.constants),
    )


def damaged(sheet: Sheet, rng: np.random.Generator) -> tuple[pa.Table, np.ndarray, int]:
    """The rows in the order they are written, the index of each row's break (-1 for none), and how many rows are duplicates."""
    good = sheet.rows.num_rows
    if good < SMALL:
        return sheet.rows, np.full(good, -1), 0
    each = max(2, good // ONE_BAD_IN)
    parts, reasons, places = [sheet.rows], [np.full(good, -1)], [np.arange(good, dtype=float)]
    for index, fault in enumerate(sheet.breaks):
        victims = rng.integers(0, good, each)
        copies = sheet.rows.take(pa.array(victims))
        if fault.column != sheet.identity:
            own = copies.schema.field(sheet.identity).type
            fresh = pa.array([f"bad {fault.reason} {number}".replace(" ", "-") for number in range(1, each + 1)], own)
            copies = _with(copies, sheet.identity, fresh)
        copies = _with(copies, fault.column, pa.array([fault.value] * each, copies.schema.field(fault.column).type))
        parts.append(copies)
        reasons.append(np.full(each, index))
        places.append(victims + 0.5)
    twice = rng.integers(0, good, each)
    twice = np.unique(twice)
    parts.append(sheet.rows.take(pa.array(twice)))
    reasons.append(np.full(len(twice), -1))
    places.append(twice + rng.random(len(twice)) * (good - twice))
    order = np.argsort(np.concatenate(places), kind="stable")
    return pa.concat_tables(parts).take(pa.array(order)), np.concatenate(reasons)[order], len(twice)


def _with(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    place = rows.schema.get_field_index(column)
    return rows.set_column(place, rows.schema.field(place), values)


def _write_csv(rows: pa.Table, layout: Layout, path: Path) -> None:
    totals = [
        pa.table({name: pa.array([row.get(name) for row in part], pa.string()) for name in rows.column_names})
        for part in (layout.first, layout.last)
    ]
    sink = pa.BufferOutputStream()
    sink.write("".join(f"{line}\n" for line in layout.preamble).encode())
    options = pa.csv.WriteOptions(delimiter=layout.delimiter, quoting_style="needed", quoting_header="needed")
    pa.csv.write_csv(pa.concat_tables([totals[0], rows, totals[1]]).cast(rows.schema), sink, options)
    content = sink.getvalue().to_pybytes()
    path.write_bytes(content if layout.encoding == "utf-8" else content.decode().encode(layout.encoding))
