"""Uplift from counts by group: effects, and how well the groups' order ranks people, without judging an order on what chose it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData
from tools.methods.partial_pooling import Pooled, pool
from tools.methods.uplift import Estimate
from tools.scoring._uplift_request import UpliftGroup
from tools.scoring._uplift_rows import FEWEST, FEWEST_OUTCOMES

Floats = NDArray[np.float64]
SPLITS = 100  # random halves: one half orders the groups, the other judges the order


@dataclass(frozen=True, slots=True)
class Counts:
    """Columns of the groups: units and outcomes of both arms."""

    treated: Floats
    hits: Floats
    control: Floats
    other_hits: Floats

    @property
    def share(self) -> Floats:
        """Share of all units."""
        units = self.treated + self.control
        return np.asarray(units / units.sum())

    @property
    def effects(self) -> Floats:
        """Difference of the rates."""
        return np.asarray(self.hits / self.treated - self.other_hits / self.control)

    @property
    def errors(self) -> Floats:
        """Standard errors, with half an outcome added to each kind so that none is nought (Agresti and Caffo 2000)."""
        p, q = (self.hits + 0.5) / (self.treated + 1), (self.other_hits + 0.5) / (self.control + 1)
        return np.asarray(np.sqrt(p * (1 - p) / (self.treated + 1) + q * (1 - q) / (self.control + 1)))


def counts_of(groups: tuple[UpliftGroup, ...]) -> Counts:
    """Raises NotEnoughData for an empty arm, too few units or outcomes."""
    counts = Counts(
        *(
            np.array([getattr(group, name) for group in groups], np.float64)
            for name in ("treated", "treated_outcomes", "control", "control_outcomes")
        )
    )
    arms = (counts.treated.sum(), counts.control.sum())
    if min(arms) < FEWEST:
        raise NotEnoughData(
            "there are too few units in an arm to measure an effect",
            field="groups",
            needed=f"{FEWEST} units in each arm",
            found=f"{arms[0]:.0f} treated, {arms[1]:.0f} not",
        )
    if (counts.treated < 2).any() or (counts.control < 2).any():
        raise NotEnoughData(
            "a group lacks one of the arms: put small groups together", field="groups", needed="two units of each arm in each group"
        )
    outcomes = (counts.hits.sum(), counts.other_hits.sum())
    if min(outcomes) < FEWEST_OUTCOMES or min(arms[0] - outcomes[0], arms[1] - outcomes[1]) < FEWEST_OUTCOMES:
        raise NotEnoughData(
            "too few units with the outcome, or without it, to measure an effect",
            field="groups",
            needed=f"{FEWEST_OUTCOMES} units with and without the outcome in each arm",
            found=f"{outcomes[0]:.0f} and {outcomes[1]:.0f} outcomes",
        )
    return counts


def pooled(counts: Counts) -> Pooled:
    """Effects by group, moved toward the mean of all."""
    return pool(counts.effects, counts.errors)


def whole_effect(counts: Counts) -> Estimate:
    """Effect over everyone: groups weighed by their share of all units, as the treatment was at random within each."""
    share = counts.share
    return Estimate(float(share @ counts.effects), float(np.sqrt((share * counts.errors) ** 2 @ np.ones(len(share)))))


def weights_of(order: Floats, share: Floats) -> Floats:
    """One half minus each group's middle rank, groups with the largest `order` first and equal ones together."""
    _, place = np.unique(-order, return_inverse=True)
    mass = np.bincount(place, weights=share)
    middle = np.cumsum(mass) - mass / 2
    return np.asarray(0.5 - middle[place])


def qini_of(counts: Counts, ordered: bool, random: np.random.Generator) -> Estimate:
    """Qini coefficient of the groups in the order given, or of the order that half of the units suggests to the other half."""
    share = counts.share
    if ordered:
        weights = weights_of(-np.arange(len(share), dtype=np.float64), share)
        return Estimate(float((share * weights) @ counts.effects), float(np.sqrt(((share * weights * counts.errors) ** 2).sum())))
    found, weighed = [], []
    for _ in range(SPLITS):
        for one, other in _halves(counts, random):
            weights = weights_of(pooled(one).effects, share)
            found.append(float((share * weights) @ other.effects))
            weighed.append(weights)
    square = np.mean([((share * weights * counts.errors) ** 2).sum() for weights in weighed])
    return Estimate(float(np.mean(found)), float(np.sqrt(square)))


def _halves(counts: Counts, random: np.random.Generator) -> list[tuple[Counts, Counts]]:
    """The units of each cell split at random in two; each half once as the first."""
    halves = []
    for units, hits in ((counts.treated, counts.hits), (counts.control, counts.other_hits)):
        half = (units // 2).astype(np.int64)
        drawn = random.hypergeometric(hits.astype(np.int64), (units - hits).astype(np.int64), half)
        halves.append(((half.astype(np.float64), drawn.astype(np.float64)), (units - half, hits - drawn)))
    (a, b), (c, d) = halves
    one, other = Counts(*a, *c), Counts(*b, *d)
    return [(one, other), (other, one)]
