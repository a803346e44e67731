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
    ours_before: int | None = None
    """Our price on the day of the look before."""

    @property
    def ratio(self) -> float | None:
        """Their price over ours."""
        return self.price / self.ours if self.ours else None

    @property
    def ratio_before(self) -> float | None:
        """The same at the look before, by our price of that day; by today's where none was on record."""
        ours = self.ours_before or self.ours
        return self.before / ours if self.before and ours else None

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
        own = [one for one in ours.get(row["product"], ()) if compared and one["valid_from"] <= compared["seen_on"]]
        today = ours.get(row["product"], [{"price": None, "unit": None}])[-1]
        found.append(
            Look(
                *name,
                price=row["price"],
                currency=currency,
                seen_on=row["seen_on"],
                source=row["source"],
                before=compared["price"] if compared else None,
                before_on=compared["seen_on"] if compared else None,
                ours=today["price"],
                unit=today["unit"],
                ours_before=own[-1]["price"] if own else None,
            )
        )
    return found


def _newest(facts: Facts, seen: Any) -> list[dict[str, Any]]:
    newest = seen.group_by("competitor", "product").aggregate(seen_on=seen.seen_on.max())
    rows = seen.join(newest, ["competitor", "product", "seen_on"]).order_by("competitor", "product")
    return facts.fetch(rows.select("competitor", "product", "price", "seen_on", "source")).to_pylist()


def _own(facts: Facts, day: date, currency: str) -> dict[str, list[dict[str, Any]]]:
    """Our price of each product and what it is per, each time it was set, oldest first."""
    if "prices" not in facts.names():
        return {}
    prices = facts.table("prices")
    valid = prices.filter((prices.valid_from <= day) & (prices.currency == currency) & (prices.price > 0))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in facts.fetch(valid.select("product", "valid_from", "price", "unit").order_by("product", "valid_from")).to_pylist():
        found.setdefault(row["product"], []).append(row)
    return found
