"""What a split says: figures beside the current plan, alternatives, caveats, the decision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.budget._charts import allocation_chart
from tools.budget._plan import earlier_spend
from tools.budget._split import Ask, Split, chance_below, worth
from tools.contract import Caveat, Column, Decision, Figure, Interval, Table, weakest
from tools.methods.allocation import apportion
from tools.methods.bootstrap import percentile_interval
from tools.methods.channel_names import channel_name, joined
from tools.methods.currencies import minor_units

Floats = NDArray[np.float64]
ALTERNATIVES = {
    "current_split": "the current split",
    "equal_split": "an equal split",
    "all_in_best": "all on the strongest single channel",
    "best_split": "the best split found",
}


def report(
    ask: Ask,
    split: Split,
    currency: str,
    outcome: str,
    *,
    level: float,
    horizon: int,
    value: int | None,
    fee_stated: bool,
    vat_stated: bool,
) -> dict[str, Any]:
    """The parts of a ToolResult that every result has."""
    basis = weakest(curve.basis for curve in ask.curves)
    told = _Told(ask, split, currency, outcome, level, basis)
    figures = told.money() + told.channels() + told.totals(horizon) + told.alternatives()
    keys = {figure.key: figure for figure in figures}
    return {
        "figures": tuple(figures),
        "findings": tuple(_findings(ask, split, outcome, keys, value)),
        "caveats": tuple(_caveats(ask, split, outcome, keys, fee_stated, vat_stated)),
        "decision": _decision(split, outcome, ask),
        "table": _table(ask, split, currency, outcome, keys),
        "chart": _chart(ask, split, currency),
    }


class _Told:
    """Figures of one split; they share units, draws and wording."""

    def __init__(self, ask: Ask, split: Split, currency: str, outcome: str, level: float, basis: Any):
        self.ask, self.split, self.outcome, self.level = ask, split, outcome, level
        self.cash = {"unit": "money", "currency": currency, "denominator": ask.period, "basis": basis}
        self.counts = {"unit": "count", "denominator": ask.period, "basis": basis}
        self.basis = basis
        self.drawn = len(split.responses.decay) > 1

    def worth(self, amounts: NDArray) -> Floats:
        return worth(self.split.responses, amounts, self.ask.weeks)

    def around(self, draws: Floats) -> Interval | None:
        if not self.drawn:
            return None
        low, high = (float(end) for end in percentile_interval(draws, self.level))
        middle = float(draws.mean())
        return Interval(low=min(low, middle), high=max(high, middle), level=self.level)

    def money(self) -> list[Figure]:
        """Media, fee and VAT: they add up to the budget, with what the limits left unspent."""
        split, per = self.split, f"per {self.ask.period}"
        parts = {
            "budget": (self.ask.budget, f"whole budget {per}"),
            "media": (split.spent, f"media spend {per}"),
            "fee": (split.fee, f"agency fee {per}"),
            "vat": (split.vat, f"VAT {per}"),
            "unspent": (split.media - split.spent, f"media money {per} that the limits leave unspent"),
        }
        return [
            Figure(
                key=f"total.{metric}",
                value=value,
                metric=metric,
                label=label,
                **{**self.cash, "basis": "stated" if metric == "budget" else self.basis},
            )
            for metric, (value, label) in parts.items()
        ]

    def channels(self) -> list[Figure]:
        """What each channel gets, what it would get under the current plan, and what both do."""
        split, weeks, figures = self.split, self.ask.weeks, []
        for place, channel in enumerate(split.channels):
            words, amount = channel_name(channel), int(split.advised[place])
            entity = {"entity": channel}
            figures.append(
                Figure(key=f"{channel}.budget", value=amount, metric="budget", label=f"media budget for {words}", **self.cash, **entity)
            )
            figures.append(
                Figure(
                    key=f"{channel}.share", value=amount / split.spent if split.spent else 0.0, unit="share", metric="share_of_media",
                    label=f"{words}'s share of media", denominator="media spend", basis=self.basis, **entity,
                )
            )  # fmt: skip
            if split.current is not None:
                today = int(split.current[place])
                figures.append(
                    Figure(
                        key=f"{channel}.current_budget", value=today, metric="current_budget", label=f"{words} under the current split of this budget",
                        **{**self.cash, "basis": self.ask.current.basis, "period": self.ask.current.period}, **entity,
                    )
                )  # fmt: skip
                figures.append(
                    Figure(
                        key=f"{channel}.change",
                        value=amount - today,
                        metric="change",
                        label=f"change for {words} against the current split",
                        **self.cash,
                        **entity,
                    )
                )
            if place < split.curved:
                figures += self._curved(place, channel, words, amount / weeks)
        return figures

    def _curved(self, place: int, channel: str, words: str, weekly: float) -> list[Figure]:
        curve, entity = self.ask.curves[place], {"entity": channel, "n": self.ask.curves[place].n_weeks}
        at = np.array([weekly])
        brings = self.split.responses.steady(place, at)[:, 0] * self.ask.weeks
        more = self.split.responses.marginal(place, at)[:, 0]
        per_major = more * minor_units(curve.currency)
        figures = [
            Figure(
                key=f"{channel}.expected_conversions", value=float(brings.mean()), metric="expected_conversions",
                label=f"{self.outcome} per {self.ask.period} expected from {words} at this budget", interval=self.around(brings), **self.counts, **entity,
            ),
            Figure(
                key=f"{channel}.marginal_return", value=float(per_major.mean()), unit="number", metric="marginal_return",
                denominator=curve.currency, label=f"extra {self.outcome} for one more {curve.currency} on {words}",
                interval=self.around(per_major), basis=self.basis, **entity,
            ),
            Figure(
                key=f"{channel}.observed_max", value=round(curve.observed_max * self.ask.weeks), metric="largest_observed_spend",
                label=f"largest spend on {words} on record, per {self.ask.period}",
                **{**self.cash, "basis": "observed"}, **entity,
            ),
        ]  # fmt: skip
        if more.mean() > 1e-15:
            figures.append(
                Figure(
                    key=f"{channel}.marginal_cost", value=round(1 / float(more.mean())), metric="marginal_cost",
                    label=f"spend on {words} for one more of the {self.outcome}", **{**self.cash, "denominator": self.outcome}, **entity,
                )
            )  # fmt: skip
        return figures

    def totals(self, horizon: int) -> list[Figure]:
        """The plan against the current plan at the same budget."""
        split, per = self.split, self.ask.period
        brings = self.worth(split.advised)
        figures = [
            Figure(
                key="total.expected_conversions", value=float(brings.mean()), metric="expected_conversions", interval=self.around(brings),
                label=f"{self.outcome} per {per} expected from the channels with curves", **self.counts,
            )
        ]  # fmt: skip
        on_curves = int(split.advised[: split.curved].sum())
        if brings.mean() > 1e-9:
            figures.append(
                Figure(
                    key="total.cost_per_conversion", value=round(on_curves / float(brings.mean())), metric="cost_per_conversion",
                    label=f"media spend per one of the expected {self.outcome}", **{**self.cash, "denominator": self.outcome},
                )
            )  # fmt: skip
        if split.current is None:
            return figures
        gain = brings - self.worth(split.current)
        soon = self._path(split.advised, horizon) - self._path(split.current, horizon)
        against = "than the current split of the same budget"
        figures += [
            Figure(
                key="total.gain", value=float(gain.mean()), metric="gain", interval=self.around(gain),
                label=f"more {self.outcome} per {per} {against}", **self.counts,
            ),
            Figure(
                key="total.gain_in_horizon", value=float(soon.mean()), metric="gain_in_horizon", interval=self.around(soon),
                label=f"more {self.outcome} over the whole horizon {against}, carry-over on its way", **{**self.counts, "denominator": "horizon"},
            ),
            Figure(key="total.horizon", value=horizon, unit="weeks", metric="horizon", label="weeks looked ahead", basis="stated"),
        ]  # fmt: skip
        if self.drawn:
            worse = chance_below(brings, self.worth(split.current))
            figures.append(
                Figure(
                    key="total.chance_worse", value=worse, unit="share", metric="chance_worse", denominator="bootstrap draws", n=len(gain),
                    label=f"chance of fewer {self.outcome} {against}", basis=self.basis,
                )
            )  # fmt: skip
        return figures

    def _path(self, amounts: NDArray, horizon: int) -> Floats:
        weekly = np.repeat(amounts[: self.split.curved, None] / self.ask.weeks, horizon, axis=1)
        return self.split.responses.path(weekly, earlier_spend(self.ask.curves)).sum(axis=(1, 2))

    def alternatives(self) -> list[Figure]:
        """Other splits of the same money over the channels with curves, and how far they fall short of the plan."""
        split, figures = self.split, []
        brings = self.worth(split.advised)
        for name, amounts in _others(self.ask, split).items():
            entity = {"entity": f"alternative: {ALTERNATIVES[name]}"}
            other = self.worth(amounts)
            short = brings - other
            figures += [
                Figure(
                    key=f"{name}.expected_conversions", value=float(other.mean()), metric="expected_conversions", interval=self.around(other),
                    label=f"{self.outcome} per {self.ask.period} expected under {ALTERNATIVES[name]}", **self.counts, **entity,
                ),
                Figure(
                    key=f"{name}.shortfall", value=float(short.mean()), metric="shortfall", interval=self.around(short),
                    label=f"fewer {self.outcome} per {self.ask.period} under {ALTERNATIVES[name]} than under the plan", **self.counts, **entity,
                ),
            ]  # fmt: skip
            if name == "best_split" and split.chance_worse is not None:
                figures.append(
                    Figure(
                        key="best_split.chance_worse", value=split.chance_worse, unit="share", metric="chance_worse", denominator="bootstrap draws",
                        n=len(other), label=f"chance of fewer {self.outcome} under the best split found than under the current split", basis=self.basis,
                        **entity,
                    )
                )  # fmt: skip
        return figures


def _others(ask: Ask, split: Split) -> dict[str, NDArray]:
    curved, sum_ = split.curved, int(split.advised[: split.curved].sum())
    rest = split.advised[curved:]
    running = np.array([ask.channels is None or channel in ask.channels for channel in split.channels[:curved]])
    others: dict[str, NDArray] = {}
    if split.current is not None:
        others["current_split"] = split.current
    if running.any() and sum_ > 0:
        others["equal_split"] = np.concatenate([apportion(running.astype(float), sum_), rest])
        alone = [
            split.responses.steady(place, np.array([sum_ / ask.weeks])).mean() if running[place] else -1.0 for place in range(curved)
        ]  # fmt: skip
        single = np.zeros(curved, dtype=np.int64)
        single[int(np.argmax(alone))] = sum_
        others["all_in_best"] = np.concatenate([single, rest])
    if split.kept_for_risk:
        others["best_split"] = split.best
    return others


def beyond_observed(ask: Ask, split: Split) -> list[str]:
    """Channels that the plan gives more per week than they ever had in a week."""
    return [
        curve.channel
        for place, curve in enumerate(ask.curves)
        if split.advised[place] / ask.weeks > curve.observed_max * (1 + 1e-9)
    ]  # fmt: skip


def _findings(ask: Ask, split: Split, outcome: str, keys: dict[str, Figure], value: int | None) -> list[str]:
    order = np.argsort(-split.advised, kind="stable")
    findings = []
    for place in order:
        channel, words = split.channels[place], channel_name(split.channels[place])
        words = words[:1].upper() + words[1:]
        if split.advised[place] == 0:
            findings.append(
                f"{words} gets nothing in this plan"
                + (
                    f", against {{{{{channel}.current_budget}}}} under the current split."
                    if split.current is not None and split.current[place]
                    else "."
                )
            )
            continue
        sentence = f"{words} gets {{{{{channel}.budget}}}} a {ask.period} ({{{{{channel}.share}}}} of media)"
        if split.current is not None:
            sentence += f", against {{{{{channel}.current_budget}}}} under the current split"
        if place < split.curved:
            sentence += f"; {{{{{channel}.expected_conversions}}}} {outcome} a {ask.period} are expected from it"
            if f"{channel}.marginal_cost" in keys:
                sentence += f", and one more would cost {{{{{channel}.marginal_cost}}}}"
        findings.append(sentence + ".")
    if split.current is not None:
        chance = "; the chance that it brings fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
        findings.append(
            f"Against the current split of the same budget the plan is expected to bring {{{{total.gain}}}} more {outcome} a {ask.period}{chance}."
        )
    for name in ("equal_split", "all_in_best"):
        if f"{name}.shortfall" in keys:
            findings.append(
                f"Considered and rejected: {ALTERNATIVES[name]}, expected to bring {{{{{name}.expected_conversions}}}} {outcome} a {ask.period}, "
                f"{{{{{name}.shortfall}}}} fewer than the plan."
            )
    if value is not None:
        dear = [
            channel for place, channel in enumerate(split.channels[: split.curved])
            if split.advised[place] and (f"{channel}.marginal_cost" not in keys or int(keys[f"{channel}.marginal_cost"].value) > value)
        ]  # fmt: skip
        if dear:
            findings.append(
                f"The last money on {joined([channel_name(channel) for channel in dear])} brings {outcome} that cost more than they are stated to be worth: "
                "a smaller budget would lose little."
            )
    return findings


def _caveats(ask: Ask, split: Split, outcome: str, keys: dict[str, Figure], fee_stated: bool, vat_stated: bool) -> list[Caveat]:
    caveats = []
    beyond = beyond_observed(ask, split)
    if beyond:
        listed = joined([f"{channel_name(channel)} (never above {{{{{channel}.observed_max}}}} a {ask.period})" for channel in beyond])
        caveats.append(
            Caveat(
                code="extrapolation", insist=True,
                signs=("beyond what was observed", "beyond observed", "never above", "outside experience", "outside what", "extrapolat", "beyond what has been"),
                text=f"The plan goes beyond what was observed for {listed}: what happens there is the curve's guess, so raise spend in steps.",
            )
        )  # fmt: skip
    if split.spent < split.media:
        caveats.append(
            Caveat(
                code="unspent", insist=True, signs=("unspent", "not spent", "left over"),
                text="The limits of the channels leave {{total.unspent}} of the media money unspent: raise a limit or lower the budget.",
            )
        )  # fmt: skip
    bare = [
        channel for place, channel in enumerate(split.channels) if place >= split.curved and (split.advised[place] or _had(split, place))
    ]
    if bare:
        caveats.append(
            Caveat(
                code="without_curve", insist=True, signs=("no curve", "without a curve", "not measured", "not known"),
                text=f"{joined([channel_name(channel) for channel in bare])} has no curve: its amount is kept or fixed, and its effect is not known "
                "and not in the totals.",
            )
        )  # fmt: skip
    new = [
        channel for place, channel in enumerate(split.channels) if place >= split.curved and channel not in bare and _asked(ask, channel)
    ]
    if new:
        caveats.append(
            Caveat(
                code="nothing_known", insist=True, signs=("no spend on record", "gets nothing", "no curve"),
                text=f"{joined([channel_name(channel) for channel in new])} has no spend on record and no curve, so it gets nothing here: "
                "give it a fixed amount to test it.",
            )
        )  # fmt: skip
    if split.current is not None and not split.current_allowed and float(keys["total.gain"].value) < 0:
        caveats.append(
            Caveat(
                code="limits_cost", insist=True, signs=("limits", "minimums"),
                text=f"The limits rule out the current split, which would bring more ({{{{current_split.expected_conversions}}}} {outcome} a {ask.period}).",
            )
        )  # fmt: skip
    if len(split.responses.decay) == 1:
        caveats.append(
            Caveat(
                code="no_uncertainty", insist=True, signs=("without an interval", "no intervals", "uncertainty is not known"),
                text="The curves came without draws, so the figures stand without an interval and the chance of doing worse is not known.",
            )
        )  # fmt: skip
    if any(curve.mode == "per_channel" for curve in ask.curves):
        caveats.append(
            Caveat(
                code="platform_claims", insist=True, signs=("platforms claim", "platform claims", "claimed by the platform", "claimed conversions"),
                text="The curves rest on conversions that the platforms claim for themselves, so channels are compared by their own claims.",
            )
        )  # fmt: skip
    if not (fee_stated and vat_stated):
        missing = joined([name for name, stated in (("agency fee", fee_stated), ("VAT", vat_stated)) if not stated])
        caveats.append(
            Caveat(
                code="fee_or_tax_not_stated",
                text=f"No {missing.replace(' and ', ' and no ')} was stated, so none is taken out of the budget.",
            )
        )
    caveats.append(
        Caveat(code="steady_spend", text="Expected effects are those of steady spend once carry-over has built up; the first weeks differ.")
    )
    return caveats


def _had(split: Split, place: int) -> bool:
    return split.current is not None and bool(split.current[place])


def _asked(ask: Ask, channel: str) -> bool:
    return channel in ask.rules or channel in (ask.channels or ())


def _decision(split: Split, outcome: str, ask: Ask) -> Decision:
    if split.current is None:
        return Decision(
            action="start",
            reason=f"There is no current plan to compare with; this split is expected to bring {{{{total.expected_conversions}}}} {outcome} a {ask.period}.",
        )
    if split.kept_for_risk:
        return Decision(
            action="keep",
            reason="The best split found would bring fewer than the current split with a chance of {{best_split.chance_worse}}, which is more than asked for.",
        )
    if np.array_equal(split.advised, split.current):
        return Decision(action="keep", reason="No split found is expected to beat the current split of this budget.")
    if not split.current_allowed:
        return Decision(
            action="shift", reason="The current split breaks a limit that was stated; this is the best split found within the limits."
        )
    chance = ", with a chance of {{total.chance_worse}} of bringing fewer" if len(split.responses.decay) > 1 else ""
    return Decision(
        action="shift",
        reason=f"The plan is expected to bring {{{{total.gain}}}} more {outcome} a {ask.period} than the current split of the same budget{chance}.",
    )


def _table(ask: Ask, split: Split, currency: str, outcome: str, keys: dict[str, Figure]) -> Table:
    def value(key: str) -> Any:
        return keys[key].value if key in keys else None

    money = {"unit": "money", "currency": currency}
    columns = (
        Column(name="channel", label="channel"),
        Column(name="current_budget", label=f"current split per {ask.period}", **money),
        Column(name="budget", label=f"plan per {ask.period}", **money),
        Column(name="share", label="share of media", unit="share"),
        Column(name="change", label="change", **money),
        Column(name="expected_conversions", label=f"expected {outcome}", unit="count"),
        Column(name="marginal_cost", label="cost of one more", **money),
    )
    rows = [(channel_name(channel), *(value(f"{channel}.{column.name}") for column in columns[1:])) for channel in split.channels]
    rows += [
        (label, None, value(f"total.{key}"), None, None, value("total.expected_conversions") if key == "media" else None, None)
        for label, key in (("media", "media"), ("agency fee", "fee"), ("VAT", "vat"), ("unspent", "unspent"), ("whole budget", "budget"))
    ]
    return Table(title=f"Budget per {ask.period}", columns=columns, rows=tuple(rows))


def _chart(ask: Ask, split: Split, currency: str) -> dict[str, Any]:
    minor, rows = minor_units(currency), []
    for plan, amounts in (("current split", split.current), ("plan", split.advised)):
        if amounts is not None:
            rows += [
                {"channel": channel, "plan": plan, "amount": int(amount) / minor}
                for channel, amount in zip(split.channels, amounts, strict=True)
            ]
    return allocation_chart(rows, currency, ask.period)
