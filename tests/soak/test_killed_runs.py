"""Runs whose worker is killed -9 at every moment that differs, whose database dies, that are cancelled: none lost, none doubled.

The fast half runs with every change; the rest, on whole worker processes and their queue, takes minutes: `make test-soak`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

import psycopg
import pytest

from graphs.execute import execute
from store import embedded, events

STEPS = ("brief", "recall", "analyse", "run_tools", "draft", "review", "publish")
MOMENTS = (*(f"{step}:{moment}" for step in STEPS for moment in ("uncommitted", "committed", "checkpointed")), "end:uncommitted")
soak = [pytest.mark.soak, pytest.mark.timeout(600)]


async def test_one_run_killed_at_every_moment_in_turn_leaves_what_an_undisturbed_one_leaves(ward, whole, nursery):
    paid = await ward.calls()
    run_id = await ward.start(queued=False)
    killed = []
    for at in MOMENTS:
        pid = nursery.fork("execute", at=at, workspace=ward.workspace.id, run=run_id)
        assert await asyncio.to_thread(nursery.wait, pid) == signal.SIGKILL, at
        trap = json.loads(nursery.mark(at).read_text())
        killed.append((trap["pid"], trap["run"]) == (pid, run_id))
    assert killed == [True] * 22
    await ward.execute(run_id)
    assert await ward.left(run_id) == whole
    assert await ward.calls() - paid == whole["calls"]  # the model was not asked twice for what was committed


async def test_two_workers_on_one_run_do_it_once(ward, whole):
    paid = await ward.calls()
    run_id = await ward.start(queued=False)
    await asyncio.gather(*(execute(ward.services, ward.workspace.id, run_id) for _ in range(3)))
    assert await ward.left(run_id) == whole
    assert await ward.calls() - paid == whole["calls"]


@pytest.mark.parametrize("step", [name if name in ("brief", "run_tools") else pytest.param(name, marks=soak) for name in STEPS])
async def test_a_run_cancelled_in_a_step_goes_no_further_and_delivers_nothing(ward, whole, step, monkeypatch):
    run_id = await ward.start(queued=False)
    append = events.append

    async def cancelling(connection, run, kind, payload=None, *, key=None):
        if kind == "step" and payload["name"] == step:
            await ward.cancel(run_id)
        return await append(connection, run, kind, payload, key=key)

    monkeypatch.setattr(events, "append", cancelling)
    run = await ward.execute(run_id)
    left = await ward.left(run_id)
    assert left["gapless"]
    assert left["scaffolding"]["steps"] == 0
    if step == "publish":
        assert left == whole  # it came too late: everything was done
    else:
        assert (run.status, run.deliverable_id, left["deliverables"]) == ("cancelled", None, [])
        steps = [name for kind, name in left["events"] if kind == "step"]
        assert (steps[-1], left["events"][-1][0]) == (step, "finished")


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, 23, 4))
async def test_a_worker_killed_at_each_moment_is_replaced_by_the_living_one_within_15_seconds(ward, whole, nursery, empty_queue, first):
    moments = (*MOMENTS, "end:committed")[first : first + 4]
    for at in moments:
        nursery.mark(at).unlink(missing_ok=True)
    survivor = nursery.fork("worker", concurrency=4)
    victims = [nursery.fork("worker", at=at) for at in moments]
    await workers_alive(ward, 1 + len(victims))
    run_ids: list[str] = []
    while not all(nursery.mark(at).exists() for at in moments):
        run_ids += [await ward.start() for _ in range(6)]
        before = time.monotonic()
        while time.monotonic() < before + 10 and not all(nursery.mark(at).exists() for at in moments):
            await asyncio.sleep(0.05)
    for pid in victims:
        assert await asyncio.to_thread(nursery.wait, pid) == signal.SIGKILL
    await ward.ended(run_ids, 120)
    assert [await ward.left(run_id) for run_id in run_ids] == [whole] * len(run_ids)
    await queue_empties(ward)  # a run whose worker died at its very end is still asked for
    for at in moments:
        trap = json.loads(nursery.mark(at).read_text())
        again = [when - trap["at"] for when in nursery.taken_up(trap["run"]) if when > trap["at"]]
        assert again, at
        assert again[0] < 15, at
    nursery.end(survivor, signal.SIGTERM)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("step", STEPS)
async def test_a_database_killed_in_a_step_costs_no_run(ward, whole, nursery, empty_queue, home, step):
    at = f"{step}:uncommitted"
    nursery.mark(at).unlink(missing_ok=True)
    worker = nursery.fork("worker", at=at, do="mark")
    run_id = await ward.start()
    while not nursery.mark(at).exists():
        await asyncio.sleep(0.02)
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(embedded.start, home, durable=False)
    back = time.monotonic()
    await ward.ended([run_id], 60)
    assert time.monotonic() - back < 30
    assert await ward.left(run_id) == whole
    nursery.end(worker, signal.SIGTERM)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["block", "stop"])
async def test_a_worker_that_only_stood_still_keeps_its_run_to_itself(ward, whole, nursery, empty_queue, how):
    at = "run_tools:committed"
    nursery.mark(at).unlink(missing_ok=True)
    still = nursery.fork("worker", at=at, do="block" if how == "block" else "mark")
    run_id = await ward.start()
    while not nursery.mark(at).exists():
        await asyncio.sleep(0.02)
    other = nursery.fork("worker")
    if how == "stop":
        os.kill(still, signal.SIGSTOP)
        await asyncio.sleep(12)
        assert (await ward.run(run_id)).status == "running"
        os.kill(still, signal.SIGCONT)
    await ward.ended([run_id], 60)
    assert await ward.left(run_id) == whole
    more = [await ward.start() for _ in range(4)]
    await ward.ended(more, 60)
    assert [await ward.left(each) for each in more] == [whole] * 4
    await queue_empties(ward)
    for pid in (still, other):
        nursery.end(pid, signal.SIGTERM)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_an_expired_lease_hands_over_the_job_but_not_the_run(ward, whole, nursery, empty_queue, urls):
    workers = [nursery.fork("worker"), nursery.fork("worker")]
    await workers_alive(ward, 2)
    run_ids = [await ward.start() for _ in range(4)]
    for _ in range(8):
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        await asyncio.sleep(1)
    await ward.ended(run_ids, 60)
    assert [await ward.left(run_id) for run_id in run_ids] == [whole] * 4
    await queue_empties(ward)
    for pid in workers:
        nursery.end(pid, signal.SIGTERM)


async def workers_alive(ward, number: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        async with ward.services.database.transaction(None) as connection:
            row = await (await connection.execute("SELECT count(*) AS n FROM procrastinate_workers")).fetchone()
        if row["n"] >= number:
            return
        assert time.monotonic() < deadline, f"{row['n']} of {number} workers came"
        await asyncio.sleep(0.1)


async def queue_empties(ward) -> None:
    deadline = time.monotonic() + 20
    while True:
        async with ward.services.database.transaction(None) as connection:
            row = await (await connection.execute("SELECT count(*) AS n FROM procrastinate_jobs")).fetchone()
        if row["n"] == 0:
            return
        assert time.monotonic() < deadline, f"{row['n']} jobs are left"
        await asyncio.sleep(0.2)
