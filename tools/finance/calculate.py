"""Derived figures: the one way to get a number that no other tool gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tools.contract import Basis, Caveat, Figure, Frozen, Request, ToolInputError, ToolResult, Unit, quantity, tool, weakest
from tools.finance._arithmetic import DAYS, Measured, add, divide, grow, is_period, multiply, part_of, per_period, singular, subtract

Operation = Literal["sum", "difference", "share", "delta", "ratio", "growth", "product", "per_period"]
LARGEST = 10**18
PAIRWISE = frozenset({"difference", "share", "delta", "ratio", "growth"})


class Operand(Frozen):
    """One figure that goes in, with its name and its unit."""

    name: str = Field(
        description="what it is, in words: 'Google Ads spend', 'bookings'", min_length=1, max_length=80, pattern=r"^[^{}\n]+$"
    )
    value: float = quantity("as `unit` says", "the figure; money in integer minor units, a share as 0..1", ge=-1e15, le=1e15)
    unit: Unit = Field(description="money, count, share (0..1), points, multiple, number, hours, days, weeks or months")
    currency: str | None = Field(None, description="ISO 4217 code, for money only", pattern=r"^[A-Z]{3}$")
    denominator: str | None = Field(
        None, description="what a rate is per: 'clicks', 'week'; none for an amount", max_length=60, pattern=r"^[^{}\n]+$"
    )
    period: str | None = Field(None, description="ISO 8601 interval of dates the figure is for: 2026-01-01/2026-03-31", max_length=40)
    basis: Basis = Field("stated", description="where the figure comes from; a slot brings its own")

    @model_validator(mode="after")
    def _unit_and_currency(self) -> Self:
        if self.unit == "date":
            raise ValueError("a date cannot be calculated with")
        if (self.unit == "money") != (self.currency is not None):
            raise ValueError("money needs a currency, and nothing else takes one")
        if self.unit == "money" and self.value != int(self.value):
            raise ValueError(f"money is a whole number of minor units (cents), got {self.value:g}")
        return self

    def measured(self) -> Measured:
        """The operand as exact arithmetic takes it; a decimal is read as it is written."""
        return Measured(self.name, Fraction(repr(self.value)), self.unit, self.currency, self.denominator)


class Calculate(Request):
    """Which operation, on which figures, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "operation": "ratio",
                    "name": "cost_per_booking",
                    "label": "cost per booking",
                    "operands": [
                        {"name": "ad spend", "value": 1500000, "unit": "money", "currency": "ZAR"},
                        {"name": "bookings", "value": 84, "unit": "count"},
                    ],
                }
            ]
        }
    )

    operation: Operation = Field(
        description="sum: all added · difference: first minus second · delta: change from the first (baseline) to the second · "
        "share: first as a part of the second · ratio: first divided by second · growth: change from the first to the second "
        "as a share of the first · product: all multiplied · per_period: one rate or one amount of known days, as a rate per `per`"
    )
    operands: Annotated[
        tuple[Operand, ...],
        Field(description="the figures in order: two; more for sum and product; one for per_period", min_length=1, max_length=40),
    ]
    per: str | None = Field(
        None,
        description="for per_period: day, week, month, quarter or year (mean lengths, a year of 365.25 days) · else: one name for "
        "what the figures are per, when they count the same things under two names ('booking' for 'orders' and 'first-time buyers'); "
        "it stands as a caveat",
        max_length=60,
        pattern=r"^[^{}\n\d]+$",
    )
    name: str = Field("result", description="snake_case key and metric of the result, as in blended_cpa", pattern=r"^[a-z][a-z0-9_]{0,59}$")
    label: str | None = Field(None, description="what the result is, as a person would write it", max_length=120, pattern=r"^[^{}\n]+$")


class Calculation(ToolResult):
    """One derived figure and how it came about."""

    formula: str = Field(description="the operation in words, with the names of what went in")


FORMULAS: dict[str, str] = {
    "difference": "{0} minus {1}",
    "delta": "change from {0} to {1}",
    "share": "{0} as a share of {1}",
    "ratio": "{0} divided by {1}",
    "growth": "growth from {0} to {1}",
    "per_period": "{0} as a rate per {1}",
}


@tool(version=1, field="finance")
def calculate(request: Calculate) -> Calculation:
    """Work out one figure from named figures: sum, difference, share, growth, product or a rate per period, with units checked.

    Exact: decimals are read as written and money is rounded once, half to even, to the minor unit. Like is only combined with like:
    mixed currencies, unlike units, unlike denominators and a zero denominator are refused. Share minus share gives percentage points;
    money by a count gives money per count; money by money gives a multiple. A rate per week becomes one per month, or an amount of ninety
    days one per week, by per_period and by nothing else. The result stands on the weakest basis of its operands.
    """
    if request.name in ("low", "high"):
        raise ToolInputError("'low' and 'high' name the ends of an interval: choose another name", field="name", found=request.name)
    operation, count = request.operation, len(request.operands)
    if operation in PAIRWISE and count != 2:
        raise ToolInputError(f"{operation} takes two figures, got {count}", field="operands", needed="2", found=str(count))
    if operation == "per_period" and count != 1:
        raise ToolInputError(f"per_period takes one figure, got {count}", field="operands", needed="1", found=str(count))
    if operation in ("sum", "product") and count < 2:
        raise ToolInputError(f"{operation} takes two figures or more, got {count}", field="operands", needed="2", found=str(count))
    result = _apply(request)
    if abs(result.value) > LARGEST:
        raise ToolInputError(
            "the result is larger than any amount or count this calculates with: check the scale of what went in", field="operands"
        )
    formula = _formula(request)
    periods = {operand.period for operand in request.operands if operand.period}
    figure = Figure(
        key=request.name,
        value=_number(result),
        unit=result.unit,
        metric=request.name if request.name != "result" else operation,
        label=request.label or formula,
        currency=result.currency,
        denominator=result.per,
        period=periods.pop() if len(periods) == 1 else None,
        basis=weakest(operand.basis for operand in request.operands),
    )
    return Calculation(
        figures=(figure,),
        findings=(_finding(request, formula),),
        caveats=tuple(_caveats(request)),
        formula=formula,
    )


def _apply(request: Calculate) -> Measured:
    operands = [operand.measured() for operand in request.operands]
    if request.operation == "per_period":
        return per_period(operands[0], _wanted_period(request), _days(request.operands[0]))
    if request.per:
        operands = _named_alike(operands, request.operation, request.per)
    match request.operation:
        case "sum":
            return add(operands)
        case "product":
            return multiply(operands)
        case "difference":
            return subtract(operands[0], operands[1])
        case "delta":
            return subtract(operands[1], operands[0])
        case "share":
            return part_of(operands[0], operands[1])
        case "ratio":
            return divide(operands[0], operands[1])
        case "growth":
            return grow(operands[0], operands[1])


def _wanted_period(request: Calculate) -> str:
    wanted = singular(request.per or "")
    if wanted not in DAYS:
        raise ToolInputError(f"per_period needs `per`: one of {', '.join(DAYS)}", field="per", needed=", ".join(DAYS), found=request.per)
    return wanted


def _days(operand: Operand) -> int | None:
    """Days of an operand's period, both ends included."""
    if operand.period is None:
        return None
    try:
        first, last = (date.fromisoformat(day) for day in operand.period.split("/"))
    except ValueError as error:
        raise ToolInputError(
            f"the period {operand.period!r} is no interval of two ISO dates", field="operands.0.period", needed="2026-01-01/2026-03-31"
        ) from error
    return (last - first).days + 1 if first <= last else None


def _named_alike(operands: list[Measured], operation: Operation, per: str) -> list[Measured]:
    """The rates, each per the one thing that the caller says their denominators have in common."""
    if operation == "product" or not any(operand.per for operand in operands):
        raise ToolInputError("`per` names what rates have in common that are compared or added; leave it out here", field="per", found=per)
    for index, operand in enumerate(operands):
        if is_period(operand.per) or is_period(per):
            raise ToolInputError(
                f"{operand.name!r} is per {operand.per or 'nothing'}: a period is converted with operation per_period, not renamed",
                field=f"operands.{index}.denominator",
                found=operand.per,
            )
    return [replace(operand, per=per) if operand.per else operand for operand in operands]


def _number(measured: Measured) -> int | float:
    """Money to the minor unit; a whole count as an integer; else the nearest float."""
    if measured.unit == "money" or (measured.value.denominator == 1 and measured.unit not in ("share", "points", "multiple")):
        return round(measured.value)
    return float(measured.value)


def _formula(request: Calculate) -> str:
    operation, names = request.operation, [operand.name for operand in request.operands]
    if operation == "per_period":
        names.append(_wanted_period(request))
    if operation in ("sum", "product"):
        return " plus ".join(names) if operation == "sum" else " times ".join(names)
    return FORMULAS[operation].format(*names)


def _finding(request: Calculate, formula: str) -> str:
    """A sentence without digits: a name that holds some stays out of it."""
    said = next((text for text in (request.label, formula) if text and not re.search(r"\d", text)), "the result")
    return f"{said[0].upper()}{said[1:]}: {{{{{request.name}}}}}."


def _caveats(request: Calculate) -> list[Caveat]:
    periods = {operand.period for operand in request.operands if operand.period}
    if len(periods) > 1 and request.operation in ("sum", "share", "ratio", "product"):
        return [
            Caveat(
                code="periods_differ",
                text="The figures that went in are for different periods.",
                insist=True,
                signs=("different periods", "periods differ", "not the same period"),
            )
        ]
    if request.operation == "per_period":
        return list(_conversion(request.operands[0], _wanted_period(request)))
    things = list(dict.fromkeys(operand.denominator for operand in request.operands if operand.denominator))
    if request.per and len({singular(thing) for thing in things}) > 1:
        named = " and ".join(things) if not re.search(r"\d", " ".join(things)) else "different things"
        return [
            Caveat(
                code="counted_alike",
                text=f"The figures are per {named}; they are compared as if each were one {request.per}.",
                insist=True,
                signs=("as if", "taken as one", "counted as one", "counted alike", "taken alike"),
            )
        ]
    return []


def _conversion(operand: Operand, wanted: str) -> Iterable[Caveat]:
    told = singular(operand.denominator) if operand.denominator else "day"
    if not operand.denominator:
        yield Caveat(code="spread_evenly", text="The amount is spread evenly over the days of its period.")
    if (told in ("day", "week")) != (wanted in ("day", "week")):
        yield Caveat(
            code="mean_lengths", text="The conversion takes mean lengths: a year of twelve equal months, leap days spread over years."
        )
