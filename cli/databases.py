"""`groundwork db start|stop|status|migrate|backup|restore`: the embedded Postgres, and the schema of whichever Postgres is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, show_json


def register(app: typer.Typer) -> None:
    """Add the group, and `migrate` beside it."""
    group = typer.Typer(help="Start, stop, migrate, back up and restore the database.", no_args_is_help=True)
    for command in (start, stop, status, migrate, backup, restore):
        group.command()(command)
    app.add_typer(group, name="db")
    app.command()(migrate)


def start(as_json: Json = False) -> None:
    """Start the embedded Postgres of GROUNDWORK_HOME and migrate it. It runs until `groundwork db stop`."""
    from cli.exits import refused
    from store import embedded
    from store.migrate import migrate as bring_up
    from store.settings import StoreSettings

    settings = StoreSettings()
    if not settings.embedded:
        raise refused("DATABASE_URL names a database of your own: nothing to start here (`groundwork migrate` migrates it)")
    urls = embedded.start(settings.home)
    done = bring_up(urls.owner, urls.app)
    now = embedded.status(settings.home)
    if as_json:
        show_json({"running": True, "pid": now.pid, "data": now.data, "applied": done.applied})
    else:
        print(f"running as process {now.pid}, data in {now.data}" + (f"; migrated: {', '.join(done.applied)}" if done.applied else ""))


def stop(as_json: Json = False) -> None:
    """Stop the embedded Postgres of GROUNDWORK_HOME, whoever started it."""
    from store import embedded
    from store.settings import StoreSettings

    stopped = embedded.stop(StoreSettings().home)
    if as_json:
        show_json({"stopped": stopped})
    else:
        print("stopped" if stopped else "it was not running")


def status(as_json: Json = False) -> None:
    """Say whether the database runs and is migrated. Exit code 4 when it does not run, 1 when a migration is due."""
    from cli.exits import DOWN, FOUND
    from store import embedded
    from store.migrate import pending
    from store.settings import StoreSettings

    settings = StoreSettings()
    seen: dict[str, object] = {"embedded": settings.embedded}
    if settings.embedded:
        now = embedded.status(settings.home)
        seen |= {"running": now.running, "pid": now.pid, "data": now.data}
        due = pending(embedded.urls(settings.home).app) if now.running else None
    else:
        assert settings.database_url is not None
        url = settings.database_url.get_secret_value()
        due = pending(url)  # raises DatabaseUnavailable, which ends with code 4
        seen |= {"running": True, "database": "DATABASE_URL"}
    seen["migrations_due"] = due
    if as_json:
        show_json(seen)
    elif not seen["running"]:
        print(f"not running: `groundwork db start` starts it (data in {seen['data']})")
    else:
        print(f"running ({seen.get('database') or seen['data']})" + (f"; migrations due: {', '.join(due or ())}" if due else "; migrated"))
    if not seen["running"]:
        raise typer.Exit(DOWN)
    if due:
        raise typer.Exit(FOUND)


def migrate(as_json: Json = False) -> None:
    """Bring the database to this release's schema, as its owner (GROUNDWORK_MIGRATE_URL, or the embedded one)."""
    from cli.house import owner_url
    from store import embedded
    from store.migrate import migrate as bring_up
    from store.settings import StoreSettings

    settings = StoreSettings()
    if settings.embedded:
        app = embedded.start(settings.home).app
    else:
        assert settings.database_url is not None
        app = settings.database_url.get_secret_value()
    done = bring_up(owner_url(settings), app, secret=settings.secret.get_secret_value() if settings.secret else None)
    if as_json:
        show_json({"applied": done.applied, "parts": done.parts})
    else:
        print(f"applied: {', '.join(done.applied)}" if done.applied else "nothing to do: the schema is this release's")


def backup(
    file: Annotated[Path, typer.Argument(help="tar file to write; it must not exist, and holds client data")],
    as_json: Json = False,
) -> None:
    """Save records and client facts, as they are at one moment, in one file. Everything may go on working meanwhile."""
    from cli.house import ready_database
    from store.backup import back_up

    saved = back_up(ready_database(), file)
    if as_json:
        show_json({"file": file, "bytes": file.stat().st_size, "made_at": saved.made_at, "tables": len(saved.facts)})
    else:
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB, as of {saved.made_at}, with {len(saved.facts)} tables of client facts")


def restore(
    file: Annotated[Path, typer.Argument(help="a file that `groundwork db backup` wrote")],
    as_json: Json = False,
) -> None:
    """Fill a fresh GROUNDWORK_HOME (or an empty DATABASE_URL) from a backup. Erasures made after it have to be made again."""
    from store.backup import restore as bring_back
    from store.settings import StoreSettings

    settings = StoreSettings()
    saved = bring_back(settings, file)
    if as_json:
        show_json({"home": settings.home, "made_at": saved.made_at, "tables": len(saved.facts)})
    else:
        print(f"restored as of {saved.made_at}, with {len(saved.facts)} tables of client facts; erase again whom you erased since then")
