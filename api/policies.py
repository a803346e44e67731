"""A client's approval policy: what needs whose approval. Owners change it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth import Caller, GuardedRouter, Transaction, needs
from api.clients import known_client
from api.problems import responses
from graphs.approving import change_policy
from jobs.queue import enqueue
from store import policies
from store.policies import Requirement

router = GuardedRouter("clients")

Kind = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Policy(BaseModel):
    """What needs approval, by kind of deliverable; `*` stands for every kind without a rule of its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rules": {"strategy": {"roles": ["owner", "approver"], "approvers": 1, "four_eyes": True}}}]},
    )

    rules: Annotated[dict[Kind, Requirement], Field(max_length=50, description="empty: nothing needs approval")]


@router.get("/{slug}/policy", responses=responses(404))
async def get_policy(slug: str, connection: Transaction) -> Policy:
    """What needs whose approval."""
    return Policy(rules=await policies.of_client(connection, (await known_client(connection, slug)).id))


@router.put("/{slug}/policy", responses=responses(404))
@needs("policies:write")
async def put_policy(slug: str, body: Policy, caller: Caller, connection: Transaction) -> Policy:
    """Replace the whole policy. What waits under another rule than now holds is asked about again, or published where no rule is left."""
    client = await known_client(connection, slug)
    await change_policy(connection, caller.workspace_id, client, body.rules, actor=caller.actor, enqueue=enqueue)
    return Policy(rules=await policies.of_client(connection, client.id))
