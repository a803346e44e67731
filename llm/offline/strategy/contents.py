"""The sections that only a content plan has."""

from __future__ import annotations

from typing import Any

from llm.offline.sentences import capital, join, listed
from llm.offline.strategy import audiences
from llm.offline.strategy.view import View

MOST_THEMES = 4


def summary(view: View) -> list[str]:
    """The first words that are read."""
    names = listed(view.name(channel) for channel in view.channels)
    return [
        f"We recommend a first month of pieces over {names}, made from what your own customers ask and what you sell.",
        "It costs working time; media money is not part of this plan. What the pieces bring is unknown before they run.",
        "Decision needed from you within the week: approve the themes and say who makes the pieces.",
    ]


def themes(view: View) -> list[dict[str, Any]]:
    """Themes from questions, then from products with their price."""
    rows = [
        {
            "name": question,
            "why": f"It is asked, in your own notes {passage.cite}.",
            "pieces": [f'A short answer to "{question}" in your words, with the next step named at its end.'],
        }
        for question, passage in view.voice.questions[:MOST_THEMES]
    ]
    prices = view.desk.good("list_prices")
    for slot in prices.figures if prices else ():
        if slot.metric == "price" and slot.of and len(rows) < MOST_THEMES:
            product = slot.of.replace("_", " ")
            rows.append(
                {
                    "name": capital(product),
                    "why": f"It stands in your price list; the price of {product} is {slot.slot}.",
                    "pieces": [f"What {product} holds, from the first minute to the last, and how to {view.ask['verb']}."],
                }
            )
    for line in audiences.first_lines(view):
        if len(rows) < 1:
            rows.append({"name": line, "why": "It is said of the offer.", "pieces": [f"{line}, and how to {view.ask['verb']}."]})
    return rows


def lengths(view: View) -> list[dict[str, Any]]:
    """The lengths that could be read, by channel of the brief."""
    known = view.desk.good("list_formats")
    rows = []
    for channel in view.channels[:8]:
        slots = known.of(channel) if known else []
        said = "; ".join(f"{slot.what}: {slot.slot}" for slot in slots)
        rows.append({"channel": view.name(channel), "limits": f"At most: {said}." if said else "No length could be read from a source."})
    return rows


def actions(view: View) -> list[dict[str, Any]]:
    """Who does what by when."""
    return [
        {
            "what": "Approve the themes and the first lines, or send them back with a reason.",
            "owner": "client",
            "due_in_days": 5,
            "effort": "small",
            "stop_when": "The offer behind a theme changes.",
        },
        {
            "what": "Make and schedule the pieces of the first week.",
            "owner": "agency",
            "due_in_days": 7,
            "effort": "medium",
            "stop_when": "The client asks for a change of tone.",
        },
    ]


def alternatives(view: View) -> list[dict[str, Any]]:
    """A way not taken."""
    total = view.summary.get("total.conversions") if view.summary else None
    why = "Nothing on record says which pieces people answered."
    if total:
        why = join(
            f"{capital(view.called(total))} came to {total.slot}, by channel and not by piece:",
            "no record says which piece people answered.",
        )
    return [{"option": "Making more of what worked before", "why_not": why}]
