"""What people say beside a deliverable: about the whole of it, or about words of its text."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.problems import Forbidden, NotFound
from store import audit, comments
from web.desk import Desk, back_to
from web.pages.deliverables import shown
from web.visiting import Pages
from web.work import AtWork, may_say, version

router = Pages("deliverables")

LONGEST_QUOTE = 500


@router.page("/c/{slug}/deliverables/{id}/comments", methods=("POST",), scope="deliverables:read")
async def say(desk: AtWork, id: str, text: Annotated[str, Form()] = "", quote: Annotated[str, Form()] = "") -> Response:
    """Keep a remark."""
    _allowed(desk)
    made = await version(desk, id)
    said, about = text.strip(), " ".join(quote.split())
    wrong = ""
    if not said:
        wrong = "Say something: the comment is empty."
    elif len(said) > comments.LONGEST:
        wrong = f"A comment has at most {comments.LONGEST} letters; this one has {len(said)}."
    elif len(about) > LONGEST_QUOTE:
        wrong = f"Quote at most {LONGEST_QUOTE} letters of the text."
    if wrong:
        return await shown(desk, made, status=422, alert=wrong, alert_at="comments", typed={"text": text, "quote": quote})
    kept = await comments.add(desk.connection, made.id, author=desk.actor, text=said, quote=about)
    await audit.note(desk.connection, desk.actor, "comment.add", made.id, {"comment": kept.id})
    return back_to(f"/c/{desk.client.slug}/deliverables/{made.id}?said=commented#comments")


@router.page("/c/{slug}/deliverables/{id}/comments/{comment}/settle", methods=("POST",), scope="deliverables:read")
async def settle(desk: AtWork, id: str, comment: str) -> Response:
    """Mark a remark as settled. One that was settled meanwhile stays so."""
    _allowed(desk)
    made = await version(desk, id)
    if comment not in {one.id for one in await comments.of_deliverable(desk.connection, made.id)}:
        raise NotFound("There is no such comment on this version.")
    if await comments.settle(desk.connection, comment):
        await audit.note(desk.connection, desk.actor, "comment.settle", made.id, {"comment": comment})
    return back_to(f"/c/{desk.client.slug}/deliverables/{made.id}?said=settled#comments")


def _allowed(desk: Desk) -> None:
    if not may_say(desk.who):
        raise Forbidden(f"Your role, {desk.who.caller.role}, reads only. An owner of the workspace can change your role.")
