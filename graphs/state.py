"""What a run remembers between its steps: plain JSON, small; results stay in the evidence table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol, TypedDict

from agents.agent import Agent
from graphs.services import Services
from store.clients import Client
from store.runs import Run

Outcome = Literal["published", "needs_person", "rejected"]


class RunState(TypedDict, total=False):
    """The state of a deliverable's run."""

    step: int
    messages: list[dict[str, Any]]
    aliases: dict[str, str]
    assumptions: list[dict[str, Any]]
    passages: list[dict[str, Any]]
    pending: list[dict[str, Any]]
    model_calls: int
    tool_calls: int
    nudges: int
    repairs: int
    rejections: int
    answer: dict[str, Any] | None
    answer_id: str | None
    problems: list[dict[str, Any]]
    verdict: dict[str, Any] | None
    markdown: str | None
    outcome: Outcome | None
    reason: str | None
    deliverable_id: str | None
    model: dict[str, Any]
    usage: dict[str, Any]


class StepContext(Protocol):
    """What every step needs, whichever graph it is of."""

    @property
    def services(self) -> Services: ...
    @property
    def workspace_id(self) -> str: ...
    @property
    def client(self) -> Client: ...
    @property
    def run(self) -> Run: ...


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a step may use and no model can name: tenant, client and services."""

    services: Services
    workspace_id: str
    client: Client
    run: Run
    agent: Agent
    as_of: date
