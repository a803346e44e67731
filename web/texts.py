"""Text files that somebody sends, as text."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.datastructures import UploadFile

from api.problems import InvalidInput

KINDS = (".txt", ".md", ".markdown")
LONGEST = 4_000_000
"""bytes of a text; its characters are counted once it is read"""


async def read_text(file: UploadFile) -> str:
    """The file's text. Raises InvalidInput that says what can be read."""
    kind = Path(file.filename or "").suffix.lower()
    if kind not in KINDS:
        named = f"a {kind[:20]} file" if kind else "a file without an ending"
        raise InvalidInput(f"This is {named}. Documents are plain text or Markdown (.txt, .md): save it as one, or paste its text.")
    data = await asyncio.to_thread(file.file.read, LONGEST + 1)
    if len(data) > LONGEST:
        raise InvalidInput("The text is too long for one document: cut it in parts, one for each subject, and add those.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(
            "The text is not in UTF-8, so its letters cannot be read for certain: save it as UTF-8 and send it again."
        ) from None
