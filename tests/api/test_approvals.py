"""Approvals over HTTP: what a person is shown, what their answer is bound to, who may answer, and what leaves the house before."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from demo.clients import AS_OF, CLIENTS
from graphs.asking import expire
from graphs.execute import execute
from graphs.services import Services
from jobs.queue import enqueue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import approvals, audit
from store.keys import create_key
from tests.api.support import jobs_of, problem

POLICY = {"rules": {"strategy": {"roles": ["approver"], "approvers": 1}}}
NOT_IT = "0" * 64


@pytest_asyncio.fixture(loop_scope="session")
async def services(database, store_settings) -> Services:
    models = ModelSettings(model="offline")
    return Services(database, store_settings, models, embedder(models))


@pytest_asyncio.fixture(loop_scope="session")
async def person(ours, address, database) -> Any:
    """HTTP as somebody else of our agency."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: str, **more: Any) -> httpx.AsyncClient:
        async with database.transaction(ours.workspace.id) as connection:
            _, secret = await create_key(connection, ours.workspace.id, role, role, **more)
        http = httpx.AsyncClient(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        opened.append(http)
        return http

    yield make
    for http in opened:
        await http.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def waiting(ours, services) -> Callable:
    """A run that waits, under a policy; gives its id and its request."""

    async def make(policy: dict[str, Any] = POLICY) -> tuple[str, dict[str, Any]]:
        assert (await ours.http.put("/clients/salon/policy", json=policy)).status_code == 200
        body = {"kind": "strategy", "client": "salon", "brief": CLIENTS["newcomer"].briefs[0], "as_of": AS_OF.isoformat()}
        run = (await ours.http.post("/tasks", json=body)).json()["id"]
        await execute(services, ours.workspace.id, run)
        assert (await ours.http.get(f"/tasks/{run}")).json()["status"] == "waiting"
        [asked] = (await ours.http.get("/approvals", params={"run": run, "state": "waiting"})).json()["approvals"]
        return run, asked

    return make


async def test_from_the_policy_to_the_published_text_and_no_draft_leaves_unmarked(ours, person, waiting, services, database):
    run, asked = await waiting()
    approver, portal = await person("approver"), await person("client", client_id=ours.client.id)
    shown = (await approver.get(f"/approvals/{asked['id']}")).json()
    assert (shown["state"], shown["hash"], shown["client"]) == ("waiting", asked["hash"], "salon")
    assert shown["asked_by"].startswith("key:")
    assert {line["alias"] for line in shown["evidence"]} >= {"B", "E1"}
    assert shown["cost"][0]["minor_units"] > 0
    assert shown["audience"]["texts"]
    assert shown["difference"]["before"] is None
    assert shown["difference"]["words"]["removed"] == 0
    made = shown["deliverable"]

    texts = [(await ours.http.get(f"/deliverables/{made}{suffix}")) for suffix in (".md", ".html")]
    assert all("Draft: waits for approval." in text.text for text in texts)
    assert all(f"draft-strategy-{made}" in text.headers["content-disposition"] for text in texts)
    pdf = await ours.http.get(f"/deliverables/{made}.pdf")
    assert "draft-" in pdf.headers["content-disposition"]
    assert (await ours.http.get(f"/deliverables/{made}")).json()["draft"] is True
    for suffix in ("", ".md", ".html", ".pdf"):
        problem(await portal.get(f"/deliverables/{made}{suffix}"), 404, "not-found")
    assert (await portal.get("/deliverables")).json() == {"deliverables": []}
    for address in (f"/tasks/{run}", f"/runs/{run}/events", f"/approvals/{asked['id']}", "/approvals", "/clients", "/evidence/ev_x"):
        problem(await portal.get(address), 403, "forbidden")

    before = await jobs_of(database, run)
    answer = await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    assert await jobs_of(database, run) == before + 1
    assert (await portal.get("/deliverables")).json() == {"deliverables": []}, "said yes to, but not yet published"
    await execute(services, ours.workspace.id, run)
    assert (await ours.http.get(f"/tasks/{run}")).json()["status"] == "succeeded"
    assert "Draft" not in (await portal.get(f"/deliverables/{made}.md")).text
    assert [card["id"] for card in (await portal.get("/deliverables")).json()["deliverables"]] == [made]
    assert (await portal.get(f"/deliverables/{made}")).json()["draft"] is False


async def test_a_portal_key_sees_no_other_client_and_one_without_a_client_sees_nothing(ours, person, waiting, services):
    run, asked = await waiting()
    approver = await person("approver")
    await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]})
    await execute(services, ours.workspace.id, run)
    assert (await ours.http.post("/clients", json={"slug": "gym", "name": "Gym (simulated)"})).status_code == 201
    gym = (await ours.http.get("/clients/gym")).json()["id"]
    other, nobody = await person("client", client_id=gym), await person("client")
    for http in (other, nobody):
        problem(await http.get(f"/deliverables/{asked['deliverable']}.md"), 404, "not-found")
        assert (await http.get("/deliverables")).json() == {"deliverables": []}
        foreign, absent = [problem(await http.get("/deliverables", params={"client": name}), 404) for name in ("salon", "nobody")]
        assert foreign["detail"].replace("salon", "nobody") == absent["detail"]


async def test_two_at_once_one_outcome_and_a_clear_conflict(ours, person, waiting):
    run, asked = await waiting()
    ann, bob = await person("approver"), await person("approver")
    body = {"hash": asked["hash"]}
    answers = await asyncio.gather(
        ann.post(f"/runs/{run}/approve", json=body), bob.post(f"/runs/{run}/reject", json=body | {"reason": "no"})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    said = problem(refused, 409, "conflict")["detail"]
    assert "no longer open" in said
    assert "by key:" in said


async def test_a_hash_of_something_else_and_a_text_changed_since_are_409(ours, person, waiting, database):
    run, asked = await waiting()
    approver = await person("approver")
    problem(await approver.post(f"/runs/{run}/approve", json={"hash": NOT_IT}), 409, "conflict")
    problem(await approver.post(f"/runs/{run}/approve", json={"hash": "short"}), 422, "invalid-request")
    async with database.transaction(ours.workspace.id) as connection:
        await connection.execute("UPDATE deliverables SET markdown = markdown || ' And R1.' WHERE id = %s", (asked["deliverable"],))
    said = problem(await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]}), 409, "conflict")["detail"]
    assert "void" in said
    assert (await ours.http.get(f"/approvals/{asked['id']}")).json()["state"] == "void", "kept although the answer is an error"


@pytest.mark.parametrize("role", ["writer", "auditor", "client", "strategist", "owner"])
async def test_who_may_not_approve_may_not(ours, person, waiting, role):
    run, asked = await waiting()
    http = await person(role)
    for address, body in (
        (f"/runs/{run}/approve", {"hash": asked["hash"]}),
        (f"/runs/{run}/reject", {"hash": asked["hash"], "reason": "no"}),
        (f"/approvals/{asked['id']}/edit", {"hash": asked["hash"], "content": {"title": "Mine"}}),
        (f"/approvals/{asked['id']}/delegate", {"role": "owner"}),
    ):
        problem(await http.post(address, json=body), 403, "forbidden")
    assert (await ours.http.get(f"/approvals/{asked['id']}")).json()["state"] == "waiting"


async def test_an_edit_is_verified_and_shown_as_a_difference(ours, person, waiting):
    run, asked = await waiting()
    approver = await person("approver")
    shown = (await approver.get(f"/approvals/{asked['id']}")).json()
    content = copy.deepcopy(shown["content"])
    content["summary"][0] = "Spend R99 999 on it."
    refused = problem(
        await approver.post(f"/approvals/{asked['id']}/edit", json={"hash": asked["hash"], "content": content}), 422, "invalid-input"
    )
    assert any("99 999" in place["text"] + place["problem"] for place in refused["problems"])
    content = copy.deepcopy(shown["content"])
    content["title"] = "The plan that Ann named"
    fresh = await approver.post(
        f"/approvals/{asked['id']}/edit", json={"hash": asked["hash"], "content": content, "note": "a clearer name"}
    )
    assert fresh.status_code == 200, fresh.text
    again = (await approver.get(f"/approvals/{fresh.json()['id']}")).json()
    changes = [change for change in again["difference"]["changes"] if change["side"] == "added"]
    assert any("The plan that Ann named" in change["text"] for change in changes)
    assert again["difference"]["before"] == shown["deliverable"]
    assert (await ours.http.get(f"/approvals/{asked['id']}")).json()["acts"][0]["reason"] == "a clearer name"
    problem(await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]}), 409, "conflict")
    assert (await approver.post(f"/runs/{run}/approve", json={"hash": again["hash"]})).status_code == 200


async def test_a_say_is_handed_on_and_one_without_a_target_is_refused(person, waiting, ours, database):
    run, asked = await waiting()
    approver = await person("approver")
    for body in ({}, {"key": "key_x", "role": "owner"}, {"member": "mb_x", "role": "owner"}, {"role": "writer"}):
        problem(await approver.post(f"/approvals/{asked['id']}/delegate", json=body), 422, "invalid-request")
    problem(await approver.post(f"/approvals/{asked['id']}/delegate", json={"key": "key_none"}), 422, "invalid-input")
    problem(await approver.post(f"/approvals/{asked['id']}/delegate", json={"member": "mb_none"}), 422, "invalid-input")
    assert (await approver.post(f"/approvals/{asked['id']}/delegate", json={"role": "owner"})).status_code == 200
    problem(await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]}), 403, "forbidden")
    assert (await ours.http.post(f"/runs/{run}/approve", json={"hash": asked["hash"]})).status_code == 200
    kinds = [act["act"] for act in (await ours.http.get(f"/approvals/{asked['id']}")).json()["acts"]]
    assert kinds == ["delegate", "approve"]
    async with database.transaction(ours.workspace.id) as connection:
        noted = [entry.action for entry in await audit.list_entries(connection, limit=1000) if entry.subject == asked["id"]]
    assert noted == ["approval.delegate", "approval.approve"]


async def test_owners_change_the_policy_others_read_it_and_the_log_knows(ours, person, database):
    strategist, auditor = await person("strategist"), await person("auditor")
    assert (await ours.http.get("/clients/salon/policy")).json() == {"rules": {}}
    problem(await strategist.put("/clients/salon/policy", json=POLICY), 403, "forbidden")
    problem(await ours.http.put("/clients/salon/policy", json={"rules": {"poem": {}}}), 422, "invalid-input")
    for rule in ({"approvers": 0}, {"roles": []}, {"roles": ["writer"]}, {"four_eyes": "maybe"}, {"expires_hours": 0}, {"else": 1}):
        problem(await ours.http.put("/clients/salon/policy", json={"rules": {"strategy": rule}}), 422, "invalid-request")
    assert (await ours.http.put("/clients/salon/policy", json=POLICY)).json()["rules"]["strategy"]["approvers"] == 1
    assert (await auditor.get("/clients/salon/policy")).json()["rules"]["strategy"]["roles"] == ["approver"]
    async with database.transaction(ours.workspace.id) as connection:
        [noted] = [entry for entry in await audit.list_entries(connection, limit=1000) if entry.action == "policy.change"]
    assert (noted.detail["before"], noted.detail["after"]["strategy"]["roles"]) == ({}, ["approver"])


async def test_a_profile_cannot_say_what_needs_approval(ours):
    body = {"slug": "other", "name": "Other", "profile": {"approval": ["strategy"]}}
    assert "policy" in problem(await ours.http.post("/clients", json=body), 422)["detail"]


async def test_what_ran_out_is_told_and_not_published(ours, person, waiting, services, database):
    run, asked = await waiting()
    approver = await person("approver")
    async with database.transaction(ours.workspace.id) as connection:
        await connection.execute("UPDATE approvals SET expires_at = now() WHERE id = %s", (asked["id"],))
    assert "ran out" in problem(await approver.post(f"/runs/{run}/approve", json={"hash": asked["hash"]}), 409)["detail"]
    await expire(database, enqueue)
    await execute(services, ours.workspace.id, run)
    task = (await ours.http.get(f"/tasks/{run}")).json()
    assert (task["status"], task["error"]) == ("needs_person", "nobody approved it in time")
    assert (await ours.http.get(f"/deliverables/{asked['deliverable']}")).json()["draft"] is True
    async with database.transaction(ours.workspace.id) as connection:
        found = await approvals.latest(connection, run)
    assert found is not None
    assert found.state == "expired"
