"""Check a staged file against its contract: every row gets its typed values, and a bad one the reasons why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store.importing.currencies import currencies, is_currency, minor_units
from store.importing.mapping import ColumnMapping, Mapping
from store.importing.reading import SQL_TYPES, Settled, cell, problem, value
from store.importing.report import ImportRefused
from store.importing.settling import settle
from store.importing.sniffing import Layout
from store.importing.sql import matches, named, quoted
from store.importing.staging import LINE, PROBLEM, RAW, column_name
from store.importing.suppressing import owned, without_erased
from store.suppression import REASON, Suppressed
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from grounding.evidence import Locale
    from tools.contracts import Contract

COLUMNS, REASONS, TOTAL = "_columns", "_reasons", "_total"
TOTAL_ROW = r"(?i)^(grand |sub)?(totals?|summe|gesamt|totaal)\b"


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked file: typed values by column name, the reasons against bad rows, and which bad rows are totals."""

    path: Path
    contract: Contract
    filled: tuple[str, ...]
    """Columns of the table that the file fills; the others keep what the table holds."""
    breakdown: tuple[str, ...]
    """Names in `path` of the breakdown columns."""
    decisions: tuple[str, ...]


def check(
    connection: DuckDBPyConnection, staged: Path, target: Path, layout: Layout, mapping: Mapping, locale: Locale, erased: Suppressed
) -> Checked:
    """Read every row of a staged file by its mapping. Raises ImportRefused when the mapping does not fit the file or the contract."""
    contract = CONTRACTS[mapping.table]
    columns, decisions = _complete(mapping, contract, layout, locale)
    position = {header: column_name(number) for number, header in enumerate(layout.headers)}
    read = [column for column in columns if column.derive is None]
    texts = {column.target: f"t_{column.target}" for column in read}
    broken_down = [f"b{number}" for number in range(len(mapping.breakdown))]
    cells = []
    for column in read:
        raw = position[column.source] if column.source else ""
        cells.append(f"{cell(column, contract.column(column.target), raw)} AS {texts[column.target]}")
    cells += [f"{position[source]} AS {name}" for source, name in zip(mapping.breakdown, broken_down, strict=True)]
    filled_first = ", ".join(column_name(number) for number in range(len(layout.headers)))
    opening = f"coalesce({filled_first}, ltrim({RAW}, chr(34)))"
    total = f"coalesce({matches(opening, TOTAL_ROW)}, false)"
    source = f"SELECT {LINE}, {PROBLEM}, {total} AS total_row, {', '.join(cells)} FROM read_parquet({quoted(str(staged))})"
    readable = {column.target: (column, texts[column.target]) for column in read}
    separator = layout.separator if layout.kind == "csv" else None
    settled, said = settle(connection, source, contract, readable, locale, separator)
    currency, units = _currency(connection, source, contract, readable)
    values = {
        name: value(contract.name, contract.column(name), one, text, settled.get(name, Settled()), currency, units)
        for name, (one, text) in readable.items()
    }
    _derive(values, columns, contract)
    connection.execute(_statement(source, contract, columns, values, texts, broken_down, target, erased))
    filled = tuple(column.name for column in contract.columns if column.name in values)
    return Checked(target, contract, filled, tuple(broken_down), (*decisions, *said))


def _complete(mapping: Mapping, contract: Contract, layout: Layout, locale: Locale) -> tuple[list[ColumnMapping], list[str]]:
    """The mapping's columns, the client's currency added where the file names none."""
    lacking = mapping.missing
    if lacking:
        described = "; ".join(f"{name} ({contract.column(name).description})" for name in lacking)
        raise ImportRefused(f"nothing fills the required {described}: map a column to each", field="mapping")
    for source in [column.source for column in mapping.columns if column.source] + list(mapping.breakdown):
        if source not in layout.headers:
            raise ImportRefused(f"the file has no column {source!r}, its columns are {', '.join(layout.headers)}", field="mapping")
    columns, decisions = list(mapping.columns), []
    for column in contract.columns:
        if column.type == "currency" and column.required and all(one.target != column.name for one in columns):
            columns.append(ColumnMapping(target=column.name, constant=locale.currency))
            decisions.append(f"no column names the currency: amounts are in {locale.currency}, which the client reports in")
    for one in columns:
        if one.constant is not None and contract.column(one.target).type == "currency" and not is_currency(one.constant.upper()):
            raise ImportRefused(f"{one.constant!r} is no currency (ISO 4217)", field="mapping")
    return columns, decisions


def _currency(
    connection: DuckDBPyConnection, source: str, contract: Contract, readable: dict[str, tuple[ColumnMapping, str]]
) -> tuple[str, dict[str, int]]:
    """SQL for a row's currency, and the minor units of the currencies found."""
    name = next((column.name for column in contract.columns if column.type == "currency"), None)
    if name is None or name not in readable:
        return "''", {}
    text = readable[name][1]
    rows = connection.execute(f"SELECT DISTINCT upper({text}) FROM ({source}) WHERE {text} IS NOT NULL LIMIT 1000").fetchall()
    return f"upper({text})", {code: minor_units(code) for (code,) in rows if is_currency(code)}


def _derive(values: dict[str, str], columns: list[ColumnMapping], contract: Contract) -> None:
    """An id from the row's other values: equal rows get the same one, in this file and the next."""
    given = [named(f"v_{column.name}") for column in contract.columns if column.name in values]
    for one in columns:
        if one.derive is not None:
            parts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in given)
            values[one.target] = f"'row_' || left(sha256(concat_ws(chr(31), {parts})), 24)"


def _statement(
    source: str,
    contract: Contract,
    columns: list[ColumnMapping],
    values: dict[str, str],
    texts: dict[str, str],
    breakdown: list[str],
    target: Path,
    erased: Suppressed,
) -> str:
    """One statement from staged text to checked values. The layers name what the next one uses, so that each cell is read once."""
    by_target = {column.target: column for column in columns}
    derived = {name for name, one in by_target.items() if one.derive is not None}
    typed = ", ".join(
        f"CAST({values[name]} AS {SQL_TYPES[contract.column(name).type]}) AS v_{name}" for name in values if name not in derived
    )
    made = "".join(f", {values[name]} AS v_{name}" for name in derived)
    known = ", ".join(map(quoted, sorted(currencies())))
    problems = [
        (by_target[name].source or name, problem(contract.column(name), by_target[name], texts[name], f"v_{name}", known))
        for name in values
        if name not in derived
    ]
    judged = ", ".join(f"{sql} AS p{number}" for number, (_, sql) in enumerate(problems))
    where = ", ".join(f"CASE WHEN p{number} IS NOT NULL THEN {quoted(header)} END" for number, (header, _) in enumerate(problems))
    why = ", ".join(f"{quoted(header + ' ')} || p{number}" for number, (header, _) in enumerate(problems))
    total = "total_row"
    if contract.name == "ad_metrics":
        total += f" OR ({PROBLEM} IS NULL AND t_day IS NULL AND t_campaign IS NULL)"
    typed_values = {name: f"v_{name}" for name in values}
    theirs = owned(contract, typed_values, erased) if erased else "false"
    held = {name: without_erased(contract, name, value, erased) if erased else value for name, value in typed_values.items()}
    kept = ", ".join([LINE, *(f"{value} AS {named(name)}" for name, value in held.items()), *breakdown])
    return f"""COPY (
        SELECT {kept}, {COLUMNS}, {REASONS}, coalesce({REASONS} IS NOT NULL AND ({total}), false) AS {TOTAL} FROM (
            SELECT *, CASE WHEN {PROBLEM} IS NOT NULL THEN '' ELSE nullif(concat_ws('; ', {where}), '') END AS {COLUMNS},
                   CASE WHEN {theirs} THEN {quoted(REASON)}
                        ELSE coalesce({PROBLEM}, nullif(concat_ws('; ', {why}), '')) END AS {REASONS} FROM (
                SELECT *{made}, {judged} FROM (
                    SELECT *, {typed} FROM ({source})))))
        TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)"""
