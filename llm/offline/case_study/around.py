"""What stands around the case: the first words, the interview, what to do, what was not taken and what is not known."""

from __future__ import annotations

from typing import Any

from llm.offline.actions import action
from llm.offline.case_study.view import View


def summary(view: View) -> list[str]:
    """The first words that are read."""
    difference = view.figure("difference")
    if view.case is None or difference is None:
        return [
            f"There is no case to tell yet: {view.why_not}.",
            "We recommend to publish no customer story now, and to start the record that would carry one; it costs working time and no "
            "media.",
            "Decision needed from you within the week: who keeps that record.",
        ]
    return [
        f"We recommend to ask {view.customer} for consent to a case study: the difference of its {view.noun} against comparable customers "
        f"is estimated at {difference.slot} ({difference.range}).",
        "It was chosen for its change among all that were looked at, so the estimate runs high; what it did is not on record yet.",
        "It costs working time and no media; what the story brings is unknown before it is used.",
        "Decision needed from you within the week: whether this customer may be asked, and by whom.",
    ]


def questions(view: View) -> list[str]:
    """Open questions, one of them against the story."""
    part = f"The part that the records call {view.parts[0][0]} moved: what did you change there?" if view.parts else None
    return [
        "What was the problem, in your words, before any of this?",
        part or "What did you change in these weeks, and on which day?",
        "What else changed at the same time: hours, staff, prices, the street, a competitor?",
        "What did not work, or cost more than you expected?",
        "What would you tell another business that thinks of doing the same?",
    ]


def actions(view: View) -> list[dict[str, Any]]:
    """Who does what by when."""
    if view.case is None:
        return [
            action(
                "Keep what customers achieve by day (business, day, what is counted, how many) in one table.", "client", 30, "medium",
                "The table has been kept for as long as a comparison needs on both sides.",
            ),
            action(
                "Look again for a candidate once more weeks are on record.", "agency", 90, "small",
                "A customer stands out against comparable ones beyond chance.",
            ),
        ]  # fmt: skip
    return [
        action(
            f"Ask {view.customer} for consent with the text above.", "client", 5, "small",
            "The customer says no, or does not answer a second mail.",
        ),
        action(
            "Hold the interview with the questions above, and have each quote approved.", "agency", 14, "small",
            "The answers speak against the story.",
        ),
        action(
            "Count again before anything is published.", "agency", 30, "small",
            f"The low end of the difference is no longer above nothing; today it is {_low(view)}.",
        ),
    ]  # fmt: skip


def _low(view: View) -> str:
    difference = view.figure("difference")
    return difference.end("low") if difference else "not known"


def alternatives(view: View) -> list[dict[str, Any]]:
    """A way not taken, with the figure against it."""
    change, peers = view.figure("change"), view.figure("peers_change")
    if view.case and change and peers:
        return [
            {
                "option": "Telling the customer's own change alone",
                "why_not": f"Told alone, the change of {change.slot} would claim what others had as well. At comparable customers the "
                f"change is {peers.slot}.",
            }
        ]
    difference = view.figure("difference")
    if difference:
        return [
            {
                "option": f"Telling the story of {view.customer} all the same",
                "why_not": f"Its difference against comparable customers is estimated at {difference.slot} ({difference.range}).",
            }
        ]
    return [{"option": "Telling a story without figures", "why_not": f"Nothing would hold it: {view.why_not}."}]


def unknowns(view: View) -> list[dict[str, Any]]:
    """What we could not know, what it costs, how to learn it."""
    difference = view.figure("difference")
    return [
        {
            "what": "What the customer did, and on which day",
            "cost": "The day that parts before from after is the calendar's, so that a change on another day is cut in two."
            if view.compared
            else "Without it there is no story.",
            "learn_by": "The interview.",
        },
        {
            "what": "Whether it would have come without us",
            "cost": f"The range of {difference.range} is that of a comparison, not of a cause." if difference else "No cause can be told.",
            "learn_by": "Offer the same to a random part of the customers, and count both.",
        },
        {
            "what": "Whether the customer agrees to be named",
            "cost": "Without it no asset goes out.",
            "learn_by": "The request above." if view.case else "Ask once there is something to show.",
        },
    ]
