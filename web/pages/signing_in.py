"""Sign in by password or by a link that works once, set a password, sign out."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from api.auth import database
from api.rates import RateLimit
from store import audit, members, sessions
from store.errors import StoreError
from web.desk import AtDesk
from web.fields import as_sentence
from web.rendering import html
from web.settings import WebSettings
from web.visiting import COOKIE, Pages, drop_cookie, keep_cookie

router = Pages("clients")

WRONG = "The address or the password is not right."
GONE = "This link does not hold any more: it works once, and for a limited time. Ask for a new one."

_tries = RateLimit(rate=0.1, burst=10)
"""sign-ins per address and per peer in this process: ten at once, then one in ten seconds"""

Text = Annotated[str, Form(max_length=300)]


def local(next: str) -> str:
    """Where to go on: an address of ours, never another host's."""
    # a browser leaves tabs and line breaks out of an address before it reads it
    return next if next.startswith("/") and not next.startswith(("//", "/\\")) and next.isprintable() else "/"


@router.page("/sign-in", public=True)
async def ask(request: Request, next: str = "/") -> Response:
    """The form."""
    return html(request, "sign_in.html", next=local(next), email="", wrong="")


@router.page("/sign-in", methods=("POST",), public=True)
async def sign_in(request: Request, email: Text = "", password: Annotated[str, Form(max_length=1000)] = "", next: Text = "/") -> Response:
    """Sign in. The answer is the same whether the address or the password is wrong."""
    # the peer first: one that is held back uses up no address, and fills no memory with addresses
    _tries.take(f"peer:{request.client.host if request.client else ''}")
    _tries.take(f"address:{email.strip().lower()}")
    async with database(request).transaction(None) as connection:
        known = await members.find_member(connection, email.strip())
    good = await asyncio.to_thread(members.check_password, known.password_hash if known else None, password)
    if known is None or not good:
        return html(request, "sign_in.html", status=401, next=local(next), email=email, wrong=WRONG)
    return await _let_in(request, known.workspace_id, known.id, local(next))


@router.page("/welcome/{secret}", public=True)
async def welcome(request: Request, secret: str) -> Response:
    """Whom the link is for. Looking does not spend it, so that a mail program's preview does not."""
    async with database(request).transaction(None) as connection:
        invited = await sessions.read_link(connection, secret)
    if invited is None:
        return html(request, "welcome.html", status=410, invited=None, secret="", wrong=GONE, shortest=members.SHORTEST_PASSWORD)
    return html(request, "welcome.html", invited=invited, secret=secret, wrong="", shortest=members.SHORTEST_PASSWORD)


@router.page("/welcome/{secret}", methods=("POST",), public=True)
async def enter(request: Request, secret: str, password: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Spend the link: sign in, with a password for the next time if one was given."""
    hashed = None
    async with database(request).transaction(None) as connection:
        invited = await sessions.read_link(connection, secret)
    if invited is not None and password:
        try:
            hashed = await asyncio.to_thread(members.hash_password, password)
        except StoreError as error:
            return html(
                request,
                "welcome.html",
                status=422,
                invited=invited,
                secret=secret,
                wrong=as_sentence(error),
                shortest=members.SHORTEST_PASSWORD,
            )
    async with database(request).transaction(None) as connection:
        invited = await sessions.read_link(connection, secret, use=True)
    if invited is None:
        return html(request, "welcome.html", status=410, invited=None, secret="", wrong=GONE, shortest=members.SHORTEST_PASSWORD)
    if hashed is not None:
        async with database(request).transaction(invited.workspace_id) as connection:
            await members.set_password(connection, invited.member_id, hashed)
    return await _let_in(request, invited.workspace_id, invited.member_id, "/")


@router.page("/sign-out", methods=("POST",), scope=None)
async def sign_out(desk: AtDesk) -> Response:
    """End the session."""
    await sessions.end_session(desk.connection, desk.who.session.id)
    await audit.note(desk.connection, desk.actor, "session.end", desk.who.session.id)
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(response)
    return response


async def _let_in(request: Request, workspace_id: str, member_id: str, next: str) -> Response:
    settings = WebSettings()
    async with database(request).transaction(workspace_id) as connection:
        secret = await sessions.open_session(connection, member_id, hours=settings.session_hours)
        await audit.note(connection, f"member:{member_id}", "session.begin", member_id)
        old = request.cookies.get(COOKIE)
        before = await sessions.find_session(connection, old) if old else None
        if before is not None and before.workspace_id == workspace_id:
            await sessions.end_session(connection, before.id)
    response = RedirectResponse(next, 303)
    keep_cookie(request, response, secret, settings)
    return response
