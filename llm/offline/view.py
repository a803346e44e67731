"""The desk as any writer reads it: amounts of shown figures, caveats that have to be said, the client's own words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal

from llm.offline.reading import Caveat, Desk, Slot
from llm.offline.sentences import NUMBER_WORD, capital, join
from llm.offline.voice import Voice, listen

HERE = Path(__file__).parent
CHANNELS: dict[str, dict[str, Any]] = json.loads((HERE / "channels.json").read_text(encoding="utf-8"))
ASKS: dict[str, dict[str, str]] = json.loads((HERE / "asks.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class DeskView:
    """The desk, and what every writer asks of it."""

    desk: Desk

    @cached_property
    def voice(self) -> Voice:
        """The client's own words."""
        return listen(self.desk)

    @cached_property
    def goal(self) -> str:
        """What the brief wants, in its word."""
        return self.desk.named.get("goal", "").strip() or "results"

    @cached_property
    def ask(self) -> dict[str, str]:
        """How the goal is asked for."""
        word = re.sub(r"[^a-z]", "", self.goal.lower())
        return ASKS.get(word) or ASKS.get(word + "s") or ASKS["other"]

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
        return f"{capital('; '.join(kept))}." if kept else caveat.slot

    def refused(self, tool: str) -> str | None:
        """Why a tool refused, in its words without figures; None when it did not."""
        last = self.desk.last(tool)
        if last is None or last.ok or last.refusal is None:
            return None
        said = re.split(r"(?<=[.:;])\s", last.refusal.get("message") or "")[0].rstrip(".:;")
        return said if said and self.voice.clean(said) else "there is not enough on record for it"
