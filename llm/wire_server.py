"""A small server that speaks OpenAI's and Anthropic's protocols over real HTTP, on loopback.

It answers with the offline rules, so that both SDKs can run a whole task without a provider, or from a script of
replies and faults, for tests. `python -m llm.wire_server --port 8898`
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, TracebackType
from typing import Any, Self

from llm.wire import anthropic, chat, responses
from llm.wire.hearing import NotUnderstood, hear
from llm.wire.script import Fault, Protocol, Reply, Scripted, Spoken, ToolUse

DOORS: dict[str, tuple[Protocol, ModuleType]] = {
    "/v1/chat/completions": ("chat", chat),
    "/v1/responses": ("responses", responses),
    "/v1/messages": ("messages", anthropic),
}
KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
         413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}  # fmt: skip
LARGEST_BODY = 64 * 1024 * 1024


@dataclass
class WireServer:
    """The server as a context manager; `spoken` holds every request it understood, in order.

    `script` is used up in order; after it the rules answer. With `key` set, a request without it gets 401.
    """

    script: Iterable[Scripted] = ()
    port: int = 0
    key: str | None = None
    spoken: list[Spoken] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._left: Iterator[Scripted] = iter(self.script)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.wire = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def anthropic_base_url(self) -> str:
        """For GROUNDWORK_ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_base_url(self) -> str:
        """For GROUNDWORK_OPENAI_BASE_URL."""
        return f"{self.anthropic_base_url}/v1"

    def heard(self, protocol: Protocol, body: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[Spoken, Scripted]:
        """Note a request and decide what it gets. Raises NotUnderstood."""
        with self._lock:
            spoken = hear(protocol, body, len(self.spoken) + 1)
            self.spoken.append(spoken)
            self.headers.append(headers)
            scripted = next(self._left, None)
        return spoken, scripted if scripted is not None else by_rules(spoken)


def by_rules(spoken: Spoken) -> Reply:
    """What the offline rules say to a request."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    from llm.offline.planner import turn_of

    made = {
        "system": lambda m: SystemMessage(m["text"]),
        "user": lambda m: HumanMessage(m["text"]),
        "tool": lambda m: ToolMessage(m["text"], tool_call_id=m["call_id"]),
        "assistant": lambda m: AIMessage(
            m["text"], tool_calls=[{"id": c["id"], "name": c["name"], "args": c["arguments"]} for c in m.get("calls", ())]
        ),
    }
    tools = [{"type": "function", "function": dict(tool)} for tool in spoken.tools]
    turn = turn_of([made[message["role"]](message) for message in spoken.messages], tools)
    return Reply(turn.text, tuple(ToolUse(name, arguments) for name, arguments in turn.calls))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    wire: WireServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: a request holds a client's data."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": "offline-rules-v1", "object": "model", "owned_by": "groundwork"}]})
        else:
            self._json(404, chat.error("not_found_error", f"there is no {self.path} here"))

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        if body is None or not self._let_in():
            return
        if path == "/v1/embeddings":
            self._embeddings(body)
        elif path in DOORS:
            self._answer(*DOORS[path], body)
        else:
            self._json(404, chat.error("not_found_error", f"there is no {path} here"))

    def _answer(self, protocol: Protocol, door: ModuleType, body: dict[str, Any]) -> None:
        try:
            spoken, scripted = self.server.wire.heard(protocol, body, {k.lower(): v for k, v in self.headers.items()})
        except (NotUnderstood, KeyError, TypeError, AttributeError) as error:
            self._json(400, door.error("invalid_request_error", f"{type(error).__name__}: {error}"))
            return
        if isinstance(scripted, Fault) and (scripted.kind == "status" or not spoken.stream):
            self._fail(door, scripted)
            return
        reply = scripted if isinstance(scripted, Reply) else by_rules(spoken)
        if spoken.stream:
            self._stream(door, spoken, reply, scripted if isinstance(scripted, Fault) else None)
        else:
            self._json(200, door.body(spoken, reply))

    def _body(self) -> dict[str, Any] | None:
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._json(413, chat.error("request_too_large", "the request is too large"))
            return None
        try:
            body = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._json(400, chat.error("invalid_request_error", "the body is no JSON object"))
            return None
        return body

    def _let_in(self) -> bool:
        key = self.server.wire.key
        given = self.headers.get("x-api-key") or (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if key is None or given == key:
            return True
        self._json(401, chat.error("authentication_error", "invalid key"))
        return False

    def _fail(self, door: ModuleType, fault: Fault) -> None:
        """A failure before the answer. Without a stream there is no middle to fail in, so the connection is closed or waits."""
        if fault.kind == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault.kind == "pause":
            time.sleep(fault.seconds)
        status = {"overloaded_in_stream": 529, "pause": 504}.get(fault.kind, fault.status)
        kind = fault.type or KINDS.get(status, "api_error")
        self._json(status, door.error(kind, fault.message), {"retry-after": fault.retry_after} if fault.retry_after is not None else {})

    def _stream(self, door: ModuleType, spoken: Spoken, reply: Reply, fault: Fault | None) -> None:
        self.send_response(200)
        for name, value in (("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("transfer-encoding", "chunked")):
            self.send_header(name, value)
        self.end_headers()
        events = list(door.events(spoken, reply))
        try:
            for index, event in enumerate(events):
                if fault is not None and index == len(events) // 2:
                    if fault.kind == "cut":
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    if fault.kind == "overloaded_in_stream":
                        self._chunk(door.failure(fault.type or "overloaded_error", fault.message))
                        break
                    time.sleep(fault.seconds)
                self._chunk(event)
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            # The client gave up waiting, which is what a test of stalls wants of it.
            self.close_connection = True

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _embeddings(self, body: Mapping[str, Any]) -> None:
        from llm.embeddings import LexicalEmbedder

        texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
        rows = LexicalEmbedder().embed(texts)[:, : body.get("dimensions") or None]
        data = [{"object": "embedding", "index": index, "embedding": row.tolist()} for index, row in enumerate(rows)]
        self._json(200, {"object": "list", "model": body["model"], "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}})

    def _json(self, status: int, content: Mapping[str, Any], extra: Mapping[str, str] | None = None) -> None:
        data = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **(extra or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Answer OpenAI's and Anthropic's protocols with the offline rules, on loopback.")
    parser.add_argument("--port", type=int, default=8898)
    parser.add_argument("--key", help="ask for this key")
    chosen = parser.parse_args()
    with WireServer(port=chosen.port, key=chosen.key) as server:
        print(f"GROUNDWORK_MODEL=openai:offline GROUNDWORK_OPENAI_BASE_URL={server.openai_base_url}")  # noqa: T201
        print(f"GROUNDWORK_MODEL=anthropic:offline GROUNDWORK_ANTHROPIC_BASE_URL={server.anthropic_base_url}")  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
