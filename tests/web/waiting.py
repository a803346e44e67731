"""Deliverables as a run leaves them, published or waiting: one run for a whole session of tests, and copies of what it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.roster import AGENTS
from demo.clients import AS_OF, CLIENTS
from graphs import asking
from graphs.approving import change_policy
from graphs.editing import evidence_of
from graphs.execute import execute
from graphs.services import Services
from graphs.tasks import create_task
from grounding.evidence import Evidence, Locale
from grounding.ids import new_id
from jobs.queue import enqueue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import approvals, deliverables, evidence, runs
from store.approvals import Approval
from store.clients import Client, create_client
from store.deliverables import Deliverable, DeliverableStatus
from store.policies import Requirement
from store.workspaces import create_workspace
from tests.web.conftest import Person

BRIEF = CLIENTS["newcomer"].briefs[0]


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made, and the records that it stands on, by alias."""

    text: Deliverable
    records: dict[str, Evidence]


_made: dict[str, Made] = {}


def services_of(database: Any, store_settings: Any) -> Services:
    """What a run needs, with the offline rules as the model."""
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


async def once_made(services: Services) -> Made:
    """A strategy for a client without data, made by a run the first time that a session of tests asks for one."""
    if "strategy" not in _made:
        async with services.database.transaction(None) as connection:
            workspace = await create_workspace(connection, "Template (simulated)")
        async with services.database.transaction(workspace.id) as connection:
            client = await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
            given: dict[str, Any] = {"client": "salon", "kind": "strategy", "brief": BRIEF, "actor": "test", "as_of": AS_OF}
            run = await create_task(connection, workspace.id, enqueue=enqueue, **given)
        await execute(services, workspace.id, run.id)
        async with services.database.transaction(workspace.id) as connection:
            [text] = await deliverables.list_(connection, client_id=client.id)
            _made["strategy"] = Made(text, await evidence_of(connection, text))
    return _made["strategy"]


async def copied(
    services: Services, workspace_id: str, client: Client, *, asked_by: str, status: DeliverableStatus = "published"
) -> Deliverable:
    """A copy of it for this client, as the only version of a run of theirs that has ended, or waits."""
    made = await once_made(services)
    ids = {alias: new_id("ev") for alias in made.records}
    markdown = made.text.markdown
    for alias, record in made.records.items():
        markdown = markdown.replace(record.id, ids[alias])
    async with services.database.transaction(workspace_id) as connection:
        run = await runs.create_run(connection, client.id, "strategy", BRIEF, as_of=AS_OF, asked_by=asked_by)
        for alias, record in made.records.items():
            await evidence.add(connection, client.id, run.id, record.model_copy(update={"id": ids[alias]}))
        names = ("title", "content", "verdict", "model", "prompt")
        kept = await deliverables.add(
            connection, run_id=run.id, client_id=client.id, kind="strategy", status=status, markdown=markdown, evidence_aliases=ids,
            **{name: getattr(made.text, name) for name in names},
        )  # fmt: skip
        await runs.set_status(connection, run.id, "waiting" if status == "awaiting_approval" else "succeeded", deliverable_id=kept.id)
    return kept


async def published(services: Services, of: Person) -> Deliverable:
    """A published strategy of somebody's client."""
    return await copied(services, of.workspace.id, of.client, asked_by=of.member.actor)


async def policy(database: Any, of: Person, rule: dict[str, Any] | None) -> None:
    """Say what approval the client's strategies need; None: none."""
    async with database.transaction(of.workspace.id) as connection:
        rules = {"strategy": Requirement(**rule)} if rule is not None else {}
        await change_policy(connection, of.workspace.id, of.client, rules, actor=of.member.actor, enqueue=enqueue)


async def worked(services: Services, of: Person) -> str:
    """The run of a strategy that somebody asked for by the form, at its end or waiting."""
    answer = await of.send("/c/salon/tasks", kind="strategy", brief=BRIEF, once="o")
    assert answer.status_code == 303, answer.text
    run_id = answer.headers["location"].split("/")[-1].partition("?")[0]
    await execute(services, of.workspace.id, run_id)
    return run_id


async def waiting(services: Services, of: Person, rule: dict[str, Any] | None = None) -> Approval:
    """A request that waits under this rule."""
    wanted = Requirement(**(rule or {"roles": ["approver"]}))
    await policy(services.database, of, wanted.model_dump())
    made = await copied(services, of.workspace.id, of.client, asked_by=of.member.actor, status="awaiting_approval")
    text = AGENTS["strategy"].deliverable.model_validate(made.content)
    async with services.database.transaction(of.workspace.id) as connection:
        records = await evidence_of(connection, made)
        return await asking.ask(connection, made, text, of.client, records, [], wanted)


async def latest(services: Services, of: Person, run_id: str) -> Approval:
    """The run's newest request."""
    async with services.database.transaction(of.workspace.id) as connection:
        found = await approvals.latest(connection, run_id)
    assert found is not None
    return found
