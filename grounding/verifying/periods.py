"""The stretches of time that a text names, and whether a figure's period is one of them."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MONTH_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
MONTH = (
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
DAY = rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}(?:st|nd|rd|th)?[ \u00a0](?:{MONTH})(?:,?[ \u00a0]\d{{4}})?|(?:{MONTH})[ \u00a0]\d{{1,2}}(?:st|nd|rd|th)?(?:,[ \u00a0]?\d{{4}})?)"
RANGE = re.compile(rf"(?P<first>{DAY})[ \u00a0]?(?:to|until|till|through|and|[-–—/])[ \u00a0]?(?P<last>{DAY})", re.IGNORECASE)
MONTHS = re.compile(
    rf"\b(?P<first>{MONTH})(?:[ \u00a0](?P<y1>(?:19|20)\d\d))?[ \u00a0]?(?:to|until|through|[-–—])[ \u00a0]?(?P<last>{MONTH})(?:[ \u00a0](?P<y2>(?:19|20)\d\d))?\b",
    re.IGNORECASE,
)
BETWEEN_MONTHS = re.compile(
    rf"\bbetween[ \u00a0](?P<first>{MONTH})[ \u00a0]and[ \u00a0](?P<last>{MONTH})(?:[ \u00a0](?P<y2>(?:19|20)\d\d))?\b", re.IGNORECASE
)
QUARTER = re.compile(
    r"\b(?:[QH][1-4](?:[ \u00a0/-]?(?:of )?(?:19|20)\d\d)?|(?:19|20)\d\d[ \u00a0-]?[QH][1-4])\b|\b(?P<word>first|second|third|fourth)[ \u00a0](?P<what>quarter|half)(?:[ \u00a0](?:of )?(?P<of>(?:19|20)\d\d))?",
    re.IGNORECASE,
)
SINGLE = re.compile(
    rf"\b(?P<month>{MONTH})[ \u00a0](?P<year>(?:19|20)\d\d)\b|(?:\b(?:in|during|for|since|over|through|of|throughout)[ \u00a0])(?P<bare>{MONTH})\b(?![ \u00a0]\d)",
    re.IGNORECASE,
)
ISO_MONTH = re.compile(r"(?<![\d-])((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\d-])")
YEAR = re.compile(r"(?:\b(?:in|during|for|since|of|throughout|year)[ \u00a0]|\()((?:19|20)\d\d)\b(?!-)")
RELATIVE = re.compile(
    r"\b(?P<which>last|past|previous|this|trailing|prior|next|coming)[ \u00a0](?P<what>week|month|quarter|year)\b", re.IGNORECASE
)
LENGTH = re.compile(
    r"\b(?:last|past|previous|trailing|most recent|latest|recent|prior|over|per|next|coming|following)[ \u00a0](?:the[ \u00a0])?(?:full[ \u00a0])?$",
    re.IGNORECASE,
)
LENGTH_AFTER = re.compile(r"^[ \u00a0](?:before|earlier|ago|prior|previously)\b", re.IGNORECASE)
DAYS_IN = {"days": 1.0, "weeks": 7.0, "months": 30.44, "years": 365.25, "hours": 1 / 24}
LENGTHS = {"week": (6, 8), "month": (28, 31), "quarter": (88, 93), "year": (360, 367)}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time as written. `year_open`: the year was not said. `loose`: a year by itself, in which a shorter period may lie."""

    start: int
    end: int
    first: date | None
    last: date | None
    year_open: bool = False
    loose: bool = False
    length: str | None = None


def month_number(name: str) -> int:
    """1..12 of an English month name or its abbreviation."""
    return next(index for index, month in enumerate(MONTH_NAMES, 1) if month.startswith(name.lower()[:3]))


def spans(text: str, as_of: date | None) -> list[Span]:
    """Every stretch of time in the text, the longest reading at each place."""
    found: list[Span] = []
    taken: list[tuple[int, int]] = []
    for span in _all(text, as_of):
        if any(span.start < end and start < span.end for start, end in taken):
            continue
        taken.append((span.start, span.end))
        found.append(span)
    return sorted(found, key=lambda span: span.start)


def _all(text: str, as_of: date | None) -> Iterator[Span]:
    year = as_of.year if as_of else 2000
    for match in RANGE.finditer(text):
        last = read_day(match["last"], year)
        first = read_day(match["first"], last.year if last else year)
        if first and last:
            yield Span(match.start(), match.end(), first, last, year_open=not re.search(r"\d{4}", match["last"]))
    for match in MONTHS.finditer(text):
        said = match["y2"] or match["y1"]
        last_year = int(match["y2"] or match["y1"] or year)
        first_year = int(match["y1"] or match["y2"] or year)
        low, high = month_number(match["first"]), month_number(match["last"])
        if not match["y1"] and low > high:
            first_year = last_year - 1
        yield Span(match.start(), match.end(), date(first_year, low, 1), _month_end(last_year, high), year_open=not said)
    for match in BETWEEN_MONTHS.finditer(text):
        last_year = int(match["y2"] or year)
        low, high = month_number(match["first"]), month_number(match["last"])
        first = date(last_year - (low > high), low, 1)
        yield Span(match.start(), match.end(), first, _month_end(last_year, high), year_open=match["y2"] is None)
    for match in QUARTER.finditer(text):
        said_year = match["of"] or next(iter(re.findall(r"(?:19|20)\d\d", match[0])), None)
        if match["word"]:
            number, months = (
                ("first", "second", "third", "fourth").index(match["word"].lower()) + 1,
                3 if match["what"].lower() == "quarter" else 6,
            )
        else:
            mark = re.search(r"([QHqh])([1-4])", match[0])
            assert mark is not None
            number, months = int(mark[2]), 3 if mark[1].upper() == "Q" else 6
        if months * number > 12:
            continue
        at = int(said_year or year)
        yield Span(
            match.start(), match.end(), date(at, months * (number - 1) + 1, 1), _month_end(at, months * number), year_open=said_year is None
        )
    for match in SINGLE.finditer(text):
        if re.search(
            r"(?:\d{1,2}(?:st|nd|rd|th)?|\bby|\bbefore|\bafter|\bfrom|\bend|\bstart|\bbeginning|\bclose|\bmiddle)[ \u00a0](?:of )?$",
            text[max(0, match.start() - 14) : match.start()],
        ):
            continue
        at, number = int(match["year"] or year), month_number(match["month"] or match["bare"])
        yield Span(match.start(), match.end(), date(at, number, 1), _month_end(at, number), year_open=match["year"] is None)
    for match in ISO_MONTH.finditer(text):
        yield Span(match.start(), match.end(), date(int(match[1]), int(match[2]), 1), _month_end(int(match[1]), int(match[2])))
    for match in YEAR.finditer(text):
        at = int(match[1])
        yield Span(match.start(1), match.end(1), date(at, 1, 1), date(at, 12, 31), loose=True)
    for match in RELATIVE.finditer(text):
        yield Span(match.start(), match.end(), None, None, length=match["what"].lower())


def read_day(words: str, year: int) -> date | None:
    """A day as written: ISO, '3 March 2026', 'March 3, 2026', without a year in `year`."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if match := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", words):
            return date(int(match[3]), int(match[2]), int(match[1]))
        month = re.search(rf"(?:{MONTH})", words, re.IGNORECASE)
        numbers = re.findall(r"\d+", words)
        if month is None or not numbers:
            return None
        day = next((int(number) for number in numbers if len(number) <= 2), None)
        said = next((int(number) for number in numbers if len(number) == 4), year)
        return date(said, month_number(month[0]), day) if day else None
    except ValueError:
        return None


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def holds(span: Span, first: date, last: date) -> bool:
    """Whether a figure of the period first..last may be said of this stretch."""
    if span.length is not None:
        low, high = LENGTHS[span.length]
        return low <= (last - first).days + 1 <= high
    assert span.first is not None
    assert span.last is not None
    start, end = span.first, span.last
    if span.year_open and start.year != first.year:
        shift = first.year - start.year
        start, end = _moved(start, shift), _moved(end, shift)
    if span.loose:
        return start <= first and last <= end
    near = timedelta(days=1)
    if abs(start - first) <= near and abs(end - last) <= near:
        return True
    covered = (min(end, last) - max(start, first)).days + 1
    return start <= first + near and last <= end + near and covered >= 0.66 * ((end - start).days + 1)


def _moved(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
