"""Chat: conversations about one client, as their owner sees them: begun, followed while they are answered, found, renamed, deleted."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Form, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from api.approvals import compared
from api.problems import NotFound
from api.threads import guard, speak
from graphs import turns
from graphs.approving import found as found_approval
from graphs.tasks import cancel_task
from store import deliverables, delta, events, members, runs, threads
from store.runs import Run
from store.threads import Thread
from tools.contract import ToolInputError
from web import handovers, steps, texts
from web.conversation import drawn, handover_html, load
from web.desk import AtDesk, Desk, back_to
from web.fields import as_sentence
from web.following import Follower, place_of
from web.pages import figures, importing
from web.pages.deliverables import shortened
from web.problems import wants_page
from web.rendering import HEADERS, render
from web.starters import suited
from web.visiting import COOKIE, Pages, Visitor

router = Pages("threads")

OTHERS = 12
"""conversations beside the one that is open"""
LISTED = 100
TITLE = 200
MOST_FINDINGS = 8
"""sentences of a result that a step shows; its page has them all"""
TABLES = tuple(kind for kind in importing.KINDS if kind not in texts.KINDS)
"""kinds of files that are imported; the others become documents"""

Text = Annotated[str, Form()]


@router.page("/c/{slug}/chat")
async def listed(desk: AtDesk, q: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """The visitor's conversations about this client, and a new one."""
    return await _list(desk, q=q.strip())


async def _list(desk: Desk, *, q: str = "", text: str = "", wrong: str = "", status: int = 200) -> HTMLResponse:
    found = await threads.list_threads(desk.connection, owner=desk.actor, client_id=desk.client.id, words=q or None, limit=LISTED)
    house = desk.request.app.state.house
    folder = delta.client_folder(house.store.facts_root, desk.workspace_id, desk.client.id)
    tables = frozenset(await asyncio.to_thread(delta.table_names, folder))
    return desk.page(
        "chat.html", section="chat", status=status, threads=found, q=q, text=text, wrong=wrong, starters=suited(tables), tables=tables
    )


@router.page("/c/{slug}/chat", methods=("POST",))
async def begin(desk: AtDesk, text: Text = "") -> Response:
    """Begin a conversation with its first message."""
    try:
        turns.readable(text)
    except ToolInputError as refused:
        return await _list(desk, text=text, wrong=as_sentence(refused.message), status=422)
    thread = await turns.begin(desk.connection, client=desk.client.id, owner=desk.actor)
    await speak(desk.connection, desk.who.caller, thread.id, text)
    return back_to(f"/c/{desk.client.slug}/chat/{thread.id}")


@router.page("/c/{slug}/chat/{thread}")
async def shown(desk: AtDesk, thread: str, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> HTMLResponse:
    """One conversation: what was said so far; the script follows what comes."""
    return await _thread(desk, await known(desk, thread), before=before)


async def _thread(
    desk: Desk, thread: Thread, *, before: int | None = None, text: str = "", wrong: str = "", status: int = 200
) -> HTMLResponse:
    loaded = await load(desk.connection, desk.client, thread, before)
    others = await threads.list_threads(desk.connection, owner=desk.actor, client_id=desk.client.id, limit=OTHERS)
    who, client = desk.who, desk.client

    def draw() -> list[tuple[str, list[Any]]]:
        return [
            (turn.run, [drawn(block, who=who, client=client, tasks=loaded.handovers) for block in turn.blocks]) for turn in loaded.turns
        ]

    drawn_turns = await asyncio.to_thread(draw)
    return desk.page(
        "chat_thread.html", section="chat", status=status, thread=thread, turns=drawn_turns, place=loaded.place,
        working=loaded.working and before is None, earlier=loaded.earlier, before=before, others=others, text=text, wrong=wrong,
        attach=_attachable(who),
    )  # fmt: skip


def _attachable(who: Visitor) -> dict[str, str]:
    """What the visitor may attach; nothing for who may neither import nor keep documents."""
    may = (who.may("imports:write"), who.may("documents:write"))
    named = {(True, True): "A table or a text", (True, False): "A table", (False, True): "A text", (False, False): ""}[may]
    kinds = (*(TABLES if may[0] else ()), *(texts.KINDS if may[1] else ()))
    return {"label": f"{named} ({', '.join(kinds)})", "accept": ",".join(kinds)} if named else {}


@router.page("/c/{slug}/chat/{thread}", methods=("POST",))
async def say(desk: AtDesk, thread: str, text: Text = "") -> Response:
    """Say something: an answer under way takes it up, else one begins. The answer comes in the stream."""
    there = await known(desk, thread)
    try:
        turn = await speak(desk.connection, desk.who.caller, there.id, text)
    except ToolInputError as refused:
        if not wants_page(desk.request):
            raise
        return await _thread(desk, there, text=text, wrong=as_sentence(refused.message), status=422)
    if not wants_page(desk.request):
        return JSONResponse({"run": turn.run, "joined": turn.joined}, 202, headers=HEADERS)
    return back_to(_at(desk, there))


@router.page("/c/{slug}/chat/{thread}/stream")
async def stream(desk: AtDesk, thread: str, after: Annotated[str, Query(max_length=80)] = "") -> Response:
    """What comes after a place, for as long as the page is open. No connection to the database is held meanwhile."""
    there = await known(desk, thread)
    secret = desk.request.cookies[COOKIE]
    place = place_of(desk.request.headers.get("last-event-id") or after)
    follower = Follower(desk.request.app.state.house, desk.who, secret, desk.client, there.id, place)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(follower.frames(), media_type="text/event-stream", headers=headers)


@router.page("/c/{slug}/chat/{thread}/stop", methods=("POST",))
async def stop(desk: AtDesk, thread: str) -> Response:
    """Stop the answer that is under way; what was said until then stays."""
    there = await known(desk, thread)
    if there.turn is not None:
        await cancel_task(desk.connection, there.turn, actor=desk.actor)
    return back_to(_at(desk, there)) if wants_page(desk.request) else Response(status_code=204)


@router.page("/c/{slug}/chat/{thread}/title", methods=("POST",))
async def rename(desk: AtDesk, thread: str, title: Annotated[str, Form(max_length=TITLE)] = "", to: Text = "") -> Response:
    """Give it another title."""
    there = await known(desk, thread)
    place = f"/c/{desk.client.slug}/chat" if to == "list" else _at(desk, there)
    if not title.strip() or "\x00" in title:
        return back_to(place)
    await turns.rename(desk.connection, there.id, title, owner=desk.actor)
    return back_to(place, "saved")


@router.page("/c/{slug}/chat/{thread}/delete", methods=("POST",))
async def delete(desk: AtDesk, thread: str) -> Response:
    """Drop it with all that was said in it."""
    there = await known(desk, thread)
    try:
        await turns.delete(desk.connection, there.id, owner=desk.actor)
    except turns.TurnUnderWay:
        wrong = "An answer is under way: stop it first, then delete the conversation."
        return await _thread(desk, there, wrong=wrong, status=409)
    return back_to(f"/c/{desk.client.slug}/chat", "removed")


@router.page("/c/{slug}/chat/runs/{run}/steps/{number}")
async def step(desk: AtDesk, run: str, number: int, only: str = "") -> HTMLResponse:
    """What one tool step was asked and what came of it."""
    turn = await guard(desk.connection, desk.who.caller, await runs.get_run(desk.connection, run))
    if turn is None or turn.client_id != desk.client.id or turn.conversation is None or not 0 < number < 2**31:
        raise NotFound("There is no such step in a conversation of yours.")
    log = await events.after(desk.connection, turn.id, number - 1, 10_000)
    call = log[0].payload.get("call") if log and log[0].number == number and log[0].kind == "tool_call" else None
    result = next((event for event in log if event.kind == "tool_result" and event.payload.get("call") == call), None)
    if call is None or result is None:
        raise NotFound("This step has no result, or its events are no longer kept.")
    record, client = await figures.found(desk, result.payload["evidence"])
    seen = await asyncio.to_thread(figures.shown, record, client) | {"only": only, "most": MOST_FINDINGS}
    return _part(desk, "chat_step.html", record.tool.replace("_", " ").capitalize(), await known(desk, turn.conversation), **seen)


@router.page("/c/{slug}/chat/tasks/{run}", scope="tasks:read")
async def task(desk: AtDesk, run: str) -> HTMLResponse:
    """What a task that was handed over has done so far."""
    found = await _task(desk, run)
    log = await events.after(desk.connection, found.id, 0, 10_000)
    told = steps.told(log, await members.names(desk.connection), over=found.finished_at is not None)
    tasks = await handovers.read(desk.connection, desk.client.id, [found.id])
    card = handover_html(tasks[found.id], who=desk.who, client=desk.client)
    return _part(desk, "chat_task_steps.html", found.kind.replace("_", " ").capitalize(), None, card=card, run=found, steps=told)


async def _task(desk: Desk, run: str) -> Run:
    found = await runs.get_run(desk.connection, run)
    if found is None or found.client_id != desk.client.id or found.conversation is not None:
        raise NotFound("There is no such task of this client.")
    return found


@router.page("/c/{slug}/chat/approvals/{id}/changes", scope="approvals:read")
async def changes(desk: AtDesk, id: str) -> HTMLResponse:
    """What a text that waits for approval changes."""
    asked = await found_approval(desk.connection, id)
    made = await deliverables.get(desk.connection, asked.deliverable_id) if asked.client_id == desk.client.id else None
    if made is None:
        raise NotFound("There is no such request for approval of this client.")
    before = await deliverables.last_before(desk.connection, made)
    difference = await asyncio.to_thread(compared, before, made)
    parts = [(one.side, shortened(one.text) if one.side == "same" else one.text) for one in difference.changes]
    return _part(desk, "chat_changes.html", made.title, None, made=made, before=before, words=difference.words, changes=parts)


def _part(desk: Desk, inside: str, heading: str, thread: Thread | None, **context: Any) -> HTMLResponse:
    """A part that a script puts in its place; whoever has no script gets it as a page."""
    filled = {"card": None} | context
    if wants_page(desk.request):
        return desk.page("chat_part.html", section="chat", inside=inside, heading=heading, thread=thread, **filled)
    return HTMLResponse(render(inside, **({"who": desk.who, "client": desk.client} | filled)), headers=HEADERS)


async def known(desk: Desk, thread: str) -> Thread:
    """The visitor's conversation about the client of the address. Raises NotFound: another's is not told from none."""
    found = await threads.get_thread(desk.connection, thread, owner=desk.actor)
    if found is None or found.client_id != desk.client.id:
        raise NotFound("There is no such conversation of yours. It may have been deleted: look at the list.")
    return found


def _at(desk: Desk, thread: Thread) -> str:
    return f"/c/{desk.client.slug}/chat/{thread.id}"
