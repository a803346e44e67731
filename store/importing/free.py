"""Free tables: a file of any columns, taken as it is with inferred types, for models that are trained on a label column."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from store import delta
from store.importing.mapping import Mapping
from store.importing.rejects import write_broken
from store.importing.report import ImportRefused, ImportReport, Listener
from store.importing.sniffing import Layout
from store.importing.sql import matches, named, quoted, without_marks
from store.importing.staging import LINE, PROBLEM, column_name, stage
from store.importing.suppressing import free_row
from store.importing.trace import import_id, imported_before, noted, publish, reject_file
from store.importing.workbench import no_leftovers, open_checks, stream
from store.suppression import read_suppressed

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from duckdb import DuckDBPyConnection

PATTERNS = {
    "whole number": r"^-?(0|[1-9]\d{0,17})$",
    "number": r"^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$",
    "yes or no": r"(?i)^(true|false|yes|no)$",
    "day": r"^\d{4}-\d{2}-\d{2}$",
    "time": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?$",
}
"""Narrowest first. Only what reads one way gets a type: 007 stays text, and so does 03/04/2026."""

CASTS = {
    "whole number": "CAST({cell} AS BIGINT)",
    "number": "CAST({cell} AS DOUBLE)",
    "yes or no": "lower({cell}) IN ('true', 'yes')",
    "day": "TRY_CAST({cell} AS DATE)",
    "time": "timezone('UTC', TRY_CAST({cell} AS TIMESTAMP))",
    "text": "{word}",
}


def column_names(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Headers as column names: small letters, digits and underscores, each once."""
    seen: Counter[str] = Counter()
    names = []
    for position, header in enumerate(headers, start=1):
        name = re.sub(r"\W+", "_", header.casefold()).strip("_") or f"column_{position}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(names)


def import_free(
    folder: Path, path: Path, layout: Layout, mapping: Mapping, work: Path, digest: str, *, replace: bool, progress: Listener | None
) -> ImportReport:
    """Append a file to a free table, or put it in the table's place. Raises ImportRefused when its columns are others than the table's."""
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    identity = import_id(digest, mapping)
    before = None if replace else imported_before(folder, mapping, identity, digest)
    if before is not None:
        return before
    staged, typed, rejects = work / "staged.parquet", work / "typed.parquet", work / "rejects.csv"
    read = stage(path, layout, staged, progress)
    names = column_names(layout.headers)
    with delta.write_lock(folder):
        # typed under the lock: an erasure must not come between the look at who is erased and the commit
        erased = read_suppressed(folder)
        theirs = free_row(names, map(column_name, range(len(names))), erased) if erased else "false"
        with open_checks(work) as connection:
            kinds = _type(connection, staged, layout, typed, theirs)
            rejected = write_broken(connection, staged, rejects, theirs=theirs, erased=erased)
        schema = pq.read_schema(typed)
        before = None if replace else imported_before(folder, mapping, identity, digest)
        if before is not None:
            return before
        table = delta.create_table(folder, mapping.table, schema)
        fresh = replace or not table.file_uris()
        if not fresh:
            schema = _like(schema, table, mapping.table)
        kept = publish(rejects, reject_file(folder, mapping.table, identity)) if rejected else None
        properties = noted(identity, {"rows_read": read, "rows_rejected": rejected})
        try:
            with no_leftovers(table):
                if fresh:
                    write_deltalake(table, stream(typed, schema), mode="overwrite", schema_mode="overwrite", commit_properties=properties)
                else:
                    write_deltalake(table, stream(typed, schema), mode="append", commit_properties=properties)
        except BaseException:
            if kept is not None:
                kept.unlink(missing_ok=True)
            raise
    return ImportReport(
        table=mapping.table,
        rows_read=read,
        rows_kept=read - rejected,
        rows_added=read - rejected,
        rows_rejected=rejected,
        duplicates=0,
        version=table.version(),
        reject_file=str(kept) if kept else None,
        shape=mapping.shape,
        file_hash=digest,
        decisions=(f"columns: {', '.join(f'{name} ({kind})' for name, kind in kinds.items())}",),
    )


def _type(connection: DuckDBPyConnection, staged: Path, layout: Layout, target: Path, theirs: str) -> dict[str, str]:
    """Write the rows that are not `theirs` (the erased's), each column in the narrowest type that all its cells fit; gives the types."""
    source = f"read_parquet({quoted(str(staged))})"
    names = column_names(layout.headers)
    texts = [column_name(number) for number in range(len(names))]
    cells = ", ".join(f"{without_marks(text, words=False)} AS c{number}, {text} AS w{number}" for number, text in enumerate(texts))
    rows = f"SELECT {LINE}, {cells} FROM {source} WHERE {PROBLEM} IS NULL AND NOT ({theirs})"
    checks = []
    for number in range(len(names)):
        counts = [f"count(*) FILTER ({matches(f'c{number}', pattern)})" for pattern in PATTERNS.values()]
        checks.append(f"[count(c{number}), {', '.join(counts)}]")
    found = connection.execute(f"SELECT {', '.join(checks)} FROM ({rows})").fetchone()
    assert found is not None
    kinds: dict[str, str] = {}
    columns = []
    for number, (name, (filled, *counts)) in enumerate(zip(names, found, strict=True)):
        kind = next((kind for kind, count in zip(PATTERNS, counts, strict=True) if filled and count == filled), "text")
        kinds[name] = kind
        columns.append(f"{CASTS[kind].format(cell=f'c{number}', word=f'w{number}')} AS {named(name)}")
    connection.execute(f"COPY (SELECT {', '.join(columns)} FROM ({rows}) ORDER BY {LINE}) TO {quoted(str(target))} (FORMAT parquet)")
    return kinds


def _like(schema: pa.Schema, table: DeltaTable, name: str) -> pa.Schema:
    """The table's own types for a file with its columns. Raises ImportRefused for other columns, or types that do not go into them."""
    import pyarrow as pa

    held = pa.schema(table.schema().to_arrow())
    if set(held.names) != set(schema.names):
        apart = sorted(set(held.names) ^ set(schema.names))
        raise ImportRefused(
            f"{name} has other columns than this file ({', '.join(apart)}): replace it, or take another name", field="table"
        )
    for field in held:
        given = schema.field(field.name).type
        widens = given == field.type or pa.types.is_string(field.type) or (pa.types.is_integer(given) and pa.types.is_floating(field.type))
        if not widens and not pa.types.is_null(given):
            raise ImportRefused(f"{name}.{field.name} holds {field.type}, this file has {given} there", field=field.name)
    return held
