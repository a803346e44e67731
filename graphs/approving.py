"""People approve: who may say yes or no to what they saw, hand their say on, or change the policy. The run goes on in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agents.roster import AGENTS
from graphs.asking import CHANGED, RAN_OUT, holds, settled
from graphs.services import Enqueue
from store import approvals, audit, edits, events, keys, members, policies
from store.approvals import Act, ActKind, Approval
from store.clients import Client
from store.database import Connection
from store.errors import Conflict, NotAllowed
from store.policies import APPROVER_ROLES, EVERY_KIND, Requirement
from tools.contract import ToolInputError

FOUR_EYES = "four eyes: you asked for this or edited it, so somebody else has to approve it"


class NoSuchApproval(LookupError):
    """No request of this workspace has this id, or no run."""

    def __str__(self) -> str:
        return f"there is no {self.args[1]} {self.args[0]!r} in this workspace"


@dataclass(frozen=True, slots=True)
class Person:
    """Who speaks: an actor of the audit log (`key:key_…`, `member:mb_…`, `cli`), and their role."""

    actor: str
    role: str


async def approve(connection: Connection, workspace_id: str, run_id: str, who: Person, *, seen: str, enqueue: Enqueue) -> Approval:
    """A person's yes to what they saw. It is settled when as many people as the policy asks for have said so.

    The same person saying it again changes nothing. Raises NoSuchApproval, Conflict, NotAllowed. A void request in answer means that
    the text changed under it: commit that, and tell the person.
    """
    asked = await _waiting(connection, run_id, who, seen)
    if asked.state == "approved":
        return asked
    if not await holds(connection, asked):
        return await _void(connection, workspace_id, asked, enqueue)
    done = await approvals.acts(connection, asked.id)
    through = _right(asked, done, who)
    if asked.requirement.four_eyes and who.actor in await authors(connection, asked):
        raise NotAllowed(FOUR_EYES)
    given = [act for act in done if act.act == "approve"]
    if any(act.actor == who.actor for act in given):
        return asked
    await approvals.note_act(connection, asked.id, actor=who.actor, role=who.role, act="approve", through=through)
    await audit.note(connection, who.actor, "approval.approve", asked.id, {"run": run_id, "hash": asked.hash})
    count = len(given) + 1
    if count < asked.requirement.approvers:
        payload = {"approval": asked.id, "by": who.actor, "given": count, "needed": asked.requirement.approvers}
        await events.append(connection, run_id, "approval_given", payload)
        return asked
    return await _settle(connection, workspace_id, asked, "approved", who.actor, None, enqueue)


async def reject(
    connection: Connection, workspace_id: str, run_id: str, who: Person, *, seen: str, reason: str, enqueue: Enqueue
) -> Approval:
    """A person's no, with what the writer should mend. One is enough. Raises as `approve` does."""
    asked = await _waiting(connection, run_id, who, seen, act="reject")
    if asked.state == "rejected":
        return asked
    if not await holds(connection, asked):
        return await _void(connection, workspace_id, asked, enqueue)
    through = _right(asked, await approvals.acts(connection, asked.id), who)
    await approvals.note_act(connection, asked.id, actor=who.actor, role=who.role, act="reject", through=through, reason=reason)
    await audit.note(connection, who.actor, "approval.reject", asked.id, {"run": run_id, "hash": asked.hash, "reason": reason})
    return await _settle(connection, workspace_id, asked, "rejected", who.actor, reason, enqueue)


async def delegate(
    connection: Connection,
    approval_id: str,
    who: Person,
    *,
    key: str | None = None,
    role: str | None = None,
    member: str | None = None,
    reason: str | None = None,
) -> Approval:
    """Hand one's say on to a key, a member or a role, one of them: who hands on has none left, and who gets it may use it once.

    Raises NoSuchApproval, Conflict, NotAllowed, ToolInputError for somebody who could not approve.
    """
    asked = await found(connection, approval_id)
    asked = await _waiting(connection, asked.run_id, who, asked.hash, approval_id=approval_id)
    through = _right(asked, await approvals.acts(connection, asked.id), who)
    target, role_of_target, named = await _target(connection, key, role, member)
    if role_of_target not in APPROVER_ROLES:
        raise ToolInputError(f"the role {role_of_target!r} approves nothing: {', '.join(APPROVER_ROLES)}", field=named)
    if target == who.actor:
        raise ToolInputError("you cannot hand it on to yourself", field=named)
    if asked.requirement.four_eyes and target in await authors(connection, asked):
        raise NotAllowed("four eyes: they asked for this or edited it, so they may not approve it")
    await approvals.note_act(
        connection, asked.id, actor=who.actor, role=who.role, act="delegate", target=target, through=through, reason=reason
    )
    await audit.note(connection, who.actor, "approval.delegate", asked.id, {"run": asked.run_id, "to": target, "reason": reason})
    await events.append(connection, asked.run_id, "approval_delegated", {"approval": asked.id, "by": who.actor, "to": target})
    return asked


async def _target(connection: Connection, key: str | None, role: str | None, member: str | None) -> tuple[str, str | None, str]:
    """Who gets it, as an act names them, their role, and the field that named them. Raises ToolInputError."""
    if key is not None:
        given = next((entry for entry in await keys.list_keys(connection) if entry.id == key), None)
        now = datetime.now(UTC)
        if given is None or given.revoked_at is not None or (given.expires_at is not None and given.expires_at <= now):
            raise ToolInputError(f"there is no key {key!r} in this workspace that holds", field="key")
        return f"key:{key}", given.role, "key"
    if member is not None:
        person = await members.get_member(connection, member)
        if person is None or person.disabled_at is not None:
            raise ToolInputError(f"there is no member {member!r} in this workspace who can sign in", field="member")
        return person.actor, person.role, "member"
    return f"role:{role}", role, "role"


async def change_policy(
    connection: Connection, workspace_id: str, client: Client, rules: Mapping[str, Requirement], *, actor: str, enqueue: Enqueue
) -> None:
    """Replace a client's policy. Requests that wait under another rule than now holds are void, and their runs ask again.

    Raises ToolInputError for a kind that nobody makes.
    """
    for kind in rules:
        if kind != EVERY_KIND and kind not in AGENTS:
            raise ToolInputError(
                f"there is no kind {kind!r}; there are: {', '.join(AGENTS)}, and {EVERY_KIND} for every kind", field="rules"
            )
    before = await policies.replace(connection, client.id, rules, actor=actor)
    if dict(rules) == before:
        return
    dumped = [{kind: rule.model_dump(mode="json") for kind, rule in side.items()} for side in (before, rules)]
    await audit.note(connection, actor, "policy.change", client.id, {"client": client.slug, "before": dumped[0], "after": dumped[1]})
    for waiting in await approvals.list_(connection, client_id=client.id, state="waiting", limit=10_000):
        await approvals.hold_run(connection, waiting.run_id)
        asked = await approvals.latest(connection, waiting.run_id)
        if asked is not None and asked.state == "waiting" and asked.requirement != await policies.needed(connection, client.id, asked.kind):
            await _settle(connection, workspace_id, asked, "void", actor, "the client's approval policy changed", enqueue)


async def found(connection: Connection, approval_id: str) -> Approval:
    """The request of this id. Raises NoSuchApproval."""
    asked = await approvals.get(connection, approval_id)
    if asked is None:
        raise NoSuchApproval(approval_id, "approval")
    return asked


async def authors(connection: Connection, asked: Approval) -> set[str]:
    """Who asked for the task, and who edited a version of its text."""
    asker = {asked.asked_by} if asked.asked_by is not None else set()
    return asker | await edits.editors(connection, asked.run_id)


@dataclass(frozen=True, slots=True)
class Say:
    """What somebody may do with a request that waits, and in words why not."""

    answer: bool
    approve: bool
    why: str


async def say_of(connection: Connection, asked: Approval, who: Person) -> Say:
    """Whether this person may answer, as things stand; `approve` and `reject` ask again, with the run held."""
    if asked.state != "waiting" or asked.overdue:
        return Say(False, False, "")
    done = await approvals.acts(connection, asked.id)
    try:
        _right(asked, done, who)
    except NotAllowed as refused:
        return Say(False, False, str(refused))
    if any((act.actor, act.act) == (who.actor, "approve") for act in done):
        return Say(True, False, "you have approved; others still have to")
    if asked.requirement.four_eyes and who.actor in await authors(connection, asked):
        return Say(True, False, FOUR_EYES)
    return Say(True, True, "")


async def open_to(connection: Connection, approval_id: str, who: Person, seen: str) -> tuple[Approval, int | None]:
    """The request, with its run held, if this person may work on it now; and the delegation that their right rests on.

    Raises as `approve` does.
    """
    asked = await found(connection, approval_id)
    asked = await _waiting(connection, asked.run_id, who, seen, approval_id=approval_id)
    return asked, _right(asked, await approvals.acts(connection, asked.id), who)


async def _waiting(
    connection: Connection, run_id: str, who: Person, seen: str, *, act: ActKind | None = "approve", approval_id: str | None = None
) -> Approval:
    """The run's request, held, if it waits and is what the person saw. With `act`, also one that this person settled so already."""
    if not await approvals.hold_run(connection, run_id):
        raise NoSuchApproval(run_id, "run")
    asked = await approvals.latest(connection, run_id)
    if asked is None:
        raise Conflict("nothing of this run waits for an approval")
    if approval_id is not None and asked.id != approval_id:
        raise Conflict(f"this request was settled, and {asked.id} took its place: look at that one")
    if asked.state != "waiting":
        done = [entry for entry in await approvals.acts(connection, asked.id) if entry.act in ("approve", "reject")]
        if approval_id is None and asked.hash == seen and any((entry.actor, entry.act) == (who.actor, act) for entry in done):
            return asked
        raise Conflict(_over(asked, done))
    if asked.overdue:
        raise Conflict(f"the request ran out at {asked.expires_at:%Y-%m-%d %H:%M} UTC: {RAN_OUT}")
    if asked.hash != seen:
        raise Conflict(f"this is not what is asked now: content, audience or cost have changed since; look at {asked.id} again")
    return asked


def _over(asked: Approval, done: Sequence[Act]) -> str:
    who = f" by {done[-1].actor}" if done and asked.state in ("approved", "rejected") else ""
    when = f" at {asked.settled_at:%Y-%m-%d %H:%M:%S} UTC" if asked.settled_at else ""
    return f"the request is no longer open: {asked.state}{who}{when}" + (f" ({asked.reason})" if asked.reason else "")


def _right(asked: Approval, done: Sequence[Act], who: Person) -> int | None:
    """None for a right of one's own, else the number of the unused delegation that gives it. Raises NotAllowed."""
    used = {act.through for act in done if act.through is not None and act.actor != who.actor}
    given = [act for act in done if act.act == "delegate" and act.actor != who.actor and act.number not in used]
    mine = [act.number for act in done if act.act == "delegate" and act.actor == who.actor]
    to_me = [act.number for act in given if act.target == who.actor]
    if mine and (not to_me or max(to_me) < max(mine)):
        target = next(act.target for act in done if act.number == max(mine))
        raise NotAllowed(f"you handed this on to {target}")
    if who.role in asked.requirement.roles and not mine:
        return None
    through = [*to_me, *(act.number for act in given if act.target == f"role:{who.role}")]
    if not through:
        raise NotAllowed(f"this needs the approval of: {', '.join(asked.requirement.roles)}; your role is {who.role}")
    return max(through)


async def _void(connection: Connection, workspace_id: str, asked: Approval, enqueue: Enqueue) -> Approval:
    return await _settle(connection, workspace_id, asked, "void", "system", CHANGED, enqueue)


async def _settle(
    connection: Connection,
    workspace_id: str,
    asked: Approval,
    state: approvals.ApprovalState,
    actor: str,
    reason: str | None,
    enqueue: Enqueue,
) -> Approval:
    over = await approvals.settle(connection, asked.id, state, reason)
    assert over is not None, "the run is held, so nobody else can have settled it"
    await settled(connection, workspace_id, over, actor, enqueue)
    return over
