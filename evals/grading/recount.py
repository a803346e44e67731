"""What can be counted from the simulated tables by other means than the tools, counted again."""

from __future__ import annotations

from evals.house import House
from evals.seen import Seen


def recount(seen: Seen, house: House) -> list[str]:
    """Filled in below by kind of tool."""
    return []
