"""`groundwork chat`: a conversation in a terminal, line by line. Ctrl-C stops the turn; an empty line or end of input ends."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import house
from cli.output import Json, note, show_json
from cli.steps import QUIET, in_words

if TYPE_CHECKING:
    from store.events import Event
    from store.runs import Run

EVIDENCE = re.compile(r"\[([^\[\]]*)\]\(evidence:([^()]*)\)")
TASK = re.compile(r"\[([^\[\]]*)\]\(task:([^()]*)\)")
SPOKEN = frozenset({"text", "text_withdrawn", "queued", "finished", "message"})
"""Kinds that are shown as words of the answer, or not at all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("chat")(chat)


def chat(
    client: Annotated[str, typer.Option("--client", "-c", help="slug of the client that it is about")],
    thread: Annotated[str | None, typer.Option("--thread", "-t", help="go on with this conversation: th_…")] = None,
    steps: Annotated[bool, typer.Option(help="show the steps on standard error")] = True,
    sources: Annotated[bool, typer.Option(help="show the evidence of each figure behind it")] = False,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Talk with the concierge about one client. Each line of standard input is a message; with --json each turn is one JSON object."""
    house.run(_chat(client, thread, steps, sources, workspace, as_json))


async def _chat(client: str, thread_id: str | None, steps: bool, sources: bool, workspace: str | None, as_json: bool) -> None:
    from api.hub import RunEventHub
    from graphs import turns
    from store import queue, threads
    from tools.contract import ToolRefusal

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
            thread = await threads.get_thread(connection, thread_id, owner=house.ACTOR) if thread_id else None
            if thread_id and thread is None:
                raise house.refused(f"there is no conversation {thread_id!r} of the command line in this workspace", kind="not_found")
            if thread is not None and thread.client_id != known.id:
                raise house.refused(f"{thread_id} is a conversation about another client than {client!r}", kind="not_found")
            thread = thread or await turns.begin(connection, client=client, owner=house.ACTOR)
        async with desk.database.transaction(None) as connection:
            alive = await queue.live_workers(connection)
        note(f"{thread.id} about {known.name}" + ("" if alive else " (no live worker: turns are worked on in this process)"))
        hub = RunEventHub()
        hub.start(desk.database.url)
        try:
            while (line := await _line()) is not None:
                turn = _Turn(desk, hub, thread.id, steps and not as_json, sources, working=not alive)
                try:
                    outcome = await turn.take(line, speaking=not as_json)
                except ToolRefusal as reason:
                    note(reason.message)
                    continue
                if as_json:
                    show_json(outcome)
            async with desk.transaction() as connection:
                kept = await threads.get_thread(connection, thread.id)
            note(f"go on with: groundwork chat --client {client} --thread {thread.id}" if kept and kept.title else "nothing was said")
        finally:
            await hub.stop()


async def _line() -> str | None:
    """The next message; None at the end of the input, and for an empty line at a terminal."""
    prompt = sys.stdin.isatty()
    while True:
        if prompt:
            print("> ", end="", file=sys.stderr, flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return None
        if line.strip():
            return line.strip()
        if prompt:
            return None


class _Turn:
    """One message and what comes of it."""

    def __init__(self, desk: house.Desk, hub: Any, thread: str, steps: bool, sources: bool, *, working: bool):
        self.desk, self.hub, self.thread, self.steps, self.sources, self.working = desk, hub, thread, steps, sources, working

    async def take(self, text: str, *, speaking: bool) -> dict[str, Any]:
        """Say it, show what happens, and give the whole turn."""
        from graphs import turns
        from graphs.speaking import text_of
        from jobs.queue import enqueue

        async with self.desk.transaction() as connection:
            said = await turns.say(connection, self.desk.workspace.id, self.thread, text, owner=house.ACTOR, enqueue=enqueue)
        loop = asyncio.get_running_loop()
        stopping: list[asyncio.Task[None]] = []
        loop.add_signal_handler(signal.SIGINT, lambda: stopping.append(loop.create_task(self._stop(said.run.id))))
        try:
            run, log = await self._follow(said.run, speaking)
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            await asyncio.gather(*stopping)
        if speaking:
            print(flush=True)
        if run.status != "succeeded":
            note(f"{run.status}: {run.error or 'stopped'}")
        tools = [event.payload["tool"] for event in log if event.kind == "tool_result"]
        return {"thread": self.thread, "run": run.id, "status": run.status, "error": run.error, "tools": tools, "text": text_of(log)}

    async def _stop(self, run_id: str) -> None:
        from graphs.tasks import cancel_task

        note("stopping")
        async with self.desk.transaction() as connection:
            await cancel_task(connection, run_id, actor=house.ACTOR)

    async def _follow(self, run: Run, speaking: bool) -> tuple[Run, list[Event]]:
        from graphs.execute import execute
        from store import events, runs

        working = asyncio.create_task(execute(self.desk.services(), self.desk.workspace.id, run.id)) if self.working else None
        log: list[Event] = []
        try:
            with self.hub.subscribe(run.id) as news:
                while True:
                    news.clear()
                    async with self.desk.transaction() as connection:
                        now = await runs.get_run(connection, run.id)
                        batch = await events.after(connection, run.id, log[-1].number if log else 0)
                    assert now is not None
                    for event in batch:
                        self._show(event, speaking)
                    log += batch
                    if not batch and now.finished_at is not None:
                        return now, log
                    if not batch and working is not None and working.done():
                        working.result()
                    if not batch:
                        waiting = asyncio.create_task(news.wait())
                        await asyncio.wait(
                            {waiting, *([working] if working and not working.done() else [])}, timeout=1.0, return_when="FIRST_COMPLETED"
                        )
                        waiting.cancel()
        finally:
            if working is not None:
                await asyncio.gather(working, return_exceptions=True)

    def _show(self, event: Event, speaking: bool) -> None:
        if event.kind == "text" and speaking:
            text = EVIDENCE.sub(r"\1 [\2]" if self.sources else r"\1", event.payload["text"])
            print(TASK.sub(r"\1 (\2)", text), end="", flush=True)
        elif event.kind == "text_withdrawn" and speaking:
            print("\n(that broke off; once more)", flush=True)
        elif self.steps and event.kind not in SPOKEN | QUIET:
            note(f"  · {in_words(event)}")
