"""k-means with a number of clusters that had to beat having none, and with its stability shown.

Two gates. The null is one normal population with the data's own means and covariance: the silhouette must exceed the null's mean by more
than that of any null data set does. And between every two clusters there must be a valley, since a skewed population beats a normal null
without having groups: fewer than half as many rows midway between two centres as at the sparser of the two. Rows that lie on whole numbers
are judged after they are spread over their cells, or the gaps between counts would pass for valleys.
Sources: Rousseeuw 1987 (silhouette); Tibshirani, Walther and Hastie 2001 (reference distribution); Liu, Hayes, Nobel and Marron 2008
(normal null); Hubert and Arabie 1985 (adjusted Rand index); Hennig 2007 (bootstrap Jaccard of each cluster).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

FITTED_ON = 20_000  # rows that fix the centres to a few thousandths of a standard deviation
COMPARED_ON = 1_200  # rows for silhouettes, whose cost grows with their square
REFERENCES = 19  # the data must beat every one: a false alarm in one of twenty
BOOTSTRAPS = 20
WINDOW = 0.25  # half-width of the places compared, of half the distance between two centres
VALLEY = 0.5  # as many rows midway as this share of those at the sparser centre is no valley
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Clusters:
    """Centres in feature space and what speaks for them. `excess` is the silhouette above the null's mean, by number of clusters."""

    centres: Floats
    silhouette: float
    null_silhouette: float
    structure: bool
    rand_index: float
    jaccard: Floats
    excess: dict[int, float]

    def assign(self, points: Floats) -> Labels:
        """Nearest centre of each point."""
        return nearest(points, self.centres)


def nearest(points: Floats, centres: Floats, chunk: int = 200_000) -> Labels:
    """Index of the nearest centre of each row, a chunk of rows at a time."""
    half = (centres**2).sum(axis=1) / 2
    parts = [np.argmin(half - points[start : start + chunk] @ centres.T, axis=1) for start in range(0, len(points), chunk)]
    return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)


def choose_clusters(points: Floats, smooth: Floats, *, largest: int, random: np.random.Generator, fixed: int | None = None) -> Clusters:
    """Centres for the number of clusters that stands out most, or for a fixed number.

    points: standardised features, (rows, features), in an order that the data fixes · smooth: the same rows with counts spread over their
    cells. Without structure, the number from three to five that bootstrap samples agree on most is taken: a cut, not a find.
    """
    import sklearn.cluster  # noqa: F401 - its thread pool is limited only once it is loaded
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order, so that a replay draws the same lines
        return _choose(points, smooth, largest, random, fixed)


def _choose(points: Floats, smooth: Floats, largest: int, random: np.random.Generator, fixed: int | None) -> Clusters:
    rows = _some(len(points), FITTED_ON, random)
    few = rows[_some(len(rows), COMPARED_ON, random)]
    sample, small, judged = points[rows], points[few], smooth[few]
    numbers = [fixed] if fixed else list(range(2, min(largest, len(np.unique(small, axis=0))) + 1))
    observed = dict(zip(numbers, _silhouettes(judged, numbers, random), strict=True))
    null = np.array([_silhouettes(reference, numbers, random) for reference in _references(judged, random)])
    means = null.mean(axis=0)
    excess = {k: observed[k] - float(mean) for k, mean in zip(numbers, means, strict=True)}
    beyond = float((null - means).max())
    separate = [k for k in numbers if excess[k] > beyond and valleys(smooth[rows], _fit(smooth[rows], k, random))]
    best = max(separate or numbers, key=lambda k: (excess[k], -k))
    if not separate and fixed is None:
        shortlist = [k for k in numbers if 3 <= k <= 5] or numbers
        agreement = {k: round(float(_stability(small, _fit(small, k, random), random)[0]), 3) for k in shortlist}
        best = max(agreement, key=lambda k: (agreement[k], -k))
    centres = _fit(sample, best, random, starts=10)
    rand_index, jaccard = _stability(small, centres, random)
    return Clusters(
        centres=centres,
        silhouette=observed[best],
        null_silhouette=float(means[numbers.index(best)]),
        structure=bool(separate),
        rand_index=rand_index,
        jaccard=jaccard,
        excess=excess,
    )


def valleys(points: Floats, centres: Floats) -> bool:
    """Whether every two clusters have a valley between them, by a binomial test of rows midway against rows at the sparser centre."""
    labels = nearest(points, centres)
    return all(_valley(points[(labels == i) | (labels == j)], centres[i], centres[j]) for i in range(len(centres)) for j in range(i))


def _valley(points: Floats, one: Floats, other: Floats) -> bool:
    from scipy.special import bdtr

    half = (other - one) / 2
    along = (points - one - half) @ half / float(half @ half)  # -1 at one centre, 1 at the other
    midway = int((np.abs(along) < WINDOW).sum())
    sparser = min(int((np.abs(along + 1) < WINDOW).sum()), int((np.abs(along - 1) < WINDOW).sum()))
    return sparser > 0 and float(bdtr(midway, midway + sparser, VALLEY / (1 + VALLEY))) < ALPHA


def adjusted_rand(left: Labels, right: Labels) -> float:
    """Agreement of two partitions of the same rows, corrected for chance: one is equal, zero is chance."""
    table = np.zeros((int(left.max()) + 1, int(right.max()) + 1))
    np.add.at(table, (left, right), 1)

    def pairs(counts: Floats) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns, total = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0)), len(left) * (len(left) - 1) / 2
    expected, most = rows * columns / total, (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _some(rows: int, most: int, random: np.random.Generator) -> Labels:
    """Indices of at most `most` rows, in order."""
    return np.arange(rows) if rows <= most else np.sort(random.choice(rows, most, replace=False))


def _fit(points: Floats, k: int, random: np.random.Generator, starts: int = 2) -> Floats:
    from sklearn.cluster import KMeans

    model = KMeans(k, n_init=starts, random_state=int(random.integers(2**31)), algorithm="lloyd", max_iter=100).fit(points)
    centres = np.asarray(model.cluster_centers_, dtype=np.float64)
    return centres[np.lexsort(centres.T[::-1])]


def _silhouettes(points: Floats, numbers: list[int], random: np.random.Generator) -> list[float]:
    """Mean silhouette of the k-means partition into each number of clusters; distances are worked out once for all of them."""
    from scipy.spatial.distance import cdist

    distances = cdist(points, points)
    return [silhouette(distances, nearest(points, _fit(points, k, random))) for k in numbers]


def silhouette(distances: Floats, labels: Labels) -> float:
    """Mean silhouette width from all pairwise distances; a row alone in its cluster counts as zero, one cluster as minus one."""
    members = np.eye(int(labels.max()) + 1)[labels]
    members = members[:, members.any(axis=0)]
    sizes = members.sum(axis=0)
    if len(sizes) < 2:
        return -1.0
    sums, own, rows = distances @ members, members.argmax(axis=1), np.arange(len(labels))
    within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    beyond = means.min(axis=1)
    widest = np.maximum(within, beyond)
    widths = np.divide(beyond - within, widest, out=np.zeros_like(widest), where=widest > 0)
    return float(np.where(sizes[own] > 1, widths, 0.0).mean())


def _references(points: Floats, random: np.random.Generator) -> list[Floats]:
    mean, covariance = points.mean(axis=0), np.atleast_2d(np.cov(points.T))
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(covariance)))
    return [mean + random.standard_normal(points.shape) @ root.T for _ in range(REFERENCES)]


def _stability(points: Floats, centres: Floats, random: np.random.Generator) -> tuple[float, Floats]:
    """Agreement with fits to bootstrap samples: mean adjusted Rand index, and each cluster's mean Jaccard with its nearest match."""
    k, labels = len(centres), nearest(points, centres)
    own = np.arange(k)[:, None] == labels
    agreement, overlaps = np.zeros(BOOTSTRAPS), np.zeros((BOOTSTRAPS, k))
    for draw in range(BOOTSTRAPS):
        found = nearest(points, _fit(_resample(points, random), k, random))
        other = np.arange(k)[:, None] == found
        shared = own.astype(float) @ other.T.astype(float)
        union = own.sum(axis=1)[:, None] + other.sum(axis=1)[None, :] - shared
        agreement[draw] = adjusted_rand(labels, found)
        overlaps[draw] = np.max(shared / np.maximum(union, 1), axis=1)
    return float(agreement.mean()), overlaps.mean(axis=0)


def _resample(points: Floats, random: np.random.Generator) -> Floats:
    return points[random.integers(0, len(points), len(points))]
