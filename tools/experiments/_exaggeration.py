"""By how much an effect that is read because it looked good overstates the truth, if the truth is what the plan was made for.

Source: Gelman and Carlin (2014), Beyond power calculations: assessing type S (sign) and type M (magnitude) errors; along a course of looks
by the same integration that the boundaries come from. It uses the planned effect, never the observed one.
"""

from __future__ import annotations

from functools import lru_cache

from tools.experiments._reading import Reader, Reading
from tools.experiments._request import AnalyzeExperiment, Metric
from tools.methods.confidence_sequence import boundary
from tools.methods.fixed_horizon import t_quantile
from tools.methods.group_sequential import Spending, boundaries
from tools.methods.stopping import Course, course

LOOKS = 28  # a look a day over four weeks; twice as many change the factor by less than a hundredth


def exaggeration(request: AnalyzeExperiment, reader: Reader, reading: Reading, metric: Metric) -> Course | None:
    """The course of the planned test under its smallest effect worth finding; None when the plan does not say."""
    if metric.minimum_effect is None or request.planned_units is None or reading.effect.error <= 0 or reading.exact:
        return None
    planned_error = reading.effect.error * (reading.effect.n / planned_pair(request, reading)) ** 0.5
    drift = metric.minimum_effect * abs(reading.effect.control.raw) / planned_error
    if not 0 < drift < 12:
        return None
    looks = tuple(min(units / request.planned_units, 1.0) for units in request.earlier_looks)
    share = planned_pair(request, reading) / reader.tuning_units
    return _course(request.method, reader.alpha, round(drift, 2), looks, round(share, 3), request.spending)


def planned_pair(request: AnalyzeExperiment, reading: Reading) -> float:
    """Planned units of the two arms that are compared, by their planned weights."""
    weights = {arm.arm: arm.weight for arm in request.arms}
    planned = float(request.planned_units or reading.effect.n)
    if not weights:
        arms = {row.arm for metric in request.metrics if metric.role == "primary" for row in metric.totals}
        return planned * 2 / len(arms)
    return planned * (weights[request.control] + weights[reading.arm]) / sum(weights.values())


@lru_cache(maxsize=1024)
def _course(method: str, alpha: float, drift: float, earlier: tuple[float, ...], share: float, spending: Spending) -> Course:
    if method == "fixed":
        return course((1.0,), (t_quantile(1 - alpha, float("inf")),), drift)
    if method == "group_sequential":
        looks = (*(look for look in earlier if look < 1), 1.0)
        return course(looks, boundaries(looks, alpha, spending), drift)
    times = tuple((day + 1) / LOOKS for day in range(LOOKS))
    return course(times, tuple(boundary(time * share, 1.0, alpha) for time in times), drift)
