"""What follows from what was seen: what buyers choose by, threats, actions, what was not taken and what is not known."""

from __future__ import annotations

from typing import Any

from llm.offline.actions import action
from llm.offline.competitors.view import View
from llm.offline.sentences import join


def summary(view: View) -> list[str]:
    """The first words that are read."""
    if view.compared is None:
        return [
            "No competitor's price, page or note is on record, so where you stand against them is unknown.",
            "We recommend a first look at their public prices, written down with day and address; it costs working time and no media.",
            "Decision needed from you within the week: who looks, and at whom.",
        ]
    name = view.names[0]
    index = view.figure("price_index", name)
    change, price = view.moves[0] if view.moves else (None, None)
    moved = "No single price has moved by as much as the threshold."
    if change and price:
        who, product = view.parts(change)
        moved = f"{who} changed its price of {product} by {change.slot} to {price.slot}."
    answer = view.compared.action == "answer"
    return [
        f"The prices of {name} stand at {index.slot} of ours ({index.range} over single products)." if index else f"{name} was seen.",
        moved,
        join(
            "We recommend to answer that price in words before money: say what is in ours, and hold the price until the next look."
            if answer
            else "We recommend to hold your prices until the next look.",
            "It costs working time and no media; what an answer in price would bring or lose is unknown, since no test of it is on record.",
        ),
        "Decision needed from you within the week: who looks again, and when.",
    ]


def choice(view: View) -> list[dict[str, Any]]:
    """What buyers choose by."""
    rows = []
    if view.chosen_by:
        rows.append({"criterion": "What your own notes name", "evidence": view.chosen_by, "standing": "unknown"})
    lost = _lost(view)
    if lost:
        rows.append(
            {
                "criterion": "Something that a competitor offers",
                "evidence": join(
                    f"Of the ended subscriptions with a reason on record, {lost.slot} name a competitor.",
                    view.told("summarize_cancellations"),
                ),
                "standing": "we lose",
            }
        )
    levels = {below for name in view.names if (below := view.below(name)) is not None}
    standing = {frozenset({True}): "we lose", frozenset({False}): "we win"}.get(frozenset(levels), "level" if levels else "unknown")
    index = view.figure("price_index", view.names[0]) if view.names else None
    rows.append(
        {
            "criterion": "Price",
            "evidence": f"The prices of {view.names[0]} stand at {index.slot} of ours." if index else "Unknown: nothing is compared.",
            "standing": standing,
        }
    )
    rows.append({"criterion": "Ease of booking or buying", "evidence": "Unknown: nothing on record shows it.", "standing": "unknown"})
    return rows[:6]


def _lost(view: View) -> Any:
    return (
        next((f for f in view.left.figures if f.metric == "share_of_endings" and "competitor" in (f.of or "")), None) if view.left else None
    )


def threats(view: View) -> list[dict[str, Any]]:
    """What could be done to us, how we would see it."""
    rows = []
    for name in view.names[:3]:
        index = view.figure("price_index", name)
        if index:
            rows.append(
                {
                    "threat": f"{name} lowers its prices further." if view.below(name) else f"{name} goes below our prices.",
                    "sign": f"At the next look a single product of {name} stands below {index.end('low')} of ours.",
                    "defence": "Say what our price holds, on the page where it is read; answer in price only after a test.",
                    "owner": "agency",
                }
            )
    rows.append(
        {
            "threat": "A competitor is compared with us on something that nobody here watches.",
            "sign": "New customers name it when they are asked what they compared.",
            "defence": "Ask at the first visit or in the first mail, and write the answer down.",
            "owner": "client",
        }
    )
    if len(rows) < 2:
        rows.append(
            {
                "threat": "A competitor changes its prices unseen.",
                "sign": "A monthly look at its page shows another price.",
                "defence": "Keep the monthly look, with day and address.",
                "owner": "client",
            }
        )
    return rows[:6]


def actions(view: View) -> list[dict[str, Any]]:
    """Who does what by when."""
    names = ", ".join(view.names[:4]) or "the competitors that your customers name"
    rows = [
        action(
            f"Look at the public prices of {names} again and add them to the table, with day and address.",
            "client", 30, "small", "A year of looks has brought no change.",
        ),
        action(
            "Ask new customers what they compared before they came, and note the answer.", "client", 14, "small",
            "The answers of a quarter repeat each other.",
        ),
    ]  # fmt: skip
    if view.moves and view.compared and view.compared.action == "answer":
        change, price = view.moves[0]
        product = view.parts(change)[1]
        rows.insert(
            0,
            action(
                f"Say on the page of {product} what our price holds, and measure whether fewer leave it.", "agency", 14, "medium",
                f"The price of {product} seen there is no longer {price.slot}.",
            ),
        )  # fmt: skip
    return rows


def alternatives(view: View) -> list[dict[str, Any]]:
    """A way not taken, with the figure against it."""
    margin = next((figure for figure in view.own.figures if figure.metric == "margin"), None) if view.own else None
    if margin:
        product = (margin.of or "the product").replace("_", " ")
        return [
            {
                "option": "Matching the price of a competitor",
                "why_not": f"Of the price of {product}, {margin.slot} is left before marketing and fixed costs; a cut comes out of that.",
            }
        ]
    index = view.figure("price_index", view.names[0]) if view.names else None
    if index:
        why = f"The prices of {view.names[0]} stand at {index.slot} of ours as seen; what is left of our own prices is not on record."
        return [{"option": "Matching the price of a competitor", "why_not": why}]
    return [{"option": "Changing prices now", "why_not": "Nothing of a competitor is on record that a price could answer."}]


def unknowns(view: View) -> list[dict[str, Any]]:
    """What we could not know, what it costs, how to learn it."""
    index = view.figure("price_index", view.names[0]) if view.names else None
    wide = (
        f"The comparison with {view.names[0]} is as wide as {index.range} over single products." if index else "No comparison can be made."
    )
    return [
        {
            "what": "What the competitors' prices include, and whether tax is in them",
            "cost": wide,
            "learn_by": "Buy or book there once, and write down what was included.",
        },
        {
            "what": "How many buyers compare prices at all",
            "cost": "Whether a price needs an answer hangs on it.",
            "learn_by": "The question to new customers, for a quarter.",
        },
        {
            "what": "What customers would pay before they leave",
            "cost": "An answer in price cannot be sized.",
            "learn_by": "A price test on one product, in one place.",
        },
    ]
