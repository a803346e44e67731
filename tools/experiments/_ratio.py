"""The sample-ratio gate: when a split stops a read-out and when it only casts doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tools.contract import Frozen
from tools.methods.multiplicity import holm
from tools.methods.sample_ratio import CONCENTRATION, chi_squared_p_value, sequential_p_value

STOPS = 0.001  # below this the read-out stops: at this rate a sound split is stopped once in a thousand experiments
WARNS = 0.01

Status = Literal["sound", "doubtful", "mismatch"]


class RatioCheck(Frozen):
    """One split held against the plan."""

    part: str = Field(description="part of the audience; 'all' for the whole")
    units: int = Field(description="units in all arms")
    p_value: float = Field(description="of this split alone")
    adjusted: float = Field(description="p-value with Holm's correction over the parts")

    @property
    def status(self) -> Status:
        """What the adjusted p-value means for the read-out."""
        return status_of(self.adjusted)


def status_of(p_value: float) -> Status:
    """mismatch below .001, doubtful below .01, else sound."""
    return "mismatch" if p_value < STOPS else "doubtful" if p_value < WARNS else "sound"


def check(
    part: str,
    counts: Mapping[str, int],
    shares: Mapping[str, float],
    method: Literal["anytime", "fixed"],
    concentration: float = CONCENTRATION,
) -> RatioCheck:
    """Counts by arm against planned shares; an arm without a count has none."""
    found = [counts.get(arm, 0) for arm in shares]
    planned = list(shares.values())
    if sum(found) == 0:
        p_value = 1.0
    elif method == "fixed":
        p_value = chi_squared_p_value(found, planned)
    else:
        p_value = sequential_p_value(found, planned, concentration)
    return RatioCheck(part=part, units=sum(found), p_value=p_value, adjusted=p_value)


def worst_first(checks: list[RatioCheck]) -> list[RatioCheck]:
    """The parts with Holm's correction, least likely first."""
    adjusted = holm([check.p_value for check in checks])
    done = [check.model_copy(update={"adjusted": p}) for check, p in zip(checks, adjusted, strict=True)]
    return sorted(done, key=lambda check: (check.adjusted, check.part))
