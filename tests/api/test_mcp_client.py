"""The official MCP client against a running server: list, call, errors, and whose data a key reaches."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from store.keys import create_key
from tests.api.support import problem
from tools.registry import every

SUM = {
    "operation": "sum",
    "operands": [
        {"name": "ads", "value": 1_500_000, "unit": "money", "currency": "ZAR"},
        {"name": "fee", "value": 50_000, "unit": "money", "currency": "ZAR"},
    ],
}


@asynccontextmanager
async def connected(address: str, secret: str):
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=60) as http,
        Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
    ):
        yield client


async def test_every_tool_of_the_registry_is_listed_with_its_schema(address, ours):
    async with connected(address, ours.secret) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(listed) == {tool.name for tool in every()}
    assert "client" in listed["summarize_channels"].input_schema["properties"]
    assert "client" not in listed["calculate"].input_schema["properties"]
    assert all(tool.description for tool in listed.values())


async def test_a_tool_is_called_and_gives_its_evidence(address, ours):
    async with connected(address, ours.secret) as client:
        result = await client.call_tool("calculate", SUM)
    assert not result.is_error
    assert result.structured_content["tool"] == "calculate"
    assert result.structured_content["result"]["figures"][0]["value"] == 1_550_000
    assert "R15" in result.content[0].text
    assert "{{" not in result.content[0].text


async def test_a_refusal_and_a_missing_tool_are_told_apart(address, ours):
    async with connected(address, ours.secret) as client:
        refused = await client.call_tool("calculate", {"operation": "sum", "operands": []})
        assert refused.is_error
        assert "operands" in refused.content[0].text
        no_data = await client.call_tool("summarize_channels", {"client": "salon"})
        assert no_data.is_error
        assert no_data.structured_content["kind"] in ("not_enough_data", "input")
        with pytest.raises(MCPError, match="no tool is called"):
            await client.call_tool("approve_everything", {})


async def test_another_agencys_client_is_not_there(address, ours, theirs):
    async with connected(address, ours.secret) as client:
        for foreign in (theirs.client.id, "nobody", ["salon"]):
            result = await client.call_tool("summarize_channels", {"client": foreign})
            assert result.is_error
            assert result.structured_content["field"] == "client"


async def test_a_key_without_the_scope_lists_but_does_not_call(address, ours, database):
    async with database.transaction(ours.workspace.id) as connection:
        _, secret = await create_key(connection, ours.workspace.id, "reads", "auditor")
        _, nothing = await create_key(connection, ours.workspace.id, "tasks only", "owner", ("tasks:read",))
    async with connected(address, secret) as client:
        assert (await client.list_tools()).tools
        refused = await client.call_tool("calculate", SUM)
        assert refused.is_error
        assert "tools:write" in refused.content[0].text
    async with connected(address, nothing) as client:
        assert (await client.list_tools()).tools == []


async def test_without_a_good_key_nothing_answers(address):
    async with httpx.AsyncClient(base_url=address) as http:
        for headers in ({}, {"Authorization": "Bearer gw_none"}):
            problem(await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers), 401, "unauthorized")
