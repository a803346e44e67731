"""Ids that say what they name and sort by time of making: `ev_01jd…`."""

from __future__ import annotations

import hashlib
import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A fresh id: prefix, 48 bits of milliseconds and 80 random bits in Crockford's base 32."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def stable_id(kind: str, *parts: str) -> str:
    """An id that is the same when a step runs again: from the run's id and the place in it."""
    number = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:17])
    return f"{kind}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
