"""For operators, outside the prefix and without a key: alive, ready, measured. Counts only; nothing of any tenant."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.counted import exposition
from api.house import OUTAGES, House
from api.metrics import OLDEST, QUEUE, READY, WORKERS
from store import ledger, queue
from store.errors import StoreError

router = APIRouter(tags=["operators"])

AWAY: tuple[type[Exception], ...] = (StoreError, *OUTAGES)


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Check(BaseModel):
    """One thing that the service stands on."""

    ok: bool
    detail: str = ""


class Readiness(BaseModel):
    """Whether requests can be served, and tasks worked on."""

    ready: bool = Field(description="whether requests can be served; false comes with status 503")
    database: Check
    migrations: Check
    events: Check = Field(description="the listener that wakes event streams")
    workers: Check = Field(description="without a live worker tasks are taken and wait")


@router.get("/healthz")
async def healthz() -> Health:
    """The process is alive."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "not ready; the body says what is missing"}})
async def readyz(request: Request, response: Response) -> Readiness:
    """The database is there and migrated. A missing worker is said but does not make the API unready: tasks are kept until one comes."""
    found = await readiness(request.app.state.house)
    response.status_code = 200 if found.ready else 503
    return found


async def readiness(house: House) -> Readiness:
    """What is there and what is not."""
    unknown = Check(ok=False, detail="unknown: the database is not reached")
    try:
        due = await house.migrations_due()
        async with house.database.transaction(None) as connection:
            now = await queue.state(connection)
    except StoreError as error:
        return Readiness(ready=False, database=Check(ok=False, detail=str(error)), migrations=unknown, events=unknown, workers=unknown)
    except OUTAGES:
        return Readiness(
            ready=False, database=Check(ok=False, detail="Postgres does not answer"), migrations=unknown, events=unknown, workers=unknown
        )
    workers = Check(ok=now.live_workers > 0, detail=f"{now.live_workers} alive" if now.live_workers else "no live worker")
    return Readiness(
        ready=not due,
        database=Check(ok=True),
        migrations=Check(ok=not due, detail=f"due: {', '.join(due)}; run `groundwork migrate`" if due else ""),
        events=Check(ok=house.hub.listening, detail="" if house.hub.listening else "streams go on by looking at each heartbeat"),
        workers=workers,
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def metrics(request: Request) -> Response:
    """Prometheus metrics: this process's own, and what all processes together did, counted in the database."""
    house: House = request.app.state.house
    try:
        async with house.database.transaction(None) as connection:
            now = await queue.state(connection)
            counts = await ledger.counts(connection)
    except AWAY:
        READY.set(0)
        counts = []
    else:
        READY.set(1)
        WORKERS.set(now.live_workers)
        QUEUE.labels("waiting").set(now.waiting)
        QUEUE.labels("running").set(now.running)
        OLDEST.set(now.oldest_seconds)
    return Response(generate_latest() + exposition(counts), media_type=CONTENT_TYPE_LATEST)
