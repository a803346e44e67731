"""People approve: what they saw and nothing else, the right people, once, and nothing is published before."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from graphs import approving, asking, deliverable
from graphs.approving import Person, approve, delegate, reject
from graphs.editing import EditDoesNotHold, edit
from graphs.tasks import cancel_task
from store import approvals, audit, deliverables, edits, keys, runs
from store.approvals import Approval
from store.errors import Conflict, NotAllowed
from store.policies import Requirement
from tools.contract import ToolInputError

ANN, BOB, EVE = (Person(f"key:{name}", "approver") for name in ("ann", "bob", "eve"))
OWNER = Person("key:owner", "owner")
WRITER = Person("key:writer", "writer")


@dataclass
class Desk:
    """An office with a policy, and the jobs that were queued."""

    office: Any
    queued: list[str]

    async def enqueue(self, connection: Any, workspace_id: str, run_id: str) -> None:
        self.queued.append(run_id)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self.office.services.database.transaction(self.office.workspace.id) as connection:
            yield connection

    async def policy(self, **rule: Any) -> None:
        async with self.transaction() as connection:
            await approving.change_policy(
                connection,
                self.office.workspace.id,
                self.office.clients["newcomer"],
                {"strategy": Requirement(**rule)} if rule.pop("needed", True) else {},
                actor="key:owner",
                enqueue=self.enqueue,
            )

    async def waiting(self) -> tuple[str, Approval]:
        run_id = await self.office.start("newcomer")
        run = await self.office.execute(run_id)
        assert run.status == "waiting", run.error
        return run_id, await self.latest(run_id)

    async def latest(self, run_id: str) -> Approval:
        async with self.transaction() as connection:
            found = await approvals.latest(connection, run_id)
        assert found is not None
        return found

    async def approve(self, run_id: str, who: Person, seen: str) -> Approval:
        async with self.transaction() as connection:
            return await approve(connection, self.office.workspace.id, run_id, who, seen=seen, enqueue=self.enqueue)

    async def reject(self, run_id: str, who: Person, seen: str, reason: str = "too long") -> Approval:
        async with self.transaction() as connection:
            return await reject(connection, self.office.workspace.id, run_id, who, seen=seen, reason=reason, enqueue=self.enqueue)

    async def edit(self, asked: Approval, who: Person, content: dict[str, Any], seen: str | None = None) -> Approval:
        database, workspace = self.office.services.database, self.office.workspace
        return await edit(database, workspace.id, asked.id, who, seen=seen or asked.hash, content=content)

    async def delegate(self, asked: Approval, who: Person, *, key: str | None = None, role: str | None = None) -> Approval:
        async with self.transaction() as connection:
            return await delegate(connection, asked.id, who, key=key, role=role)

    async def made(self, run_id: str) -> list[deliverables.Deliverable]:
        """Versions, newest first."""
        async with self.transaction() as connection:
            return await deliverables.list_(connection, run_id=run_id)

    async def tamper(self, statement: str, *values: Any) -> None:
        async with self.transaction() as connection:
            assert (await connection.execute(statement, values)).rowcount == 1


@pytest_asyncio.fixture(loop_scope="session")
async def desk(office) -> AsyncIterator[Desk]:
    made = Desk(office, [])
    await made.policy(roles=("approver",))
    yield made
    await made.policy(needed=False)


Waiting = Callable[[], Awaitable[tuple[str, Approval]]]


async def test_a_text_that_needs_approval_waits_and_is_published_as_it_was_approved(desk, office):
    run_id, asked = await desk.waiting()
    [draft] = await desk.made(run_id)
    assert (draft.status, asked.state, asked.deliverable_id) == ("awaiting_approval", "waiting", draft.id)
    assert asked.audience["client"] == "newcomer"
    assert any(entry["where"].startswith("audience.") for entry in asked.audience["texts"])
    assert asked.cost[0]["minor_units"] > 0
    settled = await desk.approve(run_id, ANN, asked.hash)
    assert (settled.state, desk.queued) == ("approved", [run_id])
    assert [made.status for made in await desk.made(run_id)] == ["awaiting_approval"], "a worker publishes, in the run"
    run = await office.execute(run_id)
    [made] = await desk.made(run_id)
    assert (run.status, run.deliverable_id, made.id, made.status) == ("succeeded", draft.id, draft.id, "published")
    assert made.markdown == draft.markdown
    kinds = [event.kind for event in await office.log(run_id)]
    assert [kinds.count(kind) for kind in ("approval_asked", "approval", "finished")] == [1, 1, 1]
    async with desk.transaction() as connection:
        noted = [entry for entry in await audit.list_entries(connection, limit=10_000) if entry.subject == asked.id]
    assert [(entry.actor, entry.action) for entry in noted] == [("key:ann", "approval.approve")]


async def test_a_run_that_waits_is_left_alone_until_somebody_answers(desk, office):
    run_id, asked = await desk.waiting()
    before = await office.log(run_id)
    for _ in range(2):
        assert (await office.execute(run_id)).status == "waiting"
    assert await office.log(run_id) == before
    assert (await desk.latest(run_id)).id == asked.id


async def test_an_approval_is_for_what_was_seen(desk):
    run_id, _asked = await desk.waiting()
    with pytest.raises(Conflict, match="not what is asked now"):
        await desk.approve(run_id, ANN, "0" * 64)
    assert (await desk.latest(run_id)).state == "waiting"


CHANGES = {
    "content": ('UPDATE deliverables SET content = content || \'{"title": "Another"}\' WHERE id = %s', "deliverable_id"),
    "text": ("UPDATE deliverables SET markdown = markdown || ' And more.' WHERE id = %s", "deliverable_id"),
    "audience": ('UPDATE approvals SET audience = audience || \'{"client": "everyone"}\' WHERE id = %s', "id"),
    "cost": ('UPDATE approvals SET cost = cost || \'[{"what": "more"}]\' WHERE id = %s', "id"),
}


@pytest.mark.parametrize("changed", sorted(CHANGES))
async def test_a_change_of_content_audience_or_cost_voids_the_request(desk, office, changed):
    run_id, asked = await desk.waiting()
    statement, name = CHANGES[changed]
    await desk.tamper(statement, getattr(asked, name))
    settled = await desk.approve(run_id, ANN, asked.hash)
    assert (settled.state, settled.reason) == ("void", asking.CHANGED)
    assert desk.queued == [run_id]
    run = await office.execute(run_id)
    again = await desk.latest(run_id)
    assert (run.status, again.number, again.state) == ("waiting", 2, "waiting")
    assert all(made.status != "published" for made in await desk.made(run_id))


async def test_a_change_after_the_approval_and_before_the_publishing_voids_it_too(desk, office):
    run_id, asked = await desk.waiting()
    await desk.approve(run_id, ANN, asked.hash)
    await desk.tamper(*CHANGES["text"][:1], asked.deliverable_id)
    run = await office.execute(run_id)
    again = await desk.latest(run_id)
    assert (run.status, again.number, again.state) == ("waiting", 2, "waiting")
    assert all(made.status != "published" for made in await desk.made(run_id))
    async with desk.transaction() as connection:
        first = await approvals.get(connection, asked.id)
    assert first is not None
    assert (first.state, first.reason) == ("void", asking.CHANGED)


async def test_of_two_who_decide_at_once_one_is_heard_and_the_other_told_so(desk):
    run_id, asked = await desk.waiting()
    told = await asyncio.gather(
        desk.approve(run_id, ANN, asked.hash),
        desk.approve(run_id, BOB, asked.hash),
        desk.reject(run_id, EVE, asked.hash),
        return_exceptions=True,
    )
    heard = [answer for answer in told if isinstance(answer, Approval)]
    refused = [str(answer) for answer in told if isinstance(answer, Conflict)]
    assert (len(heard), len(refused)) == (1, 2)
    assert all("no longer open" in said and "by key:" in said for said in refused)
    assert desk.queued == [run_id]
    async with desk.transaction() as connection:
        assert len(await approvals.acts(connection, asked.id)) == 1


async def test_the_same_person_saying_it_again_changes_nothing(desk):
    run_id, asked = await desk.waiting()
    first = await desk.approve(run_id, ANN, asked.hash)
    assert await desk.approve(run_id, ANN, asked.hash) == first
    assert desk.queued == [run_id]
    with pytest.raises(Conflict, match="approved by key:ann"):
        await desk.reject(run_id, ANN, asked.hash)


async def test_two_approvers_are_two_people(desk, office):
    await desk.policy(roles=("approver", "owner"), approvers=2)
    run_id, asked = await desk.waiting()
    for _ in range(2):
        assert (await desk.approve(run_id, ANN, asked.hash)).state == "waiting"
    assert desk.queued == []
    assert (await desk.approve(run_id, OWNER, asked.hash)).state == "approved"
    assert (await office.execute(run_id)).status == "succeeded"


async def test_only_the_roles_of_the_policy_may_decide(desk):
    run_id, asked = await desk.waiting()
    for who in (OWNER, WRITER):
        with pytest.raises(NotAllowed, match="approver"):
            await desk.approve(run_id, who, asked.hash)
        with pytest.raises(NotAllowed, match="approver"):
            await desk.reject(run_id, who, asked.hash)
    assert (await desk.latest(run_id)).state == "waiting"


async def test_four_eyes_who_asked_or_edited_may_not_approve(desk):
    await desk.policy(roles=("approver",), four_eyes=True)
    run_id, asked = await desk.waiting()
    with pytest.raises(NotAllowed, match="four eyes"):
        await desk.approve(run_id, Person("test", "approver"), asked.hash)
    [made] = await desk.made(run_id)
    content = copy.deepcopy(made.content)
    content["title"] = "A plan that a person named"
    fresh = await desk.edit(asked, ANN, content)
    with pytest.raises(NotAllowed, match="four eyes"):
        await desk.approve(run_id, ANN, fresh.hash)
    assert (await desk.approve(run_id, BOB, fresh.hash)).state == "approved"


async def test_an_edit_that_verifies_becomes_the_version_that_is_approved_and_an_example(desk, office):
    run_id, asked = await desk.waiting()
    [before] = await desk.made(run_id)
    content = copy.deepcopy(before.content)
    content["summary"][0] = "A person wrote this sentence. " + content["summary"][0]
    fresh = await desk.edit(asked, ANN, content)
    after, old = await desk.made(run_id)
    assert (old.status, after.status, after.version) == ("draft", "awaiting_approval", 2)
    assert (fresh.deliverable_id, fresh.number) == (after.id, 2)
    assert "A person wrote this sentence." in after.markdown
    assert "Edited by a person." in after.markdown
    assert after.markdown.replace("A person wrote this sentence. ", "").replace(" Edited by a person.", "") == old.markdown
    with pytest.raises(Conflict, match="not what is asked now"):
        await desk.approve(run_id, ANN, asked.hash)
    assert (await office.execute(run_id)).status == "waiting"
    await desk.approve(run_id, ANN, fresh.hash)
    run = await office.execute(run_id)
    assert (run.status, run.deliverable_id) == ("succeeded", after.id)
    assert [made.status for made in await desk.made(run_id)] == ["published", "draft"]
    async with desk.transaction() as connection:
        pair = (await edits.list_(connection))[-1]
    assert (pair.before, pair.after, pair.editor, pair.run_id) == (before.content, content, "key:ann", run_id)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        ("Expect 4 321 bookings next month.", "4 321"),
        ("Spend {{E1.no_such.figure}} on it.", "no_such"),
        ("This doubles your bookings.", "doubles"),
    ],
)
async def test_an_edit_that_does_not_verify_is_refused_with_its_places_and_nothing_is_kept(desk, put, said):
    run_id, asked = await desk.waiting()
    [before] = await desk.made(run_id)
    content = copy.deepcopy(before.content)
    content["summary"][0] = put
    with pytest.raises(EditDoesNotHold) as refused:
        await desk.edit(asked, ANN, content)
    problems = refused.value.as_json()["problems"]
    assert any(said in problem["problem"] or said in problem["text"] for problem in problems), problems
    assert await desk.made(run_id) == [before]
    assert (await desk.latest(run_id)).id == asked.id


async def test_an_edit_is_refused_to_who_may_not_approve_and_without_a_change(desk):
    run_id, asked = await desk.waiting()
    [made] = await desk.made(run_id)
    with pytest.raises(NotAllowed):
        await desk.edit(asked, WRITER, {**made.content, "title": "Mine"})
    with pytest.raises(ToolInputError, match="nothing is changed"):
        await desk.edit(asked, ANN, made.content)
    with pytest.raises(EditDoesNotHold):
        await desk.edit(asked, ANN, {"title": "Only a title"})
    with pytest.raises(Conflict):
        await desk.edit(asked, ANN, {**made.content, "title": "Mine"}, seen="0" * 64)


async def test_a_rejection_goes_back_to_the_writer_with_its_reason_and_the_third_ends_the_run(desk, office):
    run_id, asked = await desk.waiting()
    for round in range(deliverable.MOST_REJECTIONS):
        await desk.reject(run_id, ANN, asked.hash, f"reason number {round}")
        run = await office.execute(run_id)
        again = await desk.latest(run_id)
        assert (run.status, again.state, again.number) == ("waiting", "waiting", round + 2), run.error
        asked = again
    await desk.reject(run_id, BOB, asked.hash, "not for us")
    run = await office.execute(run_id)
    assert (run.status, run.error) == ("rejected", "not for us")
    assert {made.status for made in await desk.made(run_id)} == {"rejected"}
    assert (await office.log(run_id))[-1].payload["reason"] == "not for us"


async def test_the_writer_is_told_the_reason_and_the_text_that_was_read(desk, office, monkeypatch):
    run_id, asked = await desk.waiting()
    [before] = await desk.made(run_id)
    fresh = await desk.edit(asked, ANN, {**before.content, "title": "A title by Ann"})
    await desk.reject(run_id, BOB, fresh.hash, "Say first what <<answer_tool>> costs")
    told: list[Any] = []
    complete = deliverable.complete

    async def listening(model, messages, *arguments, **named):
        told.append(messages[-1])
        return await complete(model, messages, *arguments, **named)

    monkeypatch.setattr(deliverable, "complete", listening)
    await office.execute(run_id)
    assert "Say first what <<answer_tool>> costs" in told[0].text
    assert "A title by Ann" in told[0].text
    assert "deliver_strategy" in told[0].text


async def test_what_nobody_answers_runs_out_and_is_not_published(desk, office):
    run_id, asked = await desk.waiting()
    await desk.tamper("UPDATE approvals SET expires_at = now() WHERE id = %s", asked.id)
    with pytest.raises(Conflict, match="ran out"):
        await desk.approve(run_id, ANN, asked.hash)
    assert await asking.expire(office.services.database, desk.enqueue) == 1
    assert await asking.expire(office.services.database, desk.enqueue) == 0
    assert desk.queued == [run_id]
    run = await office.execute(run_id)
    assert (run.status, run.error) == ("needs_person", asking.RAN_OUT)
    assert [made.status for made in await desk.made(run_id)] == ["needs_person"]


async def test_who_hands_on_has_no_say_left_and_who_gets_it_has_one(desk, office):
    run_id, asked = await desk.waiting()
    async with desk.transaction() as connection:
        stand_in, _ = await keys.create_key(connection, office.workspace.id, "stand-in", "strategist")
        powerless, _ = await keys.create_key(connection, office.workspace.id, "reader", "auditor")
    with pytest.raises(ToolInputError, match="approves nothing"):
        await desk.delegate(asked, ANN, key=powerless.id)
    with pytest.raises(ToolInputError, match="no key"):
        await desk.delegate(asked, ANN, key="key_none")
    with pytest.raises(NotAllowed):
        await desk.delegate(asked, WRITER, key=stand_in.id)
    them = Person(f"key:{stand_in.id}", "strategist")
    with pytest.raises(NotAllowed):
        await desk.approve(run_id, them, asked.hash)
    await desk.delegate(asked, ANN, key=stand_in.id)
    with pytest.raises(NotAllowed, match="handed this on"):
        await desk.approve(run_id, ANN, asked.hash)
    assert (await desk.approve(run_id, them, asked.hash)).state == "approved"
    async with desk.transaction() as connection:
        done = await approvals.acts(connection, asked.id)
    assert [(act.act, act.actor, act.target, act.through) for act in done] == [
        ("delegate", "key:ann", them.actor, None),
        ("approve", them.actor, None, 1),
    ]


async def test_one_say_handed_to_a_role_is_used_once(desk):
    await desk.policy(roles=("approver",), approvers=2)
    run_id, asked = await desk.waiting()
    await desk.delegate(asked, ANN, role="strategist")
    one, two = (Person(f"key:{name}", "strategist") for name in ("s1", "s2"))
    assert (await desk.approve(run_id, one, asked.hash)).state == "waiting"
    with pytest.raises(NotAllowed):
        await desk.approve(run_id, two, asked.hash)
    assert (await desk.approve(run_id, BOB, asked.hash)).state == "approved"


async def test_a_changed_policy_voids_what_waits_under_the_old_one(desk, office):
    run_id, _ = await desk.waiting()
    await desk.policy(roles=("owner",), approvers=1)
    assert desk.queued == [run_id]
    assert (await desk.latest(run_id)).state == "void"
    assert (await office.execute(run_id)).status == "waiting"
    again = await desk.latest(run_id)
    assert (again.number, again.requirement.roles) == (2, ("owner",))
    with pytest.raises(NotAllowed):
        await desk.approve(run_id, ANN, again.hash)
    assert (await desk.approve(run_id, OWNER, again.hash)).state == "approved"


async def test_the_same_policy_again_changes_nothing(desk):
    run_id, _ = await desk.waiting()
    await desk.policy(roles=("approver",))
    assert (await desk.latest(run_id)).state == "waiting"
    assert desk.queued == []


async def test_a_task_that_is_stopped_while_it_waits_ends_and_its_request_with_it(desk, office):
    run_id, asked = await desk.waiting()
    async with desk.transaction() as connection:
        run = await cancel_task(connection, run_id, actor="test")
    assert run is not None
    assert run.status == "cancelled"
    assert (await desk.latest(run_id)).state == "void"
    assert (await office.log(run_id))[-1].kind == "finished"
    with pytest.raises(Conflict):
        await desk.approve(run_id, ANN, asked.hash)
    assert (await office.execute(run_id)).status == "cancelled"
    assert [made.status for made in await desk.made(run_id)] == ["draft"]


@pytest.mark.parametrize("fails_at", [1, 2, 3])
async def test_an_approved_run_that_loses_its_database_is_published_once(desk, office, monkeypatch, fails_at):
    run_id, asked = await desk.waiting()
    await desk.approve(run_id, ANN, asked.hash)
    calls = 0
    set_status = deliverables.set_status
    append = asking.events.append

    async def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise psycopg.OperationalError("the server went away (on purpose)")
        return await (set_status if isinstance(arguments[2], str) and arguments[2] == "published" else append)(*arguments, **named)

    monkeypatch.setattr(deliverables, "set_status", failing)
    monkeypatch.setattr(asking.events, "append", failing)
    with pytest.raises(psycopg.OperationalError):
        await office.execute(run_id)
    assert (await office.execute(run_id)).status == "succeeded"
    kinds = [event.kind for event in await office.log(run_id)]
    assert [kinds.count(kind) for kind in ("approval_asked", "approval", "finished")] == [1, 1, 1]
    assert [made.status for made in await desk.made(run_id)] == ["published"]


async def test_nothing_waits_where_no_policy_asks(desk, office):
    await desk.policy(needed=False)
    run_id = await office.start("newcomer")
    assert (await office.execute(run_id)).status == "succeeded"
    async with desk.transaction() as connection:
        assert await approvals.latest(connection, run_id) is None
        assert await runs.get_run(connection, run_id)
    with pytest.raises(Conflict, match="nothing of this run waits"):
        await desk.approve(run_id, ANN, "0" * 64)
