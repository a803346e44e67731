"""What a split says: figures beside the current plan and other splits, table and chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.budget._allocation_words import ALTERNATIVES, caveats, decision, findings
from tools.budget._charts import allocation_chart
from tools.budget._figures import Figures, around
from tools.budget._plan import earlier_spend
from tools.budget._split import Ask, Split, chance_below, worth
from tools.contract import Basis, Column, Figure, Table, weakest
from tools.methods.allocation import apportion
from tools.methods.channel_names import channel_name
from tools.methods.currencies import minor_units


@dataclass(frozen=True)
class Telling:
    """The split and how to tell of it. value: minor units per outcome, where stated."""

    ask: Ask
    split: Split
    currency: str
    outcome: str
    level: float
    horizon: int
    value: int | None
    fee_stated: bool
    vat_stated: bool

    def worth(self, amounts: NDArray) -> NDArray[np.float64]:
        """Outcomes per period of a plan, by draw."""
        return worth(self.split.responses, amounts, self.ask.weeks)


def report(told: Telling) -> dict[str, Any]:
    """The parts of a ToolResult that every result has."""
    basis: Basis = weakest(curve.basis for curve in told.ask.curves) if told.ask.curves else "assumed"
    figures = Figures(told.currency, {"basis": basis, "denominator": told.ask.period})
    _money(figures, told)
    for place in range(len(told.split.channels)):
        _channel(figures, told, place)
    if told.split.curved:
        _totals(figures, told)
        _alternatives(figures, told)
    keys = figures.by_key
    return {
        "figures": tuple(figures.made),
        "findings": tuple(findings(told.ask, told.split, told.outcome, keys, told.value)),
        "caveats": tuple(caveats(told.ask, told.split, told.outcome, keys, fee_stated=told.fee_stated, vat_stated=told.vat_stated)),
        "decision": decision(told.ask, told.split, told.outcome),
        "table": _table(told, keys),
        "chart": _chart(told),
    }


def _money(figures: Figures, told: Telling) -> None:
    """Media, fee and VAT: with what the limits left unspent they add up to the budget."""
    split, per = told.split, f"per {told.ask.period}"
    figures.add("budget", told.ask.budget, "money", f"whole budget {per}", basis="stated")
    figures.add("media", split.spent, "money", f"media spend {per}")
    figures.add("fee", split.fee, "money", f"agency fee {per}")
    figures.add("vat", split.vat, "money", f"VAT {per}")
    figures.add("unspent", split.media - split.spent, "money", f"media money {per} that the limits leave unspent")


def _channel(figures: Figures, told: Telling, place: int) -> None:
    ask, split = told.ask, told.split
    channel, amount = split.channels[place], int(split.advised[place])
    words, mine = channel_name(channel), figures.of(channel, entity=channel)
    mine.add("budget", amount, "money", f"media budget for {words}")
    mine.add(
        "share", amount / split.spent if split.spent else 0.0, "share", f"{words}'s share of media", metric="share_of_media",
        denominator="media spend",
    )  # fmt: skip
    if split.current is not None:
        today = int(split.current[place])
        mine.add(
            "current_budget", today, "money", f"{words} under the current split of this budget", basis=ask.current.basis,
            period=ask.current.period,
        )  # fmt: skip
        mine.add("change", amount - today, "money", f"change for {words} against the current split")
    if place >= split.curved:
        return
    curve, at = ask.curves[place], np.array([amount / ask.weeks])
    brings, more = split.responses.steady(place, at)[:, 0] * ask.weeks, split.responses.marginal(place, at)[:, 0]
    per_unit = more * minor_units(curve.currency)
    mine = figures.of(channel, entity=channel, n=curve.n_weeks)
    mine.add(
        "expected_conversions", float(brings.mean()), "count", f"{told.outcome} per {ask.period} expected from {words} at this budget",
        interval=around(brings, float(brings.mean()), told.level),
    )  # fmt: skip
    mine.add(
        "marginal_return", float(per_unit.mean()), "number", f"extra {told.outcome} for one more {curve.currency} on {words}",
        interval=around(per_unit, float(per_unit.mean()), told.level), denominator=curve.currency,
    )  # fmt: skip
    if more.mean() > 1e-15:
        label = f"spend on {words} for one more of the {told.outcome}"
        mine.add("marginal_cost", 1 / float(more.mean()), "money", label, denominator=told.outcome)
    mine.add(
        "observed_max", curve.observed_max * ask.weeks, "money", f"largest spend on {words} on record, per {ask.period}",
        metric="largest_observed_spend", basis="observed",
    )  # fmt: skip


def _totals(figures: Figures, told: Telling) -> None:
    """The plan against the current plan at the same budget."""
    ask, split, level = told.ask, told.split, told.level
    brings = told.worth(split.advised)
    figures.add(
        "expected_conversions", float(brings.mean()), "count", f"{told.outcome} per {ask.period} expected from the channels with curves",
        interval=around(brings, float(brings.mean()), level),
    )  # fmt: skip
    if brings.mean() > 1e-9:
        cost = int(split.advised[: split.curved].sum()) / float(brings.mean())
        figures.add("cost_per_conversion", cost, "money", f"media spend per one of the expected {told.outcome}", denominator=told.outcome)
    if split.current is None:
        return
    gain = brings - told.worth(split.current)
    soon = _path(told, split.advised) - _path(told, split.current)
    against = "than the current split of the same budget"
    figures.add(
        "gain", float(gain.mean()), "count", f"more {told.outcome} per {ask.period} {against}",
        interval=around(gain, float(gain.mean()), level),
    )  # fmt: skip
    figures.add(
        "gain_in_horizon", float(soon.mean()), "count", f"more {told.outcome} over the whole horizon {against}, carry-over on its way",
        interval=around(soon, float(soon.mean()), level), denominator="horizon",
    )  # fmt: skip
    figures.add("horizon", told.horizon, "weeks", "weeks looked ahead", basis="stated", denominator=None)
    if len(gain) > 1:
        figures.add(
            "chance_worse", chance_below(brings, told.worth(split.current)), "share", f"chance of fewer {told.outcome} {against}",
            denominator="bootstrap draws", n=len(gain),
        )  # fmt: skip


def _path(told: Telling, amounts: NDArray) -> NDArray[np.float64]:
    weekly = np.repeat(amounts[: told.split.curved, None] / told.ask.weeks, told.horizon, axis=1)
    return told.split.responses.path(weekly, earlier_spend(told.ask.curves)).sum(axis=(1, 2))


def _alternatives(figures: Figures, told: Telling) -> None:
    """Other splits of the same money over the channels with curves, and how far they fall short of the plan."""
    ask, split = told.ask, told.split
    brings = told.worth(split.advised)
    for name, amounts in _others(ask, split).items():
        other = told.worth(amounts)
        short, words = brings - other, ALTERNATIVES[name]
        mine = figures.of(name, entity=f"alternative: {words}")
        mine.add(
            "expected_conversions", float(other.mean()), "count", f"{told.outcome} per {ask.period} expected under {words}",
            interval=around(other, float(other.mean()), told.level),
        )  # fmt: skip
        mine.add(
            "shortfall", float(short.mean()), "count", f"fewer {told.outcome} per {ask.period} under {words} than under the plan",
            interval=around(short, float(short.mean()), told.level),
        )  # fmt: skip
        if name == "best_split" and split.chance_worse is not None:
            label = f"chance of fewer {told.outcome} under {words} than under the current split"
            mine.add("chance_worse", split.chance_worse, "share", label, denominator="bootstrap draws", n=len(other))


def _others(ask: Ask, split: Split) -> dict[str, NDArray]:
    curved, rest = split.curved, split.advised[split.curved :]
    money = int(split.advised[:curved].sum())
    running = np.array([ask.channels is None or channel in ask.channels for channel in split.channels[:curved]])
    others: dict[str, NDArray] = {}
    if split.current is not None:
        others["current_split"] = split.current
    if running.sum() > 1 and money > 0:
        others["equal_split"] = np.concatenate([apportion(running.astype(float), money), rest])
        at = np.array([money / ask.weeks])
        alone = [split.responses.steady(place, at).mean() if running[place] else -1.0 for place in range(curved)]
        others["all_in_best"] = np.concatenate([money * (np.arange(curved) == int(np.argmax(alone))), rest])
    if split.kept_for_risk:
        others["best_split"] = split.best
    return others


def _table(told: Telling, keys: dict[str, Figure]) -> Table:
    per = told.ask.period
    money: dict[str, Any] = {"unit": "money", "currency": told.currency}
    columns = (
        Column(name="channel", label="channel"),
        Column(name="current_budget", label=f"current split per {per}", **money),
        Column(name="budget", label=f"plan per {per}", **money),
        Column(name="share", label="share of media", unit="share"),
        Column(name="change", label="change", **money),
        Column(name="expected_conversions", label=f"expected {told.outcome}", unit="count"),
        Column(name="marginal_cost", label="cost of one more", **money),
    )

    def value(key: str) -> Any:
        return keys[key].value if key in keys else None

    rows: list[tuple[Any, ...]] = [
        (channel_name(channel), *(value(f"{channel}.{column.name}") for column in columns[1:])) for channel in told.split.channels
    ]
    rows.append(("media", None, value("total.media"), None, None, value("total.expected_conversions"), None))
    sums = {"agency fee": "fee", "VAT": "vat", "unspent": "unspent", "whole budget": "budget"}
    rows += [(label, None, value(f"total.{name}"), None, None, None, None) for label, name in sums.items()]
    return Table(title=f"Budget per {per}", columns=columns, rows=tuple(rows))


def _chart(told: Telling) -> dict[str, Any]:
    split, minor, rows = told.split, minor_units(told.currency), []
    for plan, amounts in (("current split", split.current), ("plan", split.advised)):
        if amounts is not None:
            pairs = zip(split.channels, amounts, strict=True)
            rows += [{"channel": channel, "plan": plan, "amount": int(amount) / minor} for channel, amount in pairs]
    return allocation_chart(rows, told.currency, told.ask.period)
