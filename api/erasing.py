"""Erasing a person through every door: facts, the marks on evidence, and the note that it was done."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import NamedTuple

from store import audit, erasures, evidence
from store.clients import Client
from store.database import Database
from store.erase import ErasureReport, erase_person
from store.settings import StoreSettings


class Erased(NamedTuple):
    """What an erasure did. It does not name the person."""

    id: str
    report: ErasureReport
    records_marked: int


async def erase(
    database: Database, settings: StoreSettings, workspace_id: str, client: Client, person: str, *, on: date, actor: str
) -> Erased:
    """Erase whoever has this contact id or address from the client's tables, and mark the evidence that read them. Safe to repeat."""
    report = await asyncio.to_thread(erase_person, settings.facts_root, workspace_id, client, person, on=on)
    async with database.transaction(workspace_id) as connection:
        marked = await evidence.mark_erased(connection, client.id, report.gone, on)
        detail = {"rows": report.rows, "scrubbed": report.scrubbed, "reject_rows": report.reject_rows, "records_marked": marked}
        noted = await erasures.note_erasure(connection, client.id, person, detail, actor)
        await audit.note(connection, actor, "person.erase", noted.id, {"client": client.slug})
    return Erased(noted.id, report, marked)
