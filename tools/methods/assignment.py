"""Which arm a unit gets: a pure function of salts and the unit's id, the same on every machine, in any process, at any time.

A unit's draw for a salt and a purpose is the first eight bytes, big-endian, of SHA-256 over the UTF-8 text `salt LF purpose LF unit`: a
whole number below two to the 64th, uniform over units, and independent between salts and purposes as far as anyone can tell. Any language
and any database with SHA-256 can repeat it. Ids are taken as they are: `A1` and `a1` are two units.

Three draws decide. Purpose `holdout`, by the client's holdout salt: a slot below the holdout's share is held out of everything. Purpose
`traffic`, by the salt of the layer: the unit is in if its slot is one of the experiment's; experiments of one layer have no slot in common.
Purpose `arm`, by the experiment's salt: where the draw falls among the cumulative weights. A slot is one of 10 000: the upper 32 bits of
the draw times 10 000, shifted right by 32. Source: Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SLOTS = 10_000
"""Parts that traffic is cut in: a share is a whole number of them."""

Purpose = Literal["holdout", "traffic", "arm"]
Outside = Literal["holdout", "not_in_traffic"]
Span = tuple[int, int]
"""Slots from the first up to, not including, the second."""

HELD_OUT, NOT_IN_TRAFFIC = -1, -2


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who enters an experiment and how they are split. `weights` by arm, in order; only their proportions count."""

    salt: str
    arms: tuple[str, ...]
    weights: tuple[float, ...]
    layer_salt: str
    spans: tuple[Span, ...] = ((0, SLOTS),)
    holdout_salt: str = ""
    holdout_slots: int = 0

    def __post_init__(self) -> None:
        if len(self.arms) != len(self.weights) or not self.arms:
            raise ValueError("each arm needs one weight")
        if any("\n" in salt for salt in (self.salt, self.layer_salt, self.holdout_salt)):
            raise ValueError("a salt holds no line feed")


@dataclass(frozen=True, slots=True)
class Assigned:
    """What one unit gets: an arm, or the reason why none."""

    unit: str
    arm: str | None
    outside: Outside | None = None


def draws(salt: str, purpose: Purpose, units: Sequence[str]) -> NDArray[np.uint64]:
    """Each unit's draw. Raises UnicodeEncodeError for half of a surrogate pair."""
    head = f"{salt}\n{purpose}\n".encode()
    digests = b"".join([sha256(head + unit.encode()).digest()[:8] for unit in units])
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def slots_of(drawn: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The slot of each draw, 0 to 9 999."""
    shift = np.uint64(32)
    return ((drawn >> shift) * np.uint64(SLOTS) >> shift).astype(np.int64)


def cuts(weights: Sequence[float]) -> list[int]:
    """Where one arm ends and the next begins, on the scale of draws; exact, since a float is a fraction."""
    shares = [Fraction(weight) for weight in weights]
    if any(share <= 0 for share in shares):
        raise ValueError("a weight is more than zero")
    whole, so_far, found = sum(shares), Fraction(0), []
    for share in shares[:-1]:
        so_far += share
        found.append(int(so_far / whole * 2**64))
    return found


def codes(enrolment: Enrolment, units: Sequence[str]) -> NDArray[np.int64]:
    """For each unit the number of its arm, or HELD_OUT, or NOT_IN_TRAFFIC; the holdout is asked first."""
    bounds = np.array(cuts(enrolment.weights), np.uint64)
    found = np.searchsorted(bounds, draws(enrolment.salt, "arm", units), side="right").astype(np.int64)
    if enrolment.spans != ((0, SLOTS),):
        taken = np.zeros(SLOTS, bool)
        for start, end in enrolment.spans:
            taken[start:end] = True
        found[~taken[slots_of(draws(enrolment.layer_salt, "traffic", units))]] = NOT_IN_TRAFFIC
    if enrolment.holdout_slots:
        found[slots_of(draws(enrolment.holdout_salt, "holdout", units)) < enrolment.holdout_slots] = HELD_OUT
    return found


def assign(enrolment: Enrolment, units: Sequence[str]) -> list[Assigned]:
    """What each unit gets, in the order given. The same units get the same, however often and in whatever company they are asked for."""
    named: dict[int, tuple[str | None, Outside | None]] = {number: (arm, None) for number, arm in enumerate(enrolment.arms)}
    named |= {HELD_OUT: (None, "holdout"), NOT_IN_TRAFFIC: (None, "not_in_traffic")}
    return [Assigned(unit, *named[code]) for unit, code in zip(units, codes(enrolment, units).tolist(), strict=True)]


def free_spans(taken: Sequence[Span], wanted: int) -> tuple[Span, ...] | None:
    """The first `wanted` slots that nobody has, as spans; None when fewer are free."""
    free = np.ones(SLOTS, bool)
    for start, end in taken:
        free[start:end] = False
    mine = np.flatnonzero(free)[:wanted]
    return merged([(int(slot), int(slot) + 1) for slot in mine]) if len(mine) == wanted else None


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same slots as few spans, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)
