"""Replay of every record of a workspace: here, in another process, after a restart, after new imports, after an erasure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import pytest_asyncio

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client
from demo.simulate import simulate
from graphs.erasing import erase
from graphs.execute import execute
from graphs.replay import NotReplayable, Replayed, replay, replay_all
from graphs.run_tool import ToolCall, run_tool
from graphs.services import Services
from graphs.tasks import create_task
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import embedded, evidence, runs
from store.clients import Client
from store.database import Database
from store.importing.tables import import_table
from store.migrate import migrate
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Demo:
    """A home of its own with a finished strategy for the salon and for the newcomer."""

    services: Services
    workspace: Workspace
    clients: dict[str, Client]
    tables: dict[str, pa.Table]

    async def outcomes(self) -> list[Replayed]:
        return [record async for record in replay_all(self.services, self.workspace.id)]

    def groundwork(self, *arguments: str) -> tuple[int, str, str]:
        """The command in a process of its own."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "GROUNDWORK_"))}
        environment |= {"GROUNDWORK_HOME": str(self.services.store.home), "GROUNDWORK_WORKSPACE": self.workspace.id}
        command = [sys.executable, "-W", "ignore", "-m", "cli.main", *arguments]
        ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
        return ended.returncode, ended.stdout, ended.stderr


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def demo() -> AsyncIterator[Demo]:
    home = Path(tempfile.mkdtemp(prefix="groundwork-test-")).resolve()
    urls = embedded.start(home, durable=False)
    try:
        migrate(urls.owner, urls.app)
        models = ModelSettings(model="offline")
        database = await Database.open(urls.app)
        services = Services(database, StoreSettings(home=home, database_url=None, migrate_url=None), models, embedder(models))
        async with database.transaction(None) as connection:
            workspace = await create_workspace(connection, "Demo (simulated)")
        known = {}
        for slug in ("salon", "newcomer"):
            known[slug] = await open_client(services, workspace, slug)
            for name, table in simulate(slug).items():
                import_table(services.store.facts_root, workspace.id, known[slug], name, table)
            await finish(services, workspace, slug)
        yield Demo(services, workspace, known, dict(simulate("salon")))
        await database.close()
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


async def finish(services: Services, workspace: Workspace, slug: str) -> None:
    """A strategy from its brief to its end."""

    async def nobody(*_: Any) -> None:
        """The test runs it itself."""

    async with services.database.transaction(workspace.id) as connection:
        run = await create_task(
            connection, workspace.id, client=slug, kind="strategy", brief=CLIENTS[slug].briefs[0], actor="test", enqueue=nobody, as_of=AS_OF
        )
    await execute(services, workspace.id, run.id)
    async with services.database.transaction(workspace.id) as connection:
        ended = await runs.get_run(connection, run.id)
    assert ended is not None
    assert ended.status == "succeeded", ended.error


async def test_every_record_replays_until_its_data_is_erased(demo: Demo) -> None:
    services, salon, root = demo.services, demo.clients["salon"], demo.services.store.facts_root

    here = await demo.outcomes()
    counts = Counter(record.outcome for record in here)
    assert set(counts) == {"equal", "stated"}, [record for record in here if record.outcome not in ("equal", "stated")]
    assert counts["equal"] >= 10

    code, out, err = demo.groundwork("replay", "--all", "--json")
    assert code == 0, out + err
    assert json.loads(out)["counts"] == counts

    embedded.stop(services.store.home)
    embedded.start(services.store.home, durable=False)
    assert await demo.outcomes() == here

    call = ToolCall("summarize_channels", {}, demo.workspace.id, salon)
    old = await run_tool(services, call)
    ads, orders = demo.tables["ad_metrics"], demo.tables["orders"]
    doubled = ads.set_column(ads.column_names.index("spend"), "spend", pc.multiply(ads["spend"], 2))
    import_table(root, demo.workspace.id, salon, "ad_metrics", doubled)
    import_table(root, demo.workspace.id, salon, "orders", orders.slice(0, 50).set_column(
        orders.column_names.index("amount"), "amount", pa.array([1] * 50, pa.int64())
    ))  # fmt: skip
    new = await run_tool(services, ToolCall("summarize_channels", {}, demo.workspace.id, salon))
    spend = {record.id: sum(f.value for f in record.figures if f.key.endswith(".spend")) for record in (old, new)}
    assert spend[new.id] == 2 * spend[old.id] > 0
    assert old.facts["ad_metrics"] < new.facts["ad_metrics"]
    later = await demo.outcomes()
    assert later[: len(here)] == here
    assert [record.outcome for record in later[len(here) :]] == ["equal", "equal"]

    person = demo.tables["orders"]["contact_id"][0].as_py()
    done = await erase(services, demo.workspace.id, salon, person, on=AS_OF, actor="test")
    assert done.records_marked > 0
    after = {record.id: record for record in await demo.outcomes()}
    erased = [record for record in after.values() if record.outcome == "erased"]
    assert len(erased) == done.records_marked
    assert {record.reason for record in erased} == {f"erased {AS_OF.isoformat()}"}
    assert set(Counter(record.outcome for record in after.values())) == {"equal", "erased", "stated"}

    async with services.database.transaction(demo.workspace.id) as connection:
        stored = {identity: await evidence.get(connection, identity) for identity in after}
    for identity, kept in stored.items():
        assert kept is not None
        gone = kept.client_id == salon.id and any(
            version in done.report.versions_removed.get(table, ()) for table, version in kept.evidence.facts.items()
        )
        assert gone == (after[identity].outcome == "erased"), "what read no version that held the person goes on to replay"
        assert kept.evidence.figures or not gone, "the result stays"
    with pytest.raises(NotReplayable, match=f"not replayable: erased {AS_OF.isoformat()}"):
        await replay(services, demo.workspace.id, erased[0].id)
    assert demo.groundwork("replay", erased[0].id)[0] == 3
    code, out, err = demo.groundwork("replay", "--all", "--client", "salon")
    assert code == 0, err
    assert f"{erased[0].id} ({erased[0].tool}) not replayable: erased {AS_OF.isoformat()}" in out
    assert f"{len(erased)} not replayable" in out


async def test_a_changed_result_is_found_among_all(demo: Demo) -> None:
    async with demo.services.database.transaction(demo.workspace.id) as connection:
        await connection.execute(
            """UPDATE evidence SET record = jsonb_set(record, '{result,findings}', '["changed"]')
                WHERE id = (SELECT id FROM evidence WHERE tool = 'design_experiment' AND client_id = %s ORDER BY number LIMIT 1)""",
            (demo.clients["newcomer"].id,),
        )
    code, out, _ = demo.groundwork("replay", "--all", "--client", "newcomer")
    assert (code, out.count(" not equal: ")) == (1, 1)
    assert demo.groundwork("replay")[0] == demo.groundwork("replay", "ev_1", "--all")[0] == 2
