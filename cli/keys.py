"""`groundwork key create|revoke|list`: API keys, each shown once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, note, show_json, table

ROLES = "owner, strategist, writer, approver, auditor, or client for the portal of --client"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_all)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def create(
    name: Annotated[str, typer.Argument(help="what the key is for")],
    role: Annotated[str, typer.Option(help=ROLES)] = "strategist",
    scope: Annotated[
        list[str] | None, typer.Option(help="only these, as tasks:read; repeat for more; all of the role's when left out")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="days until it expires; never when left out")] = None,
    client: Annotated[str | None, typer.Option("--client", "-c", help="of a portal key: whose published deliverables it sees")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Make an API key. The secret is printed once and kept nowhere."""
    key, secret = house.run(_create(name, role, tuple(scope or ()), days, client, workspace))
    if as_json:
        show_json({"key": key, "secret": secret})
    else:
        note(f"{key.id}  {key.name}  role {key.role}" + (f", until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""))
        note("the secret, shown this once:")
        print(secret)


async def _create(name: str, role: str, scopes: tuple[str, ...], days: int | None, client: str | None, workspace: str | None) -> Any:
    from datetime import UTC, datetime, timedelta

    from api.auth import SCOPES
    from cli.exits import refused
    from store import audit, keys

    for scope in scopes:
        if scope not in SCOPES:
            raise refused(f"there is no scope {scope!r}; there are: {', '.join(SCOPES)}")
    if (role == "client") != (client is not None):
        raise refused("a key of the role client is bound to one client, and no other key is: --role client --client SLUG")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    async with house.desk(workspace) as desk, desk.transaction() as connection:
        bound = (await house.find_client(connection, client)).id if client else None
        key, secret = await keys.create_key(connection, desk.workspace.id, name, role, scopes, until, client_id=bound)  # type: ignore[arg-type]
        await audit.note(connection, house.ACTOR, "key.create", key.id, {"role": role, "scopes": list(scopes), "client": client})
        return key, secret


def list_all(workspace: house.Which = None, as_json: Json = False) -> None:
    """List the workspace's keys, without their secrets."""
    found = house.run(_list(workspace))
    if as_json:
        show_json(found)
        return
    rows = [(key.id, key.name, key.role, " ".join(key.scopes) or "all of the role's", _state(key)) for key in found]
    print(table(rows, ("id", "name", "role", "scopes", "state")))


def _state(key: Any) -> str:
    from datetime import UTC, datetime

    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at and key.expires_at < datetime.now(UTC):
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"


async def _list(workspace: str | None) -> Any:
    from store import keys

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        return await keys.list_keys(connection)


def revoke(
    key: Annotated[str, typer.Argument(help="id of the key, as `groundwork key list` shows it")],
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Revoke a key at once."""
    house.run(_revoke(key, workspace))
    if as_json:
        show_json({"revoked": key})
    else:
        print(f"revoked {key}")


async def _revoke(key: str, workspace: str | None) -> None:
    from cli.exits import refused
    from store import audit, keys

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        if not await keys.revoke_key(connection, key):
            raise refused(f"there is no key {key!r} in this workspace that still holds", kind="not_found")
        await audit.note(connection, house.ACTOR, "key.revoke", key, {})
