"""Edit a deliverable's text: every part in a field, figures as slots; on saving it is verified as the writer's was."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, Response

from agents.roster import AGENTS
from api.auth import database
from api.problems import Conflict as Contradiction
from api.problems import Forbidden, NotFound
from graphs.drafting import Problem, read_draft
from graphs.editing import EditDoesNotHold, edit
from graphs.revising import Standing, put_forward, revise, standing
from grounding.slots import render
from store import approvals, members
from store.approvals import Approval
from store.deliverables import Deliverable
from store.errors import Conflict, NotAllowed
from tools.contract import Figure, ToolInputError
from web.desk import Desk, back_to, opened
from web.edit_form import Reader, content_of, form_of
from web.fields import as_sentence
from web.pages.approvals import named
from web.pages.deliverables import shown
from web.rendering import in_words
from web.visiting import Pages, Visitor, Who
from web.work import AtWork, person, version, worker

router = Pages("deliverables")


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody edits, the desk they edit it at, and the request that waits for it."""

    desk: Desk
    made: Deliverable
    asked: Approval | None
    names: Mapping[str, str]

    @property
    def hash(self) -> str:
        """What an edit is bound to."""
        return self.asked.hash if self.asked is not None else self.made.content_hash


async def _place(request: Request, who: Visitor, id: str) -> Place:
    """Where the edit stands; no transaction is held when this returns. Raises NotFound, Forbidden."""
    async with opened(request, who) as desk:
        made = await version(worker(desk), id)
        asked = await approvals.latest(desk.connection, made.run_id) if made.status == "awaiting_approval" else None
        names = await members.names(desk.connection)
    if asked is not None and (asked.deliverable_id != made.id or asked.state != "waiting"):
        asked = None
    if not who.may("approvals:write" if made.status == "awaiting_approval" else "deliverables:write"):
        raise Forbidden(f"Your role, {who.caller.role}, does not edit this text. An owner of the workspace can change your role.")
    return Place(desk, made, asked, names)


async def _standing(request: Request, place: Place) -> Standing:
    at = await standing(database(request), place.desk.workspace_id, place.made.id)
    if at is None:
        raise NotFound("Nobody makes deliverables of this kind any more, so its text cannot be verified.")
    return at


@router.page("/c/{slug}/deliverables/{id}/edit", scope="deliverables:read")
async def form(request: Request, who: Who, id: str) -> HTMLResponse:
    """The form. A text that needs a person opens with the places that do not hold."""
    place = await _place(request, who, id)
    at = await _standing(request, place)
    problems: Sequence[Problem] = ()
    if place.made.status == "needs_person":
        draft = await asyncio.to_thread(
            read_draft, AGENTS[at.made.kind], at.made.content, at.evidence, at.passages, locale=at.client.locale, brief=at.run.brief,
            as_of=at.run.as_of,
        )  # fmt: skip
        problems = draft.problems
    return await _form(place, at, at.made.content, problems)


async def _form(
    place: Place, at: Standing, content: Mapping[str, Any], problems: Sequence[Problem], *, alert: str = "", status: int = 200
) -> HTMLResponse:
    reader = Reader(at.evidence, at.passages, at.client.locale, problems)
    sections = await asyncio.to_thread(form_of, AGENTS[at.made.kind].deliverable, content, reader)
    return place.desk.page(
        "edit.html", section="deliverables", status=status, made=place.made, asked=place.asked, sections=sections, hash=place.hash,
        failing=len(problems), left=[(problem.text, problem.problem) for problem in reader.left()], alert=alert,
    )  # fmt: skip


@router.page("/c/{slug}/deliverables/{id}/edit", methods=("POST",), scope="deliverables:read")
async def save(request: Request, who: Who, id: str) -> Response:
    """Verify the text and keep it as a version; what does not hold comes back with every place marked and nothing typed is lost."""
    place = await _place(request, who, id)
    if place.made.kind not in AGENTS:
        raise NotFound("Nobody makes deliverables of this kind any more, so its text cannot be verified.")
    sent = await request.form()
    content = content_of(AGENTS[place.made.kind].deliverable, {key: value for key, value in sent.items() if isinstance(value, str)})
    seen = str(sent.get("hash") or "")
    home = f"/c/{place.desk.client.slug}"
    where = (database(request), place.desk.workspace_id)
    try:
        if place.asked is not None:
            fresh = await edit(*where, place.asked.id, person(who), seen=seen, content=content)
            return back_to(f"{home}/approvals/{fresh.id}", "edited")
        revised = await revise(*where, place.made.id, person(who), seen=seen, content=content)
    except EditDoesNotHold as refused:
        return await _form(place, await _standing(request, place), content, refused.problems, status=422)
    except (ToolInputError, Conflict, NotAllowed) as refused:
        status = 409 if isinstance(refused, Conflict) else 403 if isinstance(refused, NotAllowed) else 422
        alert = as_sentence(named(str(refused), place.names))
        return await _form(place, await _standing(request, place), content, (), alert=alert, status=status)
    if revised.asked is not None:
        return back_to(f"{home}/approvals/{revised.asked.id}", "asked")
    return back_to(f"{home}/deliverables/{revised.made.id}", "edited")


@router.page("/c/{slug}/deliverables/{id}/forward", methods=("POST",))
async def forward(request: Request, who: Who, id: str, hash: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Publish a draft whose text holds, or ask for its approval."""
    place = await _place(request, who, id)
    home = f"/c/{place.desk.client.slug}"
    try:
        revised = await put_forward(database(request), place.desk.workspace_id, place.made.id, person(who), seen=hash)
    except EditDoesNotHold as refused:
        return await _form(place, await _standing(request, place), place.made.content, refused.problems, status=422)
    except Conflict as refused:
        async with opened(request, who) as desk:
            return await shown(desk, place.made, status=409, alert=as_sentence(named(str(refused), place.names)))
    if revised.asked is not None:
        return back_to(f"{home}/approvals/{revised.asked.id}", "asked")
    return back_to(f"{home}/deliverables/{revised.made.id}", "forwarded")


@router.page("/c/{slug}/deliverables/{id}/figures")
async def figures(desk: AtWork, id: str, find: str = "") -> HTMLResponse:
    """Every figure that this text may show, with the slot to write it."""
    made = await version(desk, id)
    at = await standing(desk.request.app.state.house.database, desk.workspace_id, made.id)
    if at is None:
        raise Contradiction("Nobody makes deliverables of this kind any more.")
    words = find.casefold().split()
    lines = await asyncio.to_thread(_lines, at, words)
    return desk.page(
        "figures.html", section="deliverables", made=made, lines=lines[:MOST_FIGURES], more=len(lines) - MOST_FIGURES, find=find
    )


MOST_FIGURES = 150


def _of(figure: Figure) -> str:
    """What a figure is, and of whom where its label does not say."""
    entity = in_words(figure.entity) if figure.entity else ""
    return figure.label if not entity or entity.casefold() in figure.label.casefold() else f"{figure.label}: {entity}"


def _lines(at: Standing, words: Sequence[str]) -> list[tuple[str, str, str]]:
    """Slot, what it shows and what it is, of the figures that all these words speak of."""
    found = []
    for alias, record in at.evidence.items():
        for figure in record.figures:
            if all(word in f"{alias} {record.tool} {figure.key} {figure.label} {figure.entity}".casefold() for word in words):
                slot = f"{{{{{alias}.{figure.key}}}}}"
                found.append((slot, render(slot, {alias: record}, at.client.locale, links=False).text, _of(figure)))
    return found
