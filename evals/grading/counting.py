"""What counting again rests on: the simulated tables as they were drawn, and when two counts are the same."""

from __future__ import annotations

from typing import Any

from evals.case import traps
from evals.house import House, raw
from evals.seen import Seen

RELATIVE = 1e-6
Wrong = list[tuple[str, Any, Any]]
"""Key, the figure given, what was counted again."""


def table(seen: Seen, house: House, name: str) -> Any:
    """The raw table of the case's client; None when the case leaves it out or plants something in it."""
    spoilt = traps()[seen.case.trap].where.partition(".")[0] if seen.case.trap else ""
    if name in seen.case.without or name == spoilt:
        return None
    return raw(house, seen.case.client, name)


def same(given: Any, mine: Any, relative: float = RELATIVE) -> bool:
    """Whether two counts agree: a whole number to one, anything to a share of it."""
    return abs(float(given) - float(mine)) <= max(1.0 if isinstance(given, int) else 0.0, relative * abs(float(mine)))
