"""The competitor analyst: what the client has seen of its competitors, each claim with its place and day, and what to do about it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Part, Prose
from agents.parts import Action, Alternative, Unknown


class Claim(Part):
    """One thing that was seen of a competitor: an observation, not a conclusion."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    who: Annotated[str, Field(title="Competitor", description="as the client's material names it")]
    seen: Annotated[Prose, Field(title="What was seen", description="a price as a slot, or the exact words of a passage: [[C1: …]]")]
    where: Annotated[Prose, Field(title="Where", description="the address that a tool's figure names as its source, or the passage [[C1]]")]
    when: Annotated[Prose, Field(title="When", description="the day as a slot (last_seen), or: see the passage's date")]


class Competitor(Part):
    """One competitor: what it says, what it asks, and what we make of that."""

    name: Annotated[str, Field(description="as the client's material names it")]
    position: Annotated[
        Prose, Field(title="How it presents itself", description="only from passages, cited; 'unknown: …' when the material does not say")
    ]
    prices: Annotated[Prose, Field(title="Its prices against ours", description="index, range, day and products compared, as slots")]
    changed: Annotated[Prose, Field(title="What changed", description="since the last look; or that no earlier look is on record")]
    inference: Annotated[Prose, Field(title="What we make of it", description="begins with 'We infer' and says from what")]


class Criterion(Part):
    """What buyers choose by, and how we stand, also where we lose."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    criterion: Annotated[Prose, Field(title="Buyers choose by")]
    evidence: Annotated[Prose, Field(title="What shows it", description="a figure as a slot or a cited passage; else 'unknown'")]
    standing: Annotated[Literal["we win", "we lose", "level", "unknown"], Field(title="We stand")]


class Threat(Part):
    """What a competitor could do or does, and our answer."""

    layout: ClassVar[Literal["block", "table"]] = "table"
    threat: Annotated[Prose, Field(title="Threat")]
    sign: Annotated[Prose, Field(title="First sign", description="what would be seen, with a threshold as a slot where there is one")]
    defence: Annotated[Prose, Field(title="Defence")]
    owner: Annotated[str, Field(title="Owner", description="'client', 'agency' or a role; no invented names")]


class CompetitorAnalysis(Deliverable):
    """A finished competitor analysis. Giving it ends the work: call this once, when the analysis is done."""

    kind: ClassVar[str] = "competitor_analysis"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words: where we stand, what changed, what to do, what it costs, the decision needed and by when",
            min_length=2,
            max_length=5,
        ),
    ]
    claims: Annotated[
        tuple[Claim, ...],
        Field(title="What was seen", min_length=1, max_length=14, description="observations only, each with place and day"),
    ]
    competitors: Annotated[
        tuple[Competitor, ...], Field(title="Competitors", min_length=1, max_length=8, description="each one that the material names")
    ]
    prices: Annotated[
        tuple[Prose, ...],
        Field(
            title="Prices, like for like",
            min_length=1,
            max_length=5,
            description="where our prices stand among all that were seen; the house adds the table",
            json_schema_extra={"x-table": "compare_competitors"},
        ),
    ]
    choice: Annotated[tuple[Criterion, ...], Field(title="What buyers choose by", min_length=2, max_length=6)]
    threats: Annotated[tuple[Threat, ...], Field(title="Threats and defences", min_length=2, max_length=6)]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=2, max_length=5)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]


COMPETITOR_ANALYST = Agent(
    name="competitor analyst",
    kind="competitor_analysis",
    prompt="competitor_analyst",
    tools=("describe_data", "list_prices", "compare_competitors", "summarize_cancellations", "calculate"),
    deliverable=CompetitorAnalysis,
    questions=("competitors, rivals, their pages, prices and claims", "what customers choose by, why they left for others"),
)
