"""Records of a workbook's sheet, cell by cell as text that reads one way only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.importing.report import ImportRefused
from store.importing.sniffing import PREAMBLE_LINES, Layout, distinct, find_header
from store.importing.staging import Batch

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

BATCH_ROWS = 1 << 15


def sheet_layout(path: Path, sheet: str | None) -> Layout:
    """The layout of a workbook's sheet: the one named, else the first that holds rows."""
    workbook = _open(path)
    if sheet is not None and sheet not in workbook.sheet_names:
        raise ImportRefused(f"{path.name} has no sheet {sheet!r}, only {', '.join(workbook.sheet_names)}", field="sheet")
    for name in [sheet] if sheet is not None else workbook.sheet_names:
        found = workbook.get_sheet_by_name(name)
        rows = [[text(cell) for cell in row] for row in _rows(found, PREAMBLE_LINES)]
        at = find_header(rows) if rows else None
        if at is not None:
            line = at + 1
            return Layout("xlsx", distinct(rows[at]), header_line=line, first_line=line + 1, sheet=name)
    raise ImportRefused(f"{path.name} holds no sheet with rows", field="path")


def sheet_batches(path: Path, layout: Layout) -> Iterator[Batch]:
    """The rows under the header; the line is the row's number in the sheet. The sheet is held in memory: it has at most 2^20 rows."""
    import pyarrow as pa

    assert layout.sheet is not None
    sheet = _open(path).get_sheet_by_name(layout.sheet)
    width, total = len(layout.headers), max(sheet.end[0] + 1 if sheet.end else 1, 1)
    rows: list[list[str]] = []
    start = layout.first_line
    for number, cells in enumerate(_rows(sheet), start=1):
        if number < layout.first_line:
            continue
        rows.append(([text(cell) for cell in cells] + [""] * width)[:width])
        if len(rows) == BATCH_ROWS:
            yield _batch(rows, start, number / total)
            rows, start = [], number + 1
    if rows:
        yield _batch(rows, start, 1.0)
    else:
        yield Batch([pa.array([], pa.string())] * width, pa.array([], pa.int64()), (), 1.0)


def text(cell: Any) -> str:
    """A cell as text: numbers without an exponent, days and times as ISO has them.

    A float of three decimals gets a fourth, so that no reader takes its point for a thousands mark.
    """
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return cell
        case float():
            if cell.is_integer() and abs(cell) < 1e15:
                return str(int(cell))
            written = repr(cell) if "e" not in repr(cell) else format(cell, "f")
            return written + "0" if len(written.rpartition(".")[2]) == 3 else written
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell)


def _open(path: Path) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        raise ImportRefused(f"{path.name} cannot be read as a workbook: {error}", field="path") from error


def _rows(sheet: CalamineSheet, limit: int | None = None) -> Iterator[list[Any]]:
    """Rows from the sheet's first line on, blank ones too; columns begin at the first that is used."""
    return islice(sheet.iter_rows(), limit)


def _batch(rows: list[list[str]], start: int, share: float) -> Batch:
    import pyarrow as pa

    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    return Batch(columns, pa.arange(start, start + len(rows)), (), share)
