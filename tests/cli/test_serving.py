"""`groundwork serve` as a process: it answers, also with several processes on one port, and ends in order when told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import uvicorn

from api.settings import ApiSettings
from cli.serving import listening

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("processes", [1, 2])
def test_serve_answers_on_its_port_and_ends_when_told_to(processes, home, urls, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free_port = free.getsockname()[1]
    environment = os.environ | {"GROUNDWORK_HOME": str(home), "GROUNDWORK_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(free_port), "--processes", str(processes)]
    log = tmp_path / "serve.log"
    with log.open("wb") as said:
        server = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=said, stderr=said)
    try:
        ready = answer(f"http://127.0.0.1:{free_port}/healthz", server, log)
        described = answer(f"http://127.0.0.1:{free_port}/api/v1/openapi.json", server, log)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(40)
    assert code == 0
    assert ready["status"] == "ok"
    assert "/api/v1/tasks" in described["paths"]
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    assert all(json.loads(line)["event"] for line in lines)
    assert any("/api/v1/openapi.json" in line for line in lines)


def answer(url: str, server: subprocess.Popen[bytes], log: Path) -> dict[str, object]:
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return json.load(response)
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


@pytest.mark.parametrize(("trusted", "seen"), [("", ("http", "10.0.0.1")), ("10.0.0.0/8", ("https", "203.0.113.9"))])
async def test_only_a_proxy_that_is_named_says_who_asks_and_how(trusted, seen):
    found = []

    async def app(scope, receive, send):
        found.append((scope["scheme"], scope["client"][0]))

    config = uvicorn.Config(app, interface="asgi3", **listening(ApiSettings(trusted_proxies=trusted)))
    config.load()
    headers = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"203.0.113.9")]
    await config.loaded_app({"type": "http", "scheme": "http", "client": ("10.0.0.1", 4711), "headers": headers}, None, None)
    assert found == [seen]


def test_the_version_is_told():
    done = subprocess.run([sys.executable, "-m", "cli.main", "--version"], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert re.fullmatch(r"groundwork \d+\.\d+\S*\n", done.stdout)
