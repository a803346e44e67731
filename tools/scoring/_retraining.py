"""A model trained again beside the one that serves: compared on rows that neither has seen, where there are such rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from tools.contract import Frozen, ToolInputError
from tools.scoring._columns import Columns
from tools.scoring._labelled import FEWEST_OF_OUTCOME, Labelled
from tools.scoring._learn import Judged
from tools.scoring._model import Model
from tools.scoring._ranking import Area, Z, auc_of, difference

Replace = Literal["if_not_worse", "always", "never"]


class Compared(Frozen):
    """The new model beside the one that served."""

    version: int = Field(description="version that served")
    how: Literal["new_rows", "cards", "unreadable"] = Field(
        description="new_rows: on rows later than the old model's training · cards: each by its own card, on rows of its own · "
        "unreadable: the table no longer has what the old model reads"
    )
    rows: int = Field(description="rows they were compared on; none when by their cards")
    old_auc: float | None
    new_auc: float | None
    difference: float | None = Field(description="new less old")
    low: float | None
    high: float | None
    old_then: float = Field(description="AUC of the old model when it was trained")
    takes_over: bool


def compare(old: Model, judged: Judged, labelled: Labelled, columns: Columns, replace: Replace) -> Compared:
    """The comparison, and whether the new model takes over: unless it ranks worse by more than a standard error of the difference."""
    then = old.about.card.auc
    unreadable = [name for name in old.about.recipe.names if name not in columns]
    new_rows = _new_rows(old, judged, labelled)
    if not unreadable:
        try:
            probability = (
                old.learned.probability(
                    {name: columns[name].take(judged.rows[new_rows]) for name in old.about.recipe.names}, labelled.task.now
                )
                if new_rows.any()
                else np.empty(0)
            )
        except ToolInputError:
            unreadable = ["changed"]
    if unreadable:
        takes = replace != "never"
        return Compared(
            version=old.version, how="unreadable", rows=0, old_auc=None, new_auc=None, difference=None, low=None, high=None,
            old_then=then.value, takes_over=takes,
        )  # fmt: skip
    positive = judged.positive[new_rows]
    if min(int(positive.sum()), int((~positive).sum())) >= FEWEST_OF_OUTCOME:
        new = judged.probability[new_rows]
        gap = difference(new, probability, positive)
        return _said(old, "new_rows", int(new_rows.sum()), auc_of(probability, positive).value, auc_of(new, positive).value, gap, replace)
    now = auc_of(judged.probability, judged.positive)
    error = float(np.hypot(now.error, (then.high - then.low) / (2 * Z)))
    gap = Area(now.value - then.value, error, now.value - then.value - Z * error, now.value - then.value + Z * error)
    return _said(old, "cards", 0, then.value, now.value, gap, replace)


def _new_rows(old: Model, judged: Judged, labelled: Labelled) -> np.ndarray:
    moment = labelled.task.moment
    if moment is None:
        return np.zeros(len(judged.rows), dtype=bool)
    return moment.numbers[judged.rows] > old.about.trained_until


def _said(old: Model, how: Literal["new_rows", "cards"], rows: int, before: float, after: float, gap: Area, replace: Replace) -> Compared:
    better = gap.value >= -gap.error
    return Compared(
        version=old.version, how=how, rows=rows, old_auc=before, new_auc=after, difference=gap.value, low=gap.low, high=gap.high,
        old_then=old.about.card.auc.value, takes_over=replace == "always" or (replace == "if_not_worse" and better),
    )  # fmt: skip
