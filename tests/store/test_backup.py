"""Backup and restore: one moment of records and facts, whole in a fresh home, where evidence replays equal."""

from __future__ import annotations

import asyncio
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client
from demo.simulate import simulate
from graphs.execute import execute
from graphs.replay import replay
from graphs.services import Services, open_services
from graphs.tasks import create_task
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import deliverables, embedded, events, evidence, runs
from store.backup import back_up, restore
from store.database import Database
from store.errors import StoreError
from store.importing.tables import import_table
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace

MODELS = ModelSettings(model="offline")


@pytest.fixture
def fresh() -> Iterator[StoreSettings]:
    home = Path(tempfile.mkdtemp(prefix="groundwork-test-")).resolve()
    yield StoreSettings(home=home, database_url=None, migrate_url=None)
    embedded.stop(home)
    shutil.rmtree(home, ignore_errors=True)


async def start(services: Services, workspace: Workspace) -> str:
    async def nobody(*_: object) -> None:
        """The test runs it itself."""

    async with services.database.transaction(workspace.id) as connection:
        run = await create_task(
            connection, workspace.id, client="newcomer", kind="strategy", brief=CLIENTS["newcomer"].briefs[0], actor="test",
            enqueue=nobody, as_of=AS_OF,
        )  # fmt: skip
    return run.id


@pytest.fixture
async def house(database: Database, store_settings: StoreSettings) -> tuple[Services, Workspace, str]:
    """A workspace with a finished run over imported facts."""
    services = Services(database, store_settings, MODELS, embedder(MODELS))
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Saved (simulated)")
    client = await open_client(services, workspace, "newcomer")
    for name, table in simulate("newcomer").items():
        import_table(store_settings.facts_root, workspace.id, client, name, table)
    run_id = await start(services, workspace)
    await execute(services, workspace.id, run_id)
    return services, workspace, run_id


def rows(url: str) -> dict[str, int]:
    """Table to number of rows, as the superuser sees them."""
    with psycopg.connect(url) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        ]
        return {name: connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()[0] for name in names}  # type: ignore[index]


async def test_a_backup_is_restored_whole_and_its_evidence_replays_equal(house, urls, fresh, tmp_path, monkeypatch):
    services, workspace, run_id = house
    half = await start(services, workspace)

    async def dies(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the worker dies here (on purpose)")

    monkeypatch.setattr("graphs.deliverable.complete", dies)
    with pytest.raises(psycopg.OperationalError):
        await execute(services, workspace.id, half)
    monkeypatch.undo()
    before = rows(urls.superuser)
    manifest = await asyncio.to_thread(back_up, services.store, tmp_path / "all.tar")
    assert stat.S_IMODE((tmp_path / "all.tar").stat().st_mode) == 0o600
    assert manifest.facts
    await execute(services, workspace.id, half)  # the original goes on; the copy does not know

    await asyncio.to_thread(restore, fresh, tmp_path / "all.tar")
    assert rows(embedded.urls(fresh.home).superuser) == before
    async with open_services(fresh, MODELS) as copy:
        async with copy.database.transaction(workspace.id) as connection:
            run = await runs.get_run(connection, run_id)
            records = await evidence.of_run(connection, run_id)
            [made] = await deliverables.list_(connection, run_id=run_id)
            log = await events.after(connection, run_id, 0, 1000)
        async with services.database.transaction(workspace.id) as connection:
            assert run == await runs.get_run(connection, run_id)
            assert [made] == await deliverables.list_(connection, run_id=run_id)
            assert log == await events.after(connection, run_id, 0, 1000)
        computed = [record for record in records if record.tool not in ("brief", "profile", "assume")]
        assert sum(bool(record.facts) for record in computed) >= 3
        for record in computed:
            assert (await replay(copy, workspace.id, record.id)).equal, record.tool
        async with copy.database.transaction(None) as connection:
            row = await (await connection.execute("SELECT count(*) AS n FROM runs")).fetchone()
        assert row == {"n": 0}  # row-level security came along
        await execute(copy, workspace.id, half)  # what was under way goes on from its last step
        async with copy.database.transaction(workspace.id) as connection:
            finished = await runs.get_run(connection, half)
            went = [event.number for event in await events.after(connection, half, 0, 1000)]
        assert finished is not None
        assert (finished.status, went) == ("succeeded", list(range(1, len(went) + 1)))

    with pytest.raises(StoreError, match="fresh home"):
        restore(fresh, tmp_path / "all.tar")


async def test_a_backup_under_writing_holds_the_facts_of_its_records(house, urls, fresh, tmp_path):
    services, workspace, _ = house
    async with services.database.transaction(workspace.id) as connection:
        client = await open_client(services, workspace, "newcomer")
    tables = simulate("newcomer")
    going = True

    def write() -> None:
        while going:
            import_table(services.store.facts_root, workspace.id, client, "ad_metrics", tables["ad_metrics"])

    async def work() -> None:
        while going:
            await execute(services, workspace.id, await start(services, workspace))

    tasks = [asyncio.create_task(asyncio.to_thread(write)), asyncio.create_task(work())]
    try:
        await asyncio.sleep(2)
        manifest = await asyncio.to_thread(back_up, services.store, tmp_path / "all.tar")
    finally:
        going = False
        await asyncio.gather(*tasks)
    assert manifest.facts[f"{workspace.id}/{client.id}/ad_metrics"] > 0
    await asyncio.to_thread(restore, fresh, tmp_path / "all.tar")
    async with open_services(fresh, MODELS) as copy:
        async with copy.database.transaction(workspace.id) as connection:
            ids = await evidence.list_ids(connection)
            read = [record for each in ids if (record := await evidence.get(connection, each)) and record.evidence.facts]
        assert read
        newest = max(read, key=lambda record: max(record.evidence.facts.values()))
        assert (await replay(copy, workspace.id, newest.evidence.id)).equal


def test_a_damaged_file_or_another_is_refused_and_leaves_nothing(store_settings, urls, fresh, tmp_path):
    good = tmp_path / "good.tar"
    back_up(store_settings, good)
    with pytest.raises(StoreError, match="there already"):
        back_up(store_settings, good)
    damaged = tmp_path / "damaged.tar"
    content = bytearray(good.read_bytes())
    with tarfile.open(good) as tar:
        content[tar.getmember("postgres.dump").offset_data + 5000] ^= 1
    damaged.write_bytes(content)
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.add(good, arcname="x")
    for file, said in ((damaged, "postgres.dump is not what was saved"), (other, "no backup"), (tmp_path / "none.tar", "no file")):
        with pytest.raises(StoreError, match=said):
            restore(fresh, file)
    assert not (fresh.facts_root.exists() and any(fresh.facts_root.iterdir()))
    assert [path.name for path in fresh.home.iterdir() if path.name.startswith(".restore")] == []
    restore(fresh, good)
