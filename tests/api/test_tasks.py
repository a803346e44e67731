"""Tasks are taken once, kept with their job in one transaction, seen and stopped."""

from __future__ import annotations

import asyncio

import pytest

from store import audit, runs
from tests.api.support import BRIEF, jobs_of, problem

TASK = {"kind": "strategy", "client": "salon", "brief": BRIEF}


async def test_a_task_is_accepted_with_its_address_and_its_job(ours, database):
    response = await ours.http.post("/tasks", json=TASK)
    assert response.status_code == 202, response.text
    task = response.json()
    assert response.headers["location"] == f"/api/v1/tasks/{task['id']}"
    assert (task["status"], task["client"], task["deliverable"]) == ("queued", "salon", None)
    assert await jobs_of(database, task["id"]) == 1
    seen = (await ours.http.get(f"/tasks/{task['id']}")).json()
    assert seen == task
    assert [entry["id"] for entry in (await ours.http.get("/tasks", params={"client": "salon"})).json()["tasks"]] == [task["id"]]


async def test_the_same_idempotency_key_gives_the_same_task_and_one_job(ours, database):
    headers = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(*(ours.http.post("/tasks", json=TASK, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len((await ours.http.get("/tasks")).json()["tasks"]) == 1
    assert await jobs_of(database, answers[0].json()["id"]) == 1


async def test_another_body_under_the_same_key_is_409_and_nothing_is_made(ours):
    headers = {"Idempotency-Key": "order-1"}
    assert (await ours.http.post("/tasks", json=TASK, headers=headers)).status_code == 202
    problem(await ours.http.post("/tasks", json=TASK | {"brief": BRIEF + " Soon."}, headers=headers), 409, "idempotency-conflict")
    shortcut = await ours.http.post("/strategy/generate", json={"client": "salon", "brief": BRIEF}, headers=headers)
    problem(shortcut, 409, "idempotency-conflict")
    assert len((await ours.http.get("/tasks")).json()["tasks"]) == 1


async def test_a_request_that_failed_does_not_use_up_its_key(ours):
    headers = {"Idempotency-Key": "order-2"}
    problem(await ours.http.post("/tasks", json=TASK | {"client": "nobody"}, headers=headers), 404, "not-found")
    assert (await ours.http.post("/tasks", json=TASK, headers=headers)).status_code == 202


async def test_two_agencies_may_use_the_same_key(ours, theirs):
    headers = {"Idempotency-Key": "order-1"}
    one = await ours.http.post("/tasks", json=TASK, headers=headers)
    other = await theirs.http.post("/tasks", json=TASK, headers=headers)
    assert one.status_code == other.status_code == 202
    assert one.json()["id"] != other.json()["id"]


async def test_a_bad_brief_is_told_in_words_and_nothing_is_kept(ours, database):
    for brief in ("", "Spend R0 a month on Google Ads", "Budget of R-500 a month on Meta"):
        body = problem(await ours.http.post("/tasks", json=TASK | {"brief": brief}), 422, "invalid-input")
        assert body["detail"]
    problem(await ours.http.post("/tasks", json=TASK | {"kind": "poem"}), 422, "invalid-input")
    problem(await ours.http.post("/tasks", json=TASK | {"client": "nobody"}), 404, "not-found")
    assert (await ours.http.get("/tasks")).json()["tasks"] == []
    async with database.transaction(ours.workspace.id) as connection:
        assert await runs.list_runs(connection) == []
        assert await audit.list_entries(connection) == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/strategy/generate", "strategy"),
        ("/campaign/optimize", "campaign_optimization"),
        ("/competitor-analysis", "competitor_analysis"),
    ],
)
async def test_a_shortcut_starts_the_same_task(ours, path, kind):
    response = await ours.http.post(path, json={"client": "salon", "brief": BRIEF})
    assert response.status_code == 202, response.text
    assert response.json()["kind"] == kind
    assert response.headers["location"] == f"/api/v1/tasks/{response.json()['id']}"


async def test_a_queued_task_is_cancelled_at_once_and_twice_changes_nothing(ours):
    task = (await ours.http.post("/tasks", json=TASK)).json()
    for _ in range(2):
        response = await ours.http.post(f"/runs/{task['id']}/cancel")
        assert response.status_code == 202
        assert response.json()["status"] == "cancelled"
    assert (await ours.http.get("/tasks", params={"status": "cancelled"})).json()["tasks"][0]["id"] == task["id"]


async def test_what_was_done_is_in_the_audit_log_with_the_key_that_did_it(ours, database):
    task = (await ours.http.post("/tasks", json=TASK)).json()
    await ours.http.post(f"/runs/{task['id']}/cancel")
    async with database.transaction(ours.workspace.id) as connection:
        entries = await audit.list_entries(connection)
    assert [(entry.action, entry.subject) for entry in entries] == [("task.create", task["id"]), ("task.cancel", task["id"])]
    assert all(entry.actor.startswith("key:key_") for entry in entries)
