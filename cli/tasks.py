"""`groundwork task run|list|show|cancel`: ask for a deliverable and watch it being made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import house
from cli.exits import FOUND, REFUSED, refused
from cli.output import Json, note, read_text, show_json, table
from cli.steps import QUIET, in_words

if TYPE_CHECKING:
    from store.runs import Run


KINDS = "strategy, campaign_optimization, content_plan, report, competitor_analysis, outreach, case_study"
"""What agents/roster.py holds, written here so that --help need not load it."""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Ask for a deliverable and follow it.", no_args_is_help=True)
    group.command("run")(run)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("cancel")(cancel)
    app.add_typer(group, name="task")


def run(
    kind: Annotated[str, typer.Argument(help=f"what to make: {KINDS}")],
    client: Annotated[str, typer.Option("--client", "-c", help="slug of the client")],
    brief: Annotated[str, typer.Option("--brief", "-b", help="the request in your words; - reads standard input")],
    wait: Annotated[bool, typer.Option(help="follow it to its end")] = True,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Start a task, show its steps as they happen, and give what it made.

    Exit code 0 done or waiting for approval, 1 needs a person, 3 rejected, failed or cancelled.
    """
    text = read_text("-") if brief == "-" else brief
    outcome, status = house.run(_run(kind, client, text, wait, workspace, as_json))
    if as_json:
        show_json(outcome)
    if status == "needs_person":
        raise typer.Exit(FOUND)
    if status in ("rejected", "failed", "cancelled"):
        raise typer.Exit(REFUSED)


async def _run(kind: str, client: str, brief: str, wait: bool, workspace: str | None, as_json: bool) -> tuple[dict[str, Any], str]:
    from graphs.tasks import create_task
    from jobs.queue import enqueue

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            made = await create_task(
                connection, desk.workspace.id, client=client, kind=kind, brief=brief, actor=house.ACTOR, enqueue=enqueue
            )
        note(f"{made.id} queued")
        ended = await _follow(desk, made) if wait else made
        return await _outcome(desk, ended, as_json), ended.status


async def _follow(desk: house.Desk, run: Run) -> Run:
    """Show the run's steps until it ends or waits for an approval; without a live worker, work on it here."""
    from api.hub import RunEventHub
    from store import events, queue, runs

    hub = RunEventHub()
    hub.start(desk.database.url)
    working: asyncio.Task[None] | None = None
    number = 0
    try:
        async with desk.database.transaction(None) as connection:
            alive = await queue.live_workers(connection)
        if not alive:
            note("no live worker: working on it in this process (`groundwork worker` starts one)")
            working = asyncio.create_task(_work_here(desk, run.id))
        with hub.subscribe(run.id) as news:
            while True:
                news.clear()
                async with desk.transaction() as connection:
                    now = await runs.get_run(connection, run.id)
                    batch = await events.after(connection, run.id, number)
                for event in batch:
                    number = event.number
                    if event.kind not in QUIET:
                        note(in_words(event))
                assert now is not None
                if not batch and (now.finished_at is not None or now.status == "waiting"):
                    return now
                if working is not None and working.done() and not batch:
                    working.result()
                    if now.finished_at is None:
                        raise refused(
                            f"{run.id} is {now.status}: another process holds it; `groundwork task show {run.id}` tells how it goes"
                        )
                if not batch:
                    await _any(news, working)
    except asyncio.CancelledError:
        note(f"not waiting any longer; {run.id} goes on when a worker takes it up (`groundwork task cancel {run.id}` stops it)")
        raise
    finally:
        if working is not None and not working.done():
            working.cancel()
        await asyncio.gather(*([working] if working else []), return_exceptions=True)
        await hub.stop()


async def _any(news: asyncio.Event, working: asyncio.Task[None] | None) -> None:
    """Wait for news, for the work here to end, or two seconds: a notification may be lost with its connection."""
    waiting = asyncio.create_task(news.wait())
    both = {waiting} if working is None or working.done() else {waiting, working}
    await asyncio.wait(both, timeout=2.0, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _work_here(desk: house.Desk, run_id: str) -> None:
    from graphs.execute import execute

    await execute(desk.services(), desk.workspace.id, run_id)


async def _outcome(desk: house.Desk, run: Run, as_json: bool) -> dict[str, Any]:
    from api.tasks import Task
    from api.writing import full
    from store import clients, deliverables

    async with desk.transaction() as connection:
        client = await clients.get_client(connection, run.client_id)
        made = await deliverables.get(connection, run.deliverable_id) if run.deliverable_id else None
    assert client is not None
    if not as_json:
        if made is not None:
            from api.writing import marked
            from grounding.formats.markdown import to_markdown

            print(to_markdown(marked(made)))
            note(f"{made.id} ({made.status}): `groundwork deliverable show {made.id} --format pdf --output {made.kind}.pdf`")
        if run.status in ("rejected", "failed", "cancelled"):
            note(f"{run.status}: {run.error or 'stopped on request'}")
    return {"task": Task.of(run, client.slug).model_dump(mode="json"), "deliverable": full(made, client.slug) if made else None}


def list_all(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """List tasks, newest first."""
    found = house.run(_list(client, workspace))
    if as_json:
        show_json(found)
    else:
        rows = [(task["id"], task["client"], task["kind"], task["status"], task["created_at"][:16], task["brief"][:50]) for task in found]
        print(table(rows, ("id", "client", "kind", "status", "asked", "brief")))


async def _list(client: str | None, workspace: str | None) -> list[dict[str, Any]]:
    from api.clients import slugs
    from api.tasks import Task
    from store import runs

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        names = await slugs(connection)
        found = await runs.list_runs(connection, client_id=known.id if known else None)
        return [Task.of(entry, names[entry.client_id]).model_dump(mode="json") for entry in found]


Id = Annotated[str, typer.Argument(help="id of the task: run_…")]


def show(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Show how a task went, step by step."""
    task, steps = house.run(_show(id, workspace))
    if as_json:
        show_json({"task": task, "events": steps})
        return
    print(f"{task['id']}  {task['kind']} for {task['client']}: {task['status']}" + (f" ({task['error']})" if task["error"] else ""))
    print("\n".join(f"  {event.at:%H:%M:%S}  {in_words(event)}" for event in steps if event.kind not in QUIET))
    if task["deliverable"]:
        print(f"deliverable: {task['deliverable']}")


async def _show(id: str, workspace: str | None) -> tuple[dict[str, Any], list[Any]]:
    from api.tasks import seen
    from store import events, runs

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        run = await runs.get_run(connection, id)
        if run is None:
            raise refused(f"there is no task {id!r} in this workspace", kind="not_found")
        return (await seen(connection, run)).model_dump(mode="json"), await events.after(connection, id, 0, 10_000)


def cancel(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Stop a task: at once while it is queued, else before its next step."""
    task = house.run(_cancel(id, workspace))
    if as_json:
        show_json(task)
    else:
        ended = task["status"] in ("succeeded", "needs_person", "rejected", "failed", "cancelled")
        print(f"{id} is {task['status']}" if ended else f"{id} stops before its next step")


async def _cancel(id: str, workspace: str | None) -> dict[str, Any]:
    from api.tasks import seen
    from graphs.tasks import cancel_task

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        run = await cancel_task(connection, id, actor=house.ACTOR)
        if run is None:
            raise refused(f"there is no task {id!r} in this workspace", kind="not_found")
        return (await seen(connection, run)).model_dump(mode="json")
