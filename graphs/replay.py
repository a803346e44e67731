"""Replay: compute a record again on the facts versions that it read, and compare."""

from __future__ import annotations

import asyncio

from graphs.run_tool import ToolCall, compute
from graphs.services import Services
from grounding.evidence import Evidence
from grounding.replay import Comparison, compare
from store import clients
from store import evidence as evidence_records
from store.clients import Client
from tools.contract import ToolRefusal
from tools.registry import load


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
    if old.tool in ("brief", "profile", "assume"):
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
    return compare(old.result, new.result, same_engine=True)
