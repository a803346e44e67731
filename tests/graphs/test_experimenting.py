"""The life of an experiment: what may follow what, what is fixed, what a change does, and what an end keeps."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest

from graphs import experimenting
from store import audit
from store.clients import Client
from store.database import Database
from store.errors import Conflict
from store.experiments import MOVES, IllegalMove
from tests.graphs.experiment_plans import create, do, history, log_look, plan, started
from tools.contract import ToolInputError
from tools.methods.assignment import SLOTS


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
