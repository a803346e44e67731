"""Settle how a column is read where its cells leave it open: decimal mark, order of day and month. Each decision is said in the report."""

from __future__ import annotations

from collections.abc import Mapping as Named
from typing import TYPE_CHECKING

from store.importing import dates, numbers
from store.importing.dates import DateCount
from store.importing.mapping import ColumnMapping, DayOrder
from store.importing.numbers import DecimalMark, NumberCount
from store.importing.reading import DATES, NUMBERS, Settled
from store.importing.sql import named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from grounding.evidence import Locale
    from tools.contracts import Contract

FAR_MORE = 20
"""One order of day and month must be this many times as common as the other to speak for the dates that could be both."""

Readable = tuple[ColumnMapping, str]
"""A mapping and the name of the column of the query that holds its cell."""


def settle(
    connection: DuckDBPyConnection, cells: str, contract: Contract, columns: Named[str, Readable], locale: Locale, separator: str | None
) -> tuple[dict[str, Settled], list[str]]:
    """How each column is read, and the decisions in sentences. `cells` is SQL for the rows; `separator` is a CSV's, None elsewhere."""
    counts = _count(connection, cells, contract, columns)
    settled: dict[str, Settled] = {}
    decisions: list[str] = []
    fallback = _usual_mark([count for count in counts.values() if isinstance(count, NumberCount)], locale, separator)
    for name, (mapping, _) in columns.items():
        count = counts.get(name)
        mark: DecimalMark = "."
        order: DayOrder = "dmy"
        if isinstance(count, NumberCount):
            mark, said = _mark(mapping, count, fallback, whole=contract.column(name).type == "count")
            decisions += said
        if isinstance(count, DateCount):
            order, said = _order(mapping, count, locale)
            decisions += said
        settled[name] = Settled(count, mark, order, mapping.zone or locale.zone, locale.language)
    return settled, decisions


def _count(
    connection: DuckDBPyConnection, cells: str, contract: Contract, columns: Named[str, Readable]
) -> dict[str, NumberCount | DateCount]:
    """One pass over the file that counts, for each column of numbers or dates, how its cells can be read."""
    counters: dict[str, type[NumberCount] | type[DateCount]] = {}
    classes = []
    for name, (_, text) in columns.items():
        kind = contract.column(name).type
        if kind in NUMBERS | DATES:
            counters[name] = NumberCount if kind in NUMBERS else DateCount
            classes.append(f"{(numbers if kind in NUMBERS else dates).classify(text)} AS {named(name)}")
    if not classes:
        return {}
    counts = ", ".join(f"histogram({named(name)})" for name in counters)
    row = connection.execute(f"SELECT {counts} FROM (SELECT {', '.join(classes)} FROM ({cells}))").fetchone()
    assert row is not None
    found: dict[str, NumberCount | DateCount] = {}
    for (name, counter), ways in zip(counters.items(), row, strict=True):
        named_ways = {way: count for way, count in (ways or {}).items() if way != "other"}
        found[name] = counter(filled=sum((ways or {}).values()), **named_ways)
    return found


def _usual_mark(counts: list[NumberCount], locale: Locale, separator: str | None) -> DecimalMark:
    """The decimal mark of a file: of its clear numbers; else by its separator, since a decimal comma forbids a comma between cells."""
    point, comma = sum(count.with_point for count in counts), sum(count.comma for count in counts)
    if point != comma:
        return "." if point > comma else ","
    if separator in (",", None):
        return "."
    if separator == ";":
        return ","
    from babel.numbers import get_decimal_symbol

    return "," if get_decimal_symbol(locale.language.replace("-", "_")) == "," else "."


def _mark(mapping: ColumnMapping, count: NumberCount, fallback: DecimalMark, *, whole: bool) -> tuple[DecimalMark, list[str]]:
    if mapping.decimal is not None:
        return mapping.decimal, []
    if not count.open or whole:
        return fallback, []
    mark: DecimalMark = ("." if count.with_point > count.comma else ",") if count.with_point != count.comma else fallback
    example = "1,234 is one thousand two hundred and thirty-four" if mark == "." else "1.234 is one thousand two hundred and thirty-four"
    why = "as its other numbers are written" if count.with_point != count.comma else "as the file is written elsewhere"
    return mark, [f"{mapping.source}: {count.open} numbers can be read two ways; {example}, {why}"]


def _order(mapping: ColumnMapping, count: DateCount, locale: Locale) -> tuple[DayOrder, list[str]]:
    if mapping.order is not None:
        return mapping.order, []
    if not count.either:
        return _local_order(locale), []
    words = {"dmy": "day first", "mdy": "month first"}
    order: DayOrder
    if count.day_first > FAR_MORE * count.month_first:
        order, why = "dmy", f"as {count.day_first} others can only be"
    elif count.month_first > FAR_MORE * count.day_first:
        order, why = "mdy", f"as {count.month_first} others can only be"
    else:
        order = mapping.usual_order or _local_order(locale)
        clash = "others are of both kinds" if count.day_first else "no other date tells"
        where = "in such a report" if mapping.usual_order else f"in {locale.language}"
        why = f"as is usual {where}, because {clash}: check this, and set `order` in the mapping if it is wrong"
    return order, [f"{mapping.source}: {count.either} dates can be read day first or month first; read {words[order]}, {why}"]


def _local_order(locale: Locale) -> DayOrder:
    from babel import Locale as Babel

    pattern = Babel.parse(locale.language, sep="-").date_formats["short"].pattern
    return "mdy" if pattern.lstrip("'").startswith("M") else "dmy"
