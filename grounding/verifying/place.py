"""A numeral in its sentence, what is said of it, and the reading of one text that every check looks into."""

from __future__ import annotations

from dataclasses import dataclass, field

from grounding.evidence import Locale
from grounding.verdict import VerdictWord
from grounding.verifying.index import Candidate, Index, Known
from grounding.verifying.numerals import Numeral
from grounding.verifying.scope import Surroundings
from grounding.verifying.text import Link, Sentence

EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason and the figure meant."""

    verdict: VerdictWord
    reason: str
    candidate: Candidate | None = None


@dataclass(slots=True)
class Place:
    """A numeral in its sentence."""

    numeral: Numeral
    sentence: Sentence
    clause: tuple[int, int]
    peers: list[Numeral]
    """Numbers of the same clause, in order."""
    link: Link | None = None
    partner: Numeral | None = None
    """The other end of a written range."""


@dataclass(slots=True)
class Reading:
    """One text against one index: what the checks share."""

    index: Index
    around: Surroundings
    locale: Locale
    sentences: dict[int, Sentence] = field(default_factory=dict)
    """Sentence by the start of each numeral."""
    numbers_in: dict[int, list[Numeral]] = field(default_factory=dict)
    """Numerals by the identity of their sentence."""

    @property
    def text(self) -> str:
        """The text as a reader sees it."""
        return self.around.plain.text

    def before(self, place: Place, letters: int) -> str:
        """What stands before the numeral in its sentence."""
        return self.text[max(place.sentence.start, place.numeral.start - letters) : place.numeral.start]

    def column_words(self, numeral: Numeral) -> str:
        """The head of the column that a numeral stands in."""
        sentence = self.sentences.get(numeral.start)
        return self.text[slice(*sentence.column)] if sentence is not None and sentence.column else ""

    def shown(self, candidate: Candidate) -> str:
        """The value as the house would print it."""
        from grounding.rendering import show

        figure = candidate.known.figure
        if candidate.end == "value":
            return show(figure, self.locale)
        return show(figure, self.locale, value=getattr(figure.interval, candidate.end))


def described(candidate: Candidate) -> str:
    """'cost per booking of google ads, low end'."""
    figure = candidate.known.figure
    end = {"low": ", low end", "high": ", high end"}.get(candidate.end, "")
    return f"{figure.label}{f' of {named(candidate.known)}' if figure.entity else ''}{end}"


def named(known: Known) -> str:
    """Whose a figure is, in words."""
    return (known.figure.entity or ", ".join(sorted(known.entities)) or "the whole client").replace("_", " ")
