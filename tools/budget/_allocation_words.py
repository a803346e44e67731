"""What must and may be said of a split: findings, caveats and the decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tools.budget._curve_caveats import credited_caveat, not_causal
from tools.budget._figures import capital
from tools.budget._split import Ask, Split, splits_evenly
from tools.contract import Caveat, Decision, Figure
from tools.methods.channel_names import channel_name, joined

Keys = Mapping[str, Figure]
FAR = 0.1
"""Share by which the plan's media differs from today's spend from which a text has to say so."""
WORTH_SAYING = 0.01
CUT = ("a cut", "is cut", "cuts", "less than is spent", "less than today", "below today", "lower than today", "below what is spent")
RISE = ("a rise", "raises", "is raised", "more than is spent", "more than today", "above today", "higher than today", "above what is spent")


def findings(ask: Ask, split: Split, outcome: str, keys: Keys, value: int | None, others: Mapping[str, str]) -> Iterable[str]:
    """Each channel, largest first; the plan against today's spend, the current split and other splits; money past its worth.

    others: the other splits, by the prefix of their figures, in words.
    """
    for place in np.argsort(-split.advised, kind="stable"):
        yield from _channel(ask, split, int(place), outcome, keys)
    yield from _against_today(ask, outcome, keys)
    yield from _against_current(ask, split, outcome, keys)
    for key, words in others.items():
        if key != "current_split":
            yield from _other(ask, split, outcome, keys, key, words)
    dear = [] if value is None else _beyond_worth(split, keys, value)
    if dear:
        yield (
            f"The last money on {_names(dear)} brings {outcome} that cost more than they are stated to be worth: "
            "a smaller budget would lose little."
        )


def _channel(ask: Ask, split: Split, place: int, outcome: str, keys: Keys) -> Iterable[str]:
    channel, words = split.channels[place], capital(channel_name(split.channels[place]))
    if split.advised[place] == 0:
        had = split.current is not None and split.current[place] > 0
        yield f"{words} gets nothing in this plan" + (
            f", against {{{{{channel}.current_budget}}}} under the current split of this budget." if had else "."
        )
        return
    sentence = f"{words} gets {{{{{channel}.budget}}}} a {ask.period}, {{{{{channel}.share}}}} of the plan's media"
    if split.unchanged:
        sentence += ", as under the current split of this budget"
    elif split.current is not None:
        sentence += f", against {{{{{channel}.current_budget}}}} under the current split of this budget"
    yield f"{sentence}."
    if place < split.curved:
        expected = (
            f"{{{{{channel}.expected_conversions}}}} {outcome} a {ask.period} are expected from {channel_name(channel)} at this budget"
        )
        if f"{channel}.marginal_cost" in keys:
            expected += f"; the marginal cost, of one more, is {{{{{channel}.marginal_cost}}}}"
        yield f"{expected}."


def _against_today(ask: Ask, outcome: str, keys: Keys) -> Iterable[str]:
    if "total.budget_change" not in keys or abs(float(keys["total.budget_change"].value)) < WORTH_SAYING:
        return
    when = "today" if ask.current.weeks is None else "over the last {{total.recent_weeks}}"
    yield (
        f"The plan spends {{{{total.media}}}} on media a {ask.period}, against media spend of {{{{total.recent_spend}}}} a {ask.period} "
        f"{when}: a change of {{{{total.budget_change}}}}."
    )
    for way in ("more", "fewer"):
        if f"total.{way}_than_today" in keys:
            yield (
                f"At today's spend {{{{today.expected_conversions}}}} {outcome} a {ask.period} would be expected: the plan is expected to "
                f"bring {{{{total.{way}_than_today}}}} {way}."
            )


def _against_current(ask: Ask, split: Split, outcome: str, keys: Keys) -> Iterable[str]:
    if split.unchanged:
        yield "The plan is the current split of this budget, so there is no gain to expect from moving money."
    if "total.gain" not in keys:
        return
    chance = "; the chance that it brings fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
    if float(keys["total.gain"].value) >= 0:
        yield (
            "Against the current split of this budget the plan is expected to bring {{total.gain}} more "
            f"{outcome} a {ask.period}{chance}."
        )
    else:
        yield f"The change in expected {outcome} a {ask.period} against the current split of this budget is {{{{total.gain}}}}{chance}."


def _other(ask: Ask, split: Split, outcome: str, keys: Keys, key: str, words: str) -> Iterable[str]:
    """One alternative: what it would bring, and why it is not the plan."""
    expected = f"{{{{{key}.expected_conversions}}}} {outcome} a {ask.period}"
    if f"{key}.fewer_than_plan" in keys:
        yield f"Considered and rejected: {words}, expected to bring {expected}, {{{{{key}.fewer_than_plan}}}} fewer than the plan."
        return
    yield f"{capital(words)} has a higher expected middle than the plan: {expected}, {{{{{key}.more_than_plan}}}} more."
    if not split.held_back:
        yield f"{capital(words)} is not taken, because it breaks a limit that was stated."
        return
    chance = f"The chance of fewer {outcome} with {words} than with the current split is {{{{{key}.chance_worse}}}}"
    if float(keys[f"{key}.chance_worse"].value) > ask.max_chance_worse:
        yield f"{chance}, more than is accepted, so it is not taken: it can be tested first."
    elif key == "midway":
        yield f"{chance}, within what is accepted, so it is the step to test first."
    else:
        yield f"{chance}; it is not taken, because it rests on the same curves as the best split found, which is too uncertain to take."


def _beyond_worth(split: Split, keys: Keys, value: int) -> list[str]:
    running = [channel for place, channel in enumerate(split.channels[: split.curved]) if split.advised[place]]
    return [name for name in running if f"{name}.marginal_cost" not in keys or int(keys[f"{name}.marginal_cost"].value) > value]


def beyond_observed(ask: Ask, split: Split) -> list[str]:
    """Channels that the plan gives more per week than they ever had in a week."""
    weekly = split.advised[: split.curved] / ask.weeks
    return [curve.channel for curve, spend in zip(ask.curves, weekly, strict=True) if spend > curve.observed_max * (1 + 1e-9)]


def caveats(ask: Ask, split: Split, outcome: str, keys: Keys, *, fee_stated: bool, vat_stated: bool) -> Iterable[Caveat]:
    """All that holds of this split."""
    yield from _another_size(keys)
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
        yield not_causal(outcome)
        yield Caveat(
            code="steady_spend", text="Expected effects are those of steady spend once carry-over has built up; the first weeks differ."
        )


def _another_size(keys: Keys) -> Iterable[Caveat]:
    """The budget is another sum than what is spent today, which a comparison of splits at one budget does not show."""
    change = float(keys["total.budget_change"].value) if "total.budget_change" in keys else 0.0
    if abs(change) < FAR:
        return
    code, words, signs = ("budget_cut", "a cut against", CUT) if change < 0 else ("budget_rise", "a rise over", RISE)
    yield Caveat(
        code=code,
        insist=True,
        signs=signs,
        text=f"The budget is {words} today's media spend ({{{{total.budget_change}}}}), "
        "which a comparison of splits at one budget does not show.",
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
    if not split.curved and split.unchanged:
        return Decision(action="keep", reason="Without response curves there is no ground to leave today's proportions.")
    if not split.curved:
        return Decision(
            action="start", reason="Without response curves the split is a start to learn from, within the limits that were stated."
        )
    if split.current is None:
        expected = f"{{{{total.expected_conversions}}}} {outcome} a {ask.period}"
        reason = f"There is no current plan to compare with; this split is expected to bring {expected}."
        return Decision(action="start", reason=reason)
    if split.held_back:
        reason = (
            "For the best split found the chance of doing worse than the current split is {{best_split.chance_worse}}; "
            "a chance of doing worse above {{total.max_chance_worse}} is not accepted."
        )
        return Decision(action="keep", reason=reason)
    if split.unchanged:
        return Decision(action="keep", reason="No split found is expected to beat the current split of this budget.")
    if not split.current_allowed:
        reason = "The current split breaks a limit that was stated; this is the best split found within the limits."
        return Decision(action="shift", reason=reason)
    chance = ", with a chance of {{total.chance_worse}} of bringing fewer" if split.responses.draws > 1 else ""
    reason = (
        f"The plan is expected to bring {{{{total.gain}}}} more {outcome} a {ask.period} than the current split of this budget{chance}."
    )
    return Decision(action="shift", reason=reason)


def _names(channels: Iterable[str]) -> str:
    return joined([channel_name(channel) for channel in channels])
