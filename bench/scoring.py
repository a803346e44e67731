"""Train on 100 000 rows of 20 columns and score a million leads; and score a single lead through the API.

python -m bench.scoring [--rows 100000] [--leads 1000000]

Data is simulated. Training chooses between the linear model and boosted trees; the truth bends, so that trees are chosen: the slower way.
Times are by the clock from a cold start, imports included, and as seconds of all cores together; memory is the process's peak.
The single lead goes by HTTP with a key, a client and its evidence kept in Postgres.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

AS_OF = date(2026, 11, 21)
LIMIT, MEMORY, SINGLE = 10.0, 3.0, 20.0  # seconds, GiB, milliseconds


def simulated(rows: int, seed: int) -> pa.Table:
    """Twenty columns: fourteen numbers, four texts, a flag, a day with gaps; an outcome that depends on eight of them, two together."""
    random = np.random.default_rng(seed)
    numbers = {f"n{each}": random.normal(size=rows) for each in range(14)}
    texts = {f"t{each}": random.integers(0, 4 + 6 * each, rows) for each in range(4)}
    flag, day = random.random(rows) < 0.4, random.integers(20_000, 20_700, rows)
    odds = numbers["n0"] * numbers["n1"] + 0.5 * numbers["n2"] - 0.3 * numbers["n3"] + 0.4 * (texts["t1"] % 3) + 0.5 * flag - 1.5
    won = random.random(rows) < 1 / (1 + np.exp(-odds))
    columns: dict[str, Any] = {"lead_id": pa.array(np.arange(rows)).cast(pa.string()), **numbers}
    for name, codes in texts.items():
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array(codes, pa.int32()), [f"kind {each}" for each in range(codes.max() + 1)]
        ).cast(pa.string())
    columns["flag"], columns["seen_on"] = flag, pa.array(day, pa.int32(), mask=random.random(rows) < 0.05).cast(pa.date32())
    return pa.table({**columns, "won": won})


def write(root: Path, workspace: str, client: Any, table: str, rows: pa.Table) -> None:
    """A Delta table of the client."""
    from deltalake import write_deltalake

    from store import delta

    write_deltalake(delta.create_table(delta.client_folder(root, workspace, client.id), table, rows.schema), rows, mode="append")


def whole(rows: int, leads: int) -> bool:
    """Train and score from Delta tables, as a tool run does."""
    from graphs.run_tool import ToolCall, compute
    from grounding.evidence import Locale
    from store.clients import Client

    client = Client("cl_bench", "ws_bench", "bench", "Bench (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, "ws_bench", client, "free_labelled", simulated(rows, 1))
        write(root, "ws_bench", client, "free_leads", simulated(leads, 2).drop_columns("won"))
        asked = {"workspace_id": "ws_bench", "client": client, "as_of": AS_OF}
        start, spent = time.perf_counter(), time.process_time()
        made = compute(ToolCall("train_model", {"kind": "lead", "table": "labelled", "label": "won"}, **asked), root)
        middle = time.perf_counter()
        scored = compute(ToolCall("score_leads", {"table": "leads", "id_column": "lead_id", "limit": 1000}, **asked), root)
        end, cores = time.perf_counter(), time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    card, fine = made.result["card"], end - start <= LIMIT and peak <= MEMORY
    said = f"train {middle - start:.2f} s, score {end - middle:.2f} s, cores {cores:.2f} s, peak {peak:.1f} GiB of {MEMORY:.0f}"
    print(
        f"train on {rows:.0e} x 20, score {leads:.0e}: {end - start:.2f} s  limit {LIMIT:.0f} s  {'ok' if fine else 'OVER'}  ({said})",
        flush=True,
    )
    print(f"  {card['family']}, area under the curve {card['auc']['value']:.3f}, {len(scored.result['scores'])} leads listed", flush=True)
    return fine


def single(seconds: float) -> bool:
    """A single lead at a time over one kept-open connection, by a model of boosted trees."""
    import asyncio
    import json

    from bench.api import drive, key, message, service

    rows = [
        {name: str(value) if isinstance(value, date) else value for name, value in row.items()} for row in simulated(3000, 3).to_pylist()
    ]
    asked = {"kind": "lead", "label": "won", "rows": rows, "method": "boosting", "exclude": ["lead_id"]}

    async def measure(port: int, home: Path) -> Any:
        secret = await key(home)
        train = message("POST", "/tools/train_model?client=salon", secret, json.dumps(asked).encode())
        first = await drive(port, lambda _: train, 200, 0.1, 1)
        if first.errors:
            raise RuntimeError(str(first.errors))
        bodies = [json.dumps({"rows": [{name: value for name, value in row.items() if name != "won"}]}).encode() for row in rows[:500]]
        ask = [message("POST", "/tools/score_leads?client=salon", secret, body) for body in bodies]
        await drive(port, lambda number: ask[number % len(ask)], 200, 2.0, 1)
        return await drive(port, lambda number: ask[number % len(ask)], 200, seconds, 1)

    with service() as (port, home, _):
        load = asyncio.run(measure(port, home))
    p95, fine = load.at(0.95), load.at(0.95) <= SINGLE and not load.errors
    said = f"p50 {load.at(0.5):.1f} ms, {len(load.latencies)} calls, errors {sum(load.errors.values())} {load.errors or ''}"
    print(f"a single lead by API: p95 {p95:.1f} ms  limit {SINGLE:.0f} ms  {'ok' if fine else 'OVER'}  ({said})", flush=True)
    return fine


def main() -> int:
    """Measure both; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10**5)
    parser.add_argument("--leads", type=int, default=10**6)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    fine = whole(asked.rows, asked.leads)
    fast = single(asked.seconds)
    print(f"load on the machine {os.getloadavg()[0]:.1f}")
    return 0 if fine and fast else 1


if __name__ == "__main__":
    sys.exit(main())
