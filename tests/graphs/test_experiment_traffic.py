"""Who enters an experiment: the holdout, layers, more traffic, and who assigns."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graphs import experimenting
from graphs.experimenting import NoSuchExperiment
from store import experiment_traffic
from store.clients import Client
from store.database import Database
from store.errors import Conflict
from store.experiments import Experiment
from tests.graphs.experiment_plans import create, do, started


async def test_the_holdout_enters_nothing_and_layers_share_no_unit(database: Database, client: Client) -> None:
    async with database.transaction(client.workspace_id) as connection:
        assert (await experiment_traffic.get_holdout(connection, client.id)).share == 0
        await experimenting.set_holdout(connection, client, 0.05, actor="ann")
    one = await started(database, client, name="one", layer="checkout", traffic=0.5)
    two = await started(database, client, name="two", layer="checkout", traffic=0.3)
    free = await started(database, client, name="free")
    units = [f"ct_{number}" for number in range(4000)]
    given = {}
    for experiment in (one, two, free):
        found = await experimenting.assign_units(database, client.workspace_id, experiment.id, units)
        again = await experimenting.assign_units(database, client.workspace_id, experiment.id, units[::-1])
        assert again.units == found.units[::-1]
        given[experiment.name] = found.units
    held = {unit.unit for unit in given["free"] if unit.outside == "holdout"}
    assert 120 < len(held) < 280
    for found in given.values():
        assert {unit.unit for unit in found if unit.outside == "holdout"} == held
    inside = {name: {unit.unit for unit in found if unit.arm} for name, found in given.items()}
    assert not inside["one"] & inside["two"]
    assert len(inside["free"]) == 4000 - len(held)
    assert 1700 < len(inside["one"]) < 2100
    with pytest.raises(Conflict, match=r"'checkout' has 20\.00% of its traffic left and this needs 30\.00%"):
        await started(database, client, name="three", layer="checkout", traffic=0.3)
    with pytest.raises(Conflict, match="fixed while experiments are under way"):
        async with database.transaction(client.workspace_id) as connection:
            await experimenting.set_holdout(connection, client, 0.1, actor="ann")
    await do(database, client, "cancel", one)
    four = await started(database, client, name="four", layer="checkout", traffic=0.6)
    assert four.enrolment is not None
    assert four.enrolment["spans"] == [[0, 5000], [8000, 9000]]


async def test_more_traffic_is_an_amendment_that_moves_nobody(database: Database, client: Client) -> None:
    await started(database, client, name="other", layer="checkout", traffic=0.5)
    small = await started(database, client, layer="checkout", traffic=0.1)
    units = [f"ct_{number}" for number in range(3000)]
    before = await experimenting.assign_units(database, client.workspace_id, small.id, units)
    grown = await do(database, client, "amend", small, changes={"traffic": 0.4}, reason="it is safe")
    assert (grown.invalidated_at, grown.enrolment and grown.enrolment["spans"]) == (None, [[5000, 9000]])
    after = await experimenting.assign_units(database, client.workspace_id, small.id, units)
    assert all(now == then for then, now in zip(before.units, after.units, strict=True) if then.arm)
    assert sum(unit.arm is not None for unit in after.units) > 3 * sum(unit.arm is not None for unit in before.units)
    with pytest.raises(Conflict, match=r"has 10\.00% of its traffic left"):
        await do(database, client, "amend", small, changes={"traffic": 0.6}, reason="more")


async def test_slots_are_given_once_to_those_who_start_at_the_same_time(database: Database, client: Client) -> None:
    drafts = [await create(database, client, name=f"test {number}", layer="home", traffic=0.3) for number in range(5)]
    ended = await asyncio.gather(*(do(database, client, "start", draft) for draft in drafts), return_exceptions=True)
    active = [outcome for outcome in ended if isinstance(outcome, Experiment)]
    assert len(active) == 3
    spans = sorted(tuple(span) for experiment in active for span in (experiment.enrolment or {})["spans"])
    assert spans == [(0, 3000), (3000, 6000), (6000, 9000)]


async def test_only_an_active_experiment_assigns(database: Database, client: Client) -> None:
    made = await create(database, client)

    async def ask() -> Any:
        return await experimenting.assign_units(database, client.workspace_id, made.id, ["ct_1"])

    assert (await ask()).closed == "draft"
    await do(database, client, "start", made)
    arm = (await ask()).units[0].arm
    assert arm in ("control", "short")
    await do(database, client, "pause", made)
    assert ((await ask()).closed, (await ask()).units[0].arm) == ("paused", None)
    await do(database, client, "resume", made)
    assert (await ask()).units[0].arm == arm
    with pytest.raises(NoSuchExperiment, match="there is no experiment 'xp_none'"):
        await experimenting.assign_units(database, client.workspace_id, "xp_none", ["ct_1"])
