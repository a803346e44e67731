"""Compare a result with itself computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tools.contract import Frozen

SAME_ENGINE = 1e-9
"""Relative tolerance of floats on the same engine and platform; integers, money and texts are compared exactly."""
OTHER_ENGINE = 1e-6
"""Relative tolerance of floats between engines: sums are fixed-point, iterative fits amplify the last bits."""
TINY = 1e-12
"""Two floats nearer to each other than this are equal: around zero a relative tolerance says nothing."""


class Difference(Frozen):
    """One place where the two results differ."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: was {self.old!r}, is {self.new!r}"


class Comparison(Frozen):
    """Whether the recomputed result equals the kept one, the tolerance used, and every difference."""

    equal: bool
    tolerance: float
    differences: tuple[Difference, ...] = ()


def compare(old: Mapping[str, Any], new: Mapping[str, Any], *, same_engine: bool) -> Comparison:
    """Compare two results as JSON: integers (money too), texts and shape exactly, floats to the stated relative tolerance."""
    tolerance = SAME_ENGINE if same_engine else OTHER_ENGINE
    differences = tuple(_differences(old, new, "", tolerance))
    return Comparison(equal=not differences, tolerance=tolerance, differences=differences)


def _differences(old: Any, new: Any, path: str, tolerance: float) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            place = f"{path}.{key}".lstrip(".")
            if key not in old or key not in new:
                yield Difference(path=place, old=old.get(key, "nothing"), new=new.get(key, "nothing"))
            else:
                yield from _differences(old[key], new[key], place, tolerance)
    elif isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        if len(old) != len(new):
            yield Difference(path=f"{path}.length".lstrip("."), old=len(old), new=len(new))
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from _differences(one, other, f"{path}.{_name(one, index)}".lstrip("."), tolerance)
    elif not _same(old, new, tolerance):
        yield Difference(path=path, old=old, new=new)


def _name(item: Any, index: int) -> str:
    """A figure is told by its key rather than its place."""
    return str(item["key"]) if isinstance(item, Mapping) and "key" in item else str(index)


def _same(old: Any, new: Any, tolerance: float) -> bool:
    if isinstance(old, bool) or isinstance(new, bool) or not (isinstance(old, (int, float)) and isinstance(new, (int, float))):
        return bool(type(old) is type(new) and old == new)
    if isinstance(old, int) and isinstance(new, int):
        return old == new
    return math.isclose(old, new, rel_tol=tolerance, abs_tol=TINY) or (math.isnan(old) and math.isnan(new))
