"""Requests made up from the OpenAPI file, sound and broken: each answer is one that the file promises, and none is a server error."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from api.app import create_app
from api.settings import ApiSettings
from grounding.evidence import Locale
from store.clients import create_client
from store.keys import create_key
from tests.api.conftest import running

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth,allow_header_conformance"
)
STREAM = "/api/v1/runs/{id}/events"
OPERATIONS = sum(len(methods) for methods in create_app().openapi()["paths"].values())


@pytest_asyncio.fixture(loop_scope="session")
async def secret(database, workspace) -> str:
    """The key of an owner with one client, `salon`."""
    async with database.transaction(workspace.id) as connection:
        await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
        return (await create_key(connection, workspace.id, "made up", "owner"))[1]


def made_up(address: str, secret: str, report: Path, *options: str) -> dict:
    """Run schemathesis against the service; its report. Fails with what it says."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {secret}", "--checks", CHECKS, "--seed", "1", "--no-shrink", "--continue-on-failure",
        "--warnings", "off", "--suppress-health-check", "all", "--report", "json", "--report-json-path", str(report), *options,
    ]  # fmt: skip
    ran = subprocess.run(command, cwd=report.parent, capture_output=True, text=True, timeout=1200, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    return json.loads(report.read_text())


def server_errors(address: str) -> float:
    """Answers of status 500 that the service itself has counted."""
    text = httpx.get(f"{address}/metrics").text
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(r"groundwork_http_requests_total\{.*status=\"5", line)
    )


# small limits: a megabyte of text at the edge of a type is answered too, but not in the time of a test
LIMITS = {"rate_limit": 0, "body_limit": 32 * 1024, "upload_limit": 128 * 1024}


@pytest.mark.timeout(900)
def test_each_operation_keeps_its_promises_at_the_edges_of_its_types(store_settings, secret, tmp_path):
    with running(ApiSettings(**LIMITS), store_settings) as address:
        before = server_errors(address)
        report = made_up(
            address, secret, tmp_path / "report.json", "--phases", "examples,coverage", "--max-time", "600", "--exclude-path", STREAM,
            "--request-timeout", "30",
        )  # fmt: skip
        assert server_errors(address) == before
    assert report["operations"]["tested"] == OPERATIONS - 1
    assert report["test_cases"]["generated"] > 10 * OPERATIONS


@pytest.mark.soak
def test_minutes_of_made_up_requests_and_chains_of_them_break_nothing(store_settings, secret, tmp_path):
    with running(ApiSettings(rate_limit=0, heartbeat_seconds=1), store_settings) as address:
        before = server_errors(address)
        made_up(address, secret, tmp_path / "report.json", "--max-time", "300", "--max-examples", "60", "--request-timeout", "20")
        assert server_errors(address) == before
