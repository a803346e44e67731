"""What a client's tables cover: rows, first and last day and version, from the files' own counts and statistics where they have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from store import delta
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Coverage:
    """One table in its newest version. Days are the client's; a table without a time column has none."""

    table: str
    version: int
    rows: int
    first: date | None
    last: date | None

    def age(self, today: date) -> int | None:
        """Days since the last row; negative when rows are dated ahead."""
        return None if self.last is None else (today - self.last).days


def coverage(root: str | Path, workspace_id: str, client: delta.ClientLike) -> tuple[Coverage, ...]:
    """The client's tables that hold rows, by name. A version does not change, so each is looked at once in a process. Blocks."""
    folder = delta.client_folder(root, workspace_id, client.id)
    found = (_newest(folder, name, client.locale.zone) for name in delta.table_names(folder))
    return tuple(table for table in found if table is not None and table.rows)


def _newest(folder: Path, name: str, zone: str) -> Coverage | None:
    # the log's last entry tells the newest version without reading the log
    newest = max((int(entry.stem) for entry in (folder / name / "_delta_log").glob("*.json") if entry.stem.isdecimal()), default=None)
    return None if newest is None else _at(folder, name, newest, zone)


@lru_cache(maxsize=4096)
def _at(folder: Path, name: str, version: int, zone: str) -> Coverage | None:
    opened = delta.open_table(folder, name, version)
    if opened is None:
        return None
    contract = CONTRACTS.get(name)
    time = contract.time if contract else None
    rows, ends = 0, []
    import pyarrow.parquet as pq

    for file in delta.files(opened):
        with pq.ParquetFile(file) as parquet:
            rows += parquet.metadata.num_rows
            if time is not None and time in parquet.schema_arrow.names:
                ends += [end for end in _ends(parquet, time) if end is not None]
    return Coverage(name, version, rows, _day(min(ends, default=None), zone), _day(max(ends, default=None), zone))


def _ends(parquet: pq.ParquetFile, column: str) -> Iterable[Any]:
    """The least and the greatest value of a column, by row group; read from the column where a group has no statistics."""
    import pyarrow.compute as pc

    position = parquet.schema_arrow.names.index(column)
    for number in range(parquet.metadata.num_row_groups):
        statistics = parquet.metadata.row_group(number).column(position).statistics
        if statistics is not None and statistics.has_min_max:
            yield from (statistics.min, statistics.max)
        elif parquet.metadata.row_group(number).num_rows:
            least = pc.min_max(parquet.read_row_group(number, columns=[column]).column(column))
            yield from (least["min"].as_py(), least["max"].as_py())


def _day(moment: date | datetime | None, zone: str) -> date | None:
    return moment.astimezone(ZoneInfo(zone)).date() if isinstance(moment, datetime) else moment
