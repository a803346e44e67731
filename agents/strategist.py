"""The strategist: from a brief and the client's data to a strategy that somebody can start tomorrow."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Part, Prose
from agents.parts import Action, Alternative, Audience, Content, Review, Risk, Test, Unknown


class Platform(Part):
    """What one channel does in the plan, in enough detail to build tomorrow. A channel that gets nothing says why."""

    channel: Annotated[str, Field(description="the channel's usual name: Google Ads")]
    role: Annotated[Prose, Field(title="Role", description="its job in the plan and the reason, with the figures that decided it")]
    budget: Annotated[Prose, Field(title="Budget", description="its amount as a slot, and what it was before as a slot")]
    campaign: Annotated[Prose, Field(title="Campaign", description="type, objective, bid strategy, structure")]
    keywords: Annotated[tuple[str, ...], Field(title="Keywords or interests", description="exact targeting terms", max_length=15)]
    creative: Annotated[
        tuple[Prose, ...], Field(title="Creative", description="what to make, with its first line", min_length=1, max_length=5)
    ]


class Strategy(Deliverable):
    """A finished campaign strategy. Giving it ends the work: call this once, when the analysis is done."""

    kind: ClassVar[str] = "strategy"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words in all: the recommendation, what it costs, the expected range, the decision needed and by when",
            min_length=2,
            max_length=5,
        ),
    ]
    situation: Annotated[
        tuple[Prose, ...],
        Field(
            title="Where we stand",
            min_length=2,
            max_length=8,
            description="what the data shows and what it cannot show, for this client only",
        ),
    ]
    audience: Annotated[
        tuple[Audience, ...], Field(title="Audience", min_length=1, max_length=5, json_schema_extra={"x-approval": "audience"})
    ]
    platforms: Annotated[
        tuple[Platform, ...], Field(title="Platforms", min_length=1, max_length=8, description="every channel that the brief names")
    ]
    budget: Annotated[
        tuple[Prose, ...],
        Field(
            title="Budget",
            min_length=1,
            max_length=6,
            description="how the total adds up, fees and tax where known, what changes against today; the house adds the table",
            json_schema_extra={"x-table": "allocate_budget", "x-approval": "cost"},
        ),
    ]
    content_plan: Annotated[tuple[Content, ...], Field(title="Content plan", min_length=3, max_length=16)]
    forecast: Annotated[
        tuple[Prose, ...],
        Field(
            title="Forecast",
            min_length=1,
            max_length=6,
            description="the range first, against the current plan, with the chance of doing worse",
            json_schema_extra={"x-table": "forecast_campaign"},
        ),
    ]
    experiments: Annotated[tuple[Test, ...], Field(title="Experiments to run", min_length=1, max_length=4)]
    reviews: Annotated[
        tuple[Review, ...],
        Field(title="Rules agreed in advance", min_length=3, max_length=6, description="at least one each for 30, 60 and 90 days"),
    ]
    risks: Annotated[tuple[Risk, ...], Field(title="Risks and mitigation", min_length=3, max_length=6)]
    measurement: Annotated[
        tuple[Prose, ...],
        Field(
            title="Measurement plan",
            min_length=2,
            max_length=6,
            description="what is counted, where, how often, what it is compared with",
            json_schema_extra={"x-list": True},
        ),
    ]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=3, max_length=7)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]


STRATEGIST = Agent(
    name="strategist",
    kind="strategy",
    prompt="strategist",
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
        "predict_value",
        "measure_uplift",
        "recommend_next_action",
        "calculate",
    ),
    deliverable=Strategy,
    model_tier="strong",
)
