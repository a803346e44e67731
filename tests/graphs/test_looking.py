"""A look at a registered experiment: what it asks, when it is allowed, what it logs, and what sums may say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graphs import looking
from graphs.calling import call_tool
from graphs.services import Services
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import clients, evidence, experiment_looks
from store.clients import Client
from store.database import Database
from store.errors import Conflict
from store.experiments import IllegalMove
from store.importing.tables import import_table
from store.settings import StoreSettings
from tests.graphs.experiment_plans import TODAY, create, do, log_look, plan, simulated, started
from tools.contract import NotEnoughData, ToolInputError


@pytest.fixture
def services(database: Database, store_settings: StoreSettings) -> Services:
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


async def give_data(services: Services, client: Client, tables: dict[str, Any]) -> None:
    async with services.database.transaction(client.workspace_id) as connection:
        await clients.set_profile(connection, client.id, {"today": "2026-11-21"})
    for name, table in tables.items():
        import_table(services.store.facts_root, client.workspace_id, client, name, table)


async def test_a_look_asks_what_was_registered_and_is_logged_with_its_evidence(
    services: Services, database: Database, client: Client
) -> None:
    await give_data(services, client, simulated(4000, 0.5))
    active = await started(database, client)
    with pytest.raises(ToolInputError, match="sums are not taken"):
        await looking.look(services, client.workspace_id, active.id, sums=looking.Sums(), actor="ann")
    taken = await looking.look(services, client.workspace_id, active.id, actor="bob")
    split = await looking.look(services, client.workspace_id, active.id, kind="sample_ratio", actor="bob")
    asked = {name: value for name, value in taken.evidence.request.items() if name != "as_of"}
    asked["metrics"] = [{name: value for name, value in metric.items() if value != []} for metric in asked["metrics"]]
    assert asked == (active.requests or {})["analyze_experiment"]
    assert (taken.look.decision, taken.look.units, taken.look.actor) == ("ship", 4000, "bob")
    assert (split.look.tool, split.look.decision, split.look.units) == ("check_sample_ratio", "go_on", 4000)
    async with database.transaction(client.workspace_id) as connection:
        looks = await experiment_looks.of(connection, active.id)
        stored = [await evidence.get(connection, look.evidence_id) for look in looks]
    assert [look.number for look in looks] == [1, 2]
    assert [kept.evidence if kept else None for kept in stored] == [taken.evidence, split.evidence]
    ended = await do(database, client, "complete", active, decision="ship")
    assert ended.outcome is not None
    assert (ended.outcome["arm"], ended.outcome["evidence"], ended.looks) == ("short", taken.evidence.id, 2)
    with pytest.raises(IllegalMove, match="only one that is active or paused"):
        await looking.look(services, client.workspace_id, active.id, actor="ann")


async def test_an_agent_does_not_read_a_registered_experiment_beside_its_looks(
    services: Services, database: Database, client: Client
) -> None:
    active = await started(database, client)
    where: Any = SimpleNamespace(
        services=services, workspace_id=client.workspace_id, client=client, run=SimpleNamespace(id="run_1"), as_of=TODAY.date()
    )
    call = {"name": "analyze_experiment", "args": {"experiment": "short form", "metrics": plan()["metrics"]}, "id": "c1"}
    with pytest.raises(ToolInputError, match=f"each look is logged .*{active.id}"):
        await call_tool(call, ("analyze_experiment",), {}, where, alias="E1", brief="", passages={})


async def test_a_look_that_the_data_cannot_carry_is_refused_and_not_logged(services: Services, database: Database, client: Client) -> None:
    made = await create(database, client)
    with pytest.raises(IllegalMove, match="has not started"):
        await looking.look(services, client.workspace_id, made.id, actor="ann")
    await do(database, client, "start", made)
    with pytest.raises(NotEnoughData):
        await looking.look(services, client.workspace_id, made.id, actor="ann")
    async with database.transaction(client.workspace_id) as connection:
        assert await experiment_looks.of(connection, made.id) == []


async def test_a_look_that_was_overtaken_is_not_kept(services: Services, database: Database, client: Client) -> None:
    await give_data(services, client, simulated(600, 0.0))
    active = await started(database, client)
    computed = await looking.compute_look(services, client.workspace_id, active.id)
    await do(database, client, "amend", active, changes={"hypothesis": "Another."}, reason="x")
    with pytest.raises(Conflict, match="look again"):
        async with database.transaction(client.workspace_id) as connection:
            await looking.keep_look(connection, computed, actor="ann")
    async with database.transaction(client.workspace_id) as connection:
        assert await experiment_looks.of(connection, active.id) == []


def sums(control: tuple[int, int], short: tuple[int, int]) -> looking.Sums:
    """Units and conversions of each arm, all of them assigned."""
    arms = {"control": control, "short": short}
    return looking.Sums.model_validate(
        {
            "metrics": {"booking_rate": [{"arm": arm, "units": units, "conversions": done} for arm, (units, done) in arms.items()]},
            "assigned": {arm: units for arm, (units, _) in arms.items()},
        }
    )


ALONE = [{"name": "booking_rate", "minimum_effect": 0.15}]


async def test_a_fixed_horizon_is_read_once_and_not_before_its_time(services: Services, database: Database, client: Client) -> None:
    active = await started(database, client, source="sums", metrics=ALONE, analysis={"method": "fixed", "planned_units": 4000})
    with pytest.raises(NotEnoughData, match="shown to nobody") as refusal:
        await looking.look(services, client.workspace_id, active.id, sums=sums((900, 90), (900, 150)), actor="ann")
    assert refusal.value.found == "1800"
    split = await looking.look(services, client.workspace_id, active.id, kind="sample_ratio", sums=sums((900, 90), (900, 150)), actor="ann")
    assert split.look.decision == "go_on"
    read = await looking.look(services, client.workspace_id, active.id, sums=sums((2000, 200), (2000, 300)), actor="ann")
    assert read.look.decision == "ship"
    with pytest.raises(Conflict, match=f"is read once, and was on .*{read.evidence.id}"):
        await looking.look(services, client.workspace_id, active.id, sums=sums((2100, 200), (2100, 300)), actor="ann")


async def test_a_group_sequential_look_spends_after_the_looks_before_it(services: Services, database: Database, client: Client) -> None:
    active = await started(database, client, source="sums", metrics=ALONE, analysis={"method": "group_sequential", "planned_units": 4000})
    for units in (500, 1000):
        taken = await looking.look(services, client.workspace_id, active.id, sums=sums((units, 100), (units, 110)), actor="ann")
    assert taken.evidence.request["earlier_looks"] == [1000]
    with pytest.raises(ToolInputError, match="earlier_looks must rise"):
        await looking.look(services, client.workspace_id, active.id, sums=sums((1000, 100), (1000, 110)), actor="ann")


async def test_sums_are_data_and_tune_nothing(services: Services, database: Database, client: Client) -> None:
    active = await started(database, client, source="sums", metrics=ALONE)
    with pytest.raises(ToolInputError, match="the sums of booking_rate are missing"):
        await looking.look(services, client.workspace_id, active.id, actor="ann")
    given = sums((2000, 200), (2000, 300))
    with pytest.raises(ToolInputError, match="no metric is called 'other'"):
        await looking.look(services, client.workspace_id, active.id, sums=given.model_copy(update={"metrics": {"other": ()}}), actor="ann")
    with pytest.raises(ToolInputError, match="assigned to control, short are missing"):
        await looking.look(services, client.workspace_id, active.id, kind="sample_ratio", actor="ann")
    with pytest.raises(ValueError, match="method"):
        looking.Sums.model_validate({"method": "fixed"})
    taken = await looking.look(services, client.workspace_id, active.id, sums=given, actor="ann")
    assert taken.evidence.request["method"] == "anytime"
    assert taken.look.units == 4000


async def test_strata_and_covariates_are_those_of_the_plan(services: Services, database: Database, client: Client) -> None:
    plain = await started(database, client, source="sums", metrics=ALONE)
    given = sums((2000, 200), (2000, 300))
    rows = given.metrics["booking_rate"]

    def with_rows(changed: list[Any]) -> looking.Sums:
        return given.model_copy(update={"metrics": {"booking_rate": tuple(changed)}})

    halves = [
        row.model_copy(update={"stratum": part, "units": 1000, "conversions": (row.conversions or 0) // 2})
        for row in rows
        for part in ("new", "known")
    ]
    before = [row.model_copy(update={"before_sum": 5.0, "before_sum_of_squares": 5.0}) for row in rows]
    for changed, said in ((halves, "come without strata"), (before, "has no covariate")):
        with pytest.raises(ToolInputError, match=said):
            await looking.look(services, client.workspace_id, plain.id, sums=with_rows(changed), actor="ann")
    more = given.model_copy(update={"assigned": {**given.assigned, "other": 3}})
    with pytest.raises(ToolInputError, match="no arm is called 'other'"):
        await looking.look(services, client.workspace_id, plain.id, sums=more, actor="ann")
    parted = await started(database, client, name="parted", source="sums", metrics=ALONE, strata=["new", "known"])
    with pytest.raises(ToolInputError, match="come by the strata new, known"):
        await looking.look(services, client.workspace_id, parted.id, sums=given, actor="ann")
    taken = await looking.look(services, client.workspace_id, parted.id, sums=with_rows(halves), actor="ann")
    assert taken.look.units == 4000
    covariate = [{**ALONE[0], "before_days": 14}]
    adjusted = await started(database, client, name="adjusted", source="sums", metrics=covariate)
    with pytest.raises(ToolInputError, match="has a covariate for booking_rate: give its sums"):
        await looking.look(services, client.workspace_id, adjusted.id, sums=given, actor="ann")
    with pytest.raises(ToolInputError, match="only sums come by strata"):
        await create(database, client, name="x", strata=["new"])


async def test_an_invalidated_experiment_shows_no_effect_and_ends_as_invalid(
    services: Services, database: Database, client: Client
) -> None:
    active = await started(database, client)
    await log_look(database, client, active, "keep_running")
    await do(database, client, "amend", active, changes={"analysis": {"level": 0.8}}, reason="nearly there")
    with pytest.raises(Conflict, match="no effect can be read"):
        await looking.look(services, client.workspace_id, active.id, actor="ann")
    with pytest.raises(Conflict, match="complete it as invalid"):
        await do(database, client, "complete", active, decision="ship", reason="we want it")
    ended = await do(database, client, "complete", active, decision="invalid", reason="the level was changed")
    assert ended.outcome is not None
    assert ended.outcome["decision"] == "invalid"
