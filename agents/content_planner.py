"""The content plan, the strategist's third deliverable: what goes out where and when, in the client's words and each platform's lengths."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Part, Prose
from agents.parts import Action, Alternative, Audience, Content, Unknown


class Theme(Part):
    """One theme: why it suits these people, and what is made of it."""

    name: Annotated[str, Field(description="the theme in the client's words")]
    why: Annotated[Prose, Field(title="Why", description="from the audience, the price list or a cited document")]
    pieces: Annotated[
        tuple[Prose, ...], Field(title="Pieces", description="what to make of it, with first lines", min_length=1, max_length=5)
    ]


class Lengths(Part):
    """What one platform's texts must fit."""

    layout: ClassVar = "table"
    channel: Annotated[str, Field(title="Channel")]
    limits: Annotated[Prose, Field(title="Lengths", description="each length as a slot of list_formats; or that none could be read")]


class ContentPlan(Deliverable):
    """A finished content plan. Giving it ends the work: call this once, when it is written."""

    kind: ClassVar[str] = "content_plan"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words in all: what goes out, for whom, what it costs to make, what it should do, the decision needed",
            min_length=2,
            max_length=5,
        ),
    ]
    audience: Annotated[
        tuple[Audience, ...], Field(title="For whom", min_length=1, max_length=5, json_schema_extra={"x-approval": "audience"})
    ]
    themes: Annotated[tuple[Theme, ...], Field(title="Themes", min_length=1, max_length=6)]
    calendar: Annotated[tuple[Content, ...], Field(title="Calendar", min_length=4, max_length=24, description="days rise from row to row")]
    lengths: Annotated[tuple[Lengths, ...], Field(title="Lengths by platform", min_length=1, max_length=8)]
    measurement: Annotated[
        tuple[Prose, ...],
        Field(
            title="How we know", min_length=2, max_length=5, description="what is counted, against what", json_schema_extra={"x-list": True}
        ),
    ]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=2, max_length=5)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]


CONTENT_PLANNER = Agent(
    name="strategist",
    kind="content_plan",
    prompt="content_planner",
    tools=("describe_data", "summarize_channels", "segment_audience", "list_prices", "list_formats", "find_send_time", "calculate"),
    deliverable=ContentPlan,
)
