"""Prompt caching over whole runs: every call after the first begins with the prompt of the one before, marked for Anthropic."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

from graphs.execute import execute
from llm.settings import ModelSettings
from llm.wire.script import Reply, ToolUse
from llm.wire_server import WireServer
from tests.graphs.talking import Conversation
from tests.llm.provider_cases import unmarked

MARK = {"type": "ephemeral"}


def hold(bodies: list[dict[str, Any]]) -> None:
    """What has to be so for the provider to find the earlier prompt in its cache."""
    assert len(bodies) > 1
    for body in bodies:
        assert body["tools"][-1]["cache_control"] == MARK
        assert body["system"][-1]["cache_control"] == MARK
        assert body["messages"][-1]["content"][-1]["cache_control"] == MARK
        assert json.dumps(body).count('"cache_control"') <= 4, "Anthropic accepts four marks"
    for before, after in pairwise(bodies):
        assert (before["tools"], before["system"]) == (after["tools"], after["system"])
        told = prompt(before)
        assert prompt(after)[: len(told)] == told


def prompt(body: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(message["role"], unmarked(message["content"])) for message in body["messages"]]


def models(server: WireServer) -> ModelSettings:
    return ModelSettings(model="anthropic:claude-opus-5-5", anthropic_base_url=server.anthropic_base_url, anthropic_api_key="sk-test")


async def test_a_strategy_carries_its_cache_marks_to_the_end(office):
    with WireServer() as server:
        services = replace(office.services, models=models(server))
        run_id = await office.start("newcomer")
        await execute(services, office.workspace.id, run_id)
    assert (await office.run(run_id)).status == "succeeded"
    hold([dict(spoken.body) for spoken in server.spoken])


async def test_a_turn_of_a_conversation_carries_its_cache_marks_to_the_end(office):
    script = (Reply("I look.", (ToolUse("list_prices", {}),)), Reply("", (ToolUse("describe_data", {}),)), Reply("There is data."))
    with WireServer(script) as server:
        turn = await (await Conversation.begin(office, "newcomer", models(server))).ask("What do we charge?")
    assert turn.run.status == "succeeded"
    assert len(server.spoken) == 3
    hold([dict(spoken.body) for spoken in server.spoken])
