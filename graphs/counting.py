"""What an operator counts, taken from a step's own events and kept in the transaction that commits them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from store import ledger
from store.database import Connection


async def count(connection: Connection, client_id: str, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Count model calls, numerals by verdict, drafts and tool runs by outcome."""
    numerals: Counter[str] = Counter()
    drafts: Counter[str] = Counter()
    tools: Counter[str] = Counter()
    calls = []
    for kind, payload in events:
        match kind:
            case "usage":
                calls.append(payload)
            case "verdict":
                numerals.update({name: n for name, n in payload["numerals"].items() if name.isupper()})
                drafts["clean" if payload["ok"] else "stopped"] += 1
            case "tool_result":
                tools["answered"] += 1
            case "tool_refused":
                tools["failed" if payload["kind"] == "failed" else "refused"] += 1
    for name, counts in (("drafts", drafts), ("numerals", numerals), ("tools", tools)):
        await ledger.tally(connection, name, counts)
    for usage in calls:
        await ledger.add_call(connection, client_id, usage)
