"""A key does what its role and scopes say and no more, as long as it holds."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.app import create_app
from api.auth import ROLES, SCOPES
from store import keys
from tests.api.support import problem


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
