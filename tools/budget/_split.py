"""The decision itself: limits from rules, the best split within them, and whether it beats the current plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.budget._curve import ResponseCurve
from tools.budget._plan import WEEKS, ChannelRule, Period, response_set
from tools.contract import Basis, ToolInputError
from tools.methods.allocation import Limits, Unreachable, allocate, apportion, share_out
from tools.methods.channel_names import channel_name
from tools.methods.number_words import in_words
from tools.methods.response_set import ResponseSet

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SAME_SUM = 0.005
"""Share by which two sums of media may differ and still be called the same."""


@dataclass(frozen=True)
class Current:
    """Today's spend per period by channel (minor units, not whole), where it is known from, for which days, over how many weeks."""

    spend: Mapping[str, float]
    basis: Basis
    period: str | None
    weeks: int | None

    @property
    def when(self) -> str:
        """What 'today' means, in words."""
        return "today, as stated" if self.weeks is None else f"over the last {in_words(self.weeks)} weeks"


@dataclass(frozen=True)
class Ask:
    """What is asked of the split. Money in minor units per period."""

    budget: int
    period: Period
    fee_share: float
    vat_rate: float
    curves: tuple[ResponseCurve, ...]
    current: Current
    channels: tuple[str, ...] | None
    rules: Mapping[str, ChannelRule]
    learning_minimum: int | None
    cap_multiple: float | None
    max_chance_worse: float

    @property
    def weeks(self) -> float:
        """Weeks per budget period."""
        return WEEKS[self.period]


@dataclass(frozen=True)
class Split:
    """Amounts per channel in the order of `channels`: those with curves first.

    chance_worse: of the best split against the current one.
    """

    channels: tuple[str, ...]
    media: int
    fee: int
    vat: int
    responses: ResponseSet
    limits: Limits
    best: Integers
    current: Integers | None
    advised: Integers
    current_allowed: bool
    held_back: bool
    chance_worse: float | None

    @property
    def unchanged(self) -> bool:
        """Whether the plan is the current split."""
        return self.current is not None and bool(np.array_equal(self.advised, self.current))

    @property
    def curved(self) -> int:
        """How many channels have a curve."""
        return self.responses.channels

    @property
    def spent(self) -> int:
        """Media that the advised plan spends."""
        return int(self.advised.sum())


def worth(responses: ResponseSet, amounts: NDArray, weeks: float) -> Floats:
    """Outcomes per period of a plan's channels with curves, by draw, (D,)."""
    return responses.plan(np.asarray(amounts[: responses.channels], dtype=float) / weeks).sum(axis=1) * weeks


TOO_MUCH = "The channels' minimums together exceed the media budget: raise the budget, lower a minimum or leave a channel out."


def chance_below(one: Floats, other: Floats) -> float:
    """Chance that one plan brings less than another, from paired draws.

    Half a draw is added on either side, so that a hundred draws never claim certainty; zero where the plans are the same.
    """
    if np.array_equal(one, other):
        return 0.0
    return float(((one < other).sum() + 0.5) / (len(one) + 1))


def split_budget(ask: Ask) -> Split:
    """Split the media part of the budget. Raises ToolInputError when the limits cannot be kept."""
    media, fee, vat = _shares_of_budget(ask)
    responses = response_set(ask.curves)
    curved = tuple(curve.channel for curve in ask.curves)
    named = dict.fromkeys([*(ask.channels or ()), *sorted(ask.rules), *sorted(ask.current.spend)])
    others = tuple(channel for channel in named if channel not in curved)
    channels = curved + others
    today = np.array([ask.current.spend.get(channel, 0.0) for channel in channels])
    current = apportion(today, media) if today.sum() > 0 else None
    limits = _limits(ask, channels, media, current)
    weeks = ask.weeks
    if not curved:
        return _plain(ask, channels, (media, fee, vat), responses, limits, current)
    rest = media - int(limits.low[len(curved) :].sum())
    if rest < 0:
        raise ToolInputError("The fixed amounts alone exceed the media budget.", field="rules")
    try:
        found = allocate(
            lambda channel, amounts: responses.steady(channel, amounts / weeks).mean(axis=0) * weeks,
            lambda channel, amounts: responses.marginal(channel, amounts / weeks).mean(axis=0),
            rest,
            limits.first(len(curved)),
        )
    except Unreachable as error:
        raise ToolInputError(TOO_MUCH, field="rules") from error
    best = np.concatenate([found, limits.low[len(curved) :]])
    return _judge(ask, channels, (media, fee, vat), responses, limits, best, current)


def splits_evenly(ask: Ask) -> bool:
    """Without curves: whether a channel that may get money spends nothing today, so that today's shares say nothing of it."""
    return not ask.current.spend or any(not ask.current.spend.get(channel) for channel in ask.channels or ())


def _plain(
    ask: Ask, channels: tuple[str, ...], money: tuple[int, int, int], responses: ResponseSet, limits: Limits, current: Integers | None
) -> Split:
    """Without any curve: today's shares, or equal ones, within the limits."""
    if not channels:
        raise ToolInputError("Without response curves, name the channels to split the budget over.", field="channels")
    weights = np.ones(len(channels)) if current is None or splits_evenly(ask) else current.astype(float)
    try:
        amounts = share_out(weights, money[0], limits)
    except Unreachable as error:
        raise ToolInputError(TOO_MUCH, field="rules") from error
    allowed = current is not None and limits.allow(current)
    return Split(
        channels=channels, media=money[0], fee=money[1], vat=money[2], responses=responses, limits=limits, best=amounts, current=current,
        advised=amounts, current_allowed=allowed, held_back=False, chance_worse=None,
    )  # fmt: skip


def _shares_of_budget(ask: Ask) -> tuple[int, int, int]:
    """Media, fee and VAT in whole minor units; they add up to the budget exactly."""
    media = int(ask.budget / ((1 + ask.fee_share) * (1 + ask.vat_rate)))
    fee = round(media * ask.fee_share)
    if not ask.vat_rate:
        return ask.budget - fee, fee, 0
    return media, fee, ask.budget - media - fee


def _limits(ask: Ask, channels: tuple[str, ...], media: int, current: Integers | None) -> Limits:
    low, high, stop = [], [], []
    curves = {curve.channel: curve for curve in ask.curves}
    for place, channel in enumerate(channels):
        rule = ask.rules.get(channel) or ChannelRule(channel=channel)
        allowed = ask.channels is None or channel in ask.channels
        if rule.fixed is not None:
            bounds = (rule.fixed, rule.fixed, False)
        elif not allowed:
            bounds = (0, 0, False)
        elif not curves:
            bounds = _bounded(ask, rule, media, media)
        elif channel not in curves:
            # No curve says what more or less would do: today's share stays as it is.
            kept = 0 if current is None else int(current[place])
            kept = max(kept if rule.maximum is None else min(kept, rule.maximum), rule.minimum or 0)
            bounds = (kept, kept, False)
        else:
            bounds = _curved_limits(ask, rule, curves[channel], media)
        if bounds[0] > bounds[1]:
            clash = rule.maximum is not None and bounds[0] > rule.maximum
            message = f"The minimum of {channel_name(channel)} is above its maximum." if clash else TOO_MUCH
            raise ToolInputError(message, field="rules")
        low.append(bounds[0])
        high.append(bounds[1])
        stop.append(bounds[2])
    return Limits(np.array(low, dtype=np.int64), np.array(high, dtype=np.int64), np.array(stop, dtype=bool))


def _curved_limits(ask: Ask, rule: ChannelRule, curve: ResponseCurve, media: int) -> tuple[int, int, bool]:
    cap = media
    if ask.cap_multiple is not None:
        # A minimum that a person states outweighs the cap on extrapolation.
        cap = max(int(ask.cap_multiple * curve.observed_max * ask.weeks), rule.minimum or 0)
    return _bounded(ask, rule, media, cap)


def _bounded(ask: Ask, rule: ChannelRule, media: int, cap: int) -> tuple[int, int, bool]:
    learning = rule.learning_minimum if rule.learning_minimum is not None else ask.learning_minimum or 0
    must = rule.minimum or 0
    high = min(media if rule.maximum is None else min(rule.maximum, media), cap)
    low = max(must, learning)
    if low > high and not must:
        return 0, 0, False
    return low, high, not must


def _judge(
    ask: Ask,
    channels: tuple[str, ...],
    money: tuple[int, int, int],
    responses: ResponseSet,
    limits: Limits,
    best: Integers,
    current: Integers | None,
) -> Split:
    """Keep the current split where it may be kept and the best does not beat it, or beats it with too little certainty."""
    allowed = current is not None and limits.allow(current)
    best_worth = worth(responses, best, ask.weeks)
    advised, chance, risky = best, None, False
    if current is not None:
        now = worth(responses, current, ask.weeks)
        if allowed and best_worth.mean() <= now.mean() * (1 + 1e-12):
            advised = best = current
            best_worth = now
        chance = chance_below(best_worth, now) if len(now) > 1 else None
        risky = allowed and chance is not None and chance > ask.max_chance_worse
        advised = current if risky else best
    return Split(
        channels=channels, media=money[0], fee=money[1], vat=money[2], responses=responses, limits=limits, best=best, current=current,
        advised=advised, current_allowed=allowed, held_back=risky, chance_worse=chance,
    )  # fmt: skip


def equal_split(ask: Ask, curved: tuple[str, ...], amounts: Integers) -> Integers | None:
    """The money of the channels with curves in equal parts over those that may get money; the others keep theirs."""
    running = np.array([ask.channels is None or channel in ask.channels for channel in curved])
    money = int(amounts[: len(curved)].sum())
    if running.sum() < 2 or money <= 0:
        return None
    return np.concatenate([apportion(running.astype(float), money), amounts[len(curved) :]])
