"""Which way a numeral goes, from its sign and the words around it: "fell by 12%", "a 12% drop", "12% lower", "up 12%"."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from dataclasses import dataclass

from grounding.verifying.numerals import Numeral

RISE = (
    r"(?:increas(?:e[sd]?|ing)|rises?|rose|risen|rising|gr(?:ow|ows|ew|own|owing|owth)|climb(?:s|ed|ing)?|gain(?:s|ed|ing)?|jump(?:s|ed|ing)?|surg(?:e[sd]?|ing)"
    r"|(?<!make )(?<!makes )(?<!made )(?<!set )(?<!ends )(?<!ended )(?<!end )(?<!adds )(?<!eats )(?<!takes )up|rais(?:e[sd]?|ing)|expand(?:s|ed|ing)?|uplift|soar(?:s|ed|ing)?|higher|more|adds?|added|extra|additional|above|too many|too much|too high)"
)
FALL = (
    r"(?:decreas(?:e[sd]?|ing)|f(?:all|alls|ell|allen|alling)|drop(?:s|ped|ping)?|declin(?:e[sd]?|ing)|shr(?:ink|inks|ank|unk|inking)|down|cuts?|cutting"
    r"|g(?:ives?|ave|iving|iven)[ \u00a0]up|eas(?:es?|ed|ing) (?:back|off)|shed(?:s|ding)?|shav(?:e[sd]?|ing) off|reduc(?:e[sd]?|ing|tion)|los(?:es?|t|ing)|loss|slip(?:s|ped|ping)?|slid(?:es?)?|dip(?:s|ped|ping)?|lower(?:s|ed|ing)?|trim(?:s|med|ming)?|plung(?:e[sd]?|ing)"
    r"|less|fewer|cheaper|below|miss(?:es|ed|ing)?|too few|too little|too low)"
)
BETWEEN = r"(?:[ \u00a0]+(?!to\b|from\b|than\b|of the\b)[\w'’/-]+){0,%d}?"
BEFORE = re.compile(
    rf"\b(?:(?P<up>{RISE})|(?P<down>{FALL}))(?:{BETWEEN % 5}[ \u00a0]+(?P<by>by|of))?(?:[ \u00a0]+(?:an?|about|around|roughly|nearly|almost|some|only|just|estimated|expected|another|over|under|up to|as much as|between|from))*[ \u00a0(~≈]*$",
    re.IGNORECASE,
)
AFTER = re.compile(
    rf"^(?:[ \u00a0-]+(?!to\b|than\b|from\b|of\b|and\b|or\b|for\b|at\b|with\b|on\b|in\b|but\b|which\b|while\b|whereas\b|as\b|although\b|though\b|since\b|because\b|when\b|if\b)[\w'’/-]+){{0,2}}?[ \u00a0-]+(?:(?P<up>{RISE})|(?P<down>{FALL}))\b",
    re.IGNORECASE,
)
LEVEL = re.compile(r"\b(?:to|at|from|was|were|is|are)[ \u00a0]+(?:about |around |roughly |nearly |almost |just |only )?$", re.IGNORECASE)
BOUND_UP = re.compile(
    r"\b(?:more than|over|above|at least|upwards of|exceed(?:s|ed)?|no less than|no fewer than)[ \u00a0]+$", re.IGNORECASE
)
BOUND_DOWN = re.compile(r"\b(?:less than|fewer than|under|below|at most|no more than|up to|not more than)[ \u00a0]+$", re.IGNORECASE)
COMPARED = re.compile(r"\b(?:higher|more|less|fewer|cheaper|lower|above|below|extra|additional)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Direction:
    """+1 up, -1 down, 0 unsaid; the words that say it; whether it compares two things rather than tells a change."""

    way: int
    words: str = ""
    compares: bool = False


def direction(numeral: Numeral, text: str, start: int, end: int) -> Direction:
    """The direction that the words within start..end give to a numeral."""
    before, after = text[max(start, numeral.start - 90) : numeral.start], text[numeral.end : min(end, numeral.end + 60)]
    if BOUND_UP.search(before) or BOUND_DOWN.search(before):
        return Direction(0)
    found = AFTER.match(after)
    if found and not re.match(r"^[ \u00a0]+(?:up|down|above|below)[ \u00a0]to\b", after):
        words = found["up"] or found["down"]
        return Direction(1 if found["up"] else -1, words, bool(COMPARED.search(words)))
    found = BEFORE.search(before)
    if found and not LEVEL.search(before):
        words = found["up"] or found["down"]
        bare = words.lower() in ("more", "less", "above", "below", "extra", "additional", "fewer")
        if bare and not found["by"] and not re.search(r"\b(?:extra|additional|fewer)\W*$", before, re.IGNORECASE):
            return Direction(0)
        return Direction(1 if found["up"] else -1, words, bool(COMPARED.search(words)))
    return Direction(0)
