"""Documents of a client: texts that answers cite, cut in passages; added as text, as a file or from an allowed page, and forgotten."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from api.documents import NewDocument, NewPage, fetch, forget, keep
from api.problems import InvalidInput, NotFound, translate
from store import documents
from store.documents import Document
from store.errors import StoreError
from tools.contract import ToolInputError
from web.desk import AtDesk, Desk, back_to, client_at, opened
from web.texts import KINDS, read_text
from web.visiting import Pages, Visitor, Who

router = Pages("documents")

Body = TypeVar("Body", bound=BaseModel)

SORTS = ("brand", "note", "pricing", "campaign", "competitor", "press")
WORDS = {"title": "The title", "text": "The text", "kind": "The kind", "dated": "The day", "url": "The address"}


@router.page("/c/{slug}/data/documents")
async def listed(desk: AtDesk) -> HTMLResponse:
    """What is kept, and ways to add more."""
    return await _page(desk)


async def _page(desk: Desk, *, status: int = 200, wrong: str = "", typed: FormData | None = None) -> HTMLResponse:
    kept = await documents.outlines(desk.connection, desk.client.id)
    said = {name: str(value) for name, value in (typed or {}).items() if isinstance(value, str)}
    hosts = desk.request.app.state.house.store.fetch_hosts
    return desk.page(
        "documents.html",
        section="data",
        status=status,
        documents=kept,
        wrong=wrong,
        typed=said,
        sorts=SORTS,
        hosts=hosts,
        kinds=",".join(KINDS),
    )


@router.page("/uploads/{slug}/documents", methods=("POST",))
async def add(request: Request, who: Who, slug: str) -> Response:
    """Keep a text, or the text of a file."""
    await client_at(request, who, slug)
    form = await request.form()
    file = form.get("file")
    try:
        text = str(form.get("text", ""))
        source = "pages"
        if isinstance(file, UploadFile) and file.filename:
            text, source = await read_text(file), file.filename[:500]
        title = str(form.get("title", "")).strip() or (source.rsplit(".", 1)[0] if source != "pages" else "")
        body = _read(NewDocument, client=slug, title=title[:200], text=text, kind=form.get("kind"), source=source, dated=form.get("dated"))
        async with opened(request, who) as desk:
            kept = await keep(desk.connection, who.caller, desk.client, body, request.app.state.house.services.embedder)
    except (InvalidInput, StoreError) as error:
        return await _refused(request, who, form, error)
    return back_to(f"/c/{slug}/data/documents/{kept.id}", "added")


@router.page("/c/{slug}/data/documents/fetch", methods=("POST",))
async def fetch_page(request: Request, who: Who, slug: str) -> Response:
    """Keep the text of a page of the web, from a host that the operator allows."""
    client = await client_at(request, who, slug)
    form = await request.form()
    try:
        body = _read(NewPage, client=slug, url=form.get("url"), title=form.get("page_title"), kind=form.get("page_kind"))
        kept = await fetch(request.app.state.house, who.caller, client, body)
    except (InvalidInput, ToolInputError) as error:
        return await _refused(request, who, form, error)
    return back_to(f"/c/{slug}/data/documents/{kept.id}", "added")


async def _refused(request: Request, who: Visitor, form: FormData, error: Exception) -> Response:
    """The page with what was typed and what is wrong with it; for the page's script the problem itself."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    known = translate(error)
    async with opened(request, who) as desk:
        return await _page(desk, status=422, wrong=str(getattr(known, "detail", known)), typed=form)


def _read(form: type[Body], **given: Any) -> Body:
    """The form as what the API takes; a field left empty is left out. Raises InvalidInput in words."""
    try:
        return form.model_validate({name: value for name, value in given.items() if value not in ("", None)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        named = WORDS.get(str(first["loc"][0]), str(first["loc"][0]))
        missing = first["type"] == "missing" or first["type"] == "string_too_short"
        said = "is missing" if missing else f"cannot be taken: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise InvalidInput(f"{named} {said}.") from error


@router.page("/c/{slug}/data/documents/{id}")
async def one(desk: AtDesk, id: str) -> HTMLResponse:
    """A document and the passages that it is cut in."""
    document = await _known(desk, id)
    passages = await documents.passages_of(desk.connection, id)
    return desk.page("document.html", section="data", document=document, passages=passages)


@router.page("/c/{slug}/data/documents/{id}/forget", methods=("POST",))
async def drop(desk: AtDesk, id: str) -> Response:
    """Forget it with its passages."""
    await _known(desk, id)
    await forget(desk.connection, desk.who.caller, id)
    return back_to(f"/c/{desk.client.slug}/data/documents", "removed")


async def _known(desk: Desk, id: str) -> Document:
    found = await documents.get_document(desk.connection, id)
    if found is None or found.client_id != desk.client.id:
        raise NotFound("There is no such document of this client: it may have been forgotten.")
    return found
