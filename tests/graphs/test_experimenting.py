"""The life of an experiment: what may follow what, what is fixed, what a change does, and what an end keeps."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from graphs import experimenting, looking
from graphs.calling import call_tool
from graphs.experiment_plan import read_plan
from graphs.experimenting import NoSuchExperiment
from graphs.services import Services
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import audit, clients, evidence, experiment_looks, experiment_traffic, experiments
from store.clients import Client
from store.database import Database
from store.errors import Conflict
from store.experiments import MOVES, Experiment, IllegalMove
from store.importing.tables import import_table
from store.settings import StoreSettings
from tests.graphs.experiment_plans import TODAY, plan, simulated
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.assignment import SLOTS


@pytest.fixture
def services(database: Database, store_settings: StoreSettings) -> Services:
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


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


async def give_data(services: Services, client: Client, tables: dict[str, Any]) -> None:
    async with services.database.transaction(client.workspace_id) as connection:
        await clients.set_profile(connection, client.id, {"today": "2026-11-21"})
    for name, table in tables.items():
        import_table(services.store.facts_root, client.workspace_id, client, name, table)


async def test_an_experiment_lives_from_draft_to_its_end(database: Database, client: Client) -> None:
    made = await create(database, client)
    assert (made.status, made.revision, made.registered) == ("draft", 0, None)
    states = [(await do(database, client, move, made)).status for move in ("start", "pause", "resume", "pause", "resume")]
    assert states == ["active", "paused", "active", "paused", "active"]
    ended = await do(database, client, "complete", made, decision="inconclusive", reason="the season ended")
    assert (ended.status, ended.outcome and ended.outcome["decision"]) == ("completed", "inconclusive")
    assert ended.ended_at is not None
    log = await history(database, client, made)
    assert [change.kind for change in log] == ["created", "started", "paused", "resumed", "paused", "resumed", "completed"]
    assert {change.actor for change in log} == {"ann"}
    async with database.transaction(client.workspace_id) as connection:
        noted = [entry.action for entry in await audit.list_entries(connection)]
    assert noted[:3] == ["experiment.create", "experiment.start", "experiment.pause"]


PATHS = {"draft": (), "active": ("start",), "paused": ("start", "pause"), "completed": ("start", "complete"), "cancelled": ("cancel",)}
END = {"decision": "inconclusive", "reason": "it ended"}


@pytest.mark.parametrize("state", PATHS)
async def test_each_state_allows_its_own_moves_and_refuses_all_others_in_words(database: Database, client: Client, state: str) -> None:
    made = await create(database, client)
    for move in PATHS[state]:
        await do(database, client, move, made, **(END if move == "complete" else {}))
    for move, (sources, _, done) in MOVES.items():
        if state in sources:
            continue
        with pytest.raises(IllegalMove, match=f"is (a )?{state} and cannot be {done}"):
            await do(database, client, move, made, **(END if move == "complete" else {}))
    async with database.transaction(client.workspace_id) as connection:
        assert (await experimenting.known(connection, made.id)).status == state
    assert len(await history(database, client, made)) == 1 + len(PATHS[state]), "a refused move leaves nothing"


async def test_two_who_start_it_at_once_start_it_once(database: Database, client: Client) -> None:
    made = await create(database, client)
    ended = await asyncio.gather(*(do(database, client, "start", made) for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in ended) == ["Experiment", *["IllegalMove"] * 3]


async def test_the_start_registers_everything_with_a_hash_and_a_date(database: Database, client: Client) -> None:
    active = await started(database, client)
    assert active.registered is not None
    assert active.registered_at is not None
    registered = active.registered
    assert registered["plan"]["hypothesis"] == plan()["hypothesis"]
    asked = registered["requests"]["analyze_experiment"]
    assert (asked["method"], asked["level"], asked["tuning"], asked["planned_units"]) == ("anytime", 0.95, "approximate", 4000)
    assert registered["tools"]["analyze_experiment"] >= 1
    assert registered["enrolment"]["spans"] == [[0, SLOTS]]

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: whole(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [whole(entry) for entry in value]
        return int(value) if isinstance(value, float) and value == int(value) else value

    text = json.dumps(whole(registered), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert active.hash == sha256(text.encode()).hexdigest()
    later = await do(database, client, "amend", active, changes={"hypothesis": "Fewer fields, more bookings."}, reason="plainer words")
    assert (later.hash, later.registered, later.registered_at) == (active.hash, registered, active.registered_at)
    assert later.plan["hypothesis"] != registered["plan"]["hypothesis"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hypothesis": " "}, "hypothesis"),
        ({"exposure_rule": ""}, "exposure_rule"),
        ({"analysis": {}}, "analysis.planned_units"),
        ({"metrics": [{"name": "booking_rate", "outcome": {"event": "booking"}}]}, "metrics.booking_rate.minimum_effect"),
    ],
)
async def test_a_plan_that_leaves_something_open_is_not_started(
    database: Database, client: Client, changes: dict[str, Any], field: str
) -> None:
    made = await create(database, client, **changes)
    with pytest.raises(ToolInputError, match="before the start the plan has to say") as refusal:
        await do(database, client, "start", made)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arms": [{"arm": "control"}]}, "arms"),
        ({"arms": [{"arm": "control"}, {"arm": "Control"}]}, "read the same"),
        ({"control": "other"}, "no arm is called 'other'"),
        ({"metrics": [{"name": "a", "role": "secondary", "outcome": {"event": "x"}}]}, "exactly one metric"),
        ({"metrics": [{"name": "a"}]}, "outcome"),
        ({"metrics": [{"name": "a", "outcome": {"event": "x"}, "totals": [{"arm": "control", "units": 1}]}]}, "no sums"),
        ({"analysis": {"method": "peek"}}, "method"),
        ({"analysis": {"earlier_looks": [1]}}, "the analysis has no 'earlier_looks'"),
        ({"traffic": 0}, "traffic"),
        ({"salt": "two words"}, "salt"),
        ({"source": "units_table"}, "units_table"),
        ({"window_days": 0}, "window_days"),
    ],
)
async def test_a_plan_that_no_tool_could_read_out_is_not_even_a_draft(
    database: Database, client: Client, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolInputError, match=said):
        await create(database, client, **changes)


async def test_a_name_and_a_salt_are_used_once(database: Database, client: Client) -> None:
    first = await create(database, client, salt="s1")
    with pytest.raises(Conflict, match="already has an experiment 'short form'"):
        await create(database, client)
    with pytest.raises(Conflict, match="has the salt 's1'"):
        await create(database, client, name="other", salt="s1")
    assert first.salt == "s1"
    assert (await create(database, client, name="other")).salt.startswith("xp_")


PRIMARY, SECONDARY = plan()["metrics"]
GUARD = {"name": "refunds", "role": "guardrail", "direction": "decrease", "outcome": {"event": "refund"}}


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({"analysis": {"method": "fixed"}}, "invalidated"),
        ({"analysis": {"tuning_units": 900}}, "invalidated"),
        ({"analysis": {"level": 0.9}}, "invalidated"),
        ({"analysis": {"planned_units": 8000}}, "invalidated"),
        ({"analysis": {"units_per_day": 300}}, "amended"),
        ({"analysis": {"subgroups_by": ["country"]}}, "amended"),
        ({"metrics": [{**PRIMARY, "winsorise": 0.99}, SECONDARY]}, "invalidated"),
        ({"metrics": [PRIMARY, {**SECONDARY, "before_days": 7}]}, "invalidated"),
        ({"metrics": [PRIMARY, SECONDARY, GUARD]}, "amended"),
        ({"metrics": [PRIMARY]}, "amended"),
        ({"metrics": [{**PRIMARY, "minimum_effect": 0.2}, SECONDARY]}, "amended"),
        ({"hypothesis": "Another."}, "amended"),
        ({"exposure_rule": "the form was scrolled to"}, "amended"),
        ({"arms": [{"arm": "control", "description": "nine fields"}, {"arm": "short"}]}, "amended"),
        ({"window_days": 10}, "amended"),
        ({"metrics": [{**PRIMARY, "direction": "decrease"}, SECONDARY]}, "amended"),
    ],
)
async def test_method_and_tuning_invalidate_and_the_rest_is_an_amendment(
    database: Database, client: Client, changes: dict[str, Any], effect: str
) -> None:
    active = await started(database, client)
    after = await do(database, client, "amend", active, changes=changes, reason="we thought again")
    assert (after.invalidated_at is not None) == (effect == "invalidated")
    assert after.revision == 2
    last = (await history(database, client, active))[-1]
    assert (last.kind, last.reason, last.revision, last.looks) == (effect, "we thought again", 2, 0)
    assert {change["effect"] for change in last.changes} == {"invalidates" if effect == "invalidated" else "amends"}


@pytest.mark.parametrize(
    "changes",
    [
        {"window_days": 10},
        {"metrics": [{**PRIMARY, "direction": "decrease"}, SECONDARY]},
        {"metrics": [{**PRIMARY, "threshold": 0.05}, SECONDARY]},
        {"metrics": [{**PRIMARY, "name": "visited", "outcome": {"event": "visit"}}, SECONDARY]},
        {"metrics": [{**PRIMARY, "role": "secondary"}, {**SECONDARY, "role": "primary", "minimum_effect": 0.1}]},
    ],
)
async def test_once_somebody_has_looked_what_decides_is_fixed_too(database: Database, client: Client, changes: dict[str, Any]) -> None:
    checked, active = await started(database, client, name="checked"), await started(database, client)
    await log_look(database, client, checked, "go_on", "check_sample_ratio")
    await log_look(database, client, active, "keep_running")
    assert (await do(database, client, "amend", checked, changes=changes, reason="before any effect")).invalidated_at is None
    after = await do(database, client, "amend", active, changes=changes, reason="it looks better so")
    assert after.invalidated_at is not None
    assert (await history(database, client, active))[-1].looks == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"arms": [{"arm": "control"}, {"arm": "short", "weight": 2}]},
        {"arms": [{"arm": "short"}, {"arm": "control"}]},
        {"arms": [{"arm": "control"}, {"arm": "short"}, {"arm": "third"}]},
        {"unit": "account"},
        {"layer": "checkout"},
        {"salt": "another"},
        {"name": "long form"},
        {"traffic": 0.4},
    ],
)
async def test_who_gets_what_does_not_change_after_the_start(database: Database, client: Client, changes: dict[str, Any]) -> None:
    active = await started(database, client, traffic=0.5)
    with pytest.raises(Conflict, match=f"{next(iter(changes))}: fixed at the start"):
        await do(database, client, "amend", active, changes=changes, reason="more power")
    async with database.transaction(client.workspace_id) as connection:
        assert await experimenting.known(connection, active.id) == active


async def test_an_amendment_under_a_later_release_keeps_what_was_registered(database: Database, client: Client) -> None:
    """As if the release of the start had another default level, and knew no post-stratification."""
    active = await started(database, client)
    async with database.transaction(client.workspace_id) as connection:
        other = "jsonb_set(requests, '{analyze_experiment,level}', '0.9') #- '{analyze_experiment,post_stratify}'"
        await connection.execute(f"UPDATE experiments SET requests = {other}")
    after = await do(database, client, "amend", active, changes={"hypothesis": "Another."}, reason="plainer")
    assert after.invalidated_at is None
    assert after.requests is not None
    assert after.requests["analyze_experiment"]["level"] == 0.9
    assert [change["path"] for change in (await history(database, client, active))[-1].changes] == ["hypothesis"]
    turned = await do(database, client, "amend", active, changes={"analysis": {"post_stratify": False}}, reason="x")
    assert turned.invalidated_at is not None


async def test_a_draft_is_edited_freely_and_the_log_says_what(database: Database, client: Client) -> None:
    made = await create(database, client)
    edited = await do(
        database, client, "amend", made, changes={"analysis": {"method": "fixed"}, "name": "form", "salt": "s9"}, reason="cheaper"
    )
    assert (edited.status, edited.name, edited.salt, edited.invalidated_at) == ("draft", "form", "s9", None)
    assert edited.plan["analysis"] == {"planned_units": 4000, "method": "fixed"}
    log = await history(database, client, made)
    assert [change.kind for change in log] == ["created", "edited"]
    with pytest.raises(ToolInputError, match="says this already"):
        await do(database, client, "amend", made, changes={"name": "form"}, reason="again")
    with pytest.raises(ToolInputError, match="metrics"):
        await do(database, client, "amend", made, changes={"metrics": "all"}, reason="x")
    with pytest.raises(ToolInputError, match="colour"):
        await do(database, client, "amend", made, changes={"colour": "red"}, reason="x")


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


async def test_an_end_keeps_the_decision_the_evidence_and_what_was_advised(database: Database, client: Client) -> None:
    active = await started(database, client, arms=[{"arm": "control"}, {"arm": "a"}, {"arm": "b"}])
    with pytest.raises(Conflict, match="nobody has read out"):
        await do(database, client, "complete", active, decision="ship", arm="a", reason="because")
    early = await log_look(database, client, active, "keep_running")
    last = await log_look(database, client, active, "ship")
    with pytest.raises(ToolInputError, match="which arm is shipped"):
        await do(database, client, "complete", active, decision="ship")
    with pytest.raises(ToolInputError, match="no treatment is called 'control'"):
        await do(database, client, "complete", active, decision="ship", arm="control")
    with pytest.raises(ToolInputError, match="the last look says ship and the decision is roll_back: give the reason"):
        await do(database, client, "complete", active, decision="roll_back")
    with pytest.raises(ToolInputError, match="evidence of no read-out of this experiment"):
        await do(database, client, "complete", active, decision="ship", arm="a", evidence="ev_other")
    ended = await do(database, client, "complete", active, decision="ship", arm="b")
    assert ended.outcome == {
        "decision": "ship", "arm": "b", "reason": "", "evidence": last, "look": 2, "advised": "ship", "by": "ann"
    }  # fmt: skip
    assert early != last


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
