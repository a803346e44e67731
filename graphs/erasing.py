"""Erase a person everywhere at once: facts, documents, runs, evidence, deliverables and logs, and keep them out of later imports."""

from __future__ import annotations

import asyncio
import shutil
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

from graphs.execute import stop
from graphs.services import Services
from store import audit, checkpoints, erasures, evidence, forgetting, imports, runs, step_results, suppression
from store.clients import Client
from store.delta import client_folder, write_lock
from store.erase import ErasureReport, erase_person, foresee_person, unreadable
from store.erase import Foreseen as FactsForeseen
from store.mentions import Mentions
from store.person import who_is
from tools.contract import ToolRefusal

STOPPED = "a person in its data was erased: start it again"
PATIENCE = 90.0
"""Seconds that a run under way has to come to the end of its step: one model call, mostly."""
LEFT_OVER = {"uploads/*": 3600.0, ".backup-*": 86_400.0}
"""Under the home, what a killed process leaves with people in it, and the seconds after which nobody is at work on it any more."""


class RunUnderWay(ToolRefusal):
    """A run did not stop in time; it may hold the person and write them again."""

    kind = "conflict"


class Foreseen(NamedTuple):
    """What an erasure would do. It names the person, for whoever has to tell them from others."""

    facts: FactsForeseen
    records: dict[str, int]
    """Rows of the database that name the person, by table."""

    @property
    def found(self) -> bool:
        """Whether anything of the client's knows the person."""
        return self.facts.found or bool(self.records)


class Erased(NamedTuple):
    """What an erasure did. It does not name the person."""

    id: str
    report: ErasureReport
    records: dict[str, int]
    """Rows of the database that named the person, by table; now they say `[erased]`."""
    checkpoints: int
    records_marked: int
    """Evidence records that can no longer be replayed."""
    runs_stopped: tuple[str, ...]
    not_ours: tuple[str, ...]
    """Files that were imported: the person may stand in them, and they are not in our hands."""


async def foresee(services: Services, workspace_id: str, client: Client, person: str) -> Foreseen:
    """What `erase` would do. Changes nothing. Raises ToolInputError for nobody."""
    root = services.store.facts_root
    mentions = Mentions(await asyncio.to_thread(who_is, root, workspace_id, client, person))
    facts = await asyncio.to_thread(foresee_person, root, workspace_id, client, person)
    async with services.database.transaction(workspace_id) as connection:
        return Foreseen(facts, await forgetting.named_in(connection, client.id, mentions))


async def erase(services: Services, workspace_id: str, client: Client, person: str, *, on: date, actor: str) -> Erased:
    """Erase whoever has this contact id or address. Safe to repeat, and repeated it finishes what a kill broke off.

    Runs of the client that are under way are stopped first: they hold what they read, and would write it after us. The records
    come before the facts, since the facts say who is meant, and once more after them, for what was written meanwhile.
    Raises ToolInputError for nobody, RunUnderWay when a worker does not let go of a run.
    """
    database, root = services.database, services.store.facts_root
    mentions = Mentions(await asyncio.to_thread(who_is, root, workspace_id, client, person))
    await asyncio.to_thread(_sweep, services.store.home)
    stopped = await _stop_runs(services, workspace_id, client, mentions)
    records, dropped = await _scrub(services, workspace_id, client, mentions, on)
    report = await asyncio.to_thread(erase_person, root, workspace_id, client, person, on=on)
    stopped += await _stop_runs(services, workspace_id, client, mentions)
    again, more = await _scrub(services, workspace_id, client, mentions, on)
    records, dropped = _added(records, again), dropped + more
    gone = await asyncio.to_thread(unreadable, root, workspace_id, client)
    async with database.transaction(workspace_id) as connection:
        marked = await evidence.mark_erased(connection, client.id, gone, on)
        files = sorted({done.file_name for done in await imports.list_imports(connection, client_id=client.id, limit=10_000)})
        detail = {
            "rows": report.rows,
            "scrubbed": report.scrubbed,
            "reject_rows": report.reject_rows,
            "records": records,
            "checkpoints": dropped,
            "records_marked": marked,
            "runs_stopped": stopped,
        }
        whose = suppression.person_hash(client_folder(root, workspace_id, client.id), person)
        noted = await erasures.note_erasure(connection, client.id, whose, detail, actor)
        await audit.note(connection, actor, "person.erase", noted.id, {"client": client.slug})
    return Erased(noted.id, report, records, dropped, marked, tuple(stopped), tuple(files))


async def allow_again(services: Services, workspace_id: str, client: Client, person: str, *, actor: str) -> bool:
    """Let imports bring in whoever has this contact id, address or number again: they asked to come back. False when none was kept out."""

    def lift() -> int:
        folder = client_folder(services.store.facts_root, workspace_id, client.id)
        with write_lock(folder):
            return suppression.allow_again(folder, [person])

    lifted = await asyncio.to_thread(lift)
    if lifted:
        async with services.database.transaction(workspace_id) as connection:
            await audit.note(connection, actor, "person.allow_again", client.id, {"client": client.slug})
    return lifted > 0


async def _scrub(services: Services, workspace_id: str, client: Client, mentions: Mentions, on: date) -> tuple[dict[str, int], int]:
    async with services.database.transaction(workspace_id) as connection:
        dropped = await checkpoints.forget_ended(connection, client.id)
        await step_results.forget_ended(connection, client.id)
        for thread in await checkpoints.holding(connection, client.id, mentions.loose) if mentions.loose else ():
            dropped += await checkpoints.forget(connection, thread)
        records = await forgetting.take_out(connection, client.id, mentions, on=on, embedder=services.embedder)
    return records, dropped


async def _stop_runs(services: Services, workspace_id: str, client: Client, mentions: Mentions) -> list[str]:
    """Stop the client's runs that are under way, and those that wait with the person in what they hold; gives their ids.

    A queued run holds nothing but its brief, which is scrubbed: it is left to begin.
    """
    async with services.database.transaction(workspace_id) as connection:
        known = {
            status: await runs.list_runs(connection, client_id=client.id, status=status, limit=10_000, turns=True) for status in UNDER_WAY
        }
        holding = await checkpoints.holding(connection, client.id, mentions.loose) if mentions.loose else []
        stopping = known["running"] + [run for run in known["waiting"] if run.thread_id in holding]
        for run in stopping:
            await runs.request_cancel(connection, run.id)
    until = time.monotonic() + PATIENCE
    for run in stopping:
        while not await stop(services, workspace_id, run.id, STOPPED):
            if time.monotonic() > until:
                raise RunUnderWay(f"run {run.id} does not stop: erase again when it has ended; the erasure is not complete until then")
            await asyncio.sleep(0.3)
    return [run.id for run in stopping]


UNDER_WAY: tuple[runs.RunStatus, ...] = ("running", "waiting")


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {table: one.get(table, 0) + other.get(table, 0) for table in sorted({*one, *other})}


def _sweep(home: Path) -> None:
    for pattern, age in LEFT_OVER.items():
        for place in home.glob(pattern):
            if place.stat().st_mtime > time.time() - age:
                continue
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)
