"""Text leaves sentence by sentence: each is rendered, verified and only then released. What does not hold is held back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from graphs.drafting import Problem, citations, cite
from graphs.state import StepContext
from grounding.evidence import Evidence, Locale
from grounding.slots import render
from grounding.verdict import FAILING, Verdict
from grounding.verify import verify
from store import events

ENDS = re.compile(r"(?<=[.!?])[\"'”’)\]]*[ \t]+(?=\S)|\n+(?=\S)")
"""Where a sentence ends in a text that goes on: the stop, or the line, and the space after it."""
REFERENCE = re.compile(r"\[\[([TPR]\d+)\]\]")
"""`[[T1]]` a task, `[[P1]]` a preference, `[[R1]]` the words of a refusal: the house writes what stands behind them."""
LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
"""Links are the house's, to evidence and tasks: a text that was led astray cannot bring its own."""
LEFT_OPEN = re.compile(r"\[\[C\d+[^\]]{0,40}")
LONGEST_QUOTATION = 300
"""characters after which a bracket that nobody closed holds no sentence back"""
LONGEST_ANSWER = 12_000
"""characters; a model that goes on after this is not heard"""
LINE = re.compile(r"\s*(?:[-*#|>]|\d+\.\s)")
"""What begins a line of its own: a list, a heading, a table."""
NOTHING = re.compile(r"[-–—\s]*")
"""How a repair says that nothing takes a sentence's place."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a sentence is read against."""

    evidence: Mapping[str, Evidence]
    passages: Sequence[Mapping[str, Any]]
    references: Mapping[str, str]
    locale: Locale
    as_of: date


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence as readers get it, and why it does not hold, if so."""

    text: str
    problems: tuple[Problem, ...]


def first_end(text: str) -> int | None:
    """Where the first sentence of a text ends; None while it goes on. A stop inside a quotation, `[[C1: …`, ends nothing."""
    for end in ENDS.finditer(text):
        opened = text.rfind("[[", 0, end.start())
        if opened < 0 or text.find("]]", opened, end.end()) >= 0 or end.start() - opened > LONGEST_QUOTATION:
            return end.end()
    return None


def judge(raw: str, before: str, desk: Desk) -> Judged:
    """Read one sentence after what was said before it. CPU work: call it off the event loop."""
    raw = LINK.sub(r"\1", raw)
    problems = [
        Problem("answer", raw.strip(), f"[[{name}]] is not there") for name in REFERENCE.findall(raw) if name not in desk.references
    ]
    problems += citations(raw, desk.passages)
    rendered = render(cite(raw, desk.passages, quote=False), desk.evidence, desk.locale)
    problems += [Problem("answer", raw.strip(), said) for said in rendered.problems]
    problems += [
        Problem("answer", raw.strip(), f"{found} is no citation: it is [[C1]], or [[C1: its own words]] with at most 240 characters")
        for found in LEFT_OPEN.findall(cite(raw, desk.passages))
    ]
    told = REFERENCE.sub("this", rendered.text)
    verdict = verify(before + told, list(desk.evidence.values()), locale=desk.locale, as_of=desk.as_of)
    problems += [Problem("answer", raw.strip(), said) for said in _wrong(verdict, len(before))]
    shown = render(cite(raw, desk.passages), desk.evidence, desk.locale).text
    return Judged(REFERENCE.sub(lambda match: desk.references.get(match[1], match[0]), shown), tuple(problems))


def _wrong(verdict: Verdict, start: int) -> list[str]:
    numerals = [f"{n.text!r} is {n.verdict.lower()}: {n.reason}" for n in verdict.numerals if n.verdict in FAILING and n.end > start]
    return numerals + [f"{word.text!r}: {word.reason}" for word in verdict.words if word.end > start]


def owed(said: str, desk: Desk) -> list[str]:
    """The slots of caveats that have to be said because of what was said, and were not."""
    verdict = verify(said, list(desk.evidence.values()), locale=desk.locale, as_of=desk.as_of)
    return [missing.slot for missing in verdict.missing_caveats]


@dataclass
class Speaker:
    """Hears a model and releases what holds. `part` counts the sentences of the whole turn; `said` is the text so far.

    Once a sentence is held back, those after it wait in `after`, so that what takes its place is read in its place.
    """

    context: StepContext
    step: int
    desk: Desk
    said: str
    part: int
    life: int = 0
    """how many times this step has spoken before, in a worker that died: what it said then is withdrawn"""
    held: list[Problem] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    heard: str = ""
    _attempt: int = 1
    _waiting: str = ""
    _first: tuple[str, int] = ("", 0)

    async def begin(self) -> None:
        """Withdraw what an earlier life of this step had released before its worker died."""
        self._first = (self.said, self.part)
        if self.life:
            async with self.context.services.database.transaction(self.context.workspace_id) as connection:
                key = f"{self.step}:said:w{self.life}"
                await events.append(connection, self.context.run.id, "text_withdrawn", {"from": self.part}, key=key)

    async def hear(self, piece: str, attempt: int) -> None:
        """The next piece of text. A new attempt starts afresh, and what the one before had said is withdrawn."""
        if attempt != self._attempt:
            await self._again(attempt)
        if len(self.heard) > LONGEST_ANSWER:
            return
        self.heard += piece
        self._waiting += piece
        while (end := first_end(self._waiting)) is not None:
            sentence, self._waiting = self._waiting[:end], self._waiting[end:]
            await self.utter(sentence)

    async def end(self) -> None:
        """What was not closed by a stop."""
        rest, self._waiting = self._waiting, ""
        await self.utter(rest)

    async def utter(self, raw: str) -> None:
        """Release one sentence if it holds and nothing before it was held back; else hold it back with its problems, or let it wait."""
        if NOTHING.fullmatch(raw):
            return
        judged = await asyncio.to_thread(judge, raw, self.said, self.desk)
        if judged.problems:
            self.held += judged.problems
        elif self.held:
            self.after.append(raw)
        else:
            await self._release(judged.text)

    async def go_on(self, waiting: Sequence[str]) -> None:
        """Release those of the sentences that still hold, whatever was held back before them."""
        self.after = []
        for raw in waiting:
            judged = await asyncio.to_thread(judge, raw, self.said, self.desk)
            self.held += judged.problems
            if not judged.problems:
                await self._release(judged.text)

    async def _release(self, text: str) -> None:
        if self.said and not self.said[-1].isspace():
            text = ("\n" if LINE.match(text) else " ") + text
        self.said += text
        async with self.context.services.database.transaction(self.context.workspace_id) as connection:
            payload = {"part": self.part, "text": text}
            key = f"{self.step}:said:{self.life}:{self._attempt}:{self.part}"
            await events.append(connection, self.context.run.id, "text", payload, key=key)
        self.part += 1

    async def _again(self, attempt: int) -> None:
        self._attempt, self.heard, self._waiting, self.held, self.after = attempt, "", "", [], []
        said, part = self._first
        if self.part > part:
            async with self.context.services.database.transaction(self.context.workspace_id) as connection:
                key = f"{self.step}:said:{self.life}:a{attempt}"
                await events.append(connection, self.context.run.id, "text_withdrawn", {"from": part}, key=key)
        self.said, self.part = said, part


def text_of(log: Sequence[events.Event]) -> str:
    """What a turn has said, from its events."""
    parts: list[str] = []
    for event in log:
        if event.kind == "text":
            parts = [*parts[: event.payload["part"]], event.payload["text"]]
        elif event.kind == "text_withdrawn":
            parts = parts[: event.payload["from"]]
    return "".join(parts).strip()
