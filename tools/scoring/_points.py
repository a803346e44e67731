"""Points by stated rules: what is left to score by where no outcomes are known to learn from."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from tools.contract import Frozen, ToolInputError, quantity
from tools.scoring._asking import Part, Reason
from tools.scoring._columns import Columns, Floats, need_column


class Rule(Frozen):
    """Points for a row of which something holds."""

    column: str = Field(description="column that is looked at")
    when: Literal["equals", "at_least", "at_most", "filled", "empty"] = Field(description="what has to hold")
    value: str | None = Field(None, description="what it is compared with, as text; a number for at_least and at_most")
    points: int = quantity("score", "points given, below zero to take away", ge=-1000, le=1000)
    part: Part = Field("fit", description="fit: who they are · engagement: what they do")


def marks_of(rule: Rule, columns: Columns, number: int) -> np.ndarray:
    """Whether the rule holds of each row. Raises ToolInputError."""
    need_column(columns, rule.column, f"points.{number}.column")
    column = columns[rule.column]
    if rule.when in ("filled", "empty"):
        return column.missing if rule.when == "empty" else ~column.missing
    if rule.value is None:
        raise ToolInputError("this rule needs a value", field=f"points.{number}.value")
    if rule.when == "equals":
        return np.array([text is not None and text.casefold() == rule.value.casefold() for text in column.texts()])
    try:
        bound = float(rule.value)
    except ValueError as error:
        raise ToolInputError(f"{rule.value!r} is not a number", field=f"points.{number}.value") from error
    if column.kind != "number":
        raise ToolInputError(f"the column {rule.column} holds no numbers", field=f"points.{number}.column", found=column.kind)
    values = np.where(np.isnan(column.numbers), -np.inf if rule.when == "at_least" else np.inf, column.numbers)
    return values >= bound if rule.when == "at_least" else values <= bound


class Pointed(Frozen):
    """Points of the rows by part."""

    model_config = {"arbitrary_types_allowed": True, "frozen": True}

    fit: Floats
    engagement: Floats
    marks: tuple[np.ndarray, ...]

    @property
    def total(self) -> Floats:
        """Points of each row."""
        return self.fit + self.engagement


def give_points(rules: tuple[Rule, ...], columns: Columns) -> Pointed:
    """The points of every row."""
    marks = tuple(marks_of(rule, columns, number) for number, rule in enumerate(rules))
    rows = len(marks[0])
    parts: dict[Part, Floats] = {"fit": np.zeros(rows), "engagement": np.zeros(rows)}
    for rule, holds in zip(rules, marks, strict=True):
        parts[rule.part] = parts[rule.part] + rule.points * holds
    return Pointed(fit=parts["fit"], engagement=parts["engagement"], marks=marks)


def reasons_of(rules: tuple[Rule, ...], pointed: Pointed, row: int, columns: Columns) -> tuple[Reason, ...]:
    """The rules that gave or took most."""
    held = [rule for rule, marks in zip(rules, pointed.marks, strict=True) if marks[row]]
    ordered = sorted(held, key=lambda rule: -abs(rule.points))[:3]
    return tuple(
        Reason(column=rule.column, value=columns[rule.column].take(np.array([row])).texts()[0] or "empty", change=rule.points)
        for rule in ordered
    )
