"""Tools: what there is to compute, and any of them by itself."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated, Any

from fastapi import Body, Query, Request, Response
from pydantic import BaseModel, Field

from api.auth import Caller, GuardedRouter
from api.clients import known_client
from api.metrics import TOOL_REFUSALS, TOOL_SECONDS
from api.problems import responses
from graphs.run_tool import ToolCall, run_tool
from grounding.evidence import Evidence
from tools.contract import Tool, ToolRefusal
from tools.registry import every, load

router = GuardedRouter("tools")


class ToolCard(BaseModel):
    """A tool as programs read it."""

    name: str
    field: str
    version: int
    summary: str
    description: str
    reads_facts: bool = Field(description="whether it can read a client's tables; its request may carry the aggregates instead")
    request_schema: dict[str, Any]
    result_schema: dict[str, Any]

    @staticmethod
    @cache
    def of(tool: Tool) -> ToolCard:
        """The card of a declared tool; its schemas are worked out once."""
        return ToolCard(
            name=tool.name,
            field=tool.field,
            version=tool.version,
            summary=tool.summary,
            description=tool.description,
            reads_facts=tool.reads_facts,
            request_schema=tool.request.model_json_schema(),
            result_schema=tool.result.model_json_schema(),
        )


class ToolList(BaseModel):
    """Every tool."""

    tools: list[ToolCard]


@router.get("")
async def list_tools() -> ToolList:
    """Every tool with its request and result schema."""
    return await asyncio.to_thread(lambda: ToolList(tools=[ToolCard.of(tool) for tool in every()]))


@router.get("/{name}", responses=responses(404))
async def get_tool(name: str) -> ToolCard:
    """One tool with its schemas."""
    return await asyncio.to_thread(lambda: ToolCard.of(load(name)))


RUN = {
    200: {"headers": {"Location": {"description": "where the evidence is kept, when a client was named", "schema": {"type": "string"}}}},
    **responses(404),
}


@router.post("/{name}", responses=RUN)
async def run(
    name: str,
    request: Request,
    response: Response,
    caller: Caller,
    body: Annotated[dict[str, Any], Body(description="the tool's request, as its request_schema says")],
    client: Annotated[str | None, Query(description="slug or id of the client whose data it reads; without one nothing is kept")] = None,
) -> Evidence:
    """Run a tool. The answer is its evidence record: request, versions of the facts it read, and the result with every figure."""
    services = request.app.state.house.services
    known = None
    if client is not None:
        async with services.database.transaction(caller.workspace_id) as connection:
            known = await known_client(connection, client)
    await asyncio.to_thread(load, name)
    try:
        with TOOL_SECONDS.labels(name).time():
            evidence = await run_tool(services, ToolCall(name, body, workspace_id=caller.workspace_id, client=known))
    except ToolRefusal as refusal:
        TOOL_REFUSALS.labels(name, refusal.kind).inc()
        raise
    if known is not None:
        response.headers["Location"] = f"/api/v1/evidence/{evidence.id}"
    return evidence
