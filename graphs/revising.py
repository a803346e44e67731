"""People edit a text that nobody is asked about, and put one forward: verified as the writer's was, approved where the policy says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.roster import AGENTS
from graphs.approving import Person
from graphs.asking import ask
from graphs.editing import evidence_of, held, keep
from graphs.publishing import finished
from grounding.evidence import Evidence
from store import approvals, audit, clients, deliverables, edits, policies, runs
from store.approvals import Approval
from store.checkpoints import checkpointer
from store.clients import Client
from store.database import Connection, Database
from store.deliverables import Deliverable, DeliverableStatus
from store.errors import Conflict, NotAllowed
from store.runs import Run
from tools.contract import ToolInputError

STAYS: Mapping[DeliverableStatus, DeliverableStatus] = {"draft": "draft", "needs_person": "needs_person", "rejected": "draft"}
"""What an edited version is; one that was published is put forward at once."""
EDITORS = ("owner", "strategist")
"""Roles that may change a text that nobody is asked about."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A version and all that its text is read with."""

    made: Deliverable
    run: Run
    client: Client
    evidence: dict[str, Evidence]
    passages: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Revised:
    """The version that came of it, and the request for its approval, if one is needed."""

    made: Deliverable
    asked: Approval | None


async def standing(database: Database, workspace_id: str, deliverable_id: str) -> Standing | None:
    """A version with what its text is read with; None when there is none, or nobody makes this kind any more."""
    async with database.transaction(workspace_id) as connection:
        made = await deliverables.get(connection, deliverable_id)
        if made is None or made.kind not in AGENTS:
            return None
        run = await runs.get_run(connection, made.run_id)
        client = await clients.get_client(connection, made.client_id)
        asked = await approvals.latest(connection, made.run_id)
        evidence = await evidence_of(connection, made)
    assert run is not None
    assert client is not None
    passages = asked.passages if asked is not None else await _passages(database, workspace_id, run)
    return Standing(made, run, client, evidence, passages)


async def _passages(database: Database, workspace_id: str, run: Run) -> list[dict[str, Any]]:
    """What the run's text may cite, from its last checkpoint; nothing once that was dropped as old."""
    async with checkpointer(database, workspace_id) as saver:
        kept = await saver.aget_tuple({"configurable": {"thread_id": run.thread_id}})
    return list(kept.checkpoint["channel_values"].get("passages") or ()) if kept is not None else []


async def revise(
    database: Database, workspace_id: str, deliverable_id: str, who: Person, *, seen: str, content: Mapping[str, Any]
) -> Revised:
    """Keep a person's text as the next version. A draft stays one; one that was published is published anew, or waits for approval where
    the client's policy asks for it, and the version before stays published until then.

    `seen`: the content hash of the version that was edited. Raises Conflict, NotAllowed, ToolInputError, EditDoesNotHold.
    """
    _allowed(who)
    at = await _open(database, workspace_id, deliverable_id, seen)
    draft = await asyncio.to_thread(held, at.made.kind, content, at.evidence, at.passages, at.client, at.run)
    assert draft.deliverable is not None
    if draft.deliverable.model_dump(mode="json") == at.made.content:
        raise ToolInputError("nothing is changed in this text", field="content")
    text = draft.deliverable
    markdown = await asyncio.to_thread(
        finished, text, at.evidence, at.passages, locale=at.client.locale, as_of=at.run.as_of, model=at.made.model, edited=True
    )
    async with database.transaction(workspace_id) as connection:
        await policies.hold(connection, at.client.id)
        await _still(connection, at.made)
        status = STAYS.get(at.made.status)
        needed = await policies.needed(connection, at.client.id, at.made.kind) if status is None else None
        kept = await keep(
            connection, at.made, draft, markdown, status=status or ("awaiting_approval" if needed else "published"), editor=who.actor
        )
        await audit.note(connection, who.actor, "deliverable.edit", kept.id, {"before": at.made.id, "status": kept.status})
        asked = await ask(connection, kept, text, at.client, at.evidence, at.passages, needed) if needed else None
        if kept.status == "published":
            await deliverables.supersede(connection, kept.run_id, kept.id)
        return Revised(kept, asked)


async def put_forward(database: Database, workspace_id: str, deliverable_id: str, who: Person, *, seen: str) -> Revised:
    """Publish a draft whose text holds, or ask for its approval where the client's policy says so. Raises as `revise` does."""
    _allowed(who)
    at = await _open(database, workspace_id, deliverable_id, seen)
    if at.made.status == "published":
        raise Conflict("this version is published already")
    draft = await asyncio.to_thread(held, at.made.kind, at.made.content, at.evidence, at.passages, at.client, at.run)
    assert draft.deliverable is not None
    async with database.transaction(workspace_id) as connection:
        edited = bool(await edits.editors(connection, at.run.id))
    markdown = await asyncio.to_thread(
        finished,
        draft.deliverable,
        at.evidence,
        at.passages,
        locale=at.client.locale,
        as_of=at.run.as_of,
        model=at.made.model,
        edited=edited,
    )
    async with database.transaction(workspace_id) as connection:
        await policies.hold(connection, at.client.id)
        await _still(connection, at.made)
        needed = await policies.needed(connection, at.client.id, at.made.kind)
        kept = await keep(connection, at.made, draft, markdown, status="awaiting_approval" if needed else "published", editor=None)
        await audit.note(connection, who.actor, "deliverable.forward", kept.id, {"status": kept.status})
        asked = await ask(connection, kept, draft.deliverable, at.client, at.evidence, at.passages, needed) if needed else None
        if asked is None:
            await deliverables.supersede(connection, kept.run_id, kept.id)
        return Revised(kept, asked)


def _allowed(who: Person) -> None:
    if who.role not in EDITORS:
        raise NotAllowed(f"a text is edited by: {', '.join(EDITORS)}; your role is {who.role}")


async def _open(database: Database, workspace_id: str, deliverable_id: str, seen: str) -> Standing:
    """The version, if it may be changed now. Raises Conflict."""
    at = await standing(database, workspace_id, deliverable_id)
    if at is None:
        raise Conflict("this text was deleted, or nobody makes its kind any more")
    if at.made.content_hash != seen:
        raise Conflict("this is not the text that you saw: look at it again")
    async with database.transaction(workspace_id) as connection:
        await _still(connection, at.made)
    return at


async def _still(connection: Connection, made: Deliverable) -> None:
    """Hold the run. Raises Conflict unless this version is its newest, as it was, and no worker and no request is at it."""
    await approvals.hold_run(connection, made.run_id)
    run = await runs.get_run(connection, made.run_id)
    newest = (await deliverables.versions(connection, made.run_id))[:1]
    if not newest or newest[0].id != made.id:
        raise Conflict("a later version of this text was made meanwhile: look at that one")
    if newest[0].status == "awaiting_approval":
        raise Conflict("this text waits for approval: edit it there")
    if run is None or run.finished_at is None:
        raise Conflict("the task is still at work on this text: wait until it has ended, or stop it")
    if newest[0].status != made.status:
        raise Conflict(f"this version is {newest[0].status} meanwhile: look at it again")
