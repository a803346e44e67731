"""Chat turns per second beside a published FastAPI + LangGraph service: same machine, same instant model, checkpoints in Postgres.

    python -m venv peer && peer/bin/pip install aegra-api==0.6.0 greenlet langchain-openai
    python -m bench.beside peer/bin/python postgresql://postgres@127.0.0.1:5599/postgres [--at-once 50] [--rounds 5]

The peer is Aegra (https://github.com/ibbybuilds/aegra), installed in an environment of its own; its graph is one node that calls
the model, its database an empty one on this machine in which it may make the extension uuid-ossp. Each turn makes a thread, sends
a message and reads the stream to its end, at both. A round of ours and one of the peer's take turns. All on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.api import children, key, processor, service
from bench.chat import ONE_CALL, talk, turn, worker
from llm.wire.script import Reply
from llm.wire_server import WireServer

ANSWER = "It is answered from the tables of the client. Ask for a channel, a price or a plan."
GRAPH = """
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph

model = ChatOpenAI(model="instant", base_url={model!r}, api_key="none", streaming=True)

async def answer(state: MessagesState):
    return {{"messages": [await model.ainvoke(state["messages"])]}}

graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
"""


@contextmanager
def peer(python: Path, database: str, model: str) -> Iterator[tuple[str, int]]:
    """The peer in a process of its own: its address and process id."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as place:
        home = Path(place)
        (home / "graph.py").write_text(GRAPH.format(model=model))
        (home / "aegra.json").write_text(json.dumps({"graphs": {"chat": "./graph.py:graph"}}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "AEGRA_CONFIG": str(home / "aegra.json"),
            "LOG_LEVEL": "ERROR",
            "ENV_MODE": "PRODUCTION",
            # its own pools are small: fifty turns would wait for a connection
            "SQLALCHEMY_POOL_SIZE": "20",
            "SQLALCHEMY_MAX_OVERFLOW": "10",
            "LANGGRAPH_MIN_POOL_SIZE": "4",
            "LANGGRAPH_MAX_POOL_SIZE": "20",
        }
        command = [str(python), "-m", "uvicorn", "aegra_api.main:app", "--port", str(port), "--no-access-log"]
        with (home / "peer.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 120
            while not _ready(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((home / "peer.log").read_text()[-4000:])
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


async def peer_turn(http: httpx.AsyncClient) -> None:
    """A thread, a message, the stream to its end. Raises for anything but the model's answer."""
    thread = await http.post("/threads", json={})
    thread.raise_for_status()
    asked = {"assistant_id": "chat", "input": {"messages": [{"role": "user", "content": ONE_CALL}]}, "stream_mode": ["messages", "values"]}
    said = ""
    async with http.stream("POST", f"/threads/{thread.json()['thread_id']}/runs/stream", json=asked) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            said += line
    if ANSWER not in said:
        raise RuntimeError(f"no answer: {said[-300:]}")


async def our_turn(http: httpx.AsyncClient) -> None:
    """The same at ours."""
    ended = await turn(http, await talk(http), ONE_CALL)
    if ended["status"] != "succeeded" or "text" not in ended:
        raise RuntimeError(f"no answer: {ended}")


async def rate(http: httpx.AsyncClient, one: Callable[[httpx.AsyncClient], Awaitable[None]], at_once: int) -> tuple[float, int]:
    """Turns per second of so many at once, and how many failed."""
    began = time.perf_counter()
    found = await asyncio.gather(*(one(http) for _ in range(at_once)), return_exceptions=True)
    seconds = time.perf_counter() - began
    failed = [error for error in found if isinstance(error, BaseException)]
    for error in failed[:2]:
        print(f"  {error!r}")
    return (at_once - len(failed)) / seconds, len(failed)


def used(pids: Sequence[int]) -> float:
    """Seconds of processor of these processes and those that they started."""
    return sum(processor(each) for pid in pids for each in (pid, *children(pid)))


async def measure(ours: str, secret: str, theirs: str, at_once: int, rounds: int, pids: Mapping[str, Sequence[int]]) -> bool:
    """Rounds of both in turn, printed beside each other; true when ours is at least as fast in the median.

    Seconds of processor, of the service without its database, can be compared on a machine that others use too.
    """
    # a server closes what was idle for five seconds: no connection is kept that long
    limits = httpx.Limits(max_connections=2 * at_once + 10, keepalive_expiry=1)
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx.AsyncClient(base_url=f"{ours}/api/v1", headers=headers, timeout=120, limits=limits) as our_http,
        httpx.AsyncClient(base_url=theirs, timeout=120, limits=limits) as their_http,
    ):
        sides = {"ours": (our_http, our_turn), "the peer": (their_http, peer_turn)}
        for http, one in sides.values():
            await rate(http, one, 5)
        found: dict[str, list[float]] = {name: [] for name in sides}
        errors, spent = dict.fromkeys(sides, 0), dict.fromkeys(sides, 0.0)
        for _ in range(rounds):
            for name, (http, one) in sides.items():
                before = used(pids[name])
                per_second, failed = await rate(http, one, at_once)
                spent[name] += used(pids[name]) - before
                found[name].append(per_second)
                errors[name] += failed
    for name, rates in found.items():
        shown = ", ".join(f"{value:.1f}" for value in rates)
        cost = 1000 * spent[name] / (rounds * at_once)
        print(
            f"{name}: median {statistics.median(rates):.1f} turns/s at {at_once} at once ({shown}); "
            f"{cost:.0f} ms of processor a turn; errors {errors[name]}"
        )
    return statistics.median(found["ours"]) >= statistics.median(found["the peer"]) and not errors["ours"]


def main() -> None:
    """Measure and print; exit 1 when ours is slower or fails."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("python", type=Path, help="the Python of the environment that the peer is installed in")
    reader.add_argument("database", help="the peer's Postgres")
    reader.add_argument("--at-once", type=int, default=50)
    reader.add_argument("--rounds", type=int, default=5)
    reader.add_argument("--concurrency", type=int, default=4, help="turns that our worker works on at a time")
    given = reader.parse_args()
    script = itertools.repeat(Reply(ANSWER))
    with (
        WireServer(script) as server,
        service() as (port, home, serving),
        worker(home, server.openai_base_url, given.concurrency) as working,
        peer(given.python.absolute(), given.database, server.openai_base_url) as (theirs, pid),
    ):
        secret = asyncio.run(key(home))
        held = asyncio.run(
            measure(
                f"http://127.0.0.1:{port}",
                secret,
                theirs,
                min(given.at_once, 200),
                given.rounds,
                {"ours": (serving, working), "the peer": (pid,)},
            )
        )
    print(f"load on the machine {os.getloadavg()[0]:.1f}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
