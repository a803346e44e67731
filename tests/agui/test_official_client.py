"""AG-UI by its official client, `@ag-ui/client` of npm, against `groundwork serve --with-worker`; run with `make test-agui`.

The client checks by itself that events come in an order that the protocol allows, and raises where they do not. It is installed into
a temporary folder from package-lock.json, which names versions and hashes and no address.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from demo.house import open_client
from demo.simulate import simulate
from graphs.services import Services
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store.database import Database
from store.importing.tables import import_table
from store.keys import create_key
from store.settings import StoreSettings
from store.workspaces import create_workspace
from tests.serving import served

HERE = Path(__file__).resolve().parent
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
MISSING = [name for name in ("node", "npm") if shutil.which(name) is None]

pytestmark = [
    pytest.mark.agui,
    pytest.mark.skipif(bool(MISSING), reason=f"the official AG-UI client needs Node.js: {' and '.join(MISSING)} not found"),
]


@dataclass(frozen=True)
class Desk:
    """The official client, and the server it talks to."""

    folder: Path
    address: str
    key: str

    async def say(self, *questions: str, client: str = "salon", thread: str, key: str | None = None) -> dict[str, Any]:
        """The turns of one conversation as the client saw them."""
        process = await asyncio.create_subprocess_exec(
            "node",
            "turn.mjs",
            self.address,
            client,
            thread,
            *questions,
            cwd=self.folder,
            env=os.environ | {"GROUNDWORK_KEY": key or self.key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 180)
        assert process.returncode == 0, err.decode()
        return json.loads(out.decode().splitlines()[-1])


OUT_OF_ORDER = (
    {"type": "RUN_STARTED", "threadId": "wrong", "runId": "run-0"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "a text that was never begun"},
    {"type": "RUN_FINISHED", "threadId": "wrong", "runId": "run-0"},
)


class OutOfOrder(BaseHTTPRequestHandler):
    """A server that tells a text without its beginning."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write("".join(f"data: {json.dumps(event)}\n\n" for event in OUT_OF_ORDER).encode())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official client in a folder outside of the repository."""
    folder = tmp_path_factory.mktemp("agui-client")
    for name in ("package.json", "package-lock.json", "turn.mjs"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"npm could not install the official client:\n{done.stderr}"
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(installed: Path, database: Database, store_settings: StoreSettings, tmp_path_factory) -> AsyncIterator[Desk]:
    """A server with a worker, offline rules, and the simulated salon with its data."""
    models = ModelSettings(model="offline")
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "AG-UI test (simulated)")
    salon = await open_client(Services(database, store_settings, models, embedder(models)), workspace, "salon")
    for name, table in simulate("salon").items():
        import_table(store_settings.facts_root, workspace.id, salon, name, table)
    async with database.transaction(workspace.id) as connection:
        _, secret = await create_key(connection, workspace.id, "agui", "owner")
    log = tmp_path_factory.mktemp("agui-server") / "serve.log"
    async with served(store_settings.home, log) as address:
        yield Desk(installed, address, secret)


def kinds(turn: dict[str, Any]) -> list[str]:
    return [event["type"] for event in turn["events"]]


async def test_the_official_client_raises_on_events_out_of_order(installed):
    """Else the tests below would say nothing of the order."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OutOfOrder) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        told = await Desk(installed, f"http://127.0.0.1:{server.server_address[1]}", "none").say("hi", thread="wrong")
        server.shutdown()
        thread.join()
    assert "TEXT_MESSAGE_CONTENT" in told["turns"][0]["error"]
    assert told["turns"][0]["outcome"] is None


async def test_a_turn_with_tools_is_followed_by_the_official_client(desk):
    told = await desk.say("What does a conversion cost us on Meta?", thread="figures")
    [turn] = told["turns"]
    assert turn["error"] is None
    seen = kinds(turn)
    assert (seen[0], seen[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert turn["outcome"] == "success"
    assert turn["events"][0]["threadId"] == "figures"
    assert turn["events"][0]["runId"] == "run-0"
    started = [event for event in turn["events"] if event["type"] == "TOOL_CALL_START"]
    assert "summarize_channels" in [event["toolCallName"] for event in started]
    results = [event for event in turn["events"] if event["type"] == "TOOL_CALL_RESULT"]
    assert sorted(event["toolCallId"] for event in started) == sorted(event["toolCallId"] for event in results)
    assert json.loads(results[0]["content"])["event"] == "tool_result"
    assert seen.count("STEP_STARTED") == seen.count("STEP_FINISHED") >= 3


async def test_the_official_client_keeps_the_messages_it_was_told(desk):
    told = await desk.say("Who are you?", "What does a conversion cost us on Meta?", thread="two turns")
    first, second = told["turns"]
    assert (first["outcome"], second["outcome"]) == ("success", "success")
    for turn in (first, second):
        said = "".join(event["delta"] for event in turn["events"] if event["type"] == "TEXT_MESSAGE_CONTENT")
        kept = "".join(message["content"] for message in turn["newMessages"] if message["role"] == "assistant" and message.get("content"))
        assert said == kept
        assert said
    assert "I am not a language model" in first["newMessages"][-1]["content"]
    roles = [message["role"] for message in told["messages"]]
    assert roles[:2] == ["user", "assistant"]
    assert roles.count("user") == 2
    assert "tool" in roles
    called = [call for message in told["messages"] for call in message.get("toolCalls") or ()]
    answered = [message["toolCallId"] for message in told["messages"] if message["role"] == "tool"]
    assert sorted(call["id"] for call in called) == sorted(answered)
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in called)


async def test_a_named_thread_goes_on_in_another_process(desk):
    await desk.say("Please remember that we write number one as 1.", thread="kept")
    told = await desk.say("Who are you?", thread="kept")
    assert told["turns"][0]["outcome"] == "success"
    async with httpx.AsyncClient(base_url=f"{desk.address}/api/v1", headers={"Authorization": f"Bearer {desk.key}"}) as http:
        [thread] = (await http.get("/threads", params={"q": "number one"})).json()["threads"]
        kept = (await http.get(f"/threads/{thread['id']}")).json()["messages"]
    assert [message["role"] for message in kept] == ["user", "assistant"] * 2


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"key": "gw_nobody"}, 401), ({"client": "nobody"}, 404), ({"thread": "th_01aaaaaaaaaaaaaaaaaaaaaaaa"}, 404)],
    ids=["another key", "another client", "another thread"],
)
async def test_what_is_refused_reaches_the_official_client_as_an_error(desk, changed, status):
    told = await desk.say("Who are you?", **{"thread": "refused", **changed})
    [turn] = told["turns"]
    assert str(status) in turn["error"]
    assert kinds(turn) == []
    assert [message["role"] for message in told["messages"]] == ["user"]
