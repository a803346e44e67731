"""The tool contract: what a request, a result and a figure are, and the declaration that opens every door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from inspect import signature
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Basis = Literal["experiment", "observed", "stated", "attributed", "model", "benchmark", "assumed"]
"""Where a figure comes from, strongest first: a computed figure takes the weakest basis of its inputs."""

BASES: tuple[Basis, ...] = ("experiment", "observed", "stated", "attributed", "model", "benchmark", "assumed")

Unit = Literal["count", "money", "share", "points", "multiple", "number", "score", "hours", "days", "weeks", "months", "date"]
"""share: 0..1, shown as a percentage · points: a difference of shares, shown as percentage points · money: integer minor units ·
multiple: a ratio of like things, shown as 3.2x · date: an ISO date string · count: whole or fractional number of things."""

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
SLOT = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_.]*)\s*(?:\|\s*([a-z_]+)\s*)?\}\}")


def weakest(bases: Iterable[Basis]) -> Basis:
    """The weakest of several bases; `observed` when there are none."""
    return max(bases, key=BASES.index, default="observed")


class Frozen(BaseModel):
    """A value that does not change once made, and takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(Frozen):
    """An interval in the unit of its figure, with the level it holds at and what it is an interval of."""

    low: float
    high: float
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    kind: Literal["confidence", "prediction", "credible", "range"] = "confidence"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"interval runs backwards: {self.low!r} > {self.high!r}")
        return self


class Figure(Frozen):
    """One number that a text may show, with all that is needed to read it rightly."""

    key: str = Field(description="dotted, unique in its result: entity first, metric last, as in google_ads.cpa")
    value: int | float | str = Field(description="in `unit`; money in integer minor units; a str only for a date (ISO)")
    unit: Unit
    metric: str = Field(description="what is measured, snake_case: spend, cpa, conversions, roas, conversion_rate, …")
    label: str = Field(description="what is measured, as a person would write it: 'cost per booking'")
    entity: str | None = Field(None, description="whom or what it belongs to: 'google_ads', 'segment: loyal'; none is the whole client")
    currency: str | None = Field(None, description="ISO 4217, for money only")
    period: str | None = Field(None, description="ISO 8601 interval of dates, both included: 2026-01-01/2026-03-31")
    denominator: str | None = Field(None, description="what a rate is per: 'clicks', 'bookings', 'week'")
    interval: Interval | None = None
    n: int | None = Field(None, description="sample size behind it", ge=0)
    basis: Basis = "observed"
    rests_on: tuple[str, ...] | None = Field(
        None, description="request fields that went into it; all of them when left out, so an exact sum does not pass for a model's"
    )
    source: str | None = Field(None, description="for a benchmark or a statement: who said it, where")
    source_date: date | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if not KEY.fullmatch(self.key):
            raise ValueError(f"figure key {self.key!r} is not dotted snake_case")
        if self.key.rsplit(".", 1)[-1] in ("low", "high"):
            raise ValueError(f"figure key {self.key!r}: low and high are the ends of an interval")
        if (self.unit == "money") != (self.currency is not None):
            raise ValueError(f"figure {self.key!r}: money has a currency and nothing else has")
        if self.unit == "money" and not isinstance(self.value, int):
            raise ValueError(f"figure {self.key!r}: money is an integer number of minor units, got {self.value!r}")
        if isinstance(self.value, str) != (self.unit == "date"):
            raise ValueError(f"figure {self.key!r}: a text value is a date and nothing else is")
        if self.basis == "benchmark" and (self.source is None or self.source_date is None):
            raise ValueError(f"figure {self.key!r}: a benchmark names its source and date")
        return self


class Caveat(Frozen):
    """A limit of a result. An insistent one must be seen in the text: one of its `signs`, or its own words."""

    code: str = Field(description="snake_case: extrapolation, small_sample, immature_cohort, …")
    text: str = Field(description="one sentence, slots for its figures")
    insist: bool = False
    signs: tuple[str, ...] = Field((), description="phrases any of which shows that the text says so")


class Decision(Frozen):
    """What the result advises to do, in one word, and why in one sentence (slots for figures)."""

    action: str
    reason: str


class Column(Frozen):
    """A column of a result's table."""

    name: str
    label: str
    unit: Unit | Literal["text"] = "text"
    currency: str | None = None


class Table(Frozen):
    """A small table for pages and appendices; money in minor units."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[int | float | str | None, ...], ...]


class ToolResult(Frozen):
    """What every tool gives. A tool extends it with typed fields of its own that later tools can take (`{{E3.curves}}`)."""

    figures: tuple[Figure, ...] = ()
    findings: tuple[str, ...] = Field((), description="sentences that hold slots, never digits")
    caveats: tuple[Caveat, ...] = ()
    decision: Decision | None = None
    table: Table | None = None
    chart: dict[str, Any] | None = Field(None, description="a Vega-Lite specification with its data inside")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        keys = [figure.key for figure in self.figures]
        if len(keys) != len(set(keys)):
            raise ValueError(f"figure keys repeat: {sorted({key for key in keys if keys.count(key) > 1})}")
        texts = [*self.findings, *(caveat.text for caveat in self.caveats), *([self.decision.reason] if self.decision else [])]
        for text in texts:
            bare = SLOT.sub("", text)
            if re.search(r"\d", bare):
                raise ValueError(f"a finding holds digits outside its slots: {text!r}")
            for key, _ in SLOT.findall(text):
                if key not in keys and key.removesuffix(".low").removesuffix(".high") not in keys:
                    raise ValueError(f"a finding names no figure of this result: {key!r}")
        return self

    def figure(self, key: str) -> Figure:
        """The figure with this key. Raises KeyError."""
        for figure in self.figures:
            if figure.key == key:
                return figure
        raise KeyError(key)


class Request(Frozen):
    """What every tool takes. The runner stamps `as_of` when the caller leaves it out: a tool has no clock."""

    as_of: date | None = Field(None, description="the day the answer is for (ISO date); today in the client's zone when left out")


def choice(unit: str, description: str, **bounds: Any) -> Any:
    """A field that the caller may choose freely within its bounds: a horizon, a level, a limit. No provenance is asked."""
    return Field(description=description, json_schema_extra={"x-role": "choice", "x-unit": unit}, **bounds)


def quantity(unit: str, description: str, **bounds: Any) -> Any:
    """A field that claims something about the world: an agent must give a slot, a quotation, a stored fact or a named assumption."""
    return Field(description=description, json_schema_extra={"x-role": "quantity", "x-unit": unit}, **bounds)


def draft(description: str, **bounds: Any) -> Any:
    """A text that a reader will get: it may hold slots, which are filled in before the tool sees it, and merge fields, which stay."""
    return Field(description=description, json_schema_extra={"x-role": "draft"}, **bounds)


class ToolRefusal(Exception):
    """A tool says no, for a reason that reads well in chat."""

    kind = "refused"

    def __init__(self, message: str, *, field: str | None = None, needed: str | None = None, found: str | None = None):
        super().__init__(message)
        self.message, self.field, self.needed, self.found = message, field, needed, found

    def as_json(self) -> dict[str, str | None]:
        """The refusal as programs read it."""
        return {"kind": self.kind, "message": self.message, "field": self.field, "needed": self.needed, "found": self.found}


class ToolInputError(ToolRefusal):
    """What is wrong with the request, and which field."""

    kind = "input"


class NotEnoughData(ToolRefusal):
    """What is needed, and what there is."""

    kind = "not_enough_data"


@dataclass(frozen=True)
class Tool:
    """A declared tool, as every door sees it."""

    name: str
    version: int
    field: str
    summary: str
    description: str
    request: type[Request]
    result: type[ToolResult]
    reads_facts: bool
    function: Callable[..., ToolResult]

    def __call__(self, *arguments: Any) -> ToolResult:
        return self.function(*arguments)


def tool(*, version: int, field: str) -> Callable[[Callable[..., ToolResult]], Tool]:
    """Declare a function `(request[, facts]) -> result` as a tool. Name, texts and types are read off the function."""

    def declare(function: Callable[..., ToolResult]) -> Tool:
        parameters = signature(function, eval_str=True)
        types = [parameter.annotation for parameter in parameters.parameters.values()]
        text = (function.__doc__ or "").strip()
        if not text:
            raise TypeError(f"tool {function.__name__!r} has no docstring: its first line is what people and agents read")
        return Tool(
            name=function.__name__,
            version=version,
            field=field,
            summary=text.splitlines()[0],
            description=re.sub(r"\n[ \t]+", "\n", text),
            request=types[0],
            result=parameters.return_annotation,
            reads_facts=len(types) > 1,
            function=function,
        )

    return declare
