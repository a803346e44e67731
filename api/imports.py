"""Imports: a client's export, looked at first, then brought in as confirmed."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Form, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from api.auth import Caller, GuardedRouter, Transaction
from api.clients import known_client
from api.importing import bring_in, look, read_mapping, with_mapping
from api.problems import NotFound, responses
from store import imports
from store.importing.report import ImportReport
from store.importing.suggesting import Suggestion
from store.imports import Import
from store.settings import StoreSettings

router = GuardedRouter("imports")


class ImportCard(BaseModel):
    """One import that was done."""

    id: str
    table: str
    file_name: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    duplicates: int
    version: int | None = Field(description="version of the table that holds the rows")
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, done: Import) -> ImportCard:
        """The card of a logged import."""
        names = ("id", "file_name", "rows_read", "rows_kept", "rows_rejected", "duplicates", "version", "created_at")
        links = {"self": f"/api/v1/imports/{done.id}"} | ({"rejects": f"/api/v1/imports/{done.id}/rejects"} if done.reject_file else {})
        return cls(table=done.table_name, links=links, **{name: getattr(done, name) for name in names})


class ImportList(BaseModel):
    """Imports, newest first."""

    imports: list[ImportCard]


class ImportAnswer(BaseModel):
    """A suggestion to confirm, or the report of what was done."""

    suggestion: Suggestion | None = Field(
        None, description="how the file would be read; send it again with confirm=true, and a mapping to change it"
    )
    remembered: bool = Field(False, description="the mapping was confirmed before for the same header row")
    done: ImportCard | None = None
    report: ImportReport | None = None


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "a suggestion: nothing was imported yet"},
    201: {"model": ImportAnswer, "description": "imported; bad rows are in the reject file with line and reason"},
    **responses(404),
}


@router.post("", responses=ANSWERS)
async def import_file(
    file: UploadFile,
    request: Request,
    response: Response,
    caller: Caller,
    client: Annotated[str, Form(description="slug or id of the client", min_length=1, max_length=80)],
    table: Annotated[
        str | None, Form(description="table to fill, or free_<name>; found from the headers when left out", max_length=63)
    ] = None,
    mapping: Annotated[str | None, Form(description="column mapping as JSON, as a suggestion gives it", max_length=200_000)] = None,
    confirm: Annotated[bool, Form(description="import; without it the answer is a suggestion")] = False,
) -> ImportAnswer:
    """Look at an export (CSV, XLSX, Parquet), or import it. Good rows are kept once, bad rows explained by line, atomically."""
    house = request.app.state.house
    name = Path(file.filename or "upload.csv").name[:200]
    with as_file(file, name, house.store) as path:
        async with house.database.transaction(caller.workspace_id) as connection:
            known = await known_client(connection, client)
            given = read_mapping(mapping, table)
            seen = await look(connection, known, path, given.table if given else table)
        suggestion = await asyncio.to_thread(with_mapping, seen.suggestion, given) if given else seen.suggestion
        if not confirm:
            return ImportAnswer(suggestion=suggestion, remembered=seen.remembered and given is None)
        done, report = await bring_in(
            house.database, house.store, caller.workspace_id, known, path, suggestion, file_name=name, actor=caller.actor
        )
    response.status_code = 201
    response.headers["Location"] = f"/api/v1/imports/{done.id}"
    return ImportAnswer(done=ImportCard.of(done), report=report.model_copy(update={"reject_file": None}))


@contextmanager
def as_file(upload: UploadFile, name: str, settings: StoreSettings) -> Iterator[Path]:
    """The upload as a file of its own under GROUNDWORK_HOME, with its suffix, gone after the block."""
    folder = settings.home / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, suffix=Path(name).suffix[:16])
    path = Path(draft)
    try:
        with os.fdopen(handle, "wb") as target:
            shutil.copyfileobj(upload.file, target, 1 << 20)
        # the reports name the file as its owner does
        named = path.with_name(f"{path.stem}-{name}" if name.isascii() and "/" not in name else path.name)
        path = path.rename(named)
        yield path
    finally:
        path.unlink(missing_ok=True)


@router.get("", responses=responses(404))
async def list_imports(
    connection: Transaction,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ImportList:
    """What was imported, newest first."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    found = await imports.list_imports(connection, client_id=wanted, limit=limit)
    return ImportList(imports=[ImportCard.of(done) for done in found])


@router.get("/{id}", responses=responses(404))
async def get_import(id: str, connection: Transaction) -> ImportCard:
    """One import."""
    return ImportCard.of(await known_import(connection, id))


REJECTS = {
    200: {"description": "CSV: line, reason, and the row as it was", "content": {"text/csv": {"schema": {"type": "string"}}}},
    **responses(404),
}


@router.get("/{id}/rejects", response_class=Response, responses=REJECTS)
async def get_rejects(id: str, connection: Transaction) -> Response:
    """The rows that were not taken, each with its line and reason."""
    return await rejects_of(await known_import(connection, id))


async def rejects_of(done: Import) -> FileResponse:
    """The reject file of an import, to keep. Raises NotFound."""
    if done.reject_file is None:
        raise NotFound("no row of this import was rejected")
    if not await asyncio.to_thread(os.path.isfile, done.reject_file):
        raise NotFound("the reject file of this import is gone")
    return FileResponse(done.reject_file, media_type="text/csv; charset=utf-8", filename=f"{done.id}-rejects.csv")


async def known_import(connection: Any, id: str) -> Import:
    """The import of this id. Raises NotFound."""
    done = await imports.get_import(connection, id)
    if done is None:
        raise NotFound(f"there is no import {id!r} in this workspace")
    return done
