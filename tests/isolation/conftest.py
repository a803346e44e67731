"""Two agencies on one service, and keys that do not hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest_asyncio

from store.keys import create_key, revoke_key
from tests.api.conftest import address, agencies, ours, theirs

__all__ = ["address", "agencies", "ours", "theirs"]


@pytest_asyncio.fixture(loop_scope="session")
async def bad_keys(ours, database) -> dict[str, tuple[str, int]]:
    """Secrets of our workspace that open nothing, each with the status of its refusal."""
    async with database.transaction(ours.workspace.id) as connection:
        revoked, was_good = await create_key(connection, ours.workspace.id, "revoked", "owner")
        await revoke_key(connection, revoked.id)
        past = datetime.now(UTC) - timedelta(seconds=1)
        _, expired = await create_key(connection, ours.workspace.id, "expired", "owner", (), past)
        _, powerless = await create_key(connection, ours.workspace.id, "portal", "client", ("nothing:read",))
    unknown = ours.secret[:-1] + ("a" if ours.secret[-1] != "a" else "b")
    return {
        "none": ("", 401),
        "unknown": (unknown, 401),
        "revoked": (was_good, 401),
        "expired": (expired, 401),
        "without a scope": (powerless, 403),
    }
