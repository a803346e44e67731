"""An approver edits: the text is verified again as the writer's was, becomes a version of its own, and is asked about anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agents.roster import AGENTS
from graphs.approving import Person, open_to
from graphs.asking import ask, holds
from graphs.drafting import Problem, read_draft
from graphs.publishing import finished
from grounding.evidence import Evidence
from store import approvals, audit, clients, deliverables, edits, events, runs
from store import evidence as evidence_records
from store.approvals import Approval
from store.database import Connection, Database
from store.deliverables import Deliverable
from store.errors import Conflict
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


async def edit(
    database: Database, workspace_id: str, approval_id: str, who: Person, *, seen: str, content: Mapping[str, Any], note: str | None = None
) -> Approval:
    """Put the approver's text in the place of the writer's; gives the request for the new version, the old one is void.

    `content`: the whole deliverable, slots in place of figures. The run goes on waiting. Raises NoSuchApproval, Conflict, NotAllowed,
    and EditDoesNotHold: an edit that does not verify is never kept, whoever made it.
    """
    async with database.transaction(workspace_id) as connection:
        asked, _ = await open_to(connection, approval_id, who, seen)
        made, evidence = await _read(connection, asked)
        run = await runs.get_run(connection, asked.run_id)
        client = await clients.get_client(connection, asked.client_id)
    assert run is not None
    assert client is not None
    agent = AGENTS[asked.kind]
    draft = await asyncio.to_thread(
        read_draft, agent, content, evidence, asked.passages, locale=client.locale, brief=run.brief, as_of=run.as_of
    )
    if draft.problems or draft.deliverable is None or draft.verdict is None:
        raise EditDoesNotHold(draft.problems)
    text = draft.deliverable
    fresh = text.model_dump(mode="json")
    if fresh == made.content:
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
        kept = await deliverables.add(
            connection,
            run_id=run.id,
            client_id=client.id,
            kind=asked.kind,
            title=text.title,
            status="awaiting_approval",
            content=fresh,
            markdown=markdown,
            verdict=draft.verdict.model_dump(mode="json"),
            evidence_aliases=made.evidence_aliases,
            model=made.model,
            prompt=made.prompt,
        )
        await edits.keep(
            connection, before_id=made.id, after_id=kept.id, client_id=client.id, run_id=run.id, kind=asked.kind, editor=who.actor
        )
        payload = {"deliverable": kept.id, "version": kept.version, "status": kept.status, "title": kept.title}
        await events.append(connection, run.id, "deliverable", payload)
        fresh_request = await ask(connection, kept, text, client, evidence, asked.passages, asked.requirement)
        await approvals.note_act(
            connection, asked.id, actor=who.actor, role=who.role, act="edit", target=fresh_request.id, through=through, reason=note
        )
        payload = {"approval": asked.id, "by": who.actor, "instead": fresh_request.id}
        await events.append(connection, run.id, "approval_edited", payload)
        await audit.note(connection, who.actor, "approval.edit", asked.id, {"run": run.id, "instead": fresh_request.id})
        return fresh_request


async def _read(connection: Connection, asked: Approval) -> tuple[Deliverable, dict[str, Evidence]]:
    """The version asked about and its evidence by alias. Raises Conflict when it is not what was asked about any more."""
    made = await deliverables.get(connection, asked.deliverable_id)
    if made is None or not await holds(connection, asked):
        raise Conflict("the text has changed since this was asked: approve or reject to have it asked anew")
    found = {alias: await evidence_records.get(connection, identity) for alias, identity in deliverables.in_order(made.evidence_aliases)}
    return made, {alias: kept.evidence.model_copy(update={"alias": alias}) for alias, kept in found.items() if kept is not None}
