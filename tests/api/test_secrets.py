"""No secret is seen: not in the logs of server and worker, not in an answer, an event or a task's error, whatever goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from api.logs import redact, secrets_of
from grounding.evidence import Locale
from llm.settings import ModelSettings
from store import embedded
from store.clients import create_client
from store.database import Database
from store.keys import create_key
from store.migrate import migrate
from store.settings import StoreSettings
from store.workspaces import create_workspace
from tests.api.support import BRIEF

PROVIDER_KEY = "unpatterned.7f3a9c1e55d20b44"
"""Unlike the keys of the large providers: only somebody who knows it can blot it out."""


class Echo(BaseHTTPRequestHandler):
    """A provider that refuses every key and, as some do, says which one it was given."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = f'{{"error": {{"message": "Incorrect API key provided: {self.headers["Authorization"]}", "code": "invalid_api_key"}}}}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()


@pytest.fixture
def own_home() -> Iterator[Path]:
    """A migrated database of this test alone, which it may stop."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-secrets-")).resolve()
    urls = embedded.start(folder, durable=False)
    migrate(urls.owner, urls.app)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


async def agency(home: Path) -> str:
    """The secret of a key to a workspace with a client."""
    database = await Database.open(embedded.urls(home).app)
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Agency (simulated)")
    async with database.transaction(workspace.id) as connection:
        await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
        _, secret = await create_key(connection, workspace.id, "test", "owner")
    await database.close()
    return secret


@contextlib.contextmanager
def serving(home: Path, provider: str, log: Path) -> Iterator[str]:
    """`groundwork serve --with-worker` as a person runs it; everything that it writes goes to the log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL")},
        "GROUNDWORK_HOME": str(home), "GROUNDWORK_LOG_LEVEL": "debug", "GROUNDWORK_DATABASE_WAIT": "0.5", "GROUNDWORK_MODEL": "openai:any",
        "GROUNDWORK_OPENAI_BASE_URL": provider, "OPENAI_API_KEY": PROVIDER_KEY, "GROUNDWORK_MODEL_ATTEMPTS": "2",
        "GROUNDWORK_MODEL_BACKOFF_S": "0.1",
    }  # fmt: skip
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port), "--with-worker"]
    with log.open("wb") as target:
        process = subprocess.Popen(command, env=environment, stdout=target, stderr=target)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_neither_logs_nor_answers_hold_a_secret(own_home, provider, tmp_path):
    secret, log, seen = asyncio.run(agency(own_home)), tmp_path / "log", []
    urls = embedded.urls(own_home)
    passwords = [urlsplit(url).password for url in (urls.app, urls.owner, urls.superuser)]
    with serving(own_home, provider, log) as address, httpx.Client(timeout=60) as http:

        def ask(method: str, path: str, **more: Any) -> httpx.Response:
            answer = http.request(method, address + path, headers={"Authorization": f"Bearer {secret}"}, **more)
            seen.append(answer.text)
            return answer

        task = ask("POST", "/tasks", json={"client": "salon", "brief": BRIEF}).json()
        ask("GET", f"/clients?key={secret}")
        http.get(f"{address}/tasks/{secret}", headers={"Authorization": f"Bearer {secret}"})
        http.get(f"{address}/tasks", headers={"Authorization": f"Bearer {secret[:-1]}"})
        http.get(f"{address}/tasks", headers={"Authorization": f"Basic {secret}"})
        ask("POST", "/clients", content=f'{{"slug": "{secret}'.encode())
        deadline = time.monotonic() + 60
        while (found := ask("GET", f"/tasks/{task['id']}").json())["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.2)
        assert found["status"] == "failed"
        assert found["error"]
        ask("GET", f"/runs/{task['id']}/events")
        embedded.stop(own_home)
        assert ask("GET", "/tasks").status_code == 503
        assert http.get(address.replace("/api/v1", "/readyz")).status_code == 503
        embedded.start(own_home, durable=False)
    written = log.read_text()
    assert task["id"] in "".join(seen)
    assert '"status": 503' in written
    assert '"event": "request"' in written
    for hidden in (secret, secret[:-1], PROVIDER_KEY, *passwords):
        assert hidden
        assert hidden not in written, next(line for line in written.splitlines() if hidden in line)
        assert hidden not in "".join(seen)


def test_what_settings_keep_secret_is_known_and_blotted_out():
    store = StoreSettings(database_url=SecretStr("postgresql://app:p%40ssword-of-app@db/x"), secret=SecretStr("workspace secret"))
    known = secrets_of(store, ModelSettings(openai_api_key=SecretStr(PROVIDER_KEY)))
    text = redact(f"{PROVIDER_KEY}, p@ssword-of-app and p%40ssword-of-app, workspace secret", known)
    assert text == "[redacted], [redacted] and [redacted], [redacted]"
