"""Numbers as exports write them, as SQL over a trimmed cell: thousands marks, decimal commas, currency signs, brackets for minus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from store.importing.currencies import currencies
from store.importing.sql import matches, quoted, replaced

DecimalMark = Literal[".", ","]

WHOLE = r"^[-+]?\d+$"
EXPONENT = r"^[-+]?\d+(\.\d+)?[eE][-+]?\d+$"
PLAIN = r"^[-+]?\d+(\.\d+)?$"
EITHER = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"
"""One mark before three digits: 1,234 is a thousand in London and one and a bit in Berlin."""

POINT = r"^[-+]?\d*\.\d+$|^[-+]?\d+\.$|^[-+]?\d{1,3}(,\d{2,3})+\.\d*$|^[-+]?\d{1,3}(,\d{2,3}){2,}$"
COMMA = r"^[-+]?\d*,\d+$|^[-+]?\d+,$|^[-+]?\d{1,3}(\.\d{3})+,\d*$|^[-+]?\d{1,3}(\.\d{3}){2,}$"
"""What can only be read with a decimal point, or only with a decimal comma; `EITHER` is looked at first."""

DECIMAL = "DECIMAL(27, 9)"
"""18 digits before the point, so that a scale of 1000 still fits 38."""


@dataclass(frozen=True, slots=True)
class NumberCount:
    """How the cells of a column can be read. `either` is among neither of `point` and `comma`."""

    filled: int
    plain: int
    either: int
    point: int
    comma: int


def count_expressions(text: str) -> Mapping[str, str]:
    """SQL aggregates that fill a NumberCount, over the cell without its marks for nothing."""
    number = bare(text)
    either = matches(number, EITHER)
    return {
        "filled": f"count({text})",
        "plain": f"count(*) FILTER ({matches(text, PLAIN)})",
        "either": f"count(*) FILTER ({either})",
        "point": f"count(*) FILTER (NOT {either} AND {matches(number, POINT)})",
        "comma": f"count(*) FILTER (NOT {either} AND {matches(number, COMMA)})",
    }


def bare(text: str) -> str:
    """A cell without blanks, apostrophes and currency signs, with minus in front: '(R 1 200,50)' is '-1200,50'."""
    codes = "|".join(sorted(currencies()))
    spaced = replaced(text, r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}'’]", "", everywhere=True)
    led = replaced(spaced, rf"^([-+−(]*)(?:{codes}|Rs\.?|R|kr\.?|Fr\.?|(?:US|A|C|NZ|HK|S|R)?\p{{Sc}})([-+−]?[\d.,])", r"\1\2")
    trailed = replaced(led, rf"([\d.,])(?:{codes}|kr\.?|zł|\p{{Sc}})(\)?-?)$", r"\1\2")
    signed = replaced(replaced(trailed, r"^\((.*)\)$", r"-\1"), r"^(\d.*)-$", r"-\1")
    return f"replace({signed}, '−', '-')"


def decimal(text: str, count: NumberCount, mark: DecimalMark) -> str:
    """The number of a cell as a decimal, null when it is none. `mark` settles what can be read either way."""
    if count.plain == count.filled and (mark == "." or not count.either):
        return f"TRY_CAST({text} AS {DECIMAL})"
    number = bare(text)
    without_commas, without_points = f"replace({number}, ',', '')", f"replace(replace({number}, '.', ''), ',', '.')"
    quick = f"WHEN {matches(text, PLAIN)} THEN {text}" if mark == "." else ""
    return f"""TRY_CAST(CASE {quick}
        WHEN {matches(number, WHOLE)} THEN {number}
        WHEN {matches(number, EITHER)} THEN {without_commas if mark == "." else without_points}
        WHEN {matches(number, POINT)} THEN {without_commas}
        WHEN {matches(number, COMMA)} THEN {without_points}
        WHEN {matches(number, EXPONENT)} THEN CAST(TRY_CAST({number} AS {DECIMAL}) AS VARCHAR)
        END AS {DECIMAL})"""


def whole(text: str, count: NumberCount) -> str:
    """The count of a cell as a decimal: a thing counted has no thousandths, so either mark before three digits parts thousands."""
    if count.plain == count.filled and not count.either:
        return f"TRY_CAST({text} AS {DECIMAL})"
    grouped = replaced(bare(text), "[.,]", "", everywhere=True)
    return f"CASE WHEN {matches(bare(text), EITHER)} THEN TRY_CAST({grouped} AS {DECIMAL}) ELSE {decimal(text, count, '.')} END"


def minor(number: str, scale: str, units: str) -> str:
    """Money in minor units from a decimal; `units` is SQL for the minor units of one. Halves are rounded away from zero."""
    factor = {"major": f"* {units}", "minor": "", "micros": f"* {units} / 1000000"}[scale]
    return f"TRY_CAST(round(CAST({number} AS DECIMAL(33, 9)) {factor}, 0) AS BIGINT)"


def units_of(currency: str, found: Mapping[str, int]) -> str:
    """SQL for the minor units of one of a row's currency, from those found in the file: 100 unless said otherwise."""
    cases = " ".join(f"WHEN {quoted(code)} THEN {units}" for code, units in sorted(found.items()) if units != 100)
    return f"CASE {currency} {cases} ELSE 100 END" if cases else "100"
