"""From a request to rows with an outcome: what is read, what the outcome is, and which columns may be learned from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.contract import Frozen, NotEnoughData, ToolInputError, choice
from tools.contracts import CONTRACTS
from tools.facts import Facts
from tools.scoring._columns import DAY, Cell, Column, Columns, end_of, find_table, need_column, of_rows, of_table
from tools.scoring._leakage import Leak, find_leaks
from tools.scoring._learn import Task
from tools.scoring._recipe import FEWEST_OF_LEVEL, is_prose

FEWEST = 100  # rows with a known outcome under which no validation says anything
FEWEST_OF_OUTCOME = 20
NAME = r"^[a-z][a-z0-9_]{0,62}$"
YES = ("1", "true", "yes", "y", "churned", "converted", "won")

Rows = tuple[Mapping[str, Cell], ...]


class Learn(Frozen):
    """A labelled table and how it is to be read."""

    table: str | None = Field(None, description="name of the client's table, of a contract or as it was imported (free_ may be left out)")
    rows: Rows | None = Field(None, description="the rows themselves, one JSON object each, in place of a table", max_length=100_000)
    label: str = Field(description="column of the outcome: two values, or a day that is filled in once the outcome has happened")
    positive: str | None = Field(
        None, description="value of the label that stands for the outcome; the higher number, yes or true when left out"
    )
    time_column: str | None = Field(
        None, description="column with the moment at which each row was looked at: rows are then judged by earlier ones only"
    )
    horizon_days: int | None = choice(
        "days", "for a label that is a day: the outcome counts within so many days after time_column; younger rows are left out",
        default=None, ge=1, le=3650,
    )  # fmt: skip
    group_column: str | None = Field(
        None, description="column whose rows belong together (one customer, one account): never split over a fold"
    )
    id_column: str | None = Field(None, description="column that names the row; it is not learned from")
    columns: tuple[str, ...] = Field((), description="columns to learn from; every other column of the table when empty", max_length=500)
    exclude: tuple[str, ...] = Field((), description="columns not to learn from", max_length=500)
    keep_leaking: tuple[str, ...] = Field(
        (), description="columns to use although they were found to leak: only where they are known before the outcome", max_length=500
    )
    method: Literal["auto", "logistic", "boosting"] = Field(
        "auto", description="auto: regularised logistic regression unless boosted trees rank better by more than a standard error"
    )
    seed: int = choice("number", "seed of the folds: the same table and seed give the same model", default=1, ge=0, le=2**31 - 1)


class LeftOut(Frozen):
    """A column that was not learned from, and why."""

    column: str
    why: str


class Labelled(NamedTuple):
    """A task with its leaks: `task` has the columns that are learned from, `tempting` those and the leaking ones."""

    task: Task
    leaks: tuple[Leak, ...]
    left_out: tuple[LeftOut, ...]
    positive: str
    unknown: int
    open_ended: bool
    until: float
    """The latest moment of the rows, or the day asked for: what comes after it is new to the model."""


def read_labelled(request: Learn, facts: Facts) -> Labelled:
    """The rows with an outcome. Raises ToolInputError, NotEnoughData: each says what would be enough."""
    if (request.table is None) == (request.rows is None):
        raise ToolInputError("name a table or give rows: one of the two", field="table")
    columns, personal = _read(request, facts)
    now = end_of(facts.as_of)
    rows = len(columns[request.label])
    moment = _moment(columns[request.time_column], request) if request.time_column else None
    known, positive, name = _outcome(columns[request.label], moment, request, now)
    if moment is not None:
        known &= ~moment.missing
    kept = np.nonzero(known)[0]
    columns = {each: column.take(kept) for each, column in columns.items()}
    positive, moment = positive[kept], moment.take(kept) if moment is not None else None
    _enough(positive, rows, name)
    group_name = request.group_column or request.id_column
    names, left_out = _usable(columns, request, personal)
    leaks = find_leaks(columns, names, positive, moment, now, request.label)
    leaks = [leak.model_copy(update={"kept": leak.column in request.keep_leaking}) for leak in leaks]
    leaking = {leak.column for leak in leaks if not leak.kept}
    used = tuple(each for each in names if each not in leaking)
    if not used:
        raise NotEnoughData(
            "no column is left to learn from",
            field="columns",
            needed="at least one column that varies, whose values repeat, and that is known before the outcome",
            found="; ".join([f"{one.column}: {one.why}" for one in left_out] + [f"{leak.column}: {leak.why}" for leak in leaks])[:600],
        )
    task = Task(columns, used, positive, moment, columns[group_name] if group_name else None, now, request.seed)
    until = float(moment.numbers.max()) if moment is not None else now
    open_ended = columns[request.label].kind == "moment" and request.horizon_days is None
    return Labelled(task, tuple(leaks), tuple(left_out), name, rows - len(kept), open_ended, until)


def _read(request: Learn, facts: Facts) -> tuple[Columns, frozenset[str]]:
    """The columns that matter, and those that a contract calls personal."""
    personal: frozenset[str] = frozenset()
    if request.rows is not None:
        there = list({name for row in request.rows for name in row})
    else:
        table = find_table(facts, str(request.table))
        there = list(table.columns)
        contract = CONTRACTS.get(str(request.table))
        personal = frozenset(column.name for column in contract.columns if column.personal) if contract else frozenset()
    special = {
        "label": request.label,
        "time_column": request.time_column,
        "group_column": request.group_column,
        "id_column": request.id_column,
    }
    for field_name, name in special.items():
        if name is not None:
            need_column(there, name, field_name)
    for field_name, named in (("columns", request.columns), ("exclude", request.exclude), ("keep_leaking", request.keep_leaking)):
        for name in named:
            need_column(there, name, field_name)
    wanted = set(request.columns or there) | {name for name in special.values() if name}
    wanted -= set(request.exclude) - {name for name in special.values() if name}
    names = sorted(wanted)  # an object's fields have no order, and the same rows have to give the same model
    if request.rows is not None:
        return of_rows(request.rows, names), personal
    return of_table(facts, table, names), personal


def _moment(column: Column, request: Learn) -> Column:
    if column.kind != "moment":
        raise ToolInputError(f"{column.name} holds no days or times", field="time_column", needed="days or times", found=column.kind)
    return column


def _outcome(label: Column, moment: Column | None, request: Learn, now: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_], str]:
    """Which rows have a known outcome, which of them a positive one, and what the positive one is called."""
    everywhere = np.ones(len(label), dtype=bool)
    if label.kind == "moment":
        happened = ~label.missing & (label.numbers <= now)
        if request.horizon_days is None:
            return everywhere, happened, "filled in"
        if moment is None:
            raise ToolInputError("a horizon counts from a moment: name the time_column", field="time_column")
        window = request.horizon_days * DAY
        return moment.numbers + window <= now, happened & (label.numbers <= moment.numbers + window), "filled in within the horizon"
    values = label.levels if label.kind == "text" else tuple(f"{value:g}" for value in np.unique(label.numbers[~label.missing]))
    used = [value for place, value in enumerate(values) if label.kind != "text" or bool((label.codes == place).any())]
    if request.positive is not None:
        chosen = _named(request.positive, used)
        if chosen is None:
            raise ToolInputError(
                f"no row of {label.name} is {request.positive!r}",
                field="positive",
                needed="a value that the label has",
                found=", ".join(used[:20]),
            )
    elif len(used) > 2:
        raise ToolInputError(
            f"{label.name} has more than two values: say which one is the outcome",
            field="positive",
            needed="the value that stands for the outcome",
            found=", ".join(used[:20]),
        )
    else:
        by_name = next((value for value in used if value.casefold() in YES), None)
        chosen = used[-1] if label.kind == "number" and used else by_name
        if chosen is None and used:
            raise ToolInputError(f"say which value of {label.name} is the outcome", field="positive", found=", ".join(used))
    if chosen is None:
        raise NotEnoughData(f"{label.name} is empty in every row", field="label", needed="a column with the outcome", found="empty cells")
    marks = label.codes == label.levels.index(chosen) if label.kind == "text" else np.isclose(label.numbers, float(chosen), rtol=1e-9)
    return ~label.missing, marks, chosen


def _named(wanted: str, used: list[str]) -> str | None:
    """The value that is meant: as written, or whichever reads as the same number or truth value."""
    alike = {wanted, wanted.casefold(), {"yes": "1", "true": "1", "no": "0", "false": "0"}.get(wanted.casefold(), wanted)}
    if re.fullmatch(r"-?\d+(\.\d+)?", wanted):
        alike.add(f"{float(wanted):g}")
    return next((value for value in used if value in alike or value.casefold() in alike), None)


def _enough(positive: NDArray[np.bool_], rows: int, name: str) -> None:
    many, few = int(positive.sum()), int((~positive).sum())
    if min(many, few) == 0 and len(positive):
        raise NotEnoughData(
            f"the label has one outcome only: {'every' if many else 'no'} row is {name!r}",
            field="label",
            needed=f"rows of both outcomes, at least {FEWEST_OF_OUTCOME} of each",
            found=f"{many} with it and {few} without",
        )
    if len(positive) < FEWEST or min(many, few) < FEWEST_OF_OUTCOME:
        raise NotEnoughData(
            "too few rows with a known outcome to learn from",
            field="label",
            needed=f"{FEWEST} rows, of each outcome at least {FEWEST_OF_OUTCOME}",
            found=f"{len(positive)} of {rows} rows: {many} with the outcome and {few} without",
        )


def _usable(columns: Columns, request: Learn, personal: frozenset[str]) -> tuple[list[str], list[LeftOut]]:
    """Columns that may be learned from, and those that may not."""
    special = {request.label, request.time_column, request.group_column, request.id_column}
    names, left_out = [], []
    for name, column in columns.items():
        why = None
        if name in special:
            continue
        if name in personal and name not in request.columns:
            why = "it names or describes one person"
        elif column.missing.all():
            why = "it is empty"
        elif column.distinct() < 2 and not column.missing.any():
            why = "it is the same in every row"
        elif column.kind == "text" and not is_prose(column) and column.distinct() < 0.95 * len(column):
            rows = np.bincount(column.codes[column.codes >= 0], minlength=1)
            if rows.max() < FEWEST_OF_LEVEL:
                why = "it has too many different values: none has rows enough to learn from"
        if why is None:
            names.append(name)
        else:
            left_out.append(LeftOut(column=name, why=why))
    return names, left_out
