"""Where a client's tables lie, and how they are made, listed and read: Delta tables under one root, a folder per client.

root/<workspace>/<client>/<table>/          a Delta table: contracts by their name, free tables as free_<name>
root/<workspace>/<client>/_rejects/         rows that an import could not take, one CSV an import
root/<workspace>/<client>/_work/            what an import holds before its commit, and what an engine spills
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tools.contract import ToolInputError

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from grounding.evidence import Locale

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
FREE = "free_"
ERASED = "groundwork.erased"
"""Commit metadata of an erasure: the day, never the person."""

CONFIGURATION: Mapping[str, str] = {
    # Column statistics would copy e-mail addresses into the log, where no vacuum reaches them; the engines do not read them there.
    "delta.dataSkippingNumIndexedCols": "0",
    # A version named by an evidence record must stay readable: only an erasure may take it away.
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
}


class ClientLike(Protocol):
    """What this room needs to know of a client."""

    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def locale(self) -> Locale: ...


def client_folder(root: str | Path, workspace_id: str, client_id: str) -> Path:
    """The folder of one client. Raises ToolInputError for an id that is no plain name."""
    for part in (workspace_id, client_id):
        if not PART.fullmatch(part):
            raise ToolInputError(f"{part!r} is not an id")
    return Path(root).absolute() / workspace_id / client_id


def table_folder(folder: Path, table: str) -> Path:
    """The folder of one table of a client. Raises ToolInputError for a name that is no plain name."""
    if not NAME.fullmatch(table):
        raise ToolInputError(f"{table!r} is not a table name: small letters, digits and underscores, a letter first", field="table")
    return folder / table


def table_names(folder: Path) -> tuple[str, ...]:
    """The tables that a client has, sorted, empty ones too."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in folder.iterdir() if NAME.fullmatch(entry.name) and (entry / "_delta_log").is_dir()))


def open_table(folder: Path, table: str, version: int | None = None) -> DeltaTable | None:
    """The table at a version, the newest when none is given; None when it was never made."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    place = table_folder(folder, table)
    if not (place / "_delta_log").is_dir():
        return None
    try:
        return DeltaTable(place, version=version)
    except TableNotFoundError:
        return None
    except DeltaError:
        if version is not None and version > DeltaTable(place).version():
            return None
        raise


def create_table(folder: Path, table: str, schema: pa.Schema) -> DeltaTable:
    """The table, made when it is not there. Safe when two processes make it at once: the loser opens the winner's."""
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError, DeltaError

    there = open_table(folder, table)
    if there is not None:
        return there
    place = table_folder(folder, table)
    place.mkdir(parents=True, exist_ok=True)
    try:
        return DeltaTable.create(place, schema=schema, mode="error", configuration=dict(CONFIGURATION))
    except (CommitFailedError, DeltaError):
        there = open_table(folder, table)
        if there is None:
            raise
        return there


def files(table: DeltaTable) -> list[str]:
    """The Parquet files of the version that is open, sorted so that every engine reads them in one order."""
    return sorted(table.file_uris())


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Hold the client's one write lock. Commits are atomic without it; it keeps an erasure's vacuum off files about to be committed."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "_lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def why_gone(folder: Path, table: str, version: int) -> str:
    """Why a version of a table cannot be read any more, from the commits after it."""
    opened = open_table(folder, table)
    dates = [
        commit["groundwork.erased"]
        for commit in (opened.history() if opened else [])
        if "groundwork.erased" in commit and commit["version"] > version
    ]
    reason = f"erased {min(dates)}" if dates else "its files were removed"
    return f"{table} as it was at version {version} can no longer be read: {reason}"


def version(folder: Path, table: str) -> int:
    """The newest version of a table that is there. Raises KeyError when it is not."""
    opened = open_table(folder, table)
    if opened is None:
        raise KeyError(table)
    return opened.version()
