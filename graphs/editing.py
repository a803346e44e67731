"""An approver edits: the text is verified again as the writer's was, becomes a version of its own, and is asked about anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agents.roster import AGENTS
from graphs.approving import Person, open_to
from graphs.asking import ask, holds
from graphs.drafting import Draft, Problem, read_draft
from graphs.publishing import finished
from grounding.evidence import Evidence
from store import approvals, audit, clients, deliverables, edits, events, runs
from store import evidence as evidence_records
from store.approvals import Approval
from store.clients import Client
from store.database import Connection, Database
from store.deliverables import Deliverable, DeliverableStatus
from store.errors import Conflict
from store.runs import Run
from tools.contract import ToolInputError

MOST_SHOWN = 5


class EditDoesNotHold(ToolInputError):
    """The edited text has places that no evidence carries; nothing of it was kept."""

    def __init__(self, problems: Sequence[Problem]):
        shown = "; ".join(f"{problem.where}: {problem.problem}" for problem in problems[:MOST_SHOWN])
        more = f" ({len(problems) - MOST_SHOWN} more)" if len(problems) > MOST_SHOWN else ""
        super().__init__(f"the edited text does not hold and was not kept: {shown}{more}", field="content")
        self.problems = tuple(problems)

    def as_json(self) -> dict[str, Any]:
        """The refusal with every failing place."""
        return {**super().as_json(), "problems": [{"where": p.where, "text": p.text, "problem": p.problem} for p in self.problems]}


def held(
    kind: str, content: Mapping[str, Any], evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]], client: Client, run: Run
) -> Draft:
    """A person's text, read and verified as a writer's is. CPU work: call it off the event loop. Raises EditDoesNotHold."""
    draft = read_draft(AGENTS[kind], content, evidence, passages, locale=client.locale, brief=run.brief, as_of=run.as_of)
    if draft.problems or draft.deliverable is None or draft.verdict is None:
        raise EditDoesNotHold(draft.problems)
    return draft


async def edit(
    database: Database, workspace_id: str, approval_id: str, who: Person, *, seen: str, content: Mapping[str, Any], note: str | None = None
) -> Approval:
    """Put the approver's text in the place of the writer's; gives the request for the new version, the old one is void.

    `content`: the whole deliverable, slots in place of figures. The run goes on waiting. Raises NoSuchApproval, Conflict, NotAllowed,
    and EditDoesNotHold: an edit that does not verify is never kept, whoever made it.
    """
    async with database.transaction(workspace_id) as connection:
        asked, _ = await open_to(connection, approval_id, who, seen)
        made = await _asked_about(connection, asked)
        evidence = await evidence_of(connection, made)
        run = await runs.get_run(connection, asked.run_id)
        client = await clients.get_client(connection, asked.client_id)
    assert run is not None
    assert client is not None
    draft = await asyncio.to_thread(held, asked.kind, content, evidence, asked.passages, client, run)
    text = draft.deliverable
    assert text is not None
    if text.model_dump(mode="json") == made.content:
        raise ToolInputError("nothing is changed in this text", field="content")
    markdown = await asyncio.to_thread(
        finished, text, evidence, asked.passages, locale=client.locale, as_of=run.as_of, model=made.model, edited=True
    )
    async with database.transaction(workspace_id) as connection:
        asked, through = await open_to(connection, approval_id, who, seen)
        if not await holds(connection, asked):
            raise Conflict("the text changed while yours was read: look at it again")
        await approvals.settle(connection, asked.id, "void", f"edited by {who.actor}")
        await deliverables.set_status(connection, made.id, "draft")
        kept = await keep(connection, made, draft, markdown, status="awaiting_approval", editor=who.actor)
        fresh_request = await ask(connection, kept, text, client, evidence, asked.passages, asked.requirement)
        await approvals.note_act(
            connection, asked.id, actor=who.actor, role=who.role, act="edit", target=fresh_request.id, through=through, reason=note
        )
        payload = {"approval": asked.id, "by": who.actor, "instead": fresh_request.id}
        await events.append(connection, run.id, "approval_edited", payload)
        await audit.note(connection, who.actor, "approval.edit", asked.id, {"run": run.id, "instead": fresh_request.id})
        return fresh_request


async def keep(
    connection: Connection, made: Deliverable, draft: Draft, markdown: str, *, status: DeliverableStatus, editor: str | None
) -> Deliverable:
    """Keep a text that holds as the next version of this one's run; what an editor changed is kept as an example."""
    assert draft.deliverable is not None
    assert draft.verdict is not None
    kept = await deliverables.add(
        connection,
        run_id=made.run_id,
        client_id=made.client_id,
        kind=made.kind,
        title=draft.deliverable.title,
        status=status,
        content=draft.deliverable.model_dump(mode="json"),
        markdown=markdown,
        verdict=draft.verdict.model_dump(mode="json"),
        evidence_aliases=made.evidence_aliases,
        model=made.model,
        prompt=made.prompt,
    )
    if editor is not None:
        await edits.keep(
            connection, before_id=made.id, after_id=kept.id, client_id=made.client_id, run_id=made.run_id, kind=made.kind, editor=editor
        )
    payload = {"deliverable": kept.id, "version": kept.version, "status": kept.status, "title": kept.title}
    await events.append(connection, made.run_id, "deliverable", payload)
    return kept


async def _asked_about(connection: Connection, asked: Approval) -> Deliverable:
    """The version asked about. Raises Conflict when it is not what was asked about any more."""
    made = await deliverables.get(connection, asked.deliverable_id)
    if made is None or not await holds(connection, asked):
        raise Conflict("the text has changed since this was asked: approve or reject to have it asked anew")
    return made


async def evidence_of(connection: Connection, made: Deliverable) -> dict[str, Evidence]:
    """What a version stands on, by alias, in the order it came to be."""
    kept = await evidence_records.many(connection, made.evidence_aliases.values())
    return {
        alias: kept[identity].evidence.model_copy(update={"alias": alias})
        for alias, identity in deliverables.in_order(made.evidence_aliases)
        if identity in kept
    }
