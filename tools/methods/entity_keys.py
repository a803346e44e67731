"""Figure keys for names that a client's data brings: products, competitors, reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable


def entity_keys(names: Iterable[str], first: str = "n") -> dict[str, str]:
    """A key in snake_case per name, each once: names that differ only in signs are numbered in their order.

    `first`: what goes before a key that would not begin with a letter.
    """
    keys: dict[str, str] = {}
    for name in dict.fromkeys(names):
        bare = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "item"
        bare = bare if bare[0].isalpha() else f"{first}_{bare}"
        taken, key, number = set(keys.values()), bare, 2
        while key in taken:
            key, number = f"{bare}_{number}", number + 1
        keys[name] = key
    return keys


def without_digits(text: str) -> bool:
    """Whether a finding may name it: findings hold no digits outside their slots."""
    return not any(character.isdigit() for character in text)
