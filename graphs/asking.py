"""Asking for an approval: what it is bound to, and what becomes of the text once somebody has answered, or nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.deliverable import Deliverable as Text
from agents.deliverable import leaves
from graphs.drafting import cite
from graphs.services import Enqueue
from grounding.evidence import Evidence, Locale
from grounding.rendering import show
from grounding.slots import render
from store import approvals, audit, deliverables, events, runs
from store.approvals import Approval
from store.clients import Client
from store.database import Connection, Database
from store.deliverables import Deliverable, DeliverableStatus
from store.policies import Requirement
from tools.contract import Figure

CHANGED = "what was asked about has changed since"
RAN_OUT = "nobody approved it in time"
AFTERWARDS: Mapping[str, DeliverableStatus] = {
    "approved": "published",
    "rejected": "rejected",
    "expired": "needs_person",
    "void": "draft",
}
"""What a version becomes once its request is settled."""


def audience_of(text: Text, client: Client, evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whom it is for: the client, and the sections marked `x-approval: audience` as they read."""
    return {
        "client": client.slug,
        "texts": [{"where": path, "text": said} for path, said in _read(text, "audience", client, evidence, passages)],
    }


def cost_of(text: Text, client: Client, evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What saying yes costs: the money that the brief states, and the sections marked `x-approval: cost` as they read."""
    brief = evidence.get("B")
    stated = [_money(figure, client.locale) for figure in brief.figures if figure.unit == "money"] if brief else []
    return stated + [{"what": path, "text": said} for path, said in _read(text, "cost", client, evidence, passages)]


def _money(figure: Figure, locale: Locale) -> dict[str, Any]:
    return {"what": f"{figure.label} (brief)", "text": show(figure, locale, None), "minor_units": figure.value, "currency": figure.currency}


def _read(
    text: Text, wanted: str, client: Client, evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    content = text.model_dump(mode="json")
    for name, field in type(text).model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("x-approval") == wanted:
            for path, leaf in leaves(content[name], name):
                yield path, render(cite(leaf, passages), evidence, client.locale, links=False).text


async def ask(
    connection: Connection,
    made: Deliverable,
    text: Text,
    client: Client,
    evidence: Mapping[str, Evidence],
    passages: list[dict[str, Any]],
    requirement: Requirement,
) -> Approval:
    """Ask for approval of a version that is kept, with the run held; the run's log says so."""
    asked = await approvals.ask(
        connection,
        made,
        audience=audience_of(text, client, evidence, passages),
        cost=cost_of(text, client, evidence, passages),
        passages=passages,
        requirement=requirement,
    )
    payload = {
        "approval": asked.id,
        "deliverable": made.id,
        "version": made.version,
        "hash": asked.hash,
        "expires_at": asked.expires_at.isoformat(),
        **requirement.model_dump(mode="json", include={"roles", "approvers", "four_eyes"}),
    }
    await events.append(connection, made.run_id, "approval_asked", payload, key=f"asked:{asked.id}")
    return asked


async def holds(connection: Connection, asked: Approval) -> bool:
    """Whether what was asked about is, to the letter, what is kept now."""
    made = await deliverables.get(connection, asked.deliverable_id)
    return made is not None and approvals.hash_of(made, asked.audience, asked.cost) == asked.hash


async def carry_out(connection: Connection, asked: Approval) -> Approval:
    """Do to the deliverable what was settled, with the run held: an approval publishes what it was given for and nothing else.

    Gives the request as it is then: void, when an approved text is no longer the one that was approved.
    """
    if asked.state == "approved" and not await holds(connection, asked):
        asked = await approvals.unsettle(connection, asked.id, CHANGED) or asked
        await _log(connection, asked, "system", "system")
    await deliverables.set_status(connection, asked.deliverable_id, AFTERWARDS[asked.state])
    if asked.state == "approved":
        await deliverables.supersede(connection, asked.run_id, asked.deliverable_id)
    return asked


async def withdraw(connection: Connection, run_id: str, reason: str) -> None:
    """Void the request of a run that ends without an answer to it."""
    asked = await approvals.latest(connection, run_id)
    if asked is not None and (void := await approvals.settle(connection, asked.id, "void", reason)) is not None:
        await deliverables.set_status(connection, void.deliverable_id, AFTERWARDS["void"])
        await _log(connection, void, "system", "system")


async def expire(database: Database, enqueue: Enqueue) -> int:
    """Settle every request whose time is up, in all workspaces, and hand its run to a worker. Gives how many."""
    gone = 0
    for workspace_id in await approvals.overdue_workspaces(database):
        async with database.transaction(workspace_id) as connection:
            for asked in await approvals.expire(connection, RAN_OUT):
                await settled(connection, workspace_id, asked, "system", enqueue)
                gone += 1
    return gone


async def settled(connection: Connection, workspace_id: str, asked: Approval, actor: str, enqueue: Enqueue) -> None:
    """Write down that a request is settled, and hand its run to a worker, in the transaction that settles it.

    A run that has ended is not taken up again: what a person edited after its end is carried out here.
    """
    await _log(connection, asked, actor, None if asked.state in ("approved", "rejected") else actor)
    run = await runs.get_run(connection, asked.run_id)
    if run is not None and run.status in runs.ENDED:
        await carry_out(connection, asked)
    else:
        await enqueue(connection, workspace_id, asked.run_id)


async def _log(connection: Connection, asked: Approval, actor: str, audited: str | None) -> None:
    """The run's log has every end of a request; the audit log has those that no act of a person stands for."""
    payload = {"approval": asked.id, "state": asked.state, "by": actor, "reason": asked.reason, "hash": asked.hash}
    await events.append(connection, asked.run_id, "approval", payload, key=f"{asked.state}:{asked.id}")
    if audited is not None:
        await audit.note(connection, audited, f"approval.{asked.state}", asked.id, {"run": asked.run_id, "reason": asked.reason})
