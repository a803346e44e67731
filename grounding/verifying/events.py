"""The events that rates are told per, by sort: buying, clicking, seeing."""

from __future__ import annotations

import re

FAMILIES = (
    "booking|order|purchase|sale|conversion|acquisition|buyer|customer|guest|person|people|sign-?up|trial|install|subscription|member",
    "click",
    "impression|view",
    "lead|enquiry|inquiry",
    "contact|recipient|e-?mail",
    "visit|session|visitor",
)
EVENT = tuple(re.compile(rf"\b(?:{words})s?\b", re.IGNORECASE) for words in FAMILIES)


def family(words: str) -> int | None:
    """Which sort of event a rate is told per: buying, clicking, seeing; None when it names none."""
    for number, pattern in enumerate(EVENT):
        if pattern.search(words):
            return number
    return None


def per_family(words: str) -> int | None:
    """The family of the event in "per booking", "for each first booking"."""
    for match in re.finditer(r"\b(?:per|for each|for every|each|every|one|an?)[ \u00a0]((?:[\w-]+[ \u00a0]?){1,4})", words, re.IGNORECASE):
        found = family(match[1])
        if found is not None:
            return found
    return None
