"""How many more units a test needs for the way it will be read, over one that is read once: the same courses that the analysis holds to."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from tools.methods.confidence_sequence import boundary
from tools.methods.group_sequential import Spending, boundaries
from tools.methods.sample_size import noncentrality
from tools.methods.stopping import drift_for_power

ReadOut = Literal["fixed", "anytime", "group_sequential"]
DAILY = 28  # looks of a test that runs four weeks and is read every day; more looks need slightly fewer units


@lru_cache(maxsize=512)
def inflation(read_out: ReadOut, alpha: float, power: float, looks: int, spending: Spending = "obrien_fleming") -> float:
    """Units over those of a test read once, for the same power at `looks` equally spaced looks.

    anytime: the asymptotic confidence sequence tuned to the planned sample. The test may stop at any look, so it is the largest sample it
    takes; on average it takes fewer.
    """
    if read_out == "fixed":
        return 1.0
    times = tuple((look + 1) / looks for look in range(looks))
    criticals = boundaries(times, alpha, spending) if read_out == "group_sequential" else tuple(boundary(t, 1.0, alpha) for t in times)
    return (drift_for_power(times, criticals, power) / noncentrality(alpha, power)) ** 2
