"""Prompts as files: read, versioned and hashed. A prompt's text is never touched by code but for the named `<<places>>`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HEAD = re.compile(r"\A---\n(?P<head>.*?)\n---\n", re.DOTALL)
PLACE = re.compile(r"<<([a-z_]+)>>")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file: its name, version, text without the head, and the hash of that text."""

    name: str
    version: int
    text: str
    sha256: str

    def fill(self, **values: str) -> str:
        """The text with every `<<place>>` filled, in one pass: a value that looks like a place stays text.

        Raises KeyError for a place that gets no value.
        """
        return PLACE.sub(lambda match: values[match[1]], self.text)


@cache
def load(name: str) -> Prompt:
    """The prompt in `prompts/<name>.md`. Raises FileNotFoundError."""
    raw = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")
    head = HEAD.match(raw)
    if head is None:
        raise ValueError(f"prompts/{name}.md has no head with a version")
    fields = dict(line.split(": ", 1) for line in head["head"].splitlines())
    text = raw[head.end() :].strip() + "\n"
    return Prompt(name, int(fields["version"]), text, hashlib.sha256(text.encode()).hexdigest())
