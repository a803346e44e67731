"""What a strategy is written from: the answers on the desk under the names that the sections use."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal

from llm.offline.reading import Answer, Caveat, Desk, Slot
from llm.offline.sentences import NUMBER_WORD, join
from llm.offline.strategy.voice import Voice, listen

HERE = Path(__file__).parent
CHANNELS: dict[str, dict[str, Any]] = json.loads((HERE / "channels.json").read_text(encoding="utf-8"))
ASKS: dict[str, dict[str, str]] = json.loads((HERE / "asks.json").read_text(encoding="utf-8"))
OUTCOME = re.compile(r"^(?:all )?(?P<outcome>.+?) (?:per (?:month|week) (?:expected|that go with)|expected|in the horizon)")


@dataclass(frozen=True)
class View:
    """The desk, read for a strategy."""

    desk: Desk

    @cached_property
    def voice(self) -> Voice:
        """The client's own words."""
        return listen(self.desk)

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
    def goal(self) -> str:
        """What the brief wants, in its word."""
        return self.desk.named.get("goal", "").strip() or "results"

    @cached_property
    def ask(self) -> dict[str, str]:
        """How the goal is asked for."""
        word = re.sub(r"[^a-z]", "", self.goal.lower())
        return ASKS.get(word) or ASKS.get(word + "s") or ASKS["other"]

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

    def name(self, channel: str) -> str:
        """A channel's usual name."""
        known = CHANNELS.get(channel)
        return known["name"] if known else channel.replace("_", " ").capitalize()

    def amount(self, slot: Slot | None) -> float | None:
        """The number that a slot shows, as its reader reads it; for choosing an order, never for writing."""
        return self.read(slot.shows) if slot else None

    def read(self, text: str) -> float | None:
        """The first number of a shown text in the client's locale."""
        language = self.desk.named.get("locale", "en").replace("-", "_")
        bare = re.sub(r"[^\d.,+\-−\s\u00a0\u202f]", "", text).strip().replace("−", "-")
        bare = re.sub(r"[\s\u202f]", "\u00a0", bare)
        try:
            return float(parse_decimal(bare, locale=language))
        except (NumberFormatError, ValueError):
            return None

    def ends(self, slot: Slot | None) -> tuple[float, float] | None:
        """Both ends of a slot's interval as read."""
        if slot is None or not slot.interval:
            return None
        low, _, high = slot.interval.partition(" to ")
        read = self.read(low), self.read(high)
        return (read[0], read[1]) if read[0] is not None and read[1] is not None else None

    def per(self, slot: Slot | None) -> str:
        """'a month' for a budget per month."""
        period = (slot.per if slot else None) or self.period
        return f" a {period}" if period in ("month", "week", "year", "quarter", "day") else ""

    def caveats(self, *tools: str) -> list[Caveat]:
        """The caveats that must appear, of these tools."""
        return [
            caveat for answer in self.desk.answers if answer.ok and answer.tool in tools for caveat in answer.caveats if caveat.must_appear
        ]

    def called(self, slot: Slot) -> str:
        """What a slot shows, in its tool's words, without the scope that the sentence gives."""
        return slot.what.removesuffix(", all channels")

    def told(self, *tools: str) -> str:
        """The caveats of these tools that must appear, each by its slot; in its own words where those hold a number word."""
        return join(*(self.said(caveat) for caveat in self.caveats(*tools)))

    @staticmethod
    def said(caveat: Caveat) -> str:
        """A caveat as a text says it."""
        if not NUMBER_WORD.search(caveat.text):
            return caveat.slot
        kept = [clause for clause in re.split(r"[:;]\s+", caveat.text.rstrip(".")) if not NUMBER_WORD.search(clause)]
        return f"{'; '.join(kept)}." if kept else caveat.slot

    def refused(self, tool: str) -> str | None:
        """Why a tool refused, in its words without figures; None when it did not."""
        last = self.desk.last(tool)
        if last is None or last.ok or last.refusal is None:
            return None
        said = re.split(r"(?<=[.:;])\s", last.refusal.get("message") or "")[0].rstrip(".:;")
        return said if said and self.voice.clean(said) else "there is not enough on record for it"
