"""Fit BG/NBD to many simulated customers, beside lifetimes on the same customers.

python -m bench.value [--peer PYTHON]

The peer runs in an environment of its own (lifetimes 0.11.3): name its interpreter with --peer or GROUNDWORK_BENCH_LIFETIMES, else it is
left out with a message. Times are the best of three on one thread, by the clock and in seconds of processor. The peer's likelihood is
worked out here from its parameters, so that both are of the same data.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tools.methods import bg_nbd
from tools.methods.histories import Histories

TRUTH = np.array([0.25, 4.5, 0.8, 2.4])
CASES = ((100_000, 0.5), (1_000_000, 4.0))

PEER = """
import json, sys, time
import numpy as np
from lifetimes import BetaGeoFitter
data = np.load(sys.argv[1])
times, cores = [], []
for _ in range(3):
    start, spent = time.perf_counter(), time.process_time()
    fitted = BetaGeoFitter().fit(data["x"], data["last"], data["age"])
    times.append(time.perf_counter() - start)
    cores.append(time.process_time() - spent)
values = [float(fitted.params_[name]) for name in ("r", "alpha", "a", "b")]
print(json.dumps({"seconds": min(times), "cores": min(cores), "values": values}))
"""


def customers(count: int, days: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulated customers, times in weeks to the moment or by whole days (in which many histories are equal)."""
    random = np.random.default_rng(count)
    found = bg_nbd.simulate(TRUTH, random.uniform(20, 60, count), random)
    x, last, age = (np.repeat(column, found.weight.astype(np.int64)) for column in (found.x, found.last, found.age))
    return (x, np.ceil(last * 7) / 7, np.ceil(age * 7) / 7) if days else (x, last, age)


def measure(count: int, limit: float, days: bool, peer: str | None) -> bool:
    """Fit, print, compare. Whether the limit was kept."""
    from threadpoolctl import threadpool_limits

    x, last, age = customers(count, days)
    clock, cores, rows, fit = [], [], 0, None
    with threadpool_limits(1):
        for _ in range(3):
            start, spent = time.perf_counter(), time.process_time()
            histories = Histories.of(x, last, age)
            fit, rows = bg_nbd.fit(histories), len(histories)
            clock.append(time.perf_counter() - start)
            cores.append(time.process_time() - spent)
    kept = min(cores) <= limit
    said = "ok" if kept else "OVER"
    what = f"BG/NBD, {count:.0e} customers, {'whole days' if days else 'moments'}, {rows} rows"
    print(f"{what:<62} {min(clock):7.2f} s  (cores {min(cores):.2f} s)  limit {limit:.1f} s  {said}", flush=True)
    if peer is None or fit is None:
        return kept
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.npz"
        np.savez(file, x=x, last=last, age=age)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        answer = subprocess.run([peer, "-W", "ignore", "-c", PEER, str(file)], capture_output=True, text=True, check=True, env=environment)
    other = json.loads(answer.stdout.splitlines()[-1])
    height = bg_nbd.Surface(histories)(np.array(other["values"]))[0] * count
    gap = fit.log_likelihood / height - 1
    beside = f"{other['seconds']:7.2f} s  (cores {other['cores']:.2f} s)  log-likelihood differs by {gap:.1e}"
    print(f"{'lifetimes on the same customers':<62} {beside}", flush=True)
    return kept


def main() -> int:
    """Every case; one when a limit was passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", default=os.environ.get("GROUNDWORK_BENCH_LIFETIMES"))
    asked = parser.parse_args()
    if asked.peer is None:
        print("lifetimes: left out, no interpreter of its environment was named", flush=True)
    results = [measure(count, limit, days, asked.peer) for count, limit in CASES for days in (False, True)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
