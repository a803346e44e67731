"""Each time a schedule was due: what was started, skipped or missed, how that went, and what a person should be told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.database import Connection
from store.runs import RunStatus

FireState = Literal["due", "started", "skipped", "missed", "refused"]
"""due: not yet started · skipped: its data was stale · missed: its time passed while no worker was there · refused: it could not start."""

AlertKind = Literal["stale", "late", "needs_person", "failed"]
COLUMNS = "f.schedule_id, f.fire_at, f.asked_by, f.state, f.reason, f.run_id, f.failed_run_id, f.claimed_at, f.settled_at"


@dataclass(frozen=True, slots=True)
class Fire:
    """One time. `asked_by`: who asked for it by hand. `run_status` and `run_error` are its run's as they are now."""

    schedule_id: str
    fire_at: datetime
    asked_by: str | None
    state: FireState
    reason: str | None
    run_id: str | None
    failed_run_id: str | None
    claimed_at: datetime
    settled_at: datetime | None
    run_status: RunStatus | None = None
    run_error: str | None = None
    deliverable_id: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person should be told."""

    schedule_id: str
    fire_at: datetime
    client_id: str
    kind: AlertKind
    text: str
    at: datetime
    run_id: str | None


async def claim(connection: Connection, schedule_id: str, fire_at: datetime, *, asked_by: str | None = None) -> bool:
    """Write down that it is to be started. False when somebody has: of all workers one starts it."""
    statement = "INSERT INTO schedule_fires (schedule_id, fire_at, asked_by) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
    return (await connection.execute(statement, (schedule_id, fire_at, asked_by))).rowcount == 1


async def about_to_start(connection: Connection, schedule_id: str) -> datetime | None:
    """The latest time that was asked for and that no worker has come to yet."""
    statement = "SELECT max(fire_at) AS at FROM schedule_fires WHERE schedule_id = %s AND state = 'due'"
    row = await (await connection.execute(statement, (schedule_id,))).fetchone()
    return row["at"] if row else None


async def note_missed(connection: Connection, schedule_id: str, times: list[datetime], reason: str) -> None:
    """Write down times that passed."""
    statement = """
        INSERT INTO schedule_fires (schedule_id, fire_at, state, reason, settled_at)
        SELECT %s, missed, 'missed', %s, now() FROM unnest(%s::timestamptz[]) AS missed ON CONFLICT DO NOTHING"""
    await connection.execute(statement, (schedule_id, reason, times))


FOUND = f"""
    SELECT {COLUMNS}, r.status AS run_status, r.error AS run_error, r.deliverable_id
      FROM schedule_fires AS f LEFT JOIN runs AS r ON r.id = f.run_id"""


async def unsettled(connection: Connection) -> list[Fire]:
    """Fires of the workspace that the tick may have something to do for, oldest first."""
    return [Fire(**row) for row in await (await connection.execute(f"{FOUND} WHERE f.settled_at IS NULL ORDER BY f.fire_at")).fetchall()]


async def hold(connection: Connection, fire: Fire) -> Fire | None:
    """The fire as it is now, held until the transaction ends. None when it is settled, removed, or held by another worker."""
    statement = f"{FOUND} WHERE f.schedule_id = %s AND f.fire_at = %s AND f.settled_at IS NULL FOR UPDATE OF f SKIP LOCKED"
    row = await (await connection.execute(statement, (fire.schedule_id, fire.fire_at))).fetchone()
    return Fire(**row) if row else None


async def started(connection: Connection, fire: Fire, run_id: str, reason: str | None) -> None:
    """Its run, the first or the one in place of a run that failed."""
    statement = """
        UPDATE schedule_fires SET state = 'started', reason = coalesce(%s, reason), failed_run_id = run_id, run_id = %s
         WHERE schedule_id = %s AND fire_at = %s"""
    await connection.execute(statement, (reason, run_id, fire.schedule_id, fire.fire_at))


async def not_started(connection: Connection, fire: Fire, state: Literal["skipped", "refused"], reason: str) -> bool:
    """That there will be no run, and why. False when there is one already."""
    statement = """
        UPDATE schedule_fires SET state = %s, reason = %s, settled_at = now() WHERE schedule_id = %s AND fire_at = %s AND state = 'due'"""
    return (await connection.execute(statement, (state, reason, fire.schedule_id, fire.fire_at))).rowcount == 1


async def settle(connection: Connection, fire: Fire) -> None:
    """That nothing more is to be done."""
    statement = "UPDATE schedule_fires SET settled_at = now() WHERE schedule_id = %s AND fire_at = %s"
    await connection.execute(statement, (fire.schedule_id, fire.fire_at))


async def history(connection: Connection, schedule_id: str, limit: int = 50) -> list[Fire]:
    """The times a schedule was due, latest first."""
    statement = f"{FOUND} WHERE f.schedule_id = %s ORDER BY f.fire_at DESC LIMIT %s"
    return [Fire(**row) for row in await (await connection.execute(statement, (schedule_id, limit))).fetchall()]


async def alert(connection: Connection, fire: Fire, kind: AlertKind, text: str) -> bool:
    """Tell a person, once for each fire and kind. False when they have been told."""
    statement = "INSERT INTO schedule_alerts (schedule_id, fire_at, kind, text) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
    return (await connection.execute(statement, (fire.schedule_id, fire.fire_at, kind, text))).rowcount == 1


async def alerts(connection: Connection, *, client_id: str | None = None, schedule_id: str | None = None, limit: int = 50) -> list[Alert]:
    """What people should be told, latest first."""
    statement = """
        SELECT a.schedule_id, a.fire_at, s.client_id, a.kind, a.text, a.at, f.run_id
          FROM schedule_alerts AS a JOIN schedules AS s ON s.id = a.schedule_id
          JOIN schedule_fires AS f ON f.schedule_id = a.schedule_id AND f.fire_at = a.fire_at
         WHERE (%(client_id)s::text IS NULL OR s.client_id = %(client_id)s)
           AND (%(schedule_id)s::text IS NULL OR a.schedule_id = %(schedule_id)s)
         ORDER BY a.at DESC LIMIT %(limit)s"""
    values = {"client_id": client_id, "schedule_id": schedule_id, "limit": limit}
    return [Alert(**row) for row in await (await connection.execute(statement, values)).fetchall()]
