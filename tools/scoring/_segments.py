"""Scores by quantiles, segments by cluster or by rule, and their plain names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.methods.clustering import FITTED_ON, Clusters, choose_clusters
from tools.scoring._customers import WORDS, Customers

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

REPEATS = 1.5  # mean times above which a group as a whole has come back
LEAST = 25  # people per segment on average: fewer cannot be addressed apart
NEIGHBOURS = 5  # nearest seeds whose mean distance says how alike a person is
SCORES = 5  # quintiles, as direct marketing has scored customers since Hughes 1994


@dataclass(frozen=True, slots=True)
class Rule:
    """A segment by what customers did; an end that is left out bounds nothing. Days, times, minor units."""

    name: str
    recency_at_least: int | None = None
    recency_at_most: int | None = None
    frequency_at_least: int | None = None
    frequency_at_most: int | None = None
    money_at_least: int | None = None
    money_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Segments:
    """Which segment each customer is in, and what each is called. Clusters is absent when the segments are cut by rule."""

    labels: Labels
    names: tuple[str, ...]
    scores: Floats
    clusters: Clusters | None
    sampled: bool
    own_rules: bool = False


def quantile_scores(values: NDArray[np.int64], *, low_is_good: bool = False) -> Labels:
    """Scores 1..5 by quintile of the mid-rank: equal values score alike, and five is best."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    middle = (below + counts / 2) / len(values)
    score = np.minimum(np.floor(middle * SCORES), SCORES - 1).astype(np.int64) + 1
    return (SCORES + 1 - score if low_is_good else score)[inverse.reshape(values.shape)]


def rule_name(recency: float, frequency: float, money: float, times: float) -> str:
    """The plain name for mean scores (1 worst, 5 best) and the mean number of times.

    Recency first: who has stopped is another matter than who buys little. Nobody is loyal or a champion for coming once.
    """
    worth = (frequency + money) / 2
    if times < REPEATS:
        if recency >= 2.5:
            return "new or occasional" if recency >= 3.5 else "once, less recent"
        return "lapsed"
    if recency >= 3.5:
        if worth >= 3.7:
            return "champions"
        return "loyal" if worth >= 3.0 else "new or occasional"
    if recency >= 2.5:
        if worth >= 3.7:
            return "valued, less recent"
        return "regulars" if worth >= 2.7 else "occasional, less recent"
    if worth >= 3.4:
        return "at risk"
    return "drifting away" if recency >= 1.8 and worth >= 2.5 else "lapsed"


def score_all(customers: Customers) -> Floats:
    """Recency, frequency and money scores, (customers, 3); without money, frequency stands in for it."""
    recency = quantile_scores(customers.recency, low_is_good=True)
    frequency = quantile_scores(customers.frequency)
    money = frequency if customers.money is None else quantile_scores(customers.money)
    return np.column_stack([recency, frequency, money]).astype(np.float64)


def by_rule(customers: Customers) -> Segments:
    """Segments by the rule applied to each customer's own scores."""
    scores = score_all(customers)
    again = (customers.frequency > 1).astype(np.float64) + 1
    combinations, inverse = np.unique(np.column_stack([scores, again]), axis=0, return_inverse=True)
    called = [_name(customers, recency, frequency, money, times) for recency, frequency, money, times in combinations.tolist()]
    names = tuple(sorted(set(called)))
    labels = np.array([names.index(name) for name in called], dtype=np.int64)[inverse.ravel()]
    return _by_worth(customers, Segments(labels, names, scores, None, False))


def by_cluster(customers: Customers, *, largest: int, fixed: int | None, random: np.random.Generator) -> Segments:
    """Segments by k-means on standardised logarithms of recency, frequency and money."""
    points, smooth = features(customers, random)
    largest = max(2, min(largest, len(customers) // LEAST))
    clusters = choose_clusters(points, smooth, largest=largest, fixed=fixed, random=random)
    labels, scores = clusters.assign(points), score_all(customers)
    present = np.unique(labels)
    called = [_called(customers, scores, labels == index) for index in present]
    value = [_mean_money(customers, labels == index) for index in present]
    names = _distinct(called, value)
    labels = np.searchsorted(present, labels)
    return _by_worth(customers, Segments(labels, names, scores, clusters, len(customers) > FITTED_ON))


def by_rules(customers: Customers, rules: Sequence[Rule]) -> Segments:
    """Segments by rules of the caller's own, the first that fits; whoever fits none is everyone else."""
    labels = np.full(len(customers), len(rules), dtype=np.int64)
    for place in reversed(range(len(rules))):
        labels[fits(customers, rules[place])] = place
    names = [rule.name for rule in rules] + ["everyone else"]
    present = np.unique(labels)
    return Segments(np.searchsorted(present, labels), tuple(names[place] for place in present), score_all(customers), None, False, True)


def by_similarity(customers: Customers, seeds: Rule, people: int | None, random: np.random.Generator) -> Segments:
    """The seeds, the people nearest to them by the mean distance to their nearest seeds, and everyone else."""
    from scipy.spatial import KDTree

    inside = fits(customers, seeds)
    others = np.flatnonzero(~inside)
    points = features(customers, random)[0]
    distance, _ = KDTree(points[inside]).query(points[others], k=min(NEIGHBOURS, int(inside.sum())))
    mean = distance if distance.ndim == 1 else distance.mean(axis=1)
    wanted = min(people or int(inside.sum()), len(others))
    # equal histories are equally near: the order that the data fixes decides among them
    nearest = others[np.argsort(mean, kind="stable")[:wanted]]
    labels = np.full(len(customers), 2, dtype=np.int64)
    labels[inside], labels[nearest] = 0, 1
    names = (seeds.name, f"most like {seeds.name}", "everyone else")
    present = np.unique(labels)
    return Segments(np.searchsorted(present, labels), tuple(names[place] for place in present), score_all(customers), None, False, True)


def fits(customers: Customers, rule: Rule) -> NDArray[np.bool_]:
    """Which customers a rule takes; ends included."""
    taken = np.ones(len(customers), dtype=bool)
    for values, low, high in (
        (customers.recency, rule.recency_at_least, rule.recency_at_most),
        (customers.frequency, rule.frequency_at_least, rule.frequency_at_most),
        (customers.money, rule.money_at_least, rule.money_at_most),
    ):
        if values is not None:
            taken &= (values >= low) if low is not None else True
            taken &= (values <= high) if high is not None else True
    return taken


def assign_then(then: Customers, now: Customers, found: Segments) -> Labels | None:
    """The segment each customer of an earlier day was in, by the centres found now. None when the lines were not drawn by centres."""
    if found.clusters is None or len(found.clusters.centres) != len(found.names):
        return None
    columns = varying_of(now)
    raw = np.column_stack([np.log1p(_raw(now)[place].astype(np.float64)) for place in columns])
    mean, deviation = raw.mean(axis=0), np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1.0)
    earlier = np.column_stack([np.log1p(_raw(then)[place].astype(np.float64)) for place in columns])
    return found.clusters.assign((earlier - mean) / deviation)


def varying_of(customers: Customers) -> list[int]:
    """Which of recency, frequency and money vary."""
    return [place for place, column in enumerate(_raw(customers)) if column.min() < column.max()]


def _raw(customers: Customers) -> list[NDArray[np.int64]]:
    return [customers.recency, customers.frequency, *([] if customers.money is None else [np.maximum(customers.money, 0)])]


def features(customers: Customers, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Standardised log features, (customers, 1 to 3), and the same with days and counts spread evenly over their cells.

    A feature that does not vary is left out.
    """
    varying = [_raw(customers)[place].astype(np.float64) for place in varying_of(customers)] or [np.zeros(len(customers))]
    logs = np.column_stack([np.log1p(column) for column in varying])
    mean, deviation = logs.mean(axis=0), np.where(logs.std(axis=0) > 0, logs.std(axis=0), 1.0)
    spread = np.column_stack([np.log1p(column + random.uniform(-0.5, 0.5, len(column))) for column in varying])
    return (logs - mean) / deviation, (spread - mean) / deviation


def _called(customers: Customers, scores: Floats, inside: NDArray[np.bool_]) -> str:
    recency, frequency, money = scores[inside].mean(axis=0).tolist()
    return _name(customers, recency, frequency, money, float(customers.frequency[inside].mean()))


def _name(customers: Customers, recency: float, frequency: float, money: float, times: float) -> str:
    """In a young record only whether people came back already: quintiles of a few weeks would call somebody lapsed or a champion."""
    if customers.young:
        words = WORDS[customers.source]
        return words.again if times >= REPEATS else words.first
    return rule_name(recency, frequency, money, times)


def _mean_money(customers: Customers, inside: NDArray[np.bool_]) -> float:
    amounts = customers.frequency if customers.money is None else customers.money
    return float(amounts[inside].mean())


def _distinct(called: list[str], value: list[float]) -> tuple[str, ...]:
    """The names, with what tells two of one name apart: who is worth more."""
    names = list(called)
    for name in sorted(set(called)):
        alike = sorted((i for i, other in enumerate(called) if other == name), key=lambda i: -value[i])
        if len(alike) == 2:
            names[alike[0]], names[alike[1]] = f"{name}, higher value", f"{name}, lower value"
        elif len(alike) > 2:
            for letter, i in zip("ABCDEFGHIJ", alike, strict=False):
                names[i] = f"{name}, group {letter}"
    return tuple(names)


def _by_worth(customers: Customers, segments: Segments) -> Segments:
    """The same segments, largest total value first; ties by name."""
    amounts = customers.frequency if customers.money is None else customers.money
    totals = [int(amounts[segments.labels == index].sum()) for index in range(len(segments.names))]
    order = sorted(range(len(totals)), key=lambda index: (-totals[index], segments.names[index]))
    rank = np.argsort(np.array(order))
    clusters = segments.clusters
    if clusters is not None:
        clusters = Clusters(
            clusters.centres[order], clusters.silhouette, clusters.null_silhouette, clusters.structure, clusters.rand_index,
            clusters.jaccard[order], clusters.excess,
        )  # fmt: skip
    return Segments(rank[segments.labels], tuple(segments.names[index] for index in order), segments.scores, clusters, segments.sampled)
