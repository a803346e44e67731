"""Texts cut as a stream cuts them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SIZE = 400


def cut(text: str, size: int = SIZE) -> Iterator[str]:
    """The text in pieces of a few hundred characters, at least two when it can be cut, so that a failure can fall in the middle."""
    size = min(size, max(1, (len(text) + 1) // 2))
    return (text[start : start + size] for start in range(0, len(text), size))


def raw(arguments: Mapping[str, Any] | str) -> str:
    """Tool arguments as they go over the wire."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
