"""Conversations over real HTTP: begun, spoken in, followed, found, renamed, dropped; seen by nobody but their owner."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from graphs.execute import execute
from graphs.services import Services
from jobs.queue import enqueue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store.keys import create_key
from tests.api.support import jobs_of, problem
from tests.api.test_events import read


@pytest.fixture
def work(database, store_settings):
    """Does what a worker does with one run."""
    models = ModelSettings(model="offline")
    services = Services(database, store_settings, models, embedder(models), enqueue=enqueue)

    async def do(agency, run_id: str) -> None:
        await execute(services, agency.workspace.id, run_id)

    return do


async def thread_of(agency, **more) -> str:
    made = await agency.http.post("/threads", json={"client": "salon", **more})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/threads/{made.json()['id']}"
    return made.json()["id"]


async def test_a_message_is_answered_by_a_run_whose_events_hold_the_text(ours, database, work):
    thread = await thread_of(ours)
    said = await ours.http.post(f"/threads/{thread}/messages", json={"text": "Who are you?"})
    assert said.status_code == 202, said.text
    turn = said.json()
    assert said.headers["location"] == turn["links"]["events"]
    assert turn["joined"] is False
    assert await jobs_of(database, turn["run"]) == 1
    _, (events, _) = await asyncio.gather(work(ours, turn["run"]), read(ours, turn["run"]))
    assert [event["kind"] for event in events][:3] == ["queued", "started", "step"]
    assert events[-1]["payload"]["status"] == "succeeded"
    text = "".join(event["payload"]["text"] for event in events if event["kind"] == "text")
    assert "I am not a language model" in text
    full = (await ours.http.get(f"/threads/{thread}")).json()
    assert [(one["role"], one["run"]) for one in full["messages"]] == [("user", turn["run"]), ("assistant", turn["run"])]
    assert full["messages"][1]["text"] == text.strip()
    assert full["turn"] is None
    assert full["title"] == "Who are you?"


async def test_a_thread_is_listed_found_renamed_and_dropped(ours, work):
    thread = await thread_of(ours, title="Autumn")
    turn = (await ours.http.post(f"/threads/{thread}/messages", json={"text": "hello from the quillwort"})).json()
    refused = problem(await ours.http.delete(f"/threads/{thread}"), 409, "conflict")
    assert turn["run"] in refused["detail"]
    await work(ours, turn["run"])
    found = (await ours.http.get("/threads", params={"q": "QUILLWORT"})).json()["threads"]
    assert [one["id"] for one in found] == [thread]
    renamed = (await ours.http.post(f"/threads/{thread}/title", json={"title": "Winter"})).json()
    assert renamed["title"] == "Winter"
    assert (await ours.http.delete(f"/threads/{thread}")).status_code == 204
    problem(await ours.http.get(f"/threads/{thread}"), 404, "not-found")
    problem(await ours.http.get(f"/runs/{turn['run']}/events"), 404, "not-found")


async def test_another_key_of_the_same_workspace_sees_nothing_of_it(address, ours, database, work):
    thread = await thread_of(ours)
    turn = (await ours.http.post(f"/threads/{thread}/messages", json={"text": "hello"})).json()
    async with database.transaction(ours.workspace.id) as connection:
        _, secret = await create_key(connection, ours.workspace.id, "colleague", "owner")
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {secret}"}) as other:
        assert (await other.get("/threads")).json() == {"threads": []}
        problem(await other.get(f"/threads/{thread}"), 404)
        problem(await other.post(f"/threads/{thread}/messages", json={"text": "and?"}), 404)
        problem(await other.post(f"/threads/{thread}/title", json={"title": "mine"}), 404)
        problem(await other.delete(f"/threads/{thread}"), 404)
        problem(await other.get(f"/runs/{turn['run']}/events"), 404)
        problem(await other.post(f"/runs/{turn['run']}/cancel"), 404)
        problem(await other.get(f"/tasks/{turn['run']}"), 404)
        assert turn["run"] not in (await other.get("/tasks")).text
    await work(ours, turn["run"])


async def test_an_empty_message_and_a_huge_one_are_refused_in_words(ours):
    thread = await thread_of(ours)
    empty = problem(await ours.http.post(f"/threads/{thread}/messages", json={"text": " \n "}), 422, "invalid-input")
    assert "empty" in empty["detail"]
    long = problem(await ours.http.post(f"/threads/{thread}/messages", json={"text": "x" * 30_000}), 422, "invalid-input")
    assert "add it as a document" in long["detail"]
    problem(await ours.http.post(f"/threads/{thread}/messages", json={"text": "x" * 100_000}), 413, "too-large")
    problem(await ours.http.post(f"/threads/{thread}/messages", json={"text": "a\x00b"}), 422)
    assert (await ours.http.get(f"/threads/{thread}")).json()["messages"] == []


async def test_a_message_sent_twice_with_one_key_is_said_once(ours):
    thread = await thread_of(ours)
    headers = {"Idempotency-Key": "said-once"}
    first = await ours.http.post(f"/threads/{thread}/messages", json={"text": "hello"}, headers=headers)
    again = await ours.http.post(f"/threads/{thread}/messages", json={"text": "hello"}, headers=headers)
    assert first.json() == again.json()
    assert len((await ours.http.get(f"/threads/{thread}")).json()["messages"]) == 1


async def test_a_message_while_a_turn_is_queued_joins_it(ours):
    thread = await thread_of(ours)
    first = (await ours.http.post(f"/threads/{thread}/messages", json={"text": "hello"})).json()
    second = (await ours.http.post(f"/threads/{thread}/messages", json={"text": "who are you?"})).json()
    assert (second["run"], second["joined"]) == (first["run"], True)
    await ours.http.post(f"/runs/{first['run']}/cancel")
    third = (await ours.http.post(f"/threads/{thread}/messages", json={"text": "again"})).json()
    assert third["run"] != first["run"]
