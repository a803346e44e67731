"""Erasing a person from a client's data: who is meant, what would go, a confirmation that is typed, and the report."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, Response

from api.problems import Conflict, NotFound
from graphs.erasing import Foreseen, erase, foresee
from tools.contract import ToolInputError
from web import uploads, working
from web.desk import AtDesk, Desk, back_to, client_at, opened
from web.fields import as_sentence
from web.pages.importing import home
from web.visiting import Pages, Who

router = Pages("clients")

Person = Annotated[str, Form(max_length=300)]
MAY = "clients:write"
GONE = "The report of this erasure is no longer here: it is kept for an hour, for whoever asked. The audit log holds that it was done."


@router.page("/c/{slug}/data/erase", scope=MAY)
async def ask(desk: AtDesk) -> HTMLResponse:
    """Whom."""
    return _page(desk)


def _page(desk: Desk, *, person: str = "", found: Foreseen | None = None, wrong: str = "", status: int = 200) -> HTMLResponse:
    return desk.page("erase.html", section="data", status=status, person=person, found=found, wrong=wrong)


@router.page("/c/{slug}/data/erase/look", methods=("POST",))
async def look(request: Request, who: Who, slug: str, person: Person = "") -> Response:
    """What would go. The address of the page does not name the person, so that no log does."""
    return await _looked(request, who, slug, person)


async def _looked(request: Request, who: Who, slug: str, person: str, *, wrong: str = "") -> Response:
    client = await client_at(request, who, slug)
    found = None
    try:
        found = await foresee(request.app.state.house.services, who.caller.workspace_id, client, person)
    except ToolInputError as error:
        wrong = as_sentence(error.message)
    async with opened(request, who) as desk:
        return _page(desk, person=person.strip(), found=found, wrong=wrong, status=422 if wrong else 200)


@router.page("/c/{slug}/data/erase", methods=("POST",))
async def do(request: Request, who: Who, slug: str, person: Person = "", again: Person = "") -> Response:
    """Erase, when the confirmation is what it has to be."""
    client = await client_at(request, who, slug)
    if not person.strip() or again.strip() != person.strip():
        return await _looked(request, who, slug, person, wrong="What you typed is not the same: nobody was erased.")
    services = request.app.state.house.services
    kept = await asyncio.to_thread(
        uploads.keep, home(request), io.BytesIO(), "erasure", session_id=who.session.id, client_id=client.id, purpose="erasure"
    )  # fmt: skip
    await asyncio.to_thread(kept.claim)
    await asyncio.to_thread(kept.note, stage="working")
    on = datetime.now(ZoneInfo(client.locale.zone)).date()

    async def work() -> dict[str, Any]:
        done = await erase(services, who.caller.workspace_id, client, person, on=on, actor=who.caller.actor)
        return {"report": done._asdict() | {"report": done.report.model_dump(mode="json")}}

    await working.begin(kept, work)
    return back_to(f"/c/{client.slug}/data/erase/{kept.token}")


@router.page("/c/{slug}/data/erase/{token}", scope=MAY)
async def report(desk: AtDesk, token: str) -> HTMLResponse:
    """How far it is, and then what was done. It does not name the person."""
    whose = {"session_id": desk.who.session.id, "client_id": desk.client.id}
    kept = uploads.find(home(desk.request), token, **whose, purpose="erasure")
    if kept is None:
        raise NotFound(GONE)
    state = kept.state()
    if state.get("stage") == "working" and not kept.at_work():
        raise Conflict("This erasure gave no sign for a minute: its process has probably ended. Erase again: that finishes what broke off.")
    return desk.page("erased.html", section="data", state=state)
