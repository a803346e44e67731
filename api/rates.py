"""How often one key may ask: a token bucket per key, in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from api.problems import TooMany

MOST = 10_000
"""buckets that are kept at once; full ones are dropped first, since a new bucket is full too"""


@dataclass(slots=True)
class RateLimit:
    """`rate` requests per second and key in the long run, `burst` at once. A rate of 0 lets everything through."""

    rate: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def take(self, key_id: str) -> None:
        """Count one request. Raises TooMany, which says when to come back."""
        if not self.rate:
            return
        now = self.clock()
        tokens, since = self._buckets.get(key_id, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        if tokens < 1:
            self._buckets[key_id] = (tokens, now)
            raise TooMany(
                f"this key may ask {self.rate:g} times a second, and {self.burst} times at once",
                after=math.ceil((1 - tokens) / self.rate),
            )
        if len(self._buckets) >= MOST and key_id not in self._buckets:
            self._forget(now)
        self._buckets[key_id] = (tokens - 1, now)

    def _forget(self, now: float) -> None:
        """Drop what has filled up again, and everything when nothing has: a memory bound goes before a strict count."""
        kept = {name: (tokens, since) for name, (tokens, since) in self._buckets.items() if tokens + (now - since) * self.rate < self.burst}
        self._buckets = kept if len(kept) < MOST else {}
