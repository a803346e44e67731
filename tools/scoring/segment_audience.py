"""Who the customers are, in groups that a plan can address."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator

from tools.contract import Decision, Frozen, NotEnoughData, Request, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.seeds import seed_of
from tools.scoring._customers import TOO_YOUNG, Customers, Source, read_customers
from tools.scoring._segment_next import next_period
from tools.scoring._segment_result import caveats_of, chart_of, describe, figures_of, findings_of, table_of
from tools.scoring._segments import Rule, Segments, by_cluster, by_rule, by_rules, by_similarity, fits

DRAWS_NOTHING = frozenset({"rules", "similar_people", "next_days"})
FEWEST_SEEDS = 20  # people to be like
FEWEST = 50  # under this a segment would be a handful of people


class SegmentRule(Frozen):
    """A segment by what customers did; both ends included, an end left out bounds nothing."""

    name: str = Field(description="name of the segment, without digits", pattern=r"^[A-Za-z][A-Za-z ,-]{0,58}[A-Za-z]$")
    recency_at_least: int | None = choice("days", "days since the last act, at least", default=None, ge=0, le=10_000)
    recency_at_most: int | None = choice("days", "days since the last act, at most", default=None, ge=0, le=10_000)
    frequency_at_least: int | None = choice("count", "times, at least", default=None, ge=0, le=10**9)
    frequency_at_most: int | None = choice("count", "times, at most", default=None, ge=0, le=10**9)
    money_at_least: int | None = choice("money", "minor units per person, at least", default=None, ge=0, le=10**15)
    money_at_most: int | None = choice("money", "minor units per person, at most", default=None, ge=0, le=10**15)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for what in ("recency", "frequency", "money"):
            low, high = getattr(self, f"{what}_at_least"), getattr(self, f"{what}_at_most")
            if low is not None and high is not None and low > high:
                raise ValueError(f"{self.name!r}: {what} runs backwards, from {low} to {high}")
        if all(value is None for name, value in self if name != "name"):
            raise ValueError(f"{self.name!r} bounds nothing: give at least one end")
        return self


class SegmentAudience(Request):
    """How to segment, and over how many days of behaviour."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"method": "kmeans", "lookback_days": 540}]})

    method: Literal["kmeans", "rfm", "rules", "similar"] = Field(
        "kmeans",
        description="kmeans: groups found in recency, frequency and money · rfm: cut by rule from quintile scores of the three · "
        "rules: by the rules given · similar: the people most like those whom the first rule takes",
    )
    source: Source | None = Field(
        None,
        description="orders, subscriptions or events, the first of them that the client has when left out; or payments: orders and "
        "subscriptions of a person together",
    )
    rules: tuple[SegmentRule, ...] = Field((), description="rules and similar: segments by name, the first that fits", max_length=12)
    similar_people: int | None = choice(
        "count", "similar: how many to find; as many as the rule takes when left out", default=None, ge=1, le=10**9
    )
    next_days: int = choice(
        "days",
        "days whose orders show what each segment, as it stood before them, went on to bring; none when zero",
        default=90,
        ge=0,
        le=730,
    )
    lookback_days: int = choice("days", "days of behaviour, ending on the day asked for", default=730, ge=30, le=3650)
    k_max: int = choice("count", "most groups to consider", default=8, ge=2, le=12)
    segments: int | None = choice(
        "count", "exactly this many groups, whatever the data says; chosen by the data when left out", default=None, ge=2, le=12
    )

    @model_validator(mode="after")
    def _rules_where_needed(self) -> Self:
        if (self.method in ("rules", "similar")) != bool(self.rules):
            raise ValueError("the methods rules and similar take rules, and no other method does")
        names = [rule.name.lower() for rule in self.rules]
        if len(set(names)) != len(names) or "everyone else" in names:
            raise ValueError("rules: give each a name of its own, other than everyone else")
        return self


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


@tool(version=2, field="scoring")
def segment_audience(request: SegmentAudience, facts: Facts) -> AudienceSegments:
    """Segment customers by how recently, how often and for how much they bought: size, value, behaviour and stability of each segment.

    k-means runs on standardised logarithms. The number of segments is the one whose silhouette stands out most from a null of one
    population with the same means and covariance; when none beats the null, there are no separate groups: the result says so and is a cut
    of a continuum (`structure` false). Stability is the adjusted Rand index and each segment's Jaccard overlap over bootstrap samples.
    `rfm` cuts by rule instead, `rules` by rules of your own, and `similar` finds the people nearest to those whom a rule takes. Where the
    orders reach back far enough, what each segment as it stood `next_days` ago brought since is shown beside it. Names follow a fixed rule
    on the mean quintile scores. Reads orders, else subscriptions, else events (no money then); `payments` counts orders and subscriptions
    together. Over twenty thousand customers the centres are fitted on a seeded sample and every customer is assigned.
    """
    customers = read_customers(facts, request.source, request.lookback_days)
    if len(customers) < FEWEST:
        raise NotEnoughData(
            f"too few customers in these {request.lookback_days} days to segment: look further back, or plan for one audience",
            needed=f"{FEWEST} customers",
            found=str(len(customers)),
        )
    found = _draw(request, customers)
    profiles = describe(customers, found)
    figures = figures_of(customers, found, profiles, facts.currency)
    next_figures, next_findings = next_period(request.next_days, _then(request, facts, customers), customers, found, facts)
    structure = found.clusters.structure if found.clusters else None
    return AudienceSegments(
        figures=(*figures, *next_figures),
        findings=(*findings_of(customers, found, profiles, figures), *next_findings),
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


def _draw(request: SegmentAudience, customers: Customers) -> Segments:
    """Segments of these customers by the method asked for."""
    if request.method == "rfm":
        return by_rule(customers)
    random = np.random.default_rng(seed_of(request, without=DRAWS_NOTHING))
    if request.method == "kmeans":
        return by_cluster(customers, largest=request.k_max, fixed=request.segments, random=random)
    rules = [Rule(**rule.model_dump()) for rule in request.rules]
    if request.method == "rules":
        return by_rules(customers, rules)
    taken = int(fits(customers, rules[0]).sum())
    if taken < FEWEST_SEEDS or taken > len(customers) - FEWEST_SEEDS:
        raise NotEnoughData(
            "the rule takes too few customers, or all of them: there is nobody to be like, or nobody left to find",
            field="rules",
            needed=f"{FEWEST_SEEDS} customers taken and {FEWEST_SEEDS} others",
            found=f"{taken} of {len(customers)}",
        )
    return by_similarity(customers, rules[0], request.similar_people, random)


def _then(request: SegmentAudience, facts: Facts, customers: Customers) -> Customers | None:
    """Customers as they stood `next_days` ago with what they brought since; none where the record is too short for it."""
    if not request.next_days or customers.source != "orders" or customers.young:
        return None
    if customers.period.days < request.next_days + TOO_YOUNG["orders"]:
        return None
    then = read_customers(facts, customers.source, request.lookback_days, after=request.next_days)
    return then if len(then) >= FEWEST and not then.young else None


def _decision(structure: bool | None, fixed: int | None) -> Decision:
    if structure:
        return Decision(action="use_segments", reason="The groups are separate in the data: plan and measure for each of them.")
    why = "were asked for by number" if fixed else "follow a rule" if structure is None else "are a cut of a continuum"
    return Decision(action="use_as_cut", reason=f"The segments {why}: use them to order the work, and expect people near an edge to move.")
