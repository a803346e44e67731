"""`groundwork member add|list|link|role|disable`: the people who sign in to the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import house
from cli.output import Json, note, show_json, table

if TYPE_CHECKING:
    from store.members import Member
    from store.settings import StoreSettings

ROLES = "owner, strategist, writer, approver, auditor, or client for the portal of --client"
DEMO_ADDRESS = "demo@localhost"
Whom = Annotated[str, typer.Argument(help="e-mail address or id")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Add and list the people who sign in to the pages.", no_args_is_help=True)
    group.command("add")(add)
    group.command("list")(list_all)
    group.command("link")(link)
    group.command("role")(role)
    group.command("disable")(disable)
    app.add_typer(group, name="member")


def add(
    email: Annotated[str, typer.Argument(help="e-mail address: what they sign in with")],
    name: Annotated[str, typer.Option(help="as it stands beside what they approve")],
    role: Annotated[str, typer.Option(help=ROLES)] = "strategist",
    client: Annotated[str | None, typer.Option("--client", "-c", help="of the role client: whose portal they see")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Add a member and print a link that signs them in once and lets them set a password."""

    async def work() -> tuple[Member, str]:
        from store import audit, members

        async with house.desk(workspace) as desk, desk.transaction() as connection:
            bound = (await house.find_client(connection, client)).id if client else None
            made = await members.create_member(connection, email, name, role, client_id=bound)  # type: ignore[arg-type]
            await audit.note(connection, house.ACTOR, "member.add", made.id, {"role": made.role})
            return made, await _link(connection, made)

    made, address = house.run(work())
    _show(made, address, as_json)


def link(who: Whom, workspace: house.Which = None, as_json: Json = False) -> None:
    """Print a new link that signs a member in once; links made before hold no more."""

    async def work() -> tuple[Member, str]:
        from cli.exits import refused
        from store import audit

        async with house.desk(workspace) as desk, desk.transaction() as connection:
            known = await _known(connection, who)
            if known.disabled_at is not None:
                raise refused(f"{known.email} is disabled, and no link lets them in: an owner enables them on the page Workspace")
            await audit.note(connection, house.ACTOR, "member.link", known.id)
            return known, await _link(connection, known)

    known, address = house.run(work())
    _show(known, address, as_json)


def list_all(workspace: house.Which = None, as_json: Json = False) -> None:
    """List the members."""

    async def work() -> list[Member]:
        from store import members

        async with house.desk(workspace) as desk, desk.transaction() as connection:
            return await members.list_members(connection)

    found = house.run(work())
    if as_json:
        show_json({"members": found})
        return
    rows = [
        (one.id, one.email, one.name, one.role, "disabled" if one.disabled_at else "password set" if one.has_password else "invited")
        for one in found
    ]
    print(table(rows, ("id", "address", "name", "role", "state")))


def role(
    who: Whom, role: Annotated[str, typer.Argument(help="owner, strategist, writer, approver or auditor")], workspace: house.Which = None
) -> None:
    """Give a member another role."""

    async def work() -> Member:
        from store import audit, members

        async with house.desk(workspace) as desk, desk.transaction() as connection:
            known = await _known(connection, who)
            await members.set_role(connection, known.id, role)  # type: ignore[arg-type]
            await audit.note(connection, house.ACTOR, "member.role", known.id, {"role": role})
            return await _known(connection, who)

    changed = house.run(work())
    note(f"{changed.email} is {changed.role}")


def disable(who: Whom, workspace: house.Which = None) -> None:
    """Let a member in no more; their sessions end at once."""

    async def work() -> Member:
        from store import audit, members

        async with house.desk(workspace) as desk, desk.transaction() as connection:
            known = await _known(connection, who)
            await members.disable(connection, known.id)
            await audit.note(connection, house.ACTOR, "member.disable", known.id)
            return known

    note(f"{house.run(work()).email} is disabled")


async def demo_address(store: StoreSettings, base: str) -> str | None:
    """A link into the demo's workspace as its owner, if this home has one; its member is made where there is none."""
    from demo.house import NAME
    from store import members
    from store.database import Database
    from store.workspaces import list_workspaces

    owner = await _owner(store)
    async with owner:
        found = [workspace for workspace in await list_workspaces(owner) if workspace.name == NAME]
    if not found:
        return None
    database = await Database.of(store, size=1, name="groundwork serve")
    try:
        async with database.transaction(found[0].id) as connection:
            known = await members.get_member(connection, DEMO_ADDRESS)
            if known is None:
                known = await members.create_member(connection, DEMO_ADDRESS, "Demo (simulated)", "owner")
            return await _link(connection, known, base)
    finally:
        await database.close()


async def _owner(store: StoreSettings) -> Any:
    import psycopg
    from psycopg.rows import dict_row

    return await psycopg.AsyncConnection.connect(house.owner_url(store), row_factory=dict_row)


async def _known(connection: Any, who: str) -> Member:
    from cli.exits import refused
    from store import members

    known = await members.get_member(connection, who)
    if known is None:
        raise refused(f"there is no member {who!r} in this workspace")
    return known


async def _link(connection: Any, member: Member, base: str | None = None) -> str:
    from api.settings import ApiSettings
    from store import sessions
    from web.settings import WebSettings

    secret = await sessions.make_link(connection, member.id, hours=WebSettings().link_hours)
    if base is None:
        settings = ApiSettings()
        base = f"http://{settings.host}:{settings.port}"
    return f"{base}/welcome/{secret}"


def _show(member: Member, address: str, as_json: bool) -> None:
    if as_json:
        show_json({"member": member, "link": address})
        return
    from web.settings import WebSettings

    note(f"{member.id}  {member.name} <{member.email}>  role {member.role}")
    note(f"signs in once, within {WebSettings().link_hours:g} hours (put your own address in front if the service is not asked for here):")
    print(address)
