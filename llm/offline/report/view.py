"""What a report is written from: the answers on the desk under the names that the sections use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from llm.offline.periods import Days, days_of, today_of
from llm.offline.reading import Answer, Slot
from llm.offline.sentences import SLOT
from llm.offline.view import DeskView

Standing = Literal["met", "missed", "on course", "out of reach", "open"]
STANDINGS: dict[str, Standing] = {
    "the goal is met": "met",
    "the goal is missed": "missed",
    "the goal is on course": "on course",
    "the goal is out of reach": "out of reach",
    "the goal is open": "open",
}
TOTAL = "All ad channels together: "


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as the tool's findings tell it."""

    key: str
    name: str
    counted: str
    at_most: bool
    standing: Standing
    target: Slot
    actual: Slot | None
    gap: Slot | None
    projected: Slot | None
    next: Slot | None
    sentences: tuple[str, ...]

    @property
    def bad(self) -> bool:
        """Whether it is missed, or will be at this pace."""
        return self.standing in ("missed", "out of reach")


@dataclass(frozen=True)
class ReportView(DeskView):
    """The desk, read for a report."""

    @cached_property
    def days(self) -> Days:
        """The days of the report."""
        return days_of(self.desk)

    @cached_property
    def today(self) -> date:
        """The day of the report."""
        return today_of(self.desk)

    def day(self, ahead: int) -> str:
        """A day to come."""
        return (self.today + timedelta(days=ahead)).isoformat()

    @property
    def kind(self) -> str:
        """What the report is called."""
        return {"month": "Monthly report", "week": "Weekly report", "period": "Report"}[self.days.called]

    @property
    def next_one(self) -> str:
        """What the period after this one is called."""
        return f"the next {self.days.called}"

    @cached_property
    def tracked(self) -> Answer | None:
        """Goals."""
        return self.desk.good("track_goals")

    @cached_property
    def compared(self) -> Answer | None:
        """The change against the period before."""
        return self.desk.good("compare_periods")

    @cached_property
    def summary(self) -> Answer | None:
        """What the channels cost and claim, beside the CRM."""
        return self.desk.good("summarize_channels")

    @cached_property
    def scored(self) -> Answer | None:
        """Promises."""
        return self.desk.good("score_promises")

    @cached_property
    def outcome(self) -> str:
        """What the client calls what the ads are for, plural: bookings."""
        word = re.sub(r"[^A-Za-z -]", "", self.desk.named.get("goal", "").split(",")[0]).strip()
        named = next((goal.name for goal in self.goals if goal.counted not in ("ad spend", "cost per claimed conversion")), "")
        return named or (word if 0 < len(word.split()) <= 2 else "") or "conversions"

    @cached_property
    def claims(self) -> str:
        """What the platforms report, in the client's word: bookings that the platforms claim."""
        return f"claimed {self.outcome}" if self.outcome in ("bookings", "purchases", "orders", "sales", "leads") else "claimed conversions"

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """The goals, in the order of the brief."""
        answer = self.tracked
        if answer is None:
            return ()
        found = []
        for target in (figure for figure in answer.figures if figure.key.endswith(".target")):
            key = target.key.removesuffix(".target")
            own = tuple(text for text in answer.findings if any(f".{key}." in slot for slot in SLOT.findall(text)))
            told = next((text for text in own if target.slot in text), "")
            standing = next((standing for words, standing in STANDINGS.items() if words in told), None)
            if standing is None:
                continue
            parts = {name: answer.get(f"{key}.{name}") for name in ("actual", "gap", "projected", "next")}
            counted = parts["actual"].what if parts["actual"] else ""
            name = target.what.removeprefix("goal for ")
            found.append(Goal(key, name, counted, "at most" in told, standing, target, sentences=own, **parts))
        return tuple(found)

    @property
    def goal_is_far(self) -> bool:
        """Whether a goal and its count are too far apart to mean the same thing."""
        return self.tracked is not None and any(caveat.code == "goal_far_from_count" for caveat in self.tracked.caveats)

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """Channels with figures, largest spend first."""
        answer = self.summary or self.compared
        return tuple(dict.fromkeys(figure.of for figure in answer.figures if figure.of)) if answer else ()

    def judged(self, words: str) -> list[str]:
        """Channels (and `total`) of which the comparison says this: 'fewer than ordinary variation'."""
        if self.compared is None:
            return []
        said = [text for text in self.compared.findings if f" is {words}" in text]
        keys = [slot.strip("{}").split(".")[1] for text in said for slot in SLOT.findall(text)[:1]]
        return list(dict.fromkeys(keys))

    def of_total(self) -> list[str]:
        """What the comparison says of all channels together, without its heading."""
        if self.compared is None:
            return []
        return [text.removeprefix(TOTAL) for text in self.compared.findings if text.startswith(TOTAL)]

    def scores(self, words: str) -> list[str]:
        """The sentences of promises with this outcome."""
        return [text for text in self.scored.findings if words in text] if self.scored else []
