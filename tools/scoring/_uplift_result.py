"""Uplift as figures, sentences, caveats, a decision, a table and a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.contract import Caveat, Column, Decision, Frozen, Table, Unit
from tools.experiments._names import key_of, words_of
from tools.methods.charts import BLUE, VERMILION, spec
from tools.methods.currencies import minor_units
from tools.methods.maximum_likelihood import quantile
from tools.methods.partial_pooling import Pooled
from tools.methods.uplift import Estimate, Scores, learn, mean_of, qini, ranks
from tools.scoring._figure_list import FigureList
from tools.scoring._uplift_groups import Counts
from tools.scoring._uplift_request import MeasureUplift
from tools.scoring._uplift_rows import Units

Floats = NDArray[np.float64]
STEPS = tuple(number / 10 for number in range(1, 11))
METHOD_WORDS = {
    "two_model": "the two-model scores",
    "transformed_outcome": "the transformed-outcome scores",
    "groups": "the order of the groups",
}


class Target(Frozen):
    """The first `share` of the audience by score. Effects per unit treated; money in minor units."""

    share: float = Field(description="share of the audience that is treated")
    effect: float = Field(description="effect per unit treated")
    low: float = Field(description="lower end of its interval")
    high: float = Field(description="upper end of its interval")
    gain: float = Field(description="effect per unit of the whole audience")
    profit: float | None = Field(description="value less cost per unit of the whole audience, minor units")
    profit_low: float | None = Field(description="lower end of its interval")
    profit_high: float | None = Field(description="upper end of its interval")
    groups: tuple[str, ...] = Field((), description="the groups in it, where groups were given")


@dataclass(frozen=True, slots=True)
class Whole:
    """The effect on everyone and what the rankings are worth. `scale`: minor units in one unit of the outcome."""

    effect: Estimate
    treated: int
    control: int
    control_mean: float
    binary: bool
    money: bool
    qini: dict[str, Estimate]
    groups: tuple[tuple[str, float, float, float, int], ...]
    scale: float
    currency: str
    others: int

    @property
    def unit(self) -> Unit:
        """Of a difference."""
        return "points" if self.binary else "money" if self.money else "number"


def rows_whole(
    request: MeasureUplift, units: Units, currency: str, random: np.random.Generator
) -> tuple[Whole, tuple[MeasureUplift, Scores]]:
    """The difference in means, and the scores of every unit with their Qini coefficients."""
    scores = learn(units.features, units.treated, units.outcome, folds=request.folds, learner=request.learner, random=random)
    found = {
        name: qini(scores.effect, ranks(score, scores.fold), scores.fold)
        for name, score in (("two_model", scores.two_model), ("transformed_outcome", scores.transformed))
    }
    effect, control_mean = _difference(units.outcome, units.treated)
    groups = []
    if units.segments is not None:
        for name in np.unique(units.segments):
            mine = units.segments == name
            if min(units.treated[mine].sum(), (~units.treated[mine]).sum()) >= 20:
                one, mean = _difference(units.outcome[mine], units.treated[mine])
                groups.append((str(name), one.value, one.error, mean, int(mine.sum())))
    money = request.currency is not None
    scale = float(minor_units(request.currency)) if request.currency and request.outcome_in == "major" else 1.0
    whole = Whole(
        effect,
        int(units.treated.sum()),
        int((~units.treated).sum()),
        control_mean,
        units.binary and not money,
        money,
        found,
        tuple(groups),
        scale,
        request.currency or currency,
        units.others,
    )
    return whole, (request, scores)


def _difference(outcome: Floats, treated: NDArray[np.bool_]) -> tuple[Estimate, float]:
    """Difference in means with Welch's error."""
    one, other = outcome[treated], outcome[~treated]
    error = float(np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)))
    return Estimate(float(one.mean() - other.mean()), error), float(other.mean())


def targets_of(read: tuple[MeasureUplift, Scores], whole: Whole, reach: float) -> tuple[Target, ...]:
    """The targeting curve by tenths of the audience, on doubly robust effects."""
    request, scores = read
    score = scores.two_model if request.method == "two_model" else scores.transformed
    rank = ranks(score, scores.fold)
    found = []
    for share in STEPS:
        inside = rank <= share
        each = mean_of(scores.effect[inside]) if inside.sum() > 1 else Estimate(0.0, 0.0)
        gain = mean_of(scores.effect * inside)
        profit = None
        if request.value_per_outcome is not None and request.cost_per_unit is not None:
            worth = whole.scale if whole.money else float(request.value_per_outcome)
            profit = mean_of((scores.effect * worth - request.cost_per_unit) * inside)
        found.append(_target(float(inside.mean()), each, gain.value, profit, whole.scale, reach, ()))
    return tuple(found)


def group_targets(request: MeasureUplift, counts: Counts, moved: Pooled, reach: float) -> tuple[Target, ...]:
    """Groups one after another: in the order given, or by their effects moved toward the mean."""
    share = counts.share
    order = np.arange(len(share)) if request.groups_ordered else np.argsort(-moved.effects, kind="stable")
    effects, errors = (counts.effects, counts.errors) if request.groups_ordered else (moved.effects, moved.errors)
    found = []
    for last in range(len(order)):
        taken = order[: last + 1]
        weight = share[taken]
        size = float(weight.sum())
        gain = Estimate(float(weight @ effects[taken]), float(np.sqrt(((weight * errors[taken]) ** 2).sum())))
        profit = None
        if request.value_per_outcome is not None and request.cost_per_unit is not None:
            profit = Estimate(gain.value * request.value_per_outcome - size * request.cost_per_unit, gain.error * request.value_per_outcome)
        names = tuple(request.groups[place].name for place in taken)
        found.append(_target(size, Estimate(gain.value / size, gain.error / size), gain.value, profit, 1.0, reach, names))
    return tuple(found)


def _target(
    share: float, each: Estimate, gain: float, profit: Estimate | None, scale: float, reach: float, groups: tuple[str, ...]
) -> Target:
    low, high = each.interval(reach)
    around = profit.interval(reach) if profit else (None, None)
    return Target(
        share=share,
        effect=each.value * scale,
        low=low * scale,
        high=high * scale,
        gain=gain * scale,
        profit=profit.value if profit else None,
        profit_low=around[0],
        profit_high=around[1],
        groups=groups,
    )


def uplift_parts(request: MeasureUplift, whole: Whole, targets: tuple[Target, ...]) -> dict[str, Any]:
    """The fields of a result that are common to all tools."""
    figures, findings = FigureList(whole.currency), list[str]()
    reach, scale, level = quantile(request.level), whole.scale, request.level
    outcome, action = words_of(request.outcome), words_of(request.action)
    unit = whole.unit
    figures.add("treated", whole.treated, "count", "units treated", metric="units_treated")
    figures.add("control", whole.control, "count", "units not treated", metric="units_not_treated")
    mean_unit: Unit = "share" if whole.binary else unit
    figures.add(
        "control_mean", whole.control_mean * scale, mean_unit, f"{outcome} per unit without {action}", denominator="units", n=whole.control
    )

    def ends(one: Estimate) -> tuple[float, float]:
        low, high = one.interval(reach)
        return low * scale, high * scale

    def effect(key: str, one: Estimate, label: str, n: int, **more: Any) -> None:
        figures.add(
            key,
            one.value * scale,
            unit,
            label,
            metric="effect",
            interval=ends(one),
            level=level,
            basis="experiment",
            n=n,
            denominator="units",
            **more,
        )

    units = whole.treated + whole.control
    effect("everyone.effect", whole.effect, f"effect of {action} on {outcome} per unit, everyone", units)
    findings.append(
        f"Over {{{{treated}}}} units with and {{{{control}}}} without {action}, "
        f"its effect on {outcome} per unit is {{{{everyone.effect}}}} "
        "({{everyone.effect.low}} to {{everyone.effect.high}})."
    )
    for name, value, error, _, n in whole.groups:
        effect(
            f"group.{key_of(name)}.effect",
            Estimate(value, error),
            f"effect of {action} on {outcome} per unit among {words_of(name)}",
            n,
            entity=f"segment: {name}",
        )
    for name, one in whole.qini.items():
        figures.add(
            f"qini.{name}",
            one.value * scale,
            "number",
            f"Qini coefficient of {METHOD_WORDS[name]}",
            metric="qini",
            interval=ends(one),
            level=level,
            basis="experiment",
            n=units,
        )
        cleared = one.interval(reach)[0] > 0
        said = "ranks people by effect better than chance" if cleared else "is not shown to rank people better than chance"
        findings.append(
            f"The Qini coefficient of {METHOD_WORDS[name]} is {{{{qini.{name}}}}} "
            f"({{{{qini.{name}.low}}}} to {{{{qini.{name}.high}}}}): it {said}."
        )
    first = targets[0]
    figures.add(
        "first.share",
        first.share,
        "share",
        "share of the audience that comes first by score",
        metric="share_of_audience",
        denominator="units",
    )
    figures.add(
        "first.effect",
        first.effect,
        unit,
        f"effect on {outcome} per unit among those who come first by score",
        metric="effect_of_first",
        interval=(first.low, first.high),
        level=level,
        basis="experiment",
        denominator="units",
    )
    best = best_target(request, whole, targets, reach)
    if best is not None:
        figures.add(
            "best.share", best.share, "share", "share of the audience to treat", metric="share_to_treat", denominator="units", basis="model"
        )
        figures.add(
            "best.effect",
            best.effect,
            unit,
            f"effect on {outcome} per unit among those to treat",
            metric="effect_of_treated",
            interval=(best.low, best.high),
            level=level,
            basis="model",
            denominator="units",
        )
        if best.profit is not None and best.profit_low is not None and best.profit_high is not None:
            figures.add(
                "best.profit",
                best.profit,
                "money",
                "value less cost per unit of the audience, when only those are treated",
                metric="profit",
                interval=(best.profit_low, best.profit_high),
                level=level,
                basis="model",
                denominator="units",
            )
    return {
        "figures": tuple(figures.figures),
        "findings": tuple(findings),
        "caveats": _caveats(request, whole),
        "decision": _decision(request, whole, best, reach),
        "table": _table(whole, targets),
        "chart": _chart(targets, outcome),
    }


def ranking_of(request: MeasureUplift, whole: Whole) -> Estimate | None:
    """What the ranking that was fixed beforehand is worth."""
    return whole.qini.get("groups") or whole.qini.get(request.method)


def best_target(request: MeasureUplift, whole: Whole, targets: tuple[Target, ...], reach: float) -> Target | None:
    """Whom to treat, when the ranking is shown to be one: where profit, or else the effect, stops growing."""
    ranking = ranking_of(request, whole)
    if ranking is None or ranking.interval(reach)[0] <= 0:
        return None
    best = max(targets, key=lambda one: one.gain if one.profit is None else one.profit)
    return best if (best.gain if best.profit is None else best.profit) > 0 else None


def _decision(request: MeasureUplift, whole: Whole, best: Target | None, reach: float) -> Decision:
    low, high = whole.effect.interval(reach)
    if request.value_per_outcome is not None and request.cost_per_unit is not None:
        worth = 1.0 if whole.money else request.value_per_outcome
        low, high = low * whole.scale * worth - request.cost_per_unit, high * whole.scale * worth - request.cost_per_unit
    if best is not None and best.share < 0.999:
        return Decision(
            action="treat_first", reason="The ranking is shown to be one: treat {{best.share}} of the audience, those who come first."
        )
    if low > 0:
        return Decision(
            action="treat_all", reason="The effect {{everyone.effect}} pays over everyone, and no ranking is shown to do better."
        )
    if high < 0:
        return Decision(
            action="treat_none", reason="The effect {{everyone.effect}} does not pay, and no ranking shows a part where it does."
        )
    return Decision(
        action="keep_testing", reason="The effect may be on either side of what pays ({{everyone.effect.low}} to {{everyone.effect.high}})."
    )


def _caveats(request: MeasureUplift, whole: Whole) -> tuple[Caveat, ...]:
    caveats = [
        Caveat(code="stated_random", text="That chance alone decided who was treated is what was stated; the data does not contradict it."),
        Caveat(code="this_test", text="The effects are those of this action, at this time, on this audience."),
    ]
    ranking = ranking_of(request, whole)
    if ranking is not None and ranking.interval(quantile(request.level))[0] <= 0:
        caveats.append(
            Caveat(
                code="no_ranking",
                text="No ranking by effect is shown: differences between groups or scores may be chance.",
                insist=True,
                signs=("no ranking", "may be chance", "not shown"),
            )
        )
    if whole.groups and not request.groups_ordered:
        caveats.append(
            Caveat(
                code="many_groups",
                text="Effects by group are shown as measured: the largest of several is too large on average.",
                insist=len(whole.groups) > 2,
                signs=("too large on average", "largest of several", "as measured"),
            )
        )
    if request.rows is not None and not request.rows.feature_columns:
        caveats.append(
            Caveat(
                code="all_columns",
                text="Every other column was taken as known before the treatment: name the features if some were recorded after it.",
                insist=True,
                signs=("known before", "recorded after"),
            )
        )
    if whole.others:
        caveats.append(Caveat(code="other_arms", text="Rows of other arms were left out."))
    return tuple(caveats)


def _table(whole: Whole, targets: tuple[Target, ...]) -> Table:
    priced = targets[0].profit is not None
    rows = []
    for one in targets:
        shown = [round(value) if whole.money else value for value in (one.effect, one.low, one.high)]
        rows.append(
            (one.share, *shown, *([round(value or 0) for value in (one.profit, one.profit_low, one.profit_high)] if priced else []))
        )
    money = whole.currency if whole.money else None
    columns = [
        Column(name="share", label="Share of the audience treated", unit="share"),
        *(
            Column(name=name, label=label, unit=whole.unit, currency=money)
            for name, label in (("effect", "Effect per unit treated"), ("low", "At least"), ("high", "At most"))
        ),
    ]
    if priced:
        columns += [
            Column(name=name, label=label, unit="money", currency=whole.currency)
            for name, label in (
                ("profit", "Value less cost per unit of all"),
                ("profit_low", "Profit at least"),
                ("profit_high", "Profit at most"),
            )
        ]
    return Table(title="Whom to treat: effect among the first by score", columns=tuple(columns), rows=tuple(rows))


def _chart(targets: tuple[Target, ...], outcome: str) -> dict[str, Any]:
    """Gain by share treated, beside the straight line of a random choice."""
    last = targets[-1].gain / max(targets[-1].share, 1e-9)
    rows: list[dict[str, Any]] = [{"share": 0.0, "gain": 0.0, "which": which} for which in ("by score", "at random")]
    for one in targets:
        rows += [
            {"share": one.share, "gain": one.gain, "which": "by score"},
            {"share": one.share, "gain": one.share * last, "which": "at random"},
        ]
    return spec(
        "Targeting curve",
        rows,
        mark={"type": "line", "point": True},
        encoding={
            "x": {"field": "share", "type": "quantitative", "title": "share of the audience treated", "axis": {"format": "%"}},
            "y": {"field": "gain", "type": "quantitative", "title": f"more {outcome} per unit of the audience"},
            "color": {"field": "which", "type": "nominal", "title": None, "scale": {"range": [BLUE, VERMILION]}},
        },
    )
