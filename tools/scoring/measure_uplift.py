"""Whom an action moves, as a randomised test has measured it."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from tools.contract import Frozen, ToolInputError, ToolResult, tool
from tools.facts import Facts
from tools.methods.maximum_likelihood import quantile
from tools.methods.seeds import seed_of
from tools.scoring._uplift_groups import counts_of, pooled, qini_of, whole_effect
from tools.scoring._uplift_request import MeasureUplift
from tools.scoring._uplift_result import Target, Whole, group_targets, rows_whole, targets_of, uplift_parts


class MeasuredEffect(Frozen):
    """An effect from a randomised test, as `recommend_next_action` takes it. Per unit; money in minor units."""

    action: str = Field(description="what was done")
    segment: str = Field(description="who: everyone, or the name of a group")
    outcome: str = Field(description="what is counted")
    effect: float = Field(description="difference per unit between treated and not")
    error: float = Field(description="its standard error")
    control_mean: float = Field(description="outcome per unit without the action")
    units: int = Field(description="units behind it, both arms")
    is_money: bool = Field(description="whether the outcome is money")


class UpliftReading(ToolResult):
    """The effect, how well people can be ranked by it, and whom to treat."""

    effects: tuple[MeasuredEffect, ...] = Field(description="the effect on everyone, then by group where groups were named")
    targets: tuple[Target, ...] = Field(description="the targeting curve: effect on the first so many, in the order of the scores")


@tool(version=1, field="scoring")
def measure_uplift(request: MeasureUplift, facts: Facts) -> UpliftReading:
    """Measure from a randomised test whom an action moves: effect, Qini coefficient with interval, targeting curve, whom to treat.

    From rows: two-model and transformed-outcome scores, learned part after part on what was known before, each judged by its Qini
    coefficient (zero when the scores rank no better than chance). From counts: groups in a fixed order, or ordered by one random half and
    judged on the other. Data that was not randomised is refused, and so are features that tell who was treated. Nobody is picked unless
    the interval of the Qini coefficient clears zero.
    """
    if request.assignment != "randomised":
        raise ToolInputError(
            "whom an action moves cannot be read where somebody chose whom to treat: run a test that leaves a random part untreated",
            field="assignment",
            needed="randomised",
            found="not_randomised",
        )
    random, reach = np.random.default_rng(seed_of(request)), quantile(request.level)
    if request.rows is not None:
        from tools.scoring._uplift_rows import read_units

        units = read_units(request, facts)
        whole, scores = rows_whole(request, units, facts.currency, random)
        targets = targets_of(scores, whole, reach)
    else:
        counts = counts_of(request.groups)
        effect = whole_effect(counts)
        share = counts.share
        control = float(share @ (counts.other_hits / counts.control))
        whole = Whole(
            effect=effect,
            treated=int(counts.treated.sum()),
            control=int(counts.control.sum()),
            control_mean=control,
            binary=True,
            money=False,
            qini={"groups": qini_of(counts, request.groups_ordered, random)} if len(share) > 1 else {},
            groups=tuple(
                (group.name, float(e), float(s), float(rate), int(n))
                for group, e, s, rate, n in zip(
                    request.groups,
                    counts.effects,
                    counts.errors,
                    counts.other_hits / counts.control,
                    counts.treated + counts.control,
                    strict=True,
                )
            ),
            scale=1.0,
            currency=facts.currency,
            others=0,
        )
        targets = group_targets(request, counts, pooled(counts), reach)
    effects = [("everyone", whole.effect.value, whole.effect.error, whole.control_mean, whole.treated + whole.control), *whole.groups]
    return UpliftReading(
        **uplift_parts(request, whole, targets),
        effects=tuple(
            MeasuredEffect(
                action=request.action,
                segment=name,
                outcome=request.outcome,
                effect=value * whole.scale,
                error=error * whole.scale,
                control_mean=mean * whole.scale,
                units=units_,
                is_money=whole.money,
            )
            for name, value, error, mean, units_ in effects
        ),
        targets=targets,
    )
