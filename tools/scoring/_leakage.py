"""Columns that know the outcome already: found before a model is judged, each with its evidence (Kaufman, Rosset, Perlich 2012).

Thresholds are set so that an honest column is not accused: an honest predictor alone hardly reaches an AUC of .97, and rarely is filled
in for one outcome only.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.contract import Frozen
from tools.scoring._columns import DAY, Column, Columns, Floats
from tools.scoring._ranking import auc_of
from tools.scoring._recipe import is_prose, words_of

LeakKind = Literal["identifier", "near_perfect", "filled_after", "future", "telling_words", "copy"]

NEAR_PERFECT = 0.97  # AUC of one column alone, by rows that were not looked at
SURE = 0.95  # what the lower end of its interval has to pass
UNIQUE = 0.95  # share of different values from which a text names its row
SELDOM = 0.01  # share of one outcome's rows at most, for a column that is filled for the other
OFTEN = 0.1  # share of the other outcome's rows at least
PURE = 0.995  # share of one outcome among the rows that are filled or hold a word
CHANCE = 1e-9  # probability of such a split by chance, over all columns
FUTURE = 0.005  # share of rows ahead of their own moment
ID_NAME = re.compile(r"(^|_)(id|uuid|guid|key|number|no)$|^id_|(customer|user|lead|contact|account|order|record|row)id$")
PIECES = 5


class Leak(Frozen):
    """A column that knows the outcome, or names the row, and how it was found out."""

    column: str
    kind: LeakKind
    why: str
    auc: float | None = None
    filled_positive: float | None = None
    filled_negative: float | None = None
    rows: int | None = None
    example: str | None = None
    kept: bool = False


def find_leaks(
    columns: Columns, names: list[str], positive: NDArray[np.bool_], moment: Column | None, now: float, label: str
) -> list[Leak]:
    """The columns of `names` that leak, in their order. `moment`: when each row is looked at; `now`: the end of the day asked for."""
    found = (_leak(columns[name], positive, moment, now, label, len(names)) for name in names)
    return [leak for leak in found if leak is not None]


def _leak(column: Column, positive: NDArray[np.bool_], moment: Column | None, now: float, label: str, count: int) -> Leak | None:
    return (
        _identifier(column)
        or _future(column, moment, now)
        or _filled_after(column, positive, count)
        or _telling_words(column, positive, count)
        or _near_perfect(column, positive, label)
    )


def _identifier(column: Column) -> Leak | None:
    rows, different = len(column), column.distinct()
    known = int((~column.missing).sum())
    if known < 20 or column.kind == "moment" or is_prose(column):
        return None
    if column.kind == "text":
        named = different >= UNIQUE * known
    else:
        values = column.numbers[~np.isnan(column.numbers)]
        whole = bool(np.all(values == np.floor(values)))
        in_a_row = bool(values.max() - values.min() + 1 == different) and different == rows and rows > 100
        named = different == known and whole and (bool(ID_NAME.search(column.name)) or in_a_row)
    if not named:
        return None
    return Leak(column=column.name, kind="identifier", why="nearly every row has a value of its own: it names the row", rows=different)


def _future(column: Column, moment: Column | None, now: float) -> Leak | None:
    if column.kind != "moment":
        return None
    until = moment.numbers if moment is not None else np.full(len(column), now)
    # a day stands for its midnight, so a day's slack keeps the same day from being called later
    ahead = int(np.sum(column.numbers > until + (DAY if moment is not None else 0.0)))
    if ahead <= max(FUTURE * len(column), 1):
        return None
    than = "the moment at which the row is looked at" if moment is not None else "the day asked for"
    return Leak(column=column.name, kind="future", why=f"it lies after {than}", rows=ahead)


def _filled_after(column: Column, positive: NDArray[np.bool_], count: int) -> Leak | None:
    """Filled in (or other than its usual value) for one outcome only."""
    filled, empty = ~column.missing, "empty"
    if filled.all() and column.kind != "moment":
        values = column.codes if column.kind == "text" else column.numbers
        different, counts = np.unique(values, return_counts=True)
        if len(different) < 3 or counts.max() < 0.5 * len(values):
            return None  # of two values neither is the usual one: what they say is judged as a predictor
        filled, empty = values != different[counts.argmax()], "at its usual value"
    with_positive, with_negative = _share(filled, positive), _share(filled, ~positive)
    if empty != "empty" and with_negative > with_positive:
        return None
    low, high = sorted((with_positive, with_negative))
    pure = max(float(np.mean(positive[filled])), float(np.mean(~positive[filled]))) if filled.any() else 0.0
    if low > SELDOM or high < OFTEN or pure < PURE or not _beyond_chance(filled, positive, count):
        return None
    which = "positive" if with_positive > with_negative else "negative"
    return Leak(
        column=column.name,
        kind="filled_after",
        why=f"it is {empty} unless the outcome is {which}: it was filled in after the outcome",
        filled_positive=with_positive,
        filled_negative=with_negative,
        rows=int(filled.sum()),
    )


def _telling_words(column: Column, positive: NDArray[np.bool_], count: int) -> Leak | None:
    """A word that stands in the texts of one outcome only, or a level that few rows could share by chance."""
    if not is_prose(column):
        return None
    of_level, rows = words_of(column)
    place = {word: number for number, word in enumerate(word for word, many in rows.items() if many >= max(10, 0.02 * len(column)))}
    known = column.codes >= 0
    in_level = np.zeros((len(column.levels), 2), dtype=np.int64)
    np.add.at(in_level, (column.codes[known], positive[known].astype(np.int64)), 1)
    counts = np.zeros((len(place), 2), dtype=np.int64)
    for level, words in enumerate(of_level):
        for word in words:
            if word in place:
                counts[place[word]] += in_level[level]
    for word, number in sorted(place.items()):
        negatives, positives = counts[number].tolist()
        total = positives + negatives
        base = float(positive.mean())
        often = max(positives / max(positive.sum(), 1), negatives / max((~positive).sum(), 1)) >= OFTEN
        side, rate = (positives, base) if positives > negatives else (negatives, 1 - base)
        if often and side >= PURE * total and total * np.log(max(rate, 1e-12)) < np.log(CHANCE / (len(place) * count)):
            which = "positive" if positives > negatives else "negative"
            why = f"a word of it stands only where the outcome is {which}: the text was written after the outcome"
            return Leak(column=column.name, kind="telling_words", why=why, rows=total, example=word)
    return None


def _near_perfect(column: Column, positive: NDArray[np.bool_], label: str) -> Leak | None:
    auc, low = alone(column, positive)
    if auc < NEAR_PERFECT or low < SURE:
        return None
    same = label.casefold() in column.name.casefold() or column.name.casefold() in label.casefold()
    kind: LeakKind = "copy" if same or auc > 0.999 else "near_perfect"
    why = "it says the outcome in other words" if kind == "copy" else "alone it tells the outcomes apart nearly without fault"
    return Leak(column=column.name, kind=kind, why=why, auc=auc)


def alone(column: Column, positive: NDArray[np.bool_]) -> tuple[float, float]:
    """AUC of one column alone, and the lower end of its interval: each piece of rows is scored by the rates of the others' bins."""
    cells = _cells(column)
    piece = np.arange(len(cells)) * 7919 % PIECES
    size = int(cells.max()) + 1
    base, score = float(positive.mean()), np.empty(len(cells))
    rows = np.bincount(cells * PIECES + piece, minlength=size * PIECES).reshape(size, PIECES)
    hits = np.bincount(cells * PIECES + piece, weights=positive, minlength=size * PIECES).reshape(size, PIECES)
    others, theirs = rows.sum(axis=1, keepdims=True) - rows, hits.sum(axis=1, keepdims=True) - hits
    score = ((theirs + base) / (others + 1.0))[cells, piece]
    found = auc_of(score, positive)
    return found.value, found.low


def _cells(column: Column) -> NDArray[np.int64]:
    """Bins of a column: twenty equal parts of a number, the levels of a text that are frequent enough, and a bin for empty cells."""
    if column.kind == "text":
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        place = np.cumsum(counts >= 5)
        return np.where(column.codes < 0, 0, np.where(counts[column.codes] >= 5, place[column.codes], place[-1] + 1 if len(place) else 1))
    known = column.numbers[~np.isnan(column.numbers)]
    edges: Floats = np.unique(np.quantile(known, np.arange(1, 20) / 20)) if len(known) else np.empty(0)
    filled = np.where(np.isnan(column.numbers), 0.0, column.numbers)
    # both sides of each edge: a value that many rows share has a bin of its own
    cells = np.searchsorted(edges, filled, side="left") + np.searchsorted(edges, filled, side="right") + 1
    return np.where(np.isnan(column.numbers), 0, cells).astype(np.int64)


def _share(marks: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    return round(float(marks[of].mean()), 6) if of.any() else 0.0


def _beyond_chance(filled: NDArray[np.bool_], positive: NDArray[np.bool_], count: int) -> bool:
    """Whether so one-sided a split is rarer than `CHANCE` when filling in has nothing to do with the outcome."""
    from scipy.stats import hypergeom

    rows, of_positive, many = len(positive), int(positive.sum()), int(filled.sum())
    both = int((filled & positive).sum())
    tail = min(hypergeom.sf(both - 1, rows, of_positive, many), hypergeom.cdf(both, rows, of_positive, many))
    return bool(tail < CHANCE / max(count, 1))
