"""Evidence records: every tool run, kept so that a figure can be traced and replayed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from psycopg.types.json import Jsonb

from grounding.evidence import Evidence
from store.database import Connection


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """A record with whose it is."""

    evidence: Evidence
    client_id: str
    run_id: str | None


async def add(connection: Connection, client_id: str, run_id: str | None, evidence: Evidence) -> None:
    """Keep a record. Keeping the same id again changes nothing: a step that runs twice after a kill leaves one record."""
    statement = """
        INSERT INTO evidence (id, client_id, run_id, tool, record, created_at) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (id) DO NOTHING"""
    values = (evidence.id, client_id, run_id, evidence.tool, Jsonb(evidence.model_dump(mode="json")), evidence.created_at)
    await connection.execute(statement, values)


async def get(connection: Connection, evidence_id: str) -> StoredEvidence | None:
    """The record of this id."""
    row = await (await connection.execute("SELECT record, client_id, run_id FROM evidence WHERE id = %s", (evidence_id,))).fetchone()
    return StoredEvidence(Evidence.model_validate(row["record"]), row["client_id"], row["run_id"]) if row else None


async def many(connection: Connection, ids: Collection[str]) -> dict[str, StoredEvidence]:
    """The records of these ids, by id; those that are gone are left out."""
    statement = "SELECT id, record, client_id, run_id FROM evidence WHERE id = ANY(%s)"
    rows = await (await connection.execute(statement, (list(ids),))).fetchall()
    return {row["id"]: StoredEvidence(Evidence.model_validate(row["record"]), row["client_id"], row["run_id"]) for row in rows}


async def of_run(connection: Connection, run_id: str) -> list[Evidence]:
    """A run's records in the order they were kept."""
    rows = await (await connection.execute("SELECT record FROM evidence WHERE run_id = %s ORDER BY number", (run_id,))).fetchall()
    return [Evidence.model_validate(row["record"]) for row in rows]


async def latest_alone(connection: Connection, client_id: str, tool: str) -> Evidence | None:
    """The last record of a tool that ran for the client by itself, in no run."""
    statement = "SELECT record FROM evidence WHERE client_id = %s AND tool = %s AND run_id IS NULL ORDER BY number DESC LIMIT 1"
    row = await (await connection.execute(statement, (client_id, tool))).fetchone()
    return Evidence.model_validate(row["record"]) if row else None


async def list_ids(connection: Connection, *, client_id: str | None = None) -> list[str]:
    """Ids of the workspace's records, oldest first."""
    statement = "SELECT id FROM evidence WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s ORDER BY number"
    return [row["id"] for row in await (await connection.execute(statement, {"client_id": client_id})).fetchall()]


async def mark_erased(connection: Connection, client_id: str, gone: Mapping[str, Collection[int]], on: date) -> int:
    """Mark the client's records that read any of these versions of these tables as not replayable; their results stay.

    Returns how many. Records on versions that never held the person can still be replayed.
    """
    statement = """
        UPDATE evidence
           SET record = record || jsonb_build_object('replayable', false, 'not_replayable_reason', %(reason)s::text)
         WHERE client_id = %(client_id)s AND (record ->> 'replayable')::boolean
           AND EXISTS (SELECT 1
                         FROM jsonb_each(record -> 'facts') AS read(name, version)
                        WHERE %(gone)s::jsonb -> read.name @> read.version)"""
    values = {
        "client_id": client_id,
        "gone": Jsonb({table: sorted(versions) for table, versions in gone.items()}),
        "reason": f"erased {on.isoformat()}",
    }
    return (await connection.execute(statement, values)).rowcount
