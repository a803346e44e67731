"""What a file is before its rows are read: kind, encoding, separator, and the line its header stands on."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from store.importing.report import ImportRefused
from store.importing.shapes import known_headers

HEAD_BYTES = 1 << 18
"""Enough for any preamble, a header and some hundred rows."""

PREAMBLE_LINES = 40
SEPARATORS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out. Lines count from 1; `sheet` is for a workbook only."""

    kind: Literal["csv", "xlsx", "parquet"]
    headers: tuple[str, ...]
    header_line: int = 1
    first_line: int = 2
    """Line of the first record under the header."""
    encoding: str = "utf-8"
    skip_bytes: int = 0
    """Length of the byte-order mark."""
    separator: str = ","
    sheet: str | None = None


def lay_out(path: Path, *, sheet: str | None = None) -> Layout:
    """The layout of a file. Raises ImportRefused for one that is empty, has no header, or is none of CSV, XLSX and Parquet."""
    if not path.is_file():
        raise ImportRefused(f"there is no file {path.name}", field="path")
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    if not head.strip(b"\0 \t\r\n" + codecs.BOM_UTF8):
        raise ImportRefused(f"{path.name} is empty", field="path")
    if head.startswith(b"PAR1"):
        from store.importing.parquet import parquet_layout

        return parquet_layout(path)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        from store.importing.sheets import sheet_layout

        return sheet_layout(path, sheet)
    return _csv_layout(path, head)


def distinct(headers: list[str]) -> tuple[str, ...]:
    """Headers with blanks named and repeats numbered, so that each names one column."""
    seen: Counter[str] = Counter()
    names = []
    for position, header in enumerate(headers, start=1):
        name = " ".join(header.replace("\ufeff", "").split()) or f"Column {position}"
        seen[name.casefold()] += 1
        names.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return tuple(names)


def find_header(rows: list[list[str]]) -> int | None:
    """Position of the header among a file's first rows: the row most of whose cells are known headers, else the first full one.

    Reports open with a title and a period, in one or two cells; a header has as many cells as the rows under it.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    if not any(filled):
        return None
    known = known_headers()
    recognised = [sum(cell in known for cell in map(_plain, row)) for row in rows]
    best = max(range(len(rows)), key=lambda position: (recognised[position], -position))
    if recognised[best] >= 2 and recognised[best] >= filled[best] / 4:
        return best
    width = Counter(len(row) for row, count in zip(rows, filled, strict=True) if count).most_common(1)[0][0]
    return next(position for position, row in enumerate(rows) if filled[position] and len(row) >= width)


def _plain(cell: str) -> str:
    from store.importing.shapes import plain

    return plain(cell)[0]


def _csv_layout(path: Path, head: bytes) -> Layout:
    encoding, skip = find_encoding(path, head)
    text = head[skip:].decode(encoding, errors="ignore")
    if "\0" in text:
        raise ImportRefused(f"{path.name} is neither text nor a workbook nor Parquet", field="path")
    lines = text.splitlines(keepends=True)
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()
    hint = lines[0].strip().lower() if lines else ""
    declared = hint[4:5] if hint.startswith("sep=") and len(hint) == 5 else None
    candidates = (declared,) if declared else SEPARATORS
    body = "".join(lines[1:] if declared else lines)
    separator, positions = max(((each, _fields(body, each)) for each in candidates), key=lambda found: _consistency(found[1]))
    rows = [row for row, _, _ in positions]
    at = find_header(rows[:PREAMBLE_LINES])
    if at is None:
        raise ImportRefused(f"{path.name} holds no header row", field="path")
    shift = 1 if declared else 0
    headers = distinct(rows[at])
    return Layout("csv", headers, positions[at][1] + shift, positions[at][2] + 1 + shift, encoding, skip, separator)


def _fields(text: str, separator: str) -> list[tuple[list[str], int, int]]:
    """The first rows with the lines they start and end on; blank and comment lines before the header are empty rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows, start = [], 1
    try:
        for row in reader:
            rows.append(([] if row and row[0].startswith("#") else row, start, reader.line_num))
            start = reader.line_num + 1
            if len(rows) >= 200:
                break
    except csv.Error:
        pass  # what was read so far decides; the records' reader says what is wrong, by line
    return rows


def _consistency(rows: list[tuple[list[str], int, int]]) -> tuple[int, int]:
    """How much a separator looks right: rows of the commonest width above one, then that width."""
    widths = Counter(len(row) for row, _, _ in rows if len(row) > 1)
    if not widths:
        return (0, 0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (count, width)


def find_encoding(path: Path, head: bytes) -> tuple[str, int]:
    """The encoding and the length of its mark: by byte-order mark, by zero bytes, UTF-8 if all of it decodes, else Windows-1252."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    sample = head[:4096]
    if sample[1::2].count(0) > len(sample) // 5:
        return "utf-16-le", 0
    if sample[0::2].count(0) > len(sample) // 5:
        return "utf-16-be", 0
    # Windows-1252 leaves five bytes undefined that Latin-1 defines; a file that has them can only be the latter.
    return next(encoding for encoding in ("utf-8", "cp1252", "latin-1") if _decodes(path, encoding)), 0


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as handle:
            while block := handle.read(1 << 22):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
