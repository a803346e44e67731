"""A plan as figures, sentences, caveats and a decision."""

from __future__ import annotations

from typing import Any

from tools.contract import Basis, Caveat, Decision, Figure, Interval, Unit, weakest
from tools.experiments._plan import FEWEST_WEEKS, Plan
from tools.methods.channel_names import channel_name, joined
from tools.methods.charts import BLUE, spec

NAMES = {
    "conversion": "conversion rate",
    "retention": "conversion rate",
    "mean": "mean",
    "count": "mean count",
    "ratio": "ratio",
    "quantile": "quantile",
    "revenue": "mean revenue per unit",
    "profit": "mean profit per unit",
}
READ = {"fixed": "read once at the end", "anytime": "read every day", "group_sequential": "read at the planned looks"}
CLOSE = 10  # conversions per arm below which the normal approximation is not to be relied on


def figures_of(plan: Plan) -> tuple[Figure, ...]:
    """Inputs first, then sizes and days, then what can be found, then the anytime readings."""
    request, known, figures = plan.request, plan.known, []
    unit = known.unit

    def add(key: str, value: float, kind: Unit, label: str, basis: Basis = "model", **more: Any) -> None:
        currency = known.currency if kind == "money" else None
        if kind in ("money", "count", "weeks", "days") and float(value).is_integer():
            value = int(value)
        figures.append(
            Figure(
                key=key,
                value=value if kind != "money" else round(value),
                unit=kind,
                metric=more.pop("metric", key),
                label=label,
                basis=basis,
                currency=currency,
                **more,
            )
        )

    planned: Basis = weakest(["model", known.basis, known.traffic_basis])
    mean_unit: Unit = "money" if known.currency else "number"
    observed = {"n": known.n, "period": known.period}
    if request.is_share:
        interval = None
        if known.low is not None and known.high is not None:
            interval = Interval(low=known.low, high=known.high, level=request.level)
        label = "conversion rate today" + (f", {known.outcome}" if known.outcome else "")
        add(
            "baseline_rate",
            known.mean,
            "share",
            label,
            known.basis,
            metric="conversion_rate",
            denominator=f"{unit}s",
            interval=interval,
            **observed,
        )
    else:
        label = f"{NAMES[request.metric]} today"
        add("baseline_mean", known.mean, mean_unit, label, known.basis, denominator=unit, **observed)
    if known.rate is not None and plan.break_even is not None:
        today = {"metric": "conversion_rate", "denominator": f"{unit}s"}
        add("baseline_rate", known.rate, "share", "conversion rate today", known.basis, **today, **observed)
        label = "change of the conversion rate at which the new price or offer earns the same"
        add(
            "break_even",
            plan.break_even,
            "share",
            label,
            "stated",
            denominator="today's conversion rate",
            rests_on=("margin", "new_margin"),
        )
    if plan.rate_wanted is not None:
        add(
            "conversion_rate_wanted",
            plan.rate_wanted,
            "share",
            "conversion rate that the effect to find takes",
            planned,
            denominator=f"{unit}s",
        )
    if known.units_per_week is not None:
        add(
            "units_per_week",
            known.units_per_week,
            "count",
            f"{unit}s that can enter a week",
            known.traffic_basis,
            denominator="week",
            **observed,
        )
    if known.on_list is not None:
        add("list_size", known.on_list, "count", f"{unit}s on the list", known.traffic_basis)
    if plan.effect is not None and plan.units_per_arm is not None:
        add(
            "effect_to_find",
            plan.effect,
            "share",
            "effect to find, relative to today",
            planned,
            denominator="today's figure",
        )
        difference_unit: Unit = "points" if request.is_share else mean_unit
        add("difference_to_find", plan.effect * known.mean, difference_unit, "difference to find", known.basis)
        spread = None
        if plan.units_range:
            spread = Interval(low=plan.units_range[0], high=plan.units_range[1], level=request.level, kind="range")
        needed = f"sample size per arm, {READ[request.read_out]}"
        add("sample_size_per_arm", plan.units_per_arm, "count", needed, planned, interval=spread, denominator="arm")
        add("sample_size_total", plan.units_per_arm * request.arms, "count", "sample size in all arms", planned)
    if plan.weeks and plan.days is not None:
        add("weeks", plan.weeks, "weeks", "whole weeks of entries", planned)
    if plan.weeks is not None and plan.days is not None:
        add("days", plan.days, "days", "days from start to reading", planned)
    add("longest", request.max_weeks, "weeks", "longest the test may run", "stated", metric="max_weeks")
    if plan.detectable is not None:
        label = "minimum detectable effect of the longest test"
        add("minimum_detectable_effect", plan.detectable, "share", label, planned, denominator="today's figure")
    if plan.fixed_units is not None and request.read_out != "fixed":
        add("inflation", plan.inflation, "multiple", f"sample size if {READ[request.read_out]}, over read once", planned)
        needed = "sample size per arm if read once at the end"
        add("fixed.sample_size_per_arm", plan.fixed_units, "count", needed, planned, metric="sample_size_per_arm", denominator="arm")
        if plan.fixed_days is not None:
            add("fixed.days", plan.fixed_days, "days", "days if read once at the end", planned, metric="days")
    elif plan.anytime_units is not None:
        add("anytime.inflation", plan.inflation, "multiple", "sample size if read at any time, over read once", planned)
        needed = "sample size per arm if read at any time, at most"
        add("anytime.sample_size_per_arm", plan.anytime_units, "count", needed, planned, metric="sample_size_per_arm", denominator="arm")
        if plan.anytime_days is not None:
            add("anytime.days", plan.anytime_days, "days", "days at most if read at any time", planned, metric="days")
    if plan.rate_needed is not None:
        add(
            "baseline_rate_needed",
            plan.rate_needed,
            "share",
            "conversion rate that the test would need",
            planned,
            denominator=f"{unit}s",
        )
    return tuple(figures)


def findings_of(plan: Plan, figures: tuple[Figure, ...]) -> tuple[str, ...]:
    """What it takes, how long, and what else the traffic can find."""
    has = {figure.key for figure in figures}
    unit = plan.known.unit
    name, key = NAMES[plan.request.metric], "rate" if plan.request.is_share else "mean"
    sentences = []
    if "sample_size_per_arm" in has:
        sentences.append(
            f"To find an effect of {{{{effect_to_find}}}} on a {name} of {{{{baseline_{key}}}}}, {READ[plan.request.read_out]}:"
        )
        sentences[-1] += f" sample size per arm {{{{sample_size_per_arm}}}}, each a {unit}."
    if "list_size" in has:
        sentences.append(f"{unit.capitalize()}s on the list, all written to at once: {{{{list_size}}}}.")
    elif "days" in has:
        sentences.append(f"{unit.capitalize()}s that can enter a week: {{{{units_per_week}}}}; so the test runs for {{{{days}}}}.")
    if "break_even" in has:
        sentences.append(
            "At the new price or offer the conversion rate has to change by {{break_even}} from {{baseline_rate}} for it to earn the same: "
            "judge the test by profit per unit, not by conversions."
        )
    if "minimum_detectable_effect" in has:
        whole = "the whole list" if "list_size" in has else "a test of {{longest}}"
        sentences.append(f"With {whole} the minimum detectable effect is {{{{minimum_detectable_effect}}}}, relative to today.")
    if "inflation" in has:
        sentences.append(
            "Read once at the end instead, the sample size per arm would be {{fixed.sample_size_per_arm}}; to look before the end takes at "
            "most {{inflation}} the sample size, and a large effect then stops the test early."
        )
    if "anytime.inflation" in has:
        sentences.append(
            "Read at any time, not once at the end, the same power takes at most {{anytime.inflation}} the sample size; "
            "a large effect then stops the test early."
        )
    if "anytime.days" in has and "list_size" not in has:
        sentences.append("Read at any time, the test runs for at most {{anytime.days}}.")
    if "baseline_rate_needed" in has:
        sentences.append(
            "A step further up the funnel with a conversion rate of at least {{baseline_rate_needed}} could be tested for the same "
            "relative effect in that time."
        )
    return tuple(sentences)


def decision_of(plan: Plan, alternatives: list[str]) -> Decision:
    """run · not_affordable · state_traffic · pick_effect, with what to do instead."""
    on_list = plan.known.on_list
    if plan.known.units_per_week is None and on_list is None:
        return Decision(
            action="state_traffic", reason="How long the test takes cannot be said before it is known how many can enter a week."
        )
    if plan.effect is None:
        if plan.detectable is None:
            return Decision(
                action="not_affordable", reason="The longest test allowed gives too few units to find any change of a plausible size."
            )
        return Decision(
            action="pick_effect", reason="The minimum detectable effect is {{minimum_detectable_effect}}: decide whether less would matter."
        )
    if plan.affordable:
        if on_list is not None:
            return Decision(action="run", reason="The list affords it: the test needs {{sample_size_total}} of its {{list_size}} people.")
        return Decision(action="run", reason="The traffic affords it: the test runs for {{days}}, and {{longest}} are allowed.")
    options = []
    if plan.detectable is not None:
        options.append("test for an effect of {{minimum_detectable_effect}} or more")
    if alternatives:
        options.append(f"measure a step further up the funnel ({joined([channel_name(name).lower() for name in alternatives[:3]])})")
    elif plan.rate_needed is not None:
        options.append("measure a step with a conversion rate of at least {{baseline_rate_needed}}")
    if plan.break_even is not None:
        options.append("try a larger change of the price or offer, whose effect is larger")
    if on_list is not None:
        if plan.fixed_units is not None and plan.request.read_out != "fixed" and plan.fixed_units * plan.request.arms <= on_list:
            options.insert(0, "read it once at the end, with {{fixed.sample_size_per_arm}} in each arm")
        reason = "The test needs {{sample_size_total}} people and the list has {{list_size}}, however long it runs."
        return Decision(action="not_affordable", reason=f"{reason} Instead: {'; or '.join(options)}." if options else reason)
    options.append("run fewer arms or a longer test" if plan.request.arms > 2 else "allow a longer test")
    return Decision(
        action="not_affordable",
        reason=f"The test would run for {{{{days}}}}, and only {{{{longest}}}} are allowed. Instead: {'; or '.join(options)}.",
    )


def caveats_of(plan: Plan) -> tuple[Caveat, ...]:
    """What would make the plan wrong."""
    request, known, caveats = plan.request, plan.known, []
    if plan.affordable is False:
        listed = known.on_list is not None
        short = "The list is too short for this test" if listed else "The traffic cannot afford this test in the time allowed"
        caveats.append(
            Caveat(
                code="not_affordable",
                text=f"{short}: run as it is, it would most likely end without an answer.",
                insist=True,
                signs=(
                    "cannot afford",
                    "not affordable",
                    "too little traffic",
                    "list is too short",
                    "not enough traffic",
                    "would take too long",
                    "cannot be tested",
                ),
            )
        )
    if known.units_per_week is None and known.on_list is None:
        caveats.append(
            Caveat(
                code="traffic_unknown",
                text="The number that can enter a week is unknown, so no duration is given.",
                insist=True,
                signs=("traffic is unknown", "unknown", "no duration", "not known"),
            )
        )
    if request.arms > 2:
        caveats.append(
            Caveat(
                code="arms_split",
                text="The chance of a false alarm is split over the comparisons with the control: that takes more units.",
            )
        )
    if request.is_share and plan.units_per_arm is not None and plan.units_per_arm * min(known.mean, 1 - known.mean) < CLOSE:
        caveats.append(
            Caveat(
                code="few_conversions",
                text="So few conversions per arm are expected that the size is only rough.",
                insist=True,
                signs=("rough", "few conversions", "approximate"),
            )
        )
    if known.n is not None and known.n < 1000 and plan.units_range:
        caveats.append(
            Caveat(
                code="baseline_uncertain",
                text="Today's rate rests on few people: over its interval the sample size per arm is {{sample_size_per_arm|range}}.",
            )
        )
    if plan.weeks == FEWEST_WEEKS:
        caveats.append(Caveat(code="whole_weeks", text="The test runs at least a fortnight, so that each arm sees every weekday again."))
    if request.read_out == "fixed":
        text = "The size holds for a test that is read once: stopping as soon as it looks good makes false alarms common."
        caveats.append(Caveat(code="fixed_horizon", text=text))
    else:
        text = "The size holds for the analysis it was planned for: analyse with the same method, tuned to the planned sample."
        caveats.append(Caveat(code="planned_analysis", text=text))
    return tuple(caveats)


def chart_of(plan: Plan) -> dict[str, Any] | None:
    """Smallest effect that can be found by weeks of entries."""
    if len(plan.curve) < 2:
        return None
    rows = [{"weeks": weeks, "effect": effect} for weeks, effect in plan.curve]
    return spec(
        "Smallest change that can be found, by weeks of entries",
        rows,
        mark={"type": "line", "point": True, "color": BLUE},
        encoding={
            "x": {"field": "weeks", "type": "quantitative", "title": "weeks of entries", "axis": {"tickMinStep": 1}},
            "y": {"field": "effect", "type": "quantitative", "title": "change, of today's figure", "axis": {"format": "%"}},
        },
    )
