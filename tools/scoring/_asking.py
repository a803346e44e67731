"""What a model says of rows: probabilities, their reasons, and whether the rows are still like those it was trained on."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from tools.contract import Frozen, NotEnoughData, ToolInputError
from tools.facts import Facts
from tools.scoring._card import make_card
from tools.scoring._columns import Cell, Column, Columns, Floats, end_of
from tools.scoring._estimator import log_odds
from tools.scoring._labelled import FEWEST, FEWEST_OF_OUTCOME, Learn, read_labelled
from tools.scoring._learn import choose, judge, learn
from tools.scoring._model import FORMAT, About, Asked, Model, ModelKind, find_model, read_asked, score_deciles
from tools.scoring._ranking import auc_of
from tools.scoring._recipe import Recipe, encode, shares_of, typical

REASONS = 3
DRIFTED = 0.25  # population stability index from which a column is another one (Siddiqi 2006)
FEWEST_TO_COMPARE = 200
BEHAVIOUR = re.compile(
    r"visit|view|open|click|session|event|page|download|webinar|attend|last|recen|since|activ|engage|usage|used?$|uses|login|form|demo|trial|"
    r"repl|respon|call|meeting|minutes|sent|touch|order|purchase|spend|tenure|ticket"
)
Part = Literal["fit", "engagement"]


class Reason(Frozen):
    """Why one row's probability is what it is: what it would lose were this column at its typical value."""

    column: str
    value: str = Field(description="the row's value, as it was read")
    change: float = Field(description="probability less the probability with the typical value; points")


class Drift(Frozen):
    """How far a column's spread has moved since training, as a population stability index; above a quarter it is another one."""

    column: str
    index: float
    drifted: bool


class Watched(Frozen):
    """Outcomes that have come in since: how the model does on them, beside its card."""

    rows: int
    auc: float
    low: float
    high: float
    auc_then: float
    said: float = Field(description="mean probability said")
    rate: float = Field(description="rate observed")
    decayed: bool = Field(description="whether the card's AUC lies above the interval")


class Answer(NamedTuple):
    """A model with the rows that it was asked about."""

    model: Model
    asked: Asked
    probability: Floats
    now: float
    kept: bool
    """Whether it is a model of the client's; else it was trained in this call and is gone after it."""


def ask(
    facts: Facts,
    *,
    name: str,
    version: int | None,
    kinds: tuple[ModelKind, ...],
    learn_from: Learn | None,
    rows: tuple[Mapping[str, Cell], ...] | None,
    table: str | None,
    id_column: str | None,
    more: tuple[str | None, ...] = (),
) -> Answer:
    """Probabilities of rows by the client's model, or by one learned in this call. Raises NotEnoughData when there is neither."""
    if learn_from is not None:
        model = _learned_here(learn_from, facts, name, kinds[0])
    else:
        found = find_model(facts, name, kinds, version)
        if found is None:
            raise NotEnoughData(
                f"there is no model {name!r}: train one first with train_model",
                field="model",
                needed=f"a model of kind {' or '.join(kinds)}: {FEWEST} rows with a known outcome, {FEWEST_OF_OUTCOME} of each",
                found="none of this name",
            )
        model = found
    asked = read_asked(model.learned, facts, rows, table, id_column, (*more, model.about.label))
    now = end_of(facts.as_of)
    return Answer(model, asked, model.learned.probability(_of(model.learned.recipe, asked.columns), now), now, learn_from is None)


def _learned_here(request: Learn, facts: Facts, name: str, kind: ModelKind) -> Model:
    labelled = read_labelled(request, facts)
    task, candidate = labelled.task, choose(labelled.task, request.method)
    judged = judge(task, candidate)
    learned = learn(task, candidate, judged)
    card = make_card(learned, candidate.strength, judged, task.columns, task.folds().way, len(task.positive), task.now, task.seed)
    about = About(
        format=FORMAT, kind=kind, label=request.label, positive=labelled.positive, family=learned.family, recipe=learned.recipe,
        calibration=learned.calibration, card=card, trained_on=request.table or "rows of the request", trained_until=labelled.until,
        scores=score_deciles(judged.probability),
    )  # fmt: skip
    return Model(name, 0, about, learned)


def parts_of(recipe: Recipe, fit: Collection[str], engagement: Collection[str]) -> dict[str, Part]:
    """Which part each column belongs to: as stated, else by its name and kind. Raises ToolInputError for a column that is not read."""
    for field, named in (("fit_columns", fit), ("engagement_columns", engagement)):
        for name in named:
            if name not in recipe.names:
                raise ToolInputError(f"the model does not read the column {name!r}", field=field, found=", ".join(recipe.names[:30]))
    found: dict[str, Part] = {}
    for reading in recipe.readings:
        behaviour = reading.role == "age" or bool(BEHAVIOUR.search(reading.name.casefold()))
        found[reading.name] = "fit" if reading.name in fit else "engagement" if reading.name in engagement or behaviour else "fit"
    return found


class Explained(NamedTuple):
    """Reasons of rows, and their probability by each part alone: the other part's columns at their typical values."""

    reasons: list[tuple[Reason, ...]]
    fit: Floats
    engagement: Floats


def explain(answer: Answer, rows: np.ndarray, parts: Mapping[str, Part]) -> Explained:
    """Reasons and parts of these rows, by asking the model about them again with columns at their typical values."""
    learned, recipe = answer.model.learned, answer.model.about.recipe
    held = {name: column.take(rows) for name, column in _of(recipe, answer.asked.columns).items()}
    matrix = encode(recipe, held, answer.now, learned.family)
    usual = encode(recipe, typical(recipe, held, answer.now), answer.now, learned.family)
    owners = np.array(recipe.owners(learned.family))
    without = [owners == place for place in range(len(recipe.readings))]
    of_part = np.array([parts[recipe.readings[owner].name] == "engagement" for owner in owners], dtype=bool)
    replaced = [*without, of_part, ~of_part]
    stacked = np.concatenate([np.where(mask[None, :], usual, matrix) for mask in replaced])
    probability = learned.calibration(log_odds(learned.estimator, stacked)).reshape(len(replaced), len(rows))
    here = answer.probability[rows]
    change = here[None, :] - probability[:-2]
    texts = {reading.name: _shown(held[reading.name]) for reading in recipe.readings}
    reasons = []
    for row in range(len(rows)):
        order = sorted(range(len(recipe.readings)), key=lambda place: (-abs(change[place, row]), place))[:REASONS]
        reasons.append(
            tuple(
                Reason(column=recipe.readings[place].name, value=texts[recipe.readings[place].name][row], change=float(change[place, row]))
                for place in order
                if abs(change[place, row]) > 1e-9
            )
        )
    return Explained(reasons, probability[-2], probability[-1])


def _shown(column: Column) -> list[str]:
    if column.kind == "moment":
        return ["empty" if np.isnan(value) else str(np.datetime64(int(value), "s"))[:10] for value in column.numbers]
    return ["empty" if text is None else text[:80] for text in column.texts()]


def _of(recipe: Recipe, columns: Columns) -> Columns:
    return {name: columns[name] for name in recipe.names}


def drift_of(answer: Answer) -> tuple[Drift, ...]:
    """Columns and probabilities beside the training's, the most moved first; none for fewer rows than a comparison needs."""
    if answer.asked.rows < FEWEST_TO_COMPARE:
        return ()
    about, columns = answer.model.about, answer.asked.columns
    moment = columns[about.recipe.moment] if about.recipe.moment else None
    found = []
    for reading in about.recipe.readings:
        # an age counts to the day asked for: it moves by itself, and so says nothing
        if reading.role == "words" or not reading.shares or (reading.role == "age" and moment is None):
            continue
        found.append((reading.name, _index(reading.shares, shares_of(reading, columns[reading.name], moment, answer.now))))
    tenth = np.bincount(np.searchsorted(about.scores, answer.probability, side="left"), minlength=10) / answer.asked.rows
    found.append(("probability", _index((0.1,) * 10, tuple(tenth.tolist()))))
    return tuple(
        Drift(column=name, index=index, drifted=index > DRIFTED) for name, index in sorted(found, key=lambda one: (-one[1], one[0]))
    )


def _index(then: tuple[float, ...], now: tuple[float, ...]) -> float:
    """Population stability index; a share under a ten-thousandth counts as one."""
    a, b = (np.maximum(np.array(shares), 1e-4) for shares in (then, now))
    return float(((b - a) * np.log(b / a)).sum())


def watch(answer: Answer, table: str | None) -> Watched | None:
    """The outcomes among the rows asked about that are new to the model, where the label is among their columns and enough are known."""
    about = answer.model.about
    label = answer.asked.columns.get(about.label)
    if label is None or label.kind == "moment" or not answer.kept:
        return None
    known = ~label.missing
    if about.recipe.moment is not None:
        known &= answer.asked.columns[about.recipe.moment].numbers > about.trained_until
    elif table == about.trained_on:
        return None  # no telling which of these rows it was trained on
    if label.kind == "text":
        if about.positive not in label.levels:
            return None
        positive = label.codes == label.levels.index(about.positive)
    else:
        try:
            positive = np.isclose(label.numbers, float(about.positive), rtol=1e-9)
        except ValueError:
            return None
    said, came = answer.probability[known], positive[known]
    if len(came) < FEWEST or min(int(came.sum()), int((~came).sum())) < FEWEST_OF_OUTCOME:
        return None
    area, then = auc_of(said, came), about.card.auc.value
    return Watched(
        rows=len(came), auc=area.value, low=area.low, high=area.high, auc_then=then, said=float(said.mean()), rate=float(came.mean()),
        decayed=area.high < then,
    )  # fmt: skip


def likely_rate(model: Model, probability: float) -> tuple[float, float, int]:
    """The interval of the rate observed among rows of like probability when the model was judged, and how many there were."""
    bins = model.about.card.calibration
    nearest = min(bins, key=lambda one: abs(one.predicted - probability))
    return min(nearest.low, probability), max(nearest.high, probability), nearest.rows
