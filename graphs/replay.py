"""Replay: compute a record again on the facts versions that it read, and compare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal, NamedTuple

from graphs.run_tool import ToolCall, compute
from graphs.services import Services
from grounding.evidence import Evidence
from grounding.replay import Comparison, compare
from store import clients
from store import evidence as evidence_records
from store.clients import Client
from tools.contract import ToolRefusal
from tools.registry import UnknownTool, load

STATED = ("brief", "profile", "assume", "past_promises")


class NotReplayable(ToolRefusal):
    """The record cannot be computed again, and why."""

    kind = "not_replayable"


class NoSuchEvidence(LookupError):
    """No evidence has this id here."""


async def replay(services: Services, workspace_id: str, evidence_id: str) -> Comparison:
    """Recompute one record. Raises NoSuchEvidence, NotReplayable."""
    async with services.database.transaction(workspace_id) as connection:
        stored = await evidence_records.get(connection, evidence_id)
        if stored is None:
            raise NoSuchEvidence(evidence_id)
        client = await clients.get_client(connection, stored.client_id) if stored.client_id else None
    return await asyncio.to_thread(recompute, stored.evidence, workspace_id, client, services)


def recompute(old: Evidence, workspace_id: str, client: Client | None, services: Services) -> Comparison:
    """The comparison of a record with itself computed again."""
    if not old.replayable:
        raise NotReplayable(f"not replayable: {old.not_replayable_reason}")
    if old.tool in STATED:
        raise NotReplayable(f"{old.id} holds what was stated or assumed: there is nothing to compute")
    if load(old.tool).version != old.version:
        raise NotReplayable(f"{old.tool} is at version {load(old.tool).version}; this record was made by version {old.version}")
    call = ToolCall(
        old.tool,
        old.request,
        workspace_id=workspace_id,
        client=client,
        inputs=old.inputs,
        versions=old.facts,
        id=old.id,
    )
    new = compute(call, services.store.facts_root, services.store.engine)
    return compare(old.result, new.result, same_engine=old.engine == new.engine)


Outcome = Literal["equal", "differs", "erased", "stated", "lost"]
"""erased: it read a person who is gone · stated: a brief, a profile, assumptions: nothing to compute · lost: for any other reason."""


class Replayed(NamedTuple):
    """What became of one record computed again."""

    id: str
    tool: str
    outcome: Outcome
    reason: str | None = None


async def replay_all(services: Services, workspace_id: str, client_id: str | None = None) -> AsyncIterator[Replayed]:
    """Every record of a workspace, or of one client, computed again one by one, oldest first."""
    async with services.database.transaction(workspace_id) as connection:
        ids = await evidence_records.list_ids(connection, client_id=client_id)
    for identity in ids:
        async with services.database.transaction(workspace_id) as connection:
            stored = await evidence_records.get(connection, identity)
        if stored is None:
            continue
        old = stored.evidence
        if old.tool in STATED:
            yield Replayed(old.id, old.tool, "stated")
        elif not old.replayable:
            yield Replayed(old.id, old.tool, "erased", old.not_replayable_reason)
        else:
            try:
                compared = await replay(services, workspace_id, identity)
            except (ToolRefusal, UnknownTool) as error:
                yield Replayed(old.id, old.tool, "lost", str(error))
                continue
            first = "" if compared.equal else f"{len(compared.differences)} differences, the first: {compared.differences[0]}"
            yield Replayed(old.id, old.tool, "equal" if compared.equal else "differs", first or None)
