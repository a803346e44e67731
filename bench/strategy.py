"""One offline strategy for the simulated salon: whole run, and what is left when model and tool time are taken off."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client, open_workspace
from demo.simulate import simulate
from graphs.execute import execute
from graphs.services import open_services
from graphs.tasks import create_task
from llm.settings import ModelSettings
from store import embedded, events, runs
from store import evidence as evidence_records
from store.importing.tables import import_table
from store.migrate import migrate
from store.settings import StoreSettings


async def measure(home: Path) -> None:
    """Three runs: the first pays for imports, as a fresh worker's first run does."""
    settings = StoreSettings(home=home, database_url=None, migrate_url=None)
    async with open_services(settings, ModelSettings(model="offline")) as services:
        workspace = await open_workspace(services, settings)
        client = await open_client(services, workspace, "salon")
        for name, table in simulate("salon").items():
            import_table(settings.facts_root, workspace.id, client, name, table)

        async def nobody(*_: Any) -> None:
            """The run is done here."""

        for label in ("first", "second", "third"):
            async with services.database.transaction(workspace.id) as connection:
                asked = {"client": "salon", "kind": "strategy", "brief": CLIENTS["salon"].briefs[0], "as_of": AS_OF}
                run = await create_task(connection, workspace.id, actor="bench", enqueue=nobody, **asked)
            began = time.perf_counter()
            await execute(services, workspace.id, run.id)
            taken = time.perf_counter() - began
            async with services.database.transaction(workspace.id) as connection:
                ended = await runs.get_run(connection, run.id)
                tools = sum(record.duration_ms for record in await evidence_records.of_run(connection, run.id)) / 1000
                steps = sum(event.kind == "step" for event in await events.after(connection, run.id, 0, 1000))
            if ended is None or ended.status != "succeeded":
                raise SystemExit(f"the run did not succeed: {ended}")
            model = ended.usage["latency_ms"] / 1000
            print(
                f"{label} run: {taken:.1f} s in {steps} steps (limit 10 s); tools {tools:.1f} s, model {model:.2f} s, "
                f"beyond them {taken - tools - model:.1f} s (limit 3 s)"
            )


def main() -> None:
    """Measure in a home of its own."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as place:
        home = Path(place)
        urls = embedded.start(home)
        try:
            migrate(urls.owner, urls.app)
            asyncio.run(measure(home))
        finally:
            embedded.stop(home)


if __name__ == "__main__":
    main()
