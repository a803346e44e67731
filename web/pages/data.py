"""Data of one client: what each table covers and how fresh it is, what was imported, and where a file is sent."""

from __future__ import annotations

import asyncio

from fastapi.responses import HTMLResponse

from graphs.run_tool import today
from store import imports
from store.clients import Client
from store.coverage import coverage
from tools.contracts import CONTRACTS
from web.desk import AtDesk
from web.pages.importing import KINDS
from web.visiting import Pages

router = Pages("imports")

STALE_DAYS = 14
MOVING = frozenset({"ad_metrics", "events", "orders", "usage", "touchpoints"})
"""Tables that a running business adds to; a price list or a survey is not stale within weeks."""
OVERHEAD = 8192
"""Bytes that a form adds to its file."""
RECENT = 30


@router.page("/c/{slug}/data")
async def data(desk: AtDesk) -> HTMLResponse:
    """What there is, and a way to bring in more."""
    house = desk.request.app.state.house
    client = desk.client
    covered = await asyncio.to_thread(coverage, house.store.facts_root, desk.workspace_id, client)
    now = today(client)
    rows = [(table, table.age(now), table.table in MOVING and (table.age(now) or 0) > STALE_DAYS) for table in covered]
    done = await imports.list_imports(desk.connection, client_id=client.id, limit=RECENT)
    return desk.page(
        "data.html", section="data", tables=rows, now=now, stale_days=STALE_DAYS, imports=done, recent=RECENT, kinds=",".join(KINDS),
        limit=house.api.upload_limit - OVERHEAD, described={name: contract.description for name, contract in CONTRACTS.items()},
        simulated=simulated(client),
    )  # fmt: skip


def simulated(client: Client) -> bool:
    """Whether the client's data is simulated: then its day stands still, in its profile (docs/decisions/0012)."""
    return "today" in client.profile
