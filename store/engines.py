"""The engines that read Parquet files as Ibis tables: DuckDB in this process, or PySpark by configuration. Expressions are the same."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

EngineName = Literal["duckdb", "pyspark"]


class Engine(Protocol):
    """What reads files and runs expressions."""

    name: EngineName

    def read(self, table: str, files: Sequence[str]) -> ibis.Table:
        """The files as one table."""

    def hold(self, table: str, rows: pa.Table) -> ibis.Table:
        """Rows in memory as one table."""

    def fetch(self, expression: Any, *, exact: bool = False) -> pa.Table:
        """Run an expression. `exact` ones give the same bits on any number of threads."""

    def close(self) -> None:
        """Let go of the engine."""


class DuckDBEngine:
    """DuckDB in memory, one connection, times in UTC.

    One compute thread by default: a float sum over several threads depends on which finishes first, and replay compares bit for bit.
    What is exact in any order runs on every processor.
    """

    name: EngineName = "duckdb"

    def __init__(self, *, threads: int = 1, spill: Path | None = None) -> None:
        import ibis

        self._threads = threads
        self._connection = ibis.duckdb.connect(":memory:", threads=threads)
        for setting in ("TimeZone = 'UTC'", "autoinstall_known_extensions = false", "autoload_known_extensions = false"):
            self._connection.raw_sql(f"SET {setting}")
        if spill is not None:
            self._connection.raw_sql(f"SET temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")

    def read(self, table: str, files: Sequence[str]) -> ibis.Table:
        return self._connection.read_parquet(list(files), table_name=table)

    def hold(self, table: str, rows: pa.Table) -> ibis.Table:
        self._connection.con.register("_rows", rows)
        self._connection.con.execute(f'CREATE OR REPLACE TABLE "{table}" AS SELECT * FROM _rows')
        self._connection.con.unregister("_rows")
        return self._connection.table(table)

    def fetch(self, expression: Any, *, exact: bool = False) -> pa.Table:
        processors = (os.cpu_count() or 1) if exact else self._threads
        if processors <= self._threads:
            return self._connection.to_pyarrow(expression)
        self._connection.raw_sql(f"SET threads = {processors}")
        try:
            return self._connection.to_pyarrow(expression)
        finally:
            self._connection.raw_sql(f"SET threads = {self._threads}")

    def close(self) -> None:
        self._connection.disconnect()


class PySparkEngine:
    """A session of its own in the Spark application that runs, or in one made from `settings` (`spark.master` and the like).

    Views belong to the session: two clients' tables of one name do not meet.
    """

    name: EngineName = "pyspark"

    def __init__(self, *, settings: Mapping[str, str] | None = None) -> None:
        import ibis
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("groundwork")
        for key, value in {"spark.ui.enabled": "false", **(settings or {})}.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate().newSession()
        self._session.conf.set("spark.sql.session.timeZone", "UTC")
        self._connection = ibis.pyspark.connect(self._session)

    def read(self, table: str, files: Sequence[str]) -> ibis.Table:
        # Not the connection's own read_parquet: in Ibis 12 it takes a list of files for one path.
        self._session.read.parquet(*files).createOrReplaceTempView(table)
        return self._in_utc(table)

    def hold(self, table: str, rows: pa.Table) -> ibis.Table:
        self._session.createDataFrame(rows).createOrReplaceTempView(table)
        return self._in_utc(table)

    def _in_utc(self, view: str) -> ibis.Table:
        """The view with its moments typed as moments: Ibis takes Spark's for times on no clock."""
        import ibis.expr.datatypes as dt

        table = self._connection.table(view)
        moments = [name for name, kind in table.schema().items() if kind.is_timestamp()]
        return table.mutate({name: table[name].cast(dt.Timestamp(timezone="UTC", scale=6)) for name in moments}) if moments else table

    def fetch(self, expression: Any, *, exact: bool = False) -> pa.Table:
        return self._connection.to_pyarrow(expression)

    def close(self) -> None:
        """Drop the views; the application goes on for others in this process."""
        for view in self._session.catalog.listTables():
            if view.isTemporary:
                self._session.catalog.dropTempView(view.name)


def open_engine(name: EngineName, *, threads: int = 1, spill: Path | None = None, settings: Mapping[str, str] | None = None) -> Engine:
    """The engine of this name. Raises RuntimeError when PySpark is asked for and not installed."""
    if name == "duckdb":
        return DuckDBEngine(threads=threads, spill=spill)
    try:
        return PySparkEngine(settings=settings)
    except ModuleNotFoundError as error:
        raise RuntimeError("the engine pyspark needs pip install 'groundwork[spark]' and Java 17 or later") from error
