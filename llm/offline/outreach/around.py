"""Who is written to, the test, when it stops, and what is not known."""

from __future__ import annotations

from typing import Any

from llm.offline.outreach.view import View
from llm.offline.sentences import join


def summary(view: View) -> list[str]:
    """The first words that are read."""
    agreed = view.people.get("agreed") if view.people else None
    nobody = agreed is not None and view.amount(agreed) == 0
    if agreed and not nobody:
        who = f"We recommend a short series of mails to the {agreed.slot} people who agreed to e-mail, over the coming weeks."
    else:
        who = "Nobody on record may be mailed yet: we recommend to ask for consent first, and to keep this series ready."
    return [
        who,
        "It costs working time and no media. What it brings is unknown before the first send: no earlier mailing is on record as a test.",
        "Decision needed from you within the week: approve the texts and the list; any change of either asks for a new approval.",
    ]


def recipients(view: View) -> list[str]:
    """Counts and consent."""
    if view.people is None:
        refused = view.refused("select_recipients")
        return [f"Nobody could be counted: {refused[0].lower() + refused[1:]}." if refused else "No contact is on record."]
    return [text for text in (join(*view.people.findings), join(view.told("select_recipients"))) if text]


def test(view: View) -> list[str]:
    """Whether the list can carry a test."""
    if view.design is None:
        refused = view.refused("design_experiment")
        why = f": {refused[0].lower() + refused[1:]}" if refused else ""
        return [f"The variant goes to a random half of the list; whether the list can carry an answer could not be worked out{why}."]
    said = [join(*view.design.findings[:3]), join(view.design.reason, view.told("design_experiment"))]
    return [text for text in said if text] or ["The variant goes to a random half of the list."]


def stopping() -> list[str]:
    """When a person hears no more."""
    return [
        "Any reply ends the series for that person, whatever it says.",
        "Having done what was asked ends it too.",
        "Opting out ends it at once and for every later series.",
        "A mail that bounces ends it, and the address is checked before it is used again.",
    ]


def risks(view: View) -> list[dict[str, Any]]:
    """What could go wrong."""
    return [
        {
            "risk": "The list holds people who did not agree.",
            "sign": "A recipient asks where we have the address from.",
            "mitigation": "Only people whose consent is on record on the day of the send are mailed.",
            "owner": "client",
        },
        {
            "risk": "The mails are felt as too many.",
            "sign": "Opt-outs after a mail exceed those after the mail before it.",
            "mitigation": "Leave out the last mail and say why in the next report.",
            "owner": "agency",
        },
    ]


def actions(view: View) -> list[dict[str, Any]]:
    """Who does what by when."""
    return [
        {
            "what": "Approve the texts, the list and the sender, or send them back with a reason.",
            "owner": "client",
            "due_in_days": 5,
            "effort": "small",
            "stop_when": "The offer or a price in a text changes before the send.",
        },
        {
            "what": "Set up the series with its stop rules, and send it to a colleague first.",
            "owner": "agency",
            "due_in_days": 7,
            "effort": "small",
            "stop_when": "A merge field comes out empty in the trial.",
        },
    ]


def alternatives(view: View) -> list[dict[str, Any]]:
    """A way not taken."""
    people, agreed = (view.people.get(key) if view.people else None for key in ("people", "agreed"))
    if people and agreed:
        why = f"Of {people.slot} people who fit the choice only {agreed.slot} people agreed to e-mail; the others gave no consent."
        return [{"option": "Writing to everyone on the list", "why_not": why}]
    return [
        {
            "option": "Writing without consent on record",
            "why_not": "Nobody on record agreed, and a mail without consent harms more than it brings.",
        }
    ]


def unknowns(view: View) -> list[dict[str, Any]]:
    """What we could not know."""
    share = view.known("first_name")
    return [
        {
            "what": "What the mails cause, as against what would have come anyway",
            "cost": "Bookings or orders after a mail would be counted for it without cause.",
            "learn_by": "Hold a random part of the list out of the series and compare.",
        },
        {
            "what": "How many addresses still work",
            "cost": "The list is smaller than it looks.",
            "learn_by": "The bounces of the first mail.",
        },
        {
            "what": "What the readers would rather hear about",
            "cost": f"The texts are the same for all but the greeting; the given name of {share.slot} of those who agreed is on record."
            if share
            else "The texts are the same for all.",
            "learn_by": "The replies to the last mail.",
        },
    ]
