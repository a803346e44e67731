"""What a text says against a figure that a link names.

The link has told which figure is meant, so the words need not say it again: it is stopped only by words that say something else of it.
Another entity, metric or stretch of time has to be bound to the number, or be all that its sentence names. Silence stops nothing.
"""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from grounding.verifying.index import Candidate, Known, Mention
from grounding.verifying.metrics import metric
from grounding.verifying.numerals import Numeral
from grounding.verifying.periods import Span, holds
from grounding.verifying.phrases import stems
from grounding.verifying.place import Place, Reading, named
from grounding.verifying.scope import owners
from grounding.verifying.stretches import per
from grounding.verifying.subjects import SET_AGAINST, of_the_whole, said, sign
from grounding.verifying.thresholds import is_threshold

COMPARED = re.compile(
    r"\b(?:than|as|unlike|versus|vs\.?|against|like|instead of|above|below|beyond|behind|ahead of|before|after|beside|alongside|next to|beats?|trails?|compared (?:with|to)|half of)"
    r"[ \u00a0](?:that of |those of |on |in |the )?$",
    re.IGNORECASE,
)
"""What stands behind such words is what the number is held against."""
POINTS_BACK = re.compile(r"\b(?:it|its|they|their|them|there|the one|the other|the former|the latter)\b", re.IGNORECASE)
RIGHT_BEFORE = re.compile(r"^(?:['’]s)?(?:[ \u00a0:(]+[\w'’-]+){0,12}[ \u00a0:(~+-]*$")
ITS_OWN = re.compile(r"^(?:['’]s)?(?:[ \u00a0][\w'’-]+){0,4}[ \u00a0]*$")
""" "More than Meta's 30%": the number held against is Meta's."""
RIGHT_BEHIND = re.compile(
    r"^(?:[ \u00a0](?!and\b|or\b|but\b|while\b|on\b|for\b|of\b|from\b|in\b|into\b|at\b|by\b|to\b|with\b)[\w%'’-]+){0,7}[ \u00a0](?:on|for|of|from|in|into|at|by|to|with|via)[ \u00a0](?:the[ \u00a0])?$",
    re.IGNORECASE,
)  # fmt: skip
NEAR = 12
CLOSE = 4
"""Words between a name and the number that is told of it, when the sentence names the figure's own entity too."""
AND_SO_ON = re.compile(r"^(?:,[ \u00a0]|,?[ \u00a0]and[ \u00a0])$")
SOMEONE_ELSE = re.compile(r"\b(?:we|you|i|to|from|than|and|so|that|which|if)\b", re.IGNORECASE)


def against(reading: Reading, place: Place, candidate: Candidate) -> str | None:
    """What the text says that the linked figure does not, or None."""
    known = candidate.known
    for found in (
        sign(reading, place, candidate),
        of_another(reading, place, known),
        metric(reading, place, known),
        at_another_time(reading, place, known),
        per(reading, place, known),
    ):
        if isinstance(found, str):
            return found
    return None


def of_another(reading: Reading, place: Place, known: Known) -> str | None:
    """Whose the text says that the figure is, when it is another's."""
    around, sentence = reading.around, place.sentence
    here = [m for m in around.within(around.entities, sentence.start, sentence.end) if m.kind == known.kind]
    if not known.entities:
        mentions = around.within(around.entities, *place.clause)
        tight = [m for m in mentions if _bound(reading, place, m)]
        return of_the_whole(reading, place, known, tight) if tight else None
    rivals = [m for m in here if not m.names & known.entities and not _aside(reading, place, m) and not _accounted(reading, place, m)]
    wrong = f"it is of {named(known)}, not of {said(reading, rivals)}"
    if _names_own(reading, known, here, (sentence.start, sentence.end)):
        return wrong if _crossed(reading, place, known, here) or _only_half(known, here) else None
    spans = [span for span in (sentence.label, sentence.column) if span]
    labelled = [m for span in spans for m in around.named(*span) if m.kind == known.kind]
    own_label = any(_names_own(reading, known, labelled, span) for span in spans)
    if known.kind != "channel":
        rivals = [m for m in rivals if _bound(reading, place, m)]
    if rivals:
        if own_label or (POINTS_BACK.search(sentence.body) and _named_before(reading, known, place)):
            rivals = [m for m in rivals if _bound(reading, place, m)]
        elif not any(place.clause[0] <= m.start < place.clause[1] for m in rivals) and _named_before(reading, known, place):
            return None
        return wrong if rivals else None
    if own_label:
        return None
    if labelled:
        return f"it is of {named(known)}, not of {said(reading, labelled)}"
    if here or known.kind != "channel" or _named_before(reading, known, place):
        return None
    for mentions in around.entity_scopes(sentence, place.clause):
        if alike := [m for m in mentions if m.kind == known.kind]:
            return f"it is of {named(known)}, not of {said(reading, alike)}"
    return None


def _names_own(reading: Reading, known: Known, mentions: Sequence[Mention], span: tuple[int, int]) -> bool:
    """Whether the figure's entity is named, or a word that tells its name from those of its kind."""
    if any(m.names & known.entities for m in mentions):
        return True
    return bool(stems(reading.text[span[0] : span[1]]) & reading.index.hints(known)) if known.kind != "channel" else False


def _named_before(reading: Reading, known: Known, place: Place) -> bool:
    """Whether an earlier sentence or a heading above names the figure's entity."""
    before, spans = place.sentence.previous, list(place.sentence.headings)
    while before is not None and len(spans) < 8:
        spans.append((before.start, before.end))
        before = before.previous
    around = reading.around
    return any(_names_own(reading, known, around.within(around.entities, *span), span) for span in spans)


def _aside(reading: Reading, place: Place, mention: Mention) -> bool:
    """Whether a name is only what the number is held against, or is told of another number right beside it."""
    text, numeral = reading.text, place.numeral
    if COMPARED.search(text[max(0, mention.start - 30) : mention.start]):
        return ITS_OWN.match(text[mention.end : numeral.start]) is None if mention.end <= numeral.start else True
    if mention.start > numeral.end and SET_AGAINST.search(text, numeral.end, mention.start):
        return True
    return not _bound(reading, place, mention) and _taken(reading, place, mention)


def _accounted(reading: Reading, place: Place, mention: Mention) -> bool:
    """Whether another linked figure of the sentence is of the entity named, and this number not bound to it: "of Google and Meta 25 and 18"."""
    if _bound(reading, place, mention):
        return False
    others = [
        link for link in reading.around.plain.links if place.sentence.start <= link.start < place.sentence.end and link is not place.link
    ]
    found = [reading.index.linked(link.alias, link.key) for link in others]
    return any(other is not None and other.known.entities & mention.names for other in found)


def _taken(reading: Reading, place: Place, mention: Mention) -> bool:
    """Whether a name is told of another linked figure of its kind, right behind it: "LinkedIn just behind at 356, newsletters 328"."""
    around, sentence = reading.around, place.sentence
    link = next((link for link in around.plain.links if mention.end <= link.start < sentence.end), None)
    other = reading.index.linked(link.alias, link.key) if link is not None and link is not place.link else None
    if link is None or other is None or other.known.kind != mention.kind or not RIGHT_BEFORE.match(reading.text[mention.end : link.start]):
        return False
    if other.known.entities & mention.names:
        return True
    return not any(m.names & other.known.entities for m in around.within(around.entities, sentence.start, sentence.end))


def _bound(reading: Reading, place: Place, mention: Mention) -> bool:
    """Whether a name stands right before the number, or right behind it with a preposition."""
    text, numeral = reading.text, place.numeral
    if mention.end <= numeral.start:
        gap = (mention.end, numeral.start)
        return RIGHT_BEFORE.match(text[slice(*gap)]) is not None and not _number_in(reading, place, gap)
    gap = (numeral.end, mention.start)
    return RIGHT_BEHIND.match(text[slice(*gap)]) is not None and not _number_in(reading, place, gap)


def _number_in(reading: Reading, place: Place, gap: tuple[int, int]) -> bool:
    others: Sequence[Numeral] = reading.numbers_in.get(id(place.sentence), ())
    return any(gap[0] <= other.start < gap[1] for other in others)


def _crossed(reading: Reading, place: Place, known: Known, here: Sequence[Mention]) -> bool:
    """Whether the sentence names the figure's entity, and pairs the number with another."""
    text, numeral = reading.text, place.numeral
    alike = [m for m in here if place.clause[0] <= m.start < place.clause[1]]
    listed = len(alike) > 1 and all(AND_SO_ON.match(text[a.end : b.start]) for a, b in pairwise(alike))
    if listed:
        counted = all(AND_SO_ON.match(text[a.end : b.start]) for a, b in pairwise(place.peers))
        mine = owners(numeral, alike, place.peers) if counted and len(alike) == len(place.peers) else None
        return mine is not None and not known.entities & mine
    before = [m for m in alike if m.end <= numeral.start]
    if not before or before[-1].names & known.entities or not _bound(reading, place, before[-1]) or _aside(reading, place, before[-1]):
        return False
    behind = any(m.start >= numeral.end and m.names & known.entities and _bound(reading, place, m) for m in alike)
    gap = text[before[-1].end : numeral.start]
    return not behind and len(gap.split()) <= CLOSE and not SOMEONE_ELSE.search(gap)


def _only_half(known: Known, here: Sequence[Mention]) -> bool:
    """Whether a figure that compares two channels stands beside one of them and a third."""
    names = frozenset().union(*(m.names for m in here)) if here else frozenset()
    return known.kind == "channel" and len(known.entities) > 1 and bool(names - known.entities) and bool(known.entities - names)


def at_another_time(reading: Reading, place: Place, known: Known) -> str | None:
    """A stretch of time in the sentence that is not the figure's and no other figure's of the sentence either."""
    if known.start is None or known.end is None or is_threshold(reading, place):
        return None
    around, sentence = reading.around, place.sentence
    spans = around.within(around.periods, sentence.start, sentence.end)
    spans = spans or (around.within(around.periods, *sentence.column) if sentence.column else [])
    if not spans or any(holds(span, known.start, known.end) for span in spans):
        return None
    others = _other_periods(reading, place)
    wrong = [span for span in spans if _tells(reading, place, span, known) and not any(holds(span, *other) for other in others)]
    if not wrong:
        return None
    spoken = "; ".join(reading.text[span.start : span.end] for span in wrong)
    return f"it is for {known.start} to {known.end}, not for {spoken}"


def _other_periods(reading: Reading, place: Place) -> list[tuple[date, date]]:
    found = []
    for link in reading.around.plain.links:
        if place.sentence.start <= link.start < place.sentence.end and link is not place.link:
            other = reading.index.linked(link.alias, link.key)
            if other is not None and other.known.start and other.known.end:
                found.append((other.known.start, other.known.end))
    return found


def _tells(reading: Reading, place: Place, span: Span, known: Known) -> bool:
    """Whether words for a stretch of time say when the figure was: dated ones, and not those of a plan beside what has been."""
    if span.first is None or span.last is None or span.loose:
        return False
    assert known.start is not None
    assert known.end is not None
    if 0 <= span.start - place.numeral.end <= NEAR or 0 <= place.numeral.start - span.end <= NEAR:
        return True
    if span.year_open:
        return False
    if span.first <= known.end and known.start <= span.last:
        return True
    as_of = reading.around.as_of
    return as_of is None or (span.last >= as_of) == (known.end >= as_of)
