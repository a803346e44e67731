"""The model card: how well a model ranks, how true its probabilities are, for whom, and what they rest on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.contract import Frozen
from tools.methods.fixed_horizon import wilson
from tools.scoring._columns import Column, Columns, Floats
from tools.scoring._estimator import Learned, calibrate
from tools.scoring._learn import Judged
from tools.scoring._ranking import Area, Z, auc_of, average_precision, difference
from tools.scoring._recipe import Family

BINS = 10
DRAWS = 200
TRIED = 4_000  # rows that effects are tried out on
FEWEST_IN_SLICE = 50
SLICED = 4  # columns that slices are made of
TRIED_LEVELS = 12


class Measure(Frozen):
    """A number of the card with its 95% interval."""

    value: float
    low: float
    high: float


class Bin(Frozen):
    """Rows of like probability: what was said of them and what came of them."""

    rows: int
    predicted: float
    rate: float
    low: float
    high: float


class Decile(Frozen):
    """A tenth of the rows, the first has the highest probabilities. `lift`: their rate over the rate of all."""

    decile: int
    rows: int
    rate: float
    lift: float
    low: float
    high: float


class Slice(Frozen):
    """Rows that have one thing in common, and whether the probabilities hold for them."""

    column: str
    level: str
    rows: int
    predicted: float
    rate: float
    low: float
    high: float
    auc: float | None
    holds: bool = Field(description="whether the observed rate's interval holds the mean probability")


class Effect(Frozen):
    """What a column is worth to the model, and which way it points, all else as it is. No cause is claimed."""

    column: str
    importance: float = Field(description="AUC lost when the column is shuffled among the rows judged")
    low: float
    high: float
    lower_at: str = Field(description="value of the column at which the model's probability is lower")
    higher_at: str
    change: float = Field(description="difference of the mean probability between the two")


class ModelCard(Frozen):
    """How a model was made and how it does on rows that it has not seen."""

    family: Family
    strength: float
    validation: Literal["temporal", "grouped", "random"]
    folds: int
    rows: int
    judged: int
    positives: int
    base_rate: float
    auc: Measure
    precision_recall: Measure = Field(description="average precision; at random it equals the base rate")
    brier: Measure
    brier_of_base: float = Field(description="Brier score of saying the base rate of everybody")
    calibration_slope: float = Field(description="one when probabilities spread as they should; under one they are too extreme")
    calibration_error: float = Field(description="mean distance between said and observed over the bins, weighed by rows")
    calibration: tuple[Bin, ...]
    deciles: tuple[Decile, ...]
    stability: tuple[Measure, ...] = Field(
        description="AUC in each fold, oldest first where rows have a time; in fifths where there is one fold"
    )
    effects: tuple[Effect, ...]
    slices: tuple[Slice, ...]


def make_card(learned: Learned, strength: float, judged: Judged, columns: Columns, way: str, rows: int, now: float, seed: int) -> ModelCard:
    """The card of a model. `judged`: rows that were scored by estimators that had not seen them."""
    positive, p = judged.positive, judged.probability
    random = np.random.default_rng(seed + 2)
    brier = (p - positive) ** 2
    spread = float(brier.std(ddof=1) / np.sqrt(len(brier)))
    base = float(positive.mean())
    bins = tuple(_bin(p[part], positive[part]) for part in _parts(p, BINS))
    odds = np.log(np.clip(p, 1e-12, 1.0)) - np.log(np.clip(1 - p, 1e-12, 1.0))
    return ModelCard(
        family=learned.family,
        strength=strength,
        validation=way,
        folds=int(judged.fold.max()) + 1,
        rows=rows,
        judged=len(p),
        positives=int(positive.sum()),
        base_rate=base,
        auc=_measure(auc_of(p, positive)),
        precision_recall=_precision_recall(p, positive, random),
        brier=Measure(value=float(brier.mean()), low=max(0.0, float(brier.mean()) - Z * spread), high=float(brier.mean()) + Z * spread),
        brier_of_base=base * (1 - base),
        calibration_slope=calibrate(odds, positive).slope,
        calibration_error=sum(one.rows * abs(one.predicted - one.rate) for one in bins) / len(p),
        calibration=bins,
        deciles=_deciles(p, positive),
        stability=_stability(judged),
        effects=_effects(judged, learned, columns, now, random),
        slices=_slices(judged, columns),
    )


def _measure(area: Area) -> Measure:
    return Measure(value=area.value, low=area.low, high=area.high)


def _parts(p: Floats, count: int) -> list[NDArray[np.int64]]:
    """Rows in equal parts by probability, the highest first; ties keep the order of the rows."""
    return [part for part in np.array_split(np.argsort(-p, kind="stable"), count) if len(part)]


def _bin(p: Floats, positive: NDArray[np.bool_]) -> Bin:
    low, high = wilson(int(positive.sum()), len(p), Z)
    return Bin(rows=len(p), predicted=float(p.mean()), rate=float(positive.mean()), low=low, high=high)


def _deciles(p: Floats, positive: NDArray[np.bool_]) -> tuple[Decile, ...]:
    base, found = float(positive.mean()), []
    for number, part in enumerate(_parts(p, 10), start=1):
        one = _bin(p[part], positive[part])
        found.append(Decile(decile=number, rows=one.rows, rate=one.rate, lift=one.rate / base, low=one.low / base, high=one.high / base))
    return tuple(found)


def _precision_recall(p: Floats, positive: NDArray[np.bool_], random: np.random.Generator) -> Measure:
    """Average precision with a bootstrap over rows."""
    value, draws = average_precision(p, positive), []
    for _ in range(DRAWS):
        rows = random.integers(0, len(p), len(p))
        if positive[rows].any():
            draws.append(average_precision(p[rows], positive[rows]))
    low, high = (float(end) for end in np.quantile(draws, (0.025, 0.975)))
    return Measure(value=value, low=min(low, value), high=max(high, value))


def _stability(judged: Judged) -> tuple[Measure, ...]:
    numbers = judged.fold if judged.fold.max() else np.arange(len(judged.fold)) * 5 // len(judged.fold)
    found = []
    for number in range(int(numbers.max()) + 1):
        part = numbers == number
        if 0 < judged.positive[part].sum() < part.sum():
            found.append(_measure(auc_of(judged.probability[part], judged.positive[part])))
    return tuple(found)


def _effects(judged: Judged, learned: Learned, columns: Columns, now: float, random: np.random.Generator) -> tuple[Effect, ...]:
    """Each column shuffled among rows that the last fold's estimator has not seen; and its low and high value given to all."""
    rows = judged.last_rows
    if len(rows) > TRIED:
        rows = np.sort(random.choice(rows, TRIED, replace=False))
    positive = judged.positive[np.isin(judged.rows, rows)]
    names = learned.recipe.names
    held = {name: columns[name].take(rows) for name in names}
    order = np.argsort(judged.rows, kind="stable")
    positive = judged.positive[order][np.searchsorted(judged.rows[order], rows)]
    before = judged.last.odds(held, now)
    few = {name: column.take(np.arange(0, len(rows), max(1, len(rows) // 400))) for name, column in held.items()}
    found = []
    for reading in learned.recipe.readings:
        column = held[reading.name]
        shuffled = judged.last.odds({**held, reading.name: column.take(random.permutation(len(rows)))}, now)
        lost = difference(before, shuffled, positive)
        sides = _sides(learned, few, few[reading.name], now)
        found.append(
            Effect(
                column=reading.name, importance=lost.value, low=lost.low, high=lost.high, lower_at=sides[0][1], higher_at=sides[-1][1],
                change=sides[-1][0] - sides[0][0],
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda effect: (-effect.importance, effect.column)))


def _sides(learned: Learned, held: Columns, column: Column, now: float) -> list[tuple[float, str]]:
    """The mean probability at values of a column given to every row, lowest first: its tenth and ninetieth percentile, or its levels."""
    reading = next(reading for reading in learned.recipe.readings if reading.name == column.name)
    rows, tried = len(column), []
    if column.kind == "text":
        levels = (
            reading.levels[:TRIED_LEVELS] if reading.role == "category" else tuple(f"says {word}" for word in reading.levels[:TRIED_LEVELS])
        )
        for level in levels or ("others",):
            tried.append((Column(column.name, "text", codes=np.zeros(rows, dtype=np.int64), levels=(level,)), level))
        tried.append((Column(column.name, "text", codes=np.full(rows, -1)), "empty"))
    else:
        known = column.numbers[~np.isnan(column.numbers)]
        for value in np.quantile(known, (0.1, 0.9)) if len(known) else (0.0,):
            said = f"{value:.6g}" if column.kind == "number" else str(np.datetime64(int(value), "s"))[:10]
            tried.append((Column(column.name, column.kind, numbers=np.full(rows, value)), said))
    return sorted((float(learned.probability({**held, column.name: given}, now).mean()), said) for given, said in tried)


def _slices(judged: Judged, columns: Columns) -> tuple[Slice, ...]:
    """Levels of the texts with the fewest levels. The intervals of the rates share one error over all slices (Bonferroni)."""
    from scipy.stats import norm

    texts = [column for column in columns.values() if column.kind == "text" and 2 <= len(column.levels) <= 12]
    parts = []
    for column in sorted(texts, key=lambda column: (len(column.levels), column.name))[:SLICED]:
        codes = column.codes[judged.rows]
        parts += [
            (column.name, level, codes == code) for code, level in enumerate(column.levels) if (codes == code).sum() >= FEWEST_IN_SLICE
        ]
    z, found = float(norm.ppf(1 - 0.025 / max(len(parts), 1))), []
    for name, level, inside in parts:
        positive, p = judged.positive[inside], judged.probability[inside]
        low, high = wilson(int(positive.sum()), len(p), z)
        enough = min(int(positive.sum()), int((~positive).sum())) >= 20
        predicted = float(p.mean())
        found.append(
            Slice(
                column=name, level=level, rows=len(p), predicted=predicted, rate=float(positive.mean()), low=low, high=high,
                auc=auc_of(p, positive).value if enough else None, holds=low <= predicted <= high,
            )
        )  # fmt: skip
    return tuple(found)
