"""Where a writer repeats what a slot already shows: "{{days}} days", "R{{budget}}", "fell by {{change}}" of a negative change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grounding.words import DOWN, UP
from tools.contract import Figure

UNIT_AFTER = re.compile(
    r"^(?P<gap>[ \u00a0-]?)(?P<unit>%|percentage[ -]points?\b|percent\b|per cent\b|basis points\b|bps\b|pp\b|x\b|times\b"
    r"|hours?\b|days?\b|weeks?\b|months?\b)",
    re.IGNORECASE,
)
SAME = {
    "share": ("%", "percent", "per cent"),
    "points": ("percentage point", "percentage points", "percentage-point", "percentage-points", "pp"),
    "multiple": ("x", "times"),
    "hours": ("hour", "hours"),
    "days": ("day", "days"),
    "weeks": ("week", "weeks"),
    "months": ("month", "months"),
}
SIGN_BEFORE = re.compile(r"(?:[RZ$€£]|ZAR|USD|EUR|GBP|US\$)[ \u00a0]?$")
VERB_BEFORE = re.compile(
    rf"\b(?P<verb>{UP}|{DOWN})(?:\W+(?:by|of|about|roughly|nearly|around|an?|estimated|expected|only|just|to be)\b)*\W*$", re.IGNORECASE
)
IS_DOWN = re.compile(DOWN, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mend:
    """How many letters of the shown text stay, and how many letters after the slot are swallowed."""

    shown: int
    swallow: int


def mend_after(figure: Figure, shown: str, after: str, slot: str) -> Mend:
    """Mend a unit that the writer repeated after a slot. Raises ValueError when it is another unit than the figure's."""
    whole = Mend(len(shown), 0)
    found = UNIT_AFTER.match(after)
    if not found or figure.unit in ("date", "number", "score"):
        return whole
    unit = re.sub(r"\s+", " ", found["unit"].lower())
    if unit in SAME.get(figure.unit, ()):
        if found["gap"] == "-":
            kept = re.match(r"[^A-Za-z%]*\d", shown)
            return Mend(kept.end(), 0) if kept else whole
        return Mend(len(shown), found.end())
    if figure.unit == "count" and unit not in ("%", "percent", "per cent", "pp", "bps", "x"):
        return whole
    if figure.unit == "money" and unit in ("x", "times") and unit == "times":
        return whole
    if found["gap"] == " " and unit in ("x", "times"):
        return whole
    raise ValueError(
        f"{slot} shows {shown!r} and the text goes on with {found['unit']!r}: it is in {figure.unit}, leave the unit to the slot"
    )


def mend_before(figure: Figure, before: str, shown: str) -> str:
    """Drop a currency sign that the writer put before a slot of money."""
    if figure.unit != "money":
        return before
    found = SIGN_BEFORE.search(before)
    if not found or (found.start() and before[found.start() - 1].isalnum()):
        return before
    return before[: found.start()]


def wants_no_sign(before: str, value: object) -> bool:
    """Whether the words before a negative value already say "fell by"."""
    if not isinstance(value, (int, float)) or value >= 0:
        return False
    found = VERB_BEFORE.search(before[-60:])
    return bool(found and IS_DOWN.fullmatch(found["verb"]))
