"""The first rows of a file, for a person to look at: as they stand, and as a mapping would read them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from store import delta
from store.importing.checking import COLUMNS, REASONS, TOTAL, check
from store.importing.mapping import Mapping
from store.importing.sniffing import Layout, lay_out
from store.importing.sql import named, quoted
from store.importing.staging import LINE, Batch, read_batches, stage_batches
from store.importing.workbench import open_checks, room_to_write
from store.scratch import scratch
from store.suppression import read_suppressed
from tools.contract import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_ROWS = 500
"""Rows that settle how a column is read in a preview; an import looks at all of them."""


class FirstRow(Frozen):
    """One row as it would be kept, or why it would not be."""

    line: int = Field(description="line of the file; the row's number in Parquet")
    values: dict[str, Any] = Field(description="typed values by column of the table; money in minor units")
    reasons: str | None = Field(description="why the row would be rejected")
    columns: str | None = Field(description="columns of the file that the reasons are about")
    total: bool = Field(description="a total row, which is left out since it repeats what other rows say")


class FirstRead(Frozen):
    """The first rows, read by a mapping."""

    rows: tuple[FirstRow, ...]
    looked_at: int = Field(description="rows that were read to settle marks and orders")
    rejected: int = Field(description="of those, rows that would be rejected")
    decisions: tuple[str, ...] = Field(description="how readings were settled that those rows leave open, in sentences")


def first_rows(path: Path, layout: Layout, count: int) -> tuple[dict[str, str], ...]:
    """The first records under the header, by header."""
    rows: list[dict[str, str]] = []
    for batch in read_batches(path, layout, count):
        for values in islice(
            zip(*(column.to_pylist() for column in (each[:count] for each in batch.columns)), strict=True), count - len(rows)
        ):
            rows.append({header: value or "" for header, value in zip(layout.headers, values, strict=True)})
        if len(rows) >= count:
            break
    return tuple(rows)


def read_first(root: str | Path, workspace_id: str, client: delta.ClientLike, path: Path, mapping: Mapping, count: int = 8) -> FirstRead:
    """The first rows as an import by this mapping would read them. Blocks. Raises ImportRefused for a mapping that does not fit."""
    folder = delta.client_folder(root, workspace_id, client.id)
    layout = lay_out(path)
    with room_to_write(), scratch(folder) as work, open_checks(work) as connection:
        staged = work / "staged.parquet"
        read = stage_batches(_beginning(path, layout), path, layout, staged, None)
        checked = check(connection, staged, work / "checked.parquet", layout, mapping, client.locale, read_suppressed(folder))
        source = f"read_parquet({quoted(str(checked.path))})"
        columns = ", ".join(named(name) for name in checked.filled)
        judged = ", ".join((LINE, REASONS, COLUMNS, TOTAL, columns))
        found = connection.sql(f"SELECT {judged} FROM {source} ORDER BY {LINE} LIMIT {count}").to_arrow_table().to_pylist()
        rejected = connection.execute(f"SELECT count(*) FROM {source} WHERE {REASONS} IS NOT NULL AND NOT {TOTAL}").fetchone()
    assert rejected is not None
    rows = tuple(
        FirstRow(
            line=row[LINE], reasons=row[REASONS], columns=row[COLUMNS] or None, total=row[TOTAL],
            values={name: row[name] for name in checked.filled},
        )
        for row in found
    )  # fmt: skip
    return FirstRead(rows=rows, looked_at=read, rejected=int(rejected[0]), decisions=checked.decisions)


def _beginning(path: Path, layout: Layout) -> Iterator[Batch]:
    """Batches until there are rows enough, the last one cut short."""
    left = READ_ROWS
    for batch in read_batches(path, layout, READ_ROWS):
        yield Batch([column[:left] for column in batch.columns], batch.lines[:left], tuple(batch.broken)[:left], batch.share)
        left -= len(batch.lines)
        if left <= 0:
            return
