"""`groundwork approval list|show|approve|reject|edit|delegate|edits`: what waits for a person, and their answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import house
from cli.exits import refused, unreadable
from cli.output import Json, note, read_text, show_json, table

if TYPE_CHECKING:
    from graphs.approving import Person
    from store.approvals import Approval
    from store.database import Connection

KEY = "GROUNDWORK_KEY"
LEAST = 8
"""Characters of a hash that say which one is meant."""

Id = Annotated[str, typer.Argument(help="id of the request: ap_…")]
Seen = Annotated[str, typer.Option("--hash", help=f"the hash of what you saw, as `approval show` prints it; {LEAST} characters are enough")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help=f"Read what waits for approval and answer it: as the key in {KEY}, else as the operator, who counts as one owner.",
        no_args_is_help=True,
    )
    for name, command in (
        ("list", list_all),
        ("show", show),
        ("approve", approve),
        ("reject", reject),
        ("edit", edit),
        ("delegate", delegate),
        ("edits", examples),
    ):
        group.command(name)(command)
    app.add_typer(group, name="approval")


def list_all(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, approved, rejected, expired or void; all when left out")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """List requests, newest first."""
    found = house.run(_list(client, state, workspace))
    if as_json:
        show_json(found)
    else:
        rows = [(card.id, card.client, card.kind, card.state, card.hash[:12], f"{card.expires_at:%Y-%m-%d %H:%M}") for card in found]
        print(table(rows, ("id", "client", "kind", "state", "hash", "until")))


async def _list(client: str | None, state: str | None, workspace: str | None) -> Any:
    from typing import get_args

    from api.approvals import card_of
    from store import approvals

    if state is not None and state not in get_args(approvals.ApprovalState):
        raise refused(f"there is no state {state!r}; there are: {', '.join(get_args(approvals.ApprovalState))}")
    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        found = await approvals.list_(connection, client_id=known.id if known else None, state=state)  # type: ignore[arg-type]
        return [await card_of(connection, asked) for asked in found]


def show(
    id: Id,
    text: Annotated[bool, typer.Option(help="the whole text, not only what changed")] = False,
    content: Annotated[bool, typer.Option(help="only the content as JSON, to edit and give back")] = False,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Show what a person is asked to approve: audience, cost, evidence and what changed since the last version."""
    shown = house.run(_show(id, workspace))
    if content:
        show_json(shown.content)
    elif as_json:
        show_json(shown)
    else:
        print(_in_words(shown, text))


async def _show(id: str, workspace: str | None) -> Any:
    from api.approvals import read
    from graphs.approving import found

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            compose = await read(connection, await found(connection, id))
        return compose()


def _in_words(shown: Any, whole: bool) -> str:
    from grounding.formats.markdown import to_markdown

    rule = shown.requirement
    lines = [
        f"{shown.id}  {shown.kind} for {shown.client}: {shown.state}" + (f" ({shown.reason})" if shown.reason else ""),
        f"{shown.title}, version {shown.version} ({shown.deliverable})",
        f"asked by {shown.asked_by or 'unknown'} at {shown.asked_at:%Y-%m-%d %H:%M}, runs out {shown.expires_at:%Y-%m-%d %H:%M}",
        f"needs {rule.approvers} of {', '.join(rule.roles)}" + ("; not who asked or edited" if rule.four_eyes else ""),
        f"hash {shown.hash}",
        "",
        "audience",
        *(f"  {entry['where']}: {entry['text']}" for entry in shown.audience.texts),
        "cost",
        *(f"  {entry['what']}: {entry['text']}" for entry in shown.cost),
        "evidence",
        *(f"  {line.alias}  {line.tool}  {line.figures} figures  {line.id}" for line in shown.evidence),
        *(["said", *(f"  {act.at:%Y-%m-%d %H:%M} {act.actor}: {act.act} {act.target or ''} {act.reason or ''}" for act in shown.acts)]),
        "",
    ]
    changed = shown.difference
    if whole or changed.before is None:
        return "\n".join([*lines, to_markdown(shown.markdown)])
    marks = {"removed": "[-{}-]", "added": "{{+{}+}}"}
    parts = [marks[part.side].format(part.text) if part.side in marks else _shortened(part.text) for part in changed.changes]
    words = f"{changed.words['removed']} words removed and {changed.words['added']} added since {changed.before}"
    return "\n".join([*lines, words, "", "".join(parts)])


def _shortened(text: str) -> str:
    """What stayed the same, with its middle left out."""
    kept = text.splitlines(keepends=True)
    return text if len(kept) <= 6 else "".join([*kept[:2], "…\n", *kept[-2:]])


def approve(id: Id, seen: Seen, workspace: house.Which = None, as_json: Json = False) -> None:
    """Approve what you saw. The run goes on in a worker, or here when none is alive."""
    _told(house.run(_decide(id, seen, None, workspace)), as_json)


def reject(
    id: Id,
    seen: Seen,
    reason: Annotated[str, typer.Option("--reason", "-r", help="what is wrong, in words for the writer; - reads standard input")],
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Send it back with your reason. The writer tries again, twice at most; then the run ends as rejected."""
    said = (read_text("-") if reason == "-" else reason).strip()
    if not said:
        raise unreadable("say what is wrong: the reason is empty")
    _told(house.run(_decide(id, seen, said, workspace)), as_json)


async def _decide(id: str, seen: str, reason: str | None, workspace: str | None) -> Any:
    from api.approvals import card_of
    from graphs.approving import approve, found, reject
    from graphs.execute import execute
    from jobs.queue import enqueue
    from store import queue

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            asked = await found(connection, id)
            who, hash = await _person(connection), _hash(asked, seen)
            at = (connection, desk.workspace.id, asked.run_id, who)
            if reason is None:
                settled = await approve(*at, seen=hash, enqueue=enqueue)
            else:
                settled = await reject(*at, seen=hash, reason=reason, enqueue=enqueue)
            card = await card_of(connection, settled)
        if card.state != "waiting":
            async with desk.database.transaction(None) as connection:
                alive = await queue.live_workers(connection)
            if not alive:
                note("no live worker: the run goes on in this process")
                await execute(desk.services(), desk.workspace.id, card.run)
        if card.state == "void":
            raise refused(f"{card.reason}: the request is void, and the text as it is now is asked about anew")
        return card


def edit(
    id: Id,
    seen: Seen,
    file: Annotated[str, typer.Option("--content", help="JSON file: `approval show ID --content` with your changes; - for standard input")],
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Put your text in the place of the writer's. A text that does not verify is refused with its places."""
    try:
        content = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise unreadable(f"{file} is not JSON: {error.msg} at line {error.lineno}") from error
    if not isinstance(content, dict):
        raise unreadable(f"{file} holds no JSON object")
    _told(house.run(_edit(id, seen, content, workspace)), as_json)


async def _edit(id: str, seen: str, content: dict[str, Any], workspace: str | None) -> Any:
    from api.approvals import card_of
    from graphs.approving import found
    from graphs.editing import edit

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            asked = await found(connection, id)
            who = await _person(connection)
        fresh = await edit(desk.database, desk.workspace.id, id, who, seen=_hash(asked, seen), content=content)
        async with desk.transaction() as connection:
            return await card_of(connection, fresh)


def delegate(
    id: Id,
    key: Annotated[str | None, typer.Option(help="id of the key that gets your say")] = None,
    member: Annotated[str | None, typer.Option(help="or the address or id of the member who gets it")] = None,
    role: Annotated[str | None, typer.Option(help="or the role that gets it: owner, strategist or approver")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="why, for the record")] = None,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Hand your say on to another key or member, or to whoever has a role."""
    to = {name: value for name, value in (("key", key), ("member", member), ("role", role)) if value is not None}
    if len(to) != 1:
        raise unreadable("name --key, --member or --role, and one of them only")
    _told(house.run(_delegate(id, to, reason, workspace)), as_json)


async def _delegate(id: str, to: dict[str, str], reason: str | None, workspace: str | None) -> Any:
    from api.approvals import card_of
    from graphs.approving import delegate

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        return await card_of(connection, await delegate(connection, id, await _person(connection), reason=reason, **to))


def examples(
    client: Annotated[str | None, typer.Option("--client", "-c", help="only this client's")] = None,
    kind: Annotated[str | None, typer.Option(help="only this kind of deliverable")] = None,
    workspace: house.Which = None,
) -> None:
    """Print the edits that people made, as JSON lines: brief, content before, content after, evidence. Examples for evals."""
    from cli.output import plain

    for pair in house.run(_examples(client, kind, workspace)):
        print(json.dumps(plain(pair), ensure_ascii=False, default=str))


async def _examples(client: str | None, kind: str | None, workspace: str | None) -> Any:
    from store import edits

    async with house.desk(workspace) as desk, desk.transaction() as connection:
        known = await house.find_client(connection, client) if client else None
        return await edits.list_(connection, client_id=known.id if known else None, kind=kind)


async def _person(connection: Connection) -> Person:
    """Who answers: the key in the environment, else the operator."""
    from api.auth import may
    from graphs.approving import Person
    from store.keys import find_key

    secret = os.environ.get(KEY)
    if not secret:
        return Person(house.ACTOR, "owner")
    key = await find_key(connection, secret)
    row = await (await connection.execute("SELECT groundwork_workspace() AS id")).fetchone()
    if key is None or row is None or key.workspace_id != row["id"]:
        raise refused(f"the key in {KEY} is unknown in this workspace, revoked or expired")
    if "approvals:write" not in may(key.role, key.scopes):
        raise refused(f"the key in {KEY} may not answer requests: neither its role {key.role!r} nor its scopes give approvals:write")
    return Person(f"key:{key.id}", key.role)


def _hash(asked: Approval, seen: str) -> str:
    """The hash that was meant. What is too short, or is the beginning of another one, stays as it was given and will not hold."""
    return asked.hash if len(seen) >= LEAST and asked.hash.startswith(seen) else seen


def _told(card: Any, as_json: bool) -> None:
    if as_json:
        show_json(card)
    else:
        print(f"{card.id}  {card.kind} for {card.client}: {card.state}  hash {card.hash[:12]}")
