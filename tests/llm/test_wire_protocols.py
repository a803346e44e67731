"""Both SDKs over real HTTP: text, tool calls, structured answers, streaming, usage; and every model is told the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from llm.complete import complete
from llm.models import chat_model
from llm.wire.script import Reply, ToolUse
from tests.llm.conftest import ADD, ASKED, settings_for


async def ask(protocol: str, server: Any, messages: list[Any] = ASKED, tools: tuple[Any, ...] = (ADD,), **changes: Any) -> Any:
    settings = settings_for(protocol, server, **changes)
    told: list[str] = []

    async def on_text(piece: str, attempt: int) -> None:
        told.append(piece)

    completion = await complete(chat_model("standard", settings), messages, tools, limits=settings.limits, on_text=on_text)
    return completion, told


@pytest.mark.parametrize("stream", [True, False])
async def test_a_text_and_tool_calls_come_through_with_usage(protocol, serving, stream):
    reply = Reply("Adding Größe.", (ToolUse("add_up", {"first": 1, "second": 2}), ToolUse("add_up", {"first": 3})), cached_tokens=7)
    with serving(reply) as server:
        completion, told = await ask(protocol, server, model_stream=stream)
    assert completion.message.text == "Adding Größe."
    assert [(call["name"], call["args"]) for call in completion.message.tool_calls] == [
        ("add_up", {"first": 1, "second": 2}),
        ("add_up", {"first": 3}),
    ]
    assert len({call["id"] for call in completion.message.tool_calls}) == 2
    assert completion.usage.input_tokens > 20
    assert completion.usage.output_tokens > 5
    assert completion.usage.cached_tokens == 7
    assert completion.usage.cost_micros is not None
    assert completion.usage.cost_micros > 0
    assert ("".join(told) == "Adding Größe.") is stream
    assert not stream or len(told) > 1


async def test_a_tool_conversation_goes_round(protocol, serving):
    with serving(Reply("", (ToolUse("add_up", {"first": 1}),)), Reply("That is all.")) as server:
        first, _ = await ask(protocol, server)
        call = first.message.tool_calls[0]
        answered = [*ASKED, first.message, ToolMessage('{"status": "ok"}', tool_call_id=call["id"], name="add_up")]
        second, _ = await ask(protocol, server, answered)
    assert second.message.text == "That is all."
    heard = server.spoken[1].messages
    assert [message["role"] for message in heard] == ["system", "user", "assistant", "tool"]
    assert heard[2]["calls"][0]["arguments"] == {"first": 1}
    assert heard[3] == {"role": "tool", "text": '{"status": "ok"}', "call_id": heard[2]["calls"][0]["id"]}


async def test_every_provider_is_told_the_same(serving):
    """Messages and tools, as the server heard them, are equal for the three protocols; cache marks change nothing."""
    call = {"id": "call_1", "name": "add_up", "args": {"first": 1}}
    broken = {"id": "call_2", "name": "add_up", "args": '{"first": ', "error": "no JSON", "type": "invalid_tool_call"}
    said = AIMessage("On it.", tool_calls=[call], invalid_tool_calls=[broken])
    results = [
        ToolMessage("one", tool_call_id="call_1", name="add_up"),
        ToolMessage("no", tool_call_id="call_2", name="add_up", status="error"),
    ]
    messages = [*ASKED, said, *results, HumanMessage("Go on.")]
    heard = []
    for protocol in ("chat", "responses", "messages"):
        with serving(Reply("ok")) as server:
            await ask(protocol, server, messages)
        heard.append((server.spoken[0].messages, server.spoken[0].tools))
    assert heard[0] == heard[1] == heard[2]
    system, user, *_ = heard[0][0]
    assert system == {"role": "system", "text": ASKED[0].content}
    assert user == {"role": "user", "text": ASKED[1].content}
    assert heard[0][1] == (ADD["function"],)


async def test_anthropic_is_told_what_to_cache_and_openai_is_not(serving):
    with serving(Reply("ok"), Reply("ok")) as server:
        await ask("messages", server)
        await ask("chat", server)
    anthropic, openai = (json.dumps(spoken.body) for spoken in server.spoken)
    assert anthropic.count("cache_control") == 3
    assert "cache_control" not in openai
    assert "temperature" not in anthropic + openai


class Pick(BaseModel):
    """A choice."""

    channel: str
    reason: str


@pytest.mark.filterwarnings("ignore:You are attempting to use structured output via forced tool calling")
async def test_a_structured_answer_is_read_as_its_type(protocol, serving):
    given = {"channel": "email", "reason": "it is cheap to try"}
    reply = Reply("", (ToolUse("Pick", given),)) if protocol == "messages" else Reply(json.dumps(given))
    with serving(reply) as server:
        model = chat_model("standard", settings_for(protocol, server))
        picked = await model.with_structured_output(Pick).ainvoke(ASKED)
    assert picked == Pick(**given)


async def test_a_key_that_is_asked_for_is_sent(protocol, serving):
    with serving(Reply("in"), key="sk-test-secret") as server:
        completion, _ = await ask(protocol, server)
    assert completion.message.text == "in"


def test_the_server_refuses_what_a_provider_would(serving):
    import httpx

    with serving() as server:
        orphan = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content": ""}]}],
        }
        refused = httpx.post(f"{server.anthropic_base_url}/v1/messages", json=orphan)
        assert refused.status_code == 400
        assert "answers no call" in refused.json()["error"]["message"]
        assert httpx.post(f"{server.openai_base_url}/chat/completions", content=b"{").status_code == 400
        assert httpx.post(f"{server.openai_base_url}/chat/completions", json={"model": "m", "messages": []}).status_code == 400
        assert httpx.get(f"{server.openai_base_url}/models").json()["data"][0]["id"] == "offline-rules-v1"
        assert httpx.get(f"{server.openai_base_url}/nothing").status_code == 404
