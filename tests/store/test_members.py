"""People sign in with a password or with a link that works once; who is disabled is out at once."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from grounding.ids import new_id
from store import deliverables, members, runs, sessions, shares
from store.errors import Conflict, StoreError


async def member(database, workspace, role="owner", email=None):
    async with database.transaction(workspace.id) as connection:
        return await members.create_member(connection, email or f"{new_id('mb')}@example.org", "Somebody", role)


def test_a_password_is_kept_as_argon2id_and_checked():
    kept = members.hash_password("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert members.check_password(kept, "correct horse battery")
    assert not members.check_password(kept, "correct horse batterx")
    assert not members.check_password(None, "nobody has this password"), "an unknown address has no password at all"
    with pytest.raises(StoreError, match="10 to 200"):
        members.hash_password("short")


async def test_a_link_lets_in_once_and_not_after_another_was_made(database, workspace):
    who = await member(database, workspace)
    async with database.transaction(workspace.id) as connection:
        first = await sessions.make_link(connection, who.id, hours=1)
        second = await sessions.make_link(connection, who.id, hours=1)
        late = await sessions.make_link(connection, (await member(database, workspace)).id, hours=-1)
    async with database.transaction(None) as connection:
        assert await sessions.read_link(connection, first) is None
        assert await sessions.read_link(connection, late, use=True) is None
        seen = await sessions.read_link(connection, second)
        assert seen is not None
        assert (seen.member_id, seen.workspace_id, seen.has_password) == (who.id, workspace.id, False)
    used = await asyncio.gather(*(use(database, second) for _ in range(4)))
    assert sorted(one is not None for one in used) == [False, False, False, True]


async def use(database, secret):
    async with database.transaction(None) as connection:
        return await sessions.read_link(connection, secret, use=True)


async def test_a_session_holds_until_its_member_is_disabled_or_takes_another_password(database, workspace):
    await member(database, workspace)
    who = await member(database, workspace)
    async with database.transaction(workspace.id) as connection:
        secret = await sessions.open_session(connection, who.id, hours=1)
        past = await sessions.open_session(connection, (await member(database, workspace)).id, hours=-1)
    async with database.transaction(None) as connection:
        session = await sessions.find_session(connection, secret)
        assert session is not None
        assert (session.member_id, session.role) == (who.id, "owner")
        assert await sessions.find_session(connection, past) is None
    async with database.transaction(workspace.id) as connection:
        await members.set_password(connection, who.id, "$argon2id$")
    async with database.transaction(None) as connection:
        assert await sessions.find_session(connection, secret) is None
    async with database.transaction(workspace.id) as connection:
        secret = await sessions.open_session(connection, who.id, hours=1)
        await members.disable(connection, who.id)
    async with database.transaction(None) as connection:
        assert await sessions.find_session(connection, secret) is None


async def test_an_address_is_one_persons_and_a_workspace_keeps_an_owner(database, workspace):
    who = await member(database, workspace)
    with pytest.raises(Conflict, match="a member already"):
        await member(database, workspace, email=who.email.upper())
    async with database.transaction(workspace.id) as connection:
        with pytest.raises(Conflict, match="needs an owner"):
            await members.disable(connection, who.id)
    async with database.transaction(workspace.id) as connection:
        with pytest.raises(Conflict, match="needs an owner"):
            await members.set_role(connection, who.id, "writer")


async def test_two_owners_who_disable_each_other_at_once_leave_one(database, workspace):
    one, other = await member(database, workspace), await member(database, workspace)

    async def disable(whom):
        async with database.transaction(workspace.id) as connection:
            await members.disable(connection, whom.id)
            await asyncio.sleep(0.2)

    ended = await asyncio.gather(disable(one), disable(other), return_exceptions=True)
    assert sorted(type(end) for end in ended if end is not None) == [Conflict]
    async with database.transaction(workspace.id) as connection:
        assert [known.disabled_at is None for known in await members.list_members(connection)].count(True) == 1


async def test_a_share_that_was_taken_back_opens_nothing(database, workspace, client):
    async with database.transaction(workspace.id) as connection:
        run = await runs.create_run(connection, client.id, "strategy", "b", as_of=date(2026, 11, 21))
        made = await deliverables.add(
            connection, run_id=run.id, client_id=client.id, kind="strategy", title="t", status="published", content={}, markdown="m",
            verdict={}, evidence_aliases={}, model={}, prompt={},
        )  # fmt: skip
        kept, secret = await shares.share(connection, made.id, made_by="member:1", days=7)
    async with database.transaction(None) as connection:
        found = await shares.find_share(connection, secret)
        assert found is not None
        assert (found.workspace_id, found.deliverable_id) == (workspace.id, made.id)
    async with database.transaction(workspace.id) as connection:
        assert await shares.take_back(connection, kept.id)
        assert not await shares.take_back(connection, kept.id)
    async with database.transaction(None) as connection:
        assert await shares.find_share(connection, secret) is None
