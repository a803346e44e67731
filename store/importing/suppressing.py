"""Keep erased persons out of what is imported: their rows are rejected, and mentions of them in rows of others taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from store.erase import NAMES_A_PERSON
from store.importing.sql import named
from store.mentions import ERASED
from store.suppression import Suppressed
from tools.contracts import Contract


def owned(contract: Contract, columns: Mapping[str, str], erased: Suppressed) -> str:
    """SQL for whether a row is an erased person's. `columns`: SQL of each column's typed value by its name."""
    parts = []
    for name in (contract.person, "email"):
        if name is not None and name in columns:
            parts.append(erased.is_id(columns[name]))
    if contract.person == "contact_id" and "phone" in columns:
        parts.append(erased.is_phone(columns["phone"]))
    if contract.name == "events" and "device_id" in columns:
        nobody = f"{columns['contact_id']} IS NULL AND " if "contact_id" in columns else ""
        parts.append(f"({nobody}{erased.is_id(columns['device_id'])})")
    return " OR ".join(parts) or "false"


def without_erased(contract: Contract, name: str, column: str, erased: Suppressed) -> str:
    """A column of someone else's row with references to erased persons empty and mentions of them replaced."""
    declared = contract.column(name)
    if name in (contract.person, "email", "phone"):
        return column
    if declared.type == "text":
        return erased.replaced_in(column, ERASED)
    if declared.type == "id" and declared.personal and not declared.required:
        return f"CASE WHEN {erased.is_id(column)} THEN NULL ELSE {column} END"
    return column


def kept_rows(contract: Contract, rows: str, columns: Iterable[str], others: Iterable[str], erased: Suppressed) -> str:
    """SQL for typed rows without those of erased persons; `others` are columns that go along as they are."""
    by_name = {name: named(name) for name in columns}
    wanted = [*others, *(f"{without_erased(contract, name, sql, erased)} AS {sql}" for name, sql in by_name.items())]
    return f"SELECT {', '.join(wanted)} FROM ({rows}) WHERE NOT ({owned(contract, by_name, erased)})"


def free_row(names: Iterable[str], cells: Iterable[str], erased: Suppressed) -> str:
    """SQL for whether a row of a free table holds an erased person: it mentions them, or a column that names persons names them."""
    parts = []
    for name, cell in zip(names, cells, strict=True):
        parts += [erased.mentioned_in(cell), erased.is_phone(cell)]
        parts += [erased.is_id(cell)] if NAMES_A_PERSON.search(name) else []
    return " OR ".join(parts) or "false"
