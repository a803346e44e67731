"""Schedules, for every door: make one, pause, resume, fire by hand, remove. What fires them is in graphs/firing.py."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from graphs.fire_times import LONGEST, fire_times, known_cron, known_zone
from graphs.run_tool import today
from graphs.tasks import check_request
from store import audit, clients, schedule_fires, schedules
from store.clients import Client
from store.database import Connection
from store.schedules import Schedule, WhenLate, WhenStale
from tools.contract import Frozen, ToolInputError

EXAMPLE: dict[str, Any] = {
    "brief": "Monthly report on last month. Goal: bookings.",
    "cron": "0 7 1 * *",
    "zone": "Africa/Johannesburg",
    "recipients": ["Thandi at the salon"],
    "when_stale": "run_and_say",
    "stale_after_days": 7,
}


class NoSuchSchedule(LookupError):
    """No schedule of this workspace has this id."""

    def __str__(self) -> str:
        return f"there is no schedule {self.args[0]!r} in this workspace"


Zone = Annotated[str, Field(max_length=80), AfterValidator(lambda name: known_zone(name).key)]


class SchedulePlan(Frozen):
    """What is made by itself, when, and what happens when something is not as it should be."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    kind: Annotated[str, Field(description="what to make, as for a task", min_length=1, max_length=60)] = "report"
    brief: Annotated[str, Field(description="the request in a person's words, the same each time", max_length=20_000)]
    cron: Annotated[
        str,
        AfterValidator(known_cron),
        Field(
            description="minute, hour, day, month, weekday: '0 7 1 * *' is seven o'clock on the first of each month, '0 7 * * mon#1' on "
            "its first Monday; at most once an hour",
            min_length=9,
            max_length=LONGEST,
        ),
    ]
    zone: Annotated[Zone | None, Field(description="IANA zone of that clock; the client's when left out")] = None
    recipients: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=320)], ...],
        Field(description="whom it is for, by name or address; kept, and nothing is sent to them", max_length=50),
    ] = ()
    when_stale: Annotated[
        WhenStale, Field(description="when the data is: run · skip this time · run_and_say so at the beginning of the text")
    ] = "run_and_say"
    stale_after_days: Annotated[int, Field(description="data whose newest row is older counts as stale", ge=1, le=365)] = 7
    when_late: Annotated[WhenLate, Field(description="when nobody answers the request for approval: wait · remind, by an alert")] = "remind"
    late_after_hours: Annotated[int, Field(description="hours after which an answer is late", ge=1, le=2160)] = 24
    retries: Annotated[int, Field(description="how often a run that failed is tried again before there is an alert", ge=0, le=1)] = 1


def read_plan(raw: dict[str, Any]) -> SchedulePlan:
    """The plan. Raises ToolInputError that names the first field at fault."""
    try:
        return SchedulePlan.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ToolInputError(f"the schedule cannot be used: {path}: {said}", field=path) from error


async def known(connection: Connection, schedule_id: str, *, lock: bool = False) -> Schedule:
    """The schedule of this id. Raises NoSuchSchedule."""
    found = await schedules.get(connection, schedule_id, lock=lock)
    if found is None:
        raise NoSuchSchedule(schedule_id)
    return found


def upcoming(schedule: Schedule, now: datetime | None = None) -> list[datetime]:
    """The next four fires in the schedule's zone; none while it is paused."""
    if schedule.paused_at is not None:
        return []
    times = fire_times(schedule.cron, schedule.zone, now or datetime.now(UTC))
    return list(islice(times, 4))


def _next(cron: str, zone: str) -> datetime | None:
    return next(fire_times(cron, zone, datetime.now(UTC)), None)


async def create(connection: Connection, client: Client, plan: SchedulePlan, *, actor: str) -> Schedule:
    """Keep a schedule. Raises ToolInputError for a kind that there is not or a brief that cannot be read."""
    check_request(client, plan.kind, plan.brief, today(client))
    said = plan.model_dump(mode="json", include=set(SchedulePlan.model_fields)) | {"zone": plan.zone or client.locale.zone}
    made = await schedules.create(connection, client.id, said, next_at=_next(plan.cron, said["zone"]), made_by=actor)
    await audit.note(connection, actor, "schedule.create", made.id, {"client": client.slug, "kind": made.kind, "cron": made.cron})
    return made


async def change(connection: Connection, schedule_id: str, plan: SchedulePlan, *, actor: str) -> Schedule:
    """Put another plan in its place, from the next time on; what has been started goes on as it was.

    Raises NoSuchSchedule, ToolInputError for a kind that there is not or a brief that cannot be read.
    """
    found = await known(connection, schedule_id, lock=True)
    client = await clients.get_client(connection, found.client_id)
    assert client is not None
    check_request(client, plan.kind, plan.brief, today(client))
    said = plan.model_dump(mode="json", include=set(SchedulePlan.model_fields)) | {"zone": plan.zone or client.locale.zone}
    next_at = None if found.paused_at is not None else _next(plan.cron, said["zone"])
    await schedules.change(connection, found.id, said, next_at=next_at, made_by=actor)
    changed = sorted(name for name, value in said.items() if getattr(found, name) != value)
    await audit.note(connection, actor, "schedule.change", found.id, {"changed": changed})
    return await known(connection, schedule_id)


def plan_of(schedule: Schedule) -> dict[str, Any]:
    """What its plan says now."""
    return {name: getattr(schedule, name) for name in SchedulePlan.model_fields}


async def pause(connection: Connection, schedule_id: str, *, actor: str) -> Schedule:
    """Let it rest; what has been started goes on. One that rests stays as it is. Raises NoSuchSchedule."""
    if (await known(connection, schedule_id, lock=True)).paused_at is None:
        await schedules.pause(connection, schedule_id)
        await audit.note(connection, actor, "schedule.pause", schedule_id, {})
    return await known(connection, schedule_id)


async def resume(connection: Connection, schedule_id: str, *, actor: str) -> Schedule:
    """Let it go on from now; times that passed meanwhile are not made up for. Raises NoSuchSchedule."""
    found = await known(connection, schedule_id, lock=True)
    if found.paused_at is not None:
        await schedules.resume(connection, schedule_id, _next(found.cron, found.zone))
        await audit.note(connection, actor, "schedule.resume", schedule_id, {})
    return await known(connection, schedule_id)


async def fire_now(connection: Connection, schedule_id: str, *, actor: str) -> datetime:
    """Have a worker make it now, paused or not, and tell the moment that its history knows it by. Raises NoSuchSchedule.

    Asked again before a worker has come to it, it is made once.
    """
    await known(connection, schedule_id, lock=True)
    waiting = await schedule_fires.about_to_start(connection, schedule_id)
    if waiting is not None:
        return waiting
    now = datetime.now(UTC)
    await schedule_fires.claim(connection, schedule_id, now, asked_by=actor)
    await audit.note(connection, actor, "schedule.run", schedule_id, {})
    return now


async def remove(connection: Connection, schedule_id: str, *, actor: str) -> None:
    """Remove it with its history; what it made stays. Raises NoSuchSchedule."""
    if not await schedules.remove(connection, schedule_id):
        raise NoSuchSchedule(schedule_id)
    await audit.note(connection, actor, "schedule.remove", schedule_id, {})
