"""Alive, ready, measured; and what callers get while the database is away."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.settings import ApiSettings
from store import embedded
from store.migrate import migrate
from store.settings import StoreSettings
from tests.api.conftest import running
from tests.api.support import BRIEF, problem


async def test_alive_and_ready_without_a_key_and_no_live_worker_is_said(address):
    async with httpx.AsyncClient(base_url=address) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        response = await http.get("/readyz")
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["ready"], body["database"]["ok"], body["migrations"]["ok"], body["events"]["ok"]) == (True, True, True, True)
    assert body["workers"] == {"ok": False, "detail": "no live worker"}


async def test_metrics_are_prometheus_and_name_routes_not_ids(address, ours):
    await ours.http.get("/tasks/run_secretid")
    async with httpx.AsyncClient(base_url=address) as http:
        response = await http.get("/metrics")
    assert "run_secretid" not in response.text
    assert ours.workspace.id not in response.text
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    routes = {sample.labels["route"] for sample in families["groundwork_http_requests"].samples}
    assert "/tasks/{id}" in routes
    assert families["groundwork_database_up"].samples[0].value == 1
    assert families["groundwork_workers_alive"].samples[0].value == 0
    assert {sample.labels["state"] for sample in families["groundwork_queue_jobs"].samples} == {"waiting", "running"}


async def test_every_body_that_openapi_promises_for_a_list_is_what_comes(ours):
    schema = (await ours.http.get("/openapi.json")).json()
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert schema["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail", "instance", "request_id"]
    for methods in schema["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "x-scope" in operation:
                    assert list(answer["content"]) == ["application/problem+json"]


@pytest.fixture
def own_home() -> Iterator[Path]:
    """A database of this test alone, which it may stop."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-down-")).resolve()
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


async def until(http: httpx.AsyncClient, status: int, seconds: float = 20) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while (response := await http.get("/readyz")).status_code != status:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)
    return response


async def test_the_service_starts_before_its_database_and_outlives_its_fall(own_home):
    store = StoreSettings(home=own_home, database_url=None, migrate_url=None)
    with running(ApiSettings(database_wait=0.5), store) as address:
        headers = {"Authorization": "Bearer gw_0123456789ab_" + "x" * 43}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as http:
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/readyz")).json()["ready"] is False
            problem(await http.get("/api/v1/clients"), 503, "unavailable")
            urls = embedded.start(own_home, durable=False)
            migrate(urls.owner, urls.app)
            await until(http, 200)
            problem(await http.get("/api/v1/clients"), 401, "unauthorized")
            embedded.stop(own_home)
            down = await http.post("/api/v1/tasks", json={"client": "salon", "brief": BRIEF})
            body = problem(down, 503, "unavailable")
            assert down.headers["retry-after"] == "5"
            assert "postgresql://" not in down.text
            assert "nothing was changed" in body["detail"]
            assert (await http.get("/readyz")).status_code == 503
            assert "groundwork_database_up 0.0" in (await http.get("/metrics")).text
            embedded.start(own_home, durable=False)
            await until(http, 200)
            problem(await http.get("/api/v1/clients"), 401, "unauthorized")


async def test_cors_is_for_the_origins_that_were_named(store_settings):
    with running(ApiSettings(cors_origins=("https://app.example",)), store_settings) as address:
        async with httpx.AsyncClient(base_url=address) as http:
            asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
            allowed = await http.options("/api/v1/tasks", headers={"Origin": "https://app.example", **asked})
            refused = await http.options("/api/v1/tasks", headers={"Origin": "https://evil.example", **asked})
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in allowed.headers
    assert "access-control-allow-origin" not in refused.headers
