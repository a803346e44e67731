"""Evidence: the tool run behind a figure, and the same run computed again."""

from __future__ import annotations

from fastapi import Request

from api.auth import Caller, GuardedRouter, Transaction, needs
from api.problems import NotFound, responses
from graphs.replay import replay
from grounding.evidence import Evidence
from grounding.replay import Comparison
from store import evidence

router = GuardedRouter("evidence")


@router.get("/{id}", responses=responses(404))
async def get_evidence(id: str, connection: Transaction) -> Evidence:
    """One record. `groundwork verify --evidence` takes an array of these."""
    stored = await evidence.get(connection, id)
    if stored is None:
        raise NotFound(f"there is no evidence {id!r} in this workspace")
    return stored.evidence


@router.post("/{id}/replay", responses=responses(404, 409))
@needs("evidence:read")
async def replay_evidence(id: str, request: Request, caller: Caller) -> Comparison:
    """Compute the record again on the facts versions that it read, and compare. 409 when that cannot be, with the reason."""
    return await replay(request.app.state.house.services, caller.workspace_id, id)
