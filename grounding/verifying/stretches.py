"""Whether a figure is for the stretch of time that is named, per the period that is said, and how long that is; and the level of its interval."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from grounding.verifying.index import Candidate, Known
from grounding.verifying.periods import DAYS_IN, LENGTH, LENGTH_AFTER, holds
from grounding.verifying.place import EPSILON, Judgement, Place, Reading
from grounding.verifying.thresholds import is_threshold

PER = re.compile(
    r"^[^.;:]*?(?:(?:\b(?:a|per|each|every)|/)[ \u00a0]*(?P<a>day|week|month|quarter|year)\b|\b(?P<b>dai|week|month|quarter|year|annual)ly\b)",
    re.IGNORECASE,
)
PER_BEFORE = re.compile(r"\b(?P<b>daily|weekly|monthly|quarterly|yearly|annual)\b[^.;:,\d]{0,30}$", re.IGNORECASE)
PER_NAMES = {"dai": "day", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year"}
PERIODS = ("day", "week", "month", "quarter", "year")
PERIOD_DAYS = {"day": 1, "week": 7, "month": 30.4, "quarter": 91.3, "year": 365.25}
OWN_PERIOD = {
    period: re.compile(
        rf"\b{period}ly|per {period}|\b{period}ly_|_per_{period}|{'daily' if period == 'day' else period + 'ly'}|\ba {period}\b"
    )
    for period in PERIODS
}
SPAN_AFTER = re.compile(r"^[ \u00a0]?(?:[.,;:)|]|$)")
LEVEL_AFTER = re.compile(
    r"^[ \u00a0-]*(?:\w+[ \u00a0-])?(?:confidence|credible|prediction|interval|intervals|CI|certain|certainty|range)\b", re.IGNORECASE
)
LEVEL_BEFORE = re.compile(r"\b(?:confidence|interval|CI|level)[ \u00a0](?:level[ \u00a0])?(?:of|at)[ \u00a0]$", re.IGNORECASE)


def period(reading: Reading, place: Place, known: Known) -> int | str:
    """Whether the stretch of time that is named is the figure's."""
    if known.start is None or known.end is None or is_threshold(reading, place):
        return 0
    for found in reading.around.period_scopes(place.sentence):
        if any(holds(span, known.start, known.end) for span in found):
            return 1
        spoken = "; ".join(reading.text[span.start : span.end] for span in found)
        return f"it is for {known.start} to {known.end}, not for {spoken}"
    return 0


def per(reading: Reading, place: Place, known: Known) -> int | str:
    """Whether "a month" behind a number, or "monthly" before it, is what the figure is per."""
    numeral, text = place.numeral, reading.text
    stop = min([place.clause[1], numeral.end + 45, *(other.start for other in place.peers if other.start > numeral.start)])
    found = PER.match(text[numeral.end : stop])
    told = (found["a"] or found["b"]).lower() if found else None
    if told is None and numeral.kind in ("money", "bare"):
        before = PER_BEFORE.search(text[max(place.clause[0], numeral.start - 45) : numeral.start])
        told = before["b"].lower() if before else None
    if told is None:
        return 0
    told, figure = PER_NAMES.get(told, told), known.figure
    own = _own_periods(figure.metric, figure.label, figure.denominator)
    if own:
        return 1 if told in own else f"it is per {' and '.join(sorted(own))}, not per {told}"
    if known.start is not None and known.end is not None and figure.unit in ("money", "count"):
        days = (known.end - known.start).days + 1
        if abs(days - PERIOD_DAYS[told]) > 0.2 * PERIOD_DAYS[told]:
            return f"it is the total of {known.start} to {known.end}, not per {told}"
    return 0


@lru_cache(maxsize=4096)
def _own_periods(metric: str, label: str, denominator: str | None) -> frozenset[str]:
    """What a figure is per, by its denominator and its own words: an average of months of weekly spend may say both."""
    words = f"{metric} {label}".lower()
    return frozenset(name for name in PERIODS if name == denominator or OWN_PERIOD[name].search(words))


def level(reading: Reading, place: Place, here: Callable[[Place], list[Known]]) -> Judgement | None:
    """A level of confidence: "a 95% interval", "95% CI". `here` gives the figures that the sentence holds."""
    numeral = place.numeral
    if numeral.kind != "percent" or numeral.role != "number":
        return None
    after, before = reading.text[numeral.end : numeral.end + 30], reading.text[max(0, numeral.start - 30) : numeral.start]
    if not (LEVEL_AFTER.match(after) or LEVEL_BEFORE.search(before)):
        return None
    beside = [known for known in here(place) if known.figure.interval is not None]
    pool = beside or [known for known in reading.index.known if known.figure.interval is not None]
    for known in pool:
        interval = known.figure.interval
        if interval is not None and abs(interval.level * 100 - numeral.values[0]) <= numeral.step / 2 + EPSILON:
            return Judgement("VERIFIED", f"level of the interval of {known.figure.label}", Candidate(known, "value", 0.0))
    if not pool:
        return Judgement("UNSUPPORTED", "no figure has an interval of this level")
    interval = pool[0].figure.interval
    assert interval is not None
    return Judgement("CONTRADICTED", f"the interval is at {interval.level:.0%}", Candidate(pool[0], "value", 0.0))


def length(reading: Reading, place: Place, here: Callable[[Place], list[Known]]) -> Judgement | None:
    """ "The last 90 days": the length of the period of the figures beside it."""
    numeral = place.numeral
    if numeral.kind not in ("days", "weeks", "months", "years") or numeral.sign:
        return None
    after = reading.text[numeral.end : numeral.end + 12]
    named = LENGTH.search(reading.text[max(0, numeral.start - 30) : numeral.start])
    headed = place.sentence.kind in ("header", "heading", "cell") and place.sentence.start < numeral.start and SPAN_AFTER.match(after)
    if not (named or headed or LENGTH_AFTER.match(after)):
        return None
    days = numeral.values[0] * DAYS_IN[numeral.kind]
    slack = 1.01 if numeral.kind in ("days", "weeks") else 3.0 + 0.02 * days
    dated = [known for known in here(place) if known.start is not None]
    for known in dated or [known for known in reading.index.known if known.start is not None]:
        if known.start is not None and known.end is not None and abs((known.end - known.start).days + 1 - days) <= slack:
            return Judgement("VERIFIED", f"the period of {known.figure.label}", Candidate(known, "value", 0.0))
    if dated and named:
        return Judgement(
            "CONTRADICTED", f"the figures beside it are for {dated[0].start} to {dated[0].end}", Candidate(dated[0], "value", 0.0)
        )
    return None
