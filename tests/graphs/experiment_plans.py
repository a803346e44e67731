"""A plan that can be started, simulated exposures and bookings for it, and what tests of experiments do with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from graphs import experimenting
from graphs.experiment_plan import read_plan
from store import experiment_looks, experiments
from store.clients import Client
from store.database import Database
from store.experiments import Experiment

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


async def create(database: Database, client: Client, **changes: Any) -> Experiment:
    async with database.transaction(client.workspace_id) as connection:
        return await experimenting.create(connection, client, read_plan(plan(**changes)), actor="ann")


async def do(database: Database, client: Client, what: str, experiment: Experiment, **given: Any) -> Experiment:
    async with database.transaction(client.workspace_id) as connection:
        if what in ("start", "amend", "complete"):
            return await getattr(experimenting, what)(connection, experiment.id, actor="ann", **given)
        return await experimenting.move(connection, experiment.id, what, actor="ann", **given)


async def started(database: Database, client: Client, **changes: Any) -> Experiment:
    return await do(database, client, "start", await create(database, client, **changes))


async def history(database: Database, client: Client, experiment: Experiment) -> list[experiments.Change]:
    async with database.transaction(client.workspace_id) as connection:
        return await experiments.history(connection, experiment.id)


async def log_look(
    database: Database, client: Client, experiment: Experiment, decision: str = "ship", tool: str = "analyze_experiment"
) -> str:
    """A look in the log, without its computation."""
    record = f"ev_{experiment.id}_{decision}"
    async with database.transaction(client.workspace_id) as connection:
        await experiment_looks.add(
            connection, experiment.id, tool=tool, evidence_id=record, decision=decision, units=10, revision=1, actor="ann"
        )
    return record
