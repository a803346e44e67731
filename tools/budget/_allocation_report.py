"""What a split says: figures beside the current split and today's spend, table and chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.budget._allocation_words import caveats, decision, findings
from tools.budget._alternatives import add_alternatives, apart, others
from tools.budget._charts import allocation_chart
from tools.budget._figures import Figures, around
from tools.budget._plan import earlier_spend
from tools.budget._split import SAME_SUM, Ask, Current, Split, chance_below, splits_evenly, worth
from tools.contract import Basis, Column, Figure, Table, weakest
from tools.methods.channel_names import channel_name
from tools.methods.currencies import minor_units

SUM = ("budget", "fee_share", "vat_rate")
"""What the exact sums rest on."""


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
    figures = Figures(told.currency, {"basis": _basis(told.ask), "denominator": told.ask.period})
    _money(figures, told)
    _recent(figures, told)
    for place in range(len(told.split.channels)):
        _channel(figures, told, place)
    if told.split.curved:
        _totals(figures, told)
        add_alternatives(figures, told)
    keys = figures.by_key
    words = {one.key: one.words for one in others(told.ask, told.split)} if told.split.curved else {}
    return {
        "figures": tuple(figures.made),
        "findings": tuple(findings(told.ask, told.split, told.outcome, keys, told.value, words)),
        "caveats": tuple(caveats(told.ask, told.split, told.outcome, keys, fee_stated=told.fee_stated, vat_stated=told.vat_stated)),
        "decision": decision(told.ask, told.split, told.outcome),
        "table": _table(told, keys),
        "chart": _chart(told),
    }


def _basis(ask: Ask) -> Basis:
    """What the amounts rest on: the curves; without any, today's proportions, or the assumption that an even split is a fair start."""
    if ask.curves:
        return weakest(curve.basis for curve in ask.curves)
    return "assumed" if splits_evenly(ask) else weakest(["stated", ask.current.basis])


def _money(figures: Figures, told: Telling) -> None:
    """Media, fee and VAT: with what the limits left unspent they add up to the budget."""
    split, per = told.split, f"per {told.ask.period}"
    sums: dict[str, Any] = {"basis": "stated", "rests_on": SUM}
    # Limits that leave money unspent decide how much is spent, so then the sum is no longer the budget's alone.
    spent = sums if split.spent == split.media else {}
    figures.add("budget", told.ask.budget, "money", f"whole budget {per}", basis="stated", rests_on=("budget",))
    figures.add("media", split.spent, "money", f"media spend {per}", **spent)
    figures.add("fee", split.fee, "money", f"agency fee {per}", **sums)
    figures.add("vat", split.vat, "money", f"VAT {per}", **sums)
    figures.add("unspent", split.media - split.spent, "money", f"media money {per} that the limits leave unspent", **spent)


def _recent(figures: Figures, told: Telling) -> None:
    """What is really spent today, at its own size, and how far the plan's media is from it."""
    ask, split = told.ask, told.split
    today = sum(ask.current.spend.values())
    if not today:
        return
    if ask.current.weeks is not None:
        label = "weeks that recent spend is the average of"
        figures.add(
            "recent_weeks", ask.current.weeks, "weeks", label, basis="observed", rests_on=(), denominator=None, metric="averaged_over"
        )
    figures.add(
        "recent_spend", today, "money", f"media spend per {ask.period} {ask.current.when}, all channels", **_observed(ask.current)
    )  # fmt: skip
    figures.add(
        "budget_change", split.spent / today - 1, "share", f"change of media spend per {ask.period}: the plan against today's spend",
        denominator="media spend today", basis=weakest(["stated", ask.current.basis]), rests_on=(*SUM, "current"),
    )  # fmt: skip


def _observed(current: Current) -> dict[str, Any]:
    return {"basis": current.basis, "period": current.period, "rests_on": ("current",), "metric": "recent_spend"}


def _channel(figures: Figures, told: Telling, place: int) -> None:
    ask, split = told.ask, told.split
    channel, amount = split.channels[place], int(split.advised[place])
    words, mine = channel_name(channel), figures.of(channel, entity=channel)
    # Only what the plan gives is called a budget: the verifier tells it from the amounts of other splits by that word.
    mine.add("budget", amount, "money", f"media budget for {words} in the plan")
    mine.add(
        "share", amount / split.spent if split.spent else 0.0, "share", f"{words}'s share of the plan's media", metric="share_of_media",
        denominator="media spend",
    )  # fmt: skip
    if split.current is not None:
        now = int(split.current[place])
        if ask.current.spend.get(channel):
            label = f"media spend on {words} per {ask.period} {ask.current.when}"
            mine.add("recent_spend", ask.current.spend[channel], "money", label, **_observed(ask.current))
        mine.add(
            "current_budget", now, "money", f"media for {words} under the current split of the same total", metric="current_split",
            basis=weakest(["stated", ask.current.basis]), period=ask.current.period, rests_on=(*SUM, "current"),
        )  # fmt: skip
        if not split.unchanged:
            mine.add("change", amount - now, "money", f"change for {words}: the plan against the current split of this budget")
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
        metric="largest_observed_spend", basis="observed", rests_on=(),
    )  # fmt: skip


def _totals(figures: Figures, told: Telling) -> None:
    """What the plan is expected to bring, against the current split of the same budget and against today's spend."""
    ask, split, level = told.ask, told.split, told.level
    brings = told.worth(split.advised)
    figures.add(
        "expected_conversions", float(brings.mean()), "count", f"{told.outcome} per {ask.period} expected from the channels with curves",
        interval=around(brings, float(brings.mean()), level),
    )  # fmt: skip
    if brings.mean() > 1e-9:
        cost = int(split.advised[: split.curved].sum()) / float(brings.mean())
        label = f"media spend, without fee and VAT, per one of the expected {told.outcome}"
        figures.add("cost_per_conversion", cost, "money", label, denominator=told.outcome)
    if split.current is None:
        return
    _against_today(figures, told, brings)
    if not split.unchanged:
        _against_current(figures, told, brings)
    if split.held_back:
        figures.add(
            "max_chance_worse", ask.max_chance_worse, "share", "largest chance of doing worse than the current split that is accepted",
            basis="stated", rests_on=("max_chance_worse",), denominator=None,
        )  # fmt: skip


def _against_today(figures: Figures, told: Telling, brings: NDArray) -> None:
    """The plan against what is spent today at its own size, where that is another sum."""
    ask, split = told.ask, told.split
    today = np.array([ask.current.spend.get(channel, 0.0) for channel in split.channels])
    if not today[: split.curved].any() or abs(split.spent / today.sum() - 1) < SAME_SUM:
        return
    now = told.worth(today)
    figures.of("today").add(
        "expected_conversions", float(now.mean()), "count", f"{told.outcome} per {ask.period} expected at today's spend",
        interval=around(now, float(now.mean()), told.level),
    )  # fmt: skip
    apart(figures, brings - now, f"{told.outcome} per {ask.period} from the plan than at today's spend", "today", told.level)


def _against_current(figures: Figures, told: Telling, brings: NDArray) -> None:
    split, level = told.split, told.level
    assert split.current is not None
    now = told.worth(split.current)
    gain = brings - now
    soon = _path(told, split.advised) - _path(told, split.current)
    against = "than the current split of this budget"
    figures.add(
        "gain", float(gain.mean()), "count", f"more {told.outcome} per {told.ask.period} {against}",
        interval=around(gain, float(gain.mean()), level),
    )  # fmt: skip
    figures.add(
        "gain_in_horizon", float(soon.mean()), "count", f"more {told.outcome} over the whole horizon {against}, carry-over on its way",
        interval=around(soon, float(soon.mean()), level), denominator="horizon",
    )  # fmt: skip
    figures.add("horizon", told.horizon, "weeks", "weeks looked ahead", basis="stated", denominator=None, rests_on=("horizon_weeks",))
    if len(gain) > 1:
        figures.add(
            "chance_worse", chance_below(brings, now), "share", f"chance of fewer {told.outcome} {against}",
            denominator="bootstrap draws", n=len(gain),
        )  # fmt: skip


def _path(told: Telling, amounts: NDArray | None) -> NDArray[np.float64]:
    assert amounts is not None
    weekly = np.repeat(amounts[: told.split.curved, None] / told.ask.weeks, told.horizon, axis=1)
    return told.split.responses.path(weekly, earlier_spend(told.ask.curves)).sum(axis=(1, 2))


def _table(told: Telling, keys: dict[str, Figure]) -> Table:
    """A row per channel, then how the budget adds up. A column that would stay empty is left out."""
    money: dict[str, Any] = {"unit": "money", "currency": told.currency}
    offered = (
        Column(name="recent_spend", label="spent today", **money),
        Column(name="current_budget", label="current split of this budget", **money),
        Column(name="budget", label="plan", **money),
        Column(name="share", label="share of the plan", unit="share"),
        Column(name="expected_conversions", label=f"expected {told.outcome}", unit="count"),
        Column(name="marginal_cost", label="cost of one more", **money),
    )
    rows: list[tuple[str, dict[str, str]]] = [
        (channel_name(channel), {column.name: f"{channel}.{column.name}" for column in offered}) for channel in told.split.channels
    ]
    total = {"recent_spend": "total.recent_spend", "budget": "total.media", "expected_conversions": "total.expected_conversions"}
    rows.append(("media", total))
    sums = {"agency fee": "fee", "VAT": "vat", "unspent": "unspent", "whole budget": "budget"}
    rows += [(label, {"budget": f"total.{name}"}) for label, name in sums.items() if name == "budget" or keys[f"total.{name}"].value]
    left_out = {"current_budget"} if told.split.unchanged else set()
    columns = [column for column in offered if column.name not in left_out and any(where.get(column.name) in keys for _, where in rows)]

    def cell(where: dict[str, str], column: Column) -> int | float | str | None:
        found = keys.get(where.get(column.name, ""))
        return found.value if found else None

    return Table(
        title=f"Budget per {told.ask.period}",
        columns=(Column(name="channel", label="channel"), *columns),
        rows=tuple((label, *(cell(where, column) for column in columns)) for label, where in rows),
    )


def _chart(told: Telling) -> dict[str, Any]:
    split, minor, rows = told.split, minor_units(told.currency), []
    for plan, amounts in (("current split", split.current), ("plan", split.advised)):
        if amounts is not None:
            pairs = zip(split.channels, amounts, strict=True)
            rows += [{"channel": channel, "plan": plan, "amount": int(amount) / minor} for channel, amount in pairs]
    return allocation_chart(rows, told.currency, told.ask.period)
