"""What the checks work with: a DuckDB connection of bounded memory, rows streamed from files, and a word for a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.contract import ToolRefusal

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
"""What the checks may hold; above it DuckDB spills to the working folder."""

STREAMED_ROWS = 1 << 16


class DiskFull(ToolRefusal):
    """There was no room to write; the tables are as they were."""

    kind = "disk_full"


@contextmanager
def room_to_write() -> Iterator[None]:
    """Turn what the libraries raise when the disk is full into DiskFull."""
    import errno

    from deltalake.exceptions import DeltaError
    from duckdb import Error as DuckDBError

    try:
        yield
    except (OSError, DuckDBError, DeltaError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or any(sign in str(error) for sign in ("No space left", "File too large", "Disk quota", "os error 28", "os error 27")):
            raise DiskFull("the disk is full: nothing was imported; make room and import the file again") from error
        raise


def open_checks(work: Path) -> DuckDBPyConnection:
    """A DuckDB connection that spills to `work`, times in UTC."""
    import duckdb

    settings: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": str(work / "spill"), "autoload_known_extensions": "false"}
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def stream(file: Path, schema: pa.Schema) -> pa.RecordBatchReader:
    """A Parquet file's rows in a schema, a batch at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def batches() -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(STREAMED_ROWS, columns=schema.names):
                yield batch.select(schema.names).cast(schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


@contextmanager
def no_leftovers(table: DeltaTable) -> Iterator[None]:
    """Remove data files that a failed write leaves without a commit: nobody would find them again, and they hold people's rows."""
    folder = Path(table.table_uri.removeprefix("file://"))
    before, version = set(folder.glob("*.parquet")), table.version()
    try:
        yield
    except BaseException:
        table.update_incremental()
        if table.version() == version:
            for file in set(folder.glob("*.parquet")) - before:
                file.unlink(missing_ok=True)
        raise
