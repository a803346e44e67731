"""Which rows are learned from and which are judged: later rows by earlier ones, whole groups by others, else rows at random."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData
from tools.scoring._columns import Column, Floats

Way = Literal["temporal", "grouped", "random"]
Rows = NDArray[np.int64]

FOLDS = 5
ENOUGH = 20_000  # rows judged from which more folds would hardly narrow an interval


class Folds(NamedTuple):
    """Pairs of rows to learn from and rows to judge; no row is judged twice, and none by itself."""

    way: Way
    pairs: tuple[tuple[Rows, Rows], ...]


def make_folds(
    positive: NDArray[np.bool_], moment: Column | None, group: Column | None, random: np.random.Generator, *, enough: int = ENOUGH
) -> Folds:
    """Folds by time where rows have a moment, by group where groups repeat, else at random by outcome: as many as judge `enough` rows.

    Raises NotEnoughData.
    """
    if moment is not None:
        folds = Folds("temporal", _by_time(moment.numbers, group, len(positive), enough))
    elif group is not None and group.distinct() < 0.999 * len(group):
        folds = Folds("grouped", _split(_group_draw(group, random), len(positive), enough))
    else:
        draw = np.empty(len(positive))
        for side in (positive, ~positive):
            draw[side] = (random.permutation(int(side.sum())) + 0.5) / side.sum()
        folds = Folds("random", _split(draw, len(positive), enough))
    sound = tuple((learn, judge) for learn, judge in folds.pairs if _both(positive[learn], 10) and _both(positive[judge], 3))
    if not sound or sum(int(positive[judge].sum()) for _, judge in sound) < 10:
        what = {"temporal": "in the later part of the time", "grouped": "in other groups", "random": "among the rows held back"}
        raise NotEnoughData(
            f"there are too few rows of each outcome {what[folds.way]} to judge a model by",
            needed="ten rows of each outcome to learn from and three to judge by, in at least one fold",
            found=f"{int(positive.sum())} positive of {len(positive)} rows",
        )
    return folds._replace(pairs=sound)


def _by_time(moments: Floats, group: Column | None, rows: int, enough: int) -> tuple[tuple[Rows, Rows], ...]:
    """The later half in equal parts, each judged by everything before it; a group that was learned from is not judged."""
    order = np.argsort(moments, kind="stable")
    edges = np.unique(moments[order][np.linspace(rows // 2, rows - 1, FOLDS + 1).astype(int)[:-1]])
    count = _count(rows // 2, enough)
    pairs = []
    for place, start in enumerate(edges):
        end = edges[place + 1] if place + 1 < len(edges) else np.inf
        learn, judge = np.nonzero(moments < start)[0], np.nonzero((moments >= start) & (moments < end))[0]
        if group is not None:
            keys = _keys(group)
            judge = judge[~np.isin(keys[judge], keys[learn])]
        pairs.append((learn, judge))
    return tuple(pairs[-count:])


def _split(draw: Floats, rows: int, enough: int) -> tuple[tuple[Rows, Rows], ...]:
    fold = np.minimum((draw * FOLDS).astype(int), FOLDS - 1)
    return tuple((np.nonzero(fold != number)[0], np.nonzero(fold == number)[0]) for number in range(_count(rows, enough)))


def _count(rows: int, enough: int) -> int:
    """Folds to judge, of five: all of them until those judged are enough."""
    return int(np.clip(-(-enough * FOLDS // rows), 1, FOLDS))


def _group_draw(group: Column, random: np.random.Generator) -> Floats:
    keys = _keys(group)
    different, inverse = np.unique(keys, return_inverse=True)
    return random.random(len(different))[inverse]


def _keys(group: Column) -> Floats:
    """A number per group; each empty one stands alone."""
    keys = group.codes.astype(np.float64) if group.kind == "text" else group.numbers.copy()
    alone = group.missing
    keys[alone] = -2.0 - np.arange(int(alone.sum()))
    return keys


def _both(positive: NDArray[np.bool_], least: int) -> bool:
    many = int(positive.sum())
    return min(many, len(positive) - many) >= least
