"""What a field of a request takes, read from its schema, and whether a number with its measure fits there."""

# ruff: noqa: E501 - messages read better on one line

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from grounding.quoting import Quoted
from tools.contract import ToolInputError

PERIODS = ("hour", "day", "week", "month", "quarter", "year")
PER_PERIOD = re.compile(r"\bper (?:\w+ )?period\b")
LIKE_UNITS: dict[str, frozenset[str]] = {
    "number": frozenset({"number", "count", "score", "multiple"}),
    "count": frozenset({"count", "number"}),
    "multiple": frozenset({"multiple", "number"}),
    "score": frozenset({"score", "number"}),
}
"""Units that may stand for one another; every other unit only for itself."""


def unit_of(node: Mapping[str, Any], around: Mapping[str, Any]) -> Any:
    """The unit that a quantity takes: its own, or that of the `unit` beside it; None when any will do."""
    said = str(node.get("x-unit", "")).strip()
    first = re.split(r"[ ,;(]", said.lower())[0]
    if first == "number" and "when it is money" in str(node.get("description", "")) and around.get("currency"):
        return "money"
    if first in ("count", "money", "share", "points", "multiple", "number", "score", "hours", "days", "weeks", "months"):
        return first
    if "minor unit" in said or "currency" in said:
        return "money"
    if "`unit`" in said:
        unit = around.get("unit")
        return unit if isinstance(unit, str) else None
    return None


def says_period(node: Mapping[str, Any]) -> bool:
    """Whether a field is per the period of its request."""
    return PER_PERIOD.search(f"{node.get('x-unit', '')} {node.get('description', '')}") is not None


def per_of(node: Mapping[str, Any], around: Mapping[str, Any]) -> str | None:
    """The period that a field is per; None when it is per none."""
    if says_period(node):
        period = around.get("period") or "month"
        return period if isinstance(period, str) else None
    found = re.search(rf"\bper ({'|'.join(PERIODS)})\b", f"{node.get('x-unit', '')} {node.get('description', '')}")
    return found[1] if found else None


def typed(node: Mapping[str, Any], number: float) -> int | float:
    """The number as the field has it: whole where it takes whole ones."""
    kinds = {shape.get("type") for shape in (node, *node.get("anyOf", ()))}
    return int(number) if "integer" in kinds and number == int(number) else number


def hold_bounds(node: Mapping[str, Any], number: float, unit: str, path: str) -> None:
    """A named number against the field's bounds; a share lies in 0..1. Raises ToolInputError."""
    shapes = [node, *node.get("anyOf", ())]
    low = max((s[name] for s in shapes for name in ("minimum", "exclusiveMinimum") if name in s), default=None)
    high = min((s[name] for s in shapes for name in ("maximum", "exclusiveMaximum") if name in s), default=None)
    if unit == "share":
        low, high = (0 if low is None else low), (1 if high is None else high)
    if (low is not None and number < low) or (high is not None and number > high):
        hint = "; a share is 0..1, so 2% is 0.02" if unit == "share" else ""
        raise ToolInputError(
            f"{path}: {number!r} is outside {low} to {high}{hint}", field=path, needed=f"{low} to {high}", found=repr(number)
        )


def hold_measure(node: Mapping[str, Any], given: Quoted, path: str, around: Mapping[str, Any], shown: str) -> None:
    """Unit, currency and period of what is given against what the field takes. Raises ToolInputError."""
    wanted = unit_of(node, around)
    if wanted is not None and given.unit not in LIKE_UNITS.get(wanted, {wanted}):
        raise ToolInputError(f"{path} takes {wanted}; {shown} is in {given.unit}", field=path, needed=wanted, found=given.unit)
    currency = around.get("currency")
    if given.unit == "money" and isinstance(currency, str) and given.currency != currency:
        raise ToolInputError(f"{path} is in {currency}; {shown} is in {given.currency}", field=path, needed=currency, found=given.currency)
    wanted_per = per_of(node, around)
    if wanted_per and given.per in PERIODS and given.per != wanted_per:
        can = f"; set period to {given.per!r}, or convert it" if says_period(node) else ""
        raise ToolInputError(
            f"{path} is per {wanted_per}; {shown} is per {given.per}{can or '; convert it first'} with calculate, operation per_period, per {wanted_per}",
            field=path,
            needed=f"per {wanted_per}",
            found=f"per {given.per}",
        )
