"""What a strategy is written from: the answers on the desk under the names that the sections use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from llm.offline.reading import Answer, Slot
from llm.offline.view import CHANNELS, DeskView

OUTCOME = re.compile(r"^(?:all )?(?P<outcome>.+?) (?:per (?:month|week) (?:expected|that go with)|expected|in the horizon)")


@dataclass(frozen=True)
class View(DeskView):
    """The desk, read for a strategy."""

    @cached_property
    def summary(self) -> Answer | None:
        """What the channels cost and claim."""
        return self.desk.good("summarize_channels")

    @cached_property
    def fit(self) -> Answer | None:
        """The response curves."""
        return self.desk.good("fit_response_curves")

    @cached_property
    def split(self) -> Answer | None:
        """The allocation."""
        return self.desk.good("allocate_budget")

    @cached_property
    def forecast(self) -> Answer | None:
        """The forecast."""
        return self.desk.good("forecast_campaign")

    @cached_property
    def design(self) -> Answer | None:
        """The test that was sized."""
        return self.desk.good("design_experiment")

    @cached_property
    def segments(self) -> Answer | None:
        """The segments."""
        return self.desk.good("segment_audience")

    @cached_property
    def benchmarks(self) -> Answer | None:
        """Other advertisers' figures."""
        return self.desk.good("find_benchmarks")

    @cached_property
    def data(self) -> Answer | None:
        """What the tables hold."""
        return self.desk.good("describe_data")

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """Channels of the brief; those with spend when the brief names none."""
        if self.desk.channels:
            return self.desk.channels
        known = self.summary or self.split
        found = dict.fromkeys(figure.of for figure in known.figures if figure.of in CHANNELS) if known else {}
        return tuple(channel for channel in found if channel) or ("email",)

    @cached_property
    def budget(self) -> Slot | None:
        """The budget as stated."""
        return self.desk.stated_as("B.budget")

    @cached_property
    def period(self) -> str:
        """What the budget is per: month or week; nothing when it is for the whole."""
        return (self.budget.per if self.budget and self.budget.per else self.desk.named.get("period", "")).removeprefix("per ").strip()

    @cached_property
    def outcome(self) -> str:
        """What the forecast or the allocation counts, in its own words."""
        for answer in (self.forecast, self.split):
            total = answer.get("total.expected_conversions") if answer else None
            if total and (match := OUTCOME.match(total.what)):
                return match["outcome"]
        fitted = self.fit.one("contribution", anyone=True) if self.fit else None
        match = OUTCOME.match(fitted.what) if fitted else None
        return match["outcome"] if match else self.goal

    @cached_property
    def moved(self) -> bool:
        """Whether the allocation advises to change the split."""
        return bool(self.split and self.split.action not in (None, "keep", "hold"))

    @cached_property
    def gain(self) -> str:
        """What a changed split is expected to gain, as a range; nothing when the split stays."""
        figure = self.split.get("total.gain") if self.split and self.moved else None
        if figure is None or not figure.interval:
            return ""
        return f"The expected gain over the current split is {figure.slot} {self.outcome}{self.per(figure)} ({figure.range})."

    def per(self, slot: Slot | None) -> str:
        """'a month' for a budget per month."""
        period = (slot.per if slot else None) or self.period
        return f" a {period}" if period in ("month", "week", "year", "quarter", "day") else ""
