"""Settings of a client: its name and how it reads numbers, its brand voice, what the chat was asked to remember."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from api.clients import Reading
from api.clients import change as change_client
from api.problems import NotFound
from graphs.run_tool import today
from store import audit, documents, members, preferences
from web.desk import Desk, back_to
from web.fields import wrong_fields, zones
from web.pages.data import simulated
from web.visiting import Pages
from web.work import AtWork

router = Pages("clients")

LONGEST_VOICE = 50_000
LONGEST_PREFERENCE = 500
VOICE = "brand"
"""The kind of document that texts take their voice from."""

Text = Annotated[str, Form(max_length=300)]


@router.page("/c/{slug}/settings")
async def general(desk: AtWork) -> HTMLResponse:
    """Name, language, currency and zone."""
    locale = desk.client.locale
    return _general(desk, {"name": desk.client.name, "language": locale.language, "currency": locale.currency, "zone": locale.zone})


def _general(desk: Desk, given: dict[str, str], wrong: str = "") -> HTMLResponse:
    return desk.page(
        "settings.html", section="settings", status=422 if wrong else 200, given=given, wrong=wrong, zones=zones(),
        simulated=simulated(desk.client),
    )  # fmt: skip


@router.page("/c/{slug}/settings", methods=("POST",))
async def change(desk: AtWork, name: Text = "", language: Text = "", currency: Text = "", zone: Text = "") -> Response:
    """Keep them."""
    given = {"name": name.strip(), "language": language.strip(), "currency": currency.strip().upper(), "zone": zone.strip()}
    locale = {part: given[part] for part in ("language", "currency", "zone")}
    try:
        body = Reading.model_validate({"name": given["name"], "locale": locale})
    except ValidationError as error:
        return _general(desk, given, " ".join(f"Name: {said}" if field == "name" else said for field, said in wrong_fields(error).items()))
    await change_client(desk.connection, desk.client, body, desk.actor)
    return back_to(f"/c/{desk.client.slug}/settings", "saved")


@router.page("/c/{slug}/settings/voice", scope="documents:read")
async def voice(desk: AtWork) -> HTMLResponse:
    """What texts sound like: the brand's own documents."""
    return await _voice(desk)


async def _voice(desk: Desk, typed: dict[str, str] | None = None, wrong: str = "") -> HTMLResponse:
    found = [one for one in await documents.list_documents(desk.connection, desk.client.id) if one.kind == VOICE]
    context: dict[str, Any] = {"found": found, "typed": typed or {"id": "", "title": "", "text": ""}, "wrong": wrong}
    return desk.page("settings_voice.html", section="settings", status=422 if wrong else 200, **context)


@router.page("/c/{slug}/settings/voice", methods=("POST",), scope="documents:write")
async def write_voice(desk: AtWork, id: Text = "", title: Text = "", text: Annotated[str, Form()] = "") -> Response:
    """Keep a document of the brand, dated today, in place of the one that is named; an empty text removes that one."""
    client, typed = desk.client, {"id": id, "title": title.strip() or "Brand voice", "text": text.strip()}
    old = await documents.get_document(desk.connection, id) if id else None
    if id and (old is None or old.client_id != client.id or old.kind != VOICE):
        raise NotFound("There is no such document of this client. Somebody may have changed or removed it: look at the page again.")
    if len(typed["text"]) > LONGEST_VOICE:
        return await _voice(
            desk, typed, f"At most {LONGEST_VOICE} letters; this is {len(typed['text'])}. Longer texts belong to Data, Documents."
        )
    if not typed["text"] and old is None:
        return await _voice(desk, typed, "Write how the brand speaks, or paste it here: the text is empty.")
    if old is not None:
        await documents.forget_document(desk.connection, old.id)
        await audit.note(desk.connection, desk.actor, "document.forget", old.id, {"client": client.slug})
    if not typed["text"]:
        return back_to(f"/c/{client.slug}/settings/voice", "removed")
    made = await documents.add_document(
        desk.connection, client.id, typed["title"], VOICE, typed["text"], "written in the settings", today(client),
        embedder=desk.request.app.state.house.services.embedder,
    )  # fmt: skip
    await audit.note(desk.connection, desk.actor, "document.add", made.id, {"client": client.slug})
    return back_to(f"/c/{client.slug}/settings/voice", "saved")


@router.page("/c/{slug}/settings/memory", scope="threads:read")
async def memory(desk: AtWork) -> HTMLResponse:
    """What people asked the chat to remember."""
    return await _memory(desk)


async def _memory(desk: Desk, typed: str = "", wrong: str = "") -> HTMLResponse:
    found = await preferences.of_client(desk.connection, desk.client.id)
    names = await members.names(desk.connection)
    return desk.page(
        "settings_memory.html", section="settings", status=422 if wrong else 200, found=found, names=names, typed=typed, wrong=wrong,
        most=preferences.MOST,
    )  # fmt: skip


@router.page("/c/{slug}/settings/memory", methods=("POST",), scope="threads:write")
async def remember(desk: AtWork, text: Annotated[str, Form()] = "") -> Response:
    """Keep one more."""
    said = " ".join(text.split())
    if not 1 <= len(said) <= LONGEST_PREFERENCE:
        return await _memory(desk, text, f"A preference has 1 to {LONGEST_PREFERENCE} letters.")
    kept = await preferences.remember(desk.connection, desk.client.id, said, said_by=desk.actor)
    if kept is None:
        return await _memory(desk, text, f"{preferences.MOST} are kept at most, since every answer reads them all: forget one first.")
    await audit.note(desk.connection, desk.actor, "preference.keep", kept.id, {"client": desk.client.slug})
    return back_to(f"/c/{desk.client.slug}/settings/memory", "added")


@router.page("/c/{slug}/settings/memory/{preference}/forget", methods=("POST",), scope="threads:write")
async def forget(desk: AtWork, preference: str) -> Response:
    """Forget one; one that was forgotten meanwhile stays so."""
    if await preferences.forget(desk.connection, desk.client.id, preference):
        await audit.note(desk.connection, desk.actor, "preference.forget", preference, {"client": desk.client.slug})
    return back_to(f"/c/{desk.client.slug}/settings/memory", "removed")
