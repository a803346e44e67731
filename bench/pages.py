"""The pages on the demo's data: server time of each under twenty people, and how heavy each is.

python -m bench.pages [--people 20] [--seconds 40] [--think 2]

`groundwork serve` runs in a process of its own on the demo's workspace. Each person is signed in and opens a page, thinks for `--think`
seconds on average (exponential), and opens the next; time is from the request to the last byte, over the loopback. Weight is the
page with its styles and scripts, as a first visit loads them, without charts. Nobody's browser is part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from bench.api import service
from demo.house import NAME
from store import deliverables, embedded, evidence, members, sessions
from store.database import Database
from web.visiting import COOKIE

SERVER_MS, WEIGHT = 200.0, 150_000
PLACES = ("", "/chat", "/deliverables", "/approvals", "/data", "/experiments", "/settings", "/goals")
OWN = re.compile(r'(?:src|href)="(/static/[^"]+)"')
IMPORTED = re.compile(r'from "(\./[^"]+)"')


async def ready(home: Path, people: int) -> tuple[list[str], list[str]]:
    """The paths to open and a session's secret for each person."""
    import psycopg

    urls = embedded.urls(home)
    async with await psycopg.AsyncConnection.connect(urls.owner) as owner:
        row = await (await owner.execute("SELECT id FROM workspaces WHERE name = %s", (NAME,))).fetchone()
    assert row is not None
    workspace = row[0]
    database = await Database.open(urls.app)
    try:
        secrets = []
        async with database.transaction(workspace) as connection:
            for number in range(people):
                member = await members.create_member(connection, f"bench-{number}@localhost", f"Bench {number}", "owner")
                secrets.append(await sessions.open_session(connection, member.id, hours=1))
            made = (await deliverables.list_(connection))[0]
            record = (await evidence.list_ids(connection))[0]
        return [*(f"/c/salon{place}" for place in PLACES), f"/c/salon/deliverables/{made.id}", f"/evidence/{record}", "/workspace"], secrets
    finally:
        await database.close()


async def weigh(site: str, secret: str, path: str) -> int:
    """Bytes of a first visit: the page, and what of ours it loads."""
    async with httpx.AsyncClient(base_url=site, cookies={COOKIE: secret}, timeout=30) as http:
        page = await http.get(path, headers={"Accept": "text/html"})
        page.raise_for_status()
        wanted, seen, total = set(OWN.findall(page.text)), set(), len(page.content)
        while wanted - seen:
            one = (wanted - seen).pop()
            seen.add(one)
            file = await http.get(one)
            file.raise_for_status()
            total += len(file.content)
            wanted |= {f"/static/{name[2:]}" for name in IMPORTED.findall(file.text)} if ".js" in one else set()
        return total


async def person(http: httpx.AsyncClient, paths: list[str], until: float, think: float, seed: int, times: dict[str, list[float]]) -> int:
    """Open pages until the time is over, after a first thought. Returns how many did not come as they should."""
    chance, failed = random.Random(seed), 0
    while True:
        await asyncio.sleep(chance.expovariate(1 / think))
        if time.perf_counter() > until:
            return failed
        path = chance.choice(paths)
        began = time.perf_counter()
        answer = await http.get(path)
        times[path].append(1000 * (time.perf_counter() - began))
        failed += answer.status_code != 200


async def measure(port: int, home: Path, people: int, seconds: float, think: float) -> bool:
    """Print each page's line. Whether all is within its limits."""
    paths, secrets = await ready(home, people)
    site, good = f"http://127.0.0.1:{port}", True
    weights = {path: await weigh(site, secrets[0], path) for path in paths}
    times: dict[str, list[float]] = {path: [] for path in paths}
    async with AsyncExitStack() as stack:
        # making a client reads certificates and holds this process up: all are made before the first request
        opened = [httpx.AsyncClient(base_url=site, cookies={COOKIE: one}, timeout=30, headers={"Accept": "text/html"}) for one in secrets]
        for http in opened:
            await stack.enter_async_context(http)
        until = time.perf_counter() + seconds
        failed = sum(await asyncio.gather(*(person(http, paths, until, think, seed, times) for seed, http in enumerate(opened))))
    for path in paths:
        found = sorted(times[path])
        middle, late = found[len(found) // 2], found[min(len(found) - 1, int(0.95 * len(found)))]
        good &= late <= SERVER_MS and weights[path] <= WEIGHT
        shown = re.sub(r"(dl|ev)_\w+", r"\1_…", path)
        print(
            f"{shown:<34} p50 {middle:6.1f} ms, p95 {late:6.1f} ms (limit {SERVER_MS:.0f}); {weights[path] / 1000:6.1f} kB "
            f"(limit {WEIGHT // 1000}); {len(found)} visits"
        )
    every = sorted(value for found in times.values() for value in found)
    print(f"{people} people, {len(every) / seconds:.1f} pages/s, all pages p95 {every[int(0.95 * len(every))]:.1f} ms, errors {failed}")
    return good and failed == 0


def main() -> int:
    """Serve the demo, let people in, measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=20)
    options.add_argument("--seconds", type=float, default=40.0)
    options.add_argument("--think", type=float, default=2.0)
    given = options.parse_args()
    with service() as (port, home, _):
        unset = ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL")
        environment = {name: value for name, value in os.environ.items() if name not in unset} | {"GROUNDWORK_HOME": str(home)}
        subprocess.run([sys.executable, "-m", "cli.main", "demo", "--json"], env=environment, check=True, stdout=subprocess.DEVNULL)
        return 0 if asyncio.run(measure(port, home, given.people, given.seconds, given.think)) else 1


if __name__ == "__main__":
    sys.exit(main())
