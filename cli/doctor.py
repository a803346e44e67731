"""`groundwork doctor`: what is in order and what is not, with what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import typer

from cli import house
from cli.exits import DOWN, FOUND
from cli.output import Json, show_json

if TYPE_CHECKING:
    from store.settings import StoreSettings

LEAST_FREE = 1 << 30
"""bytes below which the disk is worth a word"""


class Check(NamedTuple):
    """One thing that was looked at. `advice`: what to do when it is not in order."""

    name: str
    state: Literal["ok", "note", "wrong", "down"]
    detail: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Look at the installation, the database, the model and the worker. Exit code 1: something is not in order; 4: database down."""
    checks = [*installation(), *house.run(database_checks()), *model_checks()]
    if as_json:
        show_json([check._asdict() for check in checks])
    else:
        for check in checks:
            print(f"{check.state:<6}{check.name:<16}{check.detail}" + (f"\n{'':<22}{check.advice}" if check.advice else ""))
    states = {check.state for check in checks}
    if "down" in states:
        raise typer.Exit(DOWN)
    if "wrong" in states:
        raise typer.Exit(FOUND)


def installation() -> Iterator[Check]:
    """Python, packages, home."""
    from cli.shadowed import check_packages
    from store.settings import StoreSettings

    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Check("python", "ok" if fine else "wrong", version, "" if fine else "install Python 3.11 or newer")
    shadow = check_packages()
    yield Check("packages", "wrong" if shadow else "ok", shadow or "all resolve to this installation")
    home = StoreSettings().home
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        yield Check("home", "wrong", f"{home} cannot be written", "set GROUNDWORK_HOME to a folder of your own")
    else:
        free = shutil.disk_usage(nearest).free
        low = free < LEAST_FREE
        yield Check(
            "home", "note" if low else "ok", f"{home}, {free / (1 << 30):.1f} GiB free", "make room: imports need it" if low else ""
        )


async def database_checks() -> list[Check]:
    """Reachable, migrated, the role as it should be, workers alive."""
    from store import embedded, queue
    from store.database import Database
    from store.errors import DatabaseUnavailable, StoreError
    from store.settings import StoreSettings

    settings = StoreSettings()
    if settings.embedded and not embedded.status(settings.home).running:
        return [Check("database", "down", f"the embedded Postgres under {settings.home} does not run", "groundwork db start")]
    try:
        database = await Database.of(settings, size=1, name="groundwork doctor")
    except DatabaseUnavailable as error:
        return [Check("database", "down", str(error), "check DATABASE_URL and that Postgres runs")]
    except StoreError as error:
        return [Check("database", "wrong", str(error), "groundwork migrate")]
    checks = [Check("database", "ok", "embedded, running" if settings.embedded else "DATABASE_URL answers")]
    try:
        async with database.transaction(None) as connection:
            checks += await _schema(connection, database.url)
            alive = await queue.live_workers(connection)
        said = f"{alive} alive" if alive else "no live worker: tasks are taken and wait"
        checks.append(Check("workers", "ok" if alive else "note", said, "" if alive else "groundwork worker"))
    finally:
        await database.close()
    return [*checks, await _workspaces(settings)]


async def _schema(connection: object, url: str) -> list[Check]:
    import asyncio
    from typing import Any

    from store.migrate import pending

    run: Any = connection
    due = await asyncio.to_thread(pending, url)
    row = await (
        await run.execute(
            """SELECT r.rolsuper OR r.rolbypassrls AS bypass, current_setting('server_version') AS version,
                      (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector
                 FROM pg_roles AS r WHERE r.rolname = current_user"""
        )
    ).fetchone()
    return [
        Check(
            "schema", "wrong" if due else "ok", f"due: {', '.join(due)}" if due else "this release's", "groundwork migrate" if due else ""
        ),
        Check("postgres", "ok" if row["vector"] else "wrong", f"{row['version']}, pgvector {row['vector'] or 'missing'}"),
        Check(
            "isolation",
            "wrong" if row["bypass"] else "ok",
            "the application's role can bypass row-level security"
            if row["bypass"]
            else "the application's role is bound by row-level security",
            "point DATABASE_URL at an ordinary role" if row["bypass"] else "",
        ),
    ]


async def _workspaces(settings: StoreSettings) -> Check:
    if not settings.embedded and settings.migrate_url is None:
        named = os.environ.get(house.VARIABLE)
        return Check("workspace", "ok" if named else "note", named or "none named", "" if named else f"set {house.VARIABLE}")
    every = await house.all_workspaces(settings)
    advice = "" if every else "groundwork workspace create NAME, or groundwork demo"
    return Check("workspace", "ok" if every else "note", ", ".join(f"{entry.name} ({entry.id})" for entry in every) or "none yet", advice)


def model_checks() -> Iterator[Check]:
    """Which model answers, and whether its key is there."""
    from llm.models import describe
    from llm.settings import ModelSettings

    try:
        settings = ModelSettings()
        card = describe(settings)
    except ValueError as error:
        yield Check("model", "wrong", str(error).splitlines()[0], "see GROUNDWORK_MODEL in the README")
        return
    said = f"{card.name}" + ("" if card.is_llm else ": rules, not a language model")
    yield Check(
        "model", "ok" if card.is_llm else "note", said, "" if card.is_llm else "set GROUNDWORK_MODEL=openai:NAME or anthropic:NAME for one"
    )
