"""Whether an experiment's units went to its arms as planned: the first thing to know of any result."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tools.contract import Caveat, Column, Decision, Figure, Frozen, Request, Table, ToolInputError, ToolResult, choice, quantity, tool
from tools.experiments._exposures import arms_by, count, day_start
from tools.experiments._names import unique_keys, words_of
from tools.experiments._ratio import STOPS, RatioCheck, check, worst_first
from tools.facts import Facts


class PlannedArm(Frozen):
    """One arm: its planned weight, and how many units it got when no facts are read."""

    arm: str = Field(description="name of the arm", min_length=1, max_length=80)
    weight: float = choice("number", "planned weight; only the proportions of the weights count", default=1.0, ge=1e-6, le=1e6)
    units: int | None = quantity("count", "units that were given this arm; left out when exposures are read", default=None, ge=0, le=10**12)


class DimensionCount(Frozen):
    """Units of one arm within one part of the audience."""

    dimension: str | None = Field(None, description="what the audience is divided by, where there are several, as in device", max_length=80)
    part: str = Field(description="value of the dimension, as in mobile", min_length=1, max_length=120)
    arm: str = Field(description="name of the arm", min_length=1, max_length=80)
    units: int = quantity("count", "units of this arm in this part", ge=0, le=10**12)


def _several(given: object) -> object:
    """One dimension may be given without brackets."""
    return (given,) if isinstance(given, str) else () if given is None else given


class CheckSampleRatio(Request):
    """Counts by arm with the planned weights, or the name of an experiment whose exposures are on record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"arms": [{"arm": "control", "units": 50210}, {"arm": "treatment", "units": 49790}], "method": "anytime"}]
        }
    )

    experiment: str | None = Field(
        None, description="name of the experiment in the exposures; left out when units are given", max_length=200
    )
    arms: tuple[PlannedArm, ...] = Field(
        (), description="the arms as planned; equal weights over the arms seen when left out", max_length=50
    )
    method: Literal["anytime", "fixed"] = Field(
        "anytime", description="anytime: a sequential multinomial test, valid at every look · fixed: chi squared, for a count taken once"
    )
    parts: tuple[DimensionCount, ...] = Field(
        (), description="the counts by part of the audience, to check each part as well", max_length=5000
    )
    by: Annotated[tuple[Literal["country", "source", "city", "stage"], ...], BeforeValidator(_several)] = Field(
        (), description="columns of contacts to check each value of, when exposures are read; one, or several", max_length=4
    )
    concentration: float = choice(
        "number",
        "anytime: weight of the planned shares in the alternative; more looks for smaller departures",
        default=10_000.0,
        ge=1,
        le=1e9,
    )

    @model_validator(mode="after")
    def _sources(self) -> Self:
        given = [arm.units is not None for arm in self.arms]
        if self.experiment is None and not (given and all(given)):
            raise ValueError("give the units of every arm, or the name of an experiment whose exposures are on record")
        if self.experiment is not None and any(given):
            raise ValueError("give units or the name of an experiment, not both")
        if self.by and self.experiment is None:
            raise ValueError("`by` reads the exposures of an experiment: give its name, or give `parts`")
        return self


class SampleRatio(ToolResult):
    """Whether the split can be trusted."""

    status: Annotated[
        Literal["sound", "doubtful", "mismatch"], Field(description="mismatch: p below .001; doubtful: below .01; else sound")
    ]
    p_value: float = Field(description="of the whole split, by the method asked for")
    parts: tuple[RatioCheck, ...] = Field((), description="each part of the audience with Holm's adjusted p-value, least likely first")


@tool(version=1, field="experiments")
def check_sample_ratio(request: CheckSampleRatio, facts: Facts) -> SampleRatio:
    """Check that units went to the arms in the planned shares: a mismatch means the experiment's result cannot be trusted.

    `anytime` is the sequential multinomial test of Lindon and Malek (2022), whose p-value holds however often it is read; `fixed` is
    Pearson's chi squared for a count taken once. A p-value below .001 is a mismatch and stops the read-out, below .01 it is doubtful.
    Parts of the audience, of one dimension or several, are checked with Holm's correction over all of them. From exposures, a unit counts
    once, by its first exposure, and units that were given two arms are left out and reported.
    """
    counts, crossed, by_part = _counts(request, facts)
    shares = {arm.arm: arm.weight for arm in request.arms} or dict.fromkeys(counts, 1.0)
    _refuse(counts, shares)
    whole = check("all", counts, shares, request.method, request.concentration)
    parts = worst_first([check(part, found, shares, request.method, request.concentration) for part, found in by_part.items()])
    status = min((whole.status, *(part.status for part in parts)), key=("mismatch", "doubtful", "sound").index)
    figures = _figures(counts, shares, whole, crossed)
    return SampleRatio(
        figures=figures,
        findings=_findings(whole, parts, crossed),
        caveats=_caveats(request, status),
        decision=_decision(status),
        table=_table(parts),
        status=status,
        p_value=whole.p_value,
        parts=tuple(parts),
    )


def _counts(request: CheckSampleRatio, facts: Facts) -> tuple[dict[str, int], int, dict[str, dict[str, int]]]:
    if request.experiment is None:
        parts: dict[str, dict[str, int]] = {}
        for row in request.parts:
            mine = parts.setdefault(f"{row.dimension}: {row.part}" if row.dimension else row.part, {})
            mine[row.arm] = mine.get(row.arm, 0) + row.units
        return {arm.arm: arm.units or 0 for arm in request.arms}, 0, parts
    exposed = count(facts, request.experiment, day_start(facts))
    found = {arm.arm: 0 for arm in request.arms} | {arm.arm: arm.units for arm in exposed.arms}
    by_part = {
        f"{column}: {part}" if len(request.by) > 1 else part: counts
        for column in request.by
        for part, counts in arms_by(facts, request.experiment, column).items()
    }
    return found, exposed.crossed, by_part


def _refuse(counts: dict[str, int], shares: dict[str, float]) -> None:
    unique_keys(shares, "arms")
    if len(shares) < 2:
        raise ToolInputError(
            "one arm has nothing to be compared with: a split needs two arms or more", field="arms", needed="2 arms", found="1"
        )
    unplanned = sorted(set(counts) - set(shares))
    if unplanned:
        raise ToolInputError(f"units went to arms that were not planned: {', '.join(unplanned)}", field="arms")
    if sum(counts.values()) == 0:
        raise ToolInputError("no unit has entered yet: there is no split to check", field="arms", needed="units in the arms", found="0")


def _figures(counts: dict[str, int], shares: dict[str, float], whole: RatioCheck, crossed: int) -> tuple[Figure, ...]:
    total, weight = sum(counts.values()), sum(shares.values())
    keys = unique_keys(shares, "arms")
    figures = [
        Figure(key="sample_ratio.p_value", value=whole.p_value, unit="number", metric="p_value", label="p-value of the split", n=total)
    ]
    for arm, key in keys.items():
        share = counts.get(arm, 0) / total
        entity = f"arm: {arm}"
        planned = shares[arm] / weight
        of_all: dict[str, Any] = {"unit": "share", "entity": entity, "denominator": "units in all arms"}
        figures += [
            Figure(key=f"{key}.units", value=counts.get(arm, 0), unit="count", metric="units", label="units in this arm", entity=entity),
            Figure(key=f"{key}.share", value=share, metric="share_of_units", label="share of units", n=total, **of_all),
            Figure(key=f"{key}.planned_share", value=planned, metric="planned_share", label="planned share", basis="stated", **of_all),
        ]
    if crossed:
        figures.append(
            Figure(key="crossed_units", value=crossed, unit="count", metric="crossed_units", label="units that were given two arms")
        )
    return tuple(figures)


def _findings(whole: RatioCheck, parts: list[RatioCheck], crossed: int) -> tuple[str, ...]:
    said = {
        "mismatch": "The p-value of the split is {{sample_ratio.p_value}}: units did not go to the arms as planned, something sorts them.",
        "doubtful": "The p-value of the split is {{sample_ratio.p_value}}: hard to reconcile with the plan, look for a cause.",
        "sound": "The p-value of the split is {{sample_ratio.p_value}}: it agrees with the plan.",
    }
    found = [said[whole.status]]
    bad = [words_of(part.part) for part in parts if part.status != "sound"]
    if bad:
        found.append(f"Within parts of the audience the split does not agree with the plan: {', '.join(bad[:5])}.")
    if crossed:
        found.append("{{crossed_units}} units were given two arms and are left out.")
    return tuple(found)


def _caveats(request: CheckSampleRatio, status: str) -> tuple[Caveat, ...]:
    caveats = []
    if status == "mismatch":
        caveats.append(
            Caveat(
                code="sample_ratio_mismatch",
                text="The sample ratio does not match the plan: no effect of this experiment can be trusted until the cause is found.",
                insist=True,
                signs=("sample ratio", "split does not", "did not go to the arms", "mismatch", "cannot be trusted"),
            )
        )
    if request.method == "fixed":
        caveats.append(
            Caveat(code="read_once", text="This p-value holds for a count that is taken once; looked at daily it alarms too often.")
        )
    return tuple(caveats)


def _decision(status: str) -> Decision:
    if status == "mismatch":
        return Decision(
            action="stop",
            reason="The split is not the planned one (p-value of the split {{sample_ratio.p_value}}): find the cause first.",
        )
    if status == "doubtful":
        return Decision(
            action="investigate", reason="The split is doubtful: check assignment, redirects and logging, and do not ship on it."
        )
    return Decision(action="go_on", reason="Nothing speaks against the split.")


def _table(parts: list[RatioCheck]) -> Table | None:
    if not parts:
        return None
    columns = (
        Column(name="part", label="part"),
        Column(name="units", label="units", unit="count"),
        Column(name="p_value", label="p-value", unit="number"),
        Column(name="adjusted", label="Holm's p-value", unit="number"),
        Column(name="status", label="status"),
    )
    return Table(
        title=f"Split by part of the audience (mismatch below {STOPS:g} after Holm)",
        columns=columns,
        rows=tuple((part.part, part.units, part.p_value, part.adjusted, part.status) for part in parts),
    )
