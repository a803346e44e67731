"""One column of a table, as SQL: the typed value of each row, and what is wrong with a cell that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from store.importing import dates, numbers, words
from store.importing.dates import DateCount
from store.importing.mapping import ColumnMapping, DayOrder
from store.importing.numbers import DecimalMark, NumberCount
from store.importing.sql import quoted, shown, without_marks
from tools.contracts.table import Column

NUMBERS = frozenset({"count", "quantity", "money", "share"})
DATES = frozenset({"timestamp", "date"})
WORDS = frozenset({"text", "category"})

SQL_TYPES = {
    "id": "VARCHAR", "text": "VARCHAR", "category": "VARCHAR", "currency": "VARCHAR", "timestamp": "TIMESTAMPTZ", "date": "DATE",
    "count": "BIGINT", "money": "BIGINT", "quantity": "DECIMAL(18, 6)", "share": "DOUBLE", "bool": "BOOLEAN",
}  # fmt: skip

YEARS = f"a date between {dates.FIRST_YEAR} and {dates.LAST_YEAR}"
NOT_READ = {
    "timestamp": YEARS, "date": YEARS, "count": "a whole number", "quantity": "a number", "money": "an amount",
    "share": "a share or percentage", "bool": "yes or no",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """How a column's cells are read, once the whole column was looked at."""

    count: NumberCount | DateCount | None = None
    mark: DecimalMark = "."
    order: DayOrder = "dmy"
    zone: str = "UTC"
    language: str = "en"


def cell(mapping: ColumnMapping, column: Column, trimmed: str) -> str:
    """The cell that is read: trimmed, and null where it holds a mark for no value."""
    text = quoted(mapping.constant) if mapping.constant is not None else trimmed
    return without_marks(text, words=column.type in WORDS)


def value(table: str, column: Column, mapping: ColumnMapping, text: str, settled: Settled, currency: str, units: Mapping[str, int]) -> str:
    """SQL for the typed value of `text`, null when it cannot be read. `currency` is SQL for the row's currency."""
    count = settled.count
    match column.type:
        case "id" | "text":
            return text
        case "category":
            return words.category(text, table, column.name)
        case "currency":
            return f"upper({text})"
        case "bool":
            return words.truth(text, negate=mapping.negate)
        case "timestamp":
            assert isinstance(count, DateCount)
            return dates.moment(text, count, settled.order, settled.zone, settled.language)
        case "date":
            assert isinstance(count, DateCount)
            return dates.day(text, count, settled.order, settled.zone, settled.language)
        case "count":
            assert isinstance(count, NumberCount)
            number = numbers.whole(text, count)
            return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"
        case "money":
            assert isinstance(count, NumberCount)
            number = numbers.decimal(text, count, settled.mark)
            minor = numbers.minor(number, mapping.scale or "major", numbers.units_of(currency, units))
            return minor if mapping.scale != "minor" else f"CASE WHEN {number} = floor({number}) THEN {minor} END"
        case "quantity":
            assert isinstance(count, NumberCount)
            return f"TRY_CAST({numbers.decimal(text, count, settled.mark)} AS DECIMAL(18, 6))"
        case "share":
            assert isinstance(count, NumberCount)
            percent = f"rtrim({text}, '% ')"
            number = numbers.decimal(percent, replace(count, whole=0, plain_point=0, plain_either=0, either=count.open), settled.mark)
            return f"CAST({number} AS DOUBLE) / CASE WHEN {text} LIKE '%\\%' ESCAPE '\\' THEN 100 ELSE 1 END"


def problem(column: Column, mapping: ColumnMapping, text: str, typed: str, known_currencies: str) -> str:
    """SQL for what is wrong with a cell, null when nothing is. `text` and `typed` are columns of the query."""
    cases = []
    if column.required:
        cases.append(f"WHEN {text} IS NULL THEN 'is empty'")
    else:
        cases.append(f"WHEN {text} IS NULL THEN NULL")
    cell_shown = shown(text)
    if column.type in NUMBERS | DATES | {"bool"}:
        what = NOT_READ[column.type] if mapping.scale != "minor" else "a whole number of minor units"
        outside = f" OR year({typed}) NOT BETWEEN {dates.FIRST_YEAR} AND {dates.LAST_YEAR}" if column.type in DATES else ""
        cases.append(f"WHEN {typed} IS NULL{outside} THEN 'is not {what}: ' || {cell_shown}")
    if column.type == "id":
        cases.append(f"WHEN {words.has_lost_digits(text)} THEN 'lost its last digits in a spreadsheet: ' || {cell_shown}")
    if column.type == "currency":
        cases.append(f"WHEN {typed} NOT IN ({known_currencies}) THEN 'is no currency (ISO 4217): ' || {cell_shown}")
    if column.values:
        allowed = ", ".join(column.values)
        cases.append(
            f"WHEN {typed} NOT IN ({', '.join(map(quoted, column.values))}) THEN {quoted(f'is none of {allowed}: ')} || {cell_shown}"
        )
    if column.low is not None:
        cases.append(f"WHEN {typed} < {column.low} THEN {quoted(f'is less than {column.low:g}: ')} || {cell_shown}")
    if column.high is not None:
        cases.append(f"WHEN {typed} > {column.high} THEN {quoted(f'is more than {column.high:g}: ')} || {cell_shown}")
    return f"CASE {' '.join(cases)} END"
