"""Why subscriptions ended, as the client's records give the reason: where customers were lost, and to what."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import NormalDist
from typing import Any

from tools.contract import Caveat, Column, Figure, Interval, NotEnoughData, Request, Table, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.entity_keys import entity_keys, without_digits
from tools.methods.fixed_horizon import wilson

LEAST = 20
"""endings with a reason below which shares are called a small sample"""
MOST_REASONS = 8


class SummarizeCancellations(Request):
    """How far back, and how sure."""

    model_config = {"json_schema_extra": {"examples": [{}, {"days": 180}]}}

    days: int = choice("days", "how many days back from the answer's day endings count", default=365, ge=28, le=3650)
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)


@tool(version=1, field="lifecycle")
def summarize_cancellations(request: SummarizeCancellations, facts: Facts) -> ToolResult:
    """Count why subscriptions ended, as a share of the endings with a reason on record (Wilson's interval).

    The reason is what was written down when a subscription ended: it says what leavers said, not what would have kept them.
    """
    day = request.as_of or facts.as_of
    first = day - timedelta(days=request.days - 1)
    counts = _counted(facts, first, day)
    ended, known = sum(counts.values()), sum(number for reason, number in counts.items() if reason is not None)
    if known == 0:
        raise NotEnoughData(
            "no subscription ended with a reason on record in this time",
            field="days",
            needed="at least one ended subscription with an end reason",
            found=f"{ended} ended, none with a reason",
        )
    named = sorted(((reason, number) for reason, number in counts.items() if reason is not None), key=lambda row: (-row[1], row[0]))
    keys = entity_keys(reason for reason, _ in named)
    period = f"{first.isoformat()}/{day.isoformat()}"
    shared: dict[str, Any] = {"period": period, "basis": "observed"}
    figures = [
        Figure(key="ended", value=ended, unit="count", metric="ended", label="subscriptions that ended", **shared),
        Figure(
            key="with_reason",
            value=known,
            unit="count",
            metric="ended_with_reason",
            label="ended subscriptions with a reason on record",
            **shared,
        ),
    ]
    findings = ["Of {{ended}} subscriptions that ended, {{with_reason}} have a reason on record."]
    critical = NormalDist().inv_cdf(0.5 + request.level / 2)
    for reason, number in named[:MOST_REASONS]:
        low, high = wilson(number, known, critical)
        figures.append(
            Figure(
                key=f"{keys[reason]}.share", value=number / known, unit="share", metric="share_of_endings",
                label="share of the endings with a reason", entity=f"reason: {reason}", denominator="ended subscriptions with a reason",
                n=known,
                interval=Interval(low=low, high=high, level=request.level), **shared,
            )
        )  # fmt: skip
        if without_digits(reason + keys[reason]):
            said = reason.replace("_", " ")
            findings.append(f"The reason {said} stands behind {{{{{keys[reason]}.share}}}} of them ({{{{{keys[reason]}.share|range}}}}).")
    return ToolResult(
        figures=tuple(figures), findings=tuple(findings), caveats=tuple(_caveats(known, ended)), table=_table(named, known, period)
    )


def _counted(facts: Facts, first: date, day: date) -> dict[str | None, int]:
    """Ended subscriptions by reason; None holds those without one."""
    kept = facts.table("subscriptions")
    ended = kept.mutate(day=kept.ended_at.date()).filter(lambda row: row.ended_at.notnull())
    ended = ended.filter((ended.day >= first) & (ended.day <= day))
    rows = facts.fetch(ended.group_by("end_reason").aggregate(number=ended.count()).order_by("end_reason")).to_pylist()
    counts: dict[str | None, int] = {}
    for row in rows:
        reason = (row["end_reason"] or "").strip() or None
        counts[reason] = counts.get(reason, 0) + int(row["number"])
    return counts


def _caveats(known: int, ended: int) -> list[Caveat]:
    found = [
        Caveat(
            code="as_said",
            text="A reason on record is what was noted when the subscription ended, not what would have kept the customer.",
            insist=True,
            signs=("what was noted", "as noted", "on record", "they said", "said when"),
        )
    ]
    if known < LEAST:
        found.append(Caveat(code="small_sample", text="The shares rest on few endings and would shift with a handful more.", insist=True))
    if known < 0.7 * ended:
        found.append(
            Caveat(code="reasons_missing", text="Many endings have no reason on record; those who gave none may have left for others.")
        )
    return found


def _table(named: list[tuple[str, int]], known: int, period: str) -> Table:
    columns = (
        Column(name="reason", label="reason"),
        Column(name="endings", label="endings", unit="count"),
        Column(name="share", label="share of those with a reason", unit="share"),
    )
    return Table(
        title=f"Why subscriptions ended, {period.replace('/', ' to ')}",
        columns=columns,
        rows=tuple((reason, number, number / known) for reason, number in named),
    )
