"""How columns become numbers for an estimator: learned once from the rows of a training, plain JSON, and read again at scoring."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from tools.contract import Frozen, ToolInputError
from tools.scoring._columns import DAY, Codes, Column, Columns, Floats

Family = Literal["logistic", "boosting"]
Role = Literal["number", "age", "category", "words"]

FEWEST_OF_LEVEL = 20  # rows of a level under which its own effect would be noise: such levels are pooled
LEVELS = 50
WORDS = 30
WORD = re.compile(r"[^\W\d_]{2,}")
LONG_TAIL = 20.0  # times the median that the upper percentile lies at, from which a number is read on a logarithm
BINS = 10  # of the reference that drift is held against


class Reading(Frozen):
    """How one column is read. `middle` is the typical value, `low` and `high` the percentiles that a linear model clips at.

    Levels are in the order of their rows, most first: boosting splits categories by that order, which no outcome has been looked at for.
    """

    name: str
    role: Role
    levels: tuple[str, ...] = ()
    typical: str | None = None
    middle: float = 0.0
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    spread: float = 1.0
    logarithm: bool = False
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    """Shares of the training rows between the edges (or at the levels, then others), empty ones last: what drift is held against."""

    @property
    def width(self) -> int:
        """Columns that a linear model sees."""
        return {"number": 2, "age": 2, "category": len(self.levels) + 2, "words": len(self.levels)}[self.role]


class Recipe(Frozen):
    """How every column is read. `moment`: the column with the moment that ages are counted to, else the day asked for."""

    readings: tuple[Reading, ...]
    moment: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it reads, with the moment."""
        return tuple(reading.name for reading in self.readings) + ((self.moment,) if self.moment else ())

    @property
    def as_text(self) -> frozenset[str]:
        """Columns that are words or categories, whatever their cells look like."""
        return frozenset(reading.name for reading in self.readings if reading.role in ("category", "words"))

    def owners(self, family: Family) -> list[int]:
        """For each column of the matrix the place of the reading that it comes from."""
        widths = [reading.width if family == "logistic" or reading.role == "words" else 1 for reading in self.readings]
        return [place for place, width in enumerate(widths) for _ in range(width)]


def learn_recipe(columns: Columns, names: Sequence[str], moment: Column | None, now: float) -> Recipe:
    """The recipe of these columns. `now`: the moment that ages are counted to where there is no moment column."""
    return Recipe(readings=tuple(_learn(columns[name], moment, now) for name in names), moment=moment.name if moment else None)


def is_prose(column: Column) -> bool:
    """Whether a text column holds words in sentences rather than names of kinds."""
    if column.kind != "text" or len(column.levels) < 2:
        return False
    sample = column.levels[:: max(1, len(column.levels) // 500)]
    return sum(len(WORD.findall(level)) for level in sample) >= 3 * len(sample) and len(column.levels) > LEVELS


def words_of(column: Column) -> tuple[list[tuple[str, ...]], Counter[str]]:
    """The words of each level of a text, and in how many rows each word stands."""
    of_level = [tuple(sorted(set(WORD.findall(level.casefold())))) for level in column.levels]
    rows = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    found: Counter[str] = Counter()
    for words, count in zip(of_level, rows.tolist(), strict=True):
        for word in words:
            found[word] += count
    return of_level, found


def _learn(column: Column, moment: Column | None, now: float) -> Reading:
    if column.kind == "text":
        return _words(column) if is_prose(column) else _category(column)
    values = column.numbers if column.kind == "number" else _age(column, moment, now)
    known = values[~np.isnan(values)]
    low, middle, high = (float(value) for value in np.quantile(known, (0.005, 0.5, 0.995))) if len(known) else (0.0, 0.0, 0.0)
    logarithm = bool(len(known) and known.min() >= 0 and high > LONG_TAIL * max(middle, 1e-9) and high > 1)
    reading = Reading(
        name=column.name, role="number" if column.kind == "number" else "age", middle=middle, low=low, high=high, logarithm=logarithm
    )
    scaled = _scaled(reading, known) if len(known) else np.zeros(1)
    edges = tuple(float(edge) for edge in np.unique(np.quantile(known, np.arange(1, BINS) / BINS))) if len(known) else ()
    reading = reading.model_copy(update={"mean": float(scaled.mean()), "spread": float(scaled.std()) or 1.0, "edges": edges})
    return reading.model_copy(update={"shares": shares_of(reading, column, moment, now)})


def _category(column: Column) -> Reading:
    rows = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    order = sorted(range(len(column.levels)), key=lambda level: (-int(rows[level]), column.levels[level]))
    kept = [level for level in order[:LEVELS] if rows[level] >= FEWEST_OF_LEVEL]
    levels = tuple(column.levels[level] for level in kept)
    reading = Reading(name=column.name, role="category", levels=levels, typical=column.levels[order[0]] if order else None)
    return reading.model_copy(update={"shares": shares_of(reading, column, None, 0.0)})


def _words(column: Column) -> Reading:
    _, found = words_of(column)
    least, most = max(FEWEST_OF_LEVEL, 0.01 * len(column)), 0.9 * len(column)
    kept = sorted((word for word, rows in found.items() if least <= rows <= most), key=lambda word: (-found[word], word))[:WORDS]
    return Reading(name=column.name, role="words", levels=tuple(sorted(kept)))


def _age(column: Column, moment: Column | None, now: float) -> Floats:
    """Days from the column's moment to the row's, or to the day asked for."""
    until = moment.numbers if moment is not None else np.full(len(column), now)
    return (until - column.numbers) / DAY


def _scaled(reading: Reading, values: Floats) -> Floats:
    clipped = np.clip(values, reading.low, reading.high)
    return np.log1p(clipped) if reading.logarithm else clipped


def values_of(reading: Reading, column: Column, moment: Column | None, now: float) -> Floats | Codes:
    """The numbers of a number or an age, the codes of a category (-1 empty, then levels, then others).

    Raises ToolInputError when the column holds another kind of thing than it did.
    """
    if reading.role in ("number", "age"):
        wanted = "number" if reading.role == "number" else "moment"
        if column.kind == wanted or bool(column.missing.all()):
            return (
                np.full(len(column), np.nan)
                if column.kind != wanted
                else column.numbers
                if wanted == "number"
                else _age(column, moment, now)
            )
        what = {"number": "numbers", "moment": "days or times", "text": "text"}
        raise ToolInputError(
            f"the column {reading.name} has changed since the model was trained: it held {what[wanted]}",
            field=reading.name,
            needed=f"{what[wanted]}, or a model trained again on the table as it is",
            found=what[column.kind],
        )
    place = {level: index for index, level in enumerate(reading.levels)}
    codes = np.array([place.get(level, len(place)) for level in column.levels] or [0], dtype=np.int64)
    return np.where(column.codes >= 0, codes[column.codes], -1)


def shares_of(reading: Reading, column: Column, moment: Column | None, now: float) -> tuple[float, ...]:
    """The shares of rows between the reference's edges (or at its levels, then others), empty ones last."""
    values = values_of(reading, column, moment, now)
    if reading.role == "category":
        cells, bins = np.where(values < 0, len(reading.levels) + 1, values), len(reading.levels) + 2
    else:
        empty = np.isnan(values)
        cells = np.where(empty, len(reading.edges) + 1, np.searchsorted(reading.edges, np.where(empty, 0.0, values), side="left"))
        bins = len(reading.edges) + 2
    return tuple(round(float(share), 6) for share in np.bincount(cells.astype(np.int64), minlength=bins) / max(len(column), 1))


def encode(recipe: Recipe, columns: Mapping[str, Column], now: float, family: Family) -> Floats:
    """The matrix of an estimator, a row per row. Boosting takes numbers as they are and empty cells as such."""
    moment = columns[recipe.moment] if recipe.moment else None
    rows = len(next(iter(columns.values())))
    matrix = np.empty((rows, len(recipe.owners(family))))
    start = 0
    for reading in recipe.readings:
        column = columns[reading.name]
        if reading.role == "words":
            matrix[:, start : start + len(reading.levels)] = _word_marks(reading, column)
            start += len(reading.levels)
            continue
        values = values_of(reading, column, moment, now)
        if family == "boosting":
            matrix[:, start] = np.where(values < 0, np.nan, values) if reading.role == "category" else values
            start += 1
        elif reading.role == "category":
            matrix[:, start : start + reading.width] = values[:, None] == np.array([*range(len(reading.levels) + 1), -1])
            start += reading.width
        else:
            empty = np.isnan(values)
            scaled = (_scaled(reading, np.where(empty, reading.middle, values)) - reading.mean) / reading.spread
            matrix[:, start], matrix[:, start + 1] = scaled, empty
            start += 2
    return matrix


def _word_marks(reading: Reading, column: Column) -> Floats:
    place = {word: index for index, word in enumerate(reading.levels)}
    marks = np.zeros((len(column.levels) + 1, len(reading.levels)))
    for level, text in enumerate(column.levels):
        for word in WORD.findall(text.casefold()):
            if word in place:
                marks[level, place[word]] = 1.0
    return marks[column.codes]


def typical(recipe: Recipe, columns: Columns, now: float) -> Columns:
    """One row per row with every column at its typical value: what a reason is measured against."""
    rows = len(next(iter(columns.values())))
    made: Columns = {}
    for reading in recipe.readings:
        if reading.role == "category":
            levels = (reading.typical,) if reading.typical is not None else ()
            made[reading.name] = Column(reading.name, "text", codes=np.full(rows, 0 if levels else -1), levels=levels)
        elif reading.role == "words":
            made[reading.name] = Column(reading.name, "text", codes=np.full(rows, -1))
        elif reading.role == "number":
            made[reading.name] = Column(reading.name, "number", numbers=np.full(rows, reading.middle))
        else:
            until = columns[recipe.moment].numbers if recipe.moment else np.full(rows, now)
            made[reading.name] = Column(reading.name, "moment", numbers=until - reading.middle * DAY)
    if recipe.moment:
        made[recipe.moment] = columns[recipe.moment]
    return made
