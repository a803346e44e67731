"""`groundwork schedule add|list|show|change|pause|resume|run|remove`: what is made by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import house
from cli.output import Json, note, read_text, show_json, table


class Stale(StrEnum):
    """What happens with old data."""

    run = "run"
    skip = "skip"
    run_and_say = "run_and_say"


class Late(StrEnum):
    """What happens when nobody approves."""

    wait = "wait"
    remind = "remind"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Have deliverables made by themselves, in the client's zone.", no_args_is_help=True)
    for name, command in (
        ("add", add), ("list", list_all), ("show", show), ("change", change), ("pause", pause), ("resume", resume),
        ("run", run), ("remove", remove),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="schedule")


Id = Annotated[str, typer.Argument(help="id of the schedule: sch_…")]


Brief = typer.Option("--brief", "-b", help="the request in your words, the same each time; - reads standard input")
Cron = typer.Option(help="minute, hour, day, month, weekday: '0 7 1 * *' is seven on the first of each month")
Kind = typer.Option("--kind", "-k", help="what to make, as for `groundwork task run`; report when left out")
Zone = typer.Option(help="IANA zone; the client's when left out")
To = typer.Option("--to", help="whom it is for, kept and not written to; may be repeated")
WhenStale = typer.Option("--stale", help="when the data is stale")
StaleDays = typer.Option(help="days after which it is", min=1, max=365)
WhenLate = typer.Option("--late", help="when nobody approves")
LateHours = typer.Option(help="hours after which that is late", min=1, max=2160)
Retry = typer.Option("--retry/--no-retry", help="try a run that failed once more")


def _said(
    brief: str | None, cron: str | None, kind: str | None, zone: str | None, to: list[str] | None, stale: Stale | None,
    stale_days: int | None, late: Late | None, late_hours: int | None, retry: bool | None,
) -> dict[str, Any]:  # fmt: skip
    """What was said of a plan; the rest keeps its default, or what it is."""
    given = {
        "brief": read_text("-") if brief == "-" else brief, "cron": cron, "kind": kind, "zone": zone, "recipients": to,
        "when_stale": stale and stale.value, "stale_after_days": stale_days, "when_late": late and late.value,
        "late_after_hours": late_hours, "retries": None if retry is None else int(retry),
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def add(
    client: Annotated[str, typer.Option("--client", "-c", help="slug of the client")],
    brief: Annotated[str, Brief],
    cron: Annotated[str, Cron],
    kind: Annotated[str | None, Kind] = None,
    zone: Annotated[str | None, Zone] = None,
    to: Annotated[list[str] | None, To] = None,
    stale: Annotated[Stale | None, WhenStale] = None,
    stale_days: Annotated[int | None, StaleDays] = None,
    late: Annotated[Late | None, WhenLate] = None,
    late_hours: Annotated[int | None, LateHours] = None,
    retry: Annotated[bool | None, Retry] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Keep a schedule and show when it is due."""
    raw = _said(brief, cron, kind, zone, to, stale, stale_days, late, late_hours, retry)
    _print(house.run(_add(client, raw, workspace)), as_json)


async def _add(client: str, raw: dict[str, Any], workspace: str | None) -> dict[str, Any]:
    from graphs import scheduling

    plan = scheduling.read_plan(raw)
    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client)
        return await _whole(connection, await scheduling.create(connection, known, plan, actor=house.ACTOR))


def change(
    id: Id,
    brief: Annotated[str | None, Brief] = None,
    cron: Annotated[str | None, Cron] = None,
    kind: Annotated[str | None, Kind] = None,
    zone: Annotated[str | None, Zone] = None,
    to: Annotated[list[str] | None, To] = None,
    stale: Annotated[Stale | None, WhenStale] = None,
    stale_days: Annotated[int | None, StaleDays] = None,
    late: Annotated[Late | None, WhenLate] = None,
    late_hours: Annotated[int | None, LateHours] = None,
    retry: Annotated[bool | None, Retry] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Change what is named, from the next time on; the rest stays as it is."""
    raw = _said(brief, cron, kind, zone, to, stale, stale_days, late, late_hours, retry)
    _print(house.run(_change(id, raw, workspace)), as_json)


async def _change(id: str, raw: dict[str, Any], workspace: str | None) -> dict[str, Any]:
    from graphs import scheduling

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        plan = scheduling.read_plan(scheduling.plan_of(await scheduling.known(connection, id)) | raw)
        return await _whole(connection, await scheduling.change(connection, id, plan, actor=house.ACTOR))


async def _whole(connection: Any, kept: Any) -> dict[str, Any]:
    """The schedule as the API gives it."""
    from api.schedules import whole

    return (await whole(connection, kept)).model_dump(mode="json")


def _print(entry: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(entry)
        return
    print(f"{entry['id']}  {entry['kind']} for {entry['client']}: {entry['cron']} in {entry['zone']}")
    print(f"  {_next(entry)}")
    if entry["recipients"]:
        print(f"  for {', '.join(entry['recipients'])} (nothing is sent)")
    for fire in entry["history"]:
        by = f"asked for by {fire['asked_by']}" if fire["asked_by"] else None
        reason = f"({fire['reason']})" if fire["reason"] else None
        said = (_minute(fire["at"]), fire["outcome"], by, fire["task"], fire["deliverable"], reason)
        print("  " + "  ".join(part for part in said if part))
        for text in fire["alerts"]:
            print(f"    ! {text}")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _next(entry: dict[str, Any]) -> str:
    if entry["paused_at"]:
        return "paused"
    return "next " + (", ".join(_minute(moment) for moment in entry["next"]) or "never again")


def list_all(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """List schedules, newest first."""
    found = house.run(_list(client, workspace))
    if as_json:
        show_json(found)
        return
    rows = [
        (entry["id"], entry["client"], entry["kind"], entry["cron"], entry["zone"], _next({**entry, "next": entry["next"][:1]}))
        for entry in found
    ]
    print(table(rows, ("id", "client", "kind", "cron", "zone", "next")))


async def _list(client: str | None, workspace: str | None) -> list[dict[str, Any]]:
    from api.clients import slugs
    from api.schedules import ScheduleCard
    from store import schedules

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        names = await slugs(connection)
        found = await schedules.list_(connection, client_id=known.id if known else None)
        return [ScheduleCard.of(entry, names[entry.client_id]).model_dump(mode="json") for entry in found]


def show(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Show a schedule, its next four times and how each time went."""
    _print(house.run(_do("known", id, workspace)), as_json)


def pause(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Let it rest; what has been started goes on."""
    _print(house.run(_do("pause", id, workspace)), as_json)


def resume(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Let it go on from now."""
    _print(house.run(_do("resume", id, workspace)), as_json)


def run(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Have it made now, by a worker."""
    _print(house.run(_do("fire_now", id, workspace)), as_json)
    note(f"a worker starts it within the minute; `groundwork schedule show {id}` tells how it goes")


async def _do(what: str, id: str, workspace: str | None) -> dict[str, Any]:
    from graphs import scheduling

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        if what != "known":
            await getattr(scheduling, what)(connection, id, actor=house.ACTOR)
        return await _whole(connection, await scheduling.known(connection, id))


def remove(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Remove it with its history; tasks and deliverables stay."""
    house.run(_remove(id, workspace))
    if as_json:
        show_json({"id": id, "removed": True})
    else:
        print(f"{id} removed")


async def _remove(id: str, workspace: str | None) -> None:
    from graphs import scheduling

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        await scheduling.remove(connection, id, actor=house.ACTOR)
