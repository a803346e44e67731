"""Whether a numeral shows a figure's value: unit, currency, scale and rounding to the last printed digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grounding.rendering import RELATIVE_CAP
from grounding.verifying.index import Candidate, Known
from grounding.verifying.numerals import Numeral
from grounding.verifying.periods import DAYS_IN
from grounding.verifying.place import EPSILON, Place, Reading
from grounding.verifying.scope import UNITS
from tools.contract import Figure

FRACTION_CAP = 0.09
""" "Nearly half" may be 46%."""
DURATIONS = ("days", "weeks", "months", "hours")


def of_this_value(reading: Reading, place: Place) -> list[Candidate]:
    """Every figure, or end of an interval, that the numeral may show by its value and unit alone."""
    numeral = place.numeral
    found: list[Candidate] = []
    for value in numeral.values:
        for size in _sizes(numeral, value):
            slack = max(numeral.step, numeral.rounded if numeral.hedged else 0.0, size * 0.1)
            found += [
                candidate
                for candidate in reading.index.near(size - slack, size + slack)
                if same_value(numeral, candidate) and same_unit(reading, numeral, candidate.known) and candidate not in found
            ]
    return found


def _sizes(numeral: Numeral, value: float) -> list[float]:
    """The values that a figure may have which this numeral shows: durations in any unit, basis points as percent."""
    if numeral.kind in DAYS_IN:
        days = value * DAYS_IN[numeral.kind]
        return sorted({value, days, days / 7, days * 24, value * 12 if numeral.kind == "years" else value})
    if numeral.kind == "bps":
        return [value / 100]
    if numeral.kind == "multiple" and numeral.word:
        return [value, (value - 1) * 100]
    if numeral.kind == "percent" and numeral.role == "fraction":
        return [value, value / 100]
    return [value]


def same_unit(reading: Reading, numeral: Numeral, known: Known) -> bool:
    """Whether the unit written is the figure's, or the column says it."""
    figure = known.figure
    if numeral.kind == "money":
        return figure.unit == "money" and figure.currency in numeral.currencies
    if numeral.kind == "multiple" and numeral.word:
        return figure.unit in ("multiple", "number") or (figure.unit == "share" and known.change)
    if numeral.kind == "percent" and numeral.role == "fraction":
        return figure.unit in ("share", "multiple")
    if numeral.kind == "points" and figure.unit == "share":
        return False
    if numeral.kind == "bare" and figure.unit == "money":
        return _currency_in(reading.column_words(numeral), figure)
    if numeral.kind == "bare" and figure.unit in ("share", "points"):
        return re.search(r"%|\bpercent", reading.column_words(numeral)) is not None
    if numeral.kind == "bare" and figure.unit in DURATIONS:
        return reading.index.by_place.get(known.place) is known and figure.unit.rstrip("s") in reading.column_words(numeral).lower()
    if numeral.kind in DAYS_IN and figure.unit in ("count", "number"):
        return numeral.kind.rstrip("s")[:3] in known.words or numeral.kind[:5].rstrip("s") in {w.rstrip("s") for w in known.words}
    return figure.unit in UNITS[numeral.kind]


def _currency_in(words: str, figure: Figure) -> bool:
    return bool(words) and re.search(rf"(?:\b{figure.currency}\b|[(\[]R[)\]]|\(\$\)|€|£|\brand\b)", words) is not None


def same_value(numeral: Numeral, candidate: Candidate) -> bool:
    """Whether the figure, rounded to the last printed digit, is what is written: within half a digit and the cap on relative error."""
    true = abs(candidate.value)
    cap = (FRACTION_CAP if numeral.role == "fraction" else RELATIVE_CAP) * true + EPSILON
    for shown, step in _shown(numeral, candidate.known.figure):
        if candidate.known.figure.unit == "money" and candidate.end == "value" and step <= candidate.known.factor + EPSILON:
            step = candidate.known.factor
        if abs(shown - true) <= min(step / 2 * (1 + 1e-6) + EPSILON * max(1.0, true), cap):
            return True
    return False


def _shown(numeral: Numeral, figure: Figure) -> Iterator[tuple[float, float]]:
    """What is written in the unit of the figure, with the size of its last digit."""
    for value in numeral.values:
        if numeral.kind in DAYS_IN and figure.unit in DAYS_IN:
            if numeral.kind == figure.unit:
                yield value, numeral.step
            elif {numeral.kind, figure.unit} <= {"hours", "days", "weeks"}:
                ratio = DAYS_IN[numeral.kind] / DAYS_IN[figure.unit]
                yield value * ratio, min(numeral.step * ratio, 0.01)
            elif numeral.kind == "years" and figure.unit == "months":
                yield value * 12, 0.01
        elif numeral.kind == "bps":
            yield value / 100, numeral.step / 100
        elif numeral.kind == "multiple" and numeral.word and figure.unit == "share":
            yield (value - 1) * 100, 2.0
        elif numeral.kind == "percent" and numeral.role == "fraction" and figure.unit == "multiple":
            yield value / 100, 0.01
        elif numeral.role == "fraction":
            yield value, value * (0.16 if numeral.hedged else 0.04)
        else:
            yield value, max(numeral.step, numeral.rounded) if numeral.hedged else numeral.step
