"""`groundwork member`, and what `groundwork serve` does for people before it listens."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from cli.house import bring_up_to_date
from cli.members import demo_address
from demo.house import NAME
from grounding.ids import new_id
from store import embedded
from store.database import Database
from store.migrate import pending
from store.settings import StoreSettings
from store.workspaces import create_workspace


def test_a_member_is_added_with_a_link_given_another_role_and_disabled(groundwork):
    address = f"{new_id('mb')}@example.org"
    owner = groundwork("member", "add", address, "--name", "Anna", "--role", "owner", "--json")
    assert owner.json["member"]["has_password"] is False
    assert owner.json["link"].startswith("http://127.0.0.1:8000/welcome/")
    other = f"{new_id('mb')}@example.org"
    assert groundwork("member", "add", other, "--name", "Ben").code == 0
    assert groundwork("member", "add", other, "--name", "Ben").code != 0
    assert "writer" in groundwork("member", "role", other, "writer").err
    link = groundwork("member", "link", other)
    assert link.out.startswith("http")
    assert "within 24 hours" in link.err
    listed = {one["email"]: one for one in groundwork("member", "list", "--json").json["members"]}
    assert (listed[address]["role"], listed[other]["role"]) == ("owner", "writer")
    assert groundwork("member", "disable", other).code == 0
    assert "disabled" in groundwork("member", "list").out
    assert "no link lets them in" in groundwork("member", "link", other).err
    refused = groundwork("member", "disable", address)
    assert refused.code != 0
    assert "needs an owner" in refused.err


def test_serve_migrates_a_database_that_was_left_running_and_makes_a_link_into_the_demo_where_there_is_one():
    # not under pytest's own folder: that one is closed to the database's system user when tests run as root
    folder = Path(tempfile.mkdtemp(prefix="groundwork-test-")).resolve()
    settings = StoreSettings(home=folder, database_url=None, migrate_url=None)
    try:
        embedded.start(folder, durable=False)
        bring_up_to_date(settings)
        assert pending(settings.app_url) == ()
        assert asyncio.run(demo_address(settings, "http://127.0.0.1:8000")) is None
        asyncio.run(make_demo(settings))
        links = {asyncio.run(demo_address(settings, "http://127.0.0.1:8000")) for _ in range(2)}
        assert all(link is not None and link.startswith("http://127.0.0.1:8000/welcome/") for link in links)
        assert len(links) == 2, "the same member, a new link each time"
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


async def make_demo(settings: StoreSettings) -> None:
    database = await Database.of(settings)
    async with database.transaction(None) as connection:
        await create_workspace(connection, NAME)
    await database.close()
