"""`groundwork erase`: remove a person from a client's data, for good."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from cli import house
from cli.exits import refused, unreadable
from cli.output import Json, show_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("erase")(erase)


def erase(
    client: Annotated[str, typer.Option("--client", "-c", help="slug of the client")],
    person: Annotated[str, typer.Option("--person", "-p", help="contact id or e-mail address")],
    allow_again: Annotated[bool, typer.Option("--allow-again", help="erase nobody: let later imports bring this one in")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Erase a person: from every table and version, reject file, document, run, deliverable and log. It cannot be undone.

    Evidence that read those versions keeps its result and is marked as not replayable. Runs of the client that are under way
    are stopped. Later imports leave the person out. Files that you imported, exports and backups are yours to clear.
    """
    if allow_again:
        lifted = house.run(_allow_again(client, person, workspace))
        if as_json:
            show_json({"allowed": lifted})
        else:
            print("imports may bring them in again" if lifted else "nobody with this mark was kept out")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise unreadable("nobody to ask here: add --yes to erase for good")
        if not typer.confirm(f"Erase {person!r} from {client!r} for good?", default=False, err=True):
            raise refused("not erased")
    done = house.run(_erase(client, person, workspace))
    if as_json:
        show_json(
            {
                "erasure": done.id,
                "report": done.report,
                "records": done.records,
                "checkpoints": done.checkpoints,
                "records_marked": done.records_marked,
                "runs_stopped": done.runs_stopped,
                "not_ours": done.not_ours,
            }
        )
        return
    rows = ", ".join(f"{count} of {table}" for table, count in done.report.rows.items() if count) or "none"
    print(f"{done.id}: rows removed: {rows}; {sum(done.report.scrubbed.values())} mentions in rows of others")
    print(f"{done.report.reject_rows} rows of reject files; {done.records_marked} evidence records can no longer be replayed")
    if done.records:
        print("named in: " + ", ".join(f"{count} of {table}" for table, count in done.records.items()) + "; now [erased]")
    if done.runs_stopped:
        print(f"stopped, start them again: {', '.join(done.runs_stopped)}")
    if done.not_ours:
        print(f"not in our hands, and may still hold the person: {', '.join(done.not_ours)}; and exports and backups that you made")


async def _allow_again(client: str, person: str, workspace: str | None) -> bool:
    from graphs.erasing import allow_again

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
        return await allow_again(desk.services(), desk.workspace.id, known, person, actor=house.ACTOR)


async def _erase(client: str, person: str, workspace: str | None) -> Any:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from graphs.erasing import erase as erase_everywhere

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
        on = datetime.now(ZoneInfo(known.locale.zone)).date()
        return await erase_everywhere(desk.services(), desk.workspace.id, known, person, on=on, actor=house.ACTOR)
