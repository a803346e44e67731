"""Names of arms and metrics as parts of a figure's key, and as words that hold no digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tools.contract import ToolInputError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """Lower snake_case that begins with a letter: 'Gate 40' → 'gate_40', '50% off' → 'arm_50_off'."""
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if key in ("low", "high"):
        return f"arm_{key}"
    return key if key[:1].isalpha() else f"arm_{key or 'unnamed'}"


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """The name with digits spelled out and without braces, since a sentence holds no digits outside its slots."""
    spelled = re.sub(r"\d", lambda digit: f" {DIGITS[int(digit[0])] if digit[0].isascii() else 'digit'} ", name)
    return " ".join(re.sub(r"[_{}|]+", " ", spelled).split()) or "unnamed"


def unique_keys(names: Iterable[str], field: str) -> dict[str, str]:
    """Key by name. Raises ToolInputError when two names give the same key."""
    keys: dict[str, str] = {}
    for name in names:
        key = key_of(name)
        if name in keys or key in keys.values():
            raise ToolInputError(
                f"two {field} are called {name!r}, or read the same once written as a key: give each its own name", field=field
            )
        keys[name] = key
    return keys
