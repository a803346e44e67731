"""Records of a CSV file with the physical line that each starts on, whatever its quoting does.

A stretch without quoted line breaks is split by Arrow, a stretch with them by Python's reader; both give the same records.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from store.importing.sniffing import Layout
from store.importing.staging import Batch, Broken

BLOCK_BYTES = 1 << 23
RECORD_LINES = 200
"""A quoted cell that runs on for more lines than this is a quotation mark that was never closed."""

QUOTE, FEED, RETURN = 34, 10, 13
UNCLOSED = "a quotation mark is not closed"


def csv_batches(path: Path, layout: Layout) -> Iterator[Batch]:
    """The records under the header, a batch per stretch of the file."""
    size = max(path.stat().st_size, 1)
    width, line = len(layout.headers), layout.first_line
    carried = b""
    for block, read, last in _blocks(path, layout):
        data = carried + block
        if not last:
            cut = data.rfind(b"\n") + 1
            data, carried = data[:cut], data[cut:]
        else:
            carried = b""
        if not data:
            continue
        if _simple(data, layout.separator):
            batch = _by_arrow(data, line, width, layout.separator, read / size)
            line += data.count(b"\n")
        else:
            batch, rest, line = _by_reader(data.decode(), line, width, layout.separator, last=last, share=read / size)
            carried = rest.encode() + carried
        yield batch


def _blocks(path: Path, layout: Layout) -> Iterator[tuple[bytes, int, bool]]:
    """The file under its header as UTF-8 blocks, with how many of its bytes are read, and whether it is the last."""
    decoder = None if layout.encoding == "utf-8" else codecs.getincrementaldecoder(layout.encoding)()
    with path.open("rb") as handle:
        handle.seek(layout.skip_bytes)
        to_skip, before = layout.first_line - 1, b""
        while True:
            block = handle.read(BLOCK_BYTES)
            last = not block
            if decoder is not None:
                block = decoder.decode(block, final=last).encode()
            if to_skip:
                before += block
                block, skipped = _without_lines(before, to_skip, last)
                if not skipped:
                    continue
                to_skip, before = 0, b""
            yield block, handle.tell(), last
            if last:
                return


def _without_lines(data: bytes, count: int, last: bool) -> tuple[bytes, bool]:
    """The data after its first lines, if it holds them all: by any of the three line ends, as Python's reader counts."""
    position = 0
    for _ in range(count):
        ends = [at for at in (data.find(b"\n", position), data.find(b"\r", position)) if at >= 0]
        if not ends:
            return b"", last
        end = min(ends)
        if data[end : end + 1] == b"\r" and data[end + 1 : end + 2] == b"\n":
            end += 1
        elif data[end : end + 1] == b"\r" and end + 1 == len(data) and not last:
            return b"", False
        position = end + 1
    return data[position:], True


def _simple(data: bytes, separator: str) -> bool:
    """Whether every line ends in a line feed, no line break stands in quotation marks, and each mark opens or closes a whole cell."""
    import numpy as np

    if data.count(b"\r") != data.count(b"\r\n"):
        return False
    if b'"' not in data:
        return True
    seen = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(seen == QUOTE)
    if len(marks) % 2 or (np.searchsorted(marks, np.flatnonzero(seen == FEED)) % 2).any():
        return False
    opening, closing = marks[0::2], marks[1::2]
    before, after = seen[opening[opening > 0] - 1], seen[closing[closing < len(seen) - 1] + 1]
    return bool(np.isin(before, (ord(separator), FEED, QUOTE)).all() and np.isin(after, (ord(separator), FEED, RETURN, QUOTE)).all())


def _by_arrow(data: bytes, line: int, width: int, separator: str, share: float) -> Batch:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    odd: list[tuple[int, str]] = []

    def keep_aside(row: arrow_csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    names = [str(position) for position in range(width)]
    table = arrow_csv.read_csv(
        io.BytesIO(data),
        read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, newlines_in_values=False, ignore_empty_lines=False, invalid_row_handler=keep_aside
        ),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    columns = [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]
    count = table.num_rows + len(odd)
    if not odd:
        return Batch(columns, pa.arange(line, line + count), (), share)
    apart = {number for number, _ in odd}
    lines = [line + number - 1 for number in range(1, count + 1) if number not in apart]
    mended, broken = [], []
    for number, text in odd:
        row = next(csv.reader([text], delimiter=separator), [])
        whole = _mend(row, width)
        if whole is None:
            broken.append(Broken(line + number - 1, _widths(row, width), text))
        elif any(whole):
            mended.append((line + number - 1, whole))
    if mended:
        columns = [
            pa.concat_arrays([column, pa.array([row[position] for _, row in mended], pa.string())])
            for position, column in enumerate(columns)
        ]
        lines += [number for number, _ in mended]
    return Batch(columns, pa.array(lines, pa.int64()), broken, share)


def _mend(row: list[str], width: int) -> list[str] | None:
    """A record of the header's width: blank cells over at the end are dropped; a blank line is no record; else None."""
    if not any(row):
        return [""] * width
    if len(row) > width and not any(row[width:]):
        return row[:width]
    return row if len(row) == width else None


def _widths(row: list[str], width: int) -> str:
    return f"{len(row)} cells, the header has {width}"


class _Lines:
    """Lines of text with those of the record being read kept, so that a record gone wrong can be taken back line by line."""

    def __init__(self, text: str) -> None:
        self._source = iter(io.StringIO(text, newline=""))
        self._again: deque[str] = deque()
        self.pending: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.pending) >= RECORD_LINES:
            raise csv.Error(UNCLOSED)
        line = self._again.popleft() if self._again else next(self._source)
        self.pending.append(line)
        return line

    def take_back(self) -> str:
        """Give the first line of the record up; the others are read again."""
        first, *others = self.pending
        self._again.extendleft(reversed(others))
        self.pending = []
        return first


def _by_reader(text: str, line: int, width: int, separator: str, *, last: bool, share: float) -> tuple[Batch, str, int]:
    """The records of a text, what is left of one that goes on in the next stretch, and the line after the last record."""
    import pyarrow as pa

    source = _Lines(text)
    reader = csv.reader(source, delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    broken: list[Broken] = []
    rest = ""
    while True:
        try:
            row = next(reader, None)
            # A cell that ends in a line break may be one whose closing mark is still to come.
            suspect = len(source.pending) > 1 or bool(row and row[-1].endswith(("\n", "\r")))
            failed = suspect and _ill_quoted(source.pending, separator)
        except csv.Error:
            row, failed = [], True
        if row is None:
            break
        if failed and not last and len(source.pending) < RECORD_LINES and _ends(source):
            rest = "".join(source.pending)
            break
        if failed or (len(source.pending) > 1 and _mend(row, width) is None):
            broken.append(Broken(line, UNCLOSED, source.take_back().rstrip("\r\n")))
            reader = csv.reader(source, delimiter=separator)
            line += 1
            continue
        whole = _mend(row, width)
        if whole is None:
            broken.append(Broken(line, _widths(row, width), "".join(source.pending).rstrip("\r\n")))
        elif any(whole):
            rows.append(whole)
            lines.append(line)
        line += len(source.pending)
        source.pending.clear()
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)] if rows else [pa.array([], pa.string())] * width
    return Batch(columns, pa.array(lines, pa.int64()), broken, share), rest, line


def _ends(source: _Lines) -> bool:
    """Whether the text is used up, so that the record goes on in the next stretch."""
    try:
        following = next(source._source)
    except StopIteration:
        return not source._again
    source._again.append(following)
    return False


def _ill_quoted(lines: list[str], separator: str) -> bool:
    """Whether a record over several lines breaks the rules of quoting: then its first line holds a stray mark."""
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return True
    return False
