"""Conversations over real HTTP with an instant model: the first visible event, what the house adds to a model call, many at once.

python -m bench.chat [--turns 40] [--at-once 50]

`groundwork serve`, one `groundwork worker` and the embedded Postgres run in processes of their own; the model is the wire server of this
process, which answers by the offline rules within about a millisecond. What it takes is measured there and taken off. All on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.api import key, processor, service
from llm.wire_server import WireServer

FIRST_MS, OVERHEAD_MS = 150.0, 30.0
ONE_CALL, TWO_CALLS = "Who are you?", "Remember that we write number {}"
"""what is asked: the second takes one model call, one deed and one step more than the first"""


@contextmanager
def worker(home: Path, model: str, concurrency: int) -> Iterator[int]:
    """A worker process on this home that asks this model server."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL")}
    environment |= {"GROUNDWORK_HOME": str(home), "GROUNDWORK_MODEL": "openai:instant", "GROUNDWORK_OPENAI_BASE_URL": model}
    command = [sys.executable, "-m", "cli.main", "worker", "--concurrency", str(concurrency)]
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while b"worker ready" not in (home / "worker.log").read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((home / "worker.log").read_text())
            time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def events(http: httpx.AsyncClient, run: str) -> AsyncIterator[tuple[float, dict[str, Any]]]:
    """The events of a turn with the time at which each was seen here."""
    async with http.stream("GET", f"/runs/{run}/events") as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                yield time.perf_counter(), json.loads(line.removeprefix("data: "))


async def turn(http: httpx.AsyncClient, thread: str, text: str) -> dict[str, Any]:
    """Say something and follow it to its end. Milliseconds from the sending of the message."""
    began = time.perf_counter()
    answer = await http.post(f"/threads/{thread}/messages", json={"text": text})
    answer.raise_for_status()
    seen: dict[str, float] = {}
    status = ""
    async for at, event in events(http, answer.json()["run"]):
        seen.setdefault(event["kind"], 1000 * (at - began))
        status = event["payload"].get("status", status)
    return {**seen, "status": status}


async def talk(http: httpx.AsyncClient, client: str = "salon") -> str:
    """A new conversation."""
    made = await http.post("/threads", json={"client": client})
    made.raise_for_status()
    return made.json()["id"]


def at(values: list[float], share: float) -> float:
    """A quantile."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def measure(address: str, secret: str, server: WireServer, pid: int, turns: int, at_once: int) -> bool:
    """The three figures, printed beside their limits."""
    headers = {"Authorization": f"Bearer {secret}"}
    limits = httpx.Limits(max_connections=2 * at_once + 10)
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers=headers, timeout=120, limits=limits) as http:
        for number in range(3):
            await turn(http, await talk(http), ONE_CALL)
            await turn(http, await talk(http), TWO_CALLS.format(f"warm {number}"))
        one, one_used = await _batch(http, pid, [ONE_CALL] * turns)
        two, two_used = await _batch(http, pid, [TWO_CALLS.format(number % 40) for number in range(turns)])
        model_ms = await _model_ms(server)
        for name, kind in (("first event of a turn", "queued"), ("first event of the worker", "started")):
            values = [found[kind] for found in one + two]
            print(f"{name}: p50 {statistics.median(values):.0f} ms, p95 {at(values, 0.95):.0f} ms (limit {FIRST_MS:.0f} ms)")
        first_text = statistics.median(found["text"] - found["started"] for found in one)
        print(f"from the worker's first event to the first checked sentence: {first_text:.0f} ms, with one model call")
        more = statistics.median(found["finished"] for found in two) - statistics.median(found["finished"] for found in one)
        overhead = more - model_ms
        print(
            f"one more model call and its deed: {more:.1f} ms, the model's {model_ms:.1f} ms of it: overhead {overhead:.1f} ms "
            f"(limit {OVERHEAD_MS:.0f} ms); of the worker's processor {two_used - one_used:.1f} ms more, {one_used:.1f} ms for a turn"
        )
        before, began = processor(pid), time.perf_counter()
        many = await asyncio.gather(*[_one_of_many(http) for _ in range(at_once)], return_exceptions=True)
        wall, used = time.perf_counter() - began, processor(pid) - before
    errors = [found for found in many if isinstance(found, BaseException) or found["status"] != "succeeded"]
    print(
        f"{at_once} turns at once: {wall:.1f} s, {at_once / wall:.1f} turns/s, {1000 * used / at_once:.0f} ms of the worker's processor "
        f"each, errors {len(errors)} (limit 0)"
    )
    for error in errors[:3]:
        print(f"  {error!r}")
    return at([found["queued"] for found in one + two], 0.95) <= FIRST_MS and overhead <= OVERHEAD_MS and not errors


async def _batch(http: httpx.AsyncClient, pid: int, texts: list[str]) -> tuple[list[dict[str, Any]], float]:
    """A turn for each text, one after the other, and the milliseconds of the worker's processor for each."""
    before = processor(pid)
    found = [await turn(http, await talk(http), text) for text in texts]
    return found, 1000 * (processor(pid) - before) / len(texts)


async def _one_of_many(http: httpx.AsyncClient) -> dict[str, Any]:
    return await turn(http, await talk(http), ONE_CALL)


async def _model_ms(server: WireServer) -> float:
    """What the model server itself takes for such a call, streamed, over a connection that is open."""
    body = dict(server.spoken[-1].body)
    async with httpx.AsyncClient(base_url=server.openai_base_url, timeout=30) as http:
        taken = []
        for _ in range(12):
            began = time.perf_counter()
            (await http.post("/chat/completions", json=body)).raise_for_status()
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def main() -> None:
    """Measure and print; exit 1 when a limit is missed."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--turns", type=int, default=40)
    reader.add_argument("--at-once", type=int, default=50)
    reader.add_argument("--concurrency", type=int, default=4, help="turns that the worker works on at a time")
    given = reader.parse_args()
    with service() as (port, home, _), WireServer() as server, worker(home, server.openai_base_url, given.concurrency) as pid:
        secret = asyncio.run(key(home))
        held = asyncio.run(measure(f"http://127.0.0.1:{port}", secret, server, pid, min(given.turns, 500), min(given.at_once, 200)))
    print(f"load on the machine {os.getloadavg()[0]:.1f}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
