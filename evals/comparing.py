"""Is a run as good as a baseline? Paired by case, judged by family, and never by average where a case is critical.

Cases of one family share a brief, so they fail together: the family is the unit. A family lost when more of its cases fell than rose.
Held: the one-sided 95% upper bound (Clopper and Pearson 1934) on the share of families that lost lies within the margin; what others won
makes up for nothing. Regressed: a critical case newly fails, or an exact McNemar test over families (sign test on those that changed,
McNemar 1947) says that more lost than won. Neither: not measurable with so few families, and it says how many would do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from evals.running import Graded, RunFile

Outcome = Literal["held", "regressed", "not measurable"]
CODES: Mapping[Outcome, int] = {"held": 0, "regressed": 1, "not measurable": 2}
ALPHA = 0.05


class Unlike(ValueError):
    """The two runs cannot be compared."""


@dataclass(frozen=True)
class Comparison:
    """What came of it. Shares are 0..1; `needed`: families that would do if no more were lost than now in proportion."""

    outcome: Outcome
    reasons: tuple[str, ...]
    margin: float
    pairs: int
    families: int
    lost: tuple[str, ...]
    won: tuple[str, ...]
    critical_lost: tuple[str, ...]
    fell: tuple[str, ...]
    rose: tuple[str, ...]
    upper: float
    p_worse: float
    interval: tuple[float, float]
    """Two-sided 95% cluster bootstrap of the difference in the share of cases passed."""
    needed: int | None
    missing: int
    seconds: tuple[float, float]
    cost_micros: tuple[int | None, int | None]

    @property
    def code(self) -> int:
        """Exit code of the command."""
        return CODES[self.outcome]


def compare(baseline: RunFile, run: RunFile, *, margin: float = 0.05) -> Comparison:
    """Compare a run with a baseline. Raises Unlike when they were not asked or graded alike."""
    _alike(baseline, run)
    pairs = [(baseline.cases[name], one) for name, one in run.cases.items() if name in baseline.cases]
    if not pairs:
        raise Unlike("the two runs have no case in common")
    families: dict[str, list[tuple[Graded, Graded]]] = {}
    for old, new in pairs:
        families.setdefault(old.family, []).append((old, new))
    change = {name: sum(new.passed - old.passed for old, new in group) for name, group in families.items()}
    lost, won = (tuple(name for name, value in change.items() if sign * value > 0) for sign in (-1, 1))
    fell = tuple(new.case for old, new in pairs if old.passed and not new.passed)
    rose = tuple(new.case for old, new in pairs if new.passed and not old.passed)
    critical = tuple(new.case for old, new in pairs if new.critical and _newly(old, new))
    upper, p_worse = upper_bound(len(lost), len(families)), sign_test(len(lost), len(won))
    outcome, reasons = _decide(len(families), lost, won, critical, upper, p_worse, margin)
    return Comparison(
        outcome=outcome,
        reasons=reasons,
        margin=margin,
        pairs=len(pairs),
        families=len(families),
        lost=lost,
        won=won,
        critical_lost=critical,
        fell=fell,
        rose=rose,
        upper=upper,
        p_worse=p_worse,
        interval=bootstrap(families),
        needed=needed(len(lost), len(families), margin) if outcome == "not measurable" else None,
        missing=len(baseline.cases) - len(pairs),
        seconds=(median(old.seconds for old, _ in pairs), median(new.seconds for _, new in pairs)),
        cost_micros=(_sum([old.cost_micros for old, _ in pairs]), _sum([new.cost_micros for _, new in pairs])),
    )


def _newly(old: Graded, new: Graded) -> bool:
    """A critical case fails where it passed, or fails in a way in which it did not fail before."""
    return bool(set(new.failed) - set(old.failed))


def _sum(costs: list[int | None]) -> int | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _alike(baseline: RunFile, run: RunFile) -> None:
    for suite, found in run.head["datasets"].items():
        before = baseline.head["datasets"].get(suite)
        if before is None:
            raise Unlike(f"the baseline has no suite {suite!r}")
        if before != found:
            raise Unlike(
                f"the cases of {suite!r} are not those of the baseline (dataset {before[:12]} and {found[:12]}): run the baseline again"
            )
    if baseline.head["graders"] != run.head["graders"]:
        old, new = baseline.head["graders"][:12], run.head["graders"][:12]
        raise Unlike(f"the runs were graded by different graders ({old} and {new}): run the baseline again")
    unknown = [name for name in run.cases if name not in baseline.cases]
    if unknown:
        raise Unlike(f"{len(unknown)} cases of the run are not in the baseline, {unknown[0]!r} first: run the baseline with them")


def _decide(
    families: int, lost: tuple[str, ...], won: tuple[str, ...], critical: tuple[str, ...], upper: float, p_worse: float, margin: float
) -> tuple[Outcome, tuple[str, ...]]:
    if critical:
        return "regressed", (f"critical cases that newly fail, {len(critical)} in all: {', '.join(critical[:5])}",)
    if lost and p_worse < ALPHA:
        return "regressed", (f"{len(lost)} families lost and {len(won)} won: exact McNemar over families, one-sided p = {p_worse:.3f}",)
    if upper <= margin:
        return "held", (
            f"{len(lost)} of {families} families lost; with 95% confidence at most {upper:.1%} do, within the margin of {margin:.1%}",
        )
    enough = needed(len(lost), families, margin)
    more = f"{enough} families would do" if enough else "no number of families would do at this rate of losses"
    return "not measurable", (
        f"{len(lost)} of {families} families lost; at most {upper:.1%} do with 95% confidence, "
        f"which a margin of {margin:.1%} cannot hold: {more}",
    )


def upper_bound(lost: int, families: int) -> float:
    """One-sided 95% upper bound on the share of families that lose: Clopper and Pearson (1934), exact."""
    from scipy.stats import beta

    return 1.0 if lost >= families else float(beta.ppf(1 - ALPHA, lost + 1, families - lost))


def sign_test(lost: int, won: int) -> float:
    """One-sided exact McNemar: how often chance alone would lose so many of those that changed."""
    changed = lost + won
    return sum(math.comb(changed, k) for k in range(lost, changed + 1)) / 2**changed if changed else 1.0


def needed(lost: int, families: int, margin: float, most: int = 20_000) -> int | None:
    """The smallest number of families that would hold the margin, were the share lost what it is now. None when that share is too large."""
    share = lost / families if families else 0.0
    if share >= margin:
        return None
    size = max(families, 1)
    while size <= most:
        if upper_bound(math.ceil(share * size), size) <= margin:
            return size
        size = max(size + 1, int(size * 1.02))
    return None


def bootstrap(families: Mapping[str, list[tuple[Graded, Graded]]], draws: int = 4000) -> tuple[float, float]:
    """Cluster bootstrap over families of the difference in the share of cases passed, percentiles 2.5 and 97.5; seeded by its size."""
    import numpy as np

    sums = np.array([sum(new.passed - old.passed for old, new in group) for group in families.values()], dtype=float)
    sizes = np.array([len(group) for group in families.values()], dtype=float)
    drawn = np.random.default_rng(len(families)).integers(0, len(sums), size=(draws, len(sums)))
    found = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
