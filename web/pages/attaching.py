"""Attaching a file to a conversation: a text becomes a document that answers can cite, a table goes on to the import."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from api.documents import NewDocument, keep
from api.problems import Forbidden, InvalidInput
from web.desk import back_to, opened
from web.pages import importing
from web.pages.chat import TABLES, TEXTS, known
from web.visiting import Pages, Visitor, Who

router = Pages("threads")

TAKEN = "Attach a text (Markdown or plain text) or a table (CSV, XLSX or Parquet)."
LONGEST = 4_000_000
"""bytes of a text; its characters are counted once it is read"""


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
        _needs(who, "imports:write")
        return await importing.send(request, who, slug)
    if kind not in TEXTS:
        named = f"a {kind[:20]} file" if kind else "a file without an ending"
        raise InvalidInput(f"This is {named}. {TAKEN}")
    _needs(who, "documents:write")
    text = await asyncio.to_thread(_read, file)
    try:
        body = NewDocument(client=slug, title=Path(file.filename).stem[:200] or "Untitled", text=text, source=file.filename[:500])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(f"The text cannot be kept: {first['msg'][:1].lower()}{first['msg'][1:]}. {TAKEN}") from error
    async with opened(request, who) as desk:
        await keep(desk.connection, who.caller, desk.client, body, request.app.state.house.services.embedder)
    return back_to(f"/c/{slug}/chat/{thread}", "document")


def _read(file: UploadFile) -> str:
    """The file's text. Raises InvalidInput."""
    data = file.file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise InvalidInput("The text is too long for one document: cut it in parts, one for each subject, and attach those.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(
            "The text is not in UTF-8, so its letters cannot be read for certain: save it as UTF-8 and attach it again."
        ) from None


def _needs(who: Visitor, scope: str) -> None:
    if not who.may(scope):
        raise Forbidden(f"Your role, {who.caller.role}, does not allow this ({scope}). An owner of the workspace can change your role.")
