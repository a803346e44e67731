"""API keys of the workspace: what programs come with. Owners make and revoke them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Form
from fastapi.responses import HTMLResponse, Response

from api.problems import NotFound
from store import audit, keys
from store.errors import StoreError
from store.keys import ROLES
from web.desk import Desk, back_to
from web.fields import as_sentence
from web.visiting import Pages
from web.work import AtWork

router = Pages("members")

LONGEST_NAME = 100
DAYS = (0, 30, 90, 365)
"""How long a key may hold; 0 is until it is revoked."""

Text = Annotated[str, Form(max_length=300)]


@router.page("/workspace/keys", scope="members:write")
async def listed(desk: AtWork) -> HTMLResponse:
    """The keys, without their secrets."""
    return await _page(desk)


async def _page(desk: Desk, *, typed: dict[str, str] | None = None, wrong: str = "", secret: str = "", name: str = "") -> HTMLResponse:
    given = {"name": "", "role": "strategist", "client": "", "days": "90"} | (typed or {})
    found = await keys.list_keys(desk.connection)
    return desk.page(
        "workspace_keys.html", section="workspace", status=422 if wrong else 200, found=found[::-1], now=datetime.now(UTC), given=given,
        wrong=wrong, secret=secret, name=name, roles=ROLES, days=DAYS, portals={one.id: one.name for one in desk.clients},
    )  # fmt: skip


@router.page("/workspace/keys", methods=("POST",))
async def create(desk: AtWork, name: Text = "", role: Text = "", client: Text = "", days: Text = "") -> Response:
    """Make a key and show its secret, once."""
    typed = {"name": name.strip(), "role": role, "client": client, "days": days}
    bound = next((one.id for one in desk.clients if one.slug == client), None) if role == "client" else None
    wrong = ""
    if not 1 <= len(typed["name"]) <= LONGEST_NAME:
        wrong = f"Say what the key is for, in 1 to {LONGEST_NAME} letters."
    elif role == "client" and bound is None:
        wrong = "Choose the client whose published deliverables the key sees."
    elif days not in map(str, DAYS):
        wrong = "Choose how long the key holds."
    if wrong:
        return await _page(desk, typed=typed, wrong=wrong)
    until = datetime.now(UTC) + timedelta(days=int(days)) if int(days) else None
    try:
        key, secret = await keys.create_key(desk.connection, desk.workspace_id, typed["name"], role, (), until, client_id=bound)  # type: ignore[arg-type]
    except StoreError as error:
        return await _page(desk, typed=typed, wrong=as_sentence(error))
    await audit.note(desk.connection, desk.actor, "key.create", key.id, {"role": role, "scopes": [], "client": client or None})
    return await _page(desk, secret=secret, name=key.name)


@router.page("/workspace/keys/{key}/revoke", methods=("POST",))
async def revoke(desk: AtWork, key: str) -> Response:
    """Revoke a key at once; one that was revoked meanwhile stays so."""
    if key not in {one.id for one in await keys.list_keys(desk.connection)}:
        raise NotFound("There is no such key in this workspace.")
    if await keys.revoke_key(desk.connection, key):
        await audit.note(desk.connection, desk.actor, "key.revoke", key, {})
    return back_to("/workspace/keys", "revoked")
