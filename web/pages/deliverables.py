"""Deliverables: the list, a version to read, what changed between two, and files of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

from fastapi import Query
from fastapi.responses import HTMLResponse, Response

from agents.roster import AGENTS
from api.approvals import compared
from api.deliverables import file
from api.problems import NotFound
from api.writing import DRAFT, Format, charts_of
from graphs.revising import STAYS
from store import approvals, comments, deliverables, members, policies, runs, shares
from store.database import Connection
from store.deliverables import Deliverable, DeliverableStatus, Line
from store.runs import Run
from web.desk import Desk
from web.outside import FORMATS
from web.reading import checked, text_of
from web.visiting import Pages, Visitor
from web.work import AtWork, may_say, version

router = Pages("deliverables")

A_PAGE = 50
STATUSES: tuple[DeliverableStatus, ...] = get_args(DeliverableStatus)
SHOWN = 240
"""Letters of an unchanged stretch that stand on either side of a change."""


@router.page("/c/{slug}/deliverables")
async def listed(desk: AtWork, kind: str = "", state: str = "", skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0) -> HTMLResponse:
    """What was made for the client, each in its newest version, and what is being made."""
    of_kind = kind if kind in AGENTS else None
    in_status = next((known for known in STATUSES if known == state), None)
    made = await deliverables.newest(desk.connection, desk.client.id, kind=of_kind, status=in_status, limit=A_PAGE + 1, skip=skip)
    under_way = [run for run in await runs.list_runs(desk.connection, client_id=desk.client.id, limit=20) if run.finished_at is None]
    return desk.page(
        "deliverables.html", section="deliverables", made=made[:A_PAGE], more=len(made) > A_PAGE, skip=skip, a_page=A_PAGE,
        kind=of_kind or "", state=in_status or "", kinds=tuple(AGENTS), statuses=STATUSES, under_way=under_way,
    )  # fmt: skip


@router.page("/c/{slug}/deliverables/{id}")
async def read(desk: AtWork, id: str) -> HTMLResponse:
    """One version with all that belongs to it."""
    made = await version(desk, id)
    return await shown(desk, made)


async def shown(desk: Desk, made: Deliverable, *, status: int = 200, **more: Any) -> HTMLResponse:
    """The page of a version. `more` adds what an action has to say: `alert`, or a new link."""
    outlines = await deliverables.outlines(desk.connection, made)
    versions = await deliverables.versions(desk.connection, made.run_id)
    run = await runs.get_run(desk.connection, made.run_id)
    asked = await approvals.latest(desk.connection, made.run_id) if desk.who.may("approvals:read") else None
    context: dict[str, Any] = {
        "made": made,
        "run": run,
        "outlines": outlines,
        "versions": versions,
        "newest": versions[0],
        "asked": asked if asked is not None and asked.deliverable_id == made.id else None,
        "remarks": await comments.of_deliverable(desk.connection, made.id),
        "shares": await shares.of_deliverable(desk.connection, made.id) if desk.who.may("deliverables:write") else (),
        "names": await members.names(desk.connection),
        "checked": checked(made.verdict),
        "mark": DRAFT.get(made.status),
        "formats": FORMATS,
        "may_say": may_say(desk.who),
        "editable": editable(desk.who, made, versions[0], run),
        "forward": await _forward(desk, made, versions[0], run),
        "now": datetime.now(UTC),
        "alert": "",
        "alert_at": "",
        "typed": {},
        "new_link": None,
    }
    text = await text_of(made, outlines)
    return desk.page("deliverable.html", section="deliverables", status=status, text=text, **(context | more))


async def _forward(desk: Desk, made: Deliverable, newest: Line, run: Run | None) -> str:
    """What putting a draft forward would do: it is published, or its approval is asked for. Empty where it cannot be."""
    if made.status not in STAYS or not editable(desk.who, made, newest, run):
        return ""
    needed = await policies.needed(desk.connection, desk.client.id, made.kind)
    return "Ask for approval" if needed else "Publish"


def editable(who: Visitor, made: Deliverable, newest: Line, run: Run | None) -> bool:
    """Whether this visitor may put a text of theirs in the place of this version."""
    if newest.id != made.id or run is None or made.kind not in AGENTS:
        return False
    if made.status == "awaiting_approval":
        return who.may("approvals:write")
    return who.may("deliverables:write") and run.finished_at is not None


@router.page("/c/{slug}/deliverables/{id}/changes")
async def changes(desk: AtWork, id: str, since: str = "", whole: bool = False) -> HTMLResponse:
    """What changed, word by word, since the version before or another one of the same task."""
    made = await version(desk, id)
    before = await version(desk, since) if since else await deliverables.last_before(desk.connection, made)
    if before is not None and before.run_id != made.run_id and since:
        raise NotFound("These two are versions of different deliverables.")
    difference = await asyncio.to_thread(compared, before, made)
    parts = [(one.side, shortened(one.text) if one.side == "same" and not whole else one.text) for one in difference.changes]
    versions = await deliverables.versions(desk.connection, made.run_id)
    return desk.page(
        "changes.html", section="deliverables", made=made, before=before, words=difference.words, changes=parts, versions=versions,
        whole=whole,
    )  # fmt: skip


def shortened(text: str) -> str:
    """What stayed, with its middle left out."""
    return text if len(text) <= 2 * SHOWN + 40 else f"{text[:SHOWN].rstrip()} […]\n\n[…] {text[-SHOWN:].lstrip()}"


@router.page("/c/{slug}/deliverables/{id}/file.{format}")
async def download(desk: AtWork, id: str, format: str) -> Response:
    """A version as a file."""
    made = await version(desk, id)
    return await handed_out(desk.connection, made, format, language=desk.client.locale.language)


async def handed_out(connection: Connection, made: Deliverable, format: str, *, language: str, links: bool = True) -> Response:
    """A version as a file to keep. Raises NotFound for a format that is not offered."""
    if format not in FORMATS:
        raise NotFound(f"There is no format {format!r} here: {', '.join(FORMATS)}.")
    chosen: Format = format  # type: ignore[assignment]
    charts = [] if chosen == "md" else await charts_of(connection, made)
    return await file(made, chosen, charts, language=language, links=links, keep=True)
