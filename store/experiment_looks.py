"""The log of looks: when, by whom, at which evidence, and what it said. It only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read-out showed: its comparisons and gates as the tool gave them. Of an invalid one no effect is to be shown."""

    number: int
    at: datetime
    units: int
    decision: str
    evidence_id: str
    method: str
    comparisons: list[dict[str, Any]]
    gates: list[dict[str, Any]]


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


async def readings(connection: Connection, experiment_id: str) -> list[Reading]:
    """The read-outs of an experiment, first to last, each with what its evidence compared: no more of the records than that."""
    statement = """
        SELECT l.number, l.at, l.units, l.decision, l.evidence_id, e.record #>> '{result,method}' AS method,
               e.record #> '{result,comparisons}' AS comparisons, e.record #> '{result,gates}' AS gates
          FROM experiment_looks AS l JOIN evidence AS e ON e.id = l.evidence_id
         WHERE l.experiment_id = %s AND l.tool = 'analyze_experiment' ORDER BY l.number"""
    return [Reading(**row) for row in await (await connection.execute(statement, (experiment_id,))).fetchall()]


async def last_advice(connection: Connection, client_id: str) -> dict[str, str]:
    """What the last read-out of each of the client's experiments advised, by experiment."""
    statement = """
        SELECT DISTINCT ON (l.experiment_id) l.experiment_id, l.decision
          FROM experiment_looks AS l JOIN experiments AS x ON x.id = l.experiment_id
         WHERE x.client_id = %s AND l.tool = 'analyze_experiment' ORDER BY l.experiment_id, l.number DESC"""
    rows = await (await connection.execute(statement, (client_id,))).fetchall()
    return {row["experiment_id"]: row["decision"] for row in rows}
