"""`groundwork evidence show` and `groundwork replay`: the tool run behind a figure, and the same run computed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import house
from cli.exits import FOUND, REFUSED, unreadable
from cli.output import Json, show_json

if TYPE_CHECKING:
    from graphs.replay import Outcome, Replayed


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at evidence records.", no_args_is_help=True)
    group.command("show")(show)
    group.callback()(lambda: None)
    app.add_typer(group, name="evidence")
    app.command("replay")(replay)


HELP = "id of an evidence record: ev_…"
Id = Annotated[str, typer.Argument(help=HELP)]


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


def replay(
    id: Annotated[str | None, typer.Argument(help=HELP)] = None,
    every: Annotated[bool, typer.Option("--all", help="every record of the workspace")] = False,
    client: Annotated[str | None, typer.Option("--client", "-c", help="with --all: this client's records only")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Compute a record again on the data versions that it read, and compare. Exit code 1 when they differ, 3 when it cannot be.

    With --all, records that an erasure took the data of are counted and do not change the exit code; 3 stands for any other
    reason that one cannot be computed.
    """
    if every == (id is not None):
        raise unreadable("name one evidence record, or give --all")
    if id is None:
        _show_all(house.run(_replay_all(client, workspace)), as_json)
        return
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


def _show_all(done: Sequence[Replayed], as_json: bool) -> None:
    counts = Counter(record.outcome for record in done)
    if as_json:
        show_json({"counts": counts, "records": [record._asdict() for record in done]})
    else:
        for record in done:
            if record.outcome in ("differs", "lost", "erased"):
                print(f"{record.id} ({record.tool}) {WORDS[record.outcome]}: {record.reason}")
        print(", ".join(f"{counts[outcome]} {said}" for outcome, said in WORDS.items() if counts[outcome]) or "no records")
    if counts["differs"]:
        raise typer.Exit(FOUND)
    if counts["lost"]:
        raise typer.Exit(REFUSED)


WORDS: dict[Outcome, str] = {
    "equal": "equal",
    "differs": "not equal",
    "lost": "cannot be computed",
    "erased": "not replayable",
    "stated": "stated or assumed, nothing to compute",
}


async def _replay_all(client: str | None, workspace: str | None) -> list[Replayed]:
    from graphs.replay import replay_all

    async with house.desk(workspace) as desk:
        known = None
        if client is not None:
            async with desk.transaction() as connection:
                known = (await house.find_client(connection, client)).id
        return [record async for record in replay_all(desk.services(), desk.workspace.id, known)]


async def _replay(id: str, workspace: str | None) -> Any:
    from graphs.replay import replay as compute_again

    async with house.desk(workspace) as desk:
        return await compute_again(desk.services(), desk.workspace.id, id)
