"""Read out experiments: prepared unit rows, exposures joined to events, and many from sums, beside tea-tasting over the same files.

python -m bench.experiments [--rows 10000000] [--large] [--peer PYTHON]

The peer runs in an environment of its own: python -m venv peer && peer/bin/pip install tea-tasting "ibis-framework[duckdb]" pyarrow.
Name its interpreter with --peer or GROUNDWORK_BENCH_TEA_TASTING, else it is left out with a message. Data is simulated. Times are the
best of three on a warm file cache, by the clock and as seconds of all cores together, which other work on the machine disturbs less;
memory is the process's peak. --large adds ten times the prepared rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from grounding.evidence import Locale
from store import delta
from store.facts import facts_from_tables, open_facts
from tools.registry import load

AS_OF = date(2026, 11, 21)
CLIENT = SimpleNamespace(id="client", slug="client", locale=Locale())
PIECE = 2_500_000  # rows written at a time, so that writing needs little memory

PEER = """
import json, sys, time
import ibis, tea_tasting as tt
data = ibis.duckdb.connect(threads=int(sys.argv[2])).read_parquet(json.loads(sys.argv[1]))
experiment = tt.Experiment(
    orders=tt.Mean("orders", covariate="orders_before", use_t=True), revenue=tt.Mean("revenue", covariate="revenue_before", use_t=True)
)
data = data.mutate(variant=(data.arm == "treatment").cast("int8"))
times, cores = [], []
for _ in range(3):
    start, spent = time.perf_counter(), time.process_time()
    result = experiment.analyze(data)
    times.append(time.perf_counter() - start)
    cores.append(time.process_time() - spent)
print(json.dumps({"seconds": min(times), "cores": min(cores), "effects": [result["orders"].effect_size, result["revenue"].effect_size]}))
"""


def write(root: Path, table: str, pieces: list[tuple[int, Callable[[int, int], pa.Table]]]) -> None:
    """Append pieces to a Delta table of the client."""
    from deltalake import write_deltalake

    folder = delta.client_folder(root, "bench", CLIENT.id)
    opened = None
    for start, make in pieces:
        rows = make(start, PIECE)
        opened = opened or delta.create_table(folder, table, rows.schema)
        write_deltalake(opened, rows, mode="append")


def unit_rows(start: int, size: int) -> pa.Table:
    """Simulated units: arm, orders and revenue in minor units, and both before the test."""
    random = np.random.default_rng(start)
    arm, taste = random.integers(0, 2, size), random.gamma(2, 1, size)
    before, orders = random.poisson(taste, size), random.poisson(taste * (1 + 0.01 * arm), size)
    return pa.table(
        {
            "arm": pa.DictionaryArray.from_arrays(pa.array(arm, pa.int8()), ["control", "treatment"]).cast(pa.string()),
            "orders": orders.astype(np.int32),
            "orders_before": before.astype(np.int32),
            "revenue": (orders * random.integers(1000, 20000, size)).astype(np.int32),
            "revenue_before": (before * random.integers(1000, 20000, size)).astype(np.int32),
        }
    )


def people(start: int, size: int) -> pa.Array:
    return pa.array(np.arange(start, start + size)).cast(pa.string())


def moments(first: datetime, days: float, size: int, seed: int) -> pa.Array:
    random = np.random.default_rng(seed)
    return pa.array(np.datetime64(first.replace(tzinfo=None), "us") + random.integers(0, int(days * 86_400_000_000), size)).cast(
        pa.timestamp("us", "UTC")
    )


def exposure_rows(start: int, size: int) -> pa.Table:
    random = np.random.default_rng(start)
    arm = pa.DictionaryArray.from_arrays(pa.array(random.integers(0, 2, size), pa.int8()), ["control", "treatment"]).cast(pa.string())
    at = moments(datetime(2026, 10, 1, tzinfo=UTC), 20, size, start)
    return pa.table({"experiment": pa.array(["offer"] * size), "unit_id": people(start, size), "arm": arm, "at": at})


def event_rows(start: int, size: int) -> pa.Table:
    random = np.random.default_rng(start + 1)
    name = pa.DictionaryArray.from_arrays(pa.array((random.random(size) < 0.3).astype(np.int8)), ["page_view", "booking"]).cast(pa.string())
    at = moments(datetime(2026, 9, 15, tzinfo=UTC), 66, size, start + 1)
    who = pa.array(random.integers(0, max(start, 1) + size, size)).cast(pa.string())
    return pa.table({"event_id": people(start, size), "contact_id": who, "name": name, "at": at})


def best(call: Callable[[], Any], times: int = 3) -> tuple[float, float, Any]:
    """Least seconds of the clock, least seconds of all cores together, and the result."""
    clock, cores, result = [], [], None
    for _ in range(times):
        start, spent = time.perf_counter(), time.process_time()
        result = call()
        clock.append(time.perf_counter() - start)
        cores.append(time.process_time() - spent)
    return min(clock), min(cores), result


def report(what: str, seconds: float, cores: float, limit: float, more: str = "") -> None:
    verdict = "ok" if seconds <= limit else "OVER"
    print(f"{what:<62} {seconds:7.2f} s  (cores {cores:.2f} s)  limit {limit:.1f} s  {verdict}  {more}", flush=True)


def pieces(rows: int, make: Callable[[int, int], pa.Table]) -> list[tuple[int, Callable[[int, int], pa.Table]]]:
    return [(start, make) for start in range(0, rows, PIECE)]


def prepared(root: Path, rows: int, threads: int, peer: str | None, limit: float) -> None:
    table = f"free_units_{rows}"
    write(root, table, pieces(rows, unit_rows))
    tool = load("analyze_experiment")
    measures = [("orders", "count"), ("revenue", "mean")]
    metrics = [
        {"name": name, "kind": kind, "role": role, "column": name, "before_column": f"{name}_before"}
        for (name, kind), role in zip(measures, ("primary", "secondary"), strict=True)
    ]
    body = {"as_of": AS_OF, "units_table": {"table": table}, "metrics": metrics, "method": "fixed"}
    request = tool.request.model_validate(body)

    def read() -> Any:
        with open_facts(root, "bench", CLIENT, as_of=AS_OF, threads=threads) as facts:
            return tool(request, facts)

    seconds, cores, result = best(read)
    report(f"{rows:.0e} prepared unit rows, two metrics with CUPED, {threads} threads", seconds, cores, limit)
    if peer is None:
        print("tea-tasting: left out, no interpreter of its environment was named", flush=True)
        return
    folder = delta.client_folder(root, "bench", CLIENT.id)
    opened = delta.open_table(folder, table)
    files = json.dumps(opened.file_uris() if opened else [])
    answer = subprocess.run([peer, "-c", PEER, files, str(threads)], capture_output=True, text=True, check=True).stdout
    other = json.loads(answer.splitlines()[-1])
    gap = max(abs(a.difference - b) for a, b in zip(result.comparisons, other["effects"], strict=True))
    said = f"{other['seconds']:7.2f} s  (cores {other['cores']:.2f} s)  effects differ by at most {gap:.1e}"
    print(f"{'tea-tasting over the same files':<62} {said}", flush=True)


def joined(root: Path, rows: int, threads: int) -> None:
    write(root, "exposures", pieces(rows, exposure_rows))
    write(root, "events", pieces(rows, event_rows))
    tool = load("analyze_experiment")
    metrics = [
        {"name": "booked", "outcome": {"event": "booking"}, "before_days": 14},
        {"name": "views", "kind": "count", "role": "secondary", "outcome": {"event": "page_view", "of": "count"}, "before_days": 14},
    ]
    request = tool.request.model_validate({"as_of": AS_OF, "experiment": "offer", "metrics": metrics})

    def read() -> Any:
        with open_facts(root, "bench", CLIENT, as_of=AS_OF, threads=threads) as facts:
            return tool(request, facts)

    seconds, cores, result = best(read)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    what = f"{rows:.0e} exposures joined to {rows:.0e} events, CUPED, {threads} threads"
    report(what, seconds, cores, 4.0, f"peak {peak:.1f} GiB of 4, {result.units_analysed} units")


def many() -> None:
    random, tool = np.random.default_rng(1), load("analyze_experiment")
    bodies = []
    for _ in range(1000):
        metrics = []
        for number in range(10):
            done = random.binomial(10_000, 0.1, 2)
            totals = [{"arm": arm, "units": 10_000, "conversions": int(x)} for arm, x in zip(("control", "treatment"), done, strict=True)]
            metrics.append({"name": f"metric_{'abcdefghij'[number]}", "role": "secondary" if number else "primary", "totals": totals})
        bodies.append({"as_of": AS_OF, "metrics": metrics, "planned_units": 40_000})
    facts = facts_from_tables({}, as_of=AS_OF)
    seconds, cores, _ = best(lambda: [tool(tool.request.model_validate(body), facts) for body in bodies])
    report("1 000 experiments of ten metrics from sums, validated", seconds, cores, 2.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10**7)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peer", default=os.environ.get("GROUNDWORK_BENCH_TEA_TASTING"))
    asked = parser.parse_args()
    many()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepared(root, asked.rows, asked.threads, asked.peer, 0.5)
        joined(root, asked.rows, asked.threads)
        if asked.large:
            prepared(root, 10 * asked.rows, asked.threads, asked.peer, 5.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
