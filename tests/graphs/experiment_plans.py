"""A plan that can be started, and simulated exposures and bookings for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

TODAY = datetime(2026, 11, 21, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "name": "short form",
    "hypothesis": "A form with three fields instead of nine brings more bookings.",
    "exposure_rule": "the first time the form is shown",
    "arms": [{"arm": "control"}, {"arm": "short"}],
    "window_days": 7,
    "metrics": [
        {"name": "booking_rate", "minimum_effect": 0.15, "outcome": {"event": "booking"}},
        {"name": "visits", "kind": "count", "role": "secondary", "outcome": {"event": "visit", "of": "count"}},
    ],
    "analysis": {"planned_units": 4000},
}


def plan(**changes: Any) -> dict[str, Any]:
    """The plan with some fields otherwise."""
    return {**PLAN, **changes}


def simulated(units: int, lift: float, *, experiment: str = "short form", seed: int = 4, days: float = 40) -> dict[str, pa.Table]:
    """Simulated: units split evenly over two arms as they came in over `days` until ten days ago; a fifth of the control books."""
    random = np.random.default_rng(seed)
    arms = np.where(random.random(units) < 0.5, "control", "short")
    entered = [TODAY - timedelta(days=10 + float(back)) for back in random.uniform(0, days, units)]
    booked = np.flatnonzero(random.random(units) < np.where(arms == "short", 0.2 * (1 + lift), 0.2))
    names = [f"u{number}" for number in range(units)]
    exposures = {"experiment": [experiment] * units, "unit_id": names, "arm": arms.tolist(), "at": entered}
    events = {
        "event_id": [f"e{unit}" for unit in booked],
        "contact_id": [names[unit] for unit in booked],
        "name": ["booking"] * len(booked),
        "at": [entered[unit] + timedelta(days=1) for unit in booked],
    }
    latest = {"event_id": ["last"], "contact_id": ["nobody"], "name": ["visit"], "at": [TODAY - timedelta(hours=12)]}
    return {
        "exposures": pa.table(exposures),
        "events": pa.concat_tables([pa.table(events), pa.table(latest)], promote_options="permissive"),
    }
