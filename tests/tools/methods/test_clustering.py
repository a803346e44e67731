"""Clusters are found where there are valleys, and not where there is only skew."""

from __future__ import annotations

import numpy as np
import pytest

from tools.methods.clustering import adjusted_rand, choose_clusters, nearest, silhouette


def choose(points: np.ndarray, seed: int = 1, **more):
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    return choose_clusters(points, points, largest=6, random=np.random.default_rng(seed), **more)


def test_true_clusters_are_counted():
    random = np.random.default_rng(1)
    for true, spread in ((2, 4.5), (4, 5.0)):
        corners = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0]])[:true] * spread
        which = random.integers(0, true, 1200)
        found = choose(corners[which] + random.standard_normal((1200, 3)))
        assert found.structure
        assert len(found.centres) == true
        assert found.rand_index > 0.9


POPULATIONS = ("normal", "skewed", "uniform", "heavy")


@pytest.mark.parametrize(
    ("kind", "seed"),
    [(kind, seed) if seed == 0 else pytest.param(kind, seed, marks=pytest.mark.slow) for kind in POPULATIONS for seed in range(8)],
)
def test_one_population_is_not_split_into_groups(kind, seed):
    random = np.random.default_rng(seed + 10)
    points = {
        "normal": lambda r: r.standard_normal((900, 3)) @ np.array([[1, 0.6, 0.3], [0, 1, 0.5], [0, 0, 0.7]]),
        "skewed": lambda r: np.column_stack(
            [r.exponential(1, 900), r.exponential(1, 900) + r.standard_normal(900) / 2, r.gamma(2, 1, 900)]
        ),
        "uniform": lambda r: r.uniform(0, 1, (900, 3)),
        "heavy": lambda r: r.standard_t(4, (900, 3)),
    }[kind](random)
    found = choose(points, seed)
    assert not found.structure
    assert 3 <= len(found.centres) <= 5


def test_a_fixed_number_is_kept_and_judged():
    found = choose(np.random.default_rng(3).standard_normal((600, 2)), fixed=3)
    assert len(found.centres) == 3
    assert not found.structure


def test_the_indices_match_scikit_learn():
    from scipy.spatial.distance import cdist
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    random = np.random.default_rng(4)
    points, one, other = random.standard_normal((200, 3)), random.integers(0, 4, 200), random.integers(0, 3, 200)
    assert silhouette(cdist(points, points), one) == pytest.approx(silhouette_score(points, one), abs=1e-12)
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other), abs=1e-12)
    assert adjusted_rand(one, (one + 1) % 4) == 1.0


def test_assignment_does_not_depend_on_the_chunk():
    random = np.random.default_rng(5)
    points, centres = random.standard_normal((1000, 3)), random.standard_normal((4, 3))
    assert (nearest(points, centres, chunk=7) == nearest(points, centres)).all()


def test_the_null_holds_without_the_valleys(monkeypatch):
    """Either gate alone keeps one normal population in one piece; here the second is held open."""
    monkeypatch.setattr("tools.methods.clustering.valleys", lambda points, centres: True)
    assert not choose(np.random.default_rng(6).standard_normal((500, 3)), seed=6).structure
