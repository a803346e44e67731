"""`groundwork workspace create|list`: agencies, each a tenant of its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, show_json, table


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Make and list workspaces (agencies).", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_all)
    app.add_typer(group, name="workspace")


def create(name: Annotated[str, typer.Argument(help="name of the agency")], as_json: Json = False) -> None:
    """Make a workspace."""
    made = house.run(_create(name))
    if as_json:
        show_json(made)
    else:
        print(f"{made.id}  {made.name}\nwork in it: export {house.VARIABLE}={made.id}")


async def _create(name: str) -> Any:
    from store.database import Database
    from store.workspaces import create_workspace

    database = await Database.of(house.ready_database(), size=1, name="groundwork cli")
    try:
        async with database.transaction(None) as connection:
            return await create_workspace(connection, name)
    finally:
        await database.close()


def list_all(as_json: Json = False) -> None:
    """List every workspace of this database."""
    found = house.run(house.all_workspaces(house.ready_database()))
    if as_json:
        show_json(found)
    else:
        print(table([(entry.id, entry.name, f"{entry.created_at:%Y-%m-%d %H:%M}") for entry in found], ("id", "name", "made")))
