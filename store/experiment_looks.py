"""The log of looks: when, by whom, at which evidence, and what it said. It only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.database import Connection

COLUMNS = "number, tool, evidence_id, decision, units, revision, actor, at"


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `units` were in it; `revision` is of the plan that it was asked by."""

    number: int
    tool: str
    evidence_id: str
    decision: str
    units: int
    revision: int
    actor: str
    at: datetime


async def add(
    connection: Connection, experiment_id: str, *, tool: str, evidence_id: str, decision: str, units: int, revision: int, actor: str
) -> Look:
    """Log a look, in the transaction that keeps its evidence and holds the experiment's row."""
    statement = f"""
        INSERT INTO experiment_looks (experiment_id, number, tool, evidence_id, decision, units, revision, actor)
        SELECT %(id)s, coalesce(max(number), 0) + 1, %(tool)s, %(evidence)s, %(decision)s, %(units)s, %(revision)s, %(actor)s
          FROM experiment_looks WHERE experiment_id = %(id)s RETURNING {COLUMNS}"""
    values = {
        "id": experiment_id, "tool": tool, "evidence": evidence_id, "decision": decision, "units": units, "revision": revision,
        "actor": actor,
    }  # fmt: skip
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Look(**row)


async def of(connection: Connection, experiment_id: str) -> list[Look]:
    """The looks at an experiment, first to last."""
    statement = f"SELECT {COLUMNS} FROM experiment_looks WHERE experiment_id = %s ORDER BY number"
    return [Look(**row) for row in await (await connection.execute(statement, (experiment_id,))).fetchall()]
