"""A key is remembered for a moment, and never longer than it holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from api.key_cache import KeyCache
from api.settings import ApiSettings
from store import keys


async def test_a_key_is_looked_up_once_and_again_when_its_time_is_over(database, workspace, monkeypatch):
    async with database.transaction(workspace.id) as connection:
        key, secret = await keys.create_key(connection, workspace.id, "k", "owner")
    asked = []
    look_up = keys.find_key

    async def counted(connection, given):
        asked.append(given)
        return await look_up(connection, given)

    monkeypatch.setattr("store.keys.find_key", counted)
    now = [0.0]
    monkeypatch.setattr("api.key_cache.time.monotonic", lambda: now[0])
    cache = KeyCache(3.0)
    for _ in range(3):
        assert (await cache.find(database, secret)).id == key.id
    assert len(asked) == 1
    async with database.transaction(workspace.id) as connection:
        assert await keys.revoke_key(connection, key.id)
    assert await cache.find(database, secret) is not None
    now[0] = 3.0
    assert await cache.find(database, secret) is None
    assert await cache.find(database, secret) is None
    assert len(asked) == 3


async def test_a_remembered_key_ends_with_its_expiry(database, workspace, monkeypatch):
    soon = datetime.now(UTC) + timedelta(minutes=1)
    async with database.transaction(workspace.id) as connection:
        _, secret = await keys.create_key(connection, workspace.id, "k", "owner", (), soon)
        await connection.execute("UPDATE api_keys SET expires_at = now() + interval '300 milliseconds' WHERE name = 'k'")
    cache = KeyCache(5.0)
    assert await cache.find(database, secret) is not None
    await asyncio.sleep(0.5)
    assert await cache.find(database, secret) is None


def test_a_revoked_key_holds_no_longer_than_five_seconds_whatever_is_set():
    with pytest.raises(ValidationError):
        ApiSettings(key_cache_seconds=5.1)
