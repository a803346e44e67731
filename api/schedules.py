"""Schedules: what is made for a client by itself, when next, and how each time went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Transaction
from api.clients import known_client, slugs
from api.idempotency import Key, once
from api.problems import responses
from graphs import scheduling
from graphs.scheduling import EXAMPLE, SchedulePlan, upcoming
from graphs.tasks import NoSuchClient
from store import clients, schedule_fires, schedules
from store.database import Connection
from store.runs import RunStatus
from store.schedule_fires import Alert, Fire
from store.schedules import Schedule, WhenLate, WhenStale

router = GuardedRouter("schedules")


class NewSchedule(SchedulePlan):
    """A schedule to be, and whose it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client": "salon", **EXAMPLE}]})

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]


class ScheduleCard(BaseModel):
    """One schedule without its history."""

    id: str
    client: str = Field(description="slug of the client")
    kind: str
    brief: str
    cron: str
    zone: str
    recipients: list[str] = Field(description="kept; nothing is sent to them")
    when_stale: WhenStale
    stale_after_days: int
    when_late: WhenLate
    late_after_hours: int
    retries: int
    paused_at: datetime | None
    next: list[datetime] = Field(description="the next four times, in the schedule's zone; none while it is paused")
    made_by: str
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, kept: Schedule, slug: str) -> ScheduleCard:
        """The card of a kept schedule."""
        return cls(**_fields(kept, slug))


class FireCard(BaseModel):
    """One time that it was due, or was asked for."""

    at: datetime = Field(description="in the schedule's zone")
    asked_by: str | None = Field(description="who asked for it by hand")
    outcome: Literal["due", "skipped", "missed", "refused"] | RunStatus = Field(
        description="due: about to start · skipped: stale data · missed: no worker was there · refused: could not start · "
        "else the status of its task"
    )
    reason: str | None
    task: str | None
    failed_task: str | None = Field(description="the task that failed before, when it was tried again")
    deliverable: str | None
    alerts: list[str]

    @classmethod
    def of(cls, fire: Fire, zone: str, alerts: list[Alert]) -> FireCard:
        """The card of a kept fire."""
        return cls(
            at=fire.fire_at.astimezone(ZoneInfo(zone)),
            asked_by=fire.asked_by,
            outcome=fire.run_status or ("due" if fire.state == "started" else fire.state),
            reason=fire.run_error or fire.reason,
            task=fire.run_id,
            failed_task=fire.failed_run_id,
            deliverable=fire.deliverable_id,
            alerts=[alert.text for alert in alerts if alert.fire_at == fire.fire_at],
        )


class FullSchedule(ScheduleCard):
    """One schedule with its history, latest first."""

    history: list[FireCard]


class ScheduleList(BaseModel):
    """Schedules, newest first."""

    schedules: list[ScheduleCard]


class Nothing(BaseModel):
    """The body of a request that needs none."""

    model_config = ConfigDict(extra="forbid")


def _fields(kept: Schedule, slug: str) -> dict[str, Any]:
    names = (
        "id", "kind", "brief", "cron", "zone", "recipients", "when_stale", "stale_after_days", "when_late", "late_after_hours", "retries",
        "paused_at", "made_by", "created_at",
    )  # fmt: skip
    named = {name: getattr(kept, name) for name in names}
    return {**named, "client": slug, "next": upcoming(kept), "links": {"self": f"/api/v1/schedules/{kept.id}"}}


async def whole(connection: Connection, kept: Schedule) -> FullSchedule:
    """The schedule with its history."""
    client = await clients.get_client(connection, kept.client_id)
    if client is None:
        raise NoSuchClient(kept.client_id)
    told = await schedule_fires.alerts(connection, schedule_id=kept.id, limit=200)
    fires = await schedule_fires.history(connection, kept.id)
    return FullSchedule(**_fields(kept, client.slug), history=[FireCard.of(fire, kept.zone, told) for fire in fires])


async def make(connection: Connection, body: NewSchedule, actor: str) -> ScheduleCard:
    """Keep a schedule, for the API and the pages."""
    client = await known_client(connection, body.client)
    return ScheduleCard.of(await scheduling.create(connection, client, body, actor=actor), client.slug)


@router.post("", status_code=201, responses=responses(404, 409))
async def create_schedule(
    body: NewSchedule, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> ScheduleCard:
    """Have something made by itself. Nothing is sent to anybody: what is made waits for approval where the client's policy asks for it."""

    made = await once(connection, request, response, key, body, ScheduleCard, lambda: make(connection, body, caller.actor))
    response.headers["Location"] = made.links["self"]
    return made


@router.get("", responses=responses(404))
async def list_schedules(
    connection: Transaction, client: Annotated[str | None, Query(description="only this client's")] = None
) -> ScheduleList:
    """The workspace's schedules, newest first."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    names = await slugs(connection)
    found = await schedules.list_(connection, client_id=wanted)
    return ScheduleList(schedules=[ScheduleCard.of(kept, names[kept.client_id]) for kept in found])


@router.get("/{id}", responses=responses(404))
async def get_schedule(id: str, connection: Transaction) -> FullSchedule:
    """One schedule, its next four times and its history."""
    return await whole(connection, await scheduling.known(connection, id))


@router.put("/{id}", responses=responses(404))
async def change_schedule(id: str, body: SchedulePlan, caller: Caller, connection: Transaction) -> FullSchedule:
    """Put another plan in its place, from the next time on; what has been started goes on as it was."""
    return await whole(connection, await scheduling.change(connection, id, body, actor=caller.actor))


@router.post("/{id}/pause", responses=responses(404))
async def pause_schedule(id: str, caller: Caller, connection: Transaction) -> FullSchedule:
    """Let it rest; what has been started goes on."""
    return await whole(connection, await scheduling.pause(connection, id, actor=caller.actor))


@router.post("/{id}/resume", responses=responses(404))
async def resume_schedule(id: str, caller: Caller, connection: Transaction) -> FullSchedule:
    """Let it go on from now; times that passed meanwhile are not made up for."""
    return await whole(connection, await scheduling.resume(connection, id, actor=caller.actor))


@router.post("/{id}/run", status_code=202, responses=responses(404, 409))
async def run_schedule(
    id: str, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> FullSchedule:
    """Have it made now by the next free worker, also with stale data and while it is paused; its history tells the task."""

    async def fire() -> FullSchedule:
        await scheduling.fire_now(connection, id, actor=caller.actor)
        return await whole(connection, await scheduling.known(connection, id))

    return await once(connection, request, response, key, Nothing(), FullSchedule, fire)


@router.delete("/{id}", status_code=204, responses=responses(404))
async def remove_schedule(id: str, caller: Caller, connection: Transaction) -> None:
    """Remove it with its history; tasks and deliverables stay."""
    await scheduling.remove(connection, id, actor=caller.actor)
