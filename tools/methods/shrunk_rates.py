"""Response rates of people by slot of time, moved toward what their group and their own level suggest.

A person's rate in a slot has a beta prior around the group's rate in that slot times the person's own level; the level has a gamma prior
around one. The strengths of both priors are found by maximum likelihood of the counts (beta-binomial; gamma-Poisson): empirical Bayes,
Robbins 1956; Efron and Morris 1975. With little of their own a person gets the group's time, with much their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEAKEST, STRONGEST = 0.5, 1e5  # sends' worth of a prior
HIGHEST = 0.995


@dataclass(frozen=True, slots=True)
class Cells:
    """Sends and responses by person and slot; persons and slots are numbered from nought."""

    person: Ints
    slot: Ints
    sends: Floats
    hits: Floats
    people: int
    slots: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The group's rate by slot, each person's level, and how many sends' worth the priors weigh."""

    mean: float
    group: Floats
    level: Floats
    level_strength: float
    own_strength: float

    def prior(self, person: Ints | slice, slots: int) -> Floats:
        """Rate expected before a person's own counts in each slot, (people, slots)."""
        return np.minimum(self.level[person][:, None] * self.group[None, :slots], HIGHEST)

    def personal(self, cells: Cells) -> Floats:
        """Rate of each person in each slot, (people, slots)."""
        rates = self.prior(slice(None), cells.slots)
        prior = rates[cells.person, cells.slot]
        rates[cells.person, cells.slot] = (cells.hits + self.own_strength * prior) / (cells.sends + self.own_strength)
        return np.asarray(rates)


def _sums(place: Ints, weights: Floats, size: int) -> Floats:
    return np.bincount(place, weights, size).astype(np.float64)


def fit_rates(cells: Cells) -> Rates:
    """Strengths by maximum likelihood, one after the other; two rounds, as the group's rates and the levels lean on one another."""
    mean = float(cells.hits.sum() / cells.sends.sum())
    hits = _sums(cells.slot, cells.hits, cells.slots)
    group, level, level_strength = np.full(cells.slots, mean), np.ones(cells.people), STRONGEST
    own_hits = _sums(cells.person, cells.hits, cells.people)
    for _ in range(2):
        expected_slot = _sums(cells.slot, cells.sends * level[cells.person] * mean, cells.slots)
        strength = _strength_of_levels(hits, expected_slot)
        group = mean * (hits + strength) / (expected_slot + strength)
        expected = _sums(cells.person, cells.sends * group[cells.slot], cells.people)
        level_strength = _strength_of_levels(own_hits, expected)
        level = (own_hits + level_strength) / (expected + level_strength)
    prior = np.minimum(level[cells.person] * group[cells.slot], HIGHEST)
    own = _search(lambda strength: _beta_binomial(cells.hits, cells.sends, prior, strength))
    return Rates(mean, group, level, level_strength, own)


def _strength_of_levels(hits: Floats, expected: Floats) -> float:
    return _search(lambda strength: _gamma_poisson(hits, expected, strength))


def _search(function: Callable[[float], float]) -> float:
    """The strength with the most likelihood, on a grid of logarithms and then between its neighbours."""
    from scipy.optimize import minimize_scalar

    grid = np.geomspace(WEAKEST, STRONGEST, 25)
    heights = [function(value) for value in grid]
    best = int(np.argmax(heights))
    low, high = np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(lambda log: -function(np.exp(log)), bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _gamma_poisson(hits: Floats, expected: Floats, strength: float) -> float:
    """Log-likelihood of counts whose rates are `expected` times a gamma of mean one."""
    from scipy.special import gammaln

    seen = expected > 0
    k, e = hits[seen], expected[seen]
    each = gammaln(k + strength) - gammaln(strength) + strength * np.log(strength) - (k + strength) * np.log(e + strength)
    return float((each + k * np.log(e)).sum())


def _beta_binomial(hits: Floats, sends: Floats, prior: Floats, strength: float) -> float:
    from scipy.special import betaln

    a, b = prior * strength, (1 - prior) * strength
    return float((betaln(hits + a, sends - hits + b) - betaln(a, b)).sum())


def log_loss(cells: Cells, rates: Floats) -> float:
    """Mean loss per send of these rates, (people, slots), on other counts."""
    rate = np.clip(rates[cells.person, cells.slot], 1e-6, 1 - 1e-6)
    return float(-(cells.hits * np.log(rate) + (cells.sends - cells.hits) * np.log(1 - rate)).sum() / cells.sends.sum())


def split(cells: Cells, random: np.random.Generator) -> tuple[Cells, Cells]:
    """Each cell's sends split at random in two."""
    one = random.binomial(cells.sends.astype(np.int64), 0.5)
    hit = random.hypergeometric(cells.hits.astype(np.int64), (cells.sends - cells.hits).astype(np.int64), one)

    def part(sends: Floats, hits: Floats) -> Cells:
        kept = sends > 0
        return Cells(cells.person[kept], cells.slot[kept], sends[kept], hits[kept], cells.people, cells.slots)

    return part(one.astype(np.float64), hit.astype(np.float64)), part(cells.sends - one, cells.hits - hit)


def raw_rates(cells: Cells) -> Floats:
    """Each person's own mean in a slot; in a slot without sends their own mean overall."""
    sends, hits = _sums(cells.person, cells.sends, cells.people), _sums(cells.person, cells.hits, cells.people)
    whole = cells.hits.sum() / cells.sends.sum()
    overall = np.where(sends > 0, hits / np.maximum(sends, 1), whole)
    rates = np.repeat(overall[:, None], cells.slots, axis=1)
    rates[cells.person, cells.slot] = cells.hits / cells.sends
    return np.asarray(rates)


def differ_by_slot(cells: Cells, rates: Rates) -> float:
    """p-value that the slots respond alike, given each person's own level: chi squared of responses against those expected."""
    from scipy.stats import chi2

    own = _sums(cells.person, cells.sends, cells.people)
    level = _sums(cells.person, cells.hits, cells.people) / np.maximum(own, 1)
    expected = _sums(cells.slot, cells.sends * level[cells.person], cells.slots)
    hits, sends = _sums(cells.slot, cells.hits, cells.slots), _sums(cells.slot, cells.sends, cells.slots)
    used = (sends > 0) & (expected > 0)
    if used.sum() < 2:
        return 1.0
    spread = np.maximum(expected[used] * (1 - rates.mean), 1e-9)
    return float(chi2.sf(((hits[used] - expected[used]) ** 2 / spread).sum(), int(used.sum()) - 1))
