"""Customers whose results grew more than those of comparable ones: candidates for a case study, the surest first."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tools.contract import Caveat, Column, Decision, Figure, Interval, NotEnoughData, Table, ToolResult, choice, tool
from tools.facts import Facts
from tools.lifecycle._comparison import Case, Compared, Comparison, compared, worth_looking
from tools.lifecycle._outcomes import Outcomes, read_outcomes
from tools.methods.entity_keys import entity_keys

MOST_ROWS = 50
"""Customers in the table."""


class FindCaseStudies(Compared):
    """What to count, over which weeks, and how many candidates to show."""

    model_config = {"json_schema_extra": {"examples": [{"measure": "bookings"}, {"weeks": 8, "limit": 3}]}}

    limit: int = choice("count", "candidates with figures of their own", default=3, ge=1, le=10)


class FoundCases(ToolResult):
    """Candidates, the surest first."""

    best: Case = Field(description="the candidate whose interval begins highest, for compare_matched")
    candidates: tuple[Case, ...] = Field(description="the first candidates, in their order")


@tool(version=1, field="lifecycle")
def find_case_studies(request: FindCaseStudies, facts: Facts) -> FoundCases:
    """Find customers whose results grew more than comparable customers', ranked by the low end of the interval.

    Every customer with enough on record before and after is compared with its nearest (compare_matched says how), and the intervals hold
    for all of them together: who looks at many finds a large change by chance. Only businesses (accounts) are looked at, no persons.
    """
    outcomes = read_outcomes(facts, request.as_of or facts.as_of, request.source, request.measure, request.weeks)
    looked = worth_looking(outcomes, request.least)
    found = [one for index in looked if (one := compared(outcomes, [index], request, len(looked))) is not None]
    if not found:
        raise NotEnoughData(
            f"too few customers have {outcomes.measure} on record on both sides of the day to compare one with others",
            field="weeks",
            needed=f"a customer with {request.least} before and {request.fewest} comparable ones, each there for {2 * request.weeks} weeks",
            found=f"{len(looked)} with enough before, of {len(outcomes.ids)} there all the time",
        )
    found.sort(key=lambda one: (-one.low, outcomes.ids[one.cases[0]]))
    shown = found[: request.limit]
    keys = entity_keys(outcomes.names[one.cases[0]] for one in shown)
    figures = _totals(outcomes, found, len(looked)) + [figure for one in shown for figure in _candidate(outcomes, one, keys, request.level)]
    best = keys[outcomes.names[shown[0].cases[0]]]
    noun = outcomes.measure
    findings = [
        f"Customers with enough {noun} on record, all of them looked at: {{{{looked_at}}}}.",
        f"Customers whose {noun} grew more than those of comparable ones, beyond chance with every one looked at: {{{{clear}}}}.",
        f"The candidate whose interval begins highest had {{{{{best}.before}}}} {noun} before and {{{{{best}.after}}}} after.",
        f"Its difference against comparable customers is estimated at {{{{{best}.difference}}}} ({{{{{best}.difference|range}}}}).",
    ]
    if outcomes.left:
        findings.append("Customers who left in this time and cannot be candidates: {{left}}.")
    cases = tuple(_case(outcomes, one, request) for one in shown)
    return FoundCases(
        figures=tuple(figures),
        findings=tuple(findings),
        caveats=_caveats(outcomes),
        decision=_decision(shown[0], best),
        table=_table(outcomes, found),
        best=cases[0],
        candidates=cases,
    )


def _case(outcomes: Outcomes, one: Comparison, asked: FindCaseStudies) -> Case:
    index = one.cases[0]
    return Case(
        account=outcomes.ids[index],
        name=outcomes.names[index],
        source=outcomes.source,
        measure=outcomes.measure,
        last_day=outcomes.window.last,
        weeks=asked.weeks,
        least=asked.least,
        fewest=asked.fewest,
        most=asked.most,
        level=asked.level,
    )


def _totals(outcomes: Outcomes, found: list[Comparison], looked_at: int) -> list[Figure]:
    shared: dict[str, Any] = {"unit": "count", "period": outcomes.window.whole.iso}
    return [
        Figure(key="looked_at", value=looked_at, metric="looked_at", label="customers looked at", **shared),
        Figure(
            key="clear", value=sum(one.clear for one in found), metric="clear_candidates",
            label="customers whose growth is beyond chance against comparable ones", basis="model", **shared,
        ),
        Figure(key="left", value=outcomes.left, metric="left", label="customers who left in this time", **shared),
        Figure(key="joined", value=outcomes.joined, metric="joined", label="customers who came too late to be compared", **shared),
    ]  # fmt: skip


def _candidate(outcomes: Outcomes, one: Comparison, keys: dict[str, str], level: float) -> list[Figure]:
    name = outcomes.names[one.cases[0]]
    key, noun, window = keys[name], outcomes.measure, outcomes.window
    return [
        Figure(
            key=f"{key}.before", value=one.before, unit="count", metric="before", label=f"{noun} before", entity=name,
            period=window.before.iso,
            source=name,
        ),
        Figure(
            key=f"{key}.after", value=one.after, unit="count", metric="after", label=f"{noun} after", entity=name, period=window.after.iso
        ),
        Figure(
            key=f"{key}.difference", value=one.difference, unit="share", metric="matched_difference",
            label="difference against comparable customers", entity=name, denominator=f"{noun} that their change would have given",
            period=window.after.iso, n=len(one.matched.controls), basis="model",
            interval=Interval(low=one.low, high=one.high, level=level),
        ),
    ]  # fmt: skip


def _caveats(outcomes: Outcomes) -> tuple[Caveat, ...]:
    return (
        Caveat(
            code="chosen",
            text="The candidate was chosen for its change among all that were looked at: its interval allows for that, its estimate runs "
            "high.",
            insist=True,
            signs=("chosen for", "among all", "looked at", "selected"),
        ),
        Caveat(
            code="source",
            text=f"What was counted is {outcomes.measure} in the table {outcomes.source.replace('_', ' ')}; what else changed "
            "at a customer is not in it.",
        ),
    )


def _decision(first: Comparison, key: str) -> Decision:
    if first.clear:
        return Decision(action="compare", reason=f"One candidate's interval lies above zero: {{{{{key}.difference|range}}}}.")
    if first.low > 0:
        return Decision(
            action="wait",
            reason="The candidate differs from comparable customers in size or path before, so that no fair comparison is left.",
        )
    return Decision(action="wait", reason=f"Even the candidate's interval does not lie above zero: {{{{{key}.difference|range}}}}.")


def _table(outcomes: Outcomes, found: list[Comparison]) -> Table:
    columns = (
        Column(name="customer", label="customer"),
        Column(name="before", label=f"{outcomes.measure} before", unit="count"),
        Column(name="after", label=f"{outcomes.measure} after", unit="count"),
        Column(name="change", label="change", unit="share"),
        Column(name="difference", label="against comparable customers", unit="share"),
        Column(name="low", label="interval from", unit="share"),
        Column(name="high", label="interval to", unit="share"),
    )
    rows = tuple(
        (outcomes.names[one.cases[0]], one.before, one.after, one.change, one.difference, one.low, one.high) for one in found[:MOST_ROWS]
    )
    return Table(title=f"Candidates, {outcomes.window.whole.iso.replace('/', ' to ')}", columns=columns, rows=rows)
