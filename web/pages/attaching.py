"""Attaching a file to a conversation: a text becomes a document that answers can cite, a table goes on to the import."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from api.documents import NewDocument, keep
from api.problems import InvalidInput
from web.desk import back_to, opened
from web.pages import importing
from web.pages.chat import TABLES, known
from web.texts import KINDS, read_text
from web.visiting import Pages, Who, need

router = Pages("threads")

TAKEN = "Attach a text (Markdown or plain text) or a table (CSV, XLSX or Parquet)."


@router.page("/uploads/{slug}/chat/{thread}", methods=("POST",))
async def attach(request: Request, who: Who, slug: str, thread: str) -> Response:
    """Take a file. No connection to the database is held while a large one is kept."""
    async with opened(request, who) as desk:
        await known(desk, thread)
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInput(f"Choose a file first. {TAKEN}")
    kind = Path(file.filename).suffix.lower()
    if kind in TABLES:
        need(who, "imports:write")
        return await importing.send(request, who, slug)
    if kind not in KINDS:
        named = f"a {kind[:20]} file" if kind else "a file without an ending"
        raise InvalidInput(f"This is {named}. {TAKEN}")
    need(who, "documents:write")
    text = await read_text(file)
    if not text.strip():
        raise InvalidInput("The file holds no text.")
    try:
        body = NewDocument(client=slug, title=Path(file.filename).stem[:200] or "Untitled", text=text, source=file.filename[:500])
    except ValidationError as error:
        long = error.errors(include_url=False)[0]["type"] == "string_too_long"
        wrong = "it is longer than a million characters: cut it in parts" if long else "it holds a character that cannot be kept (NUL)"
        raise InvalidInput(f"The text is no document: {wrong}.") from error
    async with opened(request, who) as desk:
        await keep(desk.connection, who.caller, desk.client, body, request.app.state.house.services.embedder)
    return back_to(f"/c/{slug}/chat/{thread}", "document")
