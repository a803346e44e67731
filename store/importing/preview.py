"""The first rows of a file, for a person to look at."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from store.importing.sniffing import Layout
from store.importing.staging import read_batches


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
