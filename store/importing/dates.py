"""Dates and times as exports write them, as SQL over a trimmed cell: ISO, day or month first, named months, epochs, offsets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from store.importing.mapping import DayOrder
from store.importing.sql import matches, quoted, replaced

ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$"
ISO_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$"
YEAR_FIRST = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$"
YEAR_FIRST_HALF_DAY = r"(?i)^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T ]+\d{1,2}:\d{2}(:\d{2})?\s*[ap]\.?m\.?$"
NUMERIC = r"(?i)^\d{1,2}[-/. ]\d{1,2}[-/. ](\d{4}|\d{2})([,T ]+\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?(\s*[ap]\.?m\.?)?)?$"
FULL_YEAR = r"^\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}([,T ]+\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$"
WEEKDAY = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+"
WORDED = rf"(?i)^({WEEKDAY})?(\d{{1,2}}[^\d:]*\pL[^\d:]*\d{{2,4}}|\pL+\.?\s+\d{{1,2}}(st|nd|rd|th)?[\s,]+\d{{4}})([^\d:].*)?$"
COMPACT = r"^(19|20)\d{6}$"
EPOCH = r"^\d{10}(\.\d+)?$|^\d{13}$|^\d{16}$"
OFFSET = r"(?i)\d:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[ap]\.?m\.?)?\s*(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)$"

TURNED = {"dmy": r"\3-\2-\1 ", "mdy": r"\3-\1-\2 "}
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FIRST_YEAR, LAST_YEAR = 1970, 2100
"""A client's data begins with computers and ends soon; what lies outside is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class DateCount:
    """How many cells of a column can be read in which way."""

    filled: int
    iso: int = 0
    iso_offset: int = 0
    either: int = 0
    """Day and month first are both possible, and differ."""
    day_first: int = 0
    month_first: int = 0
    worded: int = 0


def classify(text: str) -> str:
    """SQL for the way in which a cell can be read: the name of a count, 'other', or null."""
    first, second = _part(text, 1), _part(text, 2)
    return f"""CASE WHEN {text} IS NULL THEN NULL
        WHEN {matches(text, ISO)} THEN 'iso'
        WHEN {matches(text, ISO_OFFSET)} THEN 'iso_offset'
        WHEN {matches(text, NUMERIC)} THEN CASE
            WHEN {first} BETWEEN 13 AND 31 AND {second} <= 12 THEN 'day_first'
            WHEN {second} BETWEEN 13 AND 31 AND {first} <= 12 THEN 'month_first'
            WHEN {first} <= 12 AND {second} <= 12 AND {first} <> {second} THEN 'either' ELSE 'other' END
        WHEN {matches(text, WORDED)} THEN 'worded' ELSE 'other' END"""


def _part(text: str, number: int) -> str:
    return f"TRY_CAST(regexp_extract({text}, '^(\\d{{1,2}})[-/. ](\\d{{1,2}})[-/. ]', {number}) AS INTEGER)"


def moment(text: str, count: DateCount, order: DayOrder, zone: str, language: str) -> str:
    """The moment of a cell as TIMESTAMPTZ, null when it is none. Times without an offset are read in `zone`."""
    iso, iso_offset = f"timezone({quoted(zone)}, TRY_CAST({text} AS TIMESTAMP))", f"TRY_CAST({text} AS TIMESTAMPTZ)"
    if count.iso == count.filled:
        return iso
    if count.iso_offset == count.filled:
        return iso_offset
    body, offset = _body(text), _offset(text)
    minutes = f"""CASE WHEN regexp_extract({offset}, '[+-]') = '-' THEN -1 ELSE 1 END * (
        60 * coalesce(TRY_CAST(regexp_extract({offset}, '[+-](\\d{{1,2}})', 1) AS INTEGER), 0)
        + coalesce(TRY_CAST(regexp_extract({offset}, '[+-]\\d{{1,2}}:?(\\d{{2}})$', 1) AS INTEGER), 0))"""
    return f"""CASE
        WHEN {matches(text, ISO)} THEN {iso}
        WHEN {matches(text, ISO_OFFSET)} THEN {iso_offset}
        WHEN {matches(text, EPOCH)} THEN {_epoch(text)}
        WHEN {offset} <> '' THEN timezone('UTC', {_read(body, order, language, count)} - to_minutes({minutes}))
        ELSE timezone({quoted(zone)}, {_read(body, order, language, count)})
        END"""


def day(text: str, count: DateCount, order: DayOrder, zone: str, language: str) -> str:
    """The day of a cell as DATE: as written, or in `zone` when the cell says its offset."""
    if count.iso == count.filled:
        return f"CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"
    as_written = f"CAST({_read(text, order, language, count)} AS DATE)"
    in_zone = f"CAST(timezone({quoted(zone)}, {moment(text, count, order, zone, language)}) AS DATE)"
    quick = f"WHEN {matches(text, ISO)} THEN CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)"
    return f"CASE {quick} WHEN {_offset(text)} <> '' OR {matches(text, EPOCH)} THEN {in_zone} ELSE {as_written} END"


def _offset(text: str) -> str:
    return f"regexp_extract({text}, {quoted(OFFSET)}, 1)"


def _body(text: str) -> str:
    return f"rtrim(left({text}, length({text}) - length({_offset(text)})))"


def _epoch(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"""CASE length(split_part({text}, '.', 1))
        WHEN 10 THEN to_timestamp({number}) WHEN 13 THEN to_timestamp({number} / 1000) ELSE to_timestamp({number} / 1000000) END"""


def _read(body: str, order: DayOrder, language: str, count: DateCount) -> str:
    """The time written in a cell, as TIMESTAMP without a zone."""
    dashed = replaced(body, r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]*", r"\1-\2-\3 ")
    numeric = replaced(replaced(body, r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})[,T ]*", r"\1/\2/\3 "), r"(:\d{2})\.\d+", r"\1")
    first, second = _part(body, 1), _part(body, 2)
    day_first = f"CASE WHEN {first} > 12 THEN true WHEN {second} > 12 THEN false ELSE {'true' if order == 'dmy' else 'false'} END"
    # %y first: %Y would take 26 for the year 26.
    days, months = _formats("%d/%m/%y", "%d/%m/%Y"), _formats("%m/%d/%y", "%m/%d/%Y")
    # Turned into ISO where that will do: a list of strptime formats is tried one by one, which is forty times slower.
    turned = {order: replaced(body, r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})[,T ]*", to) for order, to in TURNED.items()}
    as_iso = f"rtrim(CASE WHEN {day_first} THEN {turned['dmy']} ELSE {turned['mdy']} END)"
    worded = f"WHEN {matches(body, WORDED)} THEN {_worded(body, language)}" if count.worded else ""
    return f"""CASE
        WHEN {matches(body, YEAR_FIRST)} THEN TRY_CAST(rtrim({dashed}) AS TIMESTAMP)
        WHEN {matches(body, FULL_YEAR)} THEN TRY_CAST({as_iso} AS TIMESTAMP)
        WHEN {matches(body, NUMERIC)} THEN CASE WHEN {day_first}
            THEN try_strptime({_half_days(numeric)}, {days}) ELSE try_strptime({_half_days(numeric)}, {months}) END
        WHEN {matches(body, COMPACT)} THEN try_strptime({body}, '%Y%m%d')
        WHEN {matches(body, YEAR_FIRST_HALF_DAY)} THEN try_strptime({_half_days(dashed)}, {_formats("%Y-%m-%d")})
        {worded}
        END"""


def _formats(*days: str) -> str:
    return "[" + ", ".join(quoted(day + time) for day, time in product(days, TIMES)) + "]"


def _half_days(text: str) -> str:
    """A time with AM and PM as strptime takes them: '3:05p.m.' is '3:05 PM'."""
    return "upper(rtrim(" + replaced(text, r"(?i)\s*([ap])\.?m\.?\s*$", r" \1M") + "))"


def _worded(body: str, language: str) -> str:
    """A date with the month in words: 21 Nov 2026, November 21st, 2026 at 3:05 PM, 21-Nov-26, 21. März 2026."""
    text = replaced(f"lower({body})", f"^{WEEKDAY}", "")
    text = replaced(replaced(text, r"(:\d{2})\.\d+", r"\1"), r"(\d)(st|nd|rd|th)\b", r"\1")
    text = replaced(replaced(text, r"\bat\b", " "), r"\bsept\b", "sep")
    for name, english in _foreign_months(language):
        text = replaced(text, rf"\b{name}\b\.?", english)
    text = "trim(" + replaced(text, r"[\s,./-]+", " ", everywhere=True) + ")"
    formats = _formats("%d %b %y", "%d %b %Y", "%d %B %y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
    return f"try_strptime({_half_days(text)}, {formats})"


def _foreign_months(language: str) -> list[tuple[str, str]]:
    """Month names of the client's language with their English abbreviations; none for English."""
    if language.startswith("en"):
        return []
    import re

    from babel import Locale

    english = Locale("en").months["format"]["abbreviated"]
    locale = Locale.parse(language, sep="-")
    pairs = {}
    for width in ("wide", "abbreviated"):
        for month, name in locale.months["format"][width].items():
            pairs[re.escape(name.lower().rstrip("."))] = english[month].lower()
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))
