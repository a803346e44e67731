"""A comparison as figures, sentences and a table."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from typing import Any

import numpy as np

from tools.contract import Caveat, Column, Decision, Figure, Interval, Table, ToolResult
from tools.lifecycle._comparison import Comparison
from tools.lifecycle._outcomes import Outcomes
from tools.methods.entity_keys import entity_keys, without_digits

MOST_PARTS = 6


def report(outcomes: Outcomes, one: Comparison, level: float) -> ToolResult:
    """The whole result of compare_matched."""
    parts = _parts(outcomes, one)
    return ToolResult(
        figures=(*_figures(outcomes, one, level), *(figure for _, figure in parts)),
        findings=tuple(_findings(outcomes, one, [(part, figure.key) for part, figure in parts])),
        caveats=tuple(_caveats(outcomes, one)),
        decision=_decision(one),
        table=_table(outcomes, one),
    )


def _who(outcomes: Outcomes, one: Comparison) -> str:
    return outcomes.names[one.cases[0]] if len(one.cases) == 1 else "the group"


def _figures(outcomes: Outcomes, one: Comparison, level: float) -> Iterator[Figure]:
    who, noun, window, number = _who(outcomes, one), outcomes.measure, outcomes.window, len(one.matched.controls)
    own: dict[str, Any] = {"entity": who, "basis": "observed", "rests_on": ()}
    yield Figure(
        key="before", value=one.before, unit="count", metric="before", label=f"{noun} before", period=window.before.iso, source=who, **own
    )
    yield Figure(key="after", value=one.after, unit="count", metric="after", label=f"{noun} after", period=window.after.iso, **own)
    yield Figure(
        key="total_change", value=one.after - one.before, unit="count", metric="total_change", label=f"change in {noun}",
        period=window.whole.iso, **own,
    )  # fmt: skip
    yield Figure(
        key="change", value=one.change, unit="share", metric="change", label=f"relative change in {noun}",
        denominator=f"{noun} before", period=window.whole.iso, **own,
    )  # fmt: skip
    others: dict[str, Any] = {"period": window.whole.iso, "basis": "observed", "rests_on": ()}
    yield Figure(key="controls", value=number, unit="count", metric="controls", label="comparable customers", **others)
    yield Figure(
        key="peers_change", value=exp(one.matched.peers_change) - 1, unit="share", metric="peers_change",
        label="change at comparable customers", denominator=f"{noun} before", n=number, **others,
    )  # fmt: skip
    yield Figure(
        key="as_large", value=one.matched.as_large, unit="count", metric="as_large",
        label="comparable customers with at least this change", **others,
    )  # fmt: skip
    model: dict[str, Any] = {"entity": who, "basis": "model", "n": number}
    yield Figure(
        key="difference", value=one.difference, unit="share", metric="matched_difference", label="difference against comparable customers",
        denominator=f"{noun} that their change would have given", period=window.after.iso,
        interval=Interval(low=one.low, high=one.high, level=level), **model,
    )  # fmt: skip
    low, value, high = (one.beyond(share) for share in (one.low, one.difference, one.high))
    yield Figure(
        key="extra", value=round(value), unit="count", metric="extra", label=f"{noun} beyond what the change of others would give",
        period=window.after.iso, interval=Interval(low=round(low), high=round(high), level=level), **model,
    )  # fmt: skip
    yield Figure(
        key="earlier_difference", value=exp(one.matched.trend.estimate) - 1, unit="share", metric="earlier_difference",
        label="difference in the path before", denominator=f"{noun} in the first half of the time before", period=window.before.iso,
        interval=Interval(low=one.trend[0], high=one.trend[1], level=level), **model,
    )  # fmt: skip
    yield Figure(
        key="size_gap", value=one.matched.imbalance, unit="number", metric="size_gap",
        label="gap in size before, in standard deviations", period=window.before.iso, **model,
    )  # fmt: skip
    looked: dict[str, Any] = {"unit": "count", "period": window.whole.iso, "basis": "observed", "rests_on": ()}
    yield Figure(key="looked_at", value=one.looked_at, metric="looked_at", label="customers looked at", **looked)
    yield Figure(key="left", value=outcomes.left, metric="left", label="customers who left in this time", **looked)


def _parts(outcomes: Outcomes, one: Comparison) -> list[tuple[str, Figure]]:
    """The change by part: whole counts that add up to the total change. None where there is one part, or too many to read."""
    own = list(one.cases)
    moved = (outcomes.after[own].sum(axis=0) - outcomes.before[own].sum(axis=0)).astype(int)
    there = outcomes.after[own].sum(axis=0) + outcomes.before[own].sum(axis=0) > 0
    if not 1 < int(there.sum()) <= MOST_PARTS:
        return []
    named = [part for part, here in zip(outcomes.parts, there, strict=True) if here]
    keys = entity_keys(named)
    who = _who(outcomes, one)
    return [
        (
            part,
            Figure(
                key=f"parts.{keys[part]}", value=int(moved[outcomes.parts.index(part)]), unit="count", metric="part_change",
                label=f"change in {outcomes.measure}, {part.replace('_', ' ')}", entity=f"{who}: {part}",
                period=outcomes.window.whole.iso, rests_on=(),
            ),
        )
        for part in named
    ]  # fmt: skip


def _findings(outcomes: Outcomes, one: Comparison, parts: list[tuple[str, str]]) -> Iterator[str]:
    noun = outcomes.measure
    yield f"Before, {{{{before}}}} {noun} are on record, and after, {{{{after}}}}: a change of {{{{change}}}}."
    yield "At {{controls}} comparable customers the change over the same days is {{peers_change}}."
    yield "The difference against comparable customers is estimated at {{difference}} ({{difference|range}})."
    yield f"In {noun} that is an estimated {{{{extra}}}} over the weeks after ({{{{extra|range}}}})."
    if parts and all(without_digits(part) for part, _ in parts):
        said = ", ".join(f"{part.replace('_', ' ')} {{{{{key}|signed}}}}" for part, key in parts)
        yield f"The change of {{{{total_change|signed}}}} {noun} by part: {said}."
    yield "Comparable customers with at least this change: {{as_large}}."
    yield "The difference in the path before the day is estimated at {{earlier_difference}} ({{earlier_difference|range}})."


def _caveats(outcomes: Outcomes, one: Comparison) -> Iterator[Caveat]:
    yield Caveat(
        code="not_an_experiment",
        text="Nobody was assigned by chance: the difference says what went with these weeks, not what caused it.",
        insist=True,
        signs=("assigned by chance", "not what caused", "no experiment", "not a cause"),
    )
    if one.looked_at > 1:
        yield Caveat(
            code="chosen",
            text="The customer was chosen for its change among all that were looked at: the interval allows for that, "
            "the estimate runs high.",
            insist=True,
            signs=("chosen for", "among all", "selected"),
        )
    if outcomes.left:
        yield Caveat(
            code="survivors",
            text="Customers who left in this time are not among those compared.",
            insist=True,
            signs=("who left", "left in this time"),
        )
    if one.low <= 0 <= one.high:
        yield Caveat(
            code="unclear",
            text="The interval includes no difference at all: chance alone could have made it.",
            insist=True,
            signs=("no difference", "chance alone", "includes zero"),
        )
    if one.other_path:
        yield Caveat(
            code="other_path",
            text="Before the day the customer was on another path than the comparable ones already.",
            insist=True,
            signs=("another path", "already", "before the day"),
        )
    if one.unlike:
        yield Caveat(
            code="unlike",
            text="The comparable customers differ in size before: the comparison is a rough one.",
            insist=True,
            signs=("differ in size", "rough"),
        )
    alike = " and ".join(
        name.replace("plan", "price plan").replace("industry", "line of business") for name in outcomes.strata[: one.matched.equal]
    )
    yield Caveat(
        code="matching",
        text=f"Comparable means nearest by {outcomes.measure} before" + (f", with the same {alike}" if alike else "") + ".",
    )


def _decision(one: Comparison) -> Decision:
    if one.clear:
        return Decision(action="tell", reason="The interval lies above zero ({{difference|range}}) and path and size before are alike.")
    if one.low > 0:
        return Decision(action="tell_without_number", reason="Path or size before differ, so that the difference cannot carry a headline.")
    return Decision(action="wait", reason="The interval does not lie above zero: {{difference|range}}.")


def _table(outcomes: Outcomes, one: Comparison) -> Table:
    """The customer and those compared with it taken together: none of them agreed to be shown."""
    columns = (
        Column(name="who", label="who"),
        Column(name="before", label=f"{outcomes.measure} before", unit="count"),
        Column(name="after", label=f"{outcomes.measure} after", unit="count"),
        Column(name="change", label="change", unit="share"),
    )
    panel, others = outcomes.panel, one.matched.controls
    before, after = int(panel.before[others].sum()), int(panel.after[others].sum())
    changes = np.sort(np.exp(panel.change[others]) - 1)
    low, middle, high = (float(value) for value in np.quantile(changes, (0.25, 0.5, 0.75)))
    rows: tuple[tuple[int | float | str | None, ...], ...] = (
        (_who(outcomes, one), one.before, one.after, one.change),
        ("comparable customers together", before, after, after / before - 1 if before else None),
        ("comparable customers, lower quartile", None, None, low),
        ("comparable customers, median", None, None, middle),
        ("comparable customers, upper quartile", None, None, high),
    )
    return Table(title=f"Before and after, {outcomes.window.whole.iso.replace('/', ' to ')}", columns=columns, rows=rows)
