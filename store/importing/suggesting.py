"""Suggest how a file's columns fill a table, from known export headers; a person confirms it once per header row."""

from __future__ import annotations

import re
from collections.abc import Mapping as Named
from pathlib import Path

from pydantic import Field

from store.delta import FREE, NAME
from store.importing.mapping import ColumnMapping, Mapping, MoneyScale, header_fingerprint
from store.importing.preview import first_rows
from store.importing.report import ImportRefused
from store.importing.shapes import SHAPES, Shape, fits, own_shape, plain
from store.importing.sniffing import Layout, lay_out
from tools.contract import Frozen
from tools.contracts import CONTRACTS

SAMPLE_ROWS = 5


class Suggestion(Frozen):
    """How a file would be imported, for a person to confirm or change."""

    table: str
    shape: str
    label: str = Field(description="what the file looks like, in words")
    mapping: Mapping
    headers: tuple[str, ...] = Field(description="the file's header row; a mapping is remembered by it")
    fingerprint: str
    unmapped: tuple[str, ...] = Field(description="columns of the file that fill nothing")
    missing: tuple[str, ...] = Field(description="required columns of the table that nothing fills: the import waits for them")
    sample: tuple[dict[str, str], ...] = Field(description="the first rows, by header")
    confirm: tuple[str, ...] = Field(description="what a person should look at before confirming, in sentences")


def suggest(path: str | Path, table: str | None = None, *, sheet: str | None = None) -> Suggestion:
    """How a file's columns fill a table; the table is found from the headers when none is given.

    Raises ImportRefused for a file that cannot be read, or a table that does not exist.
    """
    path = Path(path)
    if table is not None and table not in CONTRACTS and not (table.startswith(FREE) and NAME.fullmatch(table)):
        known = ", ".join(CONTRACTS)
        raise ImportRefused(f"there is no table {table!r}: take one of {known}, or free_<name> for a table of any columns", field="table")
    layout = lay_out(path, sheet=sheet)
    sample = first_rows(path, layout, SAMPLE_ROWS)
    shape = choose(layout.headers, table)
    if shape is None or shape.table is None:
        name = table or (f"{FREE}{shape.name}" if shape else free_name(path))
        return _suggestion(Mapping(table=name, shape=shape.name if shape else "free"), shape, layout, sample, ())
    mapping, remarks = match(shape, layout.headers, sample)
    if shape.name == "google_ads" and "youtube" in path.stem.casefold():
        # YouTube is bought through Google Ads and reported by it; only the file's name tells them apart.
        columns = tuple(
            column.model_copy(update={"constant": "youtube"}) if column.target == "channel" else column for column in mapping.columns
        )
        mapping, remarks = mapping.model_copy(update={"columns": columns}), (*remarks, "the channel is youtube, from the file's name")
    return _suggestion(mapping, shape, layout, sample, remarks)


def free_name(path: Path) -> str:
    """The name of a free table for a file: its own, in small letters and underscores."""
    return (FREE + (re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "table"))[:63]


def choose(headers: tuple[str, ...], table: str | None) -> Shape | None:
    """The shape that fits a header row: the known export that fills most columns, else a contract's own names.

    None when no table is meant, or could be filled: then the file is a free table.
    """
    if table is not None and table.startswith(FREE):
        return None
    names = frozenset(plain(header)[0] for header in headers)
    # A contract's own names are exact; an export of a platform is told by its signature; other names for columns come last.
    for contract in [CONTRACTS[table]] if table else CONTRACTS.values():
        if set(contract.key) | {column.name for column in contract.columns if column.required} <= {header.strip() for header in headers}:
            exact = [column.name for column in contract.columns if column.name in headers]
            if len(exact) * 2 > len(headers):
                return own_shape(contract.name)
    fitting = [shape for shape in SHAPES if fits(shape, names) and table in (None, shape.table)]
    if fitting:
        return max(fitting, key=lambda shape: (len(shape.signature), _filled(shape, names)))
    if table is not None:
        return own_shape(table)
    shapes = [own_shape(name) for name in CONTRACTS]
    best = max(shapes, key=lambda shape: (_complete(shape, names), _filled(shape, names)))
    return best if _complete(best, names) and _filled(best, names) * 2 >= len(names) else None


def _filled(shape: Shape, names: frozenset[str]) -> int:
    return sum(any(option in names for option in options) for options in shape.columns.values())


def _complete(shape: Shape, names: frozenset[str]) -> bool:
    """Whether the required columns are there, but for a currency, and an id that can be made from the row."""
    contract = CONTRACTS[str(shape.table)]
    lacking = {column.name for column in contract.columns if column.required and not any(o in names for o in shape.columns[column.name])}
    return lacking <= {"currency", *(contract.key if len(contract.key) == 1 and contract.person not in contract.key else ())}


def match(shape: Shape, headers: tuple[str, ...], sample: tuple[dict[str, str], ...]) -> tuple[Mapping, tuple[str, ...]]:
    """The mapping of a shape over a header row, and what a person should look at."""
    contract = CONTRACTS[str(shape.table)]
    by_name: dict[str, str] = {}
    for given in headers:
        by_name.setdefault(plain(given)[0], given)
    columns: list[ColumnMapping] = []
    remarks: list[str] = []
    used: set[str] = set()
    for column in contract.columns:
        header = next((by_name[o] for o in shape.columns.get(column.name, ()) if o in by_name and by_name[o] not in used), None)
        if header is None:
            if column.name in shape.constants:
                columns.append(ColumnMapping(target=column.name, constant=shape.constants[column.name]))
            continue
        used.add(header)
        name, said = plain(header)
        scale = _scale(shape, header, sample) if column.type == "money" else None
        if scale is not None and shape.name == "own":
            kind = "whole minor units (cents)" if scale == "minor" else "whole units of the currency"
            remarks.append(f"{header} is read as {kind}")
        zone = "UTC" if column.type == "timestamp" and {"utc", "in utc"} & set(said) else None
        negate = column.type == "bool" and name in shape.negated
        order = shape.order if column.type in ("date", "timestamp") else None
        columns.append(ColumnMapping(target=column.name, source=header, scale=scale, usual_order=order, zone=zone, negate=negate))
    columns, said_currency = _with_currency(columns, contract.name, headers, shape.name)
    columns, made = _with_id(columns, contract.name)
    breakdown = tuple(header for header in headers if plain(header)[0] in shape.breakdown and header not in used)
    if breakdown:
        remarks.append(f"rows that differ only in {', '.join(breakdown)} are added up")
    if shape.table == "ad_metrics":
        remarks.extend(_period_remarks(columns, headers, sample))
    return Mapping(table=contract.name, shape=shape.name, columns=tuple(columns), breakdown=breakdown), (*remarks, *said_currency, *made)


def _scale(shape: Shape, header: str, sample: tuple[dict[str, str], ...]) -> MoneyScale:
    """A header may say micros; a contract's own file writes whole minor units, unless its numbers have decimals; others whole units."""
    name, said = plain(header)
    if name in shape.scales:
        return shape.scales[name]
    if "micros" in said or name.endswith(" micros"):
        return "micros"
    if shape.name != "own" or name not in {plain(column.name)[0] for column in CONTRACTS[str(shape.table)].columns}:
        return "major"
    cells = [row.get(header, "").strip() for row in sample]
    return "minor" if all(re.fullmatch(r"-?\d*", cell) for cell in cells) else "major"


def _with_currency(columns: list[ColumnMapping], table: str, headers: tuple[str, ...], shape: str) -> tuple[list[ColumnMapping], list[str]]:
    """The currency from a header's brackets, where no column gives it: 'Amount spent (ZAR)'."""
    contract = CONTRACTS[table]
    if not any(column.type == "currency" for column in contract.columns) or any(column.target == "currency" for column in columns):
        return columns, []
    from store.importing.currencies import is_currency

    money = {column.name for column in contract.columns if column.type == "money"}
    sources = [column.source for column in columns if column.target in money and column.source] + list(headers)
    found = next((mark.upper() for header in sources for mark in plain(header)[1] if is_currency(mark.upper())), None)
    if found is None:
        return columns, ["no column names the currency: the client's own is taken"]
    return [*columns, ColumnMapping(target="currency", constant=found)], [f"the currency is {found}, from a header"]


def _with_id(columns: list[ColumnMapping], table: str) -> tuple[list[ColumnMapping], list[str]]:
    """An id made from the row, where a table needs one that the file does not give."""
    contract = CONTRACTS[table]
    key = contract.key[0]
    if len(contract.key) > 1 or contract.person == key or table == "accounts" or any(column.target == key for column in columns):
        return columns, []
    remark = f"the file gives no {key}: one is made from each row's values, so equal rows count once"
    return [*columns, ColumnMapping(target=key, derive="row")], [remark]


def _period_remarks(columns: list[ColumnMapping], headers: tuple[str, ...], sample: tuple[dict[str, str], ...]) -> list[str]:
    day = next((column.source for column in columns if column.target == "day"), None)
    ends = next((header for header in headers if plain(header)[0] in ("reporting ends", "end date")), None)
    if day is None or ends is None or plain(day)[0] not in ("reporting starts", "start date"):
        return []
    if all(row.get(day) == row.get(ends) for row in sample):
        return []
    return [f"rows run from {day} to {ends} over several days: export the report by day, or all of it counts on its first day"]


def _suggestion(
    mapping: Mapping, shape: Shape | None, layout: Layout, sample: tuple[dict[str, str], ...], remarks: tuple[str, ...]
) -> Suggestion:
    sources = {column.source for column in mapping.columns} | set(mapping.breakdown)
    needed: Named[str, str] = {} if mapping.free else {column.name: column.description for column in CONTRACTS[mapping.table].columns}
    missing = mapping.missing
    return Suggestion(
        table=mapping.table,
        shape=mapping.shape,
        label=shape.label if shape else "a table of its own columns",
        mapping=mapping,
        headers=layout.headers,
        fingerprint=header_fingerprint(layout.headers),
        unmapped=() if mapping.free else tuple(header for header in layout.headers if header not in sources),
        missing=missing,
        sample=sample,
        confirm=(*remarks, *(f"{name} is required and no column fills it: {needed[name]}" for name in missing)),
    )
