"""Erasure end to end: a person planted in every place is in no byte of the facts and in no column of the database afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from psycopg import sql

from api.importing import bring_in
from graphs import erasing, experimenting
from graphs.erasing import RunUnderWay, erase
from graphs.experiment_plan import read_plan
from graphs.replay import NotReplayable, replay
from graphs.run_tool import ToolCall, run_tool
from graphs.services import Services
from grounding.evidence import Evidence, Input, Locale
from grounding.ids import new_id
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import (
    audit,
    checkpoints,
    clients,
    deliverables,
    documents,
    erasures,
    events,
    evidence,
    experiments,
    forgetting,
    idempotency,
    imports,
    messages,
    preferences,
    runs,
    step_results,
    threads,
)
from store.clients import Client
from store.database import Database
from store.embedded import Urls
from store.importing.suggesting import suggest
from store.importing.tables import import_table
from store.locks import run_lock
from store.settings import StoreSettings
from store.step_results import StepResult
from store.workspaces import Workspace
from tests.graphs.experiment_plans import PLAN

ON = date(2026, 11, 21)
WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)
ZOE = {"id": "ct_q7x9k2", "email": "zoe.quillwort@post.example", "phone": "+27 83 911 0477", "name": "Zoe Quillwort"}
SAID = f"Zoe Quillwort ({ZOE['email'].upper()}, {ZOE['id']}, 27839110477) came back"
WORDS = (*ZOE.values(), "27839110477", "quillwort", "zoe%2equillwort")
"""Looked for in small letters."""


@pytest.fixture
def services(database: Database, store_settings: StoreSettings) -> Services:
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


@pytest_asyncio.fixture(loop_scope="session")
async def planted(services: Services, workspace: Workspace, client: Client, tmp_path: Path) -> dict[str, Any]:
    """The person in every place, and beside them records that have nothing to do with them."""
    root, home = services.store.facts_root, services.store.home

    def add(name: str, rows: dict[str, list[Any]]) -> None:
        import_table(root, workspace.id, client, name, pa.table(rows))

    add("ad_metrics", {
        "day": [date(2026, 1, 1)], "channel": ["meta"], "campaign": ["spring"], "spend": [100], "currency": ["ZAR"],
    })  # fmt: skip
    add("contacts", {"contact_id": ["ct_other1"], "email": ["ben@post.example"], "created_at": [WHEN]})
    before = await run_tool(services, ToolCall("describe_data", {"as_of": ON.isoformat()}, workspace.id, client))
    add("contacts", {
        "contact_id": [ZOE["id"]], "email": [ZOE["email"]], "phone": [ZOE["phone"]], "first_name": ["Zoe"], "last_name": ["Quillwort"],
        "created_at": [WHEN],
    })  # fmt: skip
    add("surveys", {
        "survey_id": ["s1"], "contact_id": ["ct_other1"], "kind": ["nps"], "score": [9], "at": [WHEN], "comment": [f"{SAID}."],
    })  # fmt: skip
    orders = tmp_path / "orders of zoe.quillwort@post.example.csv"
    orders.write_text(f"order_id,contact_id,at,amount\no1,{ZOE['id']},2026-01-01,10\no2,ct_other1,2026-01-01,20\n{ZOE['id']},,x,y\n")
    suggestion = suggest(orders, "orders")
    logged, _ = await bring_in(
        services.database, services.store, workspace.id, client, orders, suggestion, file_name=orders.name, actor="t"
    )
    read = await run_tool(services, ToolCall("describe_data", {"as_of": ON.isoformat()}, workspace.id, client))
    upload = home / "uploads" / f"left-{workspace.id}.csv"
    upload.parent.mkdir(exist_ok=True)
    upload.write_text(SAID)
    os.utime(upload, (time.time() - 7200,) * 2)
    held: dict[str, Any] = {"before": before.id, "read": read.id, "upload": upload, "import": logged}
    async with services.database.transaction(workspace.id) as connection:
        await connection.execute("UPDATE clients SET profile = %s WHERE id = %s", (psycopg.types.json.Jsonb({"note": SAID}), client.id))
        await documents.add_document(
            connection, client.id, f"Call with {ZOE['name']}", "note", f"{SAID} and asked for a colour.", f"{ZOE['email']}.eml", ON,
            embedder=services.embedder,
        )  # fmt: skip
        untouched = await documents.add_document(
            connection, client.id, "Voice", "brand", "Warm and plain.", "voice.md", None, embedder=services.embedder
        )
        for status in ("succeeded", "waiting", "queued"):
            run = await runs.create_run(connection, client.id, "strategy", f"R15 000 a month, email {ZOE['email']}", as_of=ON)
            await events.append(connection, run.id, "tool_call", {"tool": "x", "arguments": {"who": [SAID], ZOE["id"]: 1}})
            if status != "queued":
                await runs.set_status(connection, run.id, "running")
                await runs.set_status(connection, run.id, status, error=f"asked {ZOE['email']}")  # type: ignore[arg-type]
                await step_results.keep(connection, run.id, 3, StepResult("draft", {"messages": [SAID]}))
            held[status] = run
        ended = held["succeeded"]
        table = {"title": "Top", "columns": [], "rows": [[ZOE["id"], 3]]}
        record = Evidence(
            id=new_id("ev"), tool="score_leads", version=1, request={"contact": ZOE["email"]}, created_at=WHEN,
            inputs=(Input(path="rate", kind="quote", ref=SAID),),
            result={"table": table, "figures": [], "findings": [f"{{{{E1.leads.{ZOE['id']}.score}}}}"]},
        )  # fmt: skip
        await evidence.add(connection, client.id, ended.id, record)
        made = await deliverables.add(
            connection, run_id=ended.id, client_id=client.id, kind="strategy", title=f"Plan for {ZOE['name']}", status="published",
            content={"opening": f"{SAID} {{{{E1.leads.{ZOE['id']}.score}}}}"},
            markdown=f"{SAID} [12](evidence:E1.leads.{ZOE['id']}.score) mailto:zoe%2Equillwort%40post.example",
            verdict={"numerals": [{"sentence": SAID}]}, evidence_aliases={"E1": record.id}, model={"note": SAID}, prompt={"note": SAID},
        )  # fmt: skip
        held |= {"record": record.id, "deliverable": made.id, "document": untouched}
        drafted = read_plan({**PLAN, "name": f"for {ZOE['email']}", "hypothesis": SAID})
        test = await experimenting.create(connection, client, drafted, actor="key_1")
        held["experiment"] = await experimenting.start(connection, test.id, actor="key_1", reason=SAID)
        await experimenting.complete(connection, test.id, decision="inconclusive", actor="key_1", reason=SAID)
        thread = await threads.create_thread(connection, "key_1", client_id=client.id, title=SAID, door_id=ZOE["email"])
        await threads.set_summary(connection, thread.id, SAID, 1)
        await messages.add(connection, thread.id, "user", SAID)
        await preferences.remember(connection, client.id, f"write to {ZOE['email']}", said_by="key_1")
        await imports.remember_mapping(connection, client.id, ["a"], "orders", {"columns": [{"constant": ZOE["email"]}]}, "key_1")
        await idempotency.claim(connection, "answered", b"x" * 32)
        await idempotency.answer(connection, "answered", 202, {"brief": SAID})
        await idempotency.claim(connection, f"mail-{ZOE['email']}", b"y" * 32)
        await audit.note(connection, f"mail:{ZOE['email']}", "task.create", ZOE["id"], {"client": client.slug, "said": [ZOE["phone"]]})
    async with checkpoints.checkpointer(services.database, workspace.id) as saver:
        for status in ("succeeded", "waiting"):
            config: Any = {"configurable": {"thread_id": held[status].thread_id, "checkpoint_ns": ""}}
            values = {"messages": [{"content": SAID}], "brief": SAID}
            checkpoint: Any = {
                "v": 4, "id": "1", "ts": "", "channel_values": values, "versions_seen": {},
                "channel_versions": {"messages": "1", "brief": "1"},
            }  # fmt: skip
            saved = await saver.aput(config, checkpoint, {}, {"messages": "1", "brief": "1"})
            await saver.aput_writes(saved, [("messages", [SAID])], "task")
    return held


def in_files(folder: Path) -> set[str]:
    """Files under a folder that hold the person: in their bytes, or in the values or the footer of a Parquet file."""

    def texts(file: Path) -> Iterator[str]:
        yield file.read_bytes().decode("latin-1")
        if file.suffix == ".parquet":
            yield str(pq.read_table(file).to_pylist())
            metadata = pq.read_metadata(file)
            yield str([metadata.row_group(group).to_dict() for group in range(metadata.num_row_groups)])

    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)) for file in files for text in texts(file) for word in WORDS if word.lower() in text.lower()}


def in_database(urls: Urls) -> set[str]:
    """Columns of the whole database that hold the person, by `table.column`: all there are, as the catalogue says."""
    found = set()
    with psycopg.connect(urls.superuser) as connection:
        columns = connection.execute(
            """SELECT c.relname, a.attname, a.atttypid = 'bytea'::regtype FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
                WHERE c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
                  AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'information_schema')"""
        ).fetchall()
        assert len(columns) > 150
        for table, column, is_bytes in columns:
            text = sql.SQL("encode({}, 'escape')" if is_bytes else "{}::text").format(sql.Identifier(column))
            statement = sql.SQL("SELECT 1 FROM {} WHERE lower({}) LIKE ANY(%s) LIMIT 1").format(sql.Identifier(table), text)
            if connection.execute(statement, ([f"%{word.lower()}%" for word in WORDS],)).fetchone():
                found.add(f"{table}.{column}")
    return found


PLANTED = {
    "clients.profile", "documents.title", "documents.text", "documents.source", "chunks.title", "chunks.text", "chunks.search",
    "runs.brief",
    "runs.error", "run_events.payload", "step_results.change", "evidence.record", "deliverables.title", "deliverables.content",
    "deliverables.markdown", "deliverables.verdict", "deliverables.model", "deliverables.prompt", "threads.title",
    "threads.summary", "threads.door_id", "messages.text", "preferences.text", "imports.file_name",
    "import_mappings.mapping", "idempotency_keys.key", "idempotency_keys.response", "audit_log.actor", "audit_log.subject",
    "experiments.name", "experiments.plan", "experiments.requests", "experiments.registered", "experiments.outcome",
    "experiment_changes.reason",
    "audit_log.detail", "checkpoint_blobs.blob", "checkpoint_writes.blob",
}  # fmt: skip


@pytest.mark.parametrize("person", [ZOE["id"], ZOE["email"]])
async def test_no_byte_and_no_column_holds_an_erased_person(
    services: Services, workspace: Workspace, client: Client, planted: dict[str, Any], urls: Urls, person: str
) -> None:
    facts = services.store.facts_root / workspace.id
    assert in_database(urls) >= PLANTED
    assert {Path(name).parts[1] for name in in_files(facts)} >= {"contacts", "orders", "surveys", "_rejects"}
    done = await erase(services, workspace.id, client, person, on=ON, actor="t")
    assert in_database(urls) == set()
    assert in_files(facts) == set()
    assert not planted["upload"].exists()
    assert not any(word.lower() in str(done).lower() for word in WORDS)
    assert done.report.rows == {"contacts": 1, "orders": 1, "surveys": 0}
    assert set(done.records) == {column.split(".")[0] for column in PLANTED} - {
        "chunks", "step_results", "checkpoint_blobs", "checkpoint_writes"
    }  # fmt: skip
    assert done.not_ours == ("orders of [erased].csv",)
    async with services.database.transaction(workspace.id) as connection:
        [logged] = await erasures.list_erasures(connection, client.id)
        assert (logged.id, logged.detail["records"]) == (done.id, done.records)
        entries = await audit.list_entries(connection)
        assert {"audit.erase", "person.erase"} <= {entry.action for entry in entries}


async def test_what_stays_is_still_of_use(services: Services, workspace: Workspace, client: Client, planted: dict[str, Any]) -> None:
    done = await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
    async with services.database.transaction(workspace.id) as connection:
        found = await documents.search(connection, client.id, "asked for a colour", embedder=services.embedder)
        assert found[0].text == "[erased] ([erased], [erased], [erased]) came back and asked for a colour."
        assert planted["document"] in await documents.list_documents(connection, client.id)
        test = await experiments.get(connection, planted["experiment"].id)
        assert test is not None
        assert test.registered is not None
        assert test.hash == experiments.hash_of(test.registered) != planted["experiment"].hash
        made = await deliverables.get(connection, planted["deliverable"])
        assert made is not None
        assert "[12](evidence:E1.leads.[erased].score) mailto:[erased]" in made.markdown
        assert made.content_hash == deliverables.hash_of(made.content, made.markdown)
        named = await evidence.get(connection, planted["record"])
        assert named is not None
        assert named.evidence.result["table"]["rows"] == [["[erased]", 3]]
        assert named.evidence.not_replayable_reason == "erased 2026-11-21"
        state = {status: await runs.get_run(connection, planted[status].id) for status in ("succeeded", "waiting", "queued")}
    assert {status: run and run.status for status, run in state.items()} == {
        "succeeded": "succeeded", "waiting": "cancelled", "queued": "queued",
    }  # fmt: skip
    assert state["waiting"] is not None
    assert state["waiting"].error == erasing.STOPPED
    assert done.runs_stopped == (planted["waiting"].id,)
    assert state["queued"] is not None
    assert state["queued"].brief == "R15 000 a month, email [erased]"


async def test_records_on_versions_without_the_person_can_still_be_replayed(
    services: Services, workspace: Workspace, client: Client, planted: dict[str, Any]
) -> None:
    done = await erase(services, workspace.id, client, ZOE["email"], on=ON, actor="t")
    assert done.records_marked == 1
    assert (await replay(services, workspace.id, planted["before"])).equal
    with pytest.raises(NotReplayable, match="not replayable: erased 2026-11-21"):
        await replay(services, workspace.id, planted["read"])


async def test_an_erasure_that_broke_off_is_finished_by_the_next(
    services: Services, workspace: Workspace, client: Client, planted: dict[str, Any], urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "unreadable", killed)
        with pytest.raises(KeyboardInterrupt):
            await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
    done = await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
    assert done.records_marked == 1
    assert in_database(urls) == set()
    assert in_files(services.store.facts_root / workspace.id) == set()


async def test_a_run_at_work_is_stopped_before_anything_is_erased(
    services: Services, workspace: Workspace, client: Client, planted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services.database.transaction(workspace.id) as connection:
        await runs.set_status(connection, planted["queued"].id, "running")
    async with run_lock(services.database, planted["queued"].id) as ours:
        assert ours
        monkeypatch.setattr(erasing, "PATIENCE", 0.5)
        with pytest.raises(RunUnderWay, match=planted["queued"].id):
            await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
        async with services.database.transaction(workspace.id) as connection:
            asked = await runs.get_run(connection, planted["queued"].id)
        assert asked is not None
        assert asked.cancel_requested
        assert in_files(services.store.facts_root / workspace.id)
    done = await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
    assert planted["queued"].id in done.runs_stopped


async def test_another_client_keeps_its_records(services: Services, workspace: Workspace, client: Client, planted: dict[str, Any]) -> None:
    async with services.database.transaction(workspace.id) as connection:
        other = await clients.create_client(connection, "gym", "Gym (simulated)", Locale(), {})
        run = await runs.create_run(connection, other.id, "strategy", f"R15 000 a month, {ZOE['id']}", as_of=ON)
    await erase(services, workspace.id, client, ZOE["id"], on=ON, actor="t")
    async with services.database.transaction(workspace.id) as connection:
        kept = await runs.get_run(connection, run.id)
        assert kept is not None
        assert kept.brief == run.brief
        await connection.execute("DELETE FROM runs WHERE id = %s", (run.id,))


NO_WORDS_OF_PEOPLE = {
    "id", "workspace_id", "client_id", "run_id", "document_id", "deliverable_id", "status", "kind", "tool", "role", "scopes", "prefix",
    "content_hash", "person_hash", "file_hash", "headers_hash", "table_name", "goto", "slug", "locale", "thread_id", "conversation", "turn",
    "state", "hash", "requirement", "act", "target", "approval_id", "before_id", "after_id",
    "schedule_id", "failed_run_id", "experiment_id", "evidence_id", "decision", "layer", "salt", "enrolment",
}  # fmt: skip
ELSEWHERE = {
    "runs.usage", "runs.model",  # scrubbed, listed with the other columns
    "clients.name", "workspaces.name", "api_keys.name", "members.email", "members.name",  # the agency's own people and customers
    "chunks.title", "chunks.text", "chunks.model", "documents.title", "documents.source", "documents.text",  # rewritten, embedded again
    "step_results.change", "idempotency_keys.key", "audit_log.actor", "audit_log.action", "audit_log.subject", "audit_log.detail",
    "run_events.key", "tallies.name", "tallies.label", "model_calls.model",  # ours: a step's number, a verdict, a model
    "imports.actor", "import_mappings.confirmed_by", "erasures.actor", "erasures.detail", "threads.owner",
    "preferences.said_by", "runs.asked_by", "edits.editor", "approval_acts.actor", "approval_policies.changed_by",  # keys and members
    "members.password_hash", "sessions.member_id", "sessions.csrf", "sign_in_links.member_id", "share_links.made_by", "comments.author",
    "schedules.made_by", "schedule_fires.asked_by",  # keys and members
    "schedules.cron", "schedules.zone", "schedules.when_stale", "schedules.when_late",
    "experiment_changes.actor", "experiment_looks.actor", "experiment_layers.name",  # keys, and the agency's name of a layer
}  # fmt: skip


def test_every_column_that_can_hold_words_is_scrubbed_or_known_to_hold_none_of_people(urls: Urls) -> None:
    scrubbed = {f"{place.table}.{column}" for place in forgetting.PLACES for column in (*place.texts, *place.jsons)}
    with psycopg.connect(urls.superuser) as connection:
        tenant = connection.execute(
            """SELECT table_name, column_name FROM information_schema.columns AS c
                WHERE table_schema = 'public' AND data_type IN ('text', 'json', 'jsonb', 'ARRAY')
                  AND EXISTS (SELECT 1 FROM information_schema.columns AS w
                               WHERE w.table_name = c.table_name AND w.column_name = 'workspace_id')"""
        ).fetchall()
    holding = {f"{table}.{column}" for table, column in tenant if column not in NO_WORDS_OF_PEOPLE}
    assert holding - scrubbed - ELSEWHERE == set()
