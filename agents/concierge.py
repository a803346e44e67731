"""The concierge: who talks with people. It answers from tools, hands work to specialists and remembers what it is asked to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agents.agent import Tier


class Action(BaseModel):
    """Something that the concierge does beside computing. The house does it, in the conversation's own client."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str]


Task = Annotated[str, Field(pattern=r"^T\d+$", description="the task's name in the list of tasks, such as T1")]


class StartTask(Action):
    """Hand work to a specialist, who makes a whole deliverable in some minutes. A person still approves what needs approval."""

    name: ClassVar[str] = "start_task"
    kind: Annotated[str, Field(description="what to make, one of the kinds that the list of specialists names")]
    brief: Annotated[
        str,
        Field(min_length=3, max_length=20_000, description="the request in the person's own words: budget, channels, goal, period"),
    ]


class FollowTask(Action):
    """See how a task goes: its state, its last steps, what it made."""

    name: ClassVar[str] = "follow_task"
    task: Task


class CancelTask(Action):
    """Stop a task that the person does not want any more."""

    name: ClassVar[str] = "cancel_task"
    task: Task


class Remember(Action):
    """Keep a lasting wish of the client, such as a tone, a language or what to leave out. Only when the person asks for it."""

    name: ClassVar[str] = "remember"
    preference: Annotated[str, Field(min_length=3, max_length=300, description="the wish in the person's own words")]


class Forget(Action):
    """Forget a wish that was kept. Only when the person asks for it."""

    name: ClassVar[str] = "forget"
    preference: Annotated[str, Field(pattern=r"^P\d+$", description="the wish's name in the list of preferences, such as P1")]


@dataclass(frozen=True, slots=True)
class Concierge:
    """Who answers in a conversation. `actions` are offered to the model beside the tools."""

    prompt: str
    tools: tuple[str, ...]
    actions: tuple[type[Action], ...]
    model_tier: Tier = "fast"


CONCIERGE = Concierge(
    prompt="concierge",
    tools=(
        "describe_data",
        "summarize_channels",
        "segment_audience",
        "list_prices",
        "fit_response_curves",
        "allocate_budget",
        "forecast_campaign",
        "design_experiment",
        "find_benchmarks",
        "compare_periods",
        "compare_competitors",
        "summarize_cancellations",
        "check_sample_ratio",
        "score_health",
        "score_leads",
        "predict_churn",
        "train_model",
        "find_send_time",
        "calculate",
    ),
    actions=(StartTask, FollowTask, CancelTask, Remember, Forget),
)
