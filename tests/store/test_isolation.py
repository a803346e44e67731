"""No workspace sees another, whatever SQL the application's role runs. Tables come from the catalogue: a new one has to join."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from grounding.evidence import Evidence, Locale
from grounding.ids import new_id
from jobs.queue import enqueue
from store import (
    approvals,
    audit,
    checkpoints,
    comments,
    deliverables,
    documents,
    edits,
    erasures,
    events,
    evidence,
    experiment_looks,
    experiment_traffic,
    experiments,
    idempotency,
    imports,
    keys,
    ledger,
    members,
    messages,
    policies,
    preferences,
    runs,
    schedule_fires,
    schedules,
    sessions,
    shares,
    step_results,
    threads,
)
from store.clients import create_client
from store.database import Connection, Database
from store.embedded import Urls
from store.migrate import APPEND_ONLY
from store.signature import Signer
from store.step_results import StepResult
from store.workspaces import create_workspace

NOT_TENANTS = {
    "workspace_key": "owner only",
    "schema_parts": "owner only",
    "checkpoint_migrations": "owner only",
    "_yoyo_migration": "names of migrations",
    "_yoyo_log": "names of migrations",
    "_yoyo_version": "a number",
    "yoyo_lock": "a lock",
    "procrastinate_jobs": "ids of workspaces and runs, worth nothing without a signature",
    "procrastinate_events": "job numbers",
    "procrastinate_workers": "worker numbers",
    "procrastinate_periodic_defers": "job numbers",
}


class Letters:
    """A tiny embedder: how often each of four letters occurs."""

    name = "letters"
    dimensions = 4

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [[1.0 + text.count(letter) for letter in "aeiou"[:4]] for text in texts]


def tables_in(urls: Urls) -> list[str]:
    with psycopg.connect(urls.owner) as connection:
        found = connection.execute(
            """SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname"""
        )
        return [row[0] for row in found]


async def fill(database: Database, workspace_id: str) -> None:
    """One row or more in every table of a tenant, through the repositories."""
    async with database.transaction(workspace_id) as connection:
        client = await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
        run = await runs.create_run(connection, client.id, "strategy", "secret brief", as_of=date(2026, 11, 21))
        await enqueue(connection, workspace_id, run.id)
        await events.append(connection, run.id, "step", {})
        await keys.create_key(connection, workspace_id, "k", "owner", [], None)
        await audit.note(connection, "system", "test", run.id)
        record = Evidence(id=new_id("ev"), tool="t", version=1, request={}, result={}, created_at=datetime.now(UTC))
        await evidence.add(connection, client.id, run.id, record)
        made = await deliverables.add(
            connection, run_id=run.id, client_id=client.id, kind="strategy", title="t", status="draft", content={}, markdown="m",
            verdict={}, evidence_aliases={}, model={}, prompt={},
        )  # fmt: skip
        rule = policies.Requirement()
        await policies.replace(connection, client.id, {"*": rule}, actor="key_1")
        asked = await approvals.ask(connection, made, audience={}, cost=[], passages=[], requirement=rule)
        await approvals.note_act(connection, asked.id, actor="key_1", role="owner", act="approve")
        await edits.keep(
            connection, before_id=made.id, after_id=made.id, client_id=client.id, run_id=run.id, kind="strategy", editor="key_1"
        )
        await documents.add_document(connection, client.id, "Voice", "brand", "Warm and plain.", "file", None, embedder=Letters())
        await idempotency.claim(connection, "same key", b"x" * 32)
        thread = await threads.create_thread(connection, "key_1", client_id=client.id)
        await messages.add(connection, thread.id, "user", "How is Meta doing?")
        await preferences.remember(connection, client.id, "short answers", said_by="key_1")
        await imports.remember_mapping(connection, client.id, ["a"], "orders", {}, "key_1")
        await imports.log_import(
            connection, client.id, table_name="orders", file_name="o.csv", file_hash="h", mapping={}, rows_read=1, rows_kept=1,
            rows_rejected=0, duplicates=0, version=0, reject_file=None, actor="key_1",
        )  # fmt: skip
        await erasures.note_erasure(connection, client.id, "p", {}, "key_1")
        await step_results.keep(connection, run.id, 1, StepResult("next", {"a": 1}))
        test = await experiments.create(connection, client.id, "short form", {})
        await experiments.note(connection, test, "created", "key_1")
        await experiment_looks.add(
            connection, test.id, tool="t", evidence_id=record.id, decision="ship", units=1, revision=1, actor="key_1"
        )
        await experiment_traffic.set_holdout(connection, client.id, 500)
        await experiment_traffic.lock_layer(connection, client.id, "checkout")
        planned = {
            "kind": "report", "brief": "b", "cron": "0 7 1 * *", "zone": "UTC", "recipients": [], "when_stale": "run",
            "stale_after_days": 7, "when_late": "wait", "late_after_hours": 24, "retries": 0,
        }  # fmt: skip
        schedule = await schedules.create(connection, client.id, planned, next_at=None, made_by="key_1")
        await schedule_fires.claim(connection, schedule.id, datetime.now(UTC))
        [fire] = await schedule_fires.unsettled(connection)
        await schedule_fires.alert(connection, fire, "stale", "t")
        await schedule_fires.not_started(connection, fire, "skipped", "t")
        await ledger.tally(connection, "drafts", {"clean": 1})
        await ledger.add_call(
            connection,
            client.id,
            {"model": "m", "attempts": 1, "input_tokens": 1, "output_tokens": 1, "cost_micros": 1, "latency_ms": 9e9},
        )
        member = await members.create_member(connection, f"{client.id}@example.org", "A", "owner")
        await sessions.open_session(connection, member.id, hours=1)
        await sessions.make_link(connection, member.id, hours=1)
        await shares.share(connection, made.id, made_by="key_1", days=1)
        await comments.add(connection, made.id, author="key_1", text="Too long.")
    async with checkpoints.checkpointer(database, workspace_id) as saver:
        config: Any = {"configurable": {"thread_id": f"{workspace_id}:run_1", "checkpoint_ns": ""}}
        checkpoint: Any = {"v": 4, "id": "1", "ts": "", "channel_values": {"a": [1]}, "channel_versions": {"a": "1"}, "versions_seen": {}}
        saved = await saver.aput(config, checkpoint, {}, {"a": "1"})
        await saver.aput_writes(saved, [("a", [2])], "task")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(database: Database) -> tuple[str, str]:
    """Two workspaces with rows in every table."""
    ids = []
    for name in ("Agency A (simulated)", "Agency B (simulated)"):
        async with database.transaction(None) as connection:
            ids.append((await create_workspace(connection, name)).id)
        await fill(database, ids[-1])
    return ids[0], ids[1]


async def count(connection: Connection, table: str) -> int:
    row = await (await connection.execute(sql.SQL("SELECT count(*) AS n FROM {}").format(sql.Identifier(table)))).fetchone()
    assert row is not None
    return int(row["n"])


def owner_column(table: str) -> sql.Composed:
    if table.startswith("checkpoint"):
        return sql.SQL("split_part(thread_id, ':', 1)").format()
    return sql.Composed([sql.Identifier("id" if table == "workspaces" else "workspace_id")])


def test_every_table_has_forced_row_level_security_or_a_reason_not_to(urls: Urls) -> None:
    with psycopg.connect(urls.owner) as connection:
        secured = {
            row[0]
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity"
            )
        }
    assert set(tables_in(urls)) - secured == set(NOT_TENANTS)


async def test_each_table_shows_a_workspace_its_own_rows_and_no_others(urls: Urls, database: Database, two: tuple[str, str]) -> None:
    tenants = [table for table in tables_in(urls) if table not in NOT_TENANTS]
    assert len(tenants) >= 19
    for mine in two:
        async with database.transaction(mine) as connection:
            for table in tenants:
                statement = sql.SQL("SELECT DISTINCT {} AS whose FROM {}").format(owner_column(table), sql.Identifier(table))
                rows = await (await connection.execute(statement)).fetchall()
                assert [row["whose"] for row in rows] == [mine], table


@pytest.mark.parametrize("forged", [None, "", "plain", "dot", "other signature", "unsigned", "wildcard"])
async def test_without_a_true_signature_nothing_is_seen(urls: Urls, database: Database, two: tuple[str, str], forged: str | None) -> None:
    victim, attacker = two
    signature = database.signer.sign(attacker).split(".")[1]
    value = {
        None: None, "": "", "plain": victim, "dot": f"{victim}.", "other signature": f"{victim}.{signature}",
        "unsigned": Signer(b"\0" * 32).sign(victim), "wildcard": "%.%",
    }[forged]  # fmt: skip
    async with database.transaction(None) as connection:
        if value is not None:
            await connection.execute("SELECT set_config('groundwork.workspace', %s, false)", (value,))
        for table in tables_in(urls):
            if table not in NOT_TENANTS:
                assert await count(connection, table) == 0, table
        await connection.execute("RESET groundwork.workspace")


async def test_another_workspaces_rows_cannot_be_changed_deleted_or_planted(urls: Urls, database: Database, two: tuple[str, str]) -> None:
    victim, attacker = two
    for table in tables_in(urls):
        if table in NOT_TENANTS:
            continue
        name, whose = sql.Identifier(table), owner_column(table)
        column = sql.Identifier("id" if table == "workspaces" else "thread_id" if table.startswith("checkpoint") else "workspace_id")
        delete = sql.SQL("DELETE FROM {} WHERE {} = %s").format(name, whose)
        change = sql.SQL("UPDATE {} SET {} = {} WHERE {} = %s").format(name, column, column, whose)
        for statement in (delete, change):
            if table in APPEND_ONLY:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    async with database.transaction(attacker) as connection:
                        await connection.execute(statement, (victim,))
                continue
            async with database.transaction(attacker) as connection:
                assert (await connection.execute(statement, (victim,))).rowcount == 0, table
        if table not in ("workspaces", *APPEND_ONLY) and not table.startswith("checkpoint"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation)):
                async with database.transaction(attacker) as connection:
                    await connection.execute(sql.SQL("UPDATE {} SET workspace_id = %s").format(name), (victim,))


async def test_references_across_workspaces_are_refused(database: Database, two: tuple[str, str]) -> None:
    victim, attacker = two
    async with database.transaction(victim) as connection:
        row = await (
            await connection.execute("SELECT c.id AS client, r.id AS run FROM clients AS c JOIN runs AS r ON r.client_id = c.id")
        ).fetchone()
    assert row is not None
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with database.transaction(attacker) as connection:
            await runs.create_run(connection, row["client"], "strategy", "x", as_of=date(2026, 11, 21))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with database.transaction(attacker) as connection:
            await connection.execute("INSERT INTO run_events (run_id, number, kind) VALUES (%s, 99, 'x')", (row["run"],))
    async with database.transaction(attacker) as connection:
        assert await runs.get_run(connection, row["run"]) is None
        assert await runs.request_cancel(connection, row["run"]) is None
        assert await events.after(connection, row["run"], 0) == []
        assert await documents.search(connection, row["client"], "warm", embedder=Letters()) == []
        assert await documents.list_documents(connection, row["client"]) == []


async def test_checkpoints_of_another_workspace_are_neither_read_nor_written(database: Database, two: tuple[str, str]) -> None:
    victim, attacker = two
    config: Any = {"configurable": {"thread_id": f"{victim}:run_1", "checkpoint_ns": ""}}
    async with checkpoints.checkpointer(database, victim) as saver:
        assert await saver.aget_tuple(config) is not None
    async with checkpoints.checkpointer(database, attacker) as saver:
        assert await saver.aget_tuple(config) is None
        assert {found.config["configurable"]["thread_id"] async for found in saver.alist(None)} == {f"{attacker}:run_1"}
        checkpoint: Any = {"v": 4, "id": "2", "ts": "", "channel_values": {}, "channel_versions": {}, "versions_seen": {}}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await saver.aput(config, checkpoint, {}, {})
        await saver.adelete_thread(f"{victim}:run_1")
    async with checkpoints.checkpointer(database, victim) as saver:
        assert await saver.aget_tuple(config) is not None


async def test_the_workspace_does_not_outlive_its_transaction(database: Database, two: tuple[str, str]) -> None:
    async def look(workspace_id: str | None) -> None:
        async with database.transaction(workspace_id) as connection:
            row = await (await connection.execute("SELECT groundwork_workspace() AS seen")).fetchone()
            assert row is not None
            assert row["seen"] == workspace_id

    for _ in range(5):
        await asyncio.gather(*(look(workspace_id) for workspace_id in (*two, None) * 4))


def test_the_applications_role_has_no_powers(urls: Urls) -> None:
    with psycopg.connect(urls.app) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False, False)
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone()
        member = connection.execute("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole").fetchone()
        assert (owned, member) == ((0,), (0,))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (a int)",
        "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
        "CREATE OR REPLACE FUNCTION groundwork_workspace() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
        "ALTER TABLE runs DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE runs NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_workspace ON runs",
        "CREATE POLICY mine ON runs USING (true)",
        "SELECT key FROM workspace_key",
        "UPDATE workspace_key SET key = key",
        "SET ROLE groundwork_owner",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY runs TO PROGRAM 'cat'",
        "SELECT * FROM pg_authid",
        "TRUNCATE runs",
        "UPDATE _yoyo_migration SET migration_id = 'x'",
        "ALTER ROLE groundwork_app BYPASSRLS",
    ],
)
def test_the_applications_role_cannot(urls: Urls, statement: str) -> None:
    with (
        psycopg.connect(urls.app) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)),
    ):
        connection.execute(statement)


def test_turning_row_security_off_is_an_error_not_a_way_round(urls: Urls) -> None:
    with psycopg.connect(urls.app) as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("SELECT * FROM runs")


def test_a_temporary_table_does_not_stand_in_for_the_key(urls: Urls, two: tuple[str, str]) -> None:
    key = b"\1" * 32
    with psycopg.connect(urls.app) as connection:
        connection.execute("CREATE TEMP TABLE workspace_key (only_one boolean, key bytea)")
        connection.execute("INSERT INTO workspace_key VALUES (true, %s)", (key,))
        connection.execute("GRANT SELECT ON workspace_key TO PUBLIC")
        connection.execute("SET search_path = pg_temp, public")
        connection.execute("SELECT set_config('groundwork.workspace', %s, false)", (Signer(key).sign(two[0]),))
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)


def test_functions_that_run_as_the_owner_are_the_known_ones_with_a_pinned_path(urls: Urls) -> None:
    with psycopg.connect(urls.owner) as connection:
        found = connection.execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef ORDER BY proname").fetchall()
    names = "counts due erase_from_audit find_key find_member find_session find_share overdue scheduled sign_in_link workspace"
    assert [name.removeprefix("groundwork_") for name, _ in found] == names.split()
    assert all(config == ["search_path=pg_catalog, public, pg_temp"] for _, config in found)


def test_passwords_are_needed(urls: Urls) -> None:
    for url in (urls.app, urls.owner, urls.superuser):
        bare = psycopg.conninfo.conninfo_to_dict(url)
        bare["password"] = "guess"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**bare)  # type: ignore[arg-type]
