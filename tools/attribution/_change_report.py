"""A comparison of periods as figures, table and chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tools.attribution._change_split import EFFECTS, WORDS, Split
from tools.attribution._change_verdict import Judged
from tools.attribution._change_words import caveats, decision, findings
from tools.attribution._compared_periods import Sums, is_month
from tools.contract import Basis, Caveat, Column, Decision, Figure, Interval, Table, Unit
from tools.methods.channel_names import channel_name
from tools.methods.charts import Row, bars
from tools.methods.periods import Period


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was worked out. `sums`: period to entity to sums; `splits`: entity to split, `total` only when all channels count."""

    currency: str
    level: float
    asked: Period
    now: Period
    before: Period
    year: Period | None
    channels: tuple[str, ...]
    sums: Mapping[Period, Mapping[str, Sums]]
    splits: Mapping[str, Split]
    judged: tuple[Judged, ...]

    @property
    def entities(self) -> tuple[str, ...]:
        """All channels together first."""
        return ("total", *self.channels)

    @property
    def earlier(self) -> str:
        """What the period before is called."""
        if is_month(self.asked):
            return "the month before" if self.now == self.asked else "the same days of the month before"
        return "the week before" if self.asked.days == 7 else "the period before"

    def verdict(self, entity: str) -> Judged | None:
        """The verdict on one entity."""
        return next((one for one in self.judged if one.entity == entity), None)


def figures_of(comparison: Comparison) -> tuple[Figure, ...]:
    """The figures of every entity, the total first."""
    made: list[Figure] = []
    for entity in comparison.entities:
        made += _Entity(comparison, entity).figures()
    return tuple(made)


class _Entity:
    """Makes the figures of one channel, or of all."""

    def __init__(self, comparison: Comparison, entity: str):
        self.comparison, self.entity = comparison, entity
        self.now = comparison.sums[comparison.now][entity]
        self.before = comparison.sums[comparison.before][entity]
        self.year = comparison.sums[comparison.year][entity] if comparison.year else None
        self.split = comparison.splits.get(entity)
        self.made: list[Figure] = []

    def figures(self) -> list[Figure]:
        comparison, before = self.comparison, f"in {self.comparison.earlier}"
        self.money("spend", self.now.spend, "ad spend")
        self.money("previous_spend", self.before.spend, f"ad spend {before}", period=comparison.before)
        self.change("spend_change", self.now.spend, self.before.spend, "ad spend", comparison.earlier, basis="observed")
        if self.split:
            self.add("conversions", self.split.now, "count", "claimed conversions")
            self.add("previous_conversions", self.split.before, "count", f"claimed conversions {before}", period=comparison.before)
            self.add("conversions_difference", self.split.change, "count", "change in claimed conversions", denominator=comparison.earlier)
            self.change("conversions_change", self.split.now, self.split.before, "claimed conversions", comparison.earlier)
            self.ordinary()
            for name in EFFECTS:
                # a length that did not change, and a step that the platform does not report, have no effect to show
                if self.split.effects[name] or name in ("spend", "price", "rate"):
                    label = f"part of the change in claimed conversions that goes with {WORDS[name]}"
                    self.add(f"{name}_effect", self.split.effects[name], "count", label, denominator=comparison.earlier)
        if self.now.cpa and self.before.cpa:
            each = {"denominator": "conversions"}
            self.money("cpa", self.now.cpa, "cost per claimed conversion", basis="attributed", **each)
            label = f"cost per claimed conversion {before}"
            self.money("previous_cpa", self.before.cpa, label, basis="attributed", period=comparison.before, **each)
            self.change("cpa_change", self.now.cpa, self.before.cpa, "cost per claimed conversion", comparison.earlier)
        if self.year is not None and comparison.year is not None:
            self.money("year_before_spend", self.year.spend, "ad spend a year before", period=comparison.year)
            if self.year.conversions and self.split:
                label = "claimed conversions a year before"
                self.add("year_before_conversions", round(self.year.conversions), "count", label, period=comparison.year)
                self.change("conversions_on_year", self.split.now, round(self.year.conversions), "claimed conversions", "a year before")
        return self.made

    def add(self, key: str, value: float | int, unit: Unit, label: str, basis: Basis = "attributed", **more: Any) -> None:
        period = more.pop("period", self.comparison.now)
        metric = key.removeprefix("previous_").removeprefix("year_before_")
        self.made.append(
            Figure(
                key=f"{self.entity}.{key}",
                value=value,
                unit=unit,
                metric=more.pop("metric", metric),
                label=label,
                entity=None if self.entity == "total" else self.entity,
                currency=self.comparison.currency if unit == "money" else None,
                period=period.iso,
                basis=basis,
                **more,
            )
        )

    def money(self, key: str, value: float, label: str, basis: Basis = "observed", **more: Any) -> None:
        self.add(key, round(value), "money", label, basis, **more)

    def change(self, key: str, now: float, before: float, label: str, against: str, basis: Basis = "attributed") -> None:
        if before > 0:
            self.add(key, now / before - 1, "share", f"change in {label}", basis, denominator=against)

    def ordinary(self) -> None:
        """What was to be expected at this spend, and the ends that ordinary variation stays between."""
        judged = self.comparison.verdict(self.entity)
        if judged is None or judged.middle is None or judged.low is None or judged.high is None or judged.noise is None:
            return
        more: dict[str, Any] = {"basis": "model", "n": judged.noise.freedom}
        interval = Interval(low=judged.low, high=judged.high, level=judged.level, kind="prediction")
        label = "claimed conversions to be expected at this spend"
        self.add("expected_conversions", judged.middle, "count", label, metric="conversions", interval=interval, **more)
        spend = self.now.spend
        interval = Interval(low=round(spend / judged.high), high=round(spend / judged.low), level=judged.level, kind="prediction")
        label = "cost per claimed conversion to be expected at this spend"
        self.money("expected_cpa", spend / judged.middle, label, metric="cpa", denominator="conversions", interval=interval, **more)


def findings_of(comparison: Comparison, figures: Sequence[Figure]) -> tuple[str, ...]:
    """The sentences."""
    return tuple(findings(comparison, {figure.key for figure in figures}))


def caveats_of(comparison: Comparison, as_of: date) -> tuple[Caveat, ...]:
    """What a reader has to know."""
    return tuple(caveats(comparison, as_of))


def decision_of(comparison: Comparison) -> Decision | None:
    """Whether there is something to look into."""
    return decision(comparison)


def table_of(comparison: Comparison) -> Table:
    """A row per entity: claims before, what the change went with, claims now; then the cost of one."""
    shown = [name for name in EFFECTS if any(split.effects[name] for split in comparison.splits.values())]
    columns = [Column(name="channel", label="Channel"), Column(name="before", label="Claimed before", unit="count")]
    columns += [Column(name=name, label=f"With {WORDS[name]}", unit="count") for name in shown]
    columns += [Column(name="now", label="Claimed now", unit="count"), Column(name="verdict", label="At this spend")]
    columns += [
        Column(name="cpa_before", label="Cost of each before", unit="money", currency=comparison.currency),
        Column(name="cpa", label="Cost of each now", unit="money", currency=comparison.currency),
    ]
    rows = []
    for entity in (*comparison.channels, "total"):
        split = comparison.splits.get(entity)
        now, before = (comparison.sums[period][entity].cpa for period in (comparison.now, comparison.before))
        counts = [split.before, *(split.effects[name] for name in shown), split.now] if split else [None] * (len(shown) + 2)
        rows.append(
            (
                "All channels" if entity == "total" else channel_name(entity),
                *counts,
                _said(comparison.verdict(entity)),
                round(before) if before else None,
                round(now) if now else None,
            )
        )
    return Table(title=f"Claimed conversions, {comparison.before.iso} and {comparison.now.iso}", columns=tuple(columns), rows=tuple(rows))


def _said(judged: Judged | None) -> str:
    words = {
        "more": "more than ordinary variation",
        "fewer": "fewer than ordinary variation",
        "within": "ordinary variation",
        "unclear": "cannot be told",
    }
    return words[judged.verdict] if judged else ""


def chart_of(comparison: Comparison) -> dict[str, Any] | None:
    """What the change in all claims went with."""
    split = comparison.splits.get("total")
    if split is None:
        return None
    rows: list[Row] = [{"part": WORDS[name], "conversions": split.effects[name]} for name in EFFECTS if split.effects[name]]
    title = f"What the change in claimed conversions went with, against {comparison.earlier}"
    return bars(title, rows, name="part", value="conversions", axis="claimed conversions") if rows else None
