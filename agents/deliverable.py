"""What a deliverable is made of: prose with slots, items with named parts, and the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Prose = Annotated[str, Field(min_length=1, max_length=1200)]
"""Sentences for the reader. In the text every figure, number words too, is a slot such as {{E3.meta.cpa}}."""

Days = Annotated[int, Field(ge=0, le=365)]
"""Days from the start of the plan; shown to the reader as a date."""


class Part(BaseModel):
    """One item of a section, shown as a block with a heading or as a row of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layout: ClassVar[Literal["block", "table"]] = "block"


class Deliverable(BaseModel):
    """The base of every deliverable. A field is a section: its title is the heading, its order the reader's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]
    summary_words: ClassVar[int] = 120

    title: Annotated[str, Field(min_length=3, max_length=120, description="what this is and for whom; no figures")]

    def faults(self, shown: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
        """What this kind of deliverable may not have, beyond its shape: path, words and problem. `shown` fills the slots of a text in."""
        yield from ()


def to_markdown(deliverable: Deliverable, *, as_of: date, attachments: dict[str, str] | None = None) -> str:
    """The deliverable as Markdown with its slots still in place.

    `as_of`: the day that `in_days` fields count from. `attachments`: section name to Markdown that the house adds
    below that section (a tool's own table, say).
    """
    lines = [f"# {deliverable.title}"]
    for name, field in type(deliverable).model_fields.items():
        value = getattr(deliverable, name)
        if name == "title" or not value:
            continue
        lines += ["", f"## {field.title or name.replace('_', ' ').capitalize()}", ""]
        if isinstance(value, str):
            lines.append(value)
        elif isinstance(value[0], Part):
            lines += _table(value, as_of) if value[0].layout == "table" else _blocks(value, as_of)
        else:
            extra = field.json_schema_extra
            lines += _paragraphs(value, isinstance(extra, dict) and bool(extra.get("x-list")))
        if attachments and name in attachments:
            lines += ["", attachments[name]]
    return "\n".join(lines).strip() + "\n"


def _paragraphs(texts: tuple[str, ...], as_list: bool) -> list[str]:
    return [f"- {text}" for text in texts] if as_list else "\n\n".join(texts).splitlines()


def _blocks(parts: tuple[Part, ...], as_of: date) -> list[str]:
    lines: list[str] = []
    for part in parts:
        cells = _cells(part, as_of)
        lines += [f"### {cells[0][1]}", ""]
        # a text of several lines stays inside its list item
        lines += [f"- **{label}:** {text.replace(chr(10), chr(10) + '  ')}" for label, text in cells[1:] if text]
        lines.append("")
    return lines[:-1]


def _table(parts: tuple[Part, ...], as_of: date) -> list[str]:
    rows = [_cells(part, as_of) for part in parts]
    escape = lambda text: text.replace("|", "\\|").replace("\n", " ")  # noqa: E731
    head = "| " + " | ".join(label for label, _ in rows[0]) + " |"
    return [head, "|" + " --- |" * len(rows[0]), *("| " + " | ".join(_unpiped(escape, text) for _, text in row) + " |" for row in rows)]


def _unpiped(escape: Any, text: str) -> str:
    """Escape pipes outside slots: the pipe of `{{E3.lift|percent}}` belongs to the slot."""
    pieces = text.split("{{")
    return pieces[0].replace("|", "\\|").replace("\n", " ") + "".join(
        "{{" + inside + ("}}" + escape(rest) if closed else "") for inside, closed, rest in (piece.partition("}}") for piece in pieces[1:])
    )


def _cells(part: Part, as_of: date) -> list[tuple[str, str]]:
    cells = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        label = field.title or name.replace("_", " ").capitalize()
        if name.endswith("in_days"):
            text = (as_of + timedelta(days=value)).isoformat()
        elif isinstance(value, str):
            text = value
        else:
            text = "; ".join(value)
        cells.append((label, text))
    return cells


def leaves(content: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text of a deliverable's JSON with its path: ('platforms.0.why', '…')."""
    if isinstance(content, str):
        return [(path, content)]
    if isinstance(content, dict):
        return [leaf for key, value in content.items() for leaf in leaves(value, f"{path}.{key}".lstrip("."))]
    if isinstance(content, (list, tuple)):
        return [leaf for index, value in enumerate(content) for leaf in leaves(value, f"{path}.{index}".lstrip("."))]
    return []
