"""The official `openai` client against a running server, with a worker that answers by the offline rules."""

from __future__ import annotations

import asyncio

import openai
import pytest
import pytest_asyncio

from llm.settings import ModelSettings
from llm.wire.script import Fault
from llm.wire_server import WireServer
from store import runs, threads
from store.keys import create_key
from tests.api.working import worker

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who are you?"}]


@pytest_asyncio.fixture(loop_scope="session")
async def client(address, ours):
    made = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=ours.secret, max_retries=0, timeout=60)
    yield made
    await made.close()


async def test_every_client_is_a_model(client):
    assert [model.id async for model in client.models.list()] == ["groundwork/salon"]


async def test_a_completion_answers_and_names_its_evidence(client, database, store_settings):
    async with worker(database, store_settings):
        answer = await client.chat.completions.create(model="groundwork/salon", messages=ASKED)
    assert answer.choices[0].finish_reason == "stop"
    assert "I am not a language model" in (answer.choices[0].message.content or "")
    assert answer.usage.total_tokens == 0
    assert answer.model_extra["groundwork"]["evidence"] == {}


async def test_a_stream_comes_in_sentences_and_ends_with_usage(client, database, store_settings):
    async with worker(database, store_settings):
        stream = await client.chat.completions.create(
            model="groundwork/salon", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert "I am not a language model" in "".join(pieces)
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens == 0


async def test_what_was_said_before_is_kept_and_a_kept_thread_goes_on(client, ours, database, store_settings):
    before = [
        {"role": "user", "content": "Please make a strategy for more bookings on Meta."},
        {"role": "assistant", "content": "Which budget should the strategy plan with, and is it per week or per month?"},
    ]
    async with worker(database, store_settings):
        answer = await client.chat.completions.create(
            model="groundwork/salon", messages=[*before, {"role": "user", "content": "R15 000 a month"}]
        )
        assert "I handed it over: strategy task is queued" in answer.choices[0].message.content
        thread = answer.model_extra["groundwork"]["thread"]
        more = await client.chat.completions.create(
            model="groundwork/salon", messages=[{"role": "user", "content": "Stop the strategy."}], metadata={"thread": thread}
        )
    assert more.model_extra["groundwork"]["thread"] == thread
    assert "stopping" in more.choices[0].message.content


async def test_errors_are_what_the_client_expects(client, address, ours, database):
    with pytest.raises(openai.NotFoundError, match="no client 'nobody'"):
        await client.chat.completions.create(model="groundwork/nobody", messages=ASKED)
    with pytest.raises(openai.NotFoundError, match="GET /v1/models"):
        await client.chat.completions.create(model="gpt-5.4", messages=ASKED)
    with pytest.raises(openai.UnprocessableEntityError, match="has to be the user"):
        await client.chat.completions.create(model="groundwork/salon", messages=[{"role": "assistant", "content": "x"}])
    with pytest.raises(openai.UnprocessableEntityError, match="empty"):
        await client.chat.completions.create(model="groundwork/salon", messages=[{"role": "user", "content": ""}])
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    with pytest.raises(openai.UnprocessableEntityError, match="only text"):
        await client.chat.completions.create(model="groundwork/salon", messages=[{"role": "user", "content": picture}])
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="gw_none", max_retries=0) as nobody:
        with pytest.raises(openai.AuthenticationError):
            await nobody.models.list()
    async with database.transaction(ours.workspace.id) as connection:
        other = await threads.create_thread(connection, "key:another", client_id=ours.client.id)
    with pytest.raises(openai.NotFoundError, match="no thread"):
        await client.chat.completions.create(model="groundwork/salon", messages=ASKED, metadata={"thread": other.id})


async def test_a_key_that_may_only_read_may_not_speak(address, ours, database):
    async with database.transaction(ours.workspace.id) as connection:
        _, secret = await create_key(connection, ours.workspace.id, "reads", "auditor")
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=secret, max_retries=0) as reader:
        with pytest.raises(openai.PermissionDeniedError, match="threads:write"):
            await reader.chat.completions.create(model="groundwork/salon", messages=ASKED)


async def test_who_goes_away_stops_the_turn(client, ours, database, store_settings):
    with WireServer((Fault("pause", seconds=30),)) as server:
        models = ModelSettings(model="openai:gpt-5.4", openai_base_url=server.openai_base_url, openai_api_key="sk-test")
        async with worker(database, store_settings, models):
            stream = await client.chat.completions.create(model="groundwork/salon", messages=ASKED, stream=True)
            run_id = (await anext(aiter(stream))).id.removeprefix("chatcmpl-")
            await stream.close()
            for _ in range(400):
                async with database.transaction(ours.workspace.id) as connection:
                    run = await runs.get_run(connection, run_id)
                if run is not None and run.status == "cancelled":
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("the turn was not stopped")
