"""Keys that were just found good, so that a caller who asks again and again is not looked up each time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from store import keys
from store.database import Database
from store.keys import ApiKey

MOST = 10_000
"""keys that are remembered at once"""


@dataclass(slots=True)
class KeyCache:
    """Remembers a good key for `seconds`, by the hash of its secret: as long may a revoked key still open doors. Bad ones are not kept."""

    seconds: float
    _found: dict[bytes, tuple[ApiKey, float]] = field(default_factory=dict, repr=False)

    async def find(self, database: Database, secret: str) -> ApiKey | None:
        """The key of this secret if it holds; never past its expiry. Raises DatabaseUnavailable."""
        name = sha256(secret.encode()).digest()
        key, until = self._found.get(name, (None, 0.0))
        if key is not None and time.monotonic() < until and (key.expires_at is None or key.expires_at > datetime.now(UTC)):
            return key
        self._found.pop(name, None)
        # taken before the look-up, so that a key revoked meanwhile is not kept any longer
        now = time.monotonic()
        async with database.transaction(None) as connection:
            key = await keys.find_key(connection, secret)
        if key is not None and self.seconds:
            if len(self._found) >= MOST:
                self._found.clear()
            self._found[name] = (key, now + self.seconds)
        return key
