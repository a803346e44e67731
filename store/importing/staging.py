"""The staged file: every record as text, with its line, in one Parquet file that the checks read as often as they need."""

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


def read_batches(path: Path, layout: Layout) -> Iterator[Batch]:
    """The records of a file. Raises ImportRefused when it cannot be read on."""
    if layout.kind == "parquet":
        from store.importing.parquet import parquet_batches

        return parquet_batches(path, layout)
    if layout.kind == "xlsx":
        from store.importing.sheets import sheet_batches

        return sheet_batches(path, layout)
    from store.importing.records import csv_batches

    return csv_batches(path, layout)


def stage(path: Path, layout: Layout, target: Path, progress: Listener | None) -> int:
    """Write a file's records to `target`; gives how many, broken ones included. Memory holds one batch."""
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(target, staged_schema(len(layout.headers)), compression="lz4") as writer:
        for batch in read_batches(path, layout):
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
        empty = pa.nulls(len(batch.lines), pa.string())
        table = pa.table([batch.lines, empty, empty, *batch.columns], schema=schema)
        blank = None
        for column in batch.columns:
            nothing = pc.equal(pc.fill_null(pc.binary_length(column), 0), 0)
            blank = nothing if blank is None else pc.and_(blank, nothing)
            if not pc.any(blank).as_py():
                blank = None
                break
        kept = table if blank is None else table.filter(pc.invert(blank))
        if kept.num_rows:
            yield kept
    if batch.broken:
        rows = batch.broken
        cells = [pa.nulls(len(rows), pa.string())] * width
        lines = pa.array([row.line for row in rows], pa.int64())
        yield pa.table([lines, pa.array([row.problem for row in rows]), pa.array([row.raw for row in rows]), *cells], schema=schema)
