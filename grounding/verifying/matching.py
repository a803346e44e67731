"""Judge one numeral: which figure stands behind it, and whether unit, size, sign, entity, metric and period agree."""

from __future__ import annotations

from collections.abc import Callable

from grounding.verifying.index import Candidate, Known
from grounding.verifying.linked import against
from grounding.verifying.metrics import metric
from grounding.verifying.numerals import Numeral
from grounding.verifying.place import Judgement, Place, Reading, described
from grounding.verifying.stretches import length, level, per, period
from grounding.verifying.subjects import end, entity, sign
from grounding.verifying.text import Link, Sentence
from grounding.verifying.values import of_this_value, same_unit, same_value

__all__ = ["Judge", "Judgement", "Place"]

PLAIN = {"bare": 20, "percent": 5, "days": 7, "weeks": 2, "months": 12}
"""Up to here a whole number of this kind is so common that it needs a word beside it that says what it is."""
Check = Callable[[Place, Candidate], int | str]


class Judge:
    """Judges numerals of one reading."""

    def __init__(self, reading: Reading):
        self.reading = reading
        self.index = reading.index
        self.checks: tuple[Check, ...] = (
            lambda place, candidate: sign(reading, place, candidate),
            lambda place, candidate: end(reading, place, candidate),
            lambda place, candidate: entity(reading, place, candidate),
            lambda place, candidate: metric(reading, place, candidate.known),
            lambda place, candidate: period(reading, place, candidate.known),
            lambda place, candidate: per(reading, place, candidate.known),
        )

    def judge(self, place: Place) -> Judgement:
        """The verdict on a numeral that claims an amount."""
        if place.link is not None:
            return self.linked(place, place.link)
        if told := level(self.reading, place, self.here):
            return told
        failures: list[tuple[str, Candidate]] = []
        passing: list[tuple[int, Candidate]] = []
        for candidate in of_this_value(self.reading, place):
            ranked = self.fits(place, candidate)
            if isinstance(ranked, str):
                failures.append((ranked, candidate))
            else:
                passing.append((ranked, candidate))
        if passing:
            best = max(passing, key=lambda entry: (entry[0], entry[1].end == "value"))
            return Judgement("VERIFIED", described(best[1]), best[1])
        if told := length(self.reading, place, self.here):
            return told
        if failures:
            reason, candidate = max(failures, key=lambda entry: self.nearness(place, entry[1]))
            return Judgement("CONTRADICTED", f"{reason} ({candidate.known.alias}.{candidate.key})", candidate)
        meant = self.meant(place)
        if meant is not None:
            return Judgement("CONTRADICTED", f"{described(meant)} is {self.reading.shown(meant)}", meant)
        return Judgement("UNSUPPORTED", "no figure of the evidence has this value: use a slot, or leave the figure out")

    def linked(self, place: Place, link: Link) -> Judgement:
        """The linked figure is the claim."""
        candidate = self.index.linked(link.alias, link.key)
        if candidate is None:
            return Judgement("CONTRADICTED", f"its link names no figure: {link.alias}.{link.key}")
        if isinstance(candidate.known.figure.value, str):
            return Judgement("CONTRADICTED", f"its link leads to a date ({link.alias}.{link.key})", candidate)
        if not same_unit(self.reading, place.numeral, candidate.known):
            return Judgement("CONTRADICTED", f"its link leads to {candidate.known.figure.unit}: {self.reading.shown(candidate)}", candidate)
        if not same_value(place.numeral, candidate):
            if inside := self.end_inside(place, link, candidate):
                return Judgement("VERIFIED", described(inside), inside)
            return Judgement("CONTRADICTED", f"its link leads to {self.reading.shown(candidate)}", candidate)
        if wrong := against(self.reading, place, candidate):
            return Judgement("CONTRADICTED", wrong, candidate)
        return Judgement("VERIFIED", described(candidate), candidate)

    def end_inside(self, place: Place, link: Link, candidate: Candidate) -> Candidate | None:
        """An end of the interval, behind the figure in one link: [32,2 (4,32 to 67,2)]. Its side and its sign are checked."""
        interval, numeral = candidate.known.figure.interval, place.numeral
        if interval is None or candidate.end != "value" or numeral.start <= link.start + 1 or not numeral.pair:
            return None
        end = "low" if numeral.pair > 0 else "high"
        found = Candidate(candidate.known, end, getattr(interval, end) * candidate.known.factor)
        signed = (found.value < 0) == (numeral.sign < 0)
        return found if signed and same_value(numeral, found) else None

    def fits(self, place: Place, candidate: Candidate) -> int | str:
        """How well an unlinked figure fits what the sentence says, or why it does not."""
        score = 0
        for check in self.checks:
            found = check(place, candidate)
            if isinstance(found, str):
                return found
            score += found
        around = self.reading.around
        if _plain(place.numeral) and not candidate.known.entities and around.within(around.entities, *place.clause):
            score -= 1
        if score <= 0 and _plain(place.numeral):
            return "the value is that of a figure by chance: nothing in the sentence names its metric or entity"
        return score

    def nearness(self, place: Place, candidate: Candidate) -> int:
        """How much of a failing figure does fit, to choose the reason to tell."""
        found = [check(place, candidate) for check in self.checks if check is not self.checks[1]]
        return sum(2 if answer else 1 for answer in found if not isinstance(answer, str))

    def here(self, place: Place) -> list[Known]:
        """Figures that other numerals or links of the sentence stand for."""
        linked = [self.index.linked(link.alias, link.key) for link in self.links_in(place.sentence)]
        found = [candidate.known for candidate in linked if candidate is not None]
        if found:
            return found
        for other in self.reading.numbers_in.get(id(place.sentence), ()):
            if other is not place.numeral and other.values:
                at = Place(other, place.sentence, place.clause, place.peers)
                found += [c.known for c in of_this_value(self.reading, at) if not isinstance(entity(self.reading, at, c), str)]
        return found

    def links_in(self, sentence: Sentence) -> list[Link]:
        """The links of a sentence."""
        return [link for link in self.reading.around.plain.links if sentence.start <= link.start < sentence.end]

    def meant(self, place: Place) -> Candidate | None:
        """When no value fits: the one figure whose entity and metric the clause names, in the numeral's unit."""
        found: list[tuple[int, Candidate]] = []
        around = self.reading.around
        spans = [(place.sentence.start, place.sentence.end), *(span for _, span in around.metric_places(place.sentence, place.clause))]
        names = frozenset().union(*(mention.names for span in spans for mention in around.within(around.metrics, *span)))
        for known in self.index.known:
            if not known.concepts & names or isinstance(known.figure.value, str) or not same_unit(self.reading, place.numeral, known):
                continue
            candidate = Candidate(known, "value", known.figure.value * known.factor)
            about = metric(self.reading, place, known)
            if isinstance(about, str) or about < 2:
                continue
            scores = [entity(self.reading, place, candidate), about, period(self.reading, place, known)]
            if not any(isinstance(score, str) for score in scores):
                found.append((sum(score for score in scores if isinstance(score, int)), candidate))
        best = max((score for score, _ in found), default=0)
        top = [candidate for score, candidate in found if score == best]
        return top[0] if 0 < len(top) <= 2 else None


def _plain(numeral: Numeral) -> bool:
    """Whether a value is so plain that it fits some figure by chance."""
    value = numeral.values[0]
    if numeral.kind == "money":
        return value == 0
    return value == int(value) and value <= PLAIN.get(numeral.kind, -1)
