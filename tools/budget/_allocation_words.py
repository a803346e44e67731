"""What must and may be said of a split: findings, caveats and the decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tools.budget._curve_caveats import credited_caveat
from tools.budget._figures import capital
from tools.budget._split import Ask, Split, splits_evenly
from tools.contract import Caveat, Decision, Figure
from tools.methods.channel_names import channel_name, joined

ALTERNATIVES = {
    "current_split": "the current split",
    "equal_split": "an equal split",
    "all_in_best": "all on the strongest single channel",
    "best_split": "the best split found",
}
Keys = Mapping[str, Figure]


def findings(ask: Ask, split: Split, outcome: str, keys: Keys, value: int | None) -> Iterable[str]:
    """Each channel, largest first; the plan against the current one; what was rejected; money past its worth."""
    for place in np.argsort(-split.advised, kind="stable"):
        yield _channel(ask, split, int(place), outcome, keys)
    gain = float(keys["total.gain"].value) if "total.gain" in keys else 0.0
    chance = "; the chance that it brings fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
    if gain > 0:
        yield (
            f"Against the current split of the same budget the plan is expected to bring {{{{total.gain}}}} more {outcome} "
            f"a {ask.period}{chance}."
        )
    elif gain < 0:
        yield f"The change in expected {outcome} a {ask.period} against the current split of the same budget is {{{{total.gain}}}}{chance}."
    for name in ("equal_split", "all_in_best"):
        if f"{name}.shortfall" in keys and float(keys[f"{name}.shortfall"].value) > 0:
            yield (
                f"Considered and rejected: {ALTERNATIVES[name]}, expected to bring {{{{{name}.expected_conversions}}}} {outcome} "
                f"a {ask.period}, {{{{{name}.shortfall}}}} fewer than the plan."
            )
    dear = [] if value is None else _beyond_worth(split, keys, value)
    if dear:
        yield (
            f"The last money on {_names(dear)} brings {outcome} that cost more than they are stated to be worth: "
            "a smaller budget would lose little."
        )


def _channel(ask: Ask, split: Split, place: int, outcome: str, keys: Keys) -> str:
    channel, words = split.channels[place], capital(channel_name(split.channels[place]))
    if split.advised[place] == 0:
        had = split.current is not None and split.current[place] > 0
        return f"{words} gets nothing in this plan" + (
            f", against {{{{{channel}.current_budget}}}} under the current split." if had else "."
        )
    sentence = f"{words} gets {{{{{channel}.budget}}}} a {ask.period} ({{{{{channel}.share}}}} of media)"
    if split.current is not None:
        sentence += f", against {{{{{channel}.current_budget}}}} under the current split"
    if place < split.curved:
        sentence += f"; {{{{{channel}.expected_conversions}}}} {outcome} a {ask.period} are expected from it"
        if f"{channel}.marginal_cost" in keys:
            sentence += f", and one more would cost {{{{{channel}.marginal_cost}}}}"
    return f"{sentence}."


def _beyond_worth(split: Split, keys: Keys, value: int) -> list[str]:
    running = [channel for place, channel in enumerate(split.channels[: split.curved]) if split.advised[place]]
    return [name for name in running if f"{name}.marginal_cost" not in keys or int(keys[f"{name}.marginal_cost"].value) > value]


def beyond_observed(ask: Ask, split: Split) -> list[str]:
    """Channels that the plan gives more per week than they ever had in a week."""
    weekly = split.advised[: split.curved] / ask.weeks
    return [curve.channel for curve, spend in zip(ask.curves, weekly, strict=True) if spend > curve.observed_max * (1 + 1e-9)]


def caveats(ask: Ask, split: Split, outcome: str, keys: Keys, *, fee_stated: bool, vat_stated: bool) -> Iterable[Caveat]:
    """All that holds of this split."""
    yield from _limits(ask, split, outcome, keys)
    if split.curved:
        yield from _unknown(ask, split)
    else:
        how = "evenly" if splits_evenly(ask) else "in today's proportions"
        yield Caveat(
            code="no_curves",
            insist=True,
            signs=("not known", "no response curves", "no history", "split evenly", "in today's proportions"),
            text=f"How the channels respond to spend is not known yet, so the budget is split {how}, as a start to learn from.",
        )
    if not (fee_stated and vat_stated):
        missing = " and no ".join(name for name, stated in (("agency fee", fee_stated), ("VAT", vat_stated)) if not stated)
        yield Caveat(code="fee_or_tax_not_stated", text=f"No {missing} was stated, so none is taken out of the budget.")
    if split.curved:
        yield Caveat(
            code="steady_spend", text="Expected effects are those of steady spend once carry-over has built up; the first weeks differ."
        )


def _limits(ask: Ask, split: Split, outcome: str, keys: Keys) -> Iterable[Caveat]:
    beyond = beyond_observed(ask, split)
    if beyond:
        listed = joined([f"{channel_name(channel)} (never above {{{{{channel}.observed_max}}}} a {ask.period})" for channel in beyond])
        yield Caveat(
            code="extrapolation",
            insist=True,
            signs=("beyond what was observed", "beyond observed", "never above", "outside experience", "extrapolat"),
            text=f"The plan goes beyond what was observed for {listed}: what happens there is the curve's guess, so raise spend in steps.",
        )
    if split.spent < split.media:
        yield Caveat(
            code="unspent",
            insist=True,
            signs=("unspent", "not spent", "left over"),
            text="The limits of the channels leave {{total.unspent}} of the media money unspent: raise a limit or lower the budget.",
        )
    if "total.gain" in keys and not split.current_allowed and float(keys["total.gain"].value) < 0:
        yield Caveat(
            code="limits_cost",
            insist=True,
            signs=("limits", "minimums"),
            text="The limits rule out the current split, which would be expected to bring more "
            f"({{{{current_split.expected_conversions}}}} {outcome} a {ask.period}).",
        )


def _unknown(ask: Ask, split: Split) -> Iterable[Caveat]:
    bare = range(split.curved, len(split.channels))
    paid = [split.channels[place] for place in bare if split.advised[place]]
    stopped = [split.channels[place] for place in bare if not split.advised[place] and split.current is not None and split.current[place]]
    asked = {*ask.rules, *(ask.channels or ())}
    new = [split.channels[place] for place in bare if split.channels[place] in asked and split.channels[place] not in [*paid, *stopped]]
    if paid:
        yield Caveat(
            code="without_curve",
            insist=True,
            signs=("no curve", "without a curve", "not measured", "not known"),
            text=f"There is no curve for {_names(paid)}: the amount is kept or fixed; what it brings is not known and not in the totals.",
        )
    if stopped:
        yield Caveat(
            code="stopped_without_curve",
            insist=True,
            signs=("no curve", "without a curve", "not measured", "not known"),
            text=f"{_names(stopped)} is stopped although there is no curve for it: what that loses is not known and not in the comparison.",
        )
    if new:
        yield Caveat(
            code="nothing_known",
            insist=True,
            signs=("no spend on record", "no curve", "fixed amount"),
            text=f"There is no curve and no spend on record for {_names(new)}, so it gets nothing here: give it a fixed amount to test it.",
        )
    if split.responses.draws == 1:
        yield Caveat(
            code="no_uncertainty",
            insist=True,
            signs=("without an interval", "no intervals", "uncertainty is not known"),
            text="The curves came without draws, so the figures stand without an interval and the chance of doing worse is not known.",
        )
    for source in sorted({curve.source for curve in ask.curves if curve.mode == "per_channel"}):
        yield credited_caveat(source)


def decision(ask: Ask, split: Split, outcome: str) -> Decision:
    """shift, keep, or start where there is no current plan."""
    if not split.curved and split.current is not None and np.array_equal(split.advised, split.current):
        return Decision(action="keep", reason="Without response curves there is no ground to leave today's proportions.")
    if not split.curved:
        return Decision(
            action="start", reason="Without response curves the split is a start to learn from, within the limits that were stated."
        )
    if split.current is None:
        expected = f"{{{{total.expected_conversions}}}} {outcome} a {ask.period}"
        reason = f"There is no current plan to compare with; this split is expected to bring {expected}."
        return Decision(action="start", reason=reason)
    if split.kept_for_risk:
        reason = (
            "The best split found has a chance of {{best_split.chance_worse}} of bringing fewer than the current split, "
            "which is more than was allowed."
        )
        return Decision(action="keep", reason=reason)
    if np.array_equal(split.advised, split.current):
        return Decision(action="keep", reason="No split found is expected to beat the current split of this budget.")
    if not split.current_allowed:
        reason = "The current split breaks a limit that was stated; this is the best split found within the limits."
        return Decision(action="shift", reason=reason)
    chance = ", with a chance of {{total.chance_worse}} of bringing fewer" if split.responses.draws > 1 else ""
    reason = (
        f"The plan is expected to bring {{{{total.gain}}}} more {outcome} a {ask.period} than the current split of the same budget{chance}."
    )
    return Decision(action="shift", reason=reason)


def _names(channels: Iterable[str]) -> str:
    return joined([channel_name(channel) for channel in channels])
