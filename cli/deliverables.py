"""`groundwork deliverable list|show`: what tasks made."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import house
from cli.exits import refused, unreadable
from cli.output import Json, as_json, note, show_json, table


class Format(StrEnum):
    """How a deliverable is shown."""

    md = "md"
    json = "json"
    html = "html"
    pdf = "pdf"
    docx = "docx"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Read what tasks made.", no_args_is_help=True)
    group.command("list")(list_all)
    group.command("show")(show)
    app.add_typer(group, name="deliverable")


def list_all(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """List deliverables, newest first."""
    found = house.run(_list(client, workspace))
    if as_json:
        names = ("id", "run_id", "kind", "title", "version", "status", "created_at")
        show_json([{name: getattr(made, name) for name in names} for made in found])
    else:
        rows = [(made.id, made.kind, made.version, made.status, f"{made.created_at:%Y-%m-%d %H:%M}", made.title) for made in found]
        print(table(rows, ("id", "kind", "version", "status", "made", "title")))


async def _list(client: str | None, workspace: str | None) -> Any:
    from store import deliverables

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        return await deliverables.list_(connection, client_id=known.id if known else None)


def show(
    id: Annotated[str, typer.Argument(help="id of the deliverable: dl_…")],
    format: Annotated[Format, typer.Option("--format", "-f", help="how to show it")] = Format.md,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="file to write; standard output when left out")] = None,
    workspace: house.Which = None,
    json: Annotated[bool, typer.Option("--json", help="the same as --format json", show_default=False)] = False,
) -> None:
    """Show a deliverable as Markdown, JSON, HTML, PDF or Word."""
    chosen = Format.json if json else format
    if chosen in (Format.pdf, Format.docx) and output is None and sys.stdout.isatty():
        raise unreadable(f"{chosen.value} is no text for a terminal: give --output FILE")
    body = house.run(_written(id, chosen, workspace))
    if output is None:
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
        return
    try:
        output.write_bytes(body)
    except OSError as error:
        raise unreadable(f"cannot write {output}: {error.strerror}") from error
    note(f"written: {output}")


async def _written(id: str, chosen: Format, workspace: str | None) -> bytes:
    from api.writing import charts_of, full, written
    from store import clients, deliverables

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        made = await deliverables.get(connection, id)
        if made is None:
            raise refused(f"there is no deliverable {id!r} in this workspace", kind="not_found")
        client = await clients.get_client(connection, made.client_id)
        assert client is not None
        if chosen is Format.json:
            return (as_json(full(made, client.slug)) + "\n").encode()
        charts = await charts_of(connection, made)
    return written(made, chosen.value, charts, language=client.locale.language)
