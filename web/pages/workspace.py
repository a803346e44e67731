"""The workspace: its people and their roles, its clients, and what models may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from agents.concierge import CONCIERGE
from agents.roster import AGENTS
from api.clients import NewClient, make
from api.problems import NotFound
from graphs.spending import SpendSettings
from llm.models import describe
from llm.settings import Tier
from store import audit, ledger, members, sessions
from store.errors import Conflict, StoreError
from store.keys import ROLES
from store.members import Member
from web.desk import Desk, back_to
from web.fields import as_sentence, wrong_fields, zones
from web.settings import WebSettings
from web.visiting import Pages
from web.work import AtWork

router = Pages("members")

OWN_ROLES = tuple(role for role in ROLES if role != "client")
Text = Annotated[str, Form(max_length=300)]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A sign-in link just made."""

    name: str
    url: str
    hours: float


@router.page("/workspace")
async def people(desk: AtWork) -> HTMLResponse:
    """Who signs in, and what they may do."""
    return await _people(desk)


async def _people(desk: Desk, *, typed: dict[str, str] | None = None, wrong: str = "", link: NewLink | None = None) -> HTMLResponse:
    given = {"name": "", "email": "", "role": "strategist", "client": ""} | (typed or {})
    return desk.page(
        "workspace_members.html", section="workspace", status=422 if wrong else 200, found=await members.list_members(desk.connection),
        given=given, wrong=wrong, link=link, roles=ROLES, own_roles=OWN_ROLES, portals={one.id: one.name for one in desk.clients},
    )  # fmt: skip


@router.page("/workspace/members", methods=("POST",))
async def add(desk: AtWork, name: Text = "", email: Text = "", role: Text = "", client: Text = "") -> Response:
    """Add somebody and show the link that lets them in, once."""
    typed = {"name": name.strip(), "email": email.strip(), "role": role, "client": client}
    bound = next((one.id for one in desk.clients if one.slug == client), None) if role == "client" else None
    if role == "client" and bound is None:
        return await _people(desk, typed=typed, wrong="Choose the client whose portal they see.")
    try:
        made = await members.create_member(desk.connection, typed["email"], typed["name"], role, client_id=bound)  # type: ignore[arg-type]
    except StoreError as error:
        return await _people(desk, typed=typed, wrong=as_sentence(error))
    await audit.note(desk.connection, desk.actor, "member.add", made.id, {"role": made.role})
    return await _people(desk, link=await _invite(desk, made))


@router.page("/workspace/members/{member}/link", methods=("POST",))
async def link(desk: AtWork, member: str) -> Response:
    """A new link for somebody; links made before hold no more."""
    known = await _member(desk, member)
    if known.disabled_at is not None:
        return await _people(desk, wrong=f"{known.name} is disabled: enable them first.")
    await audit.note(desk.connection, desk.actor, "member.link", known.id)
    return await _people(desk, link=await _invite(desk, known))


@router.page("/workspace/members/{member}/role", methods=("POST",))
async def role(desk: AtWork, member: str, role: Text = "") -> Response:
    """Another role. It holds from their next click on."""
    known = await _member(desk, member)
    try:
        async with desk.connection.transaction():
            await members.set_role(desk.connection, known.id, role)  # type: ignore[arg-type]
    except (StoreError, Conflict) as error:
        return await _people(desk, wrong=as_sentence(error))
    await audit.note(desk.connection, desk.actor, "member.role", known.id, {"role": role})
    return back_to("/workspace", "saved")


@router.page("/workspace/members/{member}/disable", methods=("POST",))
async def disable(desk: AtWork, member: str) -> Response:
    """Let somebody in no more."""
    known = await _member(desk, member)
    try:
        async with desk.connection.transaction():
            await members.disable(desk.connection, known.id)
    except Conflict as error:
        return await _people(desk, wrong=as_sentence(error))
    await audit.note(desk.connection, desk.actor, "member.disable", known.id)
    return back_to("/workspace", "disabled")


@router.page("/workspace/members/{member}/enable", methods=("POST",))
async def enable(desk: AtWork, member: str) -> Response:
    """Let somebody in again."""
    known = await _member(desk, member)
    await members.enable(desk.connection, known.id)
    await audit.note(desk.connection, desk.actor, "member.enable", known.id)
    return back_to("/workspace", "enabled")


async def _member(desk: Desk, member: str) -> Member:
    known = await members.get_member(desk.connection, member)
    if known is None or known.id != member:
        raise NotFound("There is no such member of this workspace.")
    return known


async def _invite(desk: Desk, member: Member) -> NewLink:
    hours = WebSettings().link_hours
    secret = await sessions.make_link(desk.connection, member.id, hours=hours)
    return NewLink(member.name, f"{desk.request.base_url}welcome/{secret}", hours)


NEW_CLIENT = {"name": "", "slug": "", "language": "en-ZA", "currency": "ZAR", "zone": "Africa/Johannesburg"}


@router.page("/workspace/clients", scope="clients:read")
async def listed(desk: AtWork) -> HTMLResponse:
    """Whose marketing it is about."""
    return _clients(desk, NEW_CLIENT, {})


def _clients(desk: Desk, given: dict[str, Any], wrong: dict[str, str]) -> HTMLResponse:
    return desk.page("workspace_clients.html", section="workspace", status=422 if wrong else 200, given=given, wrong=wrong, zones=zones())


@router.page("/workspace/clients", methods=("POST",), scope="clients:write")
async def begin(desk: AtWork, name: Text = "", slug: Text = "", language: Text = "", currency: Text = "", zone: Text = "") -> Response:
    """Add a client, and go on to its data."""
    given = {
        "name": name.strip(),
        "slug": slug.strip(),
        "language": language.strip(),
        "currency": currency.strip().upper(),
        "zone": zone.strip(),
    }
    locale = {part: given[part] for part in ("language", "currency", "zone")}
    try:
        body = NewClient.model_validate({"name": given["name"], "slug": given["slug"], "locale": locale})
        async with desk.connection.transaction():
            client = await make(desk.connection, body, desk.actor)
    except ValidationError as error:
        return _clients(desk, given, wrong_fields(error))
    except Conflict as error:
        return _clients(desk, given, {"slug": as_sentence(error)})
    return back_to(f"/c/{client.slug}/data", "added")


@router.page("/workspace/models", scope="clients:read")
async def models(desk: AtWork) -> HTMLResponse:
    """Which model answers, what a run and a month may cost, and what this month did."""
    settings, limits = desk.request.app.state.house.models, SpendSettings()
    used = {agent.model_tier for agent in AGENTS.values()} | {CONCIERGE.model_tier}
    tiers: list[tuple[Tier, Any]] = [(tier, describe(settings, tier)) for tier in ("fast", "standard", "strong") if tier in used]
    spent = await ledger.spent_by_client(desk.connection)
    return desk.page("workspace_models.html", section="workspace", tiers=tiers, settings=settings, limits=limits, spent=spent)
