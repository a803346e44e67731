"""Arguments that names and units alone do not settle: one recipe per tool, over what its schema offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm.offline.arguments import fill, properties
from llm.offline.reading import Desk, Offered

Recipe = Callable[[Offered, Desk], dict[str, Any]]


def benchmarks(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The channels of the brief that the tool knows."""
    arguments = fill(tool, desk)
    items = properties(tool).get("channels", {}).get("items", {})
    known = [channel for channel in desk.channels if not items.get("enum") or channel in items["enum"]]
    return arguments | ({"channels": known} if known else {})


RECIPES: dict[str, Recipe] = {"find_benchmarks": benchmarks}
AFTER_THE_REST = frozenset({"forecast_campaign", "design_experiment"})
"""Tools whose recipe reads every earlier answer, though their schema does not say so."""
