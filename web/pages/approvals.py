"""Approvals: what waits for a person, all that they need to decide, and their answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from fastapi import Form
from fastapi.responses import HTMLResponse, Response

from api.approvals import read
from api.problems import NotFound
from graphs import approving
from graphs.approving import say_of
from jobs.queue import enqueue
from store import approvals, deliverables, members
from store.approvals import Approval, ApprovalState
from store.errors import Conflict, NotAllowed
from store.policies import APPROVER_ROLES
from tools.contract import ToolInputError
from web.desk import Desk, back_to
from web.fields import as_sentence
from web.pages.deliverables import shortened
from web.reading import checked, text_of
from web.visiting import Pages
from web.work import AtWork, person

router = Pages("approvals")

STATES: tuple[ApprovalState, ...] = get_args(ApprovalState)
LONGEST_REASON = 2000
ACTOR = re.compile(r"\b(?:member|key):[A-Za-z0-9_]+")

Hash = Annotated[str, Form(max_length=64)]
Reason = Annotated[str, Form(max_length=50_000)]


@router.page("/c/{slug}/approvals")
async def listed(desk: AtWork, state: str = "waiting") -> HTMLResponse:
    """What waits; or what was settled so."""
    wanted = next((known for known in STATES if known == state), None)
    found = await approvals.list_(desk.connection, client_id=desk.client.id, state=wanted, limit=100)
    return desk.page(
        "approvals.html", section="approvals", found=found, state=wanted or "all", states=STATES,
        titles=await deliverables.titled(desk.connection, [asked.deliverable_id for asked in found]),
        names=await members.names(desk.connection),
    )  # fmt: skip


@router.page("/c/{slug}/approvals/{id}")
async def at(desk: AtWork, id: str) -> HTMLResponse:
    """One request with all that belongs to it."""
    return await shown(desk, await known(desk, id))


@router.page("/c/{slug}/approvals/{id}/approve", methods=("POST",))
async def approve(desk: AtWork, id: str, hash: Hash = "") -> Response:
    """A yes to what was seen. Said twice by the same person it is one."""
    asked = await known(desk, id)
    try:
        settled = await approving.approve(desk.connection, desk.workspace_id, asked.run_id, person(desk.who), seen=hash, enqueue=enqueue)
    except (Conflict, NotAllowed) as refused:
        return await shown(desk, asked, refused=refused)
    return _after(desk, settled, "approved")


@router.page("/c/{slug}/approvals/{id}/reject", methods=("POST",))
async def reject(desk: AtWork, id: str, hash: Hash = "", reason: Reason = "") -> Response:
    """A no, with what should be mended."""
    asked = await known(desk, id)
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        wrong = f"Say in at most {LONGEST_REASON} letters what should be mended: the writer gets your words."
        return await shown(desk, asked, status=422, alert=wrong, typed={"reason": reason})
    try:
        settled = await approving.reject(
            desk.connection, desk.workspace_id, asked.run_id, person(desk.who), seen=hash, reason=said, enqueue=enqueue
        )
    except (Conflict, NotAllowed) as refused:
        return await shown(desk, asked, refused=refused, typed={"reason": reason})
    return _after(desk, settled, "rejected")


@router.page("/c/{slug}/approvals/{id}/delegate", methods=("POST",))
async def delegate(desk: AtWork, id: str, to: Annotated[str, Form(max_length=80)] = "", reason: Reason = "") -> Response:
    """Hand one's say on to a member or a role."""
    asked = await known(desk, id)
    kind, _, name = to.partition(":")
    if kind not in ("member", "role") or not name or len(reason.strip()) > LONGEST_REASON:
        wrong = f"Choose to whom; a reason has at most {LONGEST_REASON} letters."
        return await shown(desk, asked, status=422, alert=wrong, typed={"why": reason})
    try:
        await approving.delegate(desk.connection, asked.id, person(desk.who), reason=reason.strip() or None, **{kind: name})
    except (Conflict, NotAllowed) as refused:
        return await shown(desk, asked, refused=refused)
    except ToolInputError as refused:
        return await shown(desk, asked, status=422, alert=refused.message, typed={"why": reason})
    return back_to(f"/c/{desk.client.slug}/approvals/{asked.id}", "delegated")


def _after(desk: Desk, settled: Approval, said: str) -> Response:
    """On to what came of it. A request that is void instead says so on its page."""
    told = said if settled.state == said else "given" if settled.state == "waiting" else None
    return back_to(f"/c/{desk.client.slug}/approvals/{settled.id}", told)


async def known(desk: Desk, id: str) -> Approval:
    """A request of the client of the address. Raises NotFound."""
    asked = await approvals.get(desk.connection, id)
    if asked is None or asked.client_id != desk.client.id:
        raise NotFound("There is no such request of this client. It may have been deleted: look at the list.")
    return asked


async def shown(
    desk: Desk,
    asked: Approval,
    *,
    status: int = 200,
    alert: str = "",
    refused: Conflict | NotAllowed | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page of a request; after a refusal with what happened, in people's names."""
    asked = await known(desk, asked.id)
    names = await members.names(desk.connection)
    if refused is not None:
        status, alert = (409 if isinstance(refused, Conflict) else 403), named(str(refused), names)
    latest = await approvals.latest(desk.connection, asked.run_id)
    made = await deliverables.get(desk.connection, asked.deliverable_id)
    assert made is not None
    outlines = await deliverables.outlines(desk.connection, made)
    compose = await read(desk.connection, asked)
    say = await say_of(desk.connection, asked, person(desk.who))
    full = await asyncio.to_thread(compose)
    context: dict[str, Any] = {
        "asked": asked,
        "full": full,
        "made": made,
        "latest": latest if latest is not None and latest.id != asked.id else None,
        "outlines": outlines,
        "text": await text_of(made, outlines),
        "changes": [(one.side, shortened(one.text) if one.side == "same" else one.text) for one in full.difference.changes],
        "checked": checked(made.verdict),
        "names": names,
        "given": [act for act in full.acts if act.act == "approve"],
        "reason": named(asked.reason or "", names),
        "say": say,
        "why": named(say.why, names),
        "targets": await _targets(desk) if say.answer else [],
        "alert": as_sentence(alert) if alert else "",
        "typed": typed or {},
    }
    return desk.page("approval.html", section="approvals", status=status, **context)


async def _targets(desk: Desk) -> list[tuple[str, str]]:
    """To whom a say may be handed on."""
    people = await members.list_members(desk.connection)
    return [
        *((one.actor, f"{one.name} ({one.role})") for one in people if _could(one, desk)),
        *((f"role:{role}", f"any {role}") for role in APPROVER_ROLES),
    ]


def _could(one: members.Member, desk: Desk) -> bool:
    return one.role in APPROVER_ROLES and one.disabled_at is None and one.actor != desk.actor


def named(text: str, names: Mapping[str, str]) -> str:
    """A sentence with people in place of their ids."""
    return ACTOR.sub(lambda found: names.get(found[0], found[0]), text)
