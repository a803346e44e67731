"""`groundwork client create|list|policy`: whose data is analysed, and whose approval its deliverables need."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, read_text, show_json, table


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Make and list clients, and say what needs whose approval.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_all)
    group.command("policy")(policy)
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


def policy(
    slug: Annotated[str, typer.Argument(help="slug of the client")],
    put: Annotated[
        str | None, typer.Option("--set", help='JSON file with the whole policy, - for standard input: {"strategy": {"four_eyes": true}}')
    ] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Show what needs whose approval, or replace it. `*` stands for every kind; {} means that nothing needs approval."""
    from pydantic import ValidationError

    from api.policies import Policy
    from cli.exits import unreadable

    try:
        wanted = Policy.model_validate({"rules": json.loads(read_text(put))}) if put else None
    except json.JSONDecodeError as error:
        raise unreadable(f"{put} is not JSON: {error.msg} at line {error.lineno}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise unreadable(f"{put}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    rules = house.run(_policy(slug, wanted.rules if wanted else None, workspace))
    if as_json:
        show_json(rules)
        return
    rows = [(kind, ", ".join(r.roles), r.approvers, "yes" if r.four_eyes else "no", r.expires_hours) for kind, r in rules.items()]
    print(table(rows, ("kind", "who", "people", "four eyes", "hours")) if rows else "nothing needs approval")


async def _policy(slug: str, wanted: Any, workspace: str | None) -> Any:
    from graphs.approving import change_policy
    from jobs.queue import enqueue
    from store import policies

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        client = await house.find_client(connection, slug)
        if wanted is not None:
            await change_policy(connection, desk.workspace.id, client, wanted, actor=house.ACTOR, enqueue=enqueue)
        return await policies.of_client(connection, client.id)
