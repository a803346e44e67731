"""A run that waits for people: its worker is killed -9 before, while and after they answer, and it is asked once and published once."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from graphs.approving import Person, approve, change_policy
from jobs.queue import enqueue
from jobs.worker import run_worker
from store import approvals, deliverables
from store.policies import Requirement

ASKING = tuple(f"review:{moment}" for moment in ("uncommitted", "committed", "checkpointed"))
ANSWERED = (*(f"approval:{moment}" for moment in ("uncommitted", "committed", "checkpointed")), "end:uncommitted")


async def nobody(*_: object) -> None:
    """The test runs it itself."""


@pytest_asyncio.fixture(loop_scope="session")
async def policy(ward, empty_queue) -> AsyncIterator[None]:
    async def put(rules: dict[str, Requirement]) -> None:
        async with ward.transaction() as connection:
            await change_policy(connection, ward.workspace.id, ward.client, rules, actor="test", enqueue=nobody)

    await put({"strategy": Requirement(roles=("approver",), four_eyes=True)})
    yield
    await put({})


async def latest(ward, run_id: str) -> approvals.Approval:
    async with ward.transaction() as connection:
        found = await approvals.latest(connection, run_id)
    assert found is not None
    return found


async def once(ward, run_id: str) -> None:
    """The run was asked about once, answered once and published once."""
    log = await ward.log(run_id)
    kinds = [event.kind for event in log]
    assert [event.number for event in log] == list(range(1, len(log) + 1))
    assert [kinds.count(kind) for kind in ("approval_asked", "approval", "deliverable", "finished")] == [1, 1, 1, 1]
    async with ward.transaction() as connection:
        assert len(await approvals.list_(connection, run_id=run_id)) == 1
        assert [(made.status, made.version) for made in await deliverables.list_(connection, run_id=run_id)] == [("published", 1)]


async def killed(ward, nursery, run_id: str, at: str) -> None:
    pid = nursery.fork("execute", at=at, workspace=ward.workspace.id, run=run_id)
    assert await asyncio.to_thread(nursery.wait, pid) == signal.SIGKILL, at
    assert json.loads(nursery.mark(at).read_text())["pid"] == pid


async def test_killed_at_every_moment_it_is_asked_once_waits_and_is_published_once(ward, nursery, policy):
    run_id = await ward.start(queued=False)
    for at in ASKING:
        await killed(ward, nursery, run_id, at)
    assert (await ward.execute(run_id)).status == "waiting"
    assert (await ward.execute(run_id)).status == "waiting"
    asked = await latest(ward, run_id)
    assert (asked.state, asked.number) == ("waiting", 1)
    async with ward.transaction() as connection:
        await approve(connection, ward.workspace.id, run_id, Person("key:ann", "approver"), seen=asked.hash, enqueue=nobody)
    for at in ANSWERED:
        await killed(ward, nursery, run_id, at)
    assert (await ward.execute(run_id)).status == "succeeded"
    await once(ward, run_id)


async def test_an_answer_wakes_the_run_through_the_queue_and_two_workers_publish_it_once(ward, policy, store_settings):
    stop = asyncio.Event()
    working = [asyncio.create_task(run_worker(store_settings, 2, stop)) for _ in range(2)]
    try:
        run_id = await ward.start()
        while not [event for event in await ward.log(run_id) if event.kind == "approval_asked"]:
            assert not any(task.done() for task in working)
            await asyncio.sleep(0.01)
        # as early as can be: the run may still be on its way to lie down
        asked = await latest(ward, run_id)
        async with ward.transaction() as connection:
            await approve(connection, ward.workspace.id, run_id, Person("key:ann", "approver"), seen=asked.hash, enqueue=enqueue)
        [run] = await ward.ended([run_id])
        assert run.status == "succeeded", run.error
    finally:
        stop.set()
        await asyncio.gather(*working)
    await once(ward, run_id)


async def test_the_worker_lets_requests_run_out(ward, policy, store_settings):
    run_id = await ward.start(queued=False)
    assert (await ward.execute(run_id)).status == "waiting"
    async with ward.transaction() as connection:
        await connection.execute("UPDATE approvals SET expires_at = now() WHERE run_id = %s", (run_id,))
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(store_settings, 1, stop))
    try:
        [run] = await ward.ended([run_id])
    finally:
        stop.set()
        await working
    assert run.status == "needs_person"
    assert (await latest(ward, run_id)).state == "expired"


@pytest.mark.parametrize("answered", [True, False])
async def test_a_run_that_lies_down_as_it_is_answered_is_not_left_lying(ward, policy, answered):
    """What the worker asks when another one holds the run: waiting is settled only while nobody has answered."""
    run_id = await ward.start(queued=False)
    await ward.execute(run_id)
    asked = await latest(ward, run_id)
    if answered:
        async with ward.transaction() as connection:
            await approve(connection, ward.workspace.id, run_id, Person("key:ann", "approver"), seen=asked.hash, enqueue=nobody)
    async with ward.transaction() as connection:
        assert await approvals.decided(connection, run_id) is answered
