"""Erase a person from a client's facts: from every table, every version that held them, every reject file and working folder."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from store import delta, models
from store.importing.scrubbing import scrub_rejects
from store.importing.sql import named, quoted
from store.importing.workbench import no_leftovers, open_checks, room_to_write, stream
from store.mentions import ERASED
from store.person import Person, find_person
from store.scratch import WORK, scratch
from store.suppression import suppress
from tools.contract import Frozen
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable
    from duckdb import DuckDBPyConnection

    from tools.contracts import Contract

NAMES_A_PERSON = re.compile(r"(^|_)(id|contact|customer|user|person|member|lead)(_|$)")
"""Columns of a free table whose numbers may be a person's id."""


class ErasureReport(Frozen):
    """What an erasure removed. It does not name the person."""

    on: date
    rows: dict[str, int] = Field(description="rows removed from each table that held the person, in its newest version")
    scrubbed: dict[str, int] = Field(description="rows of others from which a mention of the person was removed")
    versions: dict[str, int] = Field(description="version of each such table that no longer holds the person")
    versions_removed: dict[str, tuple[int, ...]] = Field(
        description="versions that held the person: evidence that read them cannot be replayed"
    )
    reject_rows: int = Field(description="rows removed from reject files")
    models_removed: int = Field(0, description="versions of models removed because a level or a word of theirs named the person")


def erase_person(root: str | Path, workspace_id: str, client: delta.ClientLike, person: str, *, on: date) -> ErasureReport:
    """Erase whoever has this contact id or e-mail address. Safe to repeat; what was erased cannot be had back.

    Rows of the person are deleted; in rows of others a reference becomes empty and a mention in words `[erased]`. Versions that
    held the person lose their files at once (a vacuum without retention), versions that did not stay readable. A reader that has
    an old version open at that moment fails and has to read again.
    """
    folder = delta.client_folder(root, workspace_id, client.id)
    rows: dict[str, int] = {}
    scrubbed: dict[str, int] = {}
    versions: dict[str, int] = {}
    removed: dict[str, tuple[int, ...]] = {}
    with room_to_write(), delta.write_lock(folder), scratch(folder) as work, open_checks(work) as connection:
        shutil.rmtree(folder / WORK / "spill", ignore_errors=True)
        who = find_person(connection, folder, person)
        suppress(folder, who)
        for name in delta.table_names(folder):
            table = delta.open_table(folder, name)
            assert table is not None
            holding = _files_holding(connection, folder / name, name, who)
            if not holding:
                continue
            rows[name], scrubbed[name] = _rewrite(connection, table, name, who, work, on)
            removed[name] = _vacuum(folder, name, holding, on)
            versions[name] = delta.version(folder, name)
        reject_rows = scrub_rejects(folder, who)
        mention = who.mention()
        models_removed = models.remove_mentioning(folder, mention) if mention else 0
    return ErasureReport(
        on=on, rows=rows, scrubbed=scrubbed, versions=versions, versions_removed=removed, reject_rows=reject_rows,
        models_removed=models_removed,
    )  # fmt: skip


class Foreseen(Frozen):
    """What an erasure would remove from a client's tables, and by what the person would be known."""

    ids: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    names: tuple[str, ...]
    rows: dict[str, int] = Field(description="rows of each table that would be removed from its newest version")
    scrubbed: dict[str, int] = Field(description="rows of others that mention the person")
    older: tuple[str, ...] = Field(description="tables whose earlier versions alone still hold the person")

    @property
    def found(self) -> bool:
        """Whether the tables know anybody by what was asked for."""
        return bool(self.rows or self.scrubbed or self.older)


def foresee_person(root: str | Path, workspace_id: str, client: delta.ClientLike, person: str) -> Foreseen:
    """What `erase_person` would remove. Changes nothing. Blocks. Raises ToolInputError for nobody."""
    folder = delta.client_folder(root, workspace_id, client.id)
    rows: dict[str, int] = {}
    scrubbed: dict[str, int] = {}
    older: list[str] = []
    with room_to_write(), scratch(folder) as work, open_checks(work) as connection:
        who = find_person(connection, folder, person)
        for name in delta.table_names(folder):
            table = delta.open_table(folder, name)
            assert table is not None
            deleted, mentioned, _ = _counted(connection, table, name, who)
            if deleted:
                rows[name] = deleted
            if mentioned:
                scrubbed[name] = mentioned
            if not deleted + mentioned and _files_holding(connection, folder / name, name, who):
                older.append(name)
    return Foreseen(
        ids=who.ids, emails=who.emails, phones=who.phones, names=who.names, rows=rows, scrubbed=scrubbed, older=tuple(older)
    )  # fmt: skip


def _counted(connection: DuckDBPyConnection, table: DeltaTable, name: str, who: Person) -> tuple[int, int, int]:
    """Rows of the person, rows of others that mention them, and all rows, in the version that is open."""
    import pyarrow as pa

    files = delta.files(table)
    if not files:
        return 0, 0, 0
    deletes, mentions = _conditions(name, pa.schema(table.schema().to_arrow()), who)
    held = f"read_parquet([{', '.join(map(quoted, files))}], union_by_name = true)"
    counted = connection.execute(
        f"SELECT count(*) FILTER ({deletes}), count(*) FILTER (NOT ({deletes}) AND ({mentions})), count(*) FROM {held}"
    ).fetchone()
    assert counted is not None
    return int(counted[0]), int(counted[1]), int(counted[2])


def _files_holding(connection: DuckDBPyConnection, place: Path, name: str, who: Person) -> set[Path]:
    """The data files of a table, of any version or none, that hold the person."""
    import pyarrow.parquet as pq

    found = set()
    for file in sorted(place.glob("**/*.parquet")):
        if "_delta_log" in file.parts:
            continue
        deletes, mentions = _conditions(name, pq.read_schema(file), who)
        row = connection.execute(f"SELECT 1 FROM read_parquet({quoted(str(file))}) WHERE ({deletes}) OR ({mentions}) LIMIT 1").fetchone()
        if row is not None:
            found.add(file)
    return found


def _conditions(name: str, schema: pa.Schema, who: Person) -> tuple[str, str]:
    """SQL for whether a row is the person's, and for whether a row mentions them."""
    import pyarrow as pa

    contract = CONTRACTS.get(name)
    owns: list[str] = []
    mentions: list[str] = []
    for field in schema:
        column = named(field.name)
        if contract is not None and field.name in (contract.person, "email"):
            owns.append(who.is_it(column))
        elif contract is not None:
            mentions += [condition for condition, _ in [_scrub(contract, field.name, who)] if condition is not None]
        elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            owns.append(who.mentioned_in(column))
            owns += [who.is_it(column)] if NAMES_A_PERSON.search(field.name) else []
        elif pa.types.is_integer(field.type) and NAMES_A_PERSON.search(field.name):
            owns.append(who.is_it(f"CAST({column} AS VARCHAR)"))
    if name == "events" and who.devices:
        owns.append(f"contact_id IS NULL AND device_id IN ({', '.join(map(quoted, who.devices))})")
    own, mentioned = (" OR ".join(f"coalesce({each}, false)" for each in parts) or "false" for parts in (owns, mentions))
    return own, mentioned


def _scrub(contract: Contract, name: str, who: Person) -> tuple[str | None, str]:
    """For a column of other people's rows: SQL for whether it names the person, none when it cannot, and the column without them."""
    column = contract.column(name)
    quoted_name = named(name)
    if name in (contract.person, "email") or column.type not in ("id", "text"):
        return None, quoted_name
    if column.type == "text":
        return who.mentioned_in(quoted_name), f"{who.replaced_in(quoted_name, ERASED)} AS {quoted_name}"
    if not column.personal or column.required:
        return None, quoted_name
    return who.is_it(quoted_name), f"CASE WHEN {who.is_it(quoted_name)} THEN NULL ELSE {quoted_name} END AS {quoted_name}"


def _rewrite(connection: DuckDBPyConnection, table: DeltaTable, name: str, who: Person, work: Path, on: date) -> tuple[int, int]:
    """Write the newest version anew without the person, in one commit; gives rows deleted and rows of others that were scrubbed."""
    import pyarrow as pa
    from deltalake import write_deltalake

    deleted, scrubbed, total = _counted(connection, table, name, who)
    if not deleted + scrubbed:
        return 0, 0
    schema = pa.schema(table.schema().to_arrow())
    deletes, _ = _conditions(name, schema, who)
    held = f"read_parquet([{', '.join(map(quoted, delta.files(table)))}], union_by_name = true)"
    contract = CONTRACTS.get(name)
    columns = ", ".join(_scrub(contract, field, who)[1] if contract else named(field) for field in schema.names)
    target = work / f"{name}.parquet"
    others = f"SELECT {columns} FROM {held} WHERE NOT ({deletes})"
    connection.execute(f"COPY ({others}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)")
    with no_leftovers(table):
        if deleted == total:
            # No predicate: it would be written into the log.
            table.delete(commit_properties=_noted(on))
        else:
            write_deltalake(table, stream(target, schema), mode="overwrite", commit_properties=_noted(on))
    target.unlink()
    return deleted, scrubbed


def _vacuum(folder: Path, name: str, holding: set[Path], on: date) -> tuple[int, ...]:
    """Remove the files of every version that held the person, and files of no version; gives those versions."""
    newest = delta.version(folder, name)
    gone: list[int] = []
    kept: list[int] = []
    for version in range(newest + 1):
        table = delta.open_table(folder, name, version)
        if table is None:
            continue
        files = {Path(file) for file in table.file_uris()}
        if not all(file.exists() for file in files):
            continue
        (gone if files & holding else kept).append(version)
    table = delta.open_table(folder, name)
    assert table is not None
    table.vacuum(
        retention_hours=0,
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
        keep_versions=kept or None,
        commit_properties=_noted(on),
    )
    return tuple(gone)


def unreadable(root: str | Path, workspace_id: str, client: delta.ClientLike) -> dict[str, tuple[int, ...]]:
    """The versions of each of the client's tables that erasures have taken away, in this one or an earlier one that broke off."""
    folder = delta.client_folder(root, workspace_id, client.id)
    gone = {}
    for name in delta.table_names(folder):
        versions = range(delta.version(folder, name) + 1)
        gone[name] = tuple(version for version in versions if not _readable(folder, name, version))
    return {name: versions for name, versions in gone.items() if versions}


def _readable(folder: Path, name: str, version: int) -> bool:
    table = delta.open_table(folder, name, version)
    return table is not None and all(Path(file).exists() for file in table.file_uris())


def _noted(on: date) -> CommitProperties:
    from deltalake import CommitProperties

    return CommitProperties(custom_metadata={delta.ERASED: on.isoformat()}, max_commit_retries=0)
