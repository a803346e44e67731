"""`groundwork document add|list|forget`: a client's texts as context that deliverables cite."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, read_text, show_json, table

For = Annotated[str, typer.Option("--client", "-c", help="slug of the client")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Give a client's documents as context.", no_args_is_help=True)
    group.command("add")(add)
    group.command("fetch")(fetch)
    group.command("list")(list_all)
    group.command("forget")(forget)
    app.add_typer(group, name="document")


def add(
    file: Annotated[str, typer.Argument(help="text or Markdown file; - is standard input")],
    client: For,
    title: Annotated[str | None, typer.Option(help="how a citation names it; the first heading, else the file's name")] = None,
    kind: Annotated[str, typer.Option(help="brand, note, pricing, campaign, …")] = "note",
    dated: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day it speaks for")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Keep a document, cut in passages that deliverables can find and cite."""
    text = read_text(file)
    heading = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")), None)
    source = "standard input" if file == "-" else file.rsplit("/", 1)[-1]
    made = house.run(_add(client, title or heading or source, kind, text, source, dated.date() if dated else None, workspace))
    if as_json:
        show_json({"id": made.id, "title": made.title, "kind": made.kind, "source": made.source, "dated": made.dated})
    else:
        print(f"{made.id}  {made.title}")


def fetch(
    url: Annotated[str, typer.Argument(help="https address on a host that GROUNDWORK_FETCH_HOSTS allows")],
    client: For,
    title: Annotated[str | None, typer.Option(help="how a citation names it; the page's own title when left out")] = None,
    kind: Annotated[str, typer.Option(help="competitor, press, …")] = "competitor",
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Fetch a page and keep its text as a document dated today. Off unless hosts are allowed."""
    from datetime import date

    from store.pages import fetch_page
    from store.settings import StoreSettings

    page = fetch_page(url, StoreSettings().fetch_hosts)
    made = house.run(_add(client, title or page.title, kind, page.text, page.url, date.today(), workspace))
    if as_json:
        show_json({"id": made.id, "title": made.title, "kind": made.kind, "source": made.source, "dated": made.dated})
    else:
        print(f"{made.id}  {made.title}")


async def _add(client: str, title: str, kind: str, text: str, source: str, dated: Any, workspace: str | None) -> Any:
    from store import audit, documents

    async with house.desk(workspace) as desk:
        embedder = desk.services().embedder
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
            made = await documents.add_document(connection, known.id, title, kind, text, source, dated, embedder=embedder)
            await audit.note(connection, house.ACTOR, "document.add", made.id, {"client": known.slug})
            return made


def list_all(client: For, workspace: house.Which = None, as_json: Json = False) -> None:
    """List a client's documents."""
    found = house.run(_list(client, workspace))
    if as_json:
        show_json([{name: getattr(entry, name) for name in ("id", "title", "kind", "source", "dated", "created_at")} for entry in found])
    else:
        print(
            table(
                [(entry.id, entry.title, entry.kind, entry.dated, entry.source) for entry in found],
                ("id", "title", "kind", "dated", "source"),
            )
        )


async def _list(client: str, workspace: str | None) -> Any:
    from store import documents

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        return await documents.list_documents(connection, (await house.find_client(connection, client)).id)


def forget(
    document: Annotated[str, typer.Argument(help="id of the document")], workspace: house.Which = None, as_json: Json = False
) -> None:
    """Forget a document and its passages."""
    house.run(_forget(document, workspace))
    if as_json:
        show_json({"forgotten": document})
    else:
        print(f"forgot {document}")


async def _forget(document: str, workspace: str | None) -> None:
    from cli.exits import refused
    from store import audit, documents

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        if not await documents.forget_document(connection, document):
            raise refused(f"there is no document {document!r} in this workspace", kind="not_found")
        await audit.note(connection, house.ACTOR, "document.forget", document, {})
