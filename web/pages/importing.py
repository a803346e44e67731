"""Importing a file: sent, looked at as it would be read, mended, brought in; its report and its rejected rows."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData, UploadFile

from api.importing import bring_in, look, with_mapping
from api.imports import known_import, rejects_of
from api.problems import Conflict, InvalidInput, NotFound
from grounding.rendering import babel_locale
from store.clients import Client
from store.delta import FREE
from store.importing.mapping import Mapping
from store.importing.preview import FirstRead, read_first
from store.importing.report import ImportRefused, ImportReport, Progress
from store.importing.suggesting import Suggestion
from store.imports import Import
from store.settings import StoreSettings
from tools.contracts import CONTRACTS
from web import mapping_form, uploads, working
from web.desk import AtDesk, Desk, back_to, client_at, opened
from web.rendering import HEADERS
from web.uploads import Upload
from web.visiting import Pages, Visitor, Who

router = Pages("imports")

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq")
TAKEN = "Imports take CSV, XLSX and Parquet files."
GONE = "This upload is no longer here: it is kept for an hour, for whoever sent it. Send the file again."
REJECTS_SHOWN = 20
TELL_SECONDS = 0.3


@router.page("/uploads/{slug}/imports", methods=("POST",))
async def send(request: Request, who: Who, slug: str) -> Response:
    """Take a file, and look at it."""
    client = await client_at(request, who, slug)
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise InvalidInput(f"Choose a file first. {TAKEN}")
        kind = Path(file.filename).suffix.lower()
        if kind not in KINDS:
            named = f"a {kind} file" if kind else "a file without an ending"
            raise InvalidInput(f"This is {named[:40]}. {TAKEN} Save it as one of these and send it again.")
        kept = await asyncio.to_thread(
            uploads.keep, home(request), file.file, file.filename, session_id=who.session.id, client_id=client.id
        )
    try:
        await _look(request, who, client, kept, None)
    except ImportRefused as error:
        await asyncio.to_thread(kept.forget)
        raise InvalidInput(f"{error.message}. {TAKEN}") from error
    return back_to(f"/c/{client.slug}/data/imports/new/{kept.token}")


@router.page("/c/{slug}/data/imports/new/{token}", scope="imports:write")
async def show(desk: AtDesk, token: str) -> HTMLResponse:
    """How the file would be read; while it is imported, how far it is; afterwards what became of its rows."""
    kept = known(desk.request, desk.who, desk.client, token)
    return _page(desk, kept, kept.state())


def _page(
    desk: Desk, kept: Upload, state: dict[str, Any], *, status: int = 200, typed: FormData | None = None, wrong: str = ""
) -> HTMLResponse:
    if state.get("stage") == "working":
        return desk.page("data_importing.html", section="data", upload=kept, progress=_progress(desk.client, kept, state))
    if state.get("stage") == "done":
        report = ImportReport.model_validate(state["report"])
        return desk.page("data_imported.html", section="data", upload=kept, report=report, import_id=state["import"])
    if "suggestion" not in state:
        raise NotFound(GONE)
    suggestion = Suggestion.model_validate(state["suggestion"])
    lines = mapping_form.lines(suggestion) if typed is None else mapping_form.as_typed(suggestion, typed)
    breakdown = suggestion.mapping.breakdown if typed is None else ()
    return desk.page(
        "data_import.html", section="data", status=status, upload=kept, suggestion=suggestion, lines=lines, breakdown=breakdown,
        tables=tuple(CONTRACTS.values()), remembered=state.get("remembered", False), trouble=wrong or state.get("trouble", ""),
        first=mapping_form.dated(FirstRead.model_validate(state["first"]), suggestion.table) if state.get("first") else None,
        form=mapping_form,
    )  # fmt: skip


@router.page("/c/{slug}/data/imports/new/{token}", methods=("POST",))
async def go_on(request: Request, who: Who, slug: str, token: str) -> Response:
    """Read it as the form says: look at it again, import it, or forget it."""
    client = await client_at(request, who, slug)
    kept = known(request, who, client, token)
    here = f"/c/{client.slug}/data/imports/new/{token}"
    state = kept.state()
    form = await request.form()
    action = str(form.get("action", "look"))
    if state.get("stage") in ("working", "done") and (action != "forget" or kept.at_work()):
        return back_to(here)
    if action == "forget":
        await asyncio.to_thread(kept.forget)
        return back_to(f"/c/{client.slug}/data")
    before = Suggestion.model_validate(state["suggestion"])
    try:
        table = mapping_form.wanted_table(form)
        if table != before.table and not (before.mapping.free and table.startswith(FREE)):
            told = f"This is how the file would fill {table}. Look at it, then import." if action == "import" else ""
            await _look(request, who, client, kept, table, told=told)
            return back_to(here)
        breakdown = [str(choice) for choice in form.getlist("breakdown")]
        suggestion = with_mapping(before, mapping_form.read(form, before, table, breakdown))
        if action != "import":
            await _note(request, who, client, kept, suggestion, remembered=False)
            return back_to(here)
        if suggestion.missing:
            raise ImportRefused(f"{suggestion.table} needs {', '.join(suggestion.missing)}: choose what fills it")
    except ImportRefused as error:
        return await _refused(request, who, client, kept, form, error.message)
    await _import(request, who, client, kept, suggestion)
    return back_to(here)


async def _refused(request: Request, who: Visitor, client: Client, kept: Upload, form: FormData, message: str) -> Response:
    """The form again with what was typed, and what is wrong with it."""
    async with opened(request, who) as at:
        return _page(at, kept, kept.state(), status=422, typed=form, wrong=message)


async def _look(request: Request, who: Visitor, client: Client, kept: Upload, table: str | None, *, told: str = "") -> None:
    """Suggest how to read it. Raises ImportRefused."""
    house = request.app.state.house
    async with house.database.transaction(who.caller.workspace_id) as connection:
        seen = await look(connection, client, kept.path, table)
    await _note(request, who, client, kept, seen.suggestion, remembered=seen.remembered, told=told)


async def _note(
    request: Request, who: Visitor, client: Client, kept: Upload, suggestion: Suggestion, *, remembered: bool, told: str = ""
) -> None:
    """Note how it would be read, with its first rows read so: the page that shows them computes nothing."""
    first, trouble = None, told
    store: StoreSettings = request.app.state.house.store
    if not suggestion.missing and not suggestion.mapping.free:
        try:
            read = await asyncio.to_thread(read_first, store.facts_root, who.caller.workspace_id, client, kept.path, suggestion.mapping)
            first = read.model_dump(mode="json")
        except ImportRefused as error:
            trouble = error.message
    await asyncio.to_thread(
        kept.note, stage="looked", suggestion=suggestion.model_dump(mode="json"), remembered=remembered, first=first, trouble=trouble
    )


async def _import(request: Request, who: Visitor, client: Client, kept: Upload, suggestion: Suggestion) -> None:
    """Begin the import. A second click finds it claimed and changes nothing."""
    if not await asyncio.to_thread(kept.claim):
        return
    if kept.state().get("stage") == "done":
        # it was done between the click and the claim
        await asyncio.to_thread(kept.release)
        return
    house = request.app.state.house
    named = suggestion.model_dump(mode="json")
    await asyncio.to_thread(kept.note, stage="working", suggestion=named, trouble="", progress=None)

    async def work() -> dict[str, Any]:
        done, report = await bring_in(
            house.database, house.store, who.caller.workspace_id, client, kept.path, suggestion, file_name=kept.name,
            actor=who.caller.actor, progress=_teller(kept),
        )  # fmt: skip
        await asyncio.to_thread(kept.forget, file_only=True)
        return {"import": done.id, "report": report.model_copy(update={"reject_file": None}).model_dump(mode="json")}

    await working.begin(kept, work)


def _teller(kept: Upload) -> Callable[[Progress], None]:
    """Notes how far the import is, a few times a second at most."""
    told = 0.0

    def tell(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            kept.note(progress=progress.model_dump(mode="json"))

    return tell


STAGES = {"reading": (0.0, 0.5), "checking": (0.5, 0.3), "writing": (0.8, 0.2)}
"""Where a stage begins and how much of the bar it takes."""


def _progress(client: Client, kept: Upload, state: dict[str, Any]) -> dict[str, Any]:
    """How far it is in words, and as a share of all stages; `stopped`: it gave no sign for long."""
    step = state.get("progress") or {"stage": "reading", "rows": 0, "share": 0.0}
    begins, width = STAGES[step["stage"]]
    rows = format_decimal(step["rows"], locale=babel_locale(client.locale.language))
    told = f"{step['stage'].capitalize()}: {rows} rows" if step["rows"] else "Reading the file"
    return {"told": told, "share": round(begins + width * step["share"], 3), "stopped": not kept.at_work()}


@router.page("/c/{slug}/data/imports/new/{token}/progress", scope="imports:write")
async def progress(request: Request, who: Who, slug: str, token: str) -> Response:
    """How far the import is, for the page's script."""
    client = await client_at(request, who, slug)
    kept = known(request, who, client, token)
    state = kept.state()
    working_on = state.get("stage") == "working"
    said = {"working": working_on, **(_progress(client, kept, state) if working_on else {})}
    return JSONResponse(said, headers=HEADERS)


@router.page("/c/{slug}/data/imports/new/{token}/again", methods=("POST",))
async def again(request: Request, who: Who, slug: str, token: str) -> Response:
    """After an import whose process ended: back to the form. What it had committed is not imported twice."""
    client = await client_at(request, who, slug)
    kept = known(request, who, client, token)
    if kept.at_work():
        raise Conflict("This import is still under way.")
    await asyncio.to_thread(kept.note, stage="looked")
    return back_to(f"/c/{client.slug}/data/imports/new/{token}")


@router.page("/c/{slug}/data/imports/{id}")
async def one(desk: AtDesk, id: str) -> HTMLResponse:
    """One import of the log, how its columns were read, and the first of the rows that were not taken."""
    done = await _known_import(desk, id)
    rows = await asyncio.to_thread(_first_rejects, done.reject_file) if done.reject_file else None
    return desk.page("data_import_log.html", section="data", done=done, mapping=Mapping.model_validate(done.mapping), rejects=rows)


@router.page("/c/{slug}/data/imports/{id}/rejects")
async def rejects(desk: AtDesk, id: str) -> Response:
    """The rows that were not taken, as a file."""
    return await rejects_of(await _known_import(desk, id))


async def _known_import(desk: Desk, id: str) -> Import:
    done = await known_import(desk.connection, id)
    if done.client_id != desk.client.id:
        raise NotFound("There is no such import of this client.")
    return done


def _first_rejects(file: str) -> list[list[str]] | None:
    """The header and the first rows; None when the file is gone, or holds a cell too long to be shown."""
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as handle:
            return list(islice(csv.reader(handle), REJECTS_SHOWN + 1))
    except (FileNotFoundError, csv.Error):
        return None


def home(request: Request) -> Path:
    """Where uploads are kept."""
    store: StoreSettings = request.app.state.house.store
    return store.home


def known(request: Request, who: Visitor, client: Client, token: str) -> Upload:
    """The upload, for whoever sent it. Raises NotFound."""
    found = uploads.find(home(request), token, session_id=who.session.id, client_id=client.id)
    if found is None:
        raise NotFound(GONE)
    return found
