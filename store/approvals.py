"""Requests for approval: bound by a hash to content, audience and cost, one at a time per run, and what people did with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection, Database
from store.deliverables import Deliverable
from store.policies import Requirement

ApprovalState = Literal["waiting", "approved", "rejected", "expired", "void"]
ActKind = Literal["approve", "reject", "edit", "delegate"]
COLUMNS = """id, client_id, run_id, deliverable_id, number, kind, state, hash, audience, cost, passages, requirement, reason,
    asked_at, expires_at, settled_at, expires_at <= now() AS overdue,
    (SELECT r.asked_by FROM runs AS r WHERE r.id = approvals.run_id) AS asked_by"""


@dataclass(frozen=True, slots=True)
class Approval:
    """One request. `number` counts the run's requests; `overdue`: its time is up, whether or not the expiry job has been by;
    `asked_by`: who asked for the task.
    """

    id: str
    client_id: str
    run_id: str
    deliverable_id: str
    number: int
    kind: str
    state: ApprovalState
    hash: str
    audience: dict[str, Any]
    cost: list[dict[str, Any]]
    passages: list[dict[str, Any]]
    requirement: Requirement
    reason: str | None
    asked_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    overdue: bool
    asked_by: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """What one person did with a request. `target` and `through`: see store/schema/0009.approvals.sql."""

    number: int
    actor: str
    role: str
    act: ActKind
    target: str | None
    through: int | None
    reason: str | None
    at: datetime


def hash_of(made: Deliverable, audience: dict[str, Any], cost: list[dict[str, Any]]) -> str:
    """What an approval is bound to: sha256 over the canonical JSON of the text, its parts with their slots, the audience and the cost."""
    bound = {"content": {"parts": made.content, "text": made.markdown, "title": made.title}, "audience": audience, "cost": cost}
    return sha256(json.dumps(bound, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


async def ask(
    connection: Connection,
    made: Deliverable,
    *,
    audience: dict[str, Any],
    cost: list[dict[str, Any]],
    passages: list[dict[str, Any]],
    requirement: Requirement,
) -> Approval:
    """Ask for approval of this version. Lock the run first (`hold_run`): a run has one request that waits."""
    statement = f"""
        INSERT INTO approvals (id, client_id, run_id, deliverable_id, number, kind, hash, audience, cost, passages, requirement, expires_at)
        SELECT %(id)s, %(client_id)s, %(run_id)s, %(deliverable_id)s, coalesce(max(number), 0) + 1, %(kind)s, %(hash)s, %(audience)s,
               %(cost)s, %(passages)s, %(requirement)s, now() + make_interval(hours => %(hours)s)
          FROM approvals WHERE run_id = %(run_id)s
     RETURNING {COLUMNS}"""
    values = {
        "id": new_id("ap"),
        "client_id": made.client_id,
        "run_id": made.run_id,
        "deliverable_id": made.id,
        "kind": made.kind,
        "hash": hash_of(made, audience, cost),
        "audience": Jsonb(audience),
        "cost": Jsonb(cost),
        "passages": Jsonb(passages),
        "requirement": Jsonb(requirement.model_dump(mode="json")),
        "hours": requirement.expires_hours,
    }
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return _approval(row)


async def hold_run(connection: Connection, run_id: str) -> bool:
    """Lock the run until the end of the transaction, so that all that is done with its requests takes turns. False when there is none."""
    return (await connection.execute("SELECT 1 FROM runs WHERE id = %s FOR UPDATE", (run_id,))).rowcount == 1


async def get(connection: Connection, approval_id: str) -> Approval | None:
    """The request of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM approvals WHERE id = %s", (approval_id,))).fetchone()
    return _approval(row) if row else None


async def latest(connection: Connection, run_id: str) -> Approval | None:
    """The run's newest request: the only one that may wait."""
    statement = f"SELECT {COLUMNS} FROM approvals WHERE run_id = %s ORDER BY number DESC LIMIT 1"
    row = await (await connection.execute(statement, (run_id,))).fetchone()
    return _approval(row) if row else None


async def list_(
    connection: Connection, *, client_id: str | None = None, run_id: str | None = None, state: ApprovalState | None = None, limit: int = 50
) -> list[Approval]:
    """Requests, newest first."""
    statement = f"""
        SELECT {COLUMNS} FROM approvals
         WHERE (%(client_id)s::text IS NULL OR client_id = %(client_id)s) AND (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
           AND (%(state)s::text IS NULL OR state = %(state)s)
         ORDER BY asked_at DESC, id DESC LIMIT %(limit)s"""
    values = {"client_id": client_id, "run_id": run_id, "state": state, "limit": limit}
    return [_approval(row) for row in await (await connection.execute(statement, values)).fetchall()]


async def waiting(connection: Connection, client_id: str) -> int:
    """How many requests of a client wait."""
    statement = "SELECT count(*) AS n FROM approvals WHERE client_id = %s AND state = 'waiting'"
    row = await (await connection.execute(statement, (client_id,))).fetchone()
    assert row is not None
    return int(row["n"])


async def settle(connection: Connection, approval_id: str, state: ApprovalState, reason: str | None = None) -> Approval | None:
    """Settle a request that waits; one that is settled does not move again, and then this gives None."""
    statement = f"""
        UPDATE approvals SET state = %s, reason = %s, settled_at = now() WHERE id = %s AND state = 'waiting' RETURNING {COLUMNS}"""
    row = await (await connection.execute(statement, (state, reason, approval_id))).fetchone()
    return _approval(row) if row else None


async def unsettle(connection: Connection, approval_id: str, reason: str) -> Approval | None:
    """Void an approval that was given but not yet acted on: what it was for has changed since."""
    statement = f"UPDATE approvals SET state = 'void', reason = %s WHERE id = %s AND state = 'approved' RETURNING {COLUMNS}"
    row = await (await connection.execute(statement, (reason, approval_id))).fetchone()
    return _approval(row) if row else None


async def expire(connection: Connection, reason: str) -> list[Approval]:
    """Settle the workspace's requests whose time is up, except those of runs that somebody is deciding on just now."""
    due = """
        SELECT a.id FROM approvals AS a JOIN runs AS r ON r.id = a.run_id
         WHERE a.state = 'waiting' AND a.expires_at <= now() ORDER BY a.id LIMIT 200 FOR UPDATE OF r SKIP LOCKED"""
    ids = [row["id"] for row in await (await connection.execute(due)).fetchall()]
    settled = [await settle(connection, identity, "expired", reason) for identity in ids]
    return [approval for approval in settled if approval is not None]


async def overdue_workspaces(database: Database) -> list[str]:
    """Workspaces with a request whose time is up."""
    async with database.transaction(None) as connection:
        return [row["id"] for row in await (await connection.execute("SELECT groundwork_overdue() AS id")).fetchall()]


async def decided(connection: Connection, run_id: str) -> bool:
    """Whether the run stands waiting although its request is settled: somebody has to take it up."""
    statement = """
        SELECT 1 FROM runs AS r WHERE r.id = %(run_id)s AND r.status = 'waiting'
           AND EXISTS (SELECT 1 FROM approvals AS a WHERE a.run_id = r.id)
           AND NOT EXISTS (SELECT 1 FROM approvals AS a WHERE a.run_id = r.id AND a.state = 'waiting')"""
    return (await connection.execute(statement, {"run_id": run_id})).rowcount == 1


async def note_act(
    connection: Connection,
    approval_id: str,
    *,
    actor: str,
    role: str,
    act: ActKind,
    target: str | None = None,
    through: int | None = None,
    reason: str | None = None,
) -> Act:
    """Keep what a person did. Call it with the run held."""
    statement = """
        INSERT INTO approval_acts (approval_id, number, actor, role, act, target, through, reason)
        SELECT %(approval_id)s, coalesce(max(number), 0) + 1, %(actor)s, %(role)s, %(act)s, %(target)s, %(through)s, %(reason)s
          FROM approval_acts WHERE approval_id = %(approval_id)s
     RETURNING number, actor, role, act, target, through, reason, at"""
    values = {
        "approval_id": approval_id, "actor": actor, "role": role, "act": act, "target": target, "through": through, "reason": reason,
    }  # fmt: skip
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Act(**row)


async def acts(connection: Connection, approval_id: str) -> list[Act]:
    """What people did with a request, in order."""
    statement = "SELECT number, actor, role, act, target, through, reason, at FROM approval_acts WHERE approval_id = %s ORDER BY number"
    return [Act(**row) for row in await (await connection.execute(statement, (approval_id,))).fetchall()]


def _approval(row: dict[str, Any]) -> Approval:
    return Approval(**{**row, "requirement": Requirement.model_validate(row["requirement"])})
