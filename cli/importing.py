"""`groundwork import FILE`: a client's export, looked at first, then brought in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import house
from cli.exits import FOUND, refused, unreadable
from cli.output import Json, note, read_text, show_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet")],
    client: Annotated[str, typer.Option("--client", "-c", help="slug of the client")],
    table_name: Annotated[
        str | None, typer.Option("--table", "-t", help="table to fill, or free_<name>; found from the headers when left out")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option("--mapping", "-m", help="JSON file with the column mapping, in place of the suggested one")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="take the mapping without asking")] = False,
    dry: Annotated[bool, typer.Option("--suggest", help="print the suggested mapping and stop")] = False,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Import an export. Shows the column mapping and asks, unless --yes; what is confirmed is remembered.

    Bad rows go to a reject file with line and reason, the rest is kept. Exit code 1: every row was rejected.
    """
    if not file.is_file():
        raise unreadable(f"cannot read {file}: there is no such file")
    given = read_text(mapping) if mapping else None
    outcome = house.run(_import(file, client, table_name, given, yes, dry, workspace, as_json))
    if as_json:
        show_json(outcome)
    report = outcome.get("report")
    if report is not None and report.rows_rejected and not report.rows_kept + report.duplicates:
        raise typer.Exit(FOUND)


async def _import(
    file: Path, client: str, table_name: str | None, given: str | None, yes: bool, dry: bool, workspace: str | None, as_json: bool
) -> dict[str, Any]:
    from api.importing import bring_in, look, with_mapping

    mapping = read_mapping(given, table_name) if given is not None else None
    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
            seen = await look(connection, known, file, mapping.table if mapping else table_name)
        suggestion = with_mapping(seen.suggestion, mapping) if mapping else seen.suggestion
        if dry:
            if not as_json:
                print(json.dumps(suggestion.mapping.model_dump(mode="json", exclude_defaults=True), indent=2, ensure_ascii=False))
            return {"suggestion": suggestion, "remembered": seen.remembered}
        note(described(suggestion, remembered=seen.remembered and mapping is None))
        if suggestion.missing:
            raise refused(
                f"{suggestion.table} needs {', '.join(suggestion.missing)}: give --mapping FILE (--suggest prints one to start from)"
            )
        if not yes and not _confirmed():
            raise refused("not imported")
        with progress_bar(hidden=as_json) as progress:
            done, report = await bring_in(
                desk.database,
                desk.settings,
                desk.workspace.id,
                known,
                file,
                suggestion,
                file_name=file.name,
                actor=house.ACTOR,
                progress=progress,
            )
    if not as_json:
        print(in_words(done.id, report))
    return {"import": done.id, "report": report}


def read_mapping(text: str, table_name: str | None) -> Any:
    """The mapping of a file. Stops with code 2 when it is none."""
    from api.importing import read_mapping as read
    from store.importing.report import ImportRefused

    try:
        return read(text, table_name)
    except ImportRefused as error:
        raise unreadable(error.message) from error


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise unreadable("nobody to ask here: add --yes to take the mapping as it is shown")
    return typer.confirm("Import it so?", default=True, err=True)


def described(suggestion: Any, *, remembered: bool) -> str:
    """A suggestion for a person: which column fills what, what is left, what to look at."""
    lines = [f"{suggestion.label} -> {suggestion.table}" + (" (as confirmed before)" if remembered else "")]
    if suggestion.mapping.columns:
        rows = []
        for column in suggestion.mapping.columns:
            source = column.source or (f"always {column.constant!r}" if column.constant is not None else "made from the row")
            sample = next((row[column.source] for row in suggestion.sample if column.source and row.get(column.source)), "")
            rows.append((f"  {column.target}", source, column.scale or "", sample[:40]))
        lines.append(table(rows, ("  column", "filled from", "money in", "for example")))
    if suggestion.unmapped:
        lines.append(f"not used: {', '.join(suggestion.unmapped)}")
    return "\n".join([*lines, *(f"note: {remark}" for remark in suggestion.confirm)])


def in_words(identity: str, report: Any) -> str:
    """What became of the rows."""
    if report.already_imported:
        return f"{report.table}: this file was imported before in the same way; nothing was done"
    parts = [f"{report.rows_kept} rows kept", f"{report.duplicates} duplicates", f"{report.rows_rejected} rejected"]
    lines = [f"{report.table} version {report.version}: {', '.join(parts)} of {report.rows_read} read ({identity})"]
    if report.rows_rejected:
        lines.append(f"rejected rows with line and reason: {report.reject_file}")
    return "\n".join([*lines, *(f"note: {decision}" for decision in report.decisions)])


@contextmanager
def progress_bar(*, hidden: bool) -> Iterator[Callable[[Any], None] | None]:
    """A bar on standard error, when that is a terminal."""
    if hidden or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<9}"), BarColumn(), TextColumn("{task.fields[rows]} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=1.0, rows=0)
        yield lambda step: bar.update(task, description=step.stage, completed=step.share, rows=step.rows)
