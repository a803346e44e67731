"""Who saw which arm of which experiment, and what they did then."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import DAY, HOUR, Span, waits
from demo.simulation.columns import conform, words
from demo.simulation.people import People
from demo.simulation.streams import Streams
from demo.truth import Truth


def exposures(truth: Truth, span: Span, people: People, streams: Streams) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Exposures of all experiments (experiment, arm, person, at), and the outcomes they led to (name, person, at)."""
    shown: dict[str, list[np.ndarray]] = {"experiment": [], "arm": [], "person": [], "at": []}
    followed: dict[str, list[np.ndarray]] = {"experiment": [], "person": [], "at": []}
    for index, experiment in enumerate(truth.experiments):
        rng = streams.of("experiment", experiment.name)
        start = span.end - experiment.weeks_before_end * 7 * DAY
        units = np.flatnonzero((people.account < 0) & (people.signup >= start) & (people.signup < start + experiment.weeks * 7 * DAY))
        arm = rng.integers(0, len(experiment.arms), len(units))
        logged = rng.random(len(units)) >= np.array([item.lost for item in experiment.arms])[arm]
        units, arm = units[logged], arm[logged]
        at = people.signup[units] + rng.integers(5, 600, len(units)) * 1_000_000
        rate = experiment.base_rate * (1 + np.array([item.lift for item in experiment.arms]))
        succeeds = rng.random(len(units)) < rate[arm]
        outcome_at = at + np.minimum(waits(len(units), 2, rng) + 60_000_000, 14 * DAY - 1_000_000)
        # Some see their arm a second time; the first exposure is the one that counts.
        again = rng.random(len(units)) < 0.03
        again_at = at[again] + waits(int(again.sum()), 3, rng) + HOUR
        for key, value in (
            ("experiment", np.full(len(units) + int(again.sum()), index)),
            ("arm", np.concatenate([arm, arm[again]])),
            ("person", np.concatenate([units, units[again]])),
            ("at", np.concatenate([at, again_at])),
        ):
            shown[key].append(value)
        followed["experiment"].append(np.full(int(succeeds.sum()), index))
        followed["person"].append(units[succeeds])
        followed["at"].append(outcome_at[succeeds])
    empty = np.array([], np.int64)
    shown_all = {key: np.concatenate(value) if value else empty for key, value in shown.items()}
    kept = shown_all["at"] < span.end
    shown_all = {key: value[kept] for key, value in shown_all.items()}
    order = np.argsort(shown_all["at"], kind="stable")
    return (
        {key: value[order] for key, value in shown_all.items()},
        {key: np.concatenate(value) if value else empty for key, value in followed.items()},
    )


def exposures_table(truth: Truth, span: Span, shown: dict[str, np.ndarray], contact_ids: pa.Array) -> pa.Table:
    """Exposures as a feature-flag service logs them."""
    most = max(len(experiment.arms) for experiment in truth.experiments)
    arms = [arm.name for experiment in truth.experiments for arm in (experiment.arms + experiment.arms[:1] * most)[:most]]
    return conform(
        "exposures",
        {
            "experiment": words(shown["experiment"], [experiment.name for experiment in truth.experiments]),
            "unit_id": contact_ids.take(pa.array(shown["person"])),
            "arm": words(shown["experiment"] * most + shown["arm"], arms),
            "at": span.instants(shown["at"]),
        },
    )
