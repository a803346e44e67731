"""What happens around every request: an id, a log line, a measurement, secure headers, and a problem for what nobody caught."""

from __future__ import annotations

import re
import time
import traceback

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import REQUEST_SECONDS, REQUESTS
from api.problems import Answer, answer
from grounding.ids import new_id

log = structlog.get_logger("api")

GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECRET = re.compile(r"^(/(?:shared|welcome)/)[^/]+")
"""Addresses of pages whose second part is a secret: whoever reads the log may not open them."""
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
SECURE = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""A route that serves a page sets its own Content-Security-Policy."""


class Around:
    """The outermost of our layers, in plain ASGI so that streams pass through unbuffered."""

    def __init__(self, app: ASGIApp, answer: Answer = answer):
        self.app, self.answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else new_id("req")
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURE.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_on)
        except Exception as error:
            response = self.answer(Request(scope), error)
            if response.status_code >= 500:
                trace = "".join(traceback.format_exception(error)) if response.status_code == 500 else None
                log.error("request failed", reason=f"{type(error).__name__}: {error}", trace=trace)
            if status:
                raise
            await response(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", None) or "(none)"
            method = scope["method"] if scope["method"] in METHODS else "other"
            REQUESTS.labels(method, route, str(status or 499)).inc()
            REQUEST_SECONDS.labels(method, route).observe(seconds)
            if scope["path"] not in QUIET:
                log.info(
                    "request",
                    method=scope["method"],
                    path=SECRET.sub(r"\1…", scope["path"]),
                    status=status or 499,
                    ms=round(seconds * 1000, 1),
                    workspace=state.get("workspace_id"),
                    actor=state.get("actor"),
                )
