"""Prompts as files: read, versioned and hashed. A prompt's text is never touched by code but for the named `<<places>>`.

What all specialists are told alike stands once in `prompts/shared/`: a line `<<include figures>>` brings it in, before the hash is taken.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HEAD = re.compile(r"\A---\n(?P<head>.*?)\n---\n", re.DOTALL)
PLACE = re.compile(r"<<([a-z_]+)>>")
INCLUDE = re.compile(r"^<<include ([a-z_]+)>>$", re.MULTILINE)


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
    """The prompt in `prompts/<name>.md`, with what it shares with others. Raises FileNotFoundError."""
    here = Path(__file__).parent
    raw = (here / f"{name}.md").read_text(encoding="utf-8")
    head = HEAD.match(raw)
    if head is None:
        raise ValueError(f"prompts/{name}.md has no head with a version")
    fields = dict(line.split(": ", 1) for line in head["head"].splitlines())
    own = raw[head.end() :]
    text = INCLUDE.sub(lambda match: (here / "shared" / f"{match[1]}.md").read_text(encoding="utf-8").strip(), own).strip() + "\n"
    return Prompt(name, int(fields["version"]), text, hashlib.sha256(text.encode()).hexdigest())
