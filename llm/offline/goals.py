"""Goals that a brief states, as `track_goals` takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llm.offline.periods import days_of
from llm.offline.reading import Desk, Slot

COUNTED: dict[str, tuple[tuple[str, str], ...]] = {
    "conversions": (("orders", "orders"), ("ad_metrics", "platform_conversions")),
    "customers": (("orders", "new_customers"),),
    "leads": (("contacts", "contacts"),),
    "contacts": (("contacts", "contacts"),),
}
"""Metric of a stated count to the tables that can count it, the client's own record first, and the measure for each."""
PAID: dict[str, tuple[str, str, str]] = {
    "budget": ("spend", "ad spend", "ad_metrics"),
    "spend": ("spend", "ad spend", "ad_metrics"),
    "revenue": ("revenue", "revenue", "orders"),
    "cpa": ("cost_per_conversion", "", "ad_metrics"),
}
"""Metric of a stated amount to its measure, its name and its table."""
OF_CHANNELS = frozenset({"spend", "platform_conversions", "cost_per_conversion"})


def goals_of(desk: Desk) -> list[dict[str, Any]]:
    """The brief's numbers that are goals for the period, in its order; one per another period is not of this one."""
    return list(_goals(desk))


def _goals(desk: Desk) -> Iterator[dict[str, Any]]:
    called = days_of(desk).called
    for slot in desk.stated:
        if not slot.path.startswith("B.") or (slot.per and slot.per != called):
            continue
        *channel, metric = re.sub(r"_\d+$", "", slot.key).split(".")
        found = _count(metric, desk) if metric in COUNTED else _amount(metric, slot, desk)
        if found is None:
            continue
        measure, name, field = found
        goal = {"name": name or _plain(slot), "measure": measure, field: slot.slot}
        if channel and measure not in OF_CHANNELS:
            continue
        yield goal | ({"channels": channel} if channel else {})


def _count(metric: str, desk: Desk) -> tuple[str, str, str] | None:
    measure = next((measure for table, measure in COUNTED[metric] if table in desk.tables), None)
    return (measure, "", "target_count") if measure else None


def _amount(metric: str, slot: Slot, desk: Desk) -> tuple[str, str, str] | None:
    if metric not in PAID or PAID[metric][2] not in desk.tables:
        return None
    measure, name, _ = PAID[metric]
    return measure, name, "target_amount"


def _plain(slot: Slot) -> str:
    """What the brief calls it: letters only."""
    return re.sub(r"[^A-Za-z '-]+", " ", slot.what).strip()[:40] or "results"
