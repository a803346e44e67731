"""Arithmetic on measured quantities: what a unit becomes under each operation, and what must not be combined. Exact, in fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tools.contract import ToolInputError, Unit

ADDITIVE: frozenset[Unit] = frozenset({"money", "count", "share", "points", "number", "hours", "days", "weeks", "months"})
PURE: frozenset[Unit] = frozenset({"share", "multiple", "number"})
TIME: frozenset[Unit] = frozenset({"hours", "days", "weeks", "months"})
YEAR = Fraction(1461, 4)
DAYS: dict[str, Fraction] = {"day": Fraction(1), "week": Fraction(7), "month": YEAR / 12, "quarter": YEAR / 4, "year": YEAR}
"""Mean days of a period: a year of 365.25 days, twelve equal months."""
SINGULAR: dict[Unit, str] = {"hours": "hour", "days": "day", "weeks": "week", "months": "month"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity with its unit. `per` is the denominator of a rate: clicks, booking, week. Money in minor units."""

    name: str
    value: Fraction
    unit: Unit
    currency: str | None = None
    per: str | None = None


def singular(word: str) -> str:
    """A word for comparing denominators: 'Bookings' and 'booking' are the same thing."""
    word = word.strip().casefold().replace(" ", "_")
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _thing(measured: Measured) -> str:
    """What a count counts or a time is measured in, for cancelling a denominator."""
    return SINGULAR.get(measured.unit) or singular(measured.name)


def same_kind(operands: Sequence[Measured], doing: str) -> None:
    """Raises ToolInputError unless all have one unit, one currency and one denominator."""
    first = operands[0]
    for index, other in enumerate(operands[1:], start=1):
        if other.unit != first.unit:
            raise ToolInputError(
                f"cannot {doing} {first.name!r} in {first.unit} and {other.name!r} in {other.unit}: the units differ",
                field=f"operands.{index}.unit",
                needed=first.unit,
                found=other.unit,
            )
        if other.currency != first.currency:
            raise ToolInputError(
                f"cannot {doing} {first.currency} and {other.currency}: convert one by a rate that you can name first",
                field=f"operands.{index}.currency",
                needed=first.currency,
                found=other.currency,
            )
        if (first.per is None) != (other.per is None) or (first.per and other.per and singular(first.per) != singular(other.per)):
            raise ToolInputError(
                f"cannot {doing} {first.name!r} per {first.per or 'nothing'} and {other.name!r} per {other.per or 'nothing'}: "
                + _mending(first, other),
                field=f"operands.{index}.denominator",
                needed=first.per,
                found=other.per,
            )


def _mending(one: Measured, other: Measured) -> str:
    """What to do about two denominators."""
    if is_period(one.per) or is_period(other.per):
        return f"bring both to one period first with operation per_period, as in per {one.per if is_period(one.per) else other.per!r}"
    if one.per and other.per:
        return "if both count the same things under two names, name those with `per`, and it stands as a caveat"
    return "multiply the rate by how many there are first, or divide the amount by it"


def is_period(per: str | None) -> bool:
    """Whether a rate is per stretch of time."""
    return per is not None and singular(per) in {*DAYS, "hour"}


def per_period(rate: Measured, wanted: str, days: int | None) -> Measured:
    """A rate per one period as one per another, or the amount of so many days as a rate. Raises ToolInputError when it is neither."""
    if rate.unit not in {"money", "count", "number"} | TIME:
        raise ToolInputError(
            f"{rate.name!r} in {rate.unit} does not grow with time: only amounts and counts have a rate per period",
            field="operands.0.unit",
            found=rate.unit,
        )
    if rate.per and singular(rate.per) in DAYS:
        return Measured(rate.name, rate.value * DAYS[wanted] / DAYS[singular(rate.per)], rate.unit, rate.currency, wanted)
    if rate.per is None and days:
        return Measured(rate.name, rate.value * DAYS[wanted] / days, rate.unit, rate.currency, wanted)
    raise ToolInputError(
        f"{rate.name!r} is per {rate.per or 'nothing'}, and no days are known for it: give a rate per day, week, month, quarter or "
        "year, or an amount with its period",
        field="operands.0.denominator",
        needed="a period",
        found=rate.per,
    )


def add(operands: Sequence[Measured]) -> Measured:
    """The sum of like quantities. Scores, multiples and dates do not add up."""
    same_kind(operands, "add")
    first = operands[0]
    if first.unit not in ADDITIVE:
        raise ToolInputError(
            f"figures in {first.unit} do not add up: a sum of them means nothing", field="operands.0.unit", found=first.unit
        )
    total = sum((operand.value for operand in operands), Fraction(0))
    if first.unit == "share" and total > 1:
        raise ToolInputError(
            "these shares add up to more than the whole: they are not parts of one thing", field="operands", found=str(float(total))
        )
    return Measured("sum", total, first.unit, first.currency, first.per)


def subtract(left: Measured, right: Measured) -> Measured:
    """left - right. Two shares differ by points."""
    same_kind((left, right), "subtract")
    unit: Unit = "points" if left.unit == "share" else left.unit
    return Measured("difference", left.value - right.value, unit, left.currency, left.per)


def part_of(part: Measured, whole: Measured) -> Measured:
    """part / whole, a share of the whole, in 0..1."""
    same_kind((part, whole), "take the share of")
    if part.unit not in {"money", "count", "number"} | TIME:
        raise ToolInputError(f"a share of {part.unit} means nothing: take amounts or counts", field="operands.0.unit", found=part.unit)
    _nonzero(whole, "the whole")
    if part.value < 0 or whole.value < 0 or part.value > whole.value:
        raise ToolInputError(
            f"{part.name!r} is not a part of {whole.name!r}: a part lies between nothing and the whole; use ratio to compare them",
            field="operands.0.value",
        )
    return Measured("share", part.value / whole.value, "share", None, whole.name)


def divide(top: Measured, bottom: Measured) -> Measured:
    """top / bottom: like by like is a multiple; money or a count by a count or a time is a rate."""
    _nonzero(bottom, "the denominator")
    value = top.value / bottom.value
    if top.per and bottom.per and singular(top.per) == singular(bottom.per) and top.unit != bottom.unit:
        top, bottom = replace(top, per=None), replace(bottom, per=None)
    if top.per is None and bottom.per is None:
        if top.unit == bottom.unit == "money":
            same_kind((top, bottom), "divide")
            return Measured("ratio", value, "multiple")
        if bottom.unit == "count" or bottom.unit in TIME:
            if top.unit == "money":
                return Measured("ratio", value, "money", top.currency, _label(bottom))
            if top.unit == "count" or (top.unit in TIME and bottom.unit == "count"):
                return Measured("ratio", value, "number" if top.unit == "count" else top.unit, None, _label(bottom))
        if top.unit == "money" and bottom.unit in {"multiple", "share"}:
            return Measured("ratio", value, "money", top.currency)
        if top.unit == "count" and bottom.unit in {"multiple", "share"}:
            return Measured("ratio", value, "count")
    if top.unit == "money" and bottom.unit == "money" and bottom.per and not top.per:
        same_currency(top, bottom)
        return Measured("ratio", value, "count")
    if bottom.unit in {"multiple", "share", "number"} and not bottom.per and top.unit in {"money", "count"}:
        return Measured("ratio", value, top.unit, top.currency, top.per)
    if top.unit == bottom.unit:
        same_kind((top, bottom), "divide")
        return Measured("ratio", value, "multiple")
    raise ToolInputError(
        f"{top.name!r} in {top.unit} by {bottom.name!r} in {bottom.unit} is no figure that can be read",
        field="operands.1.unit",
        found=bottom.unit,
    )


def same_currency(left: Measured, right: Measured) -> None:
    """Raises ToolInputError when two amounts are in two currencies."""
    if left.currency != right.currency:
        raise ToolInputError(f"cannot divide {left.currency} by {right.currency}: the currencies differ", field="operands.1.currency")


def grow(before: Measured, after: Measured) -> Measured:
    """(after - before) / before, a share of what was before."""
    same_kind((before, after), "compare")
    _nonzero(before, "the figure to grow from")
    if before.value < 0:
        raise ToolInputError("growth from a negative figure has no meaning: use delta", field="operands.0.value")
    return Measured("growth", (after.value - before.value) / before.value, "share", None, before.name)


def multiply(operands: Sequence[Measured]) -> Measured:
    """The product, from left to right: pure numbers scale, and a rate times what it is per loses its denominator."""
    result = operands[0]
    for index, operand in enumerate(operands[1:], start=1):
        result = _times(result, operand, index)
    return result


def _times(left: Measured, right: Measured, index: int) -> Measured:
    value = left.value * right.value
    if right.per and not left.per and left.unit in {"count"} | TIME:
        left, right = right, left  # a rate first, then what it is per
    if left.unit in PURE and right.unit not in PURE and not left.per:
        left, right = right, left
    if is_period(left.per) and right.unit == "number" and set(singular(right.name).split("_")) & {*DAYS, *(f"{day}s" for day in DAYS)}:
        raise ToolInputError(
            f"{left.name!r} is per {left.per}, and {right.name!r} would leave it so: use operation per_period for another period",
            field=f"operands.{index}.name",
            needed="per_period",
            found=right.name,
        )
    if right.unit in PURE and (not right.per or right.unit == "share"):
        return Measured(left.name, value, _pure(left.unit, right.unit), left.currency, left.per)
    if left.per and (right.unit == "count" or right.unit in TIME) and not right.per:
        if singular(left.per) != _thing(right) and singular(left.per) != singular(right.name):
            hint = (
                "use operation per_period for another period" if is_period(left.per) else f"name the count {left.per!r} if it counts those"
            )
            raise ToolInputError(
                f"{left.name!r} is per {left.per}, so it cannot be multiplied by {right.name!r}: {hint}",
                field=f"operands.{index}.name",
                needed=left.per,
                found=right.name,
            )
        return Measured(left.name, value, "count" if left.unit == "number" else left.unit, left.currency)
    if left.unit == "money" and right.unit == "count" and not left.per:
        return Measured(left.name, value, "money", left.currency)
    if left.unit == "count" and right.unit == "money" and not right.per:
        return Measured(right.name, value, "money", right.currency)
    raise ToolInputError(
        f"{left.name!r} in {left.unit} times {right.name!r} in {right.unit} is no figure that can be read",
        field=f"operands.{index}.unit",
        found=right.unit,
    )


def _pure(left: Unit, right: Unit) -> Unit:
    """Unit of left times a pure number: a share of a share is a share, a share of a multiple a multiple."""
    if left == "share" and right == "multiple":
        return "share"
    return left


def _label(bottom: Measured) -> str:
    return SINGULAR.get(bottom.unit) or bottom.name


def _nonzero(measured: Measured, role: str) -> None:
    if measured.value == 0:
        raise ToolInputError(f"{role}, {measured.name!r}, is zero: there is no ratio to it", field="operands", found="0")
