"""Numbers written as words: "twelve", "two-thirds", "doubled", "threefold", "half of"."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from typing import Literal

ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
BIG = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
PARTS = {
    "half": 0.5,
    "halves": 0.5,
    "third": 1 / 3,
    "quarter": 0.25,
    "fourth": 0.25,
    "fifth": 0.2,
    "sixth": 1 / 6,
    "seventh": 1 / 7,
    "eighth": 0.125,
    "tenth": 0.1,
}

_SMALL = "|".join(sorted((*ONES, *TENS), key=len, reverse=True))
_BIG = "|".join(BIG)
_PARTS = "half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|tenths?"
FRACTIONS = rf"(?:(?:an?|one|two|three|four|five|six|seven|eight|nine)(?:[ -]))?(?:{_PARTS})"
MULTIPLES = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten)fold|(?:two|three|four|five|ten)-fold|doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|trebl(?:e|es|ed|ing)"
    r"|quadrupl(?:e|es|ed|ing)|halv(?:e|es|ed|ing)|twice|thrice"
)
WORDS = rf"(?:(?:a|an)[ ](?:{_BIG}|dozen)|dozens?|(?:{_SMALL})(?:-(?:{_SMALL}))?(?:[ -](?:{_BIG}))*(?:(?:[ ]and)?[ ](?:{_SMALL})(?:-(?:{_SMALL}))?(?![\w-])(?=[ ]?\b))?)"

_MULTIPLE_ROOTS = {"doubl": 2.0, "twice": 2.0, "tripl": 3.0, "trebl": 3.0, "thrice": 3.0, "quadrupl": 4.0}
_ORDINARY = re.compile(
    r"^(?:-?(?:check|opt|click|down|quotes?|party|parties|page|pagers?|day|year|yearly|term|life|hearted|way|saturation|price|time|size)\b"
    r"|[ -]opt\b|[ ]check\b|[ ]party\b|[ ]page\b|[ ]time\b|[ ]way\b)",
    re.IGNORECASE,
)
_OF = re.compile(r"^(?:[ ](?:of|the|as|its|their|our|that|in)\b|[.,;)]|$)", re.IGNORECASE)
_BY = re.compile(r"(?:\b(?:by|in|into|about|over|under|than|nearly|almost|roughly|around|exactly|just|only)|\()[ ]$", re.IGNORECASE)
_POSITION = re.compile(
    r"\b(?:first|second|latter|former|other|this|next|last|the|per|each|every|previous|same|current|that|coming)[ ]$", re.IGNORECASE
)

_TIMES_WHAT = re.compile(r"^[ ](?:as|the|that|those|what|its|their|more|of|this|our|your)\b", re.IGNORECASE)
_TIMES_BEFORE = re.compile(r"\b(?:is|was|are|were|be|about|nearly|almost|roughly|than|by|at|cost|costs|worth)[ ]$", re.IGNORECASE)
"""An event may happen twice; only an amount is twice another."""
_DRAWN = re.compile(r"\b(?:random|held-out|control|other|treated|exposed)[ ]$", re.IGNORECASE)
"""Halves by design: nothing was measured."""
_BASE = re.compile(r"\b(?:out of|of every|in every|in|per|of each)[ ]$", re.IGNORECASE)
"""Out of a hundred: what a rate is told of, and no amount."""

Read = tuple[float, Literal["bare", "percent", "multiple"], Literal["number", "fraction", "ordinal", "name"]]


def word_value(words: str, before: str, after: str) -> Read | None:
    """What the words say, or None when they are no number here ("one of the", "third-party", "the second half", "a quarter" of a year)."""
    lowered = words.lower()
    root = next((value for stem, value in _MULTIPLE_ROOTS.items() if lowered.startswith(stem)), None)
    if root is not None:
        if _ORDINARY.match(after) or (lowered in ("twice", "thrice") and not (_TIMES_WHAT.match(after) or _TIMES_BEFORE.search(before))):
            return None
        return root, "multiple", "fraction"
    if lowered.startswith("halv") and lowered != "halves":
        return 50.0, "percent", "fraction"
    if lowered.endswith("fold"):
        return float(ONES[re.sub(r"-?fold$", "", lowered)]), "multiple", "fraction"
    tokens = re.split(r"[ -]", lowered)
    if tokens[-1].rstrip("s") in PARTS or tokens[-1] in PARTS:
        return _fraction(tokens, before, after)
    return _cardinal(tokens, before, after)


def _fraction(tokens: list[str], before: str, after: str) -> Read | None:
    part = PARTS.get(tokens[-1], PARTS.get(tokens[-1].rstrip("s"), 0.0))
    alone = len(tokens) == 1
    if _ORDINARY.match(after):
        return None
    if tokens[-1] in ("half", "halves"):
        if _DRAWN.search(before):
            return None
        if _POSITION.search(before) and alone and not _OF.match(after):
            return None
        if alone and re.search(r"\b(?:first|second|other|latter|former)[ ]$", before, re.IGNORECASE):
            return None
        if not alone and tokens[0] in ("a", "an", "one"):
            return 50.0, "percent", "fraction"
        return (50.0, "percent", "fraction") if alone else None
    if alone or (tokens[0] in ("a", "an") and tokens[-1].startswith("quarter") and not _OF_STRICT.match(after) and not _BY.search(before)):
        return None
    count = ONES.get(tokens[0], 1)
    if tokens[-1] == "quarters" and not re.match(r"^[ ]of\b", after) and not _BY.search(before) and count != 3:
        return float(count), "bare", "number"
    return 100 * count * part, "percent", "fraction"


_OF_STRICT = re.compile(r"^[ ](?:of[ ](?!(?:19|20)\d\d)|the\b|as\b)", re.IGNORECASE)
_ONE_COUNTS = re.compile(
    r"^[ ](?:percent|per cent|percentage|in[ ](?:\d|two|three|four|five|six|ten|twenty|a hundred)|million|thousand|hundred)\b",
    re.IGNORECASE,
)


def _cardinal(tokens: list[str], before: str, after: str) -> Read | None:
    if tokens == ["one"] and not _ONE_COUNTS.match(after):
        return None
    if tokens[0] in ("dozens",) or (tokens == ["dozen"] and not before.lower().endswith(("a ", "two ", "three "))):
        return None
    if tokens == ["zero"] and not re.match(r"^[ ](?:[a-z]+[ ])?[a-z]{3,}s\b", after):
        return None
    if tokens[-1] in ("hundred", "thousand") and _BASE.search(before):
        return None
    if tokens == ["zero"] and re.match(r"^[ -](?:party|click|based|sum|cost)\b", after, re.IGNORECASE):
        return None
    total = current = 0.0
    for word in tokens:
        if word in ("a", "an", "and", ""):
            continue
        if word == "dozen":
            current = (current or 1) * 12
        elif word in BIG:
            current = (current or 1) * BIG[word]
            if BIG[word] > 100:
                total, current = total + current, 0.0
        else:
            current += ONES.get(word, TENS.get(word, 0))
    return total + current, "bare", "number"
