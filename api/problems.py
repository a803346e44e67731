"""Errors as RFC 9457 problem details: what went wrong, in words for the person who gets it, and nothing of the inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

MEDIA_TYPE = "application/problem+json"
URN = "urn:groundwork:problem:"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="dotted path: body.brief, query.limit, header.idempotency-key")
    message: str


class Problem(BaseModel):
    """The body of every error answer (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description=f"{URN}<name>, stable; about:blank when the status says it all")
    title: str = Field(description="the same for every problem of this type")
    status: int
    detail: str = Field(description="what went wrong this time and what to do")
    instance: str = Field(description="the path that was asked for")
    request_id: str = Field(description="also in the X-Request-ID header and in our log")
    errors: list[FieldError] | None = Field(None, description="for a request that is not valid: each field at fault")


class ApiProblem(HTTPException):
    """A problem that a handler raises. Subclasses name their status, type and title."""

    status: ClassVar[int]
    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **more: Any):
        super().__init__(self.status, detail, headers)
        self.more = more


class Unauthorized(ApiProblem):
    """No key, or none that we know."""

    status, name, title = 401, "unauthorized", "An API key is needed"

    def __init__(self, detail: str = "send your key as `Authorization: Bearer gw_…`; it may be wrong, revoked or expired"):
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="groundwork"'})


class Forbidden(ApiProblem):
    """The key is good but may not do this."""

    status, name, title = 403, "forbidden", "This key may not do that"


class NotFound(ApiProblem):
    """It does not exist, or not in this workspace: the two are not told apart."""

    status, name, title = 404, "not-found", "There is no such thing here"


class NotAcceptable(ApiProblem):
    """No format that was asked for is one that we have."""

    status, name, title = 406, "not-acceptable", "That format is not offered"


class Conflict(ApiProblem):
    """It contradicts what is already there."""

    status, name, title = 409, "conflict", "This contradicts what is there"


class IdempotencyConflict(ApiProblem):
    """The key was used for another request."""

    status, name, title = 409, "idempotency-conflict", "This Idempotency-Key belongs to another request"


class TooLarge(ApiProblem):
    """The body is over the limit."""

    status, name, title = 413, "too-large", "The body is too large"


class InvalidRequest(ApiProblem):
    """A request that we understood but cannot take."""

    status, name, title = 422, "invalid-request", "The request is not valid"


class InvalidInput(ApiProblem):
    """What a tool or a task says is wrong with its request."""

    status, name, title = 422, "invalid-input", "The input cannot be used"


class NotEnoughDataProblem(ApiProblem):
    """The data cannot carry the answer."""

    status, name, title = 422, "not-enough-data", "There is not enough data for this"


class NotReplayableProblem(ApiProblem):
    """The record cannot be computed again."""

    status, name, title = 409, "not-replayable", "This record cannot be computed again"


class StorageFull(ApiProblem):
    """No room for what was sent."""

    status, name, title = 507, "storage-full", "There is no room for this"


class TooMany(ApiProblem):
    """The key asks more often than it may."""

    status, name, title = 429, "too-many-requests", "This key asks too often"

    def __init__(self, detail: str, *, after: int):
        super().__init__(f"{detail}; come back in {after} s", headers={"Retry-After": str(after)})


class Unavailable(ApiProblem):
    """Something that we stand on is down."""

    status, name, title = 503, "unavailable", "The service is not available just now"

    def __init__(self, detail: str):
        super().__init__(detail, headers={"Retry-After": "5"})


PROBLEM_SCHEMA = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares for its error answers."""
    return {status: {"description": HTTPStatus(status).phrase, **PROBLEM_SCHEMA} for status in statuses}


class ProblemResponse(JSONResponse):
    """A problem as it goes out; half a surrogate pair, which a caller can send and UTF-8 cannot hold, becomes a question mark."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def problem(
    request: Request, status: int, name: str, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer for a problem."""
    body = {
        "type": URN + name if name else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.scope["path"],
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        **more,
    }
    if request.scope["path"].startswith("/v1/"):
        # OpenAI's clients show what stands here; the document is the same
        body["error"] = {"message": detail, "type": name or "invalid_request_error", "code": name or None, "param": more.get("field")}
    return ProblemResponse(body, status, headers)


def answer(request: Request, error: Exception) -> JSONResponse:
    """The problem that an exception stands for; 500 without a word of the inside for one that nobody expected."""
    known = translate(error)
    if isinstance(known, ApiProblem):
        return problem(request, known.status, known.name, known.title, known.detail, _headers(known), **known.more)
    if isinstance(known, RequestValidationError):
        errors = [{"field": ".".join(str(part) for part in entry["loc"]), "message": entry["msg"]} for entry in known.errors()]
        detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors[:3])
        return problem(request, 422, InvalidRequest.name, InvalidRequest.title, detail, errors=errors)
    if isinstance(known, HTTPException) and known.status_code == 400:
        return problem(request, 422, InvalidRequest.name, InvalidRequest.title, "the body cannot be read as what its Content-Type says")
    if isinstance(known, HTTPException):
        phrase = HTTPStatus(known.status_code).phrase
        detail = _PLAIN.get(known.status_code) or (known.detail if isinstance(known.detail, str) else phrase)
        return problem(request, known.status_code, "", phrase, detail, _headers(known))
    return problem(request, 500, "internal", "Something went wrong on our side", "it is in our log under this request_id")


_PLAIN = {
    404: "nothing is at this address; GET /api/v1/openapi.json lists what there is",
    405: "this address does not take that method",
}


def _headers(error: HTTPException) -> dict[str, str] | None:
    return dict(error.headers) if error.headers else None


def translate(error: Exception) -> Exception:
    """What the rooms below raise, as problems."""
    import psycopg

    from graphs.approving import NoSuchApproval
    from graphs.experimenting import NoSuchExperiment
    from graphs.replay import NoSuchEvidence, NotReplayable
    from graphs.scheduling import NoSuchSchedule
    from graphs.tasks import NoSuchClient
    from graphs.turns import NoSuchThread
    from store.errors import Conflict as StoreConflict
    from store.errors import DatabaseUnavailable, NotAllowed, NotMigrated, StoreError
    from store.idempotency import KeyReused
    from tools.contract import NotEnoughData, ToolRefusal
    from tools.registry import UnknownTool

    if isinstance(error, NotReplayable):
        return NotReplayableProblem(error.message)
    if isinstance(error, ToolRefusal) and error.kind == "conflict":
        return Conflict(error.message)
    if isinstance(error, ToolRefusal) and error.kind == "disk_full":
        return StorageFull(error.message)
    if isinstance(error, ToolRefusal):
        refused = NotEnoughDataProblem if isinstance(error, NotEnoughData) else InvalidInput
        more: dict[str, Any] = {key: value for key, value in error.as_json().items() if key not in ("message", "kind") and value}
        return refused(error.message, **more)
    if isinstance(error, UnknownTool | NoSuchApproval | NoSuchClient | NoSuchThread | NoSuchExperiment | NoSuchSchedule):
        return NotFound(str(error))
    if isinstance(error, NoSuchEvidence):
        return NotFound("there is no such evidence in this workspace")
    if isinstance(error, psycopg.DataError | UnicodeEncodeError):
        return InvalidRequest("a text holds a character that cannot be kept: NUL, or half of a surrogate pair; or a number is out of range")
    if isinstance(error, DatabaseUnavailable | psycopg.OperationalError | psycopg.InterfaceError):
        return Unavailable("the database cannot be reached; nothing was changed")
    if isinstance(error, NotMigrated):
        return Unavailable("the database is not migrated to this release")
    if isinstance(error, KeyReused):
        return IdempotencyConflict(str(error))
    if isinstance(error, NotAllowed):
        return Forbidden(str(error))
    if isinstance(error, StoreConflict):
        return Conflict(str(error))
    if isinstance(error, StoreError):
        return InvalidInput(str(error))
    return error


def methods_at(request: Request) -> list[str]:
    """The methods that this address takes: the router names those of one route only, where two share an address."""
    found: set[str] = set()
    for path, methods in request.app.openapi()["paths"].items():
        if compile_path(path)[0].match(request.scope["path"]):
            found.update(method.upper() for method in methods)
    return sorted(found)


Answer = Callable[[Request, Exception], Response]
"""What an error becomes."""


def install(app: FastAPI, answer: Answer = answer) -> None:
    """Give this application's own errors problems as answers; all others pass api/middleware.py, which does the same."""

    async def handle(request: Request, error: Exception) -> Response:
        response = answer(request, error)
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(methods_at(request))
        return response

    app.add_exception_handler(HTTPException, handle)
    app.add_exception_handler(RequestValidationError, handle)
