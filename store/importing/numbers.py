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
    """How many cells of a column can be read in which way: digits alone or with one point need no rewriting, the others do."""

    filled: int
    whole: int = 0
    plain_point: int = 0
    plain_either: int = 0
    either: int = 0
    point: int = 0
    comma: int = 0

    @property
    def open(self) -> int:
        """Cells that can be read with a decimal point and with a decimal comma."""
        return self.plain_either + self.either

    @property
    def with_point(self) -> int:
        """Cells that can only be read with a decimal point."""
        return self.plain_point + self.point

    @property
    def plain(self) -> bool:
        """Whether every cell is a number as it stands, when the point is the decimal mark."""
        return self.whole + self.plain_point + self.plain_either == self.filled


def classify(text: str) -> str:
    """SQL for the way in which a cell can be read: the name of a count, 'other', or null."""
    number = bare(text)
    return f"""CASE WHEN {text} IS NULL THEN NULL
        WHEN {matches(text, WHOLE)} THEN 'whole'
        WHEN {matches(text, PLAIN)} THEN CASE WHEN {matches(text, EITHER)} THEN 'plain_either' ELSE 'plain_point' END
        WHEN {matches(number, EITHER)} THEN 'either'
        WHEN {matches(number, POINT)} THEN 'point'
        WHEN {matches(number, COMMA)} THEN 'comma' ELSE 'other' END"""


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
    if count.plain and (mark == "." or not count.open):
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
    if count.whole == count.filled:
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
