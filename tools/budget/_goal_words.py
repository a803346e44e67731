"""Goals in sentences and in a table."""

from __future__ import annotations

from collections.abc import Iterable

from tools.budget._figures import Figures
from tools.budget._goal import GoalRead
from tools.budget._goal_course import Status
from tools.contract import Caveat, Column, Decision, Table, Unit
from tools.methods.channel_names import joined

FAR = 3.0
"""Times the goal at which it is likelier that goal and count mean different things than that it was so far off."""
STATUS_WORDS: dict[Status, str] = {
    "met": "the goal is met",
    "missed": "the goal is missed",
    "on_course": "the goal is on course",
    "off_course": "the goal is out of reach at this pace",
    "open": "the goal is open",
}

LIMIT_WORDS: dict[Status, str] = {"met": "kept", "missed": "over the limit"}
"""The same in the table of what may be at most."""


def findings_of(one: GoalRead, keys: set[str]) -> Iterable[str]:
    """How one goal stands and where it is heading."""
    goal, course, key = one.goal, one.course, one.key
    if course is None:
        yield f"The goal for {goal.name} cannot be followed: nothing of it is on record."
        return
    bound = "" if goal.way == "at_least" else "at most "
    counted = f"{goal.counted} {{{{{key}.actual}}}}" if f"{key}.actual" in keys else "nothing is counted yet"
    so_far = "" if course.finished else " so far"
    yield f"The goal for {goal.name} is {bound}{{{{{key}.target}}}}; on record{so_far}: {counted}; {STATUS_WORDS[course.status]}."
    if f"{key}.projected" in keys:
        ends = f" ({{{{{key}.projected|range}}}})" if course.end and course.end.low is not None else ""
        chance = f"; the chance of reaching the goal is {{{{{key}.chance}}}}" if f"{key}.chance" in keys else ""
        yield f"At the pace of the last weeks {goal.counted} by the end of the period: {{{{{key}.projected}}}}{ends}{chance}."
    if f"{key}.next" in keys and course.next is not None and course.next.low is not None:
        yield f"If the next period is as ordinary as those on record, expect {goal.counted} of {{{{{key}.next|range}}}}."


def caveats_of(read: list[GoalRead]) -> Iterable[Caveat]:
    """In the order of how wrong a reader would be without them."""
    courses = [one for one in read if one.course is not None]
    if any(not one.course.finished for one in courses if one.course):
        yield Caveat(
            code="unfinished_period",
            text="The period is not over on record: what is counted is so far, and its end is the pace of the last weeks carried on.",
            insist=True,
            signs=("so far", "not over", "at this pace", "to date"),
        )
    if late := [one.goal.name for one in courses if one.course and one.course.known.first > one.course.period.first]:
        yield Caveat(
            code="record_begins_late",
            text=f"The record begins after the period did, so the count of {joined(late)} lacks its first days.",
            insist=True,
            signs=("record begins", "first days", "begins after", "incomplete"),
        )
    far = [
        one.goal.name
        for one in courses
        if one.course and one.course.finished and one.course.actual and not 1 / FAR <= one.course.actual / one.goal.target <= FAR
    ]
    if far:
        yield Caveat(
            code="goal_far_from_count",
            text=f"The goal for {joined(far)} and the count are so far apart that they may not mean the same thing: agree on what is "
            "counted.",
            insist=True,
            signs=("may not mean the same", "agree on what is counted", "what is counted", "not count the same", "same thing"),
        )
    if missing := [one.goal.name for one in read if one.course is None]:
        yield Caveat(
            code="not_on_record",
            text=f"Nothing is on record to follow the goal for {joined(missing)} by.",
            insist=True,
            signs=("nothing is on record", "not on record", "cannot be followed", "no record"),
        )
    bare = [
        one.goal.name for one in courses if one.course and any(e is not None and e.low is None for e in (one.course.end, one.course.next))
    ]
    if bare:
        yield Caveat(
            code="no_range",
            text=f"The record is too short to say how far {joined(bare)} ordinarily moves, so what is to come has no range.",
        )


def decision_of(read: list[GoalRead]) -> Decision:
    """To act when a goal is missed or out of reach."""
    bad = [one.goal.name for one in read if one.course and one.course.status in ("missed", "off_course")]
    if bad:
        return Decision(action="act", reason=f"Missed or out of reach at this pace: {joined(bad)}.")
    if any(one.course is None or one.course.status == "open" for one in read):
        return Decision(action="watch", reason="No goal is missed; of some it cannot be said yet whether they will be met.")
    return Decision(action="hold", reason="Every goal is met or on course.")


def _standing(one: GoalRead) -> str:
    """In a word or two: what may be at most is kept or passed."""
    assert one.course is not None
    if one.goal.way == "at_most" and one.course.status in LIMIT_WORDS:
        return LIMIT_WORDS[one.course.status]
    return STATUS_WORDS[one.course.status].removeprefix("the goal is ")


def table_of(read: list[GoalRead], figures: Figures, currency: str) -> Table:
    """Counts and money do not share a column, so a row tells its goal and standing, and the amounts stand by kind."""
    known = figures.by_key
    money = [one for one in read if one.daily is not None and one.daily.unit == "money"]
    counts = [one for one in read if one not in money]
    columns = [Column(name="goal", label="Goal"), Column(name="counted", label="Counted as")]
    kinds: list[tuple[Unit, str | None, list[GoalRead]]] = [("count", None, counts)] if counts else []
    kinds += [("money", currency, money)] if money else []
    for unit, code, _ in kinds:
        of = (" (amount)" if unit == "money" else " (number)") if len(kinds) > 1 else ""
        columns += [
            Column(name=f"target_{unit}", label=f"Goal is{of}", unit=unit, currency=code),
            Column(name=f"actual_{unit}", label=f"On record{of}", unit=unit, currency=code),
        ]
    columns.append(Column(name="status", label="Standing"))
    rows = []
    for one in read:
        cells: list[int | float | str | None] = [one.goal.name, one.goal.counted]
        for _, _, members in kinds:
            for part in ("target", "actual"):
                figure = known.get(f"{one.key}.{part}") if one in members else None
                cells.append(figure.value if figure else None)
        cells.append(_standing(one) if one.course else "not on record")
        rows.append(tuple(cells))
    return Table(title="Goals and what is on record", columns=tuple(columns), rows=tuple(rows))
