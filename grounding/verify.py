"""Verify a rendered text, whoever wrote it: every numeral against the evidence, and every claim against its basis."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from grounding.brief import stated_figures
from grounding.evidence import Evidence, Locale
from grounding.slots import table_markdown
from grounding.verdict import FAILING, MissingCaveat, NumeralVerdict, Verdict, WordProblem
from grounding.verifying.caveats import missing_caveats
from grounding.verifying.claims import Claims
from grounding.verifying.counts import count_of_listed
from grounding.verifying.dates import Dates
from grounding.verifying.index import Candidate, Index, index_of
from grounding.verifying.matching import Judge
from grounding.verifying.numerals import Numeral, read
from grounding.verifying.place import Judgement, Place, Reading
from grounding.verifying.scope import Surroundings
from grounding.verifying.text import Link, Plain, read_text

__all__ = ["MissingCaveat", "NumeralVerdict", "Verdict", "WordProblem", "verify"]

EXEMPT = {
    "ordinal": "an ordinal",
    "name": "part of a name",
    "time": "a time of day",
    "label": "a label",
    "format": "a format of a medium",
    "age": "an age band, which is a setting",
}
ALWAYS_CLAIMS = frozenset({"number", "fraction"})


def verify(text: str, evidence: Sequence[Evidence], *, locale: Locale, brief: str | None = None, as_of: date | None = None) -> Verdict:
    """Read a text against its evidence. Pure; a 3 000-word text takes well under 0.1 s.

    `brief`: words whose numbers count as stated, when no brief record is among the evidence. `as_of`: the day of the text, which tells
    plans from the past. Offsets of the verdicts are those of `text`.
    """
    records = _briefed(list(evidence), brief, locale)
    index = index_of(records)
    plain = read_text(text)
    around = Surroundings(plain, index, as_of)
    reading = Reading(index, around, locale)
    judge = Judge(reading)
    dates = Dates(index, around, as_of, brief or _brief_text(evidence))
    numerals = read(plain.text, locale)
    places = _places(numerals, plain)
    for place in places:
        if place is not None:
            reading.sentences[place.numeral.start] = place.sentence
            reading.numbers_in.setdefault(id(place.sentence), []).append(place.numeral)
    verdicts: list[NumeralVerdict] = []
    standing: dict[int, list[tuple[int, Candidate]]] = {}
    worded = [match.span() for words in index.worded if words in plain.text for match in re.finditer(re.escape(words), plain.text)]
    copied = _own_tables(text, records, locale)
    used = {index.by_id.get(link.alias, link.alias) for link in plain.links}
    for numeral, place in zip(numerals, places, strict=True):
        judgement = _copied(plain.back(numeral.start), copied) or _judged(numeral, place, plain, judge, dates, around, index)
        if judgement.verdict == "UNSUPPORTED" and any(start <= numeral.start < end for start, end in worded):
            judgement = Judgement("EXEMPT", "the words of a label, source or caveat of the evidence")
        verdicts.append(_verdict(numeral, place, judgement, plain))
        if judgement.verdict == "VERIFIED" and judgement.candidate is not None and place is not None:
            used.add(judgement.candidate.known.alias)
            standing.setdefault(id(place.sentence), []).append((numeral.start, judgement.candidate))
    claims = Claims(index, around, standing)
    told = [(sentence, claim) for sentence in plain.sentences for claim in claims.of(sentence)] + claims.headings()
    words = tuple(
        WordProblem(
            text=plain.text[claim.start : claim.end],
            start=plain.back(claim.start),
            end=plain.back(claim.end - 1) + 1,
            sentence=sentence.body.strip(),
            kind=claim.kind,
            reason=claim.reason,
        )
        for sentence, claim in told
    )
    missing = tuple(missing_caveats(around, used & set(index.records)))
    ok = not words and not missing and not any(verdict.verdict in FAILING for verdict in verdicts)
    return Verdict(ok=ok, numerals=tuple(verdicts), words=words, missing_caveats=missing)


def _own_tables(text: str, records: Sequence[Evidence], locale: Locale) -> list[tuple[int, int, str]]:
    """Spans of lines that stand in a tool's own table to the letter, with the record's alias: the house puts such tables under a section."""
    if "\n|" not in text:
        return []
    rows = {
        line: record.alias or record.id
        for record in records
        if record.result.get("table")
        for line in table_markdown(record, locale).splitlines()
    }
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        if line.strip() in rows:
            found.append((at, at + len(line), rows[line.strip()]))
        at += len(line)
    return found


def _copied(position: int, spans: Sequence[tuple[int, int, str]]) -> Judgement | None:
    at = bisect_right(spans, position, key=lambda span: span[0]) - 1
    if at < 0 or position >= spans[at][1]:
        return None
    return Judgement("VERIFIED", f"a row of the table of {spans[at][2]}, to the letter")


def _briefed(evidence: list[Evidence], brief: str | None, locale: Locale) -> list[Evidence]:
    """The evidence, and the brief's numbers as stated figures when no brief record is among it."""
    if not brief or any(record.tool == "brief" for record in evidence):
        return evidence
    from datetime import UTC, datetime

    figures = [figure.model_dump(mode="json") for figure in stated_figures(brief, locale)]
    made = evidence[0].created_at if evidence else datetime(2000, 1, 1, tzinfo=UTC)
    record = Evidence(
        id="brief", alias="B", tool="brief", version=1, request={"text": brief}, result={"figures": figures, "findings": [], "caveats": []}, created_at=made
    )  # fmt: skip
    return [*evidence, record]


def _brief_text(evidence: Sequence[Evidence]) -> str:
    return " ".join(str(record.request.get("text", "")) for record in evidence if record.tool == "brief")


def _places(numerals: Sequence[Numeral], plain: Plain) -> list[Place | None]:
    """Each numeral in its sentence and clause; None outside of every sentence (list and heading markers)."""
    sentences = sorted(plain.sentences, key=lambda sentence: sentence.start)
    starts = [sentence.start for sentence in sentences]
    places: list[Place | None] = []
    by_clause: dict[tuple[int, int], list[Numeral]] = {}
    links = sorted(plain.links, key=lambda link: link.start)
    link_starts = [link.start for link in links]
    for number, numeral in enumerate(numerals):
        at = bisect_right(starts, numeral.start) - 1
        if at < 0 or numeral.start >= sentences[at].end:
            places.append(None)
            continue
        sentence = sentences[at]
        clause = next((c for c in sentence.clauses if c[0] <= numeral.start < c[1]), (sentence.start, sentence.end))
        peers = by_clause.setdefault(clause, [])
        if numeral.role in ALWAYS_CLAIMS:
            peers.append(numeral)
        partner = numerals[number + 1] if numeral.pair > 0 else numerals[number - 1] if numeral.pair < 0 else None
        places.append(Place(numeral, sentence, clause, peers, _link(numeral, links, link_starts), partner))
    return places


def _link(numeral: Numeral, links: Sequence[Link], starts: Sequence[int]) -> Link | None:
    at = bisect_right(starts, numeral.end - 1) - 1
    return links[at] if at >= 0 and links[at].end > numeral.start else None


def _judged(
    numeral: Numeral, place: Place | None, plain: Plain, judge: Judge, dates: Dates, around: Surroundings, index: Index
) -> Judgement:
    if place is None:
        return Judgement("EXEMPT", "a list or heading marker")
    if numeral.role == "date" or (numeral.role == "year" and not _counted(place, around)):
        return dates.judge(numeral, place.sentence, place.link)
    if numeral.role in EXEMPT and place.link is None:
        return Judgement("EXEMPT", EXEMPT[numeral.role])
    if not numeral.values:
        return Judgement("CONTRADICTED", f"its link leads to {place.link.alias}.{place.link.key}, and this is no amount") if place.link else Judgement("EXEMPT", "no amount")  # fmt: skip
    listed = count_of_listed(place, around, index)
    if listed is not None and (listed.verdict != "VERIFIED" or "list" in listed.reason):
        return listed
    judged = judge.judge(place)
    if judged.verdict in FAILING and listed is not None:
        return listed
    return judged


def _counted(place: Place, around: Surroundings) -> bool:
    """Whether a number that looks like a year counts something: "2 026" would, "2026 bookings" does."""
    if place.link is not None:
        return True
    end = place.numeral.end
    return any(mention.start - end == 1 for mention in around.within(around.metrics, end, end + 2))


def _verdict(numeral: Numeral, place: Place | None, judgement: Judgement, plain: Plain) -> NumeralVerdict:
    candidate = judgement.candidate
    return NumeralVerdict(
        text=numeral.text.strip(),
        start=plain.back(numeral.start),
        end=plain.back(numeral.end - 1) + 1,
        sentence=place.sentence.body.strip() if place is not None else numeral.text,
        verdict=judgement.verdict,
        reason=judgement.reason,
        evidence=candidate.known.alias if candidate is not None else None,
        key=candidate.key if candidate is not None else None,
    )
