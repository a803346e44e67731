"""Migration of databases that are not ours: another owner, another application role, nothing there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

import store.migrate
from store import doctor
from store.clients import create_client, list_clients
from store.database import Database
from store.embedded import Urls
from store.errors import DatabaseUnavailable, NotMigrated, StoreError
from store.migrate import migrate, pending
from store.settings import StoreSettings
from store.workspaces import create_workspace, list_workspaces

FILES = Path(store.migrate.__file__).parent / "schema"


class External:
    """A database of an administrator: roles that are not ours, made by hand."""

    def __init__(self, urls: Urls) -> None:
        self.superuser = urls.superuser.replace("/groundwork?", "/external?")
        self.owner = self.of("external_owner", "o")
        self.app = self.of("external_app", "a")

    def of(self, role: str, password: str) -> str:
        return urlsplit(self.superuser)._replace(netloc=f"{role}:{password}@").geturl()


@pytest.fixture
def external(urls: Urls) -> Iterator[External]:
    made = External(urls)
    with psycopg.connect(urls.superuser, autocommit=True) as root:
        root.execute("CREATE ROLE external_owner LOGIN PASSWORD 'o'")
        root.execute("CREATE ROLE external_app LOGIN PASSWORD 'a'")
        root.execute("GRANT groundwork_app TO external_owner WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
        root.execute("CREATE DATABASE external OWNER external_owner")
    yield made
    with psycopg.connect(urls.superuser, autocommit=True) as root:
        root.execute("DROP DATABASE external WITH (FORCE)")
        root.execute("DROP ROLE external_app")
        root.execute("DROP ROLE external_owner")


def extend(external: External) -> None:
    with psycopg.connect(external.superuser) as root:
        root.execute("CREATE EXTENSION vector")


async def test_an_external_database_with_roles_of_its_own(external: External, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="an administrator has to run CREATE EXTENSION vector"):
        migrate(external.owner, external.app)
    extend(external)
    with pytest.raises(NotMigrated, match="groundwork migrate"):
        await Database.open(external.app)
    every = len(list(FILES.glob("*.sql")))
    assert len(pending(external.app)) == every
    done = await asyncio.to_thread(migrate, external.owner, external.app)
    assert len(done.applied) == every
    assert pending(external.app) == ()
    database = await Database.open(external.app)
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Agency (simulated)")
    async with database.transaction(workspace.id) as connection:
        from grounding.evidence import Locale

        client = await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
    async with database.transaction(None) as connection:
        assert await list_clients(connection) == []
        assert await list_workspaces(connection) == []
    async with database.transaction(workspace.id) as connection:
        assert await list_clients(connection) == [client]
    await database.close()
    settings = StoreSettings(home=tmp_path, database_url=external.app)  # type: ignore[arg-type]
    checks = {check.name: check.ok for check in await doctor.diagnose(settings)}
    assert checks == {"home": True, "database": True, "schema": True, "vectors": True, "role": True, "isolation": True, "workers": False}


async def test_migrations_at_once_and_after_a_killed_one_are_safe(external: External) -> None:
    extend(external)
    await asyncio.gather(*(asyncio.to_thread(migrate, external.owner, external.app) for _ in range(3)))
    with psycopg.connect(external.owner) as owner:
        owner.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    assert migrate(external.owner, external.app).applied == ()


async def test_another_workspace_key_is_noticed_at_once(external: External) -> None:
    extend(external)
    migrate(external.owner, external.app, secret="one long secret")
    with pytest.raises(StoreError, match="different workspace keys"):
        await Database.open(external.app)
    database = await Database.open(external.app, secret="one long secret")
    await database.close()


async def test_a_role_that_can_bypass_security_is_reported(external: External, tmp_path: Path) -> None:
    extend(external)
    migrate(external.owner, external.app)
    with psycopg.connect(external.superuser) as root:
        root.execute("ALTER ROLE external_app BYPASSRLS")
        root.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
    settings = StoreSettings(home=tmp_path, database_url=external.app)  # type: ignore[arg-type]
    assert "bypass row-level security" in (await doctor.diagnose(settings))[-1].detail
    with pytest.raises(StoreError, match="'external_app' of DATABASE_URL can bypass"):
        await Database.open(external.app)
    with psycopg.connect(external.superuser) as root:
        root.execute("ALTER ROLE external_app NOBYPASSRLS")
        root.execute("GRANT external_owner TO external_app")
    checks = {check.name: check for check in await doctor.diagnose(settings)}
    assert not checks["role"].ok
    assert not checks["isolation"].ok
    assert checks["isolation"].detail.endswith(": runs")


def test_what_an_administrator_has_to_do_is_said(external: External) -> None:
    extend(external)
    with psycopg.connect(external.superuser) as root:
        root.execute("REVOKE groundwork_app FROM external_owner")
    with pytest.raises(StoreError, match=r"an administrator has to run: .*GRANT groundwork_app TO external_app"):
        migrate(external.owner, external.app)
    with pytest.raises(StoreError, match="'nobody' of DATABASE_URL does not exist"):
        migrate(external.owner, external.of("nobody", "x"))
    with psycopg.connect(external.superuser) as root:
        root.execute("GRANT groundwork_app TO external_app")
    migrate(external.owner, external.app)


async def test_a_database_that_is_down_is_said_in_words(tmp_path: Path) -> None:
    nowhere = "postgresql://groundwork_app:x@127.0.0.1:9/groundwork"
    with pytest.raises(DatabaseUnavailable, match="groundwork db start"):
        await Database.open(nowhere, wait=0.3)
    with pytest.raises(DatabaseUnavailable):
        migrate(nowhere)
    checks = await doctor.diagnose(StoreSettings(home=tmp_path, database_url=None, migrate_url=None))
    assert [(check.name, check.ok) for check in checks] == [("home", True), ("database", False)]
    assert "groundwork db start" in checks[1].detail


def test_a_url_without_a_password_asks_for_a_secret() -> None:
    from store.signature import Signer

    with pytest.raises(StoreError, match="GROUNDWORK_SECRET"):
        Signer.of("postgresql://groundwork_app@db/groundwork")
    assert Signer.of("postgresql://db/x", "s") == Signer.of("postgresql://a:b@db/x", "s")
    assert "key" not in repr(Signer.of("postgresql://db/x", "s"))


@pytest.mark.parametrize("name", ["DATABASE_URL", "GROUNDWORK_MIGRATE_URL", "GROUNDWORK_SECRET"])
def test_settings_are_read_from_the_environment_and_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "postgresql://u:hush@h/d")
    settings = StoreSettings()
    assert "hush" not in repr(settings)
    assert settings.home.is_absolute()
    assert settings.facts_root == settings.home / "facts"
    assert settings.embedded == (name != "DATABASE_URL")
