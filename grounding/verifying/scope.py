"""What a numeral is about: the entities, metrics and stretches of time that its clause, sentence and surroundings name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from grounding.verifying.index import Index, Mention
from grounding.verifying.numerals import Numeral
from grounding.verifying.periods import Span, spans
from grounding.verifying.text import Plain, Sentence
from tools.contract import Unit

UNITS: dict[str, frozenset[Unit]] = {
    "money": frozenset({"money"}),
    "percent": frozenset({"share"}),
    "points": frozenset({"points", "share"}),
    "bps": frozenset({"points", "share"}),
    "multiple": frozenset({"multiple", "number"}),
    "hours": frozenset({"hours", "days", "count"}),
    "days": frozenset({"days", "weeks", "hours", "count"}),
    "weeks": frozenset({"weeks", "days", "count"}),
    "months": frozenset({"months", "count"}),
    "years": frozenset({"months", "count"}),
    "score": frozenset({"score", "points", "number"}),
    "bare": frozenset({"count", "number", "score", "multiple"}),
    "other": frozenset(),
}
"""The units of figures that a numeral of each kind may show."""


LONGEST_LABEL = 40
"""A first cell or bold head longer than this is a sentence of its own, and names no metric for the rest."""

FOIL = re.compile(r"\b(?:from|than|unlike|versus|vs\.?|against|like|instead of)[ \u00a0](?:that of |those of |on |in )?$", re.IGNORECASE)
OTHER_SIDE = re.compile(
    r"\b(?:compared (?:with|to)|against|versus)[ \u00a0][^ .;]*\d[^.;]{0,14}[ \u00a0](?:on|for|at|of|in|by)[ \u00a0]$", re.IGNORECASE
)
"""What stands behind a number that another is set against: "compared with R1,37 on Meta"."""

Named = TypeVar("Named", Mention, Span)


class Surroundings:
    """All mentions of a text, asked by place."""

    def __init__(self, plain: Plain, index: Index, as_of: date | None):
        self.plain, self.index, self.as_of = plain, index, as_of
        self.entities = index.entity_mentions(plain.text)
        self.metrics = index.metric_mentions(plain.text)
        self.periods = spans(plain.text, as_of)
        self._starts = {id(group): [mention.start for mention in group] for group in (self.entities, self.metrics, self.periods)}

    def within(self, group: list[Named], start: int, end: int) -> list[Named]:
        """Mentions that begin in start..end."""
        starts = self._starts[id(group)]
        return group[bisect_left(starts, start) : bisect_left(starts, end)]

    def entity_scopes(self, sentence: Sentence, clause: tuple[int, int]) -> list[list[Mention]]:
        """Entity mentions from the nearest place outwards: clause, sentence, label, earlier sentences, headings."""
        own = self.within(self.entities, *clause)
        rest = [mention for mention in self.within(self.entities, sentence.start, clause[0]) if not self.foil(mention)]
        places = [place for place in (sentence.label, sentence.column) if place]
        before, steps = sentence.previous, 0
        while before is not None and steps < 6:
            places.append((before.start, before.end))
            before, steps = before.previous, steps + 1
        places += sentence.headings[:2]
        return [found for found in (own, rest, *(self.named(*place) for place in places)) if found]

    def named(self, start: int, end: int) -> list[Mention]:
        """Entities in start..end, without those that another is only set against."""
        found = self.within(self.entities, start, end)
        before = [self.plain.text[max(0, mention.start - 48) : mention.start] for mention in found]
        return [mention for mention, words in zip(found, before, strict=True) if not (FOIL.search(words) or OTHER_SIDE.search(words))]

    def foil(self, mention: Mention) -> bool:
        """Whether an entity is only what another is set against: "nothing tells it from Meta", "unlike Meta"."""
        return FOIL.search(self.plain.text[max(0, mention.start - 48) : mention.start]) is not None

    def metric_places(self, sentence: Sentence, clause: tuple[int, int]) -> list[tuple[bool, tuple[int, int]]]:
        """Where else a metric may be named, nearest first; False for a place that may speak of something else."""
        places = [(True, (sentence.start, clause[0]))] if clause[0] > sentence.start else []
        places += [(True, sentence.column)] if sentence.column else []
        if sentence.label:
            words = self.plain.text[slice(*sentence.label)]
            places.append((len(words) <= LONGEST_LABEL and not any(letter.isdigit() for letter in words), sentence.label))
        if sentence.previous is not None:
            places.append((False, (sentence.previous.start, sentence.previous.end)))
        return places + [(False, place) for place in sentence.headings[:1]]

    def period_scopes(self, sentence: Sentence) -> list[list[Span]]:
        """Stretches of time in the sentence, else in its column, label or the sentence before."""
        places = [(sentence.start, sentence.end)]
        places += [place for place in (sentence.column, sentence.label) if place]
        return [found for place in places if (found := self.within(self.periods, *place))]


def owners(target: Numeral, mentions: Sequence[Mention], numerals: Sequence[Numeral]) -> frozenset[str] | None:
    """Which of the names mentioned the numeral may belong to; None when nothing is mentioned.

    Clear patterns bind (A 1 and B 2; 1 for A and 2 for B; A and B … 1 and 2); anything else leaves every name open.
    """
    names = frozenset().union(*(mention.names for mention in mentions)) if mentions else None
    if names is None or len({mention.names for mention in mentions}) == 1 or target not in numerals:
        return names
    order: list[tuple[int, str, Any]] = sorted(
        [*((m.start, "E", m) for m in mentions), *((n.start, "N", n) for n in numerals)], key=lambda entry: entry[0]
    )
    pattern = "".join(letter for _, letter, _ in order)
    count = pattern.count("E")
    place = next(i for i, (_, _, item) in enumerate(order) if item is target)
    if pattern == "E" * count + "N" * count or pattern == "N" * count + "E" * count:
        other = [item for _, letter, item in order if letter == "E"]
        return other[[item for _, letter, item in order if letter == "N"].index(target)].names
    if pattern.startswith("E") and pattern.endswith("N") and "EE" not in pattern:
        return next(item.names for _, letter, item in reversed(order[:place]) if letter == "E")
    if pattern.startswith("N") and pattern.endswith("E") and "EE" not in pattern and "NN" not in pattern:
        return next(item.names for _, letter, item in order[place:] if letter == "E")
    return names
