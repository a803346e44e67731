"""What an import says when it is done, and while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from tools.contract import Frozen, ToolInputError


class ImportRefused(ToolInputError):
    """A file that cannot be imported at all, and why; nothing was written."""


class Progress(Frozen):
    """How far an import is."""

    stage: Literal["reading", "checking", "writing"]
    rows: int = Field(description="rows read so far, or all of them once they are read")
    share: float = Field(description="of the stage, 0..1", ge=0, le=1)


Listener = Callable[[Progress], None]


class ImportReport(Frozen):
    """What became of a file's rows: read = kept + rejected + duplicates + skipped + merged."""

    table: str
    rows_read: int = Field(description="records under the header, blank ones not counted")
    rows_kept: int = Field(description="rows of the table that were added or changed")
    rows_rejected: int = Field(description="rows in the reject file: what is wrong with each is said there")
    duplicates: int = Field(description="rows that the file repeats, or that the table already holds as they are")
    version: int | None = Field(description="Delta version that holds the rows; none when there is no such table")
    reject_file: str | None = Field(default=None, description="path of the reject file, when a row was rejected or replaced")
    rows_added: int = 0
    rows_changed: int = Field(default=0, description="rows whose key was there with other values: the file's values stand now")
    rows_skipped: int = Field(default=0, description="total rows, which repeat what other rows say")
    rows_merged: int = Field(default=0, description="rows that were added up into another one of their key, by a breakdown column")
    shape: str = "own"
    file_hash: str = Field(default="", description="SHA-256 of the file")
    already_imported: bool = Field(default=False, description="the same file was imported the same way before: nothing was done")
    decisions: tuple[str, ...] = Field(default=(), description="how readings were settled that the file leaves open, in sentences")
