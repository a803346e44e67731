"""Work that a conversation handed over: how each task stands, what it made, and what of it waits for a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.roster import AGENTS
from store import approvals, deliverables, events, runs
from store.database import Connection
from store.runs import RunStatus
from tools.registry import locations

PLACE = re.compile(r"\.\d+")
"""which of several lines of a section it is"""
MOST_LINES = 3
"""lines of audience and of cost on a card; the approval's own page has them all"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request for approval, in short."""

    id: str
    audience: tuple[str, ...]
    cost: tuple[tuple[str, str], ...]
    more: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """One task as a card. `step`: what it does just now; `made`: id, title and status of what it made."""

    id: str
    kind: str
    agent: str
    status: RunStatus
    ended: bool
    stopping: bool
    step: str
    error: str | None
    made: tuple[str, str, str] | None
    waiting: Waiting | None


async def read(connection: Connection, client_id: str, ids: Collection[str]) -> dict[str, Handover]:
    """How these tasks of the client stand, by id; those that are gone are left out."""
    if not ids:
        return {}
    found = {id: run for id, run in (await runs.many(connection, ids)).items() if run.client_id == client_id and run.conversation is None}
    last = await events.last_steps(connection, [run.id for run in found.values() if run.status not in runs.ENDED])
    made = await deliverables.newest_of_runs(connection, list(found))
    asked = {}
    for run in found.values():
        if run.status == "waiting":
            asked[run.id] = await approvals.latest(connection, run.id)
    return {
        run.id: Handover(
            id=run.id,
            kind=run.kind,
            agent=AGENTS[run.kind].name if run.kind in AGENTS else run.kind,
            status=run.status,
            ended=run.status in runs.ENDED,
            stopping=run.cancel_requested and run.status not in runs.ENDED,
            step=_step(last[run.id].kind, last[run.id].payload) if run.id in last else "",
            error=run.error,
            made=(made[run.id].id, made[run.id].title, made[run.id].status) if run.id in made else None,
            waiting=_waiting(asked[run.id]) if asked.get(run.id) is not None else None,
        )
        for run in found.values()
    }


STEPS: Mapping[str, str] = {
    "recall": "reading the client's documents and tables",
    "analyse": "choosing what to compute",
    "run_tools": "computing",
    "draft": "checking every figure of the draft",
    "review": "asking for approval",
    "publish": "keeping the text",
}
"""What a step of a specialist does, in words."""


def _step(kind: str, payload: Mapping[str, Any]) -> str:
    name = str(payload.get("name") or payload.get("tool") or "")
    if kind == "step":
        return STEPS.get(name, name.replace("_", " "))
    said = name.replace("_", " ") if name in locations() else "computing"
    return f"{said}: done" if kind == "tool_result" else said


def _waiting(asked: approvals.Approval | None) -> Waiting | None:
    if asked is None or asked.state != "waiting":
        return None
    audience = tuple(str(entry["text"]) for entry in asked.audience.get("texts", ()))
    cost = tuple((PLACE.sub("", str(entry["what"])), str(entry["text"])) for entry in asked.cost)
    more = max(0, len(audience) - MOST_LINES) + max(0, len(cost) - MOST_LINES)
    return Waiting(asked.id, audience[:MOST_LINES], cost[:MOST_LINES], more, asked.expires_at)
