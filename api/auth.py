"""Who calls, and what they may do. A route gets its scope when it is registered; it has to opt out, not in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Forbidden, Unauthorized, responses
from store.database import Connection, Database

NOUNS = (
    "approvals",
    "clients",
    "deliverables",
    "documents",
    "evidence",
    "experiments",
    "imports",
    "members",
    "policies",
    "schedules",
    "tasks",
    "threads",
    "tools",
)
READ = frozenset(f"{noun}:read" for noun in NOUNS)
WRITE = frozenset(f"{noun}:write" for noun in NOUNS)

ROLES: dict[str, frozenset[str]] = {
    "owner": READ | WRITE,
    "strategist": (READ | WRITE) - {"policies:write", "members:write"},
    "writer": READ | {"threads:write", "tasks:write", "tools:write", "documents:write"},
    "approver": READ | {"approvals:write"},
    "auditor": READ,
    "client": frozenset({"deliverables:read"}),
}
"""What a role may do at most; a key's own scopes narrow it. `client` is for the portal: what was published for its one client."""

SCOPES = tuple(sorted(READ | WRITE))

bearer = HTTPBearer(
    auto_error=False, scheme_name="key", bearerFormat="gw_…", description="an API key; `groundwork key create` makes one and shows it once"
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, their workspace and what they may do; `client_id`: the one client that those of the portal see.

    `actor` is `key:…` or `member:…`, as the audit log names them.
    """

    actor: str
    workspace_id: str
    role: str
    scopes: frozenset[str]
    client_id: str | None = None


def may(role: str, scopes: tuple[str, ...] | list[str]) -> frozenset[str]:
    """What a key of this role and these scopes may do: scopes narrow a role and never widen it."""
    return ROLES[role] & frozenset(scopes) if scopes else ROLES[role]


def database(request: Request) -> Database:
    """The open database of this process. Raises DatabaseUnavailable."""
    return request.app.state.house.database


async def principal(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Principal:
    """The caller. Raises Unauthorized, the same whether the key is unknown, revoked or expired, and TooMany."""
    if credentials is None:
        raise Unauthorized
    house = request.app.state.house
    key = await house.keys.find(database(request), credentials.credentials)
    if key is None:
        raise Unauthorized
    caller = Principal(f"key:{key.id}", key.workspace_id, key.role, may(key.role, key.scopes), key.client_id)
    request.state.workspace_id, request.state.actor = caller.workspace_id, caller.actor
    house.rates.take(key.id)
    return caller


Caller = Annotated[Principal, Depends(principal)]


async def transaction(request: Request, caller: Caller) -> AsyncIterator[Connection]:
    """One transaction around the handler, in the caller's workspace: committed before the answer leaves, rolled back on any error."""
    async with database(request).transaction(caller.workspace_id) as connection:
        yield connection


Transaction = Annotated[Connection, Depends(transaction, scope="function")]


def allow(scope: str) -> Callable[..., Any]:
    """A dependency that lets callers with this scope through."""

    async def check(caller: Caller) -> None:
        if scope not in caller.scopes:
            raise Forbidden(f"this needs the scope {scope!r}, which neither the key's role {caller.role!r} nor its own scopes give")

    return check


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def needs(scope: str) -> Callable[[Endpoint], Endpoint]:
    """Put under a route's decorator: another scope than the noun and method give."""
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["scope"] = scope
        return endpoint

    return mark


def public(endpoint: Endpoint) -> Endpoint:
    """Put under a route's decorator: anyone may call it."""
    endpoint.__dict__["public"] = True
    return endpoint


class GuardedRouter(APIRouter):
    """Routes of one noun: reading needs `<noun>:read` and anything else `<noun>:write`, unless the route says otherwise."""

    def __init__(self, noun: str, **options: Any):
        super().__init__(prefix=f"/{noun}", tags=[noun], **options)
        self.noun = noun

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Register with the guard and the error answers that follow from it."""
        if not getattr(endpoint, "public", False):
            reads = set(options.get("methods") or ["GET"]) <= {"GET", "HEAD"}
            scope = getattr(endpoint, "scope", f"{self.noun}:{'read' if reads else 'write'}")
            if scope not in SCOPES:
                raise ValueError(f"there is no scope {scope!r} for {path}")
            options["dependencies"] = [Depends(allow(scope)), *(options.get("dependencies") or [])]
            options["responses"] = {**responses(401, 403, *(() if reads else (413,)), 422, 429, 503), **(options.get("responses") or {})}
            options["openapi_extra"] = {"x-scope": scope, **(options.get("openapi_extra") or {})}
        super().add_api_route(path, endpoint, **options)
