"""Records through their repository functions, on a real Postgres."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from grounding.evidence import Evidence, Locale
from grounding.ids import new_id
from store import (
    audit,
    clients,
    deliverables,
    erasures,
    events,
    evidence,
    idempotency,
    imports,
    keys,
    messages,
    preferences,
    runs,
    threads,
    workspaces,
)
from store.clients import Client
from store.database import Database
from store.errors import Conflict, StoreError
from store.suppression import keyed_hash
from store.workspaces import Workspace

DAY = date(2026, 11, 21)


def record(**changes: Any) -> Evidence:
    given: dict[str, Any] = {
        "id": new_id("ev"),
        "alias": "E1",
        "tool": "calculate",
        "version": 1,
        "request": {"a": 1},
        "facts": {"orders": 3},
        "result": {"figures": []},
        "created_at": datetime.now(UTC),
    }
    return Evidence(**given | changes)


async def a_run(database: Database, client: Client, brief: str = "R15 000 a month") -> runs.Run:
    async with database.transaction(client.workspace_id) as connection:
        return await runs.create_run(connection, client.id, "strategy", brief, as_of=DAY)


async def test_a_workspace_is_read_in_its_own_transaction_only(database: Database, workspace: Workspace) -> None:
    async with database.transaction(workspace.id) as connection:
        assert await workspaces.get_workspace(connection, workspace.id) == workspace
        assert await workspaces.list_workspaces(connection) == [workspace]
    async with database.transaction(None) as connection:
        assert await workspaces.list_workspaces(connection) == []


async def test_a_client_is_found_by_slug_and_by_id(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        assert await clients.get_client(connection, "salon") == client
        assert await clients.get_client(connection, client.id) == client
        assert await clients.get_client(connection, "nobody") is None
        assert await clients.list_clients(connection) == [client]


async def test_a_slug_is_taken_once_per_workspace_and_the_transaction_goes_on(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        with pytest.raises(Conflict, match="already has a client 'salon'"):
            await clients.create_client(connection, "salon", "Another", Locale(), {})
        second = await clients.create_client(connection, "fitness", "Fitness (simulated)", Locale(currency="USD"), {"tone": "warm"})
    async with database.transaction(client.workspace_id) as connection:
        assert (await clients.get_client(connection, "fitness")) == second
        assert second.profile == {"tone": "warm"}
        assert second.locale.currency == "USD"


@pytest.mark.parametrize("slug", ["", "Salon", "a b", "-x", "x" * 64, "../x", "sålon"])
async def test_a_slug_that_is_none_is_refused(database: Database, workspace: Workspace, slug: str) -> None:
    async with database.transaction(workspace.id) as connection:
        with pytest.raises(StoreError, match="not a client slug"):
            await clients.create_client(connection, slug, "X", Locale(), {})


async def test_a_run_moves_on_and_stays_where_it_ended(database: Database, client: Client) -> None:
    run = await a_run(database, client)
    assert (run.status, run.started_at, run.as_of) == ("queued", None, DAY)
    async with database.transaction(client.workspace_id) as connection:
        running = await runs.set_status(connection, run.id, "running", model={"name": "offline-rules-v1"})
        assert running is not None
        assert running.started_at is not None
        ended = await runs.set_status(connection, run.id, "succeeded", usage={"calls": 3})
        assert ended is not None
        assert (ended.status, ended.usage, ended.model) == ("succeeded", {"calls": 3}, {"name": "offline-rules-v1"})
        assert ended.finished_at is not None
        assert await runs.set_status(connection, run.id, "failed", error="too late") is None
        assert await runs.get_run(connection, run.id) == ended


async def test_cancelling_ends_a_queued_run_and_asks_a_running_one(database: Database, client: Client) -> None:
    queued, running, ended = [await a_run(database, client) for _ in range(3)]
    async with database.transaction(client.workspace_id) as connection:
        await runs.set_status(connection, running.id, "running")
        await runs.set_status(connection, ended.id, "running")
        await runs.set_status(connection, ended.id, "succeeded")
        after = [await runs.request_cancel(connection, run.id) for run in (queued, running, ended)]
        assert [(run.status, run.cancel_requested) for run in after if run] == [
            ("cancelled", True),
            ("running", True),
            ("succeeded", False),
        ]
        assert await runs.request_cancel(connection, "run_none") is None


async def test_runs_are_listed_newest_first_by_client_and_status(database: Database, client: Client) -> None:
    made = [await a_run(database, client, brief=str(number)) for number in range(3)]
    async with database.transaction(client.workspace_id) as connection:
        await runs.set_status(connection, made[0].id, "running")
        assert [run.brief for run in await runs.list_runs(connection)] == ["2", "1", "0"]
        assert [run.brief for run in await runs.list_runs(connection, status="running")] == ["0"]
        assert await runs.list_runs(connection, client_id="cl_none") == []


async def test_events_have_no_gaps_with_eight_writers_and_failures_among_them(database: Database, client: Client) -> None:
    run = await a_run(database, client)

    async def write(writer: int) -> None:
        for number in range(12):
            try:
                async with database.transaction(client.workspace_id) as connection:
                    await events.append(connection, run.id, "step", {"writer": writer, "number": number})
                    if number % 4 == 3:
                        raise InterruptedError
            except InterruptedError:
                continue

    await asyncio.gather(*(write(writer) for writer in range(8)))
    async with database.transaction(client.workspace_id) as connection:
        log = await events.after(connection, run.id, 0)
        assert [event.number for event in log] == list(range(1, 8 * 9 + 1))
        assert [event.number for event in await events.after(connection, run.id, 70)] == [71, 72]


async def test_an_event_with_a_key_is_written_once_by_any_number_of_writers(database: Database, client: Client) -> None:
    run = await a_run(database, client)

    async def write() -> events.Event:
        async with database.transaction(client.workspace_id) as connection:
            return await events.append(connection, run.id, "started", {}, key="started")

    written = await asyncio.gather(*(write() for _ in range(8)))
    assert {event.number for event in written} == {1}


async def test_an_event_of_an_unknown_run_is_refused(database: Database, workspace: Workspace) -> None:
    async with database.transaction(workspace.id) as connection:
        with pytest.raises(StoreError, match="no run"):
            await events.append(connection, "run_none", "step")


async def test_a_listener_is_woken_when_the_event_is_committed(database: Database, client: Client) -> None:
    run = await a_run(database, client)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {events.CHANNEL}")
        async with database.transaction(client.workspace_id) as connection:
            await events.append(connection, run.id, "step")
        news = [notice.payload async for notice in listener.notifies(timeout=5, stop_after=1)]
    assert news == [run.id]


async def test_evidence_is_kept_once_and_comes_back_as_it_was(database: Database, client: Client) -> None:
    run = await a_run(database, client)
    first, second = record(), record(alias="E2", result={"figures": [], "note": "ünïcode"})
    async with database.transaction(client.workspace_id) as connection:
        for each in (first, second, first.model_copy(update={"tool": "changed"})):
            await evidence.add(connection, client.id, run.id, each)
        assert await evidence.of_run(connection, run.id) == [first, second]
        stored = await evidence.get(connection, second.id)
        assert stored == evidence.StoredEvidence(second, client.id, run.id)
        assert await evidence.list_ids(connection, client_id=client.id) == [first.id, second.id]


async def test_evidence_that_read_erased_rows_is_marked_and_keeps_its_result(database: Database, client: Client) -> None:
    old, newer, other = record(facts={"orders": 3}), record(facts={"orders": 5}), record(facts={"events": 1})
    async with database.transaction(client.workspace_id) as connection:
        for each in (old, newer, other):
            await evidence.add(connection, client.id, None, each)
        assert await evidence.mark_erased(connection, client.id, {"orders": (2, 3), "contacts": [5]}, DAY) == 1
        marked = await evidence.get(connection, old.id)
        assert marked is not None
        assert (marked.evidence.replayable, marked.evidence.not_replayable_reason) == (False, "erased 2026-11-21")
        assert marked.evidence.result == old.result
        for each in (newer, other):
            kept = await evidence.get(connection, each.id)
            assert kept is not None
            assert kept.evidence.replayable


async def test_a_deliverable_gets_a_new_version_only_when_it_changes(database: Database, client: Client) -> None:
    run = await a_run(database, client)
    given: dict[str, Any] = {
        "run_id": run.id, "client_id": client.id, "kind": "strategy", "title": "Plan", "status": "draft", "content": {"a": "{{E1.x}}"},
        "markdown": "# Plan", "verdict": {"ok": True}, "evidence_aliases": {"E1": "ev_1"}, "model": {}, "prompt": {},
    }  # fmt: skip
    async with database.transaction(client.workspace_id) as connection:
        first = await deliverables.add(connection, **given)
        again = await deliverables.add(connection, **given)
        second = await deliverables.add(connection, **given | {"markdown": "# Plan 2"})
        assert (first.version, again.id, second.version) == (1, first.id, 2)
        assert first.content_hash != second.content_hash
        assert await deliverables.get(connection, second.id) == second
        assert [each.version for each in await deliverables.list_(connection, run_id=run.id)] == [2, 1]
        published = await deliverables.set_status(connection, second.id, "published")
        assert published is not None
        assert published.status == "published"


async def test_a_key_is_found_by_its_secret_and_kept_as_a_hash(database: Database, workspace: Workspace, urls: Any) -> None:
    async with database.transaction(workspace.id) as connection:
        key, secret = await keys.create_key(connection, workspace.id, "ci", "strategist", ["tasks:write"], None)
    async with database.transaction(None) as connection:
        found = await keys.find_key(connection, secret)
        assert found is not None
        assert (found.id, found.workspace_id, found.role, found.scopes) == (key.id, workspace.id, "strategist", ("tasks:write",))
        assert await keys.find_key(connection, secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
        assert await keys.find_key(connection, "gw_nonsense") is None
        assert await keys.find_key(connection, "") is None
    with psycopg.connect(urls.superuser) as root:
        stored = str(root.execute("SELECT k::text, encode(hash, 'escape') FROM api_keys AS k WHERE id = %s", (key.id,)).fetchone())
        used = root.execute("SELECT last_used_at FROM api_keys WHERE id = %s", (key.id,)).fetchone()
    assert secret.split("_", 2)[2] not in stored
    assert used is not None
    assert used[0] is not None


async def test_expired_and_revoked_keys_are_not_found(database: Database, workspace: Workspace) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=150)
    async with database.transaction(workspace.id) as connection:
        _, expiring = await keys.create_key(connection, workspace.id, "short", "writer", [], soon)
        key, revoked = await keys.create_key(connection, workspace.id, "gone", "writer", [], None)
        assert await keys.find_key(connection, expiring) is not None
        assert await keys.revoke_key(connection, key.id)
        assert not await keys.revoke_key(connection, key.id)
        assert await keys.find_key(connection, revoked) is None
    await asyncio.sleep(0.2)
    async with database.transaction(None) as connection:
        assert await keys.find_key(connection, expiring) is None
    async with database.transaction(workspace.id) as connection:
        assert {each.name for each in await keys.list_keys(connection)} == {"short", "gone"}
        with pytest.raises(StoreError, match="not a role"):
            await keys.create_key(connection, workspace.id, "x", "admin", [], None)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="time zone"):
            await keys.create_key(connection, workspace.id, "x", "writer", [], datetime(2027, 1, 1))


async def test_the_audit_log_only_grows(database: Database, workspace: Workspace) -> None:
    async with database.transaction(workspace.id) as connection:
        await audit.note(connection, "key_1", "task.create", "run_1", {"kind": "strategy"})
        await audit.note(connection, "key_1", "task.cancel", "run_1")
        assert [entry.action for entry in await audit.list_entries(connection)] == ["task.create", "task.cancel"]
    changes = ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "DELETE FROM erasures")
    for statement in (*changes, "UPDATE experiment_looks SET decision = 'ship'", "DELETE FROM experiment_looks"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.transaction(workspace.id) as connection:
                await connection.execute(statement)


async def test_the_same_request_twice_gets_the_same_answer(database: Database, workspace: Workspace) -> None:
    body = idempotency.hash_of("POST", "/api/v1/tasks", {"kind": "strategy", "brief": "x"})
    async with database.transaction(workspace.id) as connection:
        assert await idempotency.claim(connection, "k", body) is None
        await idempotency.answer(connection, "k", 202, {"id": "run_1"})
    async with database.transaction(workspace.id) as connection:
        assert await idempotency.claim(connection, "k", body) == idempotency.Answer(202, {"id": "run_1"})
        other = idempotency.hash_of("POST", "/api/v1/tasks", {"kind": "strategy", "brief": "y"})
        with pytest.raises(idempotency.KeyReused, match="another request"):
            await idempotency.claim(connection, "k", other)


async def test_a_request_beside_another_waits_for_its_answer(database: Database, workspace: Workspace) -> None:
    body = idempotency.hash_of("POST", "/x", {})

    async def request() -> idempotency.Answer | None:
        async with database.transaction(workspace.id) as connection:
            known = await idempotency.claim(connection, "race", body)
            if known is None:
                await asyncio.sleep(0.1)
                await idempotency.answer(connection, "race", 201, {"n": 1})
            return known

    answers = await asyncio.gather(*(request() for _ in range(5)))
    assert answers.count(None) == 1
    assert answers.count(idempotency.Answer(201, {"n": 1})) == 4


async def test_a_failed_request_frees_its_key_and_an_old_key_is_free_again(database: Database, workspace: Workspace) -> None:
    body = idempotency.hash_of("POST", "/x", {})

    async def fail() -> None:
        async with database.transaction(workspace.id) as connection:
            await idempotency.claim(connection, "f", body)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await fail()
    async with database.transaction(workspace.id) as connection:
        assert await idempotency.claim(connection, "f", body) is None
        await idempotency.answer(connection, "f", 200, {})
        await connection.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
        other = idempotency.hash_of("POST", "/x", {"other": True})
        assert await idempotency.claim(connection, "f", other) is None
        await connection.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
        assert await idempotency.prune(connection) == 1


async def test_a_confirmed_mapping_is_remembered_by_its_header_row(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        await imports.remember_mapping(connection, client.id, ["Order ID", "Amount"], "orders", {"Order ID": "order_id"}, "key_1")
        await imports.remember_mapping(connection, client.id, ["order id ", "AMOUNT"], "orders", {"Order ID": "id"}, "key_2")
        assert await imports.recall_mapping(connection, client.id, ["Order ID", "Amount"]) == ("orders", {"Order ID": "id"})
        assert await imports.recall_mapping(connection, client.id, ["Amount", "Order ID"]) is None
        logged = await imports.log_import(
            connection, client.id, table_name="orders", file_name="o.csv", file_hash="ab", mapping={}, rows_read=10, rows_kept=8,
            rows_rejected=1, duplicates=1, version=0, reject_file=None, actor="key_1",
        )  # fmt: skip
        assert await imports.list_imports(connection, client_id=client.id) == [logged]
        assert await imports.get_import(connection, logged.id) == logged


async def test_threads_and_erasures_are_kept(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        thread = await threads.create_thread(connection, "key_1", client_id=client.id, title="Budget")
        assert await threads.get_thread(connection, thread.id) == thread
        assert await threads.list_threads(connection, owner="key_2") == []
        erasure = await erasures.note_erasure(connection, client.id, keyed_hash("key", "ann@example.org"), {"orders": 2}, "key_1")
        assert await erasures.list_erasures(connection, client.id) == [erasure]
        assert "ann" not in str(erasure)
        assert erasure.person_hash != keyed_hash("another key", "ann@example.org")


async def test_a_message_is_said_once_and_a_thread_is_found_by_its_words(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        thread = await threads.create_thread(connection, "key_1", client_id=client.id, title="Budget")
        first = await messages.add(connection, thread.id, "user", "How is 100% organic doing?", id="msg_1")
        assert first is not None
        assert await messages.add(connection, thread.id, "user", "How is 100% organic doing?", id="msg_1") is None
        second = await messages.add(connection, thread.id, "assistant", "Well.", aliases={"E1": "ev_1"}, taken=True)
        assert second is not None
        assert (first.number, second.number) == (1, 2)
        assert await messages.waiting(connection, thread.id) == [first]
        run = await runs.create_run(connection, client.id, "chat", "?", as_of=date(2026, 11, 21), conversation=thread.id)
        await messages.take(connection, [first.id], run.id)
        assert await messages.waiting(connection, thread.id) == []
        assert [said.number for said in await messages.of_thread(connection, thread.id, limit=1)] == [2]
        assert [found.id for found in await threads.list_threads(connection, owner="key_1", words="100% ORGANIC")] == [thread.id]
        assert await threads.list_threads(connection, words="100_ organic") == []
        assert await runs.list_runs(connection) == []
        assert await threads.get_thread(connection, thread.id, owner="key_2") is None
        assert await threads.delete(connection, thread) == 1
        assert await runs.get_run(connection, run.id) is None
        assert await messages.of_thread(connection, thread.id) == []


async def test_a_preference_is_kept_once_and_forgotten(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        kept = await preferences.remember(connection, client.id, "Short answers", said_by="key_1")
        assert kept is not None
        assert await preferences.remember(connection, client.id, "short answers", said_by="key_2") == kept
        assert await preferences.of_client(connection, client.id) == [kept]
        assert not await preferences.forget(connection, "cl_other", kept.id)
        assert await preferences.forget(connection, client.id, kept.id)
        assert await preferences.of_client(connection, client.id) == []
