"""What models used, by client and month, and counts that outlive the events they were counted from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, NamedTuple

from store.database import Connection

BOUNDS_S = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, float("inf"))
"""Upper bounds of the buckets that model latency is counted in, in seconds."""


class Spent(NamedTuple):
    """Millionths of a US dollar spent on models this calendar month (UTC), as far as prices are known."""

    client: int
    workspace: int


class Count(NamedTuple):
    """One count over all workspaces: what of (`runs`, `numerals`, `cost_micros` …), and of which kind, model or verdict."""

    name: str
    label: str
    detail: str
    n: float


async def add_call(connection: Connection, client_id: str, usage: Mapping[str, Any]) -> None:
    """Count one model call. `usage` is llm.usage.Usage as JSON. Call it last in a transaction: all runs of a client share these rows."""
    statement = """
        INSERT INTO model_calls AS m (client_id, month, model, within_s, calls, attempts, input_tokens, output_tokens, known_cost_micros,
                                      unpriced_calls, latency_ms)
        VALUES (%(client_id)s, date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC'), %(model)s, %(within_s)s, 1, %(attempts)s,
                %(input_tokens)s, %(output_tokens)s, %(cost)s, %(unpriced)s, %(latency_ms)s)
        ON CONFLICT (workspace_id, client_id, month, model, within_s) DO UPDATE
           SET calls = m.calls + 1, attempts = m.attempts + excluded.attempts, input_tokens = m.input_tokens + excluded.input_tokens,
               output_tokens = m.output_tokens + excluded.output_tokens,
               known_cost_micros = m.known_cost_micros + excluded.known_cost_micros,
               unpriced_calls = m.unpriced_calls + excluded.unpriced_calls, latency_ms = m.latency_ms + excluded.latency_ms"""
    values = {
        "client_id": client_id,
        "model": usage["model"],
        "within_s": BOUNDS_S[bisect_left(BOUNDS_S, usage["latency_ms"] / 1000)],
        "attempts": usage["attempts"],
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cost": usage["cost_micros"] or 0,
        "unpriced": int(usage["cost_micros"] is None),
        "latency_ms": usage["latency_ms"],
    }
    await connection.execute(statement, values)


async def tally(connection: Connection, name: str, counts: Mapping[str, int]) -> None:
    """Add to the workspace's counts of this name."""
    statement = """
        INSERT INTO tallies AS t (name, label, n) VALUES (%s, %s, %s)
        ON CONFLICT (workspace_id, name, label) DO UPDATE SET n = t.n + excluded.n"""
    for label, n in sorted(counts.items()):  # one order for all, so that two transactions never wait for each other
        if n:
            await connection.execute(statement, (name, label, n))


async def spent(connection: Connection, client_id: str) -> Spent:
    """What the client and the whole workspace spent this month."""
    statement = """
        SELECT coalesce(sum(known_cost_micros) FILTER (WHERE client_id = %s), 0)::bigint AS client,
               coalesce(sum(known_cost_micros), 0)::bigint AS workspace
          FROM model_calls WHERE month = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')"""
    row = await (await connection.execute(statement, (client_id,))).fetchone()
    assert row is not None
    return Spent(**row)


async def spent_by_client(connection: Connection) -> dict[str, int]:
    """What each client of the workspace spent this month, as `spent` counts it; clients that spent nothing are left out."""
    statement = """
        SELECT client_id, sum(known_cost_micros)::bigint AS micros
          FROM model_calls WHERE month = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') GROUP BY client_id"""
    return {row["client_id"]: row["micros"] for row in await (await connection.execute(statement)).fetchall()}


async def counts(connection: Connection) -> list[Count]:
    """Counts over all workspaces, for operators; no workspace has to be set."""
    return [Count(**row) for row in await (await connection.execute("SELECT * FROM groundwork_counts()")).fetchall()]
