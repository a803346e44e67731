"""Prices seen at competitors, set beside our own: the newest look at each product, and the one that an earlier analysis saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tools.contract import NotEnoughData
from tools.facts import Facts


@dataclass(frozen=True, slots=True)
class Look:
    """One product at one competitor. Prices in minor units; `before` and `ours` are None where there is none to compare with."""

    competitor: str
    product: str
    price: int
    currency: str
    seen_on: date
    source: str | None
    before: int | None
    before_on: date | None
    ours: int | None
    unit: str | None

    @property
    def ratio(self) -> float | None:
        """Their price over ours."""
        return self.price / self.ours if self.ours else None

    @property
    def moved(self) -> float | None:
        """Their price over what it was."""
        return self.price / self.before if self.before else None


def looks(facts: Facts, day: date, since: date, currency: str) -> list[Look]:
    """The newest look at each product of each competitor up to `day`, ordered by both names.

    Prices in another currency are left out: no rate is on record to turn them. Raises NotEnoughData when none is left.
    """
    seen = facts.table("competitor_prices")
    seen = seen.filter((seen.seen_on <= day) & (seen.currency == currency))
    rows = _newest(facts, seen)
    if not rows:
        raise NotEnoughData(
            "no competitor's price was seen by this day",
            field="competitors",
            needed=f"prices in {currency} seen on or before {day.isoformat()}",
            found="none",
        )
    before = {(row["competitor"], row["product"]): row for row in _newest(facts, seen.filter(seen.seen_on <= since))}
    ours = _own(facts, day, currency)
    found = []
    for row in rows:
        name = (row["competitor"], row["product"])
        earlier = before.get(name)
        # a look that is itself the earlier one shows no change
        compared = earlier if earlier and earlier["seen_on"] < row["seen_on"] else None
        found.append(
            Look(
                *name,
                price=row["price"],
                currency=currency,
                seen_on=row["seen_on"],
                source=row["source"],
                before=compared["price"] if compared else None,
                before_on=compared["seen_on"] if compared else None,
                ours=ours.get(row["product"], (None, None))[0],
                unit=ours.get(row["product"], (None, None))[1],
            )
        )
    return found


def _newest(facts: Facts, seen: Any) -> list[dict[str, Any]]:
    newest = seen.group_by("competitor", "product").aggregate(seen_on=seen.seen_on.max())
    rows = seen.join(newest, ["competitor", "product", "seen_on"]).order_by("competitor", "product")
    return facts.fetch(rows.select("competitor", "product", "price", "seen_on", "source")).to_pylist()


def _own(facts: Facts, day: date, currency: str) -> dict[str, tuple[int | None, str | None]]:
    """Our price of each product and what it is per."""
    if "prices" not in facts.names():
        return {}
    prices = facts.table("prices")
    valid = prices.filter((prices.valid_from <= day) & (prices.currency == currency) & (prices.price > 0))
    newest = valid.group_by("product").aggregate(valid_from=valid.valid_from.max())
    rows = valid.join(newest, ["product", "valid_from"]).select("product", "price", "unit").order_by("product")
    return {row["product"]: (row["price"], row["unit"]) for row in facts.fetch(rows).to_pylist()}
