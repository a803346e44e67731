"""People edit what nobody is asked about: verified as the writer's was, one at a time, approved where the policy says so."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from graphs import approving
from graphs.approving import Person, approve, delegate
from graphs.asking import expire
from graphs.editing import EditDoesNotHold
from graphs.revising import put_forward, revise
from graphs.services import Services
from grounding.ids import new_id
from store import approvals, deliverables, edits, members, runs
from store.clients import Client
from store.errors import Conflict, NotAllowed
from store.policies import Requirement
from store.workspaces import Workspace
from tests.web.waiting import copied, services_of
from tools.contract import ToolInputError

ANN, BOB = Person("member:mb_ann", "owner"), Person("member:mb_bob", "strategist")
CALM = "We change one thing at a time."


async def nobody(*_: Any) -> None:
    """No worker is needed for what is settled after a run's end."""
    raise AssertionError("the run has ended and must not be queued")


@dataclass(frozen=True)
class Bureau:
    """A workspace with one client."""

    services: Services
    workspace: Workspace
    client: Client


@pytest_asyncio.fixture(loop_scope="session")
async def office(database, store_settings, workspace, client):
    return Bureau(services_of(database, store_settings), workspace, client)


@pytest_asyncio.fixture(loop_scope="session")
async def published(office):
    """A published strategy."""
    return await copied(office.services, office.workspace.id, office.client, asked_by="member:mb_asker")


@pytest_asyncio.fixture(loop_scope="session")
async def policy(office):
    """Sets what approval strategies need."""

    async def put(rule: Requirement | None) -> None:
        async with office.services.database.transaction(office.workspace.id) as connection:
            rules = {"strategy": rule} if rule else {}
            await approving.change_policy(connection, office.workspace.id, office.client, rules, actor="key:owner", enqueue=nobody)

    return put


def changed(made, text=CALM):
    content = copy.deepcopy(made.content)
    content["summary"][0] = text
    return content


async def edited(office, made, who=ANN, text=CALM):
    database, workspace = office.services.database, office.workspace.id
    return await revise(database, workspace, made.id, who, seen=made.content_hash, content=changed(made, text))


async def versions(office, made):
    async with office.services.database.transaction(office.workspace.id) as connection:
        return [line.status for line in await deliverables.versions(connection, made.run_id)]


async def test_of_two_edits_at_once_one_is_kept_and_the_other_is_told(office, published):
    answers = await asyncio.gather(
        edited(office, published, ANN), edited(office, published, BOB, "We keep what works."), return_exceptions=True
    )
    [refused] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert "later version" in str(refused)
    assert await versions(office, published) == ["published", "draft"]


async def test_an_edit_that_does_not_hold_or_changes_nothing_is_not_kept(office, published):
    with pytest.raises(EditDoesNotHold) as refused:
        await edited(office, published, text="We expect 99 999 orders.")
    [problem] = refused.value.problems
    assert (problem.where, problem.mark) == ("summary.0", "99 999")
    with pytest.raises(ToolInputError, match="nothing is changed"):
        await edited(office, published, text=published.content["summary"][0])
    assert await versions(office, published) == ["published"]


@pytest.mark.parametrize("role", ["writer", "approver", "auditor", "client"])
async def test_roles_that_only_read_or_approve_do_not_edit(office, published, role):
    with pytest.raises(NotAllowed, match="owner, strategist"):
        await edited(office, published, Person("member:mb_x", role))
    with pytest.raises(NotAllowed):
        await put_forward(
            office.services.database, office.workspace.id, published.id, Person("member:mb_x", role), seen=published.content_hash
        )


async def test_a_text_that_is_still_being_written_is_left_alone(office, published):
    async with office.services.database.transaction(office.workspace.id) as connection:
        await connection.execute("UPDATE runs SET status = 'running', finished_at = NULL WHERE id = %s", (published.run_id,))
    with pytest.raises(Conflict, match="still at work"):
        await edited(office, published)
    async with office.services.database.transaction(office.workspace.id) as connection:
        assert await runs.set_status(connection, published.run_id, "succeeded") is not None


async def test_what_waits_after_the_end_of_its_run_is_published_without_a_worker(office, published, policy):
    await policy(Requirement(roles=("owner", "approver"), four_eyes=True))
    done = await edited(office, published)
    assert done.asked is not None
    assert await versions(office, published) == ["awaiting_approval", "published"]
    with pytest.raises(Conflict, match="waits for approval"):
        await revise(
            office.services.database, office.workspace.id, done.made.id, ANN, seen=done.made.content_hash, content=changed(done.made, "x")
        )
    async with office.services.database.transaction(office.workspace.id) as connection:
        with pytest.raises(NotAllowed, match="four eyes"):
            await approve(connection, office.workspace.id, published.run_id, ANN, seen=done.asked.hash, enqueue=nobody)
    async with office.services.database.transaction(office.workspace.id) as connection:
        approver = Person("member:mb_eve", "approver")
        settled = await approve(connection, office.workspace.id, published.run_id, approver, seen=done.asked.hash, enqueue=nobody)
        assert settled.state == "approved"
        assert ANN.actor in await edits.editors(connection, published.run_id)
    assert await versions(office, published) == ["published", "draft"]


async def test_a_request_that_runs_out_or_whose_rule_goes_leaves_a_draft_to_put_forward(office, published, policy):
    database, workspace = office.services.database, office.workspace.id
    await policy(Requirement(roles=("owner",)))
    done = await edited(office, published)
    await policy(None)
    assert await versions(office, published) == ["draft", "published"], "void, and nobody asks anew for a run that has ended"
    again = await put_forward(database, workspace, done.made.id, BOB, seen=done.made.content_hash)
    assert (again.made.status, again.asked) == ("published", None)
    assert await versions(office, published) == ["published", "draft"]
    await policy(Requirement(roles=("owner",)))
    later = await revise(database, workspace, again.made.id, ANN, seen=again.made.content_hash, content=changed(again.made, "Calmly."))
    assert later.asked is not None
    async with database.transaction(workspace) as connection:
        await connection.execute("UPDATE approvals SET expires_at = now() WHERE id = %s", (later.asked.id,))
    queued: list[str] = []

    async def note(connection: Any, workspace_id: str, run_id: str) -> None:
        queued.append(run_id)

    assert await expire(database, note) >= 1, "those that other tests left may be among them"
    assert published.run_id not in queued
    assert await versions(office, published) == ["needs_person", "published", "draft"]
    async with database.transaction(workspace) as connection:
        assert [line.status for line in await deliverables.published(connection, published.client_id) if line.run_id == published.run_id]


async def test_a_say_is_handed_on_to_a_member_who_can_sign_in(office, published, policy):
    await policy(Requirement(roles=("approver",)))
    done = await edited(office, published)
    assert done.asked is not None
    eve = Person("member:mb_eve", "approver")
    async with office.services.database.transaction(office.workspace.id) as connection:
        bob = await members.create_member(connection, f"{new_id('mb')}@example.org", "Bob", "strategist")
        gone = await members.create_member(connection, f"{new_id('mb')}@example.org", "Gone", "owner")
        await members.create_member(connection, f"{new_id('mb')}@example.org", "Left", "owner")
        await members.disable(connection, gone.id)
        for member in (gone.id, "mb_none"):
            with pytest.raises(ToolInputError, match="who can sign in"):
                await delegate(connection, done.asked.id, eve, member=member)
        await delegate(connection, done.asked.id, eve, member=bob.email.upper())
        [act] = await approvals.acts(connection, done.asked.id)
        assert act.target == bob.actor
    async with office.services.database.transaction(office.workspace.id) as connection:
        who = Person(bob.actor, bob.role)
        settled = await approve(connection, office.workspace.id, published.run_id, who, seen=done.asked.hash, enqueue=nobody)
        assert settled.state == "approved"
