"""Every address of the OpenAPI file, asked with another agency's ids: 404, in the words that an id of nothing gets.

SQL of one's own as the application's role, a forged workspace, checkpoints and references across workspaces: tests/store/test_isolation.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api.app import create_app
from tests.api.conftest import Agency
from tests.api.support import BRIEF, problem
from tests.isolation.belongings import Belongings, belongings

PREFIX = "/api/v1"
WORD, THEIR_WORD = "ourswordheron", "theirwordosprey"
HASH = "0" * 64
SUM = {"operation": "sum", "operands": [{"name": "a", "value": 1, "unit": "count"}, {"name": "b", "value": 2, "unit": "count"}]}

PLAN = {"name": "x", "arms": [{"arm": "control"}, {"arm": "b"}], "metrics": [{"name": "m", "outcome": {"event": "booking"}}]}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that names something of another agency: the id of `noun` stands where `@` is, in the path, query, body or form."""

    route: str
    noun: str
    path: str
    params: dict[str, Any] | None = None
    json: dict[str, Any] | None = None
    form: dict[str, Any] | None = None

    def sent_with(self, identity: str) -> dict[str, Any]:
        """Arguments of the request."""

        def put(given: dict[str, Any] | None) -> dict[str, Any] | None:
            return None if given is None else {name: identity if value == "@" else value for name, value in given.items()}

        files = {"file": ("orders.csv", b"order_id,amount\n1,2\n")} if self.form is not None else None
        body = {"params": put(self.params), "json": put(self.json), "data": put(self.form), "files": files}
        given = {name: value for name, value in body.items() if value is not None}
        return {"method": self.route.split()[0], "url": self.path.replace("@", identity), **given}


def attempt(route: str, noun: str, path: str | None = None, **sent: Any) -> Attempt:
    """An attempt; without a path the route's own, with the id in its variable."""
    place = route.split()[1]
    return Attempt(route, noun, path or place.replace("{id}", "@").replace("{slug}", "@"), **sent)


ATTEMPTS = (
    attempt("POST /threads", "client", json={"client": "@"}),
    attempt("GET /threads", "client", params={"client": "@"}),
    attempt("GET /threads/{id}", "thread"),
    attempt("POST /threads/{id}/title", "thread", json={"title": "mine now"}),
    attempt("POST /threads/{id}/messages", "thread", json={"text": "How is Meta doing?"}),
    attempt("DELETE /threads/{id}", "thread"),
    attempt("POST /tasks", "client", json={"client": "@", "brief": BRIEF}),
    attempt("GET /tasks", "client", params={"client": "@"}),
    attempt("GET /tasks/{id}", "run"),
    attempt("GET /runs/{id}/events", "run"),
    attempt("GET /runs/{id}/events", "run", params={"after": 1}),
    attempt("POST /runs/{id}/cancel", "run"),
    attempt("POST /runs/{id}/approve", "run", json={"hash": HASH}),
    attempt("POST /runs/{id}/reject", "run", json={"hash": HASH, "reason": "no"}),
    attempt("GET /approvals", "client", params={"client": "@"}),
    attempt("GET /approvals/{id}", "approval"),
    attempt("POST /approvals/{id}/edit", "approval", json={"hash": HASH, "content": {"title": "x"}}),
    attempt("POST /approvals/{id}/delegate", "approval", json={"role": "owner"}),
    attempt("GET /clients/{slug}/policy", "client"),
    attempt("PUT /clients/{slug}/policy", "client", json={"rules": {}}),
    attempt("GET /deliverables", "client", params={"client": "@"}),
    attempt("GET /deliverables/{id}", "deliverable"),
    attempt("GET /deliverables/{id}", "deliverable", path="/deliverables/@.json"),
    attempt("GET /deliverables/{id}", "deliverable", path="/deliverables/@.md"),
    attempt("GET /deliverables/{id}", "deliverable", path="/deliverables/@.html"),
    attempt("GET /deliverables/{id}", "deliverable", path="/deliverables/@.pdf"),
    attempt("GET /deliverables/{id}", "deliverable", path="/deliverables/@.docx"),
    attempt("GET /deliverables/{id}", "deliverable", params={"format": "pdf"}),
    attempt("POST /strategy/generate", "client", json={"client": "@", "brief": BRIEF}),
    attempt("POST /campaign/optimize", "client", json={"client": "@", "brief": BRIEF}),
    attempt("POST /competitor-analysis", "client", json={"client": "@", "brief": BRIEF}),
    attempt("POST /budget/optimize", "client", json={"client": "@", "budget": 1_500_000}),
    attempt("GET /analytics/dashboard", "client", params={"client": "@"}),
    attempt("POST /tools/{name}", "client", path="/tools/calculate", params={"client": "@"}, json=SUM),
    attempt("GET /evidence/{id}", "evidence"),
    attempt("POST /evidence/{id}/replay", "evidence"),
    attempt("GET /clients/{slug}", "client"),
    attempt("PUT /clients/{slug}", "client", json={"name": "x", "locale": {"currency": "EUR"}}),
    attempt("POST /imports", "client", form={"client": "@"}),
    attempt("POST /imports", "client", form={"client": "@", "confirm": "true", "table": "orders"}),
    attempt("GET /imports", "client", params={"client": "@"}),
    attempt("GET /imports/{id}", "imported"),
    attempt("GET /imports/{id}/rejects", "imported"),
    attempt("POST /documents", "client", json={"client": "@", "title": "x", "text": "y"}),
    attempt("POST /documents/pages/fetch", "client", json={"client": "@", "url": "https://allowed.example/"}),
    attempt("GET /documents", "client", params={"client": "@"}),
    attempt("DELETE /documents/{id}", "document"),
    attempt("POST /schedules", "client", json={"client": "@", "brief": BRIEF, "cron": "0 7 1 * *"}),
    attempt("GET /schedules", "client", params={"client": "@"}),
    attempt("GET /alerts", "client", params={"client": "@"}),
    attempt("GET /schedules/{id}", "schedule"),
    attempt("POST /schedules/{id}/pause", "schedule"),
    attempt("POST /schedules/{id}/resume", "schedule"),
    attempt("POST /schedules/{id}/run", "schedule"),
    attempt("DELETE /schedules/{id}", "schedule"),
    attempt("PUT /schedules/{id}", "schedule", json={"brief": BRIEF, "cron": "0 8 1 * *"}),
    attempt("POST /experiments", "client", json={"client": "@", **PLAN}),
    attempt("GET /experiments", "client", params={"client": "@"}),
    attempt("GET /experiments/holdout", "client", params={"client": "@"}),
    attempt("POST /experiments/holdout", "client", json={"client": "@", "share": 0.05}),
    attempt("GET /experiments/{id}", "experiment"),
    attempt("POST /experiments/{id}/amend", "experiment", json={"changes": {"hypothesis": "x"}, "reason": "x"}),
    attempt("POST /experiments/{id}/start", "experiment", json={}),
    attempt("POST /experiments/{id}/pause", "experiment", json={}),
    attempt("POST /experiments/{id}/resume", "experiment", json={}),
    attempt("POST /experiments/{id}/complete", "experiment", json={"decision": "inconclusive", "reason": "x"}),
    attempt("POST /experiments/{id}/cancel", "experiment", json={}),
    attempt("GET /experiments/{id}/looks", "experiment"),
    attempt("POST /experiments/{id}/looks", "experiment", json={}),
    attempt("POST /experiments/{id}/assign", "experiment", json={"units": ["u1"]}),
)

NAMES_NOTHING = {
    "GET /tools": "tools are the same for everyone",
    "GET /tools/{name}": "tools are the same for everyone",
    "GET /clients": "a list of one's own: test_lists_show_ones_own_only",
    "POST /clients": "makes something in one's own workspace: test_a_client_made_here_is_not_theirs",
}
LISTS = (
    "/threads",
    "/tasks",
    "/approvals",
    "/approvals?client=salon",
    "/deliverables",
    "/clients",
    "/imports",
    "/experiments",
    "/experiments?client=salon",
    "/schedules",
    "/alerts",
    "/schedules?client=salon",
    "/documents?client=salon",
    "/deliverables?client=salon",
    "/imports?client=salon",
)


def routes() -> set[str]:
    """Every operation under the prefix, as `METHOD /path`."""
    paths = create_app().openapi()["paths"]
    inside = {path: methods for path, methods in paths.items() if path.startswith(PREFIX)}
    return {f"{method.upper()} {path.removeprefix(PREFIX)}" for path, methods in inside.items() for method in methods}


@pytest_asyncio.fixture(loop_scope="session")
async def both(ours, theirs, database, tmp_path) -> tuple[Belongings, Belongings]:
    """What is ours, and what is theirs."""
    mine = await belongings(ours, database, tmp_path, word=WORD)
    return mine, await belongings(theirs, database, tmp_path, word=THEIR_WORD)


async def ask(agency: Agency, tried: Attempt, identity: str) -> httpx.Response:
    return await agency.http.request(**tried.sent_with(identity))


def test_every_route_has_an_attempt_or_a_reason_not_to():
    assert {tried.route for tried in ATTEMPTS} | set(NAMES_NOTHING) == routes()
    assert not {tried.route for tried in ATTEMPTS} & set(NAMES_NOTHING)


@pytest.mark.parametrize("tried", ATTEMPTS, ids=lambda tried: f"{tried.route} {tried.path} {tried.params or tried.form or ''}")
async def test_what_is_theirs_is_not_there(ours, both, tried):
    foreign, nothing = both[1].of(tried.noun), both[1].unknown().of(tried.noun)
    refused = problem(await ask(ours, tried, foreign), 404, "not-found")
    absent = problem(await ask(ours, tried, nothing), 404, "not-found")
    assert refused["detail"].replace(foreign, "@") == absent["detail"].replace(nothing, "@")
    assert THEIR_WORD not in str(refused)


async def test_nothing_of_theirs_was_touched_by_all_of_that(ours, theirs, both):
    for tried in ATTEMPTS:
        await ask(ours, tried, both[1].of(tried.noun))
    assert (await theirs.http.get(f"/tasks/{both[1].run}")).json()["status"] == "queued"
    assert len((await theirs.http.get("/tasks")).json()["tasks"]) == 1
    assert len((await theirs.http.get("/documents", params={"client": "salon"})).json()["documents"]) == 1
    assert len((await theirs.http.get("/imports")).json()["imports"]) == 1
    assert [thread["title"] for thread in (await theirs.http.get("/threads")).json()["threads"]] == [THEIR_WORD]
    [schedule] = (await theirs.http.get("/schedules")).json()["schedules"]
    kept = (await theirs.http.get(f"/schedules/{schedule['id']}")).json()
    assert (kept["paused_at"], [fire["outcome"] for fire in kept["history"]]) == (None, ["skipped"])
    [experiment] = (await theirs.http.get("/experiments")).json()["experiments"]
    assert (experiment["status"], experiment["looks"]) == ("draft", 0)
    assert (await theirs.http.get("/experiments/holdout", params={"client": "salon"})).json()["share"] == 0


async def test_the_same_requests_for_what_is_ours_are_not_404(ours, both):
    for tried in ATTEMPTS:
        if "events" in tried.route or tried.route.startswith("DELETE") or "pdf" in f"{tried.path} {tried.params}":
            continue
        answer = await ask(ours, tried, both[0].of(tried.noun))
        assert answer.status_code < 404 or answer.status_code in (409, 422), (tried, answer.text)
    assert (await ours.http.delete(f"/documents/{both[0].document}")).status_code == 204


async def test_lists_show_ones_own_only(ours, both):
    for path in LISTS:
        text = (await ours.http.get(path)).text
        assert not [identity for identity in map(both[1].of, both[1].__slots__) if identity in text], path
        assert THEIR_WORD not in text, path
        assert "[]" not in text, path


async def test_a_client_made_here_is_not_theirs(ours, theirs):
    assert (await ours.http.post("/clients", json={"slug": "new", "name": "New"})).status_code == 201
    problem(await theirs.http.get("/clients/new"), 404)
    # and their having one of that name is not told
    assert (await theirs.http.post("/clients", json={"slug": "new", "name": "New"})).status_code == 201


async def test_an_idempotency_key_is_ones_own(ours, theirs):
    body, headers = {"client": "salon", "brief": BRIEF}, {"Idempotency-Key": "monday"}
    first = await ours.http.post("/tasks", json=body, headers=headers)
    second = await theirs.http.post("/tasks", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] != second.json()["id"]
    assert "idempotency-replayed" not in second.headers
    again = await ours.http.post("/tasks", json=body, headers=headers)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first.json()["id"], "true")


async def test_a_mapping_that_they_confirmed_is_not_remembered_here(ours, theirs):
    sheet = {"file": ("orders.csv", b"Order No,Amount,Bought On\n1,2.50,2026-01-02\n")}
    seen = (await theirs.http.post("/imports", data={"client": "salon", "table": "free_till"}, files=sheet)).json()
    done = await theirs.http.post("/imports", data={"client": "salon", "table": "free_till", "confirm": "true"}, files=sheet)
    assert done.status_code == 201, (seen, done.text)
    assert (await theirs.http.post("/imports", data={"client": "salon"}, files=sheet)).json()["remembered"] is True
    assert (await ours.http.post("/imports", data={"client": "salon"}, files=sheet)).json()["remembered"] is False


async def test_news_of_their_run_does_not_come_over_our_stream(ours, theirs, both):
    async def listen() -> str:
        text = ""
        async with ours.http.stream("GET", f"/runs/{both[0].run}/events") as stream:
            async for line in stream.aiter_lines():
                text += line
                if '"finished"' in line:
                    break
        return text

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    await theirs.http.post(f"/runs/{both[1].run}/cancel")
    await asyncio.sleep(0.2)
    await ours.http.post(f"/runs/{both[0].run}/cancel")
    heard = await asyncio.wait_for(listening, 10)
    assert both[0].run in heard
    assert both[1].run not in heard


@pytest.mark.parametrize("state", ["none", "unknown", "revoked", "expired", "without a scope"])
async def test_a_key_that_does_not_hold_learns_nothing_from_any_address(address, bad_keys, both, state):
    """The same answer for what is there and what is not: a bad key is refused before anything is looked up."""
    secret, status = bad_keys[state]
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    async with httpx.AsyncClient(base_url=f"{address}{PREFIX}", headers=headers, timeout=30) as http:
        for tried in ATTEMPTS:
            for identity in (both[1].of(tried.noun), both[0].of(tried.noun), both[0].unknown().of(tried.noun)):
                problem(await http.request(**tried.sent_with(identity)), status)
        for route in NAMES_NOTHING:
            method, path = route.split()
            problem(await http.request(method, path.replace("{name}", "calculate")), status)
