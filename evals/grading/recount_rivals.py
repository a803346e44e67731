"""Competitors' prices, read again from the simulated table row by row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Any

from evals.grading.counting import Wrong, same, table
from evals.house import House
from evals.seen import Seen
from grounding.evidence import Evidence


def rivals(seen: Seen, house: House, record: Evidence) -> Wrong:
    """Each competitor's newest prices, and their geometric mean over the client's own."""
    theirs, own = (table(seen, house, name) for name in ("competitor_prices", "prices"))
    if theirs is None:
        return []
    currency, day = record.request.get("currency") or seen.locale.currency, seen.case.as_of
    newest = _newest(theirs.to_pylist(), ("competitor", "product"), "seen_on", day, currency)
    ours = _newest(own.to_pylist(), ("product",), "valid_from", day, currency) if own is not None else {}
    wrong: Wrong = []
    for figure in record.figures:
        competitor, _, product = (figure.entity or "").partition(": ")
        mine: float | None = None
        if figure.metric == "price" and (competitor, product) in newest:
            mine = newest[competitor, product]
        if figure.metric == "price_index":
            ratios = [price / ours[name,] for (rival, name), price in newest.items() if rival == competitor and (name,) in ours]
            mine = math.prod(ratios) ** (1 / len(ratios)) if ratios else None
        if mine is not None and not same(figure.value, mine):
            wrong.append((figure.key, figure.value, mine))
    return wrong


def _newest(rows: Iterable[dict[str, Any]], by: tuple[str, ...], when: str, day: date, currency: str) -> dict[tuple[str, ...], int]:
    """The price of the newest row of each key, up to a day."""
    found: dict[tuple[str, ...], tuple[date, int]] = {}
    for row in rows:
        if row[when] <= day and row["currency"] == currency and row["price"]:
            key = tuple(row[name] for name in by)
            found[key] = max(found.get(key, (date.min, 0)), (row[when], row["price"]))
    return {key: price for key, (_, price) in found.items()}
