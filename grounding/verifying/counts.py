"""Counts of what the text itself lists: "three channels: A, B and C", "two segments" before a list of two; and number words that count nothing known."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re

from grounding.verifying.index import Index
from grounding.verifying.place import Judgement, Place
from grounding.verifying.scope import Surroundings

MOST = 20
COUNTED_ROWS = re.compile(r"^\d+ figures$")
ITEMS = re.compile(r"\s*(?:,\s*(?:and\s+|or\s+)?|;\s*(?:and\s+)?|\s+and\s+|\s+or\s+)\s*")
NOUN = re.compile(r"^[ \u00a0-]+(?:[\w'’-]+[ \u00a0]+){0,3}?(?P<noun>[a-z]{3,}s)\b", re.IGNORECASE)
THE_SAID = re.compile(r"\b(?:the|these|those|both)[ \u00a0]$", re.IGNORECASE)
SMALL = 12
REACH = 30
"""Letters behind a number word in which a metric would be named."""
TIMES = re.compile(r"^[ \u00a0-](?:day|week|month|quarter|year|hour|percent|per cent|in|to|and|or|times?)s?\b", re.IGNORECASE)
NO_NOUN = frozenset(
    ["in", "on", "for", "at", "to", "and", "or", "by", "with", "from", "last", "this", "next", "per", "a", "an", "but", "while", "as", "when", "if"]
)  # fmt: skip
"""What behind a number word begins no noun, so that the word counts what was named before."""
KINDS = {
    "channels": "channel",
    "platforms": "channel",
    "segments": "segment",
    "audiences": "segment",
    "groups": "segment",
    "variants": "variant",
    "arms": "arm",
}


def count_of_listed(place: Place, around: Surroundings, index: Index) -> Judgement | None:
    """A verdict on a small count when a list, or the entities named, tells how many there are; None when nothing does."""
    numeral, text = place.numeral, around.plain.text
    if place.sentence.kind == "cell" and COUNTED_ROWS.match(place.sentence.body.strip()):
        return Judgement("EXEMPT", "how many figures a row of a table stands for")
    worded = numeral.word and numeral.kind == "score"
    if (
        (numeral.kind != "bare" and not worded)
        or numeral.values[0] > MOST
        or numeral.values[0] != int(numeral.values[0])
        or place.link is not None
    ):
        return None
    noun = NOUN.match(text[numeral.end : place.sentence.end])
    if noun is None:
        return _uncounted(place, around)
    wanted = int(numeral.values[0])
    sentence = place.sentence
    rest = text[numeral.end : sentence.end]
    if sentence.items_below == wanted:
        return Judgement("VERIFIED", "counts the list that follows")
    head, colon, listed = rest.partition(":")
    if colon and not listed.strip() and sentence.items_below:
        return _told(wanted, sentence.items_below, "the list that follows")
    if colon and listed.strip() and not re.search(r"\d", head):
        items = {item.strip().lower() for item in ITEMS.split(listed.strip().rstrip(".!?")) if item.strip()}
        if len(items) > 1:
            return _told(wanted, len(items), "what is listed after it")
    kind = KINDS.get(noun["noun"].lower())
    if kind is None:
        return _uncounted(place, around)
    named = {
        name for mention in around.within(around.entities, sentence.start, sentence.end) if mention.kind == kind for name in mention.names
    }
    if len(named) >= 2:
        return Judgement("VERIFIED", f"counts the {noun['noun']} named in the sentence") if len(named) == wanted else None
    known = {name for name, of in index.entities.items() if of == kind}
    if kind == "channel":
        stated = index.records["B"].result.get("channels", ()) if "B" in index.records else ()
        if wanted in {len(known), len(stated), *_compared(index, kind)} - {0}:
            return Judgement("VERIFIED", f"counts the {noun['noun']} of the evidence")
    elif known and wanted == len(known):
        return Judgement("VERIFIED", f"counts the {noun['noun']} of the evidence")
    if numeral.word and wanted < len(known):
        return Judgement("EXEMPT", f"some of the {noun['noun']} of the evidence")
    return None


def _uncounted(place: Place, around: Surroundings) -> Judgement | None:
    """A small number word with no metric, no sort of entity and no time behind it: "two of them", "for three reasons"."""
    text, numeral = around.plain.text, place.numeral
    start, end = numeral.start, min(numeral.end + REACH, place.sentence.end)
    if not numeral.word or numeral.values[0] > SMALL or TIMES.match(text[numeral.end : end]):
        return None
    if THE_SAID.search(text[max(place.sentence.start, start - 8) : start]):
        return Judgement("EXEMPT", "counts what was named before")
    if around.within(around.metrics, max(place.sentence.start, start - 3), end):
        return None
    behind = re.findall(r"[a-z]+", text[numeral.end : end].lower())[:4]
    if not behind and numeral.kind == "bare" and around.within(around.metrics, place.sentence.start, start):
        return None
    if behind and (behind[0] in NO_NOUN or set(behind) & KINDS.keys()):
        return None
    return Judgement("EXEMPT", "counts what no figure counts")


def _compared(index: Index, kind: str) -> set[int]:
    """How many entities of a kind each tool run compares."""
    groups: dict[tuple[str, str], set[str]] = {}
    for known in index.known:
        if known.kind == kind and known.figure.entity:
            groups.setdefault((known.alias, known.figure.metric), set()).update(known.entities)
    return {len(names) for names in groups.values()}


def _told(wanted: int, found: int, where: str) -> Judgement:
    if wanted == found:
        return Judgement("VERIFIED", f"counts {where}")
    return Judgement("CONTRADICTED", f"{where} has {found}")
