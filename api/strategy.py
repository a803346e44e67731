"""A shortcut by name: the same task, asked for in fewer words."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Transaction, needs
from api.idempotency import Key
from api.tasks import ACCEPTED, NewTask, Task, start

router = GuardedRouter("strategy")


class NewStrategy(BaseModel):
    """Whom the strategy is for and what is wanted."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    brief: Annotated[str, Field(description="the request in a person's words: budget, channels, goal", max_length=20_000)]


@router.post("/generate", status_code=202, responses=ACCEPTED)
@needs("tasks:write")
async def generate_strategy(
    body: NewStrategy, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> Task:
    """Start a strategy: POST /tasks with the kind filled in."""
    return await start(NewTask(kind="strategy", client=body.client, brief=body.brief), request, response, caller, connection, key)
