"""Experiments through the door: planned, registered, assigned, looked at, decided; refused in words that say what can be done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.support import problem
from tests.graphs.experiment_plans import plan

SUMS_PLAN = {"source": "sums", "metrics": [{"name": "booking_rate", "minimum_effect": 0.15}]}
SUMS = {
    "metrics": {
        "booking_rate": [{"arm": "control", "units": 2000, "conversions": 200}, {"arm": "short", "units": 2000, "conversions": 300}]
    },
    "assigned": {"control": 2100, "short": 2080},
}


async def create(agency: Any, **changes: Any) -> str:
    answer = await agency.http.post("/experiments", json={"client": "salon", **plan(**changes)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/experiments/{answer.json()['id']}"
    return answer.json()["id"]


async def test_an_experiment_from_plan_to_decision(ours):
    made = await create(ours, **SUMS_PLAN)
    draft = (await ours.http.get(f"/experiments/{made}")).json()
    assert (draft["status"], draft["valid"], draft["hash"], draft["plan"]["window_days"]) == ("draft", True, None, 7)
    active = (await ours.http.post(f"/experiments/{made}/start", json={"reason": "agreed on Monday"})).json()
    assert (active["status"], active["revision"], len(active["hash"])) == ("active", 1, 64)
    assert active["registered"]["requests"]["analyze_experiment"]["level"] == 0.95
    split = (await ours.http.post(f"/experiments/{made}/looks", json={"kind": "sample_ratio", "sums": SUMS})).json()
    assert (split["look"]["number"], split["look"]["decision"]) == (1, "go_on")
    answer = await ours.http.post(f"/experiments/{made}/looks", json={"sums": SUMS})
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert (taken["look"]["decision"], taken["look"]["units"]) == ("ship", 4000)
    assert taken["said"].startswith("Short is better than the control on booking rate (50")
    assert (await ours.http.get(f"/evidence/{taken['evidence']['id']}")).json() == taken["evidence"]
    assert (await ours.http.post(f"/evidence/{taken['evidence']['id']}/replay")).json()["equal"] is True
    looks = (await ours.http.get(f"/experiments/{made}/looks")).json()["looks"]
    assert [look["evidence"] for look in looks] == [split["evidence"]["id"], taken["evidence"]["id"]]
    assert all(look["by"].startswith("key:") and look["at"] for look in looks)
    ended = (await ours.http.post(f"/experiments/{made}/complete", json={"decision": "ship"})).json()
    assert (ended["status"], ended["outcome"]["arm"], ended["outcome"]["evidence"]) == ("completed", "short", taken["evidence"]["id"])
    assert ended["links"]["evidence"] == f"/api/v1/evidence/{taken['evidence']['id']}"
    assert [change["kind"] for change in ended["history"]] == ["created", "started", "completed"]
    [listed] = (await ours.http.get("/experiments", params={"client": "salon", "status": "completed"})).json()["experiments"]
    assert (listed["id"], listed["looks"]) == (made, 2)
    assert (await ours.http.get("/experiments", params={"status": "active"})).json()["experiments"] == []


async def test_an_illegal_move_is_a_conflict_that_says_what_can_be_done(ours):
    made = await create(ours)
    said = problem(await ours.http.post(f"/experiments/{made}/pause"), 409, "conflict")["detail"]
    assert said.endswith("is a draft and cannot be paused: it can be started or cancelled")
    await ours.http.post(f"/experiments/{made}/cancel", json={"reason": "no longer wanted"})
    said = problem(await ours.http.post(f"/experiments/{made}/start"), 409, "conflict")["detail"]
    assert "has ended" in said
    problem(await ours.http.post("/experiments/xp_none/start"), 404, "not-found")


async def test_a_plan_is_checked_when_it_is_made_and_whole_when_it_starts(ours):
    body = {"client": "salon", **plan()}
    for changes in ({"metrics": []}, {"arms": [{"arm": "control"}]}, {"analysis": {"methods": "x"}}, {"traffic": 2}, {"colour": "red"}):
        problem(await ours.http.post("/experiments", json={**body, **changes}), 422, "invalid-request")
    refused = problem(await ours.http.post("/experiments", json={**body, "analysis": {"method": "peek"}}), 422, "invalid-input")
    assert refused["field"] == "method"
    made = await create(ours, hypothesis="")
    refused = problem(await ours.http.post(f"/experiments/{made}/start"), 422, "invalid-input")
    assert (refused["field"], refused["needed"]) == ("hypothesis", "hypothesis")
    problem(await ours.http.post("/experiments", json=body), 409, "conflict")


async def test_a_change_of_method_invalidates_and_another_is_recorded(ours):
    made = await create(ours)
    await ours.http.post(f"/experiments/{made}/start")
    changed = {"changes": {"hypothesis": "Shorter is better."}, "reason": "plainer"}
    amended = (await ours.http.post(f"/experiments/{made}/amend", json=changed)).json()
    assert (amended["valid"], amended["revision"], amended["history"][-1]["kind"]) == (True, 2, "amended")
    assert amended["history"][-1]["changes"] == [
        {"path": "hypothesis", "from": plan()["hypothesis"], "to": "Shorter is better.", "effect": "amends"}
    ]
    problem(await ours.http.post(f"/experiments/{made}/amend", json={"changes": {"unit": "account"}, "reason": "x"}), 409, "conflict")
    problem(await ours.http.post(f"/experiments/{made}/amend", json={"changes": {"unit": "account"}}), 422, "invalid-request")
    method = {"changes": {"analysis": {"method": "fixed"}}, "reason": "faster"}
    invalid = (await ours.http.post(f"/experiments/{made}/amend", json=method)).json()
    assert (invalid["valid"], invalid["status"], invalid["history"][-1]["kind"]) == (False, "active", "invalidated")
    said = problem(await ours.http.post(f"/experiments/{made}/looks"), 409, "conflict")["detail"]
    assert "no effect can be read" in said


async def test_a_registered_experiment_is_read_through_its_looks_only(ours):
    request = {"experiment": "short form", "metrics": plan()["metrics"], "level": 0.6}
    made = await create(ours)
    before = problem(await ours.http.post("/tools/analyze_experiment", json=request, params={"client": "salon"}), 422)
    assert "is registered" not in before["detail"]
    await ours.http.post(f"/experiments/{made}/start")
    refused = problem(await ours.http.post("/tools/analyze_experiment", json=request, params={"client": "salon"}), 422, "invalid-input")
    assert (refused["field"], f"/experiments/{made}/looks" in refused["detail"]) == ("experiment", True)
    split = {"experiment": "short form"}
    problem(await ours.http.post("/tools/check_sample_ratio", json=split, params={"client": "salon"}), 422, "not-enough-data")


async def test_units_get_the_same_arm_however_often_they_are_asked_for(ours):
    assert (await ours.http.post("/experiments/holdout", json={"client": "salon", "share": 0.1})).json() == {
        "client": "salon",
        "share": 0.1,
    }
    made = await create(ours, traffic=0.5)
    units = [f"ct_{number}" for number in range(3000)]
    before = (await ours.http.post(f"/experiments/{made}/assign", json={"units": ["ct_1"]})).json()
    assert before["assignments"] == [{"unit": "ct_1", "arm": None, "reason": "draft"}]
    await ours.http.post(f"/experiments/{made}/start")
    answers = [(await ours.http.post(f"/experiments/{made}/assign", json={"units": units})).json() for _ in range(2)]
    assert answers[0] == answers[1]
    given = answers[0]["assignments"]
    assert [found["unit"] for found in given] == units
    counts = {reason: sum(found["reason"] == reason for found in given) for reason in ("assigned", "holdout", "not_in_traffic")}
    assert counts["assigned"] == pytest.approx(1350, abs=150)
    assert counts["holdout"] == pytest.approx(300, abs=70)
    assert sum(counts.values()) == 3000
    one = (await ours.http.post(f"/experiments/{made}/assign", json={"units": ["ct_2999"]})).json()
    assert one["assignments"] == given[-1:]
    problem(await ours.http.post("/experiments/holdout", json={"client": "salon", "share": 0}), 409, "conflict")
    for bad in ([], [""], ["x" * 201], ["u"] * 10_001, [1]):
        problem(await ours.http.post(f"/experiments/{made}/assign", json={"units": bad}), 422, "invalid-request")


async def test_assigning_writes_nothing(ours, database):
    made = await create(ours)
    await ours.http.post(f"/experiments/{made}/start")

    async def rows() -> list[int]:
        async with database.transaction(ours.workspace.id) as connection:
            names = ("audit_log", "experiment_changes", "experiment_looks", "experiments", "evidence", "idempotency_keys")
            cursors = [await connection.execute(f"SELECT count(*) AS n FROM {name}") for name in names]
            return [row["n"] for row in [await cursor.fetchone() for cursor in cursors] if row]

    before = await rows()
    for _ in range(3):
        assert (await ours.http.post(f"/experiments/{made}/assign", json={"units": ["ct_1", "ct_2"]})).status_code == 200
    assert await rows() == before


async def test_the_same_request_sent_twice_is_done_once(ours):
    key = {"Idempotency-Key": "plan-1"}
    body = {"client": "salon", **plan(**SUMS_PLAN)}
    first, second = [await ours.http.post("/experiments", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    problem(await ours.http.post("/experiments", json={**body, "name": "other"}, headers=key), 409, "idempotency-conflict")
    here = f"/experiments/{first.json()['id']}"
    started = [await ours.http.post(f"{here}/start", headers={"Idempotency-Key": "start-1"}) for _ in range(2)]
    assert [answer.status_code for answer in started] == [200, 200]
    looked = [await ours.http.post(f"{here}/looks", json={"sums": SUMS}, headers={"Idempotency-Key": "look-1"}) for _ in range(2)]
    assert looked[0].json() == looked[1].json()
    assert looked[1].headers["idempotency-replayed"] == "true"
    assert len((await ours.http.get(f"{here}/looks")).json()["looks"]) == 1


@pytest.mark.parametrize("role", ["writer", "approver", "auditor"])
async def test_who_may_only_read_sees_and_assigns_and_moves_nothing(agencies, role):
    agency = await agencies(role)
    problem(await agency.http.post("/experiments", json={"client": "salon", **plan()}), 403, "forbidden")
    for path in ("start", "pause", "resume", "cancel", "looks"):
        problem(await agency.http.post(f"/experiments/xp_1/{path}", json={}), 403, "forbidden")
    assert (await agency.http.get("/experiments")).json() == {"experiments": []}
    problem(await agency.http.post("/experiments/xp_1/assign", json={"units": ["a"]}), 404, "not-found")


async def test_a_key_for_a_web_page_can_be_made_that_only_assigns(agencies):
    narrow = await agencies("auditor", ("experiments:read",))
    problem(await narrow.http.post("/experiments/xp_1/assign", json={"units": ["a"]}), 404, "not-found")
    problem(await narrow.http.get("/clients"), 403, "forbidden")
