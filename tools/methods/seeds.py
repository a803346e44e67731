"""Randomness that a replay repeats: the seed is read off the request itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set

from tools.contract import Request


def seed_of(request: Request, *, without: Set[str] = frozenset()) -> int:
    """A 64-bit seed from the SHA-256 of the request's canonical JSON: the same request, the same draws, in any process.

    `without`: fields that draw nothing, so that turning them leaves the draws as they are.
    """
    text = json.dumps(request.model_dump(mode="json", exclude=set(without)), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
