"""What was seen of competitors, with its place and day."""

from __future__ import annotations

from typing import Any

from llm.offline.competitors.view import View
from llm.offline.sentences import join

NOTHING = "Neither a price nor a page nor a note of a competitor has been given."


def claims(view: View) -> list[dict[str, Any]]:
    """One row per observation."""
    rows = []
    for name in view.names:
        index, last = view.figure("price_index", name), view.figure("last_seen", name)
        if index and last:
            rows.append(_claim(name, f"Its prices stand at {index.slot} of ours.", last.source or "the client's price looks", last.slot))
        if said := view.says(name):
            rows.append(_claim(name, f"Its page {said}.", "the passage named beside it", "see the date of the passage"))
    rows += [
        _claim(view.parts(change)[0], f"Its price of {view.parts(change)[1]} changed by {change.slot} to {price.slot}.",
               price.source or "the client's price looks", f"period {_days(change.period)}")
        for change, price in view.moves
    ]  # fmt: skip
    return rows[:14] or [_claim("none on record", NOTHING, "not on record", "not on record")]


def _claim(who: str, seen: str, where: str, when: str) -> dict[str, Any]:
    return {"who": who, "seen": seen, "where": where, "when": when}


def _days(period: str | None) -> str:
    return (period or "").replace("/", " to ") or "not on record"


def competitors(view: View) -> list[dict[str, Any]]:
    """One block per competitor."""
    return [_competitor(view, name) for name in view.names[:8]] or [
        {
            "name": "None on record",
            "position": f"Unknown: {NOTHING[0].lower()}{NOTHING[1:]}",
            "prices": "Unknown.",
            "changed": "Unknown.",
            "inference": "We infer nothing from an empty record.",
        }
    ]


def _competitor(view: View, name: str) -> dict[str, Any]:
    index, products, last, change = (view.figure(metric, name) for metric in ("price_index", "products", "last_seen", "price_change"))
    said = view.says(name)
    prices = f"Last seen on {last.slot}." if last else "Unknown."
    if index and products and last:
        prices = (
            f"Over {products.slot} products that both lists name, the prices of {name} stand at {index.slot} of ours, "
            f"single products at {index.range}; last seen on {last.slot}."
        )
    level = {True: "below ours", False: "at or above ours", None: None}[view.below(name)]
    inference = "We infer nothing about its prices: no product of both lists was seen."
    if level and index:
        inference = (
            f"We infer a price position {level} from the prices of {name} at {index.slot} of ours; how many buyers act on it is unknown."
        )
    return {
        "name": name,
        "position": f"Its page {said}." if said else "Unknown: no page or note of it was given.",
        "prices": prices,
        "changed": f"Since the look before, the prices of {name} have changed by {change.slot} over the same products."
        if change
        else "No earlier look is on record.",
        "inference": inference,
    }


def prices(view: View) -> list[str]:
    """Where our prices stand."""
    if view.compared is None:
        refused = view.refused("compare_competitors")
        return [f"No comparison: {refused[0].lower() + refused[1:]}." if refused else "No competitor's price is on record."]
    standing = [text for text in view.compared.findings if any(f".{key}}}}}" in text for key in ("products", "dearest", "cheapest"))][:3]
    return [text for text in (join(*standing), join(view.told("compare_competitors"))) if text] or ["The comparison stands in the table."]
