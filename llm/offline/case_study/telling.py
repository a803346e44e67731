"""The case itself: who, before, what was done, before and after, how, and what it does not show."""

from __future__ import annotations

from llm.offline.case_study.view import View
from llm.offline.sentences import join

NONE_YET = "There is no case yet"


def who(view: View) -> list[str]:
    """The customer, and its consent."""
    consent = join("No consent to be named or quoted is on record: until it is, nothing of this goes out.", _ruled(view))
    if view.customer is None:
        return [f"{NONE_YET}: {view.why_not}.", consent]
    if view.case is None:
        return [f"{NONE_YET}: the candidate was {view.customer}, and {view.why_not}.", consent]
    return [f"The customer is {view.customer}, a business whose {view.noun} are on record.", consent]


def _ruled(view: View) -> str | None:
    return f"Your own rule on naming: {view.rule}." if view.rule else None


def situation(view: View) -> list[str]:
    """Results before."""
    before = view.figure("before")
    if before is None:
        return [f"{NONE_YET}: without a candidate there is no situation to tell."]
    return [f"In the weeks before, {view.customer} had {before.slot} {view.noun} on record ({_days(before.period)})."]


def _days(period: str | None) -> str:
    return (period or "").replace("/", " to ") or "period not on record"


def done(view: View) -> list[str]:
    """What the customer did."""
    if view.compared is None:
        return ["Nothing is to be told here before there is a candidate."]
    return [
        "What the customer did differently is not on record: the figures show when and where results moved, not what was done.",
        "This section stays open until the customer has told it; the questions below ask for it.",
    ]


def before_after(view: View) -> list[str]:
    """The matched difference."""
    before, after, change = (view.figure(key) for key in ("before", "after", "change"))
    controls, peers, difference, beyond = (view.figure(key) for key in ("controls", "peers_change", "difference", "extra"))
    if not (before and after and change and controls and peers and difference and beyond):
        return [f"No comparison: {view.why_not}."]
    return [
        f"Before, {before.slot} {view.noun} are on record ({_days(before.period)}), and after, {after.slot} ({_days(after.period)}): "
        f"a change of {change.slot}.",
        f"At {controls.slot} comparable customers the change over the same days is {peers.slot}.",
        f"The difference against comparable customers is estimated at {difference.slot} ({difference.range}).",
        f"In {view.noun} that is an estimated {beyond.slot} over the weeks after ({beyond.range}).",
    ]


def mechanism(view: View) -> list[str]:
    """Which parts moved."""
    total = view.figure("total_change")
    if total is None:
        return ["How it works can be told once there is a case."]
    if not view.parts:
        return ["What was counted is not split into parts on record, so where the change sits is unknown; the interview asks."]
    largest = view.parts[0][0]
    return [
        f"The change of {total.formatted('signed')} {view.noun} by part: {view.split}.",
        f"So the change sits in the part that the records call {largest}. What made that part move is for the customer to tell: "
        "a change of hours, of staff or of how guests find it would each show in the same way.",
    ]


def not_shown(view: View) -> list[str]:
    """Selection, cause, limits."""
    looked = view.figure("looked_at") or (view.found.get("looked_at") if view.found else None)
    left = view.figure("left")
    said = [
        f"The customer was chosen for its change among all that were looked at ({looked.slot} customers looked at): the interval allows "
        "for that, the estimate runs high."
        if looked
        else "Nobody was chosen: there was no one to choose from.",
        "Nobody was assigned by chance: a difference says what went with these weeks, not what caused it.",
    ]
    if left:
        said.append(f"Customers who left in this time are not among those compared: {left.slot}.")
    earlier = view.figure("earlier_difference")
    if earlier:
        said.append(f"The difference in the path before the day is estimated at {earlier.slot} ({earlier.range}).")
    said += [view.said(caveat) for caveat in view.caveats("compare_matched") if caveat.code in ("unclear", "other_path", "unlike")]
    return said
