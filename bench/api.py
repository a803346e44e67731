"""Start tasks and look at them over real HTTP: rate, latency and errors of two API processes.

python -m bench.api [--seconds 10] [--connections 16]

`groundwork serve` runs in a process of its own, with its embedded Postgres (durable, as in service); this process is the load. All of
it shares the machine. The load goes to 127.0.0.1 only, keeps at most one request open per connection, and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grounding.evidence import Locale
from store import embedded
from store.clients import create_client
from store.database import Database
from store.keys import create_key
from store.migrate import migrate
from store.workspaces import create_workspace

HOST = "127.0.0.1"
LIMITS = {"POST /tasks": 300, "GET /tasks/{id}": 1000}
"""requests per second that are to be reached, with p99 under 100 ms and no error"""
P99_MS = 100.0
PROCESSES = 2
BODY = json.dumps({"kind": "strategy", "client": "salon", "brief": "R15 000 a month, Google Ads and Meta. Goal: bookings."}).encode()


@dataclass(slots=True)
class Load:
    """What was sent and what came back. Times in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)

    def failed(self, reason: str) -> None:
        """Count an answer that was not the one wanted."""
        self.errors[reason] = self.errors.get(reason, 0) + 1

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds

    def at(self, share: float) -> float:
        """A quantile of the latencies, in milliseconds."""
        return 1000 * sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    def line(self, name: str) -> str:
        """The figures on one line, beside what is to be reached."""
        errors = sum(self.errors.values())
        said = (
            f"{name}: {self.rate:.0f}/s, p50 {statistics.median(self.latencies) * 1000:.1f} ms, p99 {self.at(0.99):.1f} ms, errors {errors}"
        )
        return f"{said} {self.errors or ''}(limit {LIMITS[name]}/s at p99 < {P99_MS:.0f} ms, errors 0; {len(self.latencies)} requests)"


async def drive(port: int, request: Callable[[int], bytes], wanted: int, seconds: float, connections: int, *, keep: bool = False) -> Load:
    """Send for so long, over so many kept-open connections, one request at a time on each."""
    load, numbers = Load(), iter(range(10_000_000))
    start = time.perf_counter()
    end = start + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            while time.perf_counter() < end:
                began = time.perf_counter()
                writer.write(request(next(numbers)))
                head = await reader.readuntil(b"\r\n\r\n")
                lower = head.lower()
                place = lower.index(b"content-length:") + 15
                body = await reader.readexactly(int(lower[place : lower.index(b"\r", place)]))
                if int(head[9:12]) != wanted:
                    load.failed(f"{head[9:12].decode()} {body[:120].decode()}")
                    continue
                load.latencies.append(time.perf_counter() - began)
                if keep:
                    load.answers.append(body)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            load.failed(type(error).__name__)
        finally:
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    load.seconds = time.perf_counter() - start
    return load


def message(method: str, path: str, secret: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} /api/v1{path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {secret}\r\n{content}\r\n".encode() + body


@contextmanager
def service(processes: int = PROCESSES) -> Iterator[tuple[int, Path, int]]:
    """A migrated home and `groundwork serve` on it: its port, its home and its process id. Both gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="groundwork-bench-")).resolve()
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    process = None
    try:
        urls = embedded.start(home)
        migrate(urls.owner, urls.app)
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL")}
        # the limiter stays in the path, set so that it does not refuse
        environment |= {"GROUNDWORK_HOME": str(home), "GROUNDWORK_RATE_LIMIT": "100000", "GROUNDWORK_LOG_LEVEL": "info"}
        command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port), "--processes", str(processes)]
        with (home / "serve.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((HOST, port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((home / "serve.log").read_text()) from None
                time.sleep(0.1)
        yield port, home, process.pid
    finally:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


async def key(home: Path) -> str:
    """The secret of a key to a workspace with one client."""
    database = await Database.open(embedded.urls(home).app)
    try:
        async with database.transaction(None) as connection:
            workspace = await create_workspace(connection, "Bench (simulated)")
        async with database.transaction(workspace.id) as connection:
            await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
            return (await create_key(connection, workspace.id, "bench", "owner"))[1]
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor of the API processes, the database and this process: comparable on a machine that others use too."""

    server: float
    database: float
    load: float

    @classmethod
    def now(cls, home: Path, pid: int) -> Cost:
        """Used so far."""
        postmaster = int(next(home.rglob("postmaster.pid")).read_text().split()[0])
        own = time.process_time()
        server, database = (sum(processor(each) for each in (one, *children(one))) for one in (pid, postmaster))
        return cls(server, database, own)

    def line(self, before: Cost, requests: int) -> str:
        """Milliseconds per request since then."""
        names = ("server", "database", "load")
        parts = {name: 1000 * (getattr(self, name) - getattr(before, name)) / requests for name in names}
        said = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
        fits = 1000 / max(parts["server"] / PROCESSES, sum(parts.values()) / 2)
        return f"  processor per request in ms: {said}; two cores of our own would carry {fits:.0f}/s"


def processor(pid: int) -> float:
    """Seconds of processor that a process and its ended children have used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(part) for part in parts[11:15]) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Processes that this one started and that live."""
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def measure(port: int, home: Path, pid: int, seconds: float, connections: int) -> dict[str, Load]:
    """Both figures, after a short warm-up each."""
    secret = await key(home)
    start_one = message("POST", "/tasks", secret, BODY)
    warm = await drive(port, lambda _: start_one, 202, 1.5, 4, keep=True)
    ids = [json.loads(body)["id"] for body in warm.answers]
    look = [message("GET", f"/tasks/{identity}", secret) for identity in ids]
    found = {}
    for name, request, wanted in (
        ("POST /tasks", lambda _: start_one, 202),
        ("GET /tasks/{id}", lambda number: look[number % len(look)], 200),
    ):
        await drive(port, request, wanted, 1.0, 4)
        before = Cost.now(home, pid)
        found[name] = load = await drive(port, request, wanted, seconds, connections)
        print(load.line(name))
        print(Cost.now(home, pid).line(before, len(load.latencies)), flush=True)
    return found


def main() -> None:
    """Measure and print; exit 1 when a limit is missed."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--seconds", type=float, default=10.0)
    reader.add_argument("--connections", type=int, default=16)
    given = reader.parse_args()
    with service() as (port, home, pid):
        found = asyncio.run(measure(port, home, pid, min(given.seconds, 120), min(given.connections, 64)))
    print(f"load on the machine {os.getloadavg()[0]:.1f}")
    held = all(load.rate >= LIMITS[name] and load.at(0.99) < P99_MS and not load.errors for name, load in found.items())
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
