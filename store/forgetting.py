"""Take a person out of a client's records in the database. What holds words of people is listed here, and a test holds the list
against the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from store import deliverables, documents, experiments
from store.database import Connection
from store.documents import Embedder
from store.mentions import Mentions

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Columns of a table that may hold a person, and SQL for which rows are the client's."""

    table: str
    key: tuple[str, ...]
    texts: tuple[str, ...] = ()
    jsons: tuple[str, ...] = ()
    whose: str = "client_id = %(client_id)s"


TALKS = "(client_id = %(client_id)s OR client_id IS NULL)"

PLACES = (
    Place("clients", ("id",), jsons=("profile",), whose="id = %(client_id)s"),
    Place("runs", ("id",), ("brief", "error"), ("usage", "model")),
    Place("run_events", ("run_id", "number"), jsons=("payload",), whose="run_id IN (SELECT id FROM runs WHERE client_id = %(client_id)s)"),
    Place("evidence", ("id",), jsons=("record",)),
    Place("deliverables", ("id",), ("title", "markdown"), ("content", "verdict", "evidence_aliases", "model", "prompt")),
    Place("approvals", ("id",), ("reason",), ("audience", "cost", "passages")),
    Place(
        "approval_acts",
        ("approval_id", "number"),
        ("reason",),
        whose="approval_id IN (SELECT id FROM approvals WHERE client_id = %(client_id)s)",
    ),
    Place("comments", ("id",), ("quote", "text"), whose="deliverable_id IN (SELECT id FROM deliverables WHERE client_id = %(client_id)s)"),
    Place("threads", ("id",), ("title", "summary", "door_id"), whose=TALKS),
    Place(
        "messages",
        ("id",),
        ("text",),
        ("aliases",),
        whose=f"thread_id IN (SELECT id FROM threads WHERE {TALKS})",
    ),
    Place("preferences", ("id",), ("text",)),
    Place("imports", ("id",), ("file_name", "reject_file"), ("mapping",)),
    Place("import_mappings", ("client_id", "headers_hash"), jsons=("mapping",)),
    Place("experiments", ("id",), ("name",), ("plan", "requests", "registered", "outcome")),
    Place(
        "experiment_changes",
        ("experiment_id", "number"),
        ("reason",),
        ("changes",),
        whose="experiment_id IN (SELECT id FROM experiments WHERE client_id = %(client_id)s)",
    ),
    Place("schedules", ("id",), ("brief",), ("recipients",)),
    Place(
        "schedule_fires",
        ("schedule_id", "fire_at"),
        ("reason",),
        whose="schedule_id IN (SELECT id FROM schedules WHERE client_id = %(client_id)s)",
    ),
    Place(
        "schedule_alerts",
        ("schedule_id", "fire_at", "kind"),
        ("text",),
        whose="schedule_id IN (SELECT id FROM schedules WHERE client_id = %(client_id)s)",
    ),
    Place("idempotency_keys", ("key",), jsons=("response",), whose="true"),
)
"""Documents and chunks, checkpoints, step results, keys of requests and the audit log have ways of their own, below."""


async def take_out(connection: Connection, client_id: str, mentions: Mentions, *, on: date, embedder: Embedder) -> dict[str, int]:
    """Replace every mention of a person in the client's records by `[erased]`; gives how many rows changed, by table.

    Evidence that named the person is marked as not replayable: computed again it would name them again. Call it in a transaction
    that sees nothing of the client's live runs, or they write the person again.
    """
    changed = {place.table: await _rewrite(connection, place, client_id, mentions, on) for place in PLACES}
    changed["documents"] = await _documents(connection, client_id, mentions, embedder)
    if mentions.loose:
        changed["idempotency_keys"] += await _request_keys(connection, mentions)
    changed["audit_log"] = await _audit(connection, mentions)
    return {table: count for table, count in changed.items() if count}


async def named_in(connection: Connection, client_id: str, mentions: Mentions) -> dict[str, int]:
    """How many of the client's records name a person, by table: what `take_out` would change, the audit log and keys aside."""
    named = {place.table: len(await _naming(connection, place, client_id, mentions)) for place in PLACES}
    kept = await documents.list_documents(connection, client_id)
    named["documents"] = sum(any(mentions.text(text) != text for text in (one.title, one.source, one.text)) for one in kept)
    return {table: count for table, count in named.items() if count}


async def _naming(connection: Connection, place: Place, client_id: str, mentions: Mentions) -> list[tuple[Row, Row]]:
    """Rows of a place that name the person, each with its columns as they would be without."""
    exact = place.table == "evidence"
    loose = mentions.loose_exact if exact else mentions.loose
    if not loose:
        return []
    columns = (*place.texts, *place.jsons)
    holds = " OR ".join(f"{column}::text ~* %(loose)s" for column in columns)
    statement = f"SELECT {', '.join((*place.key, *columns))} FROM {place.table} WHERE {place.whose} AND ({holds})"
    rows = await (await connection.execute(statement, {"client_id": client_id, "loose": loose})).fetchall()
    found = []
    for row in rows:
        fresh = {name: mentions.text(row[name]) if row[name] is not None else None for name in place.texts}
        fresh |= {name: mentions.json(row[name], exact=exact) for name in place.jsons}
        if any(fresh[name] != row[name] for name in columns):
            found.append((row, fresh))
    return found


async def _rewrite(connection: Connection, place: Place, client_id: str, mentions: Mentions, on: date) -> int:
    found = await _naming(connection, place, client_id, mentions)
    for row, without in found:
        fresh = MENDED[place.table](without, on) if place.table in MENDED else without
        values = {name: Jsonb(value) if name in place.jsons and value is not None else value for name, value in fresh.items()}
        sets = ", ".join(f"{name} = %({name})s" for name in values)
        same = " AND ".join(f"{name} = %(key_{name})s" for name in place.key)
        await connection.execute(f"UPDATE {place.table} SET {sets} WHERE {same}", values | {f"key_{name}": row[name] for name in place.key})
    return len(found)


def _not_replayable(fresh: Row, on: date) -> Row:
    record = fresh["record"]
    if record["replayable"]:
        record |= {"replayable": False, "not_replayable_reason": f"erased {on.isoformat()}"}
    return {"record": record}


def _hashed_anew(fresh: Row, on: date) -> Row:
    return fresh | {"content_hash": deliverables.hash_of(fresh["content"], fresh["markdown"])}


def _registered_anew(fresh: Row, on: date) -> Row:
    return fresh if fresh["registered"] is None else fresh | {"hash": experiments.hash_of(fresh["registered"])}


MENDED: Mapping[str, Callable[[Row, date], Row]] = {
    "evidence": _not_replayable,
    "deliverables": _hashed_anew,
    "experiments": _registered_anew,
}
"""What has to change with a record of the table."""


async def _documents(connection: Connection, client_id: str, mentions: Mentions, embedder: Embedder) -> int:
    """Documents that mention the person, rewritten with their chunks embedded again."""
    count = 0
    for document in await documents.list_documents(connection, client_id):
        title, source, text = map(mentions.text, (document.title, document.source, document.text))
        if (title, source, text) != (document.title, document.source, document.text):
            await documents.rewrite_document(connection, replace(document, title=title, source=source, text=text), embedder=embedder)
            count += 1
    return count


async def _request_keys(connection: Connection, mentions: Mentions) -> int:
    """Idempotency keys that name the person go: they are the caller's own words."""
    rows = await (await connection.execute("SELECT key FROM idempotency_keys WHERE key ~* %s", (mentions.loose,))).fetchall()
    named = [row["key"] for row in rows if mentions.in_key(row["key"])]
    return (await connection.execute("DELETE FROM idempotency_keys WHERE key = ANY(%s)", (named,))).rowcount if named else 0


async def _audit(connection: Connection, mentions: Mentions) -> int:
    """The application cannot change the audit log; a function of the owner takes whole words out of it, and notes that it did."""
    cursor = await connection.execute("SELECT groundwork_erase_from_audit(%s) AS changed", (list(mentions.audited),))
    row = await cursor.fetchone()
    assert row is not None
    return int(row["changed"])
