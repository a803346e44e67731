"""A read-out in sentences, and the caveats that limit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.contract import Caveat, Figure
from tools.experiments._estimates import MetricEstimates
from tools.experiments._gates import Gates
from tools.experiments._names import key_of, words_of
from tools.experiments._readout import Comparison
from tools.experiments._request import AnalyzeExperiment
from tools.experiments._subgroups import SubgroupReading, Subgroups
from tools.experiments._verdict import Verdict


def findings_of(compared: Sequence[Comparison], control: str, trusted: bool) -> tuple[str, ...]:
    """One sentence per comparison, the primary metric first. Without trust in the gates, what was counted but no effect."""
    order = sorted(compared, key=lambda c: ("primary", "guardrail", "secondary").index(c.role))
    sentences = []
    for c in order:
        key, words, arm = key_of(c.metric), words_of(c.metric), words_of(c.arm)
        here = f"{key}.{key_of(c.arm)}"
        values = f"{{{{{here}.value}}}} with {arm} and {{{{{key}.{key_of(control)}.value}}}} with {words_of(control)}"
        if not trusted:
            sentences.append(f"Counted for {words}: {values}; this is no effect.")
            continue
        which = "lift" if c.lift is not None else "effect"
        shown = f"{{{{{here}.{which}}}}}"
        if (c.lift_low if which == "lift" else c.difference_low) is not None and (
            c.lift_high if which == "lift" else c.difference_high
        ) is not None:
            shown += f" ({{{{{here}.{which}|range}}}})"
        said = {"better": "is better", "worse": "is worse", "unclear": "may be better or worse"}[c.state]
        guard = {"holds": ", within its margin", "harmed": ", beyond its margin", "open": ", its margin still open", None: ""}[c.guardrail]
        sentences.append(f"On {words}, {arm} {said}{guard}: {values}, a change of {shown}.")
    return tuple(sentences)


def subgroup_findings(parts: Subgroups, figures: Mapping[SubgroupReading, Figure]) -> tuple[str, ...]:
    """One sentence per flagged part, and one where parts were looked at and none differs."""
    said = []
    for row, figure in figures.items():
        shown = f"{{{{{figure.key}}}}}" + (f" ({{{{{figure.key}|range}}}})" if figure.interval else "")
        said.append(
            f"Among {words_of(row.dimension)} {words_of(row.part)} the effect with {words_of(row.arm)} differs from that on everyone else: "
            f"{shown}; this is flagged for a test of its own and decides nothing."
        )
    if parts.readings and not parts.flagged:
        said.append("No part of the audience shows an effect that differs from the rest, all parts taken together.")
    return tuple(said)


def caveats_of(
    request: AnalyzeExperiment,
    gates: Gates,
    verdict: Verdict,
    found: Sequence[MetricEstimates],
    overstated: float | None,
    tuned: bool,
    parts: Subgroups,
) -> tuple[Caveat, ...]:
    """What limits the read-out."""
    caveats = []

    def add(code: str, text: str, *signs: str) -> None:
        caveats.append(Caveat(code=code, text=text, insist=bool(signs), signs=signs))

    for gate in gates.invalid:
        signs = ("cannot be trusted", "invalid", "not valid", "no effect can be read", "mismatch", "start again")
        add(gate.name, "The experiment is invalid: no effect of it can be read.", *signs)
    for gate in gates.doubtful:
        doubt, marks = DOUBTS[gate.name]
        add(gate.name, doubt, *marks)
    if verdict.decision.action == "ship":
        text = "An effect that was read because it looked good overstates what is to come: plan on less than the estimate."
        if overstated is not None and overstated > 1.02:
            text = "An effect read because it looked good overstates: {{exaggeration}} the truth on average, if that is the planned effect."
        estimate = now_shown(found, verdict)
        if estimate is not None:
            text = f"{text.rstrip('.')}; what is safe to plan on is the low end of its interval, {estimate}."
        add("stopped_estimate", text, "overstate", "exaggerat", "less than the estimate", "smaller than")
    if verdict.decision.action == "keep_running":
        add(
            "not_decided",
            "The test is not decided yet: no arm has won or lost.",
            "not decided",
            "keep running",
            "still running",
            "too early",
            "not yet",
        )
    if verdict.decision.action == "inconclusive":
        signs = ("inconclusive", "not shown", "no difference", "neither better nor worse", "cannot say", "ruled out")
        add("inconclusive", "The test is inconclusive: that is not a proof of no effect.", *signs)
    if request.method == "anytime" and not tuned:
        add(
            "tuning_default",
            "The plan names no sample, so the sequence is tuned to a default: with a planned sample it would be narrower there.",
        )
    if request.method == "group_sequential":
        add("one_looks_p_value", "The p-values shown are those of this look alone; what decides is the boundary that is planned for it.")
    if request.method == "fixed" and request.planned_units is None:
        add(
            "one_look",
            "The fixed method holds for one look at a size planned beforehand, and the plan names none.",
            "one look",
            "read once",
            "planned",
        )
    if any(estimates.metric.role == "secondary" for estimates in found):
        add("secondary", "Secondary metrics describe; their p-values are adjusted for the false discovery rate, and they decide nothing.")
    if parts.flagged:
        add(
            "subgroups",
            "Where the effect differs within the audience is a question for a next test, not a result of this one.",
            "next test",
            "test of its own",
            "flagged",
            "not a result",
        )
    if parts.small:
        add("small_parts", "Parts of the audience that are too small to be looked at were left out of the search for differing effects.")
    if any(estimates.cap is not None for estimates in found):
        add("winsorised", "Outcomes above a quantile of all arms together are capped at it, so means are those of capped outcomes.")
    if any(estimates.strata for estimates in found):
        add("strata", "Strata are weighed by their share of all units; differences between strata are exploratory.")
    return tuple(caveats)


def now_shown(found: Sequence[MetricEstimates], verdict: Verdict) -> str | None:
    """The slot of the cautious end of the shipped arm's lift, where it has an interval."""
    primary = next(estimates.metric for estimates in found if estimates.metric.role == "primary")
    if verdict.arm is None or not verdict.bounded:
        return None
    return f"{{{{{key_of(primary.name)}.{key_of(verdict.arm)}.lift.{'low' if primary.sign > 0 else 'high'}}}}}"


DOUBTS = {
    "sample_ratio_of_parts": (
        "Within a part of the audience the sample ratio is doubtful: look for a cause first.",
        ("sample ratio", "doubtful", "split"),
    ),
    "sample_ratio": (
        "The sample ratio is doubtful (p-value of the sample ratio {{sample_ratio.p_value}}): look for a cause first.",
        ("sample ratio", "doubtful", "split"),
    ),
    "exposure_balance": (
        "The arms lost units at somewhat different rates before the analysis.",
        ("different rates", "doubtful", "lost units"),
    ),
    "crossed_units": (
        "{{crossed_share}} of the units saw more than one arm and are left out.",
        ("more than one arm", "both arms", "left out"),
    ),
    "before_the_test": (
        "The arms differed somewhat before the test: the effect may be that difference.",
        ("before the test", "doubtful"),
    ),
    "novelty": (
        "The effect on those who entered first differs from the effect on the rest: it may wear off.",
        ("wear off", "novelty", "differs"),
    ),
}
