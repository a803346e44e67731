"""Who the customers are, in groups that a plan can address."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import ConfigDict, Field

from tools.contract import Decision, Frozen, NotEnoughData, Request, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.seeds import seed_of
from tools.scoring._customers import Source, read_customers
from tools.scoring._segment_result import caveats_of, chart_of, describe, figures_of, findings_of, table_of
from tools.scoring._segments import by_cluster, by_rule

FEWEST = 50  # under this a segment would be a handful of people


class SegmentAudience(Request):
    """How to segment, and over how many days of behaviour."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"method": "kmeans", "lookback_days": 540}]})

    method: Literal["kmeans", "rfm"] = Field(
        "kmeans", description="kmeans: groups found in recency, frequency and money · rfm: cut by rule from quintile scores of the three"
    )
    source: Source | None = Field(None, description="orders, subscriptions or events; the first of them that the client has when left out")
    lookback_days: int = choice("days", "days of behaviour, ending on the day asked for", default=730, ge=30, le=3650)
    k_max: int = choice("count", "most groups to consider", default=8, ge=2, le=12)
    segments: int | None = choice(
        "count", "exactly this many groups, whatever the data says; chosen by the data when left out", default=None, ge=2, le=12
    )


class Segment(Frozen):
    """One segment, as a later tool or a list builder takes it."""

    name: str = Field(description="plain name")
    key: str = Field(description="the name as it stands in the figures' keys")
    customers: int = Field(description="people in it")
    recency_days: tuple[int, int] = Field(description="middle half of it: days since the last act, from and to")
    frequency: tuple[int, int] = Field(description="middle half of it: how often, from and to")
    money: tuple[int, int] | None = Field(description="middle half of it: minor units per person, from and to")


class AudienceSegments(ToolResult):
    """The segments with size, value and behaviour, and how firm they are."""

    segments: tuple[Segment, ...] = Field(description="segments, most valuable in all first")
    structure: bool | None = Field(description="whether the data holds separate groups; false: a continuum was cut; none: cut by rule")
    based_on: Source = Field(description="the table that customers were read from")


@tool(version=1, field="scoring")
def segment_audience(request: SegmentAudience, facts: Facts) -> AudienceSegments:
    """Segment customers by how recently, how often and for how much they bought: size, value, behaviour and stability of each segment.

    k-means runs on standardised logarithms. The number of segments is the one whose silhouette stands out most from a null of one
    population with the same means and covariance; when none beats the null, there are no separate groups: the result says so and is a cut
    of a continuum (`structure` false). Stability is the adjusted Rand index and each segment's Jaccard overlap over bootstrap samples.
    `rfm` cuts by rule instead. Names follow a fixed rule on the mean quintile scores. Reads orders, else subscriptions, else events (no
    money then). Over twenty thousand customers the centres are fitted on a seeded sample and every customer is assigned.
    """
    customers = read_customers(facts, request.source, request.lookback_days)
    if len(customers) < FEWEST:
        raise NotEnoughData(
            f"too few customers in these {request.lookback_days} days to segment: look further back, or plan for one audience",
            needed=f"{FEWEST} customers",
            found=str(len(customers)),
        )
    if request.method == "rfm":
        found = by_rule(customers)
    else:
        random = np.random.default_rng(seed_of(request))
        found = by_cluster(customers, largest=request.k_max, fixed=request.segments, random=random)
    profiles = describe(customers, found)
    figures = figures_of(customers, found, profiles, facts.currency)
    structure = found.clusters.structure if found.clusters else None
    return AudienceSegments(
        figures=figures,
        findings=findings_of(customers, found, profiles, figures),
        caveats=caveats_of(customers, found, profiles),
        decision=_decision(structure, request.segments),
        table=table_of(customers, profiles, facts.currency),
        chart=chart_of(customers, profiles),
        segments=tuple(
            Segment(
                name=p.name,
                key=p.key,
                customers=p.customers,
                recency_days=p.recency_middle,
                frequency=p.frequency_middle,
                money=p.money_middle,
            )
            for p in profiles
        ),
        structure=structure,
        based_on=customers.source,
    )


def _decision(structure: bool | None, fixed: int | None) -> Decision:
    if structure:
        return Decision(action="use_segments", reason="The groups are separate in the data: plan and measure for each of them.")
    why = "were asked for by number" if fixed else "follow a rule" if structure is None else "are a cut of a continuum"
    return Decision(action="use_as_cut", reason=f"The segments {why}: use them to order the work, and expect people near an edge to move.")
