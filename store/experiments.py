"""Experiments: the plan fixed at the start, how each one moved, and what was decided. Looks are in store/experiment_looks.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection
from store.errors import Conflict

ExperimentStatus = Literal["draft", "active", "paused", "completed", "cancelled"]
Move = Literal["start", "pause", "resume", "complete", "cancel"]
ChangeKind = Literal["created", "edited", "started", "paused", "resumed", "amended", "invalidated", "completed", "cancelled"]

MOVES: dict[Move, tuple[tuple[ExperimentStatus, ...], ExperimentStatus, ChangeKind]] = {
    "start": (("draft",), "active", "started"),
    "pause": (("active",), "paused", "paused"),
    "resume": (("paused",), "active", "resumed"),
    "complete": (("active", "paused"), "completed", "completed"),
    "cancel": (("draft", "active", "paused"), "cancelled", "cancelled"),
}
"""From which states a move leads, to which, and how the log calls it."""

STATES: dict[ExperimentStatus, str] = {
    "draft": "a draft", "active": "active", "paused": "paused", "completed": "completed", "cancelled": "cancelled",
}  # fmt: skip

COLUMNS = """id, workspace_id, client_id, name, status, salt, plan, requests, revision, registered, hash, registered_at, layer, enrolment,
    invalidated_at, outcome, created_at, ended_at"""
LOOKED = "(SELECT count(*)::int FROM experiment_looks AS l WHERE l.experiment_id = e.id) AS looks"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment. `plan` is as it stands, `registered` as it stood at the start, with its `hash`; `requests` is what a look asks."""

    id: str
    workspace_id: str
    client_id: str
    name: str
    status: ExperimentStatus
    salt: str
    plan: dict[str, Any]
    requests: dict[str, Any] | None
    revision: int
    registered: dict[str, Any] | None
    hash: str | None
    registered_at: datetime | None
    layer: str | None
    enrolment: dict[str, Any] | None
    invalidated_at: datetime | None
    outcome: dict[str, Any] | None
    created_at: datetime
    ended_at: datetime | None
    looks: int


@dataclass(frozen=True, slots=True)
class Change:
    """One move or amendment. `changes` lists path, from, to and effect; `looks` had been taken before it."""

    number: int
    kind: ChangeKind
    actor: str
    reason: str
    changes: list[dict[str, Any]]
    revision: int
    looks: int
    at: datetime


class IllegalMove(Conflict):
    """The experiment is in a state from which this cannot be done."""


def check_move(experiment: Experiment, move: Move) -> ExperimentStatus:
    """Where the move leads. Raises IllegalMove that says what can be done instead."""
    sources, target, done = MOVES[move]
    if experiment.status in sources:
        return target
    possible = [how for froms, _, how in MOVES.values() if experiment.status in froms]
    instead = f"it can be {' or '.join(possible)}" if possible else "it has ended, and nothing moves it any more"
    raise IllegalMove(f"experiment {experiment.id} is {STATES[experiment.status]} and cannot be {done}: {instead}")


def canonical(value: Any) -> Any:
    """The value with whole floats as whole numbers, which is what a database and a program agree on."""
    if isinstance(value, dict):
        return {key: canonical(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def hash_of(registered: dict[str, Any]) -> str:
    """SHA-256 of the registration as JSON with sorted keys, no spaces, whole numbers without a point, in UTF-8."""
    return sha256(json.dumps(canonical(registered), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


async def create(connection: Connection, client_id: str, name: str, plan: dict[str, Any], *, salt: str | None = None) -> Experiment:
    """Make a draft. Its salt is its id unless one is given. Raises Conflict when the client has this name or salt already."""
    identity = new_id("xp")
    statement = "INSERT INTO experiments (id, client_id, name, salt, plan, layer) VALUES (%s, %s, %s, %s, %s, %s)"
    try:
        async with connection.transaction():
            await connection.execute(statement, (identity, client_id, name, salt or identity, Jsonb(plan), plan.get("layer")))
    except UniqueViolation as error:
        raise taken(error, name, salt) from error
    made = await get(connection, identity)
    assert made is not None
    return made


def taken(error: UniqueViolation, name: str, salt: str | None) -> Conflict:
    """What a name or salt that is there already is answered with."""
    if "salt" in (error.diag.constraint_name or ""):
        return Conflict(f"another experiment of this client has the salt {salt!r}: its units would get the same arms again")
    return Conflict(f"this client already has an experiment {name!r}: exposures are told apart by that name")


async def get(connection: Connection, experiment_id: str, *, lock: bool = False) -> Experiment | None:
    """The experiment of this id; with `lock`, held until the transaction ends."""
    statement = f"SELECT {COLUMNS}, {LOOKED} FROM experiments AS e WHERE id = %s" + (" FOR UPDATE" if lock else "")
    row = await (await connection.execute(statement, (experiment_id,))).fetchone()
    return Experiment(**row) if row else None


async def list_(
    connection: Connection, *, client_id: str | None = None, status: ExperimentStatus | None = None, limit: int = 50
) -> list[Experiment]:
    """Experiments, newest first."""
    statement = f"""
        SELECT {COLUMNS}, {LOOKED} FROM experiments AS e
         WHERE (%(client_id)s::text IS NULL OR client_id = %(client_id)s) AND (%(status)s::text IS NULL OR status = %(status)s)
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s"""
    values = {"client_id": client_id, "status": status, "limit": limit}
    return [Experiment(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def under_way(connection: Connection, client_id: str, name: str) -> str | None:
    """The id of the client's experiment of this name, when it has started and not ended."""
    statement = "SELECT id FROM experiments WHERE client_id = %s AND name = %s AND status IN ('active', 'paused')"
    row = await (await connection.execute(statement, (client_id, name))).fetchone()
    return row["id"] if row else None


ENROLMENT = "SELECT name, status, salt, plan, enrolment FROM experiments WHERE id = %s"
"""What an assignment needs, in one round trip: callers ask for every visitor."""


async def set_plan(
    connection: Connection,
    experiment_id: str,
    plan: dict[str, Any],
    *,
    requests: dict[str, Any] | None,
    revision: int,
    enrolment: dict[str, Any] | None = None,
    invalid: bool = False,
) -> None:
    """Put the plan as it now stands in place. `enrolment` only when traffic changes; `invalid` marks the experiment for good.

    Raises Conflict when the client has another experiment of this name or salt.
    """
    statement = """
        UPDATE experiments
           SET plan = %(plan)s, name = %(name)s, salt = coalesce(%(salt)s, id), layer = %(layer)s, requests = %(requests)s,
               revision = %(revision)s, enrolment = coalesce(%(enrolment)s, enrolment),
               invalidated_at = CASE WHEN %(invalid)s THEN coalesce(invalidated_at, now()) ELSE invalidated_at END
         WHERE id = %(id)s"""
    values = {
        "id": experiment_id, "plan": Jsonb(plan), "name": plan["name"], "salt": plan.get("salt"), "layer": plan.get("layer"),
        "requests": Jsonb(requests) if requests is not None else None, "revision": revision,
        "enrolment": Jsonb(enrolment) if enrolment is not None else None, "invalid": invalid,
    }  # fmt: skip
    try:
        async with connection.transaction():
            await connection.execute(statement, values)
    except UniqueViolation as error:
        raise taken(error, plan["name"], plan.get("salt")) from error


async def register(
    connection: Connection, experiment_id: str, registered: dict[str, Any], requests: dict[str, Any], enrolment: dict[str, Any]
) -> None:
    """Start it: what it is held to is kept with its hash and the moment."""
    statement = """
        UPDATE experiments
           SET status = 'active', registered = %s, hash = %s, registered_at = now(), requests = %s, enrolment = %s, revision = 1
         WHERE id = %s AND status = 'draft'"""
    values = (Jsonb(registered), hash_of(registered), Jsonb(requests), Jsonb(enrolment), experiment_id)
    await connection.execute(statement, values)


async def set_status(
    connection: Connection, experiment_id: str, status: ExperimentStatus, *, outcome: dict[str, Any] | None = None
) -> None:
    """Move it on; an end keeps its outcome and the moment."""
    statement = """
        UPDATE experiments
           SET status = %(status)s, outcome = %(outcome)s,
               ended_at = CASE WHEN %(status)s IN ('completed', 'cancelled') THEN now() END
         WHERE id = %(id)s"""
    await connection.execute(statement, {"id": experiment_id, "status": status, "outcome": Jsonb(outcome) if outcome is not None else None})


async def note(
    connection: Connection,
    experiment: Experiment,
    kind: ChangeKind,
    actor: str,
    *,
    reason: str = "",
    changes: list[dict[str, Any]] | None = None,
    revision: int | None = None,
) -> None:
    """Add to the log of the experiment, in the transaction of the deed, which holds the experiment's row."""
    statement = """
        INSERT INTO experiment_changes (experiment_id, number, kind, actor, reason, changes, revision, looks)
        SELECT %(id)s, coalesce(max(number), 0) + 1, %(kind)s, %(actor)s, %(reason)s, %(changes)s, %(revision)s, %(looks)s
          FROM experiment_changes WHERE experiment_id = %(id)s"""
    values = {
        "id": experiment.id, "kind": kind, "actor": actor, "reason": reason, "changes": Jsonb(changes or []),
        "revision": experiment.revision if revision is None else revision, "looks": experiment.looks,
    }  # fmt: skip
    await connection.execute(statement, values)


async def history(connection: Connection, experiment_id: str) -> list[Change]:
    """Moves and amendments in the order they were made."""
    statement = """
        SELECT number, kind, actor, reason, changes, revision, looks, at FROM experiment_changes WHERE experiment_id = %s ORDER BY number"""
    return [Change(**row) for row in await (await connection.execute(statement, (experiment_id,))).fetchall()]
