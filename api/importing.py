"""The steps of an import that every door takes: look, confirm, bring in, log, remember."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from store import audit, imports
from store.clients import Client
from store.database import Connection, Database
from store.importing.mapping import Mapping
from store.importing.report import ImportRefused, ImportReport, Progress
from store.importing.suggesting import Suggestion, suggest
from store.imports import Import
from store.settings import StoreSettings


class Look(NamedTuple):
    """How a file would be imported. `remembered`: a person confirmed this mapping before, for the same header row."""

    suggestion: Suggestion
    remembered: bool


async def look(connection: Connection, client: Client, path: Path, table: str | None) -> Look:
    """The mapping that was confirmed for this header row, else the one suggested. Raises ImportRefused."""
    suggestion = await asyncio.to_thread(suggest, path, table)
    known = await imports.recall_mapping(connection, client.id, suggestion.headers)
    if known is None or table not in (None, known[0]):
        return Look(suggestion, False)
    return Look(with_mapping(suggestion, Mapping.model_validate(known[1])), True)


def read_mapping(text: str | None, table: str | None) -> Mapping | None:
    """The mapping that was sent. Raises ImportRefused that names what is wrong."""
    if text is None:
        return None
    try:
        mapping = Mapping.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ImportRefused(f"the mapping cannot be used: {'.'.join(map(str, first['loc']))}: {first['msg']}", field="mapping") from error
    if table not in (None, mapping.table):
        raise ImportRefused(f"the mapping is for {mapping.table!r} and the table is {table!r}", field="table")
    return mapping


def with_mapping(suggestion: Suggestion, mapping: Mapping) -> Suggestion:
    """The suggestion with another mapping in its place. Raises ImportRefused when it names a column that the file does not have."""
    for column in mapping.columns:
        if column.source is not None and column.source not in suggestion.headers:
            raise ImportRefused(f"the mapping fills {column.target} from {column.source!r}, which the file does not have", field="mapping")
    used = {column.source for column in mapping.columns} | set(mapping.breakdown)
    change = {
        "table": mapping.table,
        "mapping": mapping,
        "missing": mapping.missing,
        "unmapped": () if mapping.free else tuple(header for header in suggestion.headers if header not in used),
        "confirm": tuple(f"{name} is required and no column fills it" for name in mapping.missing),
    }
    return suggestion.model_copy(update=change)


async def bring_in(
    database: Database,
    settings: StoreSettings,
    workspace_id: str,
    client: Client,
    path: Path,
    suggestion: Suggestion,
    *,
    file_name: str,
    actor: str,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Import, ImportReport]:
    """Import as confirmed, log it and remember the mapping. Raises ImportRefused; then nothing was written."""
    from store.importing.importing import import_file

    if suggestion.missing:
        raise ImportRefused(f"{suggestion.table} needs {', '.join(suggestion.missing)}, which no column fills", field="mapping")
    mapping = suggestion.mapping
    report = await asyncio.to_thread(
        import_file, settings.facts_root, workspace_id, client, path, table=mapping.table, mapping=mapping, progress=progress
    )
    kept = mapping.model_dump(mode="json")
    async with database.transaction(workspace_id) as connection:
        logged = await imports.log_import(
            connection,
            client.id,
            table_name=report.table,
            file_name=file_name,
            file_hash=report.file_hash,
            mapping=kept,
            rows_read=report.rows_read,
            rows_kept=report.rows_kept,
            rows_rejected=report.rows_rejected,
            duplicates=report.duplicates,
            version=report.version,
            reject_file=report.reject_file,
            actor=actor,
        )
        await imports.remember_mapping(connection, client.id, suggestion.headers, mapping.table, kept, actor)
        await audit.note(
            connection, actor, "import", logged.id, {"client": client.slug, "table": report.table, "rows_kept": report.rows_kept}
        )
    return logged, report
