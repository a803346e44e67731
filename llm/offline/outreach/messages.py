"""The messages and their variants."""

from __future__ import annotations

from typing import Any

from llm.offline.outreach.view import View
from llm.offline.sentences import join

SIGNED = "{{sender.name}}, {{sender.company}}\n{{sender.address}}\nNo more of these mails: {{unsubscribe_link}}"
NAMED = "contact.first_name: given by the contact; a greeting by name is usual in mail"


def sequence(view: View) -> list[dict[str, Any]]:
    """Three mails, each with a reason of its own."""
    return [_first(view), _second(view), _third(view)]


def _mail(view: View, name: str, days: int, reason: str, subject: str, text: str, ask: str) -> dict[str, Any]:
    greets = view.known("first_name") is not None
    hello = "Hello {{contact.first_name}}," if greets else "Hello,"
    return {
        "name": name,
        "send_in_days": days,
        "channel": "email",
        "reason": reason,
        "subject": subject[:60],
        "body": f"{hello}\n\n{text}\n\n{SIGNED}",
        "ask": ask,
        "personal": [NAMED] if greets else [],
    }


def _first(view: View) -> dict[str, Any]:
    offer = view.offers[0] if view.offers else None
    told = (
        f"The price of {offer[0]} at {{{{sender.company}}}} is {offer[1].slot} without VAT."
        if offer
        else "Here is what we offer, on one page."
    )
    opening = (
        "It has been a while since your last visit, and there is nothing you need to do about that."
        if view.quiet
        else "This is a short note."
    )
    return _mail(
        view, "first mail", 7, "What it costs stands in one sentence, so that the reader can decide without asking.",
        f"What {offer[0]} costs with us" if offer else "What we offer, on one page",
        f"{opening} {told} {view.ask['ask']} here if it suits you: {{{{link}}}}", f"{view.ask['ask']}.",
    )  # fmt: skip


def _second(view: View) -> dict[str, Any]:
    question = view.voice.questions[0][0] if view.voice.questions else None
    product = view.offers[1][0] if len(view.offers) > 1 else (view.offers[0][0] if view.offers else "our offer")
    text = f"A question that we are asked: {question} Reply to this mail and a person answers." if question else (
        f"If you have a question about {product}, reply to this mail and a person answers."
    )  # fmt: skip
    return _mail(
        view, "second mail", 14, "It opens a way to ask a person, which the first mail did not.",
        question if question and len(question) <= 60 else f"A question about {product}?", text, "Reply with a question.",
    )  # fmt: skip


def _third(view: View) -> dict[str, Any]:
    text = join(
        "This is the last mail of this short series.",
        "If you would rather hear from us less often, or about something else, say so in a reply.",
        f"If now is a good time, {view.ask['ask'][0].lower()}{view.ask['ask'][1:]} here: {{{{link}}}}",
    )
    return _mail(
        view, "last mail", 28, "It says that it is the last, and lets the reader choose what comes after.", "The last mail of this series",
        text,
        f"{view.ask['ask']}, or reply with a preference.",
    )  # fmt: skip


def variants(view: View) -> list[dict[str, Any]]:
    """Another subject for the first mail."""
    subject = (
        f"{view.offers[0][0].capitalize()}: the price, and how to {view.ask['verb']}"
        if view.offers
        else f"How to {view.ask['verb']} with us"
    )
    return [
        {
            "of": "first mail",
            "changes": "subject",
            "text": subject[:60],
            "why": "Whether a subject that names the step gets more readers to act than one that names the price.",
        }
    ]
