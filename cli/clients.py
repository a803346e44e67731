"""`groundwork client create|list`: whose data is analysed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, read_text, show_json, table


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Make and list clients.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_all)
    app.add_typer(group, name="client")


def create(
    slug: Annotated[str, typer.Argument(help="short name: salon")],
    name: Annotated[str | None, typer.Option(help="full name; the slug when left out")] = None,
    language: Annotated[str, typer.Option(help="how numbers are written, as a tag")] = "en-ZA",
    currency: Annotated[str, typer.Option(help="ISO 4217 code")] = "ZAR",
    zone: Annotated[str, typer.Option(help="IANA zone that days are counted in")] = "Africa/Johannesburg",
    profile: Annotated[str | None, typer.Option(help="JSON file with stated facts (VAT rate, fees, margins)")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Make a client."""
    from api.profiles import readable_profile
    from cli.exits import unreadable

    try:
        stated = json.loads(read_text(profile)) if profile else {}
    except json.JSONDecodeError as error:
        raise unreadable(f"{profile} is not JSON: {error.msg} at line {error.lineno}") from error
    if not isinstance(stated, dict):
        raise unreadable(f"{profile} holds no JSON object")
    try:
        readable_profile(stated)
    except ValueError as error:
        raise unreadable(f"{profile}: {error}") from error
    made = house.run(_create(slug, name or slug, language, currency, zone, stated, workspace))
    if as_json:
        show_json(made)
    else:
        print(f"{made.slug}  {made.name}  {made.locale.currency}, {made.locale.language}, {made.locale.zone}")


async def _create(slug: str, name: str, language: str, currency: str, zone: str, profile: dict[str, Any], workspace: str | None) -> Any:
    from api.locales import known_locale
    from cli.exits import refused
    from grounding.evidence import Locale
    from store import audit, clients

    try:
        locale = known_locale(Locale(language=language, currency=currency, zone=zone))
    except ValueError as error:
        raise refused(str(error)) from error
    async with house.desk(workspace) as desk, desk.transaction() as connection:
        client = await clients.create_client(connection, slug, name, locale, profile)
        await audit.note(connection, house.ACTOR, "client.create", client.id, {"slug": slug})
        return client


def list_all(workspace: house.Which = None, as_json: Json = False) -> None:
    """List the workspace's clients."""
    found = house.run(_list(workspace))
    if as_json:
        show_json(found)
    else:
        print(
            table(
                [(entry.slug, entry.name, entry.locale.currency, entry.locale.zone) for entry in found],
                ("client", "name", "currency", "zone"),
            )
        )


async def _list(workspace: str | None) -> Any:
    from store import clients

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        return await clients.list_clients(connection)
