"""The tick: whatever schedule is due is started once, and what was started is followed to its end."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from graphs.fire_times import due, fire_times
from graphs.run_tool import ToolCall, compute, today
from graphs.services import Enqueue
from graphs.tasks import create_task
from store import approvals, clients, events, runs, schedule_fires, schedules
from store.clients import Client
from store.database import Connection, Database
from store.errors import DatabaseUnavailable
from store.schedule_fires import Fire
from store.schedules import Schedule
from store.settings import StoreSettings
from tools.contract import ToolInputError

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=1)
"""How long starting is tried again after errors of ours."""

NO_WORKER = "no worker was there when it was due; a later time was run"
AT_WORK = ("queued", "running")
BEHIND = ("stale", "no_data")
"""Caveats of describe_data that say that the data is not up to date."""


async def tick(database: Database, settings: StoreSettings, enqueue: Enqueue, now: datetime | None = None) -> None:
    """Start what is due and look after what was started, in all workspaces. Any number of workers may do it at once.

    Raises DatabaseUnavailable. Any other error stays with the schedule that it came from, which is tried again at the next tick.
    """
    now = now or datetime.now(UTC)
    for workspace_id in await schedules.workspaces_with_work(database, now):
        try:
            while await _claim(database, workspace_id, now):
                pass
            async with database.transaction(workspace_id) as connection:
                fires = await schedule_fires.unsettled(connection)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("schedules of workspace %s cannot be read", workspace_id)
            continue
        for fire in fires:
            if fire.run_status in AT_WORK:
                continue
            try:
                await _attend(database, settings, workspace_id, fire, enqueue, now)
            except DatabaseUnavailable:
                raise
            except Exception as error:
                log.exception("schedule %s of %s: tried again at the next tick", fire.schedule_id, fire.fire_at)
                if fire.state == "due" and now - fire.claimed_at > PATIENCE:
                    reason = f"an error of ours ({type(error).__name__}); it is in the workers' log under the schedule's id"
                    async with database.transaction(workspace_id) as connection:
                        await _refuse(connection, fire, reason)


async def _claim(database: Database, workspace_id: str, now: datetime) -> bool:
    """Write down, for one schedule that is due, what it missed and what is to be started, and when it is due next. False when none is."""
    async with database.transaction(workspace_id) as connection:
        schedule = await schedules.next_due(connection, now)
        if schedule is None:
            return False
        assert schedule.next_at is not None
        *missed, latest = due(schedule.cron, schedule.zone, schedule.next_at, now)
        await schedule_fires.note_missed(connection, schedule.id, missed, NO_WORKER)
        await schedule_fires.claim(connection, schedule.id, latest)
        await schedules.move_on(connection, schedule.id, next(fire_times(schedule.cron, schedule.zone, latest), None))
    return True


class Turn(NamedTuple):
    """One fire with what it is of; `day` is what its answers are for."""

    schedule: Schedule
    client: Client
    fire: Fire
    day: date


async def _attend(database: Database, settings: StoreSettings, workspace_id: str, fire: Fire, enqueue: Enqueue, now: datetime) -> None:
    async with database.transaction(workspace_id) as connection:
        schedule = await schedules.get(connection, fire.schedule_id)
        client = await clients.get_client(connection, schedule.client_id) if schedule else None
    if schedule is None or client is None:
        return  # removed meanwhile, and its fires with it
    turn = Turn(schedule, client, fire, today(client, fire.fire_at))
    behind = await _behind(settings, turn) if fire.state == "due" else None
    async with database.transaction(workspace_id) as connection:
        held = await schedule_fires.hold(connection, fire)
        if held is None or held.state != fire.state:
            return  # another worker was first
        turn = turn._replace(fire=held)
        if held.state == "due":
            await _start(connection, turn, behind, enqueue)
        else:
            await _follow(connection, turn, enqueue, now)


async def _behind(settings: StoreSettings, turn: Turn) -> str | None:
    """What is not up to date in the client's data, as a sentence; None when all is, or the schedule does not ask."""
    schedule, client = turn.schedule, turn.client
    if schedule.when_stale == "run":
        return None
    request = {"stale_after_days": schedule.stale_after_days}
    call = ToolCall("describe_data", request, workspace_id=schedule.workspace_id, client=client, as_of=turn.day)
    described = await asyncio.to_thread(compute, call, settings.facts_root, settings.engine)
    return next((caveat["text"] for caveat in described.result["caveats"] if caveat["code"] in BEHIND), None)


async def _start(connection: Connection, turn: Turn, behind: str | None, enqueue: Enqueue) -> None:
    schedule, fire = turn.schedule, turn.fire
    # who asks by hand wants it in spite of old data
    if behind and schedule.when_stale == "skip" and fire.asked_by is None:
        await schedule_fires.not_started(connection, fire, "skipped", behind)
        await schedule_fires.alert(connection, fire, "stale", f"{behind} The {schedule.kind} was skipped.")
        return
    brief = f"{schedule.brief}\n\n{behind} Say so at the beginning." if behind else schedule.brief
    try:
        run = await _task(connection, turn, schedule.kind, brief, turn.day, enqueue)
    except ToolInputError as error:
        await _refuse(connection, fire, error.message)
        return
    await schedule_fires.started(connection, fire, run.id, behind)
    if behind:
        await schedule_fires.alert(connection, fire, "stale", f"{behind} The {schedule.kind} is made all the same.")


async def _task(connection: Connection, turn: Turn, kind: str, brief: str, day: date, enqueue: Enqueue) -> runs.Run:
    schedule = turn.schedule
    return await create_task(
        connection,
        schedule.workspace_id,
        client=turn.client.id,
        kind=kind,
        brief=brief,
        actor=f"schedule:{schedule.id}",
        enqueue=enqueue,
        as_of=day,
        asked_by=turn.fire.asked_by or schedule.made_by,
    )


async def _follow(connection: Connection, turn: Turn, enqueue: Enqueue, now: datetime) -> None:
    """Try a failed run again, tell of what needs a person, remind of an approval that is late; settle what has ended."""
    schedule, fire = turn.schedule, turn.fire
    assert fire.run_id is not None
    if fire.run_status == "failed" and schedule.retries and fire.failed_run_id is None:
        failed = await runs.get_run(connection, fire.run_id)
        assert failed is not None
        try:
            # as it was started, whatever the schedule says by now
            again = await _task(connection, turn, failed.kind, failed.brief, failed.as_of, enqueue)
        except ToolInputError as error:
            text = f"The {failed.kind} failed and could not be tried again: {error.message}"
            await schedule_fires.alert(connection, fire, "failed", text)
            await schedule_fires.settle(connection, fire)
        else:
            await schedule_fires.started(connection, fire, again.id, None)
        return
    if fire.run_status == "failed":
        tried = "twice" if fire.failed_run_id else "once"
        await schedule_fires.alert(connection, fire, "failed", f"The {schedule.kind} was tried {tried} and failed: {fire.run_error}")
    elif fire.run_status == "needs_person":
        reason = fire.run_error or "not all of its text could be verified"
        await schedule_fires.alert(connection, fire, "needs_person", f"The {schedule.kind} needs a person: {reason}")
    if fire.run_status in runs.ENDED:
        await schedule_fires.settle(connection, fire)
    elif fire.run_status == "waiting" and schedule.when_late == "remind":
        await _remind(connection, turn, now)


async def _remind(connection: Connection, turn: Turn, now: datetime) -> None:
    schedule, fire = turn.schedule, turn.fire
    assert fire.run_id is not None
    asked = await approvals.latest(connection, fire.run_id)
    if asked is None or asked.state != "waiting" or now - asked.asked_at < timedelta(hours=schedule.late_after_hours):
        return
    text = f"The {schedule.kind} has waited for approval for more than {schedule.late_after_hours} hours."
    if await schedule_fires.alert(connection, fire, "late", text):
        payload = {"approval": asked.id, "asked_at": asked.asked_at.isoformat(), "schedule": schedule.id}
        await events.append(connection, fire.run_id, "approval_late", payload, key=f"late:{asked.id}")


async def _refuse(connection: Connection, fire: Fire, reason: str) -> None:
    if await schedule_fires.not_started(connection, fire, "refused", reason):
        await schedule_fires.alert(connection, fire, "failed", f"It could not be started: {reason}")
