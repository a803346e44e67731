"""Campaign optimisation, the strategist's second deliverable: what to change in a campaign that runs, by how much, what to test next."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Part, Prose
from agents.parts import Action, Alternative, Review, Risk, Test, Unknown


class Change(Part):
    """What changes on one channel. A channel that stays as it is says so, with the figure that keeps it."""

    channel: Annotated[str, Field(description="the channel's usual name: Google Ads")]
    now: Annotated[Prose, Field(title="Now", description="what it spends and what a result costs there, as slots")]
    proposed: Annotated[Prose, Field(title="Proposed", description="its amount as a slot beside what it was, or what else changes")]
    why: Annotated[Prose, Field(title="Why", description="the figures that decided it")]
    stop_when: Annotated[Prose, Field(title="Undo when", description="the threshold at which the change is taken back, as a slot")]


class CampaignOptimization(Deliverable):
    """A finished optimisation of a running campaign. Giving it ends the work: call this once, when the analysis is done."""

    kind: ClassVar[str] = "campaign_optimization"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words in all: what to change, what it costs, the expected range, the decision needed and by when",
            min_length=2,
            max_length=5,
        ),
    ]
    situation: Annotated[
        tuple[Prose, ...], Field(title="How it runs", min_length=2, max_length=8, description="what the data shows and what it cannot show")
    ]
    changes: Annotated[tuple[Change, ...], Field(title="What changes", min_length=1, max_length=8, description="every channel that runs")]
    budget: Annotated[
        tuple[Prose, ...],
        Field(
            title="Budget",
            min_length=1,
            max_length=6,
            description="how the total adds up, what moves and from where; the house adds the table",
            json_schema_extra={"x-table": "allocate_budget", "x-approval": "cost"},
        ),
    ]
    forecast: Annotated[
        tuple[Prose, ...],
        Field(
            title="What to expect",
            min_length=1,
            max_length=6,
            description="the range first, against the current split, with the chance of doing worse",
            json_schema_extra={"x-table": "forecast_campaign"},
        ),
    ]
    experiments: Annotated[tuple[Test, ...], Field(title="What to test next", min_length=1, max_length=4)]
    reviews: Annotated[
        tuple[Review, ...],
        Field(title="Rules agreed in advance", min_length=3, max_length=6, description="at least one each for 30, 60 and 90 days"),
    ]
    risks: Annotated[tuple[Risk, ...], Field(title="Risks and mitigation", min_length=2, max_length=6)]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=2, max_length=5)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]


CAMPAIGN_OPTIMIZER = Agent(
    name="strategist",
    kind="campaign_optimization",
    prompt="campaign_optimizer",
    tools=(
        "describe_data",
        "summarize_channels",
        "fit_response_curves",
        "find_benchmarks",
        "allocate_budget",
        "forecast_campaign",
        "design_experiment",
        "calculate",
    ),
    deliverable=CampaignOptimization,
    model_tier="strong",
)
