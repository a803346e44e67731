"""Dates: those of the evidence are verified, plans may name days to come, and a past day that nothing knows is no fact."""

from __future__ import annotations

import re
from datetime import date, timedelta

from grounding.verifying.index import Candidate, Index
from grounding.verifying.numerals import Numeral
from grounding.verifying.periods import holds, read_day
from grounding.verifying.place import Judgement
from grounding.verifying.scope import Surroundings
from grounding.verifying.text import Link, Sentence

TITLE_BEFORE = re.compile(r"^(?:[^.!?]{0,30}[:;] )?[A-Z][\w' ]{2,60} $")
CITED = re.compile(r"\(([^()]*)\)")


class Dates:
    """Judges dates, quarters and years."""

    def __init__(self, index: Index, around: Surroundings, as_of: date | None, brief: str):
        self.index, self.around, self.as_of, self.brief = index, around, as_of, re.sub(r"\s+", " ", brief).lower()
        self.days: dict[date, str] = {}
        for record in index.records.values():
            self.days.setdefault(record.created_at.date(), f"the day of {record.alias or record.id}")
        if as_of:
            self.days[as_of] = "the day of this text"
        for known in index.known:
            for day in (known.start, known.end):
                if day:
                    self.days.setdefault(day, f"the period of {known.figure.label}")
            if known.figure.source_date:
                self.days.setdefault(known.figure.source_date, f"the date of a source: {known.figure.source}")
        self.figures = [known for known in index.known if known.figure.unit == "date"]
        self.periods = sorted({(known.start, known.end) for known in index.known if known.start and known.end})

    def judge(self, numeral: Numeral, sentence: Sentence | None, link: Link | None) -> Judgement:
        """The verdict on a date."""
        year = self.as_of.year if self.as_of else 2000
        day = read_day(numeral.text.replace("\u00a0", " "), year)
        if link is not None:
            return self.linked(day, link)
        if day is None:
            return self.stretch(numeral)
        for known in self.figures:
            if known.figure.value == day.isoformat():
                return Judgement("VERIFIED", known.figure.label, Candidate(known, "value", 0.0))
        if sentence is not None and (meant := self.meant(sentence, day)):
            return meant
        if day in self.days:
            return Judgement("EXEMPT", f"a date: {self.days[day]}")
        if numeral.text.lower() in self.brief:
            return Judgement("EXEMPT", "a date that the brief states")
        if self.as_of is None or day >= self.as_of:
            return Judgement("EXEMPT", "a date to come" if self.as_of else "a date")
        if sentence is not None and self.cited(numeral, sentence):
            return Judgement("EXEMPT", "the date of a source")
        if not re.search(r"\d{4}", numeral.text):
            return Judgement("EXEMPT", "a day without a year")
        return Judgement("UNSUPPORTED", "a past date that no evidence holds")

    def linked(self, day: date | None, link: Link) -> Judgement:
        candidate = self.index.linked(link.alias, link.key)
        if candidate is None:
            return Judgement("CONTRADICTED", f"its link names no figure: {link.alias}.{link.key}")
        if day is None or candidate.known.figure.value != day.isoformat():
            return Judgement("CONTRADICTED", f"its link leads to {candidate.known.figure.value}", candidate)
        return Judgement("VERIFIED", candidate.known.figure.label, candidate)

    def meant(self, sentence: Sentence, day: date) -> Judgement | None:
        """A sentence that names the label of a date figure and another day."""
        said = self.around.plain.text[sentence.start : sentence.end].lower()
        for known in self.figures:
            if known.figure.label.lower() in said:
                return Judgement("CONTRADICTED", f"{known.figure.label} is {known.figure.value}", Candidate(known, "value", 0.0))
        return None

    def stretch(self, numeral: Numeral) -> Judgement:
        """A month, quarter or year: checked with the figures beside it, so only a past one that no figure knows is told here."""
        for span in self.around.within(self.around.periods, max(0, numeral.start - 40), numeral.end):
            if span.end <= numeral.start or span.first is None or span.last is None:
                continue
            if any(holds(span, first, last) for first, last in self.periods):
                return Judgement("VERIFIED", "the period of the figures")
            if self.as_of and span.last < self.as_of - timedelta(days=1) and self.periods and numeral.text.lower() not in self.brief:
                inside = any(first <= span.first and span.last <= last for first, last in self.periods)
                if not inside and not span.loose and not span.year_open:
                    return Judgement("UNSUPPORTED", "a past period that no figure is for")
        return Judgement("EXEMPT", "a date")

    def cited(self, numeral: Numeral, sentence: Sentence) -> bool:
        """Whether the date stands in brackets behind a title or with it, as a citation does."""
        for match in CITED.finditer(self.around.plain.text, sentence.start, sentence.end):
            if match.start() < numeral.start < match.end():
                if match[1].strip() == numeral.text.strip() and TITLE_BEFORE.search(self.around.plain.text[sentence.start : match.start()]):
                    return True
                words = self.around.plain.text[match.start() + 1 : numeral.start]
                return bool(re.search(r"[A-Za-z]{3,}.*,\s*$", words))
        return False
