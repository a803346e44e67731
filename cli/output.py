"""What commands print: words for a person, or JSON for a program, never both on standard output."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="print JSON for programs", show_default=False)]


def plain(value: Any) -> Any:
    """The value as JSON takes it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    return value


def as_json(value: Any) -> str:
    """Two-space JSON; dates as ISO strings, paths as text."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, default=str)


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    print(as_json(value))


def note(text: str) -> None:
    """Say something beside the result: progress, hints. It goes to standard error, so that output can be piped."""
    print(text, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[Any]], head: Sequence[str]) -> str:
    """Rows in aligned columns, as wide as they need to be."""
    cells = [[str(cell) if cell is not None else "" for cell in row] for row in rows]
    widths = [max(len(line[index]) for line in [list(head), *cells]) for index in range(len(head))]
    lines = [list(head), *cells]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def read_text(name: str) -> str:
    """A file's text, or standard input for `-`. Stops with code 2 when it cannot be read."""
    from pathlib import Path

    from cli.exits import unreadable

    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise unreadable(f"cannot read {name}: {reason}", file=name) from error
