"""No address gives an agency anything of another; a key does what its role and scopes say and no more."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.app import create_app
from api.auth import ROLES, SCOPES
from grounding.evidence import Evidence
from grounding.ids import new_id
from store import deliverables, evidence, imports, keys
from store.documents import add_document
from tests.api.support import BRIEF, problem


class OneEmbedder:
    """Gives every text the same vector: what is found does not matter here."""

    name = "one"
    dimensions = 3

    def embed(self, texts):
        return [[1.0, 0.0, 0.0] for _ in texts]


async def belongings(agency, database) -> dict[str, str]:
    """One of each thing, and its id."""
    run = (await agency.http.post("/tasks", json={"kind": "strategy", "client": "salon", "brief": BRIEF})).json()["id"]
    record = Evidence(
        id=new_id("ev"),
        tool="calculate",
        version=1,
        request={},
        result={"figures": [], "findings": [], "caveats": []},
        created_at=datetime.now(UTC),
    )
    async with database.transaction(agency.workspace.id) as connection:
        await evidence.add(connection, agency.client.id, run, record)
        made = await deliverables.add(
            connection,
            run_id=run,
            client_id=agency.client.id,
            kind="strategy",
            title="Theirs",
            status="published",
            content={},
            markdown="# Theirs",
            verdict={},
            evidence_aliases={},
            model={},
            prompt={},
        )
        document = await add_document(connection, agency.client.id, "Voice", "brand", "Warm.", "test", None, embedder=OneEmbedder())
        logged = await imports.log_import(
            connection,
            agency.client.id,
            table_name="orders",
            file_name="orders.csv",
            file_hash="0",
            mapping={},
            rows_read=0,
            rows_kept=0,
            rows_rejected=0,
            duplicates=0,
            version=None,
            reject_file="/etc/hostname",
            actor="test",
        )
    ids = {"run": run, "evidence": record.id, "deliverable": made.id, "document": document.id}
    return {**ids, "import": logged.id, "client": agency.client.id}


ATTEMPTS = [
    ("GET", "/tasks/{id}", "run"),
    ("GET", "/runs/{id}/events", "run"),
    ("POST", "/runs/{id}/cancel", "run"),
    ("GET", "/deliverables/{id}", "deliverable"),
    ("GET", "/evidence/{id}", "evidence"),
    ("POST", "/evidence/{id}/replay", "evidence"),
    ("GET", "/clients/{slug}", "client"),
    ("DELETE", "/documents/{id}", "document"),
    ("GET", "/imports/{id}", "import"),
    ("GET", "/imports/{id}/rejects", "import"),
    ("GET", "/tools/{name}", None),
    ("POST", "/tools/{name}", None),
]


def test_every_address_with_an_id_is_tried_below():
    paths = create_app().openapi()["paths"]
    with_id = {(method.upper(), path.removeprefix("/api/v1")) for path, methods in paths.items() if "{" in path for method in methods}
    assert with_id == {(method, path) for method, path, _ in ATTEMPTS}


async def test_another_agencys_ids_are_404_as_if_they_were_not_there(ours, theirs, database):
    here, there = await belongings(ours, database), await belongings(theirs, database)
    for method, path, noun in ATTEMPTS:
        if noun is None:
            continue
        variable = path[path.index("{") : path.index("}") + 1]
        foreign = await ours.http.request(method, path.replace(variable, there[noun]))
        unknown = await ours.http.request(method, path.replace(variable, there[noun][:-4] + "zzzz"))
        body, nothing = problem(foreign, 404, "not-found"), problem(unknown, 404, "not-found")
        assert body["detail"].replace(there[noun], "") == nothing["detail"].replace(there[noun][:-4] + "zzzz", "")
    assert (await theirs.http.get(f"/tasks/{there['run']}")).json()["status"] == "queued"
    assert len((await theirs.http.get("/documents", params={"client": "salon"})).json()["documents"]) == 1
    assert (await ours.http.get(f"/evidence/{here['evidence']}")).status_code == 200


async def test_another_agencys_client_cannot_be_named_in_a_body_or_a_query(ours, theirs):
    foreign = theirs.client.id
    calculation = {"operation": "sum", "operands": [{"name": "a", "value": 1, "unit": "count"}, {"name": "b", "value": 2, "unit": "count"}]}
    problem(await ours.http.post("/tasks", json={"client": foreign, "brief": BRIEF}), 404)
    problem(await ours.http.post("/strategy/generate", json={"client": foreign, "brief": BRIEF}), 404)
    problem(await ours.http.post("/tools/calculate", json=calculation, params={"client": foreign}), 404)
    problem(await ours.http.post("/documents", json={"client": foreign, "title": "x", "text": "y"}), 404)
    problem(await ours.http.post("/imports", data={"client": foreign}, files={"file": ("x.csv", b"a,b\n1,2\n")}), 404)
    for path in ("/tasks", "/deliverables", "/documents", "/imports"):
        problem(await ours.http.get(path, params={"client": foreign}), 404)


async def test_lists_show_ones_own_only(ours, theirs, database):
    mine = await belongings(ours, database)
    await belongings(theirs, database)
    assert [entry["id"] for entry in (await ours.http.get("/tasks")).json()["tasks"]] == [mine["run"]]
    assert [entry["id"] for entry in (await ours.http.get("/deliverables")).json()["deliverables"]] == [mine["deliverable"]]
    assert [entry["id"] for entry in (await ours.http.get("/clients")).json()["clients"]] == [mine["client"]]
    assert [entry["id"] for entry in (await ours.http.get("/documents", params={"client": "salon"})).json()["documents"]] == [
        mine["document"]
    ]


def operations():
    for path, methods in create_app().openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_under_the_prefix_has_a_scope_and_says_so():
    guarded = {(method, path): operation for method, path, operation in operations() if path.startswith("/api/")}
    assert guarded
    for operation in guarded.values():
        assert operation["x-scope"] in SCOPES
        assert operation["security"]
        assert {"401", "403"} <= set(operation["responses"])
    assert {path for _, path, operation in operations() if "x-scope" not in operation} == {"/healthz", "/readyz", "/metrics"}


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_may_do_exactly_what_its_scopes_say(agencies, role):
    agency = await agencies(role)
    for method, path, operation in operations():
        if not path.startswith("/api/"):
            continue
        address = path.removeprefix("/api/v1").replace("{id}", "none").replace("{slug}", "none").replace("{name}", "none")
        response = await agency.http.request(method, address, json={} if method == "POST" else None, params={"client": "salon"})
        assert (response.status_code == 403) == (operation["x-scope"] not in ROLES[role]), (method, path, response.text)


async def test_a_keys_scopes_narrow_its_role_and_never_widen_it(agencies):
    narrow = await agencies("owner", ("clients:read",))
    assert (await narrow.http.get("/clients")).status_code == 200
    assert "tasks:read" in problem(await narrow.http.get("/tasks"), 403, "forbidden")["detail"]
    wide = await agencies("auditor", ("clients:write",))
    problem(await wide.http.post("/clients", json={"slug": "x", "name": "X"}), 403, "forbidden")


async def test_a_revoked_and_an_expired_key_hold_no_longer(address, ours, database):
    async with database.transaction(ours.workspace.id) as connection:
        key, secret = await keys.create_key(connection, ours.workspace.id, "short", "owner")
        _, expired = await keys.create_key(connection, ours.workspace.id, "old", "owner", (), datetime.now(UTC) - timedelta(seconds=1))
    async with httpx.AsyncClient(base_url=address) as http:
        headers = {"Authorization": f"Bearer {secret}"}
        assert (await http.get("/api/v1/clients", headers=headers)).status_code == 200
        async with database.transaction(ours.workspace.id) as connection:
            assert await keys.revoke_key(connection, key.id)
        revoked = time.monotonic()
        while (await http.get("/api/v1/clients", headers=headers)).status_code == 200:
            assert time.monotonic() - revoked < 5
            await asyncio.sleep(0.2)
        problem(await http.get("/api/v1/clients", headers=headers), 401, "unauthorized")
        problem(await http.get("/api/v1/clients", headers={"Authorization": f"Bearer {expired}"}), 401, "unauthorized")
