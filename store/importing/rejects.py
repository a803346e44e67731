"""The reject file of an import: line, column, reason and the raw row, in a form that a spreadsheet opens without running it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from store.importing.checking import COLUMNS, REASONS, TOTAL, Checked
from store.importing.sniffing import Layout
from store.importing.sql import quoted
from store.importing.staging import LINE, PROBLEM, RAW, column_name
from store.suppression import REASON, Suppressed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEADER = ("line", "column", "reason", "row")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutralised(text: str) -> str:
    """A cell for a file that a spreadsheet may open: one that would be run as a formula gets an apostrophe; a number stays."""
    if not text.startswith(FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def record(cells: list[str | None], separator: str) -> str:
    """Cells as one CSV record."""
    target = io.StringIO()
    csv.writer(target, delimiter=separator, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return target.getvalue()


def write_rejects(
    connection: DuckDBPyConnection, checked: Checked, staged: Path, layout: Layout, target: Path, *, replaced: str, erased: Suppressed
) -> tuple[int, int]:
    """Write the rows that were not taken, in the order of the file; gives how many were bad, and how many are listed in all.

    `replaced` is SQL for (line, reason) of good rows that another row of their key stands for; they are listed, not counted. Of a row
    that mentions an erased person only the line is kept.
    """
    cells = ", ".join(column_name(number) for number in range(len(layout.headers)))
    files = (quoted(str(checked.path)), quoted(str(staged)))
    rows = connection.execute(
        f"""SELECT bad.line, bad.place, bad.reasons, bad.counted, raw.{RAW}, {cells} FROM (
                SELECT {LINE} AS line, {COLUMNS} AS place, {REASONS} AS reasons, true AS counted
                  FROM read_parquet({files[0]}) WHERE {REASONS} IS NOT NULL AND NOT {TOTAL}
                UNION ALL SELECT line, '', reason, false FROM ({replaced})) AS bad
            JOIN read_parquet({files[1]}) AS raw ON raw.{LINE} = bad.line ORDER BY bad.line"""
    )
    return _write(rows, layout.separator, target, erased)


def write_broken(connection: DuckDBPyConnection, staged: Path, target: Path, *, theirs: str, erased: Suppressed) -> int:
    """Write the records of a free table's file that were not taken: broken ones, and those of erased persons (`theirs`); gives how many."""
    rows = connection.execute(
        f"""SELECT {LINE}, '', coalesce({PROBLEM}, {quoted(REASON)}), true, coalesce({RAW}, '') FROM read_parquet({quoted(str(staged))})
            WHERE {PROBLEM} IS NOT NULL OR {theirs} ORDER BY {LINE}"""
    )
    return _write(rows, ",", target, erased)[0]


def _write(rows: DuckDBPyConnection, separator: str, target: Path, erased: Suppressed) -> tuple[int, int]:
    bad = listed = 0
    with target.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        while found := rows.fetchmany(10_000):
            for line, place, reasons, counted, raw, *values in found:
                written = raw if raw is not None else record(values, separator)
                if reasons == REASON or (erased and erased.mentions(f"{reasons} {written}")):
                    place, reasons, written = "", REASON, ""
                writer.writerow([line, neutralised(place), neutralised(reasons), neutralised(written)])
                bad += counted
                listed += 1
    return bad, listed
