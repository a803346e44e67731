"""AG-UI: what a running server sends, read by the protocol's own models, in an order that the protocol allows."""

from __future__ import annotations

import json

import httpx
import pytest
from ag_ui.core import Event, RunAgentInput, UserMessage
from pydantic import TypeAdapter

from llm.settings import ModelSettings
from llm.wire.script import Fault, Reply, ToolUse
from llm.wire_server import WireServer
from store.keys import create_key
from tests.api.support import problem
from tests.api.working import worker

EVENT = TypeAdapter(Event)


def asked(text: str, thread: str = "my-thread", **props) -> dict:
    given = RunAgentInput(
        thread_id=thread,
        run_id="r-1",
        state={},
        messages=[UserMessage(id="m1", role="user", content=text)],
        tools=[],
        context=[],
        forwarded_props=props,
    )
    return given.model_dump(by_alias=True, mode="json")


async def spoken(address, secret, body) -> list:
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as http,
        http.stream("POST", "/agui", json=body) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in response.aiter_lines()]
    return [EVENT.validate_python(json.loads(line.removeprefix("data: "))) for line in lines if line.startswith("data: ")]


async def test_a_turn_is_told_in_the_protocols_events(address, ours, database, store_settings):
    async with worker(database, store_settings):
        events = await spoken(address, ours.secret, asked("Who are you?", client="salon"))
        again = await spoken(address, ours.secret, asked("Are you a robot?"))
    kinds = [event.type.value for event in events]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert kinds.count("TEXT_MESSAGE_START") == kinds.count("TEXT_MESSAGE_END") == 1
    assert kinds.index("TEXT_MESSAGE_START") < kinds.index("TEXT_MESSAGE_CONTENT") < kinds.index("TEXT_MESSAGE_END")
    assert kinds.count("STEP_STARTED") == kinds.count("STEP_FINISHED") >= 3
    assert "I am not a language model" in "".join(event.delta for event in events if event.type.value == "TEXT_MESSAGE_CONTENT")
    assert (events[0].thread_id, events[0].run_id) == ("my-thread", "r-1")
    assert events[-1].outcome.type == "success"
    assert again[-1].type.value == "RUN_FINISHED"
    [thread] = (await ours.http.get("/threads", params={"q": "Who are you?"})).json()["threads"]
    assert len((await ours.http.get(f"/threads/{thread['id']}")).json()["messages"]) == 4


async def test_tool_calls_and_their_results_belong_together(address, ours, database, store_settings):
    script = (
        Reply("I look.", (ToolUse("list_prices", {}), ToolUse("remember", {"preference": "short answers"}))),
        Reply("There are no prices."),
    )
    with WireServer(script) as server:
        models = ModelSettings(model="openai:gpt-5.4", openai_base_url=server.openai_base_url, openai_api_key="sk-test")
        async with worker(database, store_settings, models):
            events = await spoken(address, ours.secret, asked("What do we charge?", "tools", client="salon"))
    kinds = [event.type.value for event in events]
    started = [event.tool_call_id for event in events if event.type.value == "TOOL_CALL_START"]
    assert sorted(started) == sorted(event.tool_call_id for event in events if event.type.value == "TOOL_CALL_RESULT")
    assert len(started) == 2
    assert kinds.index("TEXT_MESSAGE_END") < kinds.index("TOOL_CALL_START")
    assert kinds.count("TEXT_MESSAGE_START") == kinds.count("TEXT_MESSAGE_END")


async def test_a_failure_is_a_run_error(address, ours, database, store_settings):
    # a fault for each turn that other tests may have left in this queue
    with WireServer((Fault("status", status=400, message="no"),) * 50) as server:
        models = ModelSettings(model="openai:gpt-5.4", openai_base_url=server.openai_base_url, openai_api_key="sk-test")
        async with worker(database, store_settings, models):
            events = await spoken(address, ours.secret, asked("Who are you?", "fails", client="salon"))
    assert events[-1].type.value == "RUN_ERROR"
    assert events[-1].message


@pytest.mark.parametrize(
    ("body", "status"),
    [(asked("hi", "new"), 422), (asked("hi", "new", client="nobody"), 404), (asked(" ", "new", client="salon"), 422), ({}, 422)],
)
async def test_what_cannot_begin_says_why(address, ours, body, status):
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {ours.secret}"}) as http:
        problem(await http.post("/agui", json=body), status)


async def test_another_keys_thread_is_not_there(address, ours, theirs, database):
    thread = (await ours.http.post("/threads", json={"client": "salon"})).json()["id"]
    async with database.transaction(ours.workspace.id) as connection:
        _, colleague = await create_key(connection, ours.workspace.id, "colleague", "owner")
    for secret in (theirs.secret, colleague):
        async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {secret}"}) as http:
            problem(await http.post("/agui", json=asked("hi", thread)), 404, "not-found")
            body = {"model": "groundwork/salon", "messages": [{"role": "user", "content": "hi"}], "metadata": {"thread": thread}}
            problem(await http.post("/v1/chat/completions", json=body), 404, "not-found")
