"""`groundwork demo`: from a simulated client's exports to a verified strategy, every part real."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.writing import charts_of, full, written
from cli.output import as_json as to_json
from cli.steps import in_words
from demo.clients import CLIENTS
from demo.exports import write_exports
from demo.house import open_client, open_workspace
from graphs.services import Services, open_services
from graphs.tasks import create_task
from jobs.queue import enqueue
from store import deliverables, embedded, events, queue, runs
from store.clients import Client
from store.importing.importing import import_file
from store.importing.suggesting import suggest
from store.migrate import migrate
from store.settings import StoreSettings
from store.workspaces import Workspace

SHOWN = ("salon", "newcomer", "fitness")
"""The clients whose data the demo imports; it writes a strategy for the first."""

WORKER_SECONDS = 30.0
RUN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demo ends with."""

    deliverable: str
    run: str
    status: str
    verified: int
    exempt: int
    files: dict[str, str]
    seconds: float
    model: dict[str, Any]


def main(*, as_json: bool = False) -> int:
    """Run the demo. Exit code 0 when the strategy was published, 1 when it needs a person or failed."""
    began = time.monotonic()
    settings = StoreSettings()
    say = _quiet if as_json else _say
    with _database(settings, say):
        outcome = asyncio.run(_demo(settings, say, began))
    if as_json:
        print(to_json(outcome))
    return 0 if outcome.status == "published" else 1


async def _demo(settings: StoreSettings, say: Any, began: float) -> Outcome:
    async with open_services(settings, name="groundwork demo") as services:
        workspace = await open_workspace(services, settings)
        clients = {slug: await open_client(services, workspace, slug) for slug in SHOWN}
        say("\nExports as each client's tools write them, imported as anybody's:")
        folders = {slug: settings.home / "demo" / slug / "exports" for slug in SHOWN}
        await asyncio.gather(*(asyncio.to_thread(_import, services, workspace, clients[slug], folders[slug], say) for slug in SHOWN))
        brief = CLIENTS[SHOWN[0]].briefs[0]
        say(f"\nTask: strategy for {SHOWN[0]}, {brief!r}")
        with _worker(settings, await _workers(services), say):
            run = await _follow(services, workspace, await _task(services, workspace, clients[SHOWN[0]], brief), say)
        return await _finish(services, workspace, clients[SHOWN[0]], run, settings.home / "demo" / SHOWN[0], say, began)


def _import(services: Services, workspace: Workspace, client: Client, folder: Path, say: Any) -> None:
    """Write the exports once, then import each with the mapping that is suggested, as `groundwork import --yes` does."""
    if not (folder / "manifest.json").exists():
        write_exports(client.slug, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        path = folder / file["path"]
        suggestion = suggest(path)
        report = import_file(services.store.facts_root, workspace.id, client, path, table=suggestion.table, mapping=suggestion.mapping)
        kept = "already imported" if report.already_imported else f"{report.rows_kept} rows kept, {report.rows_rejected} rejected"
        say(f"  {client.slug:<9} {path.name:<34} {suggestion.label:<34} -> {report.table}: {kept}")


async def _task(services: Services, workspace: Workspace, client: Client, brief: str) -> str:
    """The demo's run: the one that was made before from the same brief and succeeded, or a new one."""
    async with services.database.transaction(workspace.id) as connection:
        for run in await runs.list_runs(connection, client_id=client.id):
            if run.brief == brief and run.kind == "strategy" and run.status == "succeeded":
                return run.id
        run = await create_task(connection, workspace.id, client=client.slug, kind="strategy", brief=brief, actor="demo", enqueue=enqueue)
        return run.id


async def _workers(services: Services) -> int:
    async with services.database.transaction(None) as connection:
        return await queue.live_workers(connection)


async def _follow(services: Services, workspace: Workspace, run_id: str, say: Any) -> runs.Run:
    """Show the run's steps until it ends."""
    number, deadline = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        async with services.database.transaction(workspace.id) as connection:
            run = await runs.get_run(connection, run_id)
            for event in await events.after(connection, run_id, number):
                number = event.number
                if event.kind != "usage":
                    say(f"  {in_words(event)}")
        assert run is not None
        if run.finished_at is not None:
            return run
        await asyncio.sleep(0.1)
    raise SystemExit(f"the run {run_id} did not end within {RUN_SECONDS:.0f} s; `groundwork task show {run_id}` tells how it goes")


async def _finish(services: Services, workspace: Workspace, client: Client, run: runs.Run, folder: Path, say: Any, began: float) -> Outcome:
    async with services.database.transaction(workspace.id) as connection:
        made = await deliverables.get(connection, run.deliverable_id) if run.deliverable_id else None
        if made is None:
            raise SystemExit(f"the run ended as {run.status}: {run.error}")
        charts = await charts_of(connection, made)
    files = {kind: str(folder / f"strategy.{kind}") for kind in ("md", "html", "pdf", "json")}
    for kind, path in files.items():
        body = to_json(full(made, client.slug)).encode() if kind == "json" else written(made, kind, charts, language=client.locale.language)
        Path(path).write_bytes(body)
    counts = [numeral["verdict"] for numeral in made.verdict.get("numerals", ())]
    outcome = Outcome(
        deliverable=made.id,
        run=run.id,
        status=made.status,
        verified=counts.count("VERIFIED"),
        exempt=counts.count("EXEMPT"),
        files=files,
        seconds=round(time.monotonic() - began, 1),
        model=made.model,
    )
    _summary(made, outcome, say)
    return outcome


def _summary(made: deliverables.Deliverable, outcome: Outcome, say: Any) -> None:
    from grounding.formats.markdown import to_markdown

    text = to_markdown(made.markdown)
    head = text.split("\n## ", 2)
    say("\n" + "\n## ".join(head[:2]).strip())
    if not made.model.get("is_llm"):
        say(f"\n(written by {made.model['name']}: rules, not a language model; every brand in this demo is simulated)")
    say(f"\n{outcome.verified} figures verified against their tool runs, {outcome.exempt} exempt (dates and the like); {made.status}")
    for path in outcome.files.values():
        say(f"  {path}")
    say("\nLook around:")
    say("  make serve                                       the pages, the API and a worker; it prints a link that signs you in")
    say("  groundwork key create demo --role owner          a key for programs; http://127.0.0.1:8000/api/v1/openapi.json")
    say(f"  groundwork deliverable show {outcome.deliverable}")
    say("  groundwork task run strategy --client newcomer --brief " + json.dumps(CLIENTS["newcomer"].briefs[0]))
    say(f"\nDone in {outcome.seconds} s.")


@contextmanager
def _database(settings: StoreSettings, say: Any) -> Iterator[None]:
    """The database of the settings, migrated; the embedded one is stopped again if it did not run before."""
    if not settings.embedded:
        migrate(settings.owner_url, settings.app_url)
        yield
        return
    ran = embedded.status(settings.home).running
    say(f"{'Using' if ran else 'Starting'} the embedded Postgres under {settings.home}")
    urls = embedded.start(settings.home)
    try:
        migrate(urls.owner, urls.app)
        yield
    finally:
        if not ran:
            embedded.stop(settings.home)


@contextmanager
def _worker(settings: StoreSettings, alive: int, say: Any) -> Iterator[None]:
    """A worker process of our own beside us, unless one is at work already."""
    if alive:
        yield
        return
    log = settings.home / "demo" / "worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GROUNDWORK_HOME": str(settings.home)}
    with log.open("ab") as output:
        worker = subprocess.Popen([sys.executable, "-m", "cli.main", "worker"], stdout=output, stderr=output, env=environment)
        say(f"  a worker process takes it up (its log: {log})")
        try:
            yield
        finally:
            worker.terminate()
            try:
                worker.wait(WORKER_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()


def _say(text: str) -> None:
    print(text, flush=True)


def _quiet(text: str) -> None:
    """With --json, standard output is for programs: the steps go to standard error."""
    print(text, file=sys.stderr, flush=True)
