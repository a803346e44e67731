"""The staged file: every record as trimmed text, with its line, in one Parquet file that the checks read as often as they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from store.importing.report import ImportRefused, Listener, Progress
from store.importing.sniffing import Layout

if TYPE_CHECKING:
    import pyarrow as pa

LINE, PROBLEM, RAW = "_line", "_problem", "_raw"


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be split into the header's columns."""

    line: int
    problem: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one stretch of a file: columns of text by position, the line of each, and those that are broken."""

    columns: Sequence[pa.Array]
    lines: pa.Array
    broken: Sequence[Broken] = field(default=())
    share: float = 0.0
    """How much of the file is read with this batch."""


def column_name(position: int) -> str:
    """The staged name of a column: headers hold anything, positions do not."""
    return f"c{position}"


def staged_schema(width: int) -> pa.Schema:
    """The staged columns: line, problem and raw text of a broken record, then the record's cells."""
    import pyarrow as pa

    cells = [(column_name(position), pa.string()) for position in range(width)]
    return pa.schema([(LINE, pa.int64()), (PROBLEM, pa.string()), (RAW, pa.string()), *cells])


def read_batches(path: Path, layout: Layout, rows: int | None = None) -> Iterator[Batch]:
    """The records of a file; `rows` when only so many are wanted. Raises ImportRefused when it cannot be read on."""
    if layout.kind == "parquet":
        from store.importing.parquet import parquet_batches

        return parquet_batches(path) if rows is None else parquet_batches(path, rows)
    if layout.kind == "xlsx":
        from store.importing.sheets import sheet_batches

        return sheet_batches(path, layout)
    from store.importing.records import csv_batches

    return csv_batches(path, layout)


def stage(path: Path, layout: Layout, target: Path, progress: Listener | None) -> int:
    """Write a file's records to `target`; gives how many, broken ones included. Memory holds one batch."""
    return stage_batches(read_batches(path, layout), path, layout, target, progress)


def stage_batches(batches: Iterable[Batch], path: Path, layout: Layout, target: Path, progress: Listener | None) -> int:
    """Write these records of a file to `target`; gives how many. Raises ImportRefused when there are none."""
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(target, staged_schema(len(layout.headers)), compression="lz4") as writer:
        for batch in batches:
            for table in _tables(batch, len(layout.headers)):
                writer.write_table(table)
                count += table.num_rows
            if progress is not None:
                progress(Progress(stage="reading", rows=count, share=min(batch.share, 1.0)))
    if not count:
        raise ImportRefused(f"{path.name} has a header and no rows under it", field="path")
    return count


def _tables(batch: Batch, width: int) -> Iterable[pa.Table]:
    """The batch without its blank records, and its broken records, as staged tables."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = staged_schema(width)
    if len(batch.lines):
        nothing = pa.nulls(len(batch.lines), pa.string())
        table = pa.table([batch.lines, nothing, nothing, *map(_tidy, batch.columns)], schema=schema)
        filled = None
        for name in schema.names[3:]:
            cells = pc.is_valid(table.column(name))
            filled = cells if filled is None else pc.or_(filled, cells)
            if pc.all(filled).as_py():
                break
        kept = table.filter(filled)
        if kept.num_rows:
            yield kept
    if batch.broken:
        rows = batch.broken
        cells = [pa.nulls(len(rows), pa.string())] * width
        lines = pa.array([row.line for row in rows], pa.int64())
        yield pa.table([lines, pa.array([row.problem for row in rows]), pa.array([row.raw for row in rows]), *cells], schema=schema)


def _tidy(cells: pa.Array) -> pa.Array:
    """Cells without blanks around them (the no-break one too); null when nothing is left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
