"""A column mapping as a form: what fills each column of a table and how its text is read, and the form read back."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from store.delta import FREE, NAME
from store.importing.mapping import ColumnMapping, DayOrder, Mapping, MoneyScale
from store.importing.preview import FirstRead
from store.importing.report import ImportRefused
from store.importing.suggesting import Suggestion
from tools.contracts import CONTRACTS
from tools.contracts.table import Column, Contract

MONEY = "money"
NUMBERS = frozenset({"money", "quantity", "share"})
DATES = frozenset({"date", "timestamp"})

SCALES = (("major", "whole units: 12.50"), ("minor", "cents: 1250"), ("micros", "millionths: 12500000"))
ORDERS = (("", "day and month: found out"), ("dmy", "day first"), ("mdy", "month first"))
DECIMALS = (("", "decimal mark: found out"), (".", "point: 1,234.50"), (",", "comma: 1.234,50"))
OPPOSITE = (("", "as it says"), ("yes", "the opposite of what it says"))

NOTHING, CONSTANT, ROW = "", "constant", "row"


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the table in the form. `source` is the chosen option, `derivable`: an id may be made from the row."""

    column: Column
    source: str
    constant: str
    scale: str
    order: str
    decimal: str
    zone: str
    negate: str
    derivable: bool


def lines(suggestion: Suggestion) -> tuple[Line, ...]:
    """The form of a suggestion; none for a free table, whose columns come as they are."""
    if suggestion.mapping.free:
        return ()
    contract = CONTRACTS[suggestion.mapping.table]
    by_target = {column.target: column for column in suggestion.mapping.columns}
    return tuple(_line(contract, column, by_target.get(column.name), suggestion.headers) for column in contract.columns)


def as_typed(suggestion: Suggestion, form: Named[str, Any]) -> tuple[Line, ...]:
    """The form as somebody filled it in, whatever is wrong with it."""
    if suggestion.mapping.free:
        return ()

    def said(name: str, column: Column) -> str:
        return str(form.get(f"{name}.{column.name}", ""))

    names = ("source", "constant", "scale", "order", "decimal", "zone", "negate")
    return tuple(
        Line(column=line.column, derivable=line.derivable, **{name: said(name, line.column) for name in names})
        for line in lines(suggestion)
    )


def _line(contract: Contract, column: Column, given: ColumnMapping | None, headers: tuple[str, ...]) -> Line:
    source = NOTHING
    if given is not None:
        source = CONSTANT if given.constant is not None else ROW if given.derive else f"h{headers.index(str(given.source))}"
    derivable = contract.key == (column.name,) and contract.person != column.name and contract.name != "accounts"
    return Line(
        column=column,
        source=source,
        constant=(given.constant if given else None) or "",
        scale=(given.scale if given else None) or "major",
        order=(given.order if given else None) or "",
        decimal=(given.decimal if given else None) or "",
        zone=(given.zone if given else None) or "",
        negate="yes" if given is not None and given.negate else "",
        derivable=derivable,
    )


def dated(first: FirstRead, table: str) -> FirstRead:
    """First rows that were kept as JSON, their times as times again."""
    times = {column.name for column in CONTRACTS[table].columns if column.type == "timestamp"}

    def at(name: str, value: Any) -> Any:
        return datetime.fromisoformat(value) if name in times and isinstance(value, str) else value

    rows = tuple(row.model_copy(update={"values": {name: at(name, value) for name, value in row.values.items()}}) for row in first.rows)
    return first.model_copy(update={"rows": rows})


def wanted_table(form: Named[str, Any]) -> str:
    """The table that the form asks for. Raises ImportRefused for a free one without a name."""
    table = str(form.get("table", ""))
    if table != "free":
        return table
    name = str(form.get("free_name", "")).strip()
    if not name:
        raise ImportRefused("give the table of your own columns a name: small letters, digits and underscores", field="free_name")
    if not NAME.fullmatch(FREE + name.removeprefix(FREE)):
        raise ImportRefused(f"{name[:80]!r} is no name of a table: small letters, digits and underscores, at most 58", field="free_name")
    return FREE + name.removeprefix(FREE)


def read(form: Named[str, Any], suggestion: Suggestion, table: str, chosen_breakdown: list[str]) -> Mapping:
    """The mapping that the form says. Raises ImportRefused that names the column at fault."""
    if suggestion.mapping.free:
        return Mapping(table=table, shape=suggestion.mapping.shape)
    before = {column.target: column for column in suggestion.mapping.columns}
    columns = [
        read_column(form, column, before.get(column.name), suggestion.headers) for column in CONTRACTS[suggestion.mapping.table].columns
    ]
    breakdown = tuple(_header(choice, suggestion.headers) for choice in chosen_breakdown)
    filled = tuple(column for column in columns if column is not None)
    used = {column.source for column in filled}
    return Mapping(
        table=suggestion.mapping.table,
        shape=suggestion.mapping.shape,
        columns=filled,
        breakdown=tuple(header for header in breakdown if header not in used),
    )


def read_column(form: Named[str, Any], column: Column, before: ColumnMapping | None, headers: tuple[str, ...]) -> ColumnMapping | None:
    """How one column is filled; None when nothing fills it."""

    def said(name: str) -> str:
        return str(form.get(f"{name}.{column.name}", "")).strip()

    choice = said("source")
    if choice == NOTHING:
        return None
    origin: dict[str, Any]
    if choice == CONSTANT:
        if not said("constant"):
            raise ImportRefused(f"{column.name} is to have one value for all rows: type the value", field=f"constant.{column.name}")
        origin = {"constant": said("constant")}
    elif choice == ROW:
        origin = {"derive": "row"}
    else:
        origin = {"source": _header(choice, headers)}
    same = before is not None and before.source is not None and before.source == origin.get("source")
    return ColumnMapping(
        target=column.name,
        **origin,
        scale=cast("MoneyScale", _among(said("scale"), SCALES) or "major") if column.type == MONEY else None,
        decimal=cast("Any", _among(said("decimal"), DECIMALS) or None) if column.type in NUMBERS else None,
        order=cast("DayOrder | None", _among(said("order"), ORDERS) or None) if column.type in DATES else None,
        usual_order=before.usual_order if same and before is not None else None,
        zone=_zone(said("zone")) if column.type == "timestamp" else None,
        negate=column.type == "bool" and said("negate") == "yes",
    )


def _among(said: str, options: tuple[tuple[str, str], ...]) -> str:
    if said and said not in {value for value, _ in options}:
        raise ImportRefused(f"{said[:40]!r} is none of the choices of this form: reload the page", field="mapping")
    return said


def _zone(said: str) -> str | None:
    if not said:
        return None
    from zoneinfo import available_timezones

    if said not in available_timezones():
        raise ImportRefused(f"{said[:60]!r} is no time zone: give one as in Africa/Johannesburg or UTC", field="zone")
    return said


def _header(choice: str, headers: tuple[str, ...]) -> str:
    number = choice.removeprefix("h")
    if not number.isdecimal() or int(number) >= len(headers):
        raise ImportRefused("the form names a column that the file does not have: reload the page", field="mapping")
    return headers[int(number)]
