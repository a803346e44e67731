"""Shortcuts by name: the same task or the same tools, asked for in fewer words."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Transaction, needs
from api.clients import known_client
from api.idempotency import Key
from api.problems import responses
from api.tasks import ACCEPTED, NewTask, Task, start
from graphs.run_tool import ToolCall, run_tool
from grounding.evidence import Evidence
from tools.contract import NotEnoughData
from tools.registry import load

strategy, campaign = GuardedRouter("strategy"), GuardedRouter("campaign")
competitors, budget = GuardedRouter("competitor-analysis"), GuardedRouter("budget")


class Asked(BaseModel):
    """Whom it is for and what is wanted."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    brief: Annotated[str, Field(description="the request in a person's words: budget, channels, goal", max_length=20_000)]

    def as_task(self, kind: str) -> NewTask:
        """The same as POST /tasks takes it."""
        return NewTask(kind=kind, client=self.client, brief=self.brief)


@strategy.post("/generate", status_code=202, responses=ACCEPTED)
@needs("tasks:write")
async def generate_strategy(
    body: Asked, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> Task:
    """Start a strategy: POST /tasks with the kind filled in."""
    return await start(body.as_task("strategy"), request, response, caller, connection, key)


@campaign.post("/optimize", status_code=202, responses=ACCEPTED)
@needs("tasks:write")
async def optimize_campaign(
    body: Asked, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> Task:
    """Start the optimisation of a running campaign: POST /tasks with the kind filled in."""
    return await start(body.as_task("campaign_optimization"), request, response, caller, connection, key)


@competitors.post("", status_code=202, responses=ACCEPTED)
@needs("tasks:write")
async def analyze_competitors(
    body: Asked, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> Task:
    """Start a competitor analysis: POST /tasks with the kind filled in."""
    return await start(body.as_task("competitor_analysis"), request, response, caller, connection, key)


class NewSplit(BaseModel):
    """What there is to split."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"client": "salon", "budget": 1_500_000}]})

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    budget: Annotated[int, Field(description="the whole budget per period, minor units of the client's currency", gt=0, le=10**15)]
    period: Annotated[Literal["week", "month"], Field(description="what the budget is per")] = "month"
    channels: Annotated[
        tuple[str, ...] | None, Field(description="the only channels that may get money, in snake_case; all on record when left out")
    ] = None
    fee_share: Annotated[float | None, Field(description="agency fee as a share of media spend, 0..1", ge=0, le=1)] = None
    vat_rate: Annotated[float | None, Field(description="VAT, when the budget has to cover it, 0..1", ge=0, le=1)] = None


class BudgetSplit(BaseModel):
    """The two tool runs behind a split, both kept as evidence."""

    curves: Evidence | None = Field(description="fit_response_curves; null where there is too little on record to fit")
    no_curves: str | None = Field(description="why there are no curves; the split then claims no effect")
    split: Evidence = Field(description="allocate_budget: the plan advised, the current plan at the same budget, and how they compare")


SPLIT = {
    200: {"headers": {"Location": {"description": "where the evidence of the split is kept", "schema": {"type": "string"}}}},
    **responses(404),
}


@budget.post("/optimize", responses=SPLIT)
@needs("tools:write")
async def optimize_budget(body: NewSplit, request: Request, response: Response, caller: Caller) -> BudgetSplit:
    """Split a budget over a client's channels: fit_response_curves, then allocate_budget on its curves, as POST /tools/… would."""
    services = request.app.state.house.services
    async with services.database.transaction(caller.workspace_id) as connection:
        client = await known_client(connection, body.client)
    await asyncio.to_thread(lambda: (load("fit_response_curves"), load("allocate_budget")))
    asked = body.model_dump(mode="json", exclude={"client"}, exclude_none=True) | {"currency": client.locale.currency}
    curves, no_curves = None, None
    try:
        wanted = {"channels": asked["channels"]} if body.channels else {}
        curves = await run_tool(services, ToolCall("fit_response_curves", wanted, workspace_id=caller.workspace_id, client=client))
        asked["curves"] = curves.result["curves"]
    except NotEnoughData as refusal:
        no_curves = refusal.message
    split = await run_tool(services, ToolCall("allocate_budget", asked, workspace_id=caller.workspace_id, client=client))
    response.headers["Location"] = f"/api/v1/evidence/{split.id}"
    return BudgetSplit(curves=curves, no_curves=no_curves, split=split)


router = APIRouter()
for named in (strategy, campaign, competitors, budget):
    router.include_router(named)
