"""Sentences as the rules handle them: split, joined, and kept free of figures."""

from __future__ import annotations

import re
from collections.abc import Iterable

SLOT = re.compile(r"\{\{[^{}]+\}\}")
NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|dozen|hundreds?|thousands?|millions?|half|thirds?|quarters?|twice|double)\b",
    re.IGNORECASE,
)
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[{\"'])")


def sentences(text: str) -> list[str]:
    """The sentences of a text; a dot inside a slot ends none."""
    return [one for one in END.split(text.strip()) if one]


def join(*parts: str | None) -> str:
    """Sentences as one paragraph, without the empty ones."""
    return " ".join(part.strip() for part in parts if part and part.strip())


def listed(items: Iterable[str], word: str = "and") -> str:
    """a, b and c."""
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


def capital(text: str) -> str:
    """The text with a capital first letter; a slot stays as it is."""
    return text[:1].upper() + text[1:]
