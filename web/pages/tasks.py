"""Tasks: ask for a deliverable with a brief, follow its steps live, stop it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, cast

from fastapi import Form, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import ValidationError

from agents.roster import AGENTS
from api.auth import database
from api.house import House
from api.problems import NotFound
from api.runs import stream as events_of
from api.tasks import NewTask, start
from graphs.tasks import cancel_task
from store import approvals, deliverables, events, members, runs
from store.runs import Run
from tools.contract import ToolInputError
from web.desk import Desk, back_to
from web.following import while_signed_in
from web.rendering import HEADERS, render
from web.steps import told
from web.visiting import COOKIE, Pages, Who
from web.work import AtWork

router = Pages("tasks")

MAKES: Mapping[str, str] = MappingProxyType(
    {
        "strategy": "the whole plan: audience, platforms, budget, content, forecast, tests",
        "campaign_optimization": "what to change in a running campaign, and by how much",
        "content_plan": "themes and a calendar, with lengths by platform",
        "report": "a week or month against its goals, what went wrong first",
        "competitor_analysis": "what competitors ask and say, like for like",
        "outreach": "messages to people who agreed to be written to",
        "case_study": "what changed for a customer, against comparable ones",
    }
)
MOST_EVENTS = 5_000


@router.page("/c/{slug}/tasks")
async def listed(desk: AtWork) -> HTMLResponse:
    """What was asked for, newest first."""
    found = await runs.list_runs(desk.connection, client_id=desk.client.id, limit=100)
    return desk.page("tasks.html", section="deliverables", found=found, names=await members.names(desk.connection))


@router.page("/c/{slug}/tasks/new", scope="tasks:write")
async def ask(desk: AtWork, kind: str = "strategy", like: str = "") -> HTMLResponse:
    """The form, with the brief of an earlier task when one is named."""
    before = await runs.get_run(desk.connection, like) if like else None
    if before is not None and before.client_id == desk.client.id and before.conversation is None:
        return _form(desk, before.kind, before.brief)
    return _form(desk, kind, "")


def _form(desk: Desk, kind: str, brief: str, *, wrong: str = "", once: str | None = None, status: int = 200) -> HTMLResponse:
    kinds = [(name, MAKES.get(name, "")) for name in AGENTS]
    return desk.page(
        "task_new.html", section="deliverables", status=status, kinds=kinds, kind=kind if kind in AGENTS else "strategy", brief=brief,
        wrong=wrong, once=once or secrets.token_urlsafe(16),
    )  # fmt: skip


@router.page("/c/{slug}/tasks", methods=("POST",))
async def begin(
    desk: AtWork, kind: Annotated[str, Form()] = "", brief: Annotated[str, Form()] = "", once: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Start it. The same form sent twice starts one task."""
    if not brief.strip():
        return _form(desk, kind, brief, wrong="Say what it is for: the brief is empty.", once=once, status=422)
    try:
        body = NewTask(kind=kind or "strategy", client=desk.client.slug, brief=brief)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors())
        return _form(desk, kind, brief, wrong=f"The brief cannot be used: {wrong}.", once=once, status=422)
    try:
        async with desk.connection.transaction():
            key = f"page:{sha256(f'{once} {body.kind} {body.brief}'.encode()).hexdigest()}" if once else None
            task = await start(body, desk.request, Response(), desk.who.caller, desk.connection, key)
    except ToolInputError as refused:
        return _form(desk, kind, brief, wrong=refused.message, once=None, status=422)
    return back_to(f"/c/{desk.client.slug}/tasks/{task.id}", "started")


@router.page("/c/{slug}/tasks/{run}")
async def at(desk: AtWork, run: str) -> HTMLResponse:
    """How it goes."""
    return desk.page("task.html", section="deliverables", **await _seen(desk, await known(desk, run)))


@router.page("/c/{slug}/tasks/{run}/now")
async def now(desk: AtWork, run: str) -> HTMLResponse:
    """The part of the page that changes."""
    seen = await _seen(desk, await known(desk, run))
    return HTMLResponse(render("task_now.html", who=desk.who, client=desk.client, **seen), headers=HEADERS)


@router.page("/c/{slug}/tasks/{run}/events")
async def stream(request: Request, who: Who, slug: str, run: str, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0) -> Response:
    """The run's events as they come; no connection to the database is held meanwhile."""
    found = await runs.look(database(request), who.caller.workspace_id, run)
    if found is None or found[1] != slug or found[0].conversation is not None:
        raise NotFound("There is no such task of this client.")
    last = request.headers.get("last-event-id", "")
    begin_at = int(last) if last.isdecimal() and len(last) < 10 else after
    house: House = request.app.state.house
    answer = await events_of(house, found[0], begin_at)
    if isinstance(answer, StreamingResponse):
        answer.body_iterator = while_signed_in(house, request.cookies[COOKIE], cast("AsyncIterator[str]", answer.body_iterator))
    return answer


@router.page("/c/{slug}/tasks/{run}/stop", methods=("POST",))
async def stop(desk: AtWork, run: str) -> Response:
    """Stop it: at once while it is queued or waits, else before its next step. What has ended stays as it is."""
    wanted = await known(desk, run)
    await cancel_task(desk.connection, wanted.id, actor=desk.actor)
    return back_to(f"/c/{desk.client.slug}/tasks/{wanted.id}", "stopped" if wanted.finished_at is None else None)


async def known(desk: Desk, run: str) -> Run:
    """A task of the client of the address. Raises NotFound."""
    found = await runs.get_run(desk.connection, run)
    if found is None or found.client_id != desk.client.id or found.conversation is not None:
        raise NotFound("There is no such task of this client. It may have been deleted: look at the list.")
    return found


async def _seen(desk: Desk, run: Run) -> dict[str, Any]:
    log = await events.after(desk.connection, run.id, 0, MOST_EVENTS)
    versions = await deliverables.versions(desk.connection, run.id)
    names = await members.names(desk.connection)
    asked = await approvals.latest(desk.connection, run.id) if desk.who.may("approvals:read") else None
    return {
        "run": run,
        "steps": told(log, names, over=run.finished_at is not None),
        "last": log[-1].number if log else 0,
        "made": versions[0] if versions else None,
        "asked": asked,
        "names": names,
    }
