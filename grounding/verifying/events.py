"""The events and people that figures count or are told per, by sort: bookings, buyers, clicks, leads."""

from __future__ import annotations

import re

FAMILIES = {
    "event": "booking|order|purchase|sale|conversion|acquisition|sign-?up|trial|install|subscription",
    "person": "buyer|customer|guest|person|people|member|user|client",
    "click": "click",
    "view": "impression|view",
    "lead": "lead|enquiry|inquiry",
    "contact": "contact|recipient|e-?mail",
    "visit": "visit|session|visitor",
}
COUNTED = re.compile("|".join(rf"(?P<{name}>\b(?:{words})s?\b)" for name, words in FAMILIES.items()), re.IGNORECASE)
PER = re.compile(r"\b(?:per|for each|for every|each|every|one|an?)[ \u00a0]((?:[\w-]+[ \u00a0]?){1,4})", re.IGNORECASE)
BUYING = frozenset({"event", "person"})


def family(words: str) -> str | None:
    """The sort of the first event or person named; None when there is none."""
    found = COUNTED.search(words)
    return found.lastgroup if found else None


def per_family(words: str) -> str | None:
    """The sort that "per booking" or "for each first booking" names."""
    return next((found for match in PER.finditer(words) if (found := family(match[1])) is not None), None)


def one_price(first: str | None, second: str | None) -> bool:
    """Whether money per the one may be held against money per the other: a first booking is a new buyer."""
    return first is not None and (first == second or {first, second} <= BUYING)
