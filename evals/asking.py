"""Ask one case through the public doors of the house, run it here, and collect what it left."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from demo.clients import AS_OF
from evals.case import Case
from evals.house import House, open_case
from evals.seen import Seen
from graphs import turns
from graphs.execute import execute
from graphs.services import Services
from graphs.speaking import text_of
from graphs.tasks import create_task
from store import checkpoints, deliverables, events, runs
from store import evidence as evidence_records
from store.clients import Client
from store.workspaces import Workspace
from tools.contract import ToolRefusal

OWNER = "key:eval"
MOST_EVENTS = 10_000


async def ask(services: Services, house: House, case: Case) -> Seen:
    """Run a case to its end."""
    workspace, client = await open_case(services, house, case)
    began = time.perf_counter()
    try:
        seen = await (_talk if case.suite == "chat" else _task)(services, workspace, client, case)
    except ToolRefusal as reason:
        seen = Seen(case, client.locale, "refused", reason.message)
    return replace(seen, seconds=round(time.perf_counter() - began, 3))


async def _task(services: Services, workspace: Workspace, client: Client, case: Case) -> Seen:
    run_id = ""
    for number, brief in enumerate(case.words()):
        # earlier briefs of a case are earlier deliverables of the client: what they promised is scored by the last
        as_of = case.as_of if number == len(case.asked) - 1 else _before(case)
        async with services.database.transaction(workspace.id) as connection:
            run = await create_task(
                connection, workspace.id, client=client.slug, kind=case.suite, brief=brief, actor=OWNER, enqueue=_nobody, as_of=as_of
            )
        run_id = run.id
        await execute(services, workspace.id, run_id)
    return await _collect(services, workspace, client, case, run_id)


def _before(case: Case) -> Any:
    from datetime import timedelta

    return (case.as_of or AS_OF).replace(day=1) - timedelta(days=1)


async def _collect(services: Services, workspace: Workspace, client: Client, case: Case, run_id: str) -> Seen:
    async with services.database.transaction(workspace.id) as connection:
        run = await runs.get_run(connection, run_id)
        log = await events.after(connection, run_id, 0, MOST_EVENTS)
        records = await evidence_records.of_run(connection, run_id)
        made = await deliverables.list_(connection, run_id=run_id)
    assert run is not None
    passages = await _passages(services, workspace, run_id)
    told = tuple((event.kind, event.payload) for event in log)
    seen = Seen(
        case, client.locale, run.status, run.error, evidence=tuple(records), passages=passages, events=told, usage=dict(run.usage or {})
    )
    if not made:
        return seen
    [one] = made
    return replace(seen, status=one.status, markdown=one.markdown, content=one.content, verdict=one.verdict, aliases=one.evidence_aliases)


async def _passages(services: Services, workspace: Workspace, run_id: str) -> tuple[dict[str, Any], ...]:
    """The passages that the run read, from its last checkpoint."""
    async with checkpoints.checkpointer(services.database, workspace.id) as saver:
        kept = await saver.aget_tuple({"configurable": {"thread_id": f"{workspace.id}:{run_id}"}})
    return tuple(kept.checkpoint["channel_values"].get("passages", ())) if kept else ()


async def _talk(services: Services, workspace: Workspace, client: Client, case: Case) -> Seen:
    services = replace(services, enqueue=_nobody)
    async with services.database.transaction(workspace.id) as connection:
        thread = await turns.begin(connection, client=client.slug, owner=OWNER)
    told: list[tuple[str, dict[str, Any]]] = []
    answers: list[str] = []
    records: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    usage: dict[str, Any] = {}
    status, error = "", None
    for words in case.words():
        async with services.database.transaction(workspace.id) as connection:
            said = await turns.say(connection, workspace.id, thread.id, words, owner=OWNER, enqueue=_nobody)
        await execute(services, workspace.id, said.run.id)
        async with services.database.transaction(workspace.id) as connection:
            run = await runs.get_run(connection, said.run.id)
            log = await events.after(connection, said.run.id, 0, MOST_EVENTS)
            records |= {record.id: record for record in await evidence_records.of_run(connection, said.run.id)}
        assert run is not None
        status, error = run.status, run.error
        told += [(event.kind, event.payload) for event in log]
        aliases |= {event.payload["alias"]: event.payload["evidence"] for event in log if event.kind == "tool_result"}
        answers.append(text_of(log))
        for name, value in (run.usage or {}).items():
            usage[name] = usage.get(name, 0) + value if isinstance(value, int | float) else value
    aliases |= {record.alias: record.id for record in records.values() if record.alias and record.alias not in aliases}
    return Seen(
        case,
        client.locale,
        "answered" if status == "succeeded" else status,
        error,
        markdown="\n\n".join(answers),
        evidence=tuple(records.values()),
        aliases=aliases,
        events=tuple(told),
        usage=usage,
        answers=tuple(answers),
    )


async def _nobody(*_: Any) -> None:
    """The case is run here; what it hands over is not."""
