"""`groundwork experiment …`: plan, start, assign, look at and decide experiments."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import house
from cli.exits import unreadable
from cli.output import Json, note, plain, read_text, show_json, table
from cli.tools import read_request


class Verdict(StrEnum):
    """What was decided."""

    ship = "ship"
    roll_back = "roll_back"
    inconclusive = "inconclusive"
    invalid = "invalid"


class Status(StrEnum):
    """How far it has come."""

    draft = "draft"
    active = "active"
    paused = "paused"
    completed = "completed"
    cancelled = "cancelled"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Plan, start, assign, look at and decide experiments.", no_args_is_help=True)
    for name, command in (
        ("create", create), ("list", list_all), ("show", show), ("amend", amend), ("start", start), ("pause", pause), ("resume", resume),
        ("assign", assign), ("look", look), ("complete", complete), ("cancel", cancel), ("holdout", holdout),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="experiment")


Id = Annotated[str, typer.Argument(help="id of the experiment: xp_…")]
For = Annotated[str, typer.Option("--client", "-c", help="slug of the client")]
Reason = Annotated[str, typer.Option("--reason", help="why; it is kept in the log")]


def create(
    client: For,
    spec: Annotated[str, typer.Option("--spec", "-s", help="file with the plan as JSON; - is standard input")] = "-",
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Keep a draft. `groundwork experiment start` registers it and asks for whatever the plan leaves open."""
    made = house.run(_create(client, read_request(spec), workspace))
    if as_json:
        show_json(made)
    else:
        print(f"{made['id']}  {made['name']}: draft")


async def _create(client: str, raw: dict[str, Any], workspace: str | None) -> dict[str, Any]:
    from graphs import experimenting
    from graphs.experiment_plan import read_plan

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client)
        return await _whole(connection, await experimenting.create(connection, known, read_plan(raw), actor=house.ACTOR))


async def _whole(connection: Any, kept: Any) -> dict[str, Any]:
    """The experiment as the API gives it."""
    from api.experiments import whole

    return (await whole(connection, kept)).model_dump(mode="json")


def list_all(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    status: Annotated[Status | None, typer.Option(help="only those in this state")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """List experiments, newest first."""
    found = house.run(_list(client, status.value if status else None, workspace))
    if as_json:
        show_json(found)
        return
    rows = [(entry["id"], entry["client"], entry["name"], _state(entry), entry["looks"], _decided(entry)) for entry in found]
    print(table(rows, ("id", "client", "name", "state", "looks", "decision")))


def _state(entry: dict[str, Any]) -> str:
    return entry["status"] + ("" if entry["valid"] else ", invalid")


def _decided(entry: dict[str, Any]) -> str:
    outcome = entry["outcome"] or {}
    return " ".join(part for part in (outcome.get("decision"), outcome.get("arm")) if part)


async def _list(client: str | None, status: Any, workspace: str | None) -> list[dict[str, Any]]:
    from api.clients import slugs
    from api.experiment_cards import ExperimentCard
    from store import experiments

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        names = await slugs(connection)
        found = await experiments.list_(connection, client_id=known.id if known else None, status=status, limit=200)
        return [ExperimentCard.of(entry, names[entry.client_id]).model_dump(mode="json") for entry in found]


def show(id: Id, workspace: house.Which = None, as_json: Json = False) -> None:
    """Show an experiment: what was registered, every move and amendment, every look."""
    found = house.run(_show(id, workspace))
    if as_json:
        show_json(found)
        return
    _print(found)
    for entry in sorted((*found["history"], *found["looks_taken"]), key=lambda entry: entry["at"]):
        print(f"  {entry['at'][:16]}  {_looked(entry) if 'tool' in entry else _changed(entry)}")


def _looked(look: dict[str, Any]) -> str:
    said = f"{look['decision']}, {look['units']} units, {look['evidence']}"
    return f"look {look['number']} ({look['tool']}) by {look['by']}: {said}"


def _changed(change: dict[str, Any]) -> str:
    lines = [f"{change['kind']} by {change['by']}" + (f": {change['reason']}" if change["reason"] else "")]
    lines += [f"    {entry['path']}: {entry['from']!r} -> {entry['to']!r} ({entry['effect']})" for entry in change["changes"]]
    return "\n".join(lines)


def _print(entry: dict[str, Any]) -> None:
    print(f"{entry['id']}  {entry['name']} ({entry['client']}): {_state(entry)}" + (f"; {_decided(entry)}" if entry["outcome"] else ""))
    if entry["registered_at"]:
        print(f"  registered {entry['registered_at'][:16]}, SHA-256 {entry['hash']}, revision {entry['revision']}")


async def _show(id: str, workspace: str | None) -> dict[str, Any]:
    from api.experiment_cards import LookCard
    from graphs import experimenting
    from store import experiment_looks

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        kept = await experimenting.known(connection, id)
        looks = [LookCard.of(entry).model_dump(mode="json") for entry in await experiment_looks.of(connection, id)]
        return {**await _whole(connection, kept), "looks_taken": looks}


def amend(
    id: Id,
    reason: Annotated[str, typer.Option("--reason", help="why; it is kept in the log")],
    changes: Annotated[str, typer.Option("--changes", help="file with the changed fields as JSON; - is standard input")] = "-",
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Change the plan. After the start, a change of method or tuning invalidates the experiment; others are recorded amendments."""
    raw = read_request(changes)
    _moved(house.run(_do("amend", id, workspace, changes=raw, reason=reason)), as_json)


def start(id: Id, reason: Reason = "", workspace: house.Which = None, as_json: Json = False) -> None:
    """Register the plan, with a hash and the date, and begin to assign."""
    _moved(house.run(_do("start", id, workspace, reason=reason)), as_json)


def pause(id: Id, reason: Reason = "", workspace: house.Which = None, as_json: Json = False) -> None:
    """Stop assigning, for now."""
    _moved(house.run(_do("pause", id, workspace, reason=reason)), as_json)


def resume(id: Id, reason: Reason = "", workspace: house.Which = None, as_json: Json = False) -> None:
    """Assign again: every unit gets the arm that it had."""
    _moved(house.run(_do("resume", id, workspace, reason=reason)), as_json)


def cancel(id: Id, reason: Reason = "", workspace: house.Which = None, as_json: Json = False) -> None:
    """End it without a decision."""
    _moved(house.run(_do("cancel", id, workspace, reason=reason)), as_json)


def complete(
    id: Id,
    decision: Annotated[Verdict, typer.Option(help="what was decided")],
    arm: Annotated[str | None, typer.Option(help="the arm that is shipped; needed among several treatments")] = None,
    evidence: Annotated[str | None, typer.Option(help="evidence of the look it rests on; the last read-out when left out")] = None,
    reason: Reason = "",
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """End it with a decision. One that is not what the last look advises needs a reason."""
    done = house.run(_do("complete", id, workspace, decision=decision.value, arm=arm, evidence=evidence, reason=reason))
    _moved(done, as_json)


def _moved(entry: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(entry)
        return
    _print(entry)
    if not entry["valid"] and entry["ended_at"] is None:
        note("its effects can no longer be read: complete it as invalid, or cancel it")


async def _do(what: str, id: str, workspace: str | None, **given: Any) -> dict[str, Any]:
    from graphs import experimenting

    deeds: dict[str, Any] = {"amend": experimenting.amend, "start": experimenting.start, "complete": experimenting.complete}
    async with house.desk(workspace) as desk, desk.transaction() as connection:
        if what in deeds:
            return await _whole(connection, await deeds[what](connection, id, actor=house.ACTOR, **given))
        return await _whole(connection, await experimenting.move(connection, id, what, actor=house.ACTOR, **given))  # type: ignore[arg-type]


def look(
    id: Id,
    sample_ratio: Annotated[bool, typer.Option("--sample-ratio", help="check the split only")] = False,
    sums: Annotated[str | None, typer.Option(help="JSON file with the sums, for a plan whose source is sums; - is standard input")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Read the experiment out by what was registered. The evidence is kept and the look is logged."""
    taken = house.run(_look(id, sample_ratio, read_request(sums) if sums else None, workspace))
    if as_json:
        show_json(taken)
        return
    entry = taken["look"]
    print(f"look {entry['number']}: {entry['decision']}, {entry['units']} units ({entry['evidence']})")
    print(taken["said"])


async def _look(id: str, sample_ratio: bool, raw: dict[str, Any] | None, workspace: str | None) -> dict[str, Any]:
    from api.experiment_cards import LookCard
    from graphs import looking

    sums = looking.read_sums(raw) if raw is not None else None
    async with house.desk(workspace) as desk:
        kind: looking.Kind = "sample_ratio" if sample_ratio else "read_out"
        taken = await looking.look(desk.services(), desk.workspace.id, id, kind=kind, sums=sums, actor=house.ACTOR)
    return {"look": LookCard.of(taken.look).model_dump(mode="json"), "said": taken.said, "evidence": plain(taken.evidence)}


def assign(
    id: Id,
    units: Annotated[list[str] | None, typer.Argument(help="ids of units")] = None,
    file: Annotated[str | None, typer.Option("--file", "-f", help="file with a unit's id on each line; - is standard input")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Give units their arms, as CSV: unit, arm, reason. The same units get the same, however often they are asked for."""
    wanted = [*(units or []), *([line for line in read_text(file).splitlines() if line.strip()] if file else [])]
    if not wanted:
        raise unreadable("name units, or give --file")
    found = house.run(_assign(id, wanted, workspace))
    rows = [(given.unit, given.arm, found.closed or given.outside or "assigned") for given in found.units]
    if as_json:
        assignments = [dict(zip(("unit", "arm", "reason"), row, strict=True)) for row in rows]
        show_json({"experiment": id, "name": found.name, "status": found.status, "assignments": assignments})
    else:
        csv.writer(sys.stdout, lineterminator="\n").writerows([("unit", "arm", "reason"), *rows])


async def _assign(id: str, units: list[str], workspace: str | None) -> Any:
    from graphs import experimenting

    async with house.desk(workspace) as desk:
        return await experimenting.assign_units(desk.database, desk.workspace.id, id, units)


def holdout(
    client: For,
    share: Annotated[float | None, typer.Option(help="share of the units that enters no experiment: 0.05", min=0, max=0.5)] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Show or set the share of a client's units that enters no experiment."""
    slug, held = house.run(_holdout(client, share, workspace))
    if as_json:
        show_json({"client": slug, "share": held})
    else:
        print(f"{slug}: {held:.2%} of the units enter no experiment")


async def _holdout(client: str, share: float | None, workspace: str | None) -> tuple[str, float]:
    from graphs import experimenting
    from store import experiment_traffic

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client)
        if share is None:
            return known.slug, (await experiment_traffic.get_holdout(connection, known.id)).share
        return known.slug, (await experimenting.set_holdout(connection, known, share, actor=house.ACTOR)).share
