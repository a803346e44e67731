"""The door for MCP: every tool of the registry, listed and called at /mcp with an API key, as REST does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.auth import Principal, bearer, principal
from api.clients import known_client
from api.problems import NotFound
from graphs.run_tool import ToolCall, run_tool
from grounding.evidence import Locale
from grounding.slots import render
from store.clients import Client
from tools.contract import Tool, ToolInputError, ToolRefusal
from tools.registry import UnknownTool, every, load

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

PATH = "/mcp"
INSTRUCTIONS = (
    "Marketing tools in which no number is made up. A tool that reads a client's tables takes `client`, the client's slug; without it the "
    "request has to carry the figures. The result is an evidence record; its figures can be replayed by its id."
)
CLIENT = {"type": "string", "description": "slug or id of the client whose data it reads; without one nothing is kept"}


class NotAllowed(ToolRefusal):
    """The key may not do this."""

    kind = "forbidden"


class McpDoor:
    """The address: who calls is asked first, of every request; the protocol's own package does the rest."""

    def __init__(self) -> None:
        self._manager: Any = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take requests while the block lasts. No session is kept: any process answers any request."""
        from mcp.server.lowlevel import Server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        server: Server[Any] = Server(
            "groundwork", version=version("groundwork"), instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
        )
        # a page of another origin has no key to send, so the names of hosts need not be known here
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True, security_settings=security)
        try:
            async with self._manager.run():
                yield
        finally:
            self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises Unauthorized and TooMany, as REST does."""
        request = Request(scope, receive)
        caller = await principal(request, await bearer(request))
        scope["state"]["caller"] = caller
        await self._manager.handle_request(scope, receive, send)


def install(app: FastAPI, door: McpDoor) -> None:
    """Put the door at its address."""
    app.router.routes.append(Route(PATH, endpoint=door, methods=["GET", "POST", "DELETE"]))


async def list_tools(context: ServerRequestContext[Any, Request], params: PaginatedRequestParams | None) -> ListToolsResult:
    """Every tool; for a key that may not read tools, none."""
    from mcp.types import ListToolsResult

    allowed = "tools:read" in _caller(context).scopes
    return ListToolsResult(tools=await asyncio.to_thread(lambda: [_declared(tool.name) for tool in every()]) if allowed else [])


@cache
def _declared(name: str) -> Any:
    from mcp.types import Tool as McpTool
    from mcp.types import ToolAnnotations

    tool = load(name)
    schema = tool.request.model_json_schema()
    if tool.reads_facts:
        schema = {**schema, "properties": {"client": CLIENT, **schema.get("properties", {})}}
    return McpTool(
        name=tool.name,
        title=tool.name.replace("_", " "),
        description=tool.description,
        input_schema=schema,
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


async def call_tool(context: ServerRequestContext[Any, Request], params: CallToolRequestParams) -> CallToolResult:
    """Run a tool. A refusal is a result that says so, in words for whoever reads it."""
    from mcp.shared.exceptions import MCPError

    caller, arguments = _caller(context), dict(params.arguments or {})
    request: Any = context.request
    try:
        if "tools:write" not in caller.scopes:
            raise NotAllowed("this needs the scope 'tools:write', which this key does not have")
        tool = await asyncio.to_thread(load, params.name)
        wanted = arguments.pop("client", None) if tool.reads_facts else None
        return await _run(request.app.state.house.services, caller, tool, arguments, wanted)
    except UnknownTool as error:
        raise MCPError(-32602, str(error)) from error
    except ToolRefusal as refusal:
        return _answer(refusal.message, refusal.as_json(), error=True)


async def _run(services: Any, caller: Principal, tool: Tool, arguments: dict[str, Any], wanted: Any) -> CallToolResult:
    known = await _client(services, caller, wanted)
    evidence = await run_tool(services, ToolCall(tool.name, arguments, workspace_id=caller.workspace_id, client=known))
    locale = known.locale if known is not None else Locale()
    texts = [*evidence.result.get("findings", ()), *(caveat.text for caveat in evidence.caveats)]
    said = [render(text, {"E1": evidence}, locale, links=False, own="E1").text for text in texts]
    return _answer("\n".join(said) or f"{tool.name} gave {len(evidence.figures)} figures", evidence.model_dump(mode="json"))


async def _client(services: Any, caller: Principal, wanted: Any) -> Client | None:
    """The client that a call reads: of the key's workspace, and of a key that is for one client that one only."""
    name = wanted if wanted is not None else caller.client_id
    if name is None:
        return None
    if not isinstance(name, str):
        raise ToolInputError("client is the slug of a client, as text", field="client")
    async with services.database.transaction(caller.workspace_id) as connection:
        try:
            known = await known_client(connection, name)
        except NotFound as missing:
            raise ToolInputError(str(missing.detail), field="client") from missing
    if caller.client_id is not None and known.id != caller.client_id:
        raise ToolInputError(f"there is no client {name!r} in this workspace", field="client")
    return known


def _caller(context: ServerRequestContext[Any, Request]) -> Principal:
    request: Any = context.request
    caller = request.scope["state"]["caller"]
    assert isinstance(caller, Principal)
    return caller


def _answer(text: str, structured: dict[str, Any], *, error: bool = False) -> CallToolResult:
    from mcp.types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(text=text)], structured_content=json.loads(json.dumps(structured)), is_error=error)
