"""Conversations as pages follow them: 200 streams open on one process, the first visible event, and that none misses anything.

python -m bench.streams [--streams 200] [--turns 60]

One process of `groundwork serve`, one `groundwork worker` and the embedded Postgres; the model is the wire server of this process, as in
bench/chat.py. Each stream follows a conversation of its own, with the session of one member. First one message after the other, then one
in every conversation at once; each tenth stream is broken off after its first news and comes back to where it was. All on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.api import HOST, processor, service
from bench.chat import at, worker
from grounding.evidence import Locale
from llm.wire_server import WireServer
from store import embedded
from store.clients import create_client
from store.database import Database
from store.members import create_member
from store.runs import many
from store.sessions import find_session, open_session
from store.workspaces import create_workspace
from web.visiting import COOKIE

FIRST_MS = 150.0
ASKED = "Who are you?"
PATIENCE = 300.0
"""seconds after which news that does not come is a miss"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in."""

    workspace: str
    cookie: str
    csrf: str


@dataclass
class Tab:
    """One open stream and what it has seen: of each run up to which event, and whether something was skipped."""

    http: httpx.AsyncClient
    address: str
    breaks: bool
    place: str = ""
    seen: dict[str, int] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    misses: list[str] = field(default_factory=list)
    first: float = 0.0
    lost: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        """Read until cancelled; once broken off, come back as a browser does."""
        while True:
            try:
                await self._read()
            except httpx.HTTPError:
                self.lost += 1
                await asyncio.sleep(1)

    async def _read(self) -> None:
        headers = {"Last-Event-ID": self.place} if self.place else {}
        async with self.http.stream("GET", f"{self.address}/stream", headers=headers) as response:
            response.raise_for_status()
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                    self.open.set()
                    continue
                told, fields = fields, {}
                if told.get("event") == "turn":
                    self.take(told["id"], json.loads(told["data"]))
                    if self.breaks:
                        self.breaks = False
                        return

    def take(self, place: str, told: dict) -> None:
        """News of a run: they have to begin where the last ended."""
        self.first = self.first or time.perf_counter()
        run, before = told["turn"], self.seen.get(told["turn"], 0)
        if told["since"] > before or (told["since"] < before and told["since"] != 0) or told["to"] < before:
            self.misses.append(f"{run}: {told['since']} to {told['to']} after {before}")
        self.place, self.seen[run] = place, told["to"]
        if not told["working"]:
            self.finished.add(run)
        self.news.set()

    async def until_finished(self, run: str) -> None:
        """Wait for the end of a run. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while run not in self.finished:
                self.news.clear()
                await self.news.wait()


async def visit(home: Path) -> Visit:
    """A workspace with one client and a member who is signed in."""
    database = await Database.open(embedded.urls(home).app)
    try:
        async with database.transaction(None) as connection:
            workspace = await create_workspace(connection, "Bench (simulated)")
        async with database.transaction(workspace.id) as connection:
            await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
            member = await create_member(connection, "bench@example.org", "Bench", "owner")
            secret = await open_session(connection, member.id, hours=24)
        async with database.transaction(None) as connection:
            session = await find_session(connection, secret)
        assert session is not None
        return Visit(workspace.id, secret, session.csrf)
    finally:
        await database.close()


async def say(tab: Tab, csrf: str) -> tuple[str, float]:
    """Say something as the page's script does; the run that answers, and when it was sent."""
    tab.first, began = 0.0, time.perf_counter()
    answer = await tab.http.post(tab.address, data={"csrf": csrf, "text": ASKED}, headers={"Accept": "*/*"})
    answer.raise_for_status()
    return answer.json()["run"], began


async def measure(port: int, home: Path, pid: int, streams: int, turns: int) -> bool:
    """Both figures, printed beside their limits."""
    here = await visit(home)
    limits = httpx.Limits(max_connections=2 * streams + 20, max_keepalive_connections=streams)
    cookies, headers = {COOKIE: here.cookie}, {"Accept": "text/html"}
    async with httpx.AsyncClient(
        base_url=f"http://{HOST}:{port}", cookies=cookies, headers=headers, timeout=PATIENCE, limits=limits
    ) as http:
        tabs = []
        for number in range(streams):
            begun = await http.post("/c/salon/chat", data={"csrf": here.csrf, "text": ASKED})
            tabs.append(Tab(http, begun.headers["location"], breaks=number % 10 == 9))
        following = [asyncio.create_task(tab.follow()) for tab in tabs]
        await asyncio.wait_for(asyncio.gather(*(tab.open.wait() for tab in tabs)), PATIENCE)
        # the first turns, which began before the streams, end
        await asyncio.wait_for(asyncio.gather(*(_settled(tab) for tab in tabs)), PATIENCE)
        times = []
        for number in range(turns):
            tab = tabs[number % streams]
            run, began = await say(tab, here.csrf)
            await tab.until_finished(run)
            times.append(1000 * (tab.first - began))
        p95 = at(times, 0.95)
        print(
            f"{streams} streams open on one process; first visible event after a message: p50 {statistics.median(times):.0f} ms, "
            f"p95 {p95:.0f} ms (limit {FIRST_MS:.0f} ms; {turns} messages)",
            flush=True,
        )
        for number, tab in enumerate(tabs):
            tab.breaks = number % 10 == 9
        used, wall = processor(pid), time.perf_counter()
        said = await asyncio.gather(*(say(tab, here.csrf) for tab in tabs))
        ended = await asyncio.gather(*(tab.until_finished(run) for tab, (run, _) in zip(tabs, said, strict=True)), return_exceptions=True)
        wall, used = time.perf_counter() - wall, processor(pid) - used
        for task in following:
            task.cancel()
        broken = [task for task in await asyncio.gather(*following, return_exceptions=True) if not isinstance(task, asyncio.CancelledError)]
    missed = [text for tab in tabs for text in tab.misses] + [repr(one) for one in [*ended, *broken] if one is not None]
    missed += await _short(home, here.workspace, tabs)
    print(
        f"a message in each of {streams} conversations at once: {wall:.1f} s, {sum(len(tab.seen) for tab in tabs)} runs seen, "
        f"{sum(n for tab in tabs for n in tab.seen.values())} events, misses {len(missed)} (limit 0), connections that broke "
        f"{sum(tab.lost for tab in tabs)}; of the serving process {1000 * used / streams:.0f} ms of processor for each"
    )
    for text in missed[:5]:
        print(f"  {text}")
    return p95 <= FIRST_MS and not missed


async def _settled(tab: Tab) -> None:
    while not tab.finished:
        tab.news.clear()
        await tab.news.wait()


async def _short(home: Path, workspace: str, tabs: list[Tab]) -> list[str]:
    """Runs of which a stream has seen fewer events than are kept, or whose end it has not seen."""
    database = await Database.open(embedded.urls(home).app)
    try:
        async with database.transaction(workspace) as connection:
            rows = await (await connection.execute("SELECT run_id, max(number) AS last FROM run_events GROUP BY run_id")).fetchall()
            ends = await many(connection, [row["run_id"] for row in rows])
    finally:
        await database.close()
    kept = {row["run_id"]: row["last"] for row in rows}
    seen = {run: number for tab in tabs for run, number in tab.seen.items()}
    missed = [f"{run}: seen up to {seen.get(run, 0)} of {last}" for run, last in kept.items() if seen.get(run) != last]
    return missed + [f"{run.id} ended as {run.status}" for run in ends.values() if run.status != "succeeded"]


def main() -> None:
    """Measure and print; exit 1 when a limit is missed."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--streams", type=int, default=200)
    reader.add_argument("--turns", type=int, default=60)
    given = reader.parse_args()
    with service(1) as (port, home, pid), WireServer() as server, worker(home, server.openai_base_url, 4):
        held = asyncio.run(measure(port, home, pid, min(given.streams, 500), min(given.turns, 500)))
    print(f"load on the machine {os.getloadavg()[0]:.1f}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
