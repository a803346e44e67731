"""A task that waits for an approval, asked for by a form as a person would, and run in this process."""

from __future__ import annotations

from typing import Any

from demo.clients import CLIENTS
from graphs.approving import change_policy
from graphs.execute import execute
from graphs.services import Services
from jobs.queue import enqueue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import approvals
from store.approvals import Approval
from store.policies import Requirement
from tests.web.conftest import Person


def services_of(database: Any, store_settings: Any) -> Services:
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


async def policy(database: Any, of: Person, rule: dict[str, Any] | None) -> None:
    """Say what approval the client's strategies need; None: none."""
    async with database.transaction(of.workspace.id) as connection:
        rules = {"strategy": Requirement(**rule)} if rule is not None else {}
        await change_policy(connection, of.workspace.id, of.client, rules, actor=of.member.actor, enqueue=enqueue)


async def made(services: Services, of: Person) -> str:
    """The run of a strategy that somebody asked for by the form, at its end or waiting."""
    answer = await of.send("/c/salon/tasks", kind="strategy", brief=CLIENTS["newcomer"].briefs[0], once="o")
    assert answer.status_code == 303, answer.text
    run_id = answer.headers["location"].split("/")[-1].partition("?")[0]
    await execute(services, of.workspace.id, run_id)
    return run_id


async def waiting(services: Services, of: Person, rule: dict[str, Any] | None = None) -> Approval:
    """A request that waits under this rule."""
    await policy(services.database, of, rule or {"roles": ["approver"]})
    return await latest(services, of, await made(services, of))


async def latest(services: Services, of: Person, run_id: str) -> Approval:
    """The run's newest request."""
    async with services.database.transaction(of.workspace.id) as connection:
        found = await approvals.latest(connection, run_id)
    assert found is not None
    return found
