"""The event stream: numbered, resumable, woken by the database, ended with the run."""

from __future__ import annotations

import asyncio
import json
import time

from store import events, runs
from tests.api.support import BRIEF, problem


async def task(agency) -> str:
    return (await agency.http.post("/tasks", json={"kind": "strategy", "client": "salon", "brief": BRIEF})).json()["id"]


async def append(database, agency, run_id, kind, payload=None):
    async with database.transaction(agency.workspace.id) as connection:
        return await events.append(connection, run_id, kind, payload or {})


async def finish(database, agency, run_id):
    async with database.transaction(agency.workspace.id) as connection:
        await runs.set_status(connection, run_id, "failed", error="the test ended it")
        await events.append(connection, run_id, "finished", {"status": "failed"})


async def read(agency, run_id, headers=None, until=None, arrived=None) -> tuple[list[dict], list[str]]:
    """Events and comments of a stream, until it ends or an event of kind `until` came; `arrived` grows by one at the first event."""
    found, comments, fields = [], [], {}
    async with agency.http.stream("GET", f"/runs/{run_id}/events", headers=headers or {}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith(":"):
                comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                found.append({"id": int(fields["id"]), "event": fields["event"], **json.loads(fields["data"])})
                fields = {}
                if arrived is not None and len(found) == 1:
                    arrived.append(run_id)
                if until == found[-1]["kind"]:
                    break
            else:
                fields = {}
    return found, comments


async def test_events_come_numbered_as_they_happen_and_the_stream_ends_with_the_run(ours, database):
    run_id = await task(ours)
    reading = asyncio.create_task(read(ours, run_id))
    await asyncio.sleep(0.2)
    for number in range(5):
        await append(database, ours, run_id, "step", {"name": f"step {number}", "text": "two\nlines é\x85and\u2028more"})
    await finish(database, ours, run_id)
    found, _ = await asyncio.wait_for(reading, 5)
    assert [event["id"] for event in found] == list(range(1, 8))
    assert [event["kind"] for event in found] == ["queued", *["step"] * 5, "finished"]
    assert all(event["id"] == event["number"] and event["event"] == event["kind"] and event["run"] == run_id for event in found)
    assert found[1]["payload"]["text"] == "two\nlines é\x85and\u2028more"


async def test_a_stream_goes_on_after_the_last_event_that_was_read(ours, database):
    run_id = await task(ours)
    for number in range(4):
        await append(database, ours, run_id, "step", {"number": number})
    await finish(database, ours, run_id)
    found, _ = await read(ours, run_id, {"Last-Event-ID": "3"})
    assert [event["id"] for event in found] == [4, 5, 6]
    by_query = await ours.http.get(f"/runs/{run_id}/events", params={"after": 5})
    assert by_query.text.count("id: ") == 1


async def test_a_reader_who_has_read_everything_of_an_ended_run_is_told_not_to_come_back(ours, database):
    run_id = await task(ours)
    await finish(database, ours, run_id)
    response = await ours.http.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": "2"})
    assert response.status_code == 204
    problem(await ours.http.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": "soon"}), 422, "invalid-request")


async def test_an_event_wakes_its_stream_and_does_not_wait_for_the_next_heartbeat(ours, database):
    run_id = await task(ours)
    waits = []
    for number in range(8):
        reading = asyncio.create_task(read(ours, run_id, {"Last-Event-ID": str(number + 1)}, until="step"))
        await asyncio.sleep(0.05)
        started = time.perf_counter()
        await append(database, ours, run_id, "step")
        await asyncio.wait_for(reading, 5)
        waits.append(time.perf_counter() - started)
    # the heartbeat of this server is 0.3 s: polling at it would take 0.15 s on average
    assert sorted(waits)[len(waits) // 2] < 0.1, waits


async def test_a_silent_stream_is_kept_open_by_comments(ours, database):
    run_id = await task(ours)
    reading = asyncio.create_task(read(ours, run_id))
    await asyncio.sleep(0.9)
    await finish(database, ours, run_id)
    _, comments = await asyncio.wait_for(reading, 5)
    assert len(comments) >= 2


async def test_many_readers_share_one_listener(ours, database):
    run_id, arrived = await task(ours), []
    async with asyncio.timeout(30):
        while not (before := await listeners(database)):
            await asyncio.sleep(0.02)
    readings = [asyncio.create_task(read(ours, run_id, arrived=arrived)) for _ in range(30)]
    async with asyncio.timeout(30):
        while len(arrived) < 30:
            await asyncio.sleep(0.02)
    during = await listeners(database)
    await finish(database, ours, run_id)
    results = await asyncio.wait_for(asyncio.gather(*readings), 30)
    # a listener belongs to a process, and others may serve the same database
    assert during == before
    assert all([event["id"] for event in found] == [1, 2] for found, _ in results)


async def listeners(database) -> int:
    """Connections that listen for run events."""
    statement = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'groundwork events'"
    async with database.transaction(None) as connection:
        return (await (await connection.execute(statement)).fetchone())["n"]


async def test_a_cancelled_task_ends_its_stream(ours):
    run_id = await task(ours)
    reading = asyncio.create_task(read(ours, run_id))
    await asyncio.sleep(0.1)
    await ours.http.post(f"/runs/{run_id}/cancel")
    found, _ = await asyncio.wait_for(reading, 5)
    assert found[-1]["payload"]["status"] == "cancelled"
