"""An experiment that a brief names, with the event that counts."""

from __future__ import annotations

import re
from typing import Any

from llm.offline.reading import Desk

NAMED = re.compile(
    r"\bexperiment:?\s+[`\"']?(?P<name>[a-z][a-z0-9_]*_[a-z0-9_]+)[`\"']?.{0,60}?\b(?:event|outcome|counts?|counting)\b:?\s+"
    r"[`\"']?(?P<event>[a-z][a-z0-9_]*)",
    re.IGNORECASE | re.DOTALL,
)
"""'experiment first_booking_offer, event offer_redeemed': both as they stand in the record, which no rule can guess."""


def experiment_named(desk: Desk) -> dict[str, Any] | None:
    """The arguments of a read-out by name; none when the brief does not name both."""
    if "exposures" not in desk.tables or (match := NAMED.search(desk.brief)) is None:
        return None
    outcome = {"source": "events", "event": match["event"], "of": "any"}
    return {"experiment": match["name"], "metrics": [{"name": match["event"], "kind": "conversion", "outcome": outcome}]}
