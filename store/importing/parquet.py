"""Records of a Parquet file as text, so that its values go through the same checks as any other file's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from store.importing.report import ImportRefused
from store.importing.sniffing import Layout, distinct
from store.importing.staging import Batch

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 1 << 16


def parquet_layout(path: Path) -> Layout:
    """The layout of a Parquet file. Raises ImportRefused for a broken one, or one with nested columns."""
    import pyarrow as pa

    with _open(path) as file:
        schema = file.schema_arrow
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested:
        raise ImportRefused(f"{path.name} has nested columns ({', '.join(nested)}): give each value a column of its own", field="path")
    return Layout("parquet", distinct(schema.names), header_line=0, first_line=1)


def parquet_batches(path: Path, rows: int = BATCH_ROWS) -> Iterator[Batch]:
    """The rows, so many at once; the line is the row's number."""
    import pyarrow as pa

    with _open(path) as file:
        total, line = max(file.metadata.num_rows, 1), 1
        for batch in file.iter_batches(rows):
            lines = pa.arange(line, line + batch.num_rows)
            line += batch.num_rows
            yield Batch([_text(column) for column in batch.columns], lines, (), (line - 1) / total)


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ImportRefused(f"{path.name} cannot be read as Parquet: {error}", field="path") from error


def _text(column: pa.Array) -> pa.Array:
    """Values as text: times with a zone in UTC and marked so, decimals that no reader takes for thousands."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None)).cast(pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        written = column.cast(pa.string())
        return pc.replace_substring_regex(pc.replace_substring_regex(written, r"\.0+$", ""), r"^(-?\d+\.\d{3})$", r"\10")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary()).cast(pa.string())
    return column.cast(pa.string())
