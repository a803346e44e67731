"""The reporter: from a period's figures to a client report that says the bad news first and what to do about it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Prose
from agents.parts import Action, Alternative, Unknown


class Report(Deliverable):
    """A finished client report on one week or month. Giving it ends the work: call this once, when the analysis is done."""

    kind: ClassVar[str] = "report"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words in all: what went wrong first, then how the goals stand, what the period cost, what to expect "
            "of the next one as a range, and the decision needed from the client and by when",
            min_length=2,
            max_length=5,
        ),
    ]
    bad_news: Annotated[
        tuple[Prose, ...],
        Field(
            title="What did not go as planned",
            description="goals missed or out of reach, promises missed, changes for the worse that are beyond ordinary variation, money "
            "spent over the budget, counts that do not agree; one each, the worst first; where there is none, say what was "
            "looked at",
            min_length=1,
            max_length=6,
            json_schema_extra={"x-list": True},
        ),
    ]
    goals: Annotated[
        tuple[Prose, ...],
        Field(
            title="Goals",
            description="each goal with its target, what is on record, what was counted and where it is heading; the house adds the table",
            min_length=1,
            max_length=8,
            json_schema_extra={"x-table": "track_goals"},
        ),
    ]
    changes: Annotated[
        tuple[Prose, ...],
        Field(
            title="What changed, and what it went with",
            description="against the period before and a year before: what is beyond ordinary variation, apart from what is within it; "
            "then the parts of the change (length, spend, price, clicks, conversions per click), as the tool split it; no "
            "cause that no experiment shows; the house adds the table",
            min_length=1,
            max_length=8,
            json_schema_extra={"x-table": "compare_periods"},
        ),
    ]
    experiments: Annotated[
        tuple[Prose, ...],
        Field(
            title="Experiments",
            description="what was read out in this period and the decision; or that none was, and what that leaves open",
            min_length=1,
            max_length=5,
        ),
    ]
    budget: Annotated[
        tuple[Prose, ...],
        Field(
            title="Budget",
            description="what was spent, by channel, against what was agreed; whether fees and VAT are in it",
            min_length=1,
            max_length=5,
        ),
    ]
    promises: Annotated[
        tuple[Prose, ...],
        Field(
            title="What we promised",
            description="what earlier reports and plans promised for days that are over, against what came, misses first; then what is "
            "not due yet; or that nothing was promised; the house adds the table",
            min_length=1,
            max_length=8,
            json_schema_extra={"x-table": "score_promises"},
        ),
    ]
    reconciliation: Annotated[
        tuple[Prose, ...],
        Field(
            title="Do the counts agree",
            description="what the platforms claim beside what the client's own records show, in all and for the channel furthest apart, "
            "and what explains the difference or that nothing on record does",
            min_length=1,
            max_length=5,
        ),
    ]
    actions: Annotated[
        tuple[Action, ...],
        Field(title="What to do next", description="at most three, due days counted from today", min_length=1, max_length=3),
    ]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=3)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=4)]
    appendix: Annotated[
        tuple[Prose, ...],
        Field(
            title="For the analyst",
            description="how change was told from ordinary variation, how the change was split, how goals and promises were counted, "
            "intervals and their levels, limits of the data; terms of the trade belong here and nowhere above",
            min_length=2,
            max_length=10,
            json_schema_extra={"x-list": True, "x-table": "summarize_channels"},
        ),
    ]


REPORTER = Agent(
    name="reporter",
    kind="report",
    prompt="reporter",
    tools=(
        "describe_data",
        "track_goals",
        "compare_periods",
        "summarize_channels",
        "score_promises",
        "analyze_experiment",
        "check_sample_ratio",
        "calculate",
    ),
    deliverable=Report,
    model_tier="standard",
)
