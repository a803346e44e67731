"""Who is at the page: the session behind the cookie, what it may do, and the guard of every route of a page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import ROLES, SCOPES, Principal, database
from api.problems import ApiProblem, Forbidden
from store import sessions
from store.sessions import Session
from web.settings import WebSettings

COOKIE = "groundwork_session"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class SignedOut(ApiProblem):
    """There is no session, or it has ended."""

    status, name, title = 401, "signed-out", "You are signed out"
    PLAIN: ClassVar[str] = "Sign in again in another tab and come back: what you typed is still here."

    def __init__(self) -> None:
        super().__init__(self.PLAIN)


class Stale(Forbidden):
    """The form does not carry the session's token: it was open before somebody signed in anew, or it is not one of ours."""

    name, title = "stale-form", "This form is out of date"

    def __init__(self) -> None:
        super().__init__("Reload the page and send it again. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    session: Session
    caller: Principal

    def may(self, scope: str) -> bool:
        """Whether they may do this."""
        return scope in self.caller.scopes


async def visitor(request: Request) -> Visitor:
    """The visitor of this request. Raises SignedOut."""
    secret = request.cookies.get(COOKIE)
    session = None
    if secret:
        async with database(request).transaction(None) as connection:
            session = await sessions.find_session(connection, secret)
    if session is None:
        raise SignedOut
    caller = Principal(f"member:{session.member_id}", session.workspace_id, session.role, ROLES[session.role], session.client_id)
    request.state.workspace_id, request.state.actor = caller.workspace_id, caller.actor
    request.app.state.house.rates.take(caller.actor)
    return Visitor(session, caller)


Who = Annotated[Visitor, Depends(visitor)]


async def unforged(request: Request, who: Who) -> None:
    """Raises Stale when what changes something does not carry the session's token, in a field or in a header."""
    given: Any = request.headers.get("x-csrf-token")
    if given is None:
        given = (await request.form()).get("csrf")
    if not isinstance(given, str) or not secrets.compare_digest(given.encode(), who.session.csrf.encode()):
        raise Stale


async def from_here(request: Request) -> None:
    """Raises Stale for a form that a page of another site sent: where nobody is signed in there is no token to tell it by."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Stale


def allow(scope: str) -> Callable[..., Any]:
    """A dependency that lets visitors with this scope through."""

    async def check(who: Who) -> None:
        need(who, scope)

    return check


def need(who: Visitor, scope: str) -> None:
    """Raises Forbidden for a visitor without this scope."""
    if not who.may(scope):
        raise Forbidden(f"Your role, {who.caller.role}, does not allow this ({scope}). An owner of the workspace can change your role.")


class Pages(APIRouter):
    """Routes of one noun: reading needs `<noun>:read` and anything else `<noun>:write` and the session's token.

    `scope=` names another scope, `None` for whoever is signed in; `public=True` lets anybody in, from a page of ours.
    """

    def __init__(self, noun: str):
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)
        self.noun = noun

    def page(self, path: str, *, methods: tuple[str, ...] = ("GET",), scope: str | None = "", public: bool = False) -> Callable[..., Any]:
        """Register a route."""
        reads = set(methods) <= {"GET", "HEAD"}
        needed = f"{self.noun}:{'read' if reads else 'write'}" if scope == "" else scope
        if needed is not None and needed not in SCOPES:
            raise ValueError(f"there is no scope {needed!r} for {path}")
        guards = [] if public else [Depends(visitor)]
        if not public and needed is not None:
            guards.append(Depends(allow(needed)))
        if not reads:
            guards.append(Depends(from_here if public else unforged))
        return self.api_route(path, methods=list(methods), dependencies=guards, response_model=None)


def keep_cookie(request: Request, response: Response, secret: str, settings: WebSettings) -> None:
    """Sign the browser in."""
    secure = settings.secure_cookies if settings.secure_cookies is not None else request.url.hostname not in LOOPBACK
    response.set_cookie(COOKIE, secret, max_age=int(settings.session_hours * 3600), path="/", httponly=True, samesite="lax", secure=secure)


def drop_cookie(response: Response) -> None:
    """Sign the browser out; what its pages kept goes too."""
    response.delete_cookie(COOKIE, path="/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
