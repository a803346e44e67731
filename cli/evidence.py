"""`groundwork evidence show` and `groundwork replay`: the tool run behind a figure, and the same run computed again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import house
from cli.exits import FOUND
from cli.output import Json, show_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at evidence records.", no_args_is_help=True)
    group.command("show")(show)
    group.callback()(lambda: None)
    app.add_typer(group, name="evidence")
    app.command("replay")(replay)


Id = Annotated[str, typer.Argument(help="id of an evidence record: ev_…")]


def show(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Print one record, as JSON."""
    show_json(house.run(_get(id, workspace)))


async def _get(id: str, workspace: str | None) -> Any:
    from graphs.replay import NoSuchEvidence
    from store import evidence

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        stored = await evidence.get(connection, id)
        if stored is None:
            raise NoSuchEvidence(id)
        return stored.evidence


def replay(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Compute a record again on the data versions that it read, and compare. Exit code 1 when they differ, 3 when it cannot be."""
    compared = house.run(_replay(id, workspace))
    if as_json:
        show_json(compared)
    elif compared.equal:
        print(f"equal: {id} computed again gives the same result (integers, money and texts exactly, floats within {compared.tolerance:g})")
    else:
        print(
            "\n".join([f"not equal: {len(compared.differences)} differences", *(f"  {difference}" for difference in compared.differences)])
        )
    if not compared.equal:
        raise typer.Exit(FOUND)


async def _replay(id: str, workspace: str | None) -> Any:
    from graphs.replay import replay as compute_again

    async with house.desk(workspace) as desk:
        return await compute_again(desk.services(), desk.workspace.id, id)
