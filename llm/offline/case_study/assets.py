"""What goes to the customer and, with its consent, out: every figure one of the case study's own."""

from __future__ import annotations

from typing import Any

from llm.offline.case_study.view import View
from llm.offline.sentences import join

NAME = "{{account.name}}"
OPEN_QUOTE = f"[Quote still to be given, and approved word for word, by {NAME}]"
LIMIT = "Nobody was assigned by chance: this went with these weeks, and no experiment shows a cause."


def consent_request(view: View) -> str:
    """The mail that asks."""
    if view.case is None:
        return "Nobody is asked: there is no case to show a customer yet."
    return "\n\n".join(
        (
            "Hello {{contact.first_name}},",
            f"We would like to tell others about {NAME}, and only with your consent. This is what we would show: {_result(view)}",
            "May we use your name? These figures? A quote in your own words, which you see before anyone else does? And where: on our "
            "site, in a mail, in a talk with a possible customer?",
            "A no is fine, to all or to a part of it, and changes nothing for you. You can withdraw a yes at any time; we then take the "
            "text down. You see the whole text before it goes anywhere.",
            "{{sender.name}}, {{sender.company}}",
        )
    )


def _result(view: View) -> str:
    before, after, difference = (view.figure(key) for key in ("before", "after", "difference"))
    assert before
    assert after
    assert difference
    return (
        f"Before, {before.slot} {view.noun} are on record, and after, {after.slot}; the difference against comparable customers is "
        f"estimated at {difference.slot} ({difference.range})."
    )


def _parts(view: View) -> str:
    """The parts of the change, as the case study tells them."""
    total = view.figure("total_change")
    if not view.parts or total is None:
        return "not split into parts on record."
    return f"the change of {total.formatted('signed')} {view.noun} by part is {view.split}."


def assets(view: View) -> list[dict[str, Any]]:
    """One of each kind; none without a case."""
    difference, controls, left = view.figure("difference"), view.figure("controls"), view.figure("looked_at")
    if view.case is None or not (difference and controls and left):
        return []
    headline = f"{view.noun.capitalize()} at {NAME}: {difference.slot} against comparable customers"
    chosen = f"Chosen for its change among {left.slot} customers looked at, so the estimate runs high."
    return [
        {
            "kind": "One-pager",
            "headline": headline,
            "text": "\n".join(
                (
                    "The page holds:",
                    f"- Customer: {NAME}",
                    f"- Before and after: {_result(view)} Compared with {controls.slot} comparable customers over the same days.",
                    f"- Where it sits: {_parts(view)}",
                    "- What was done: [to be told by the customer]",
                    f"- Quote: {OPEN_QUOTE}",
                    f"- Limits: {chosen} {LIMIT}",
                )
            ),
        },
        {"kind": "Quote card", "headline": NAME, "text": OPEN_QUOTE},
        {
            "kind": "Social post",
            "headline": headline,
            "text": join(
                f"The difference against comparable customers is estimated at {difference.slot} ({difference.range}).",
                f"{NAME} tells what it did.",
                chosen,
            ),
        },
        {
            "kind": "Sales slide",
            "headline": headline,
            "text": "\n".join(
                (
                    "Outline:",
                    f"- Difference: {difference.slot} ({difference.range}) against comparable customers",
                    f"- Compared with: {controls.slot} comparable customers",
                    "- What was done: [to be told by the customer]",
                    "- Limit: chosen for its change among all that were looked at",
                )
            ),
        },
    ]
