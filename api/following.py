"""A turn as other protocols tell it: its events read as they come, its text in pieces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from api.house import House
from api.metrics import STREAMS
from graphs.speaking import text_of
from store.errors import DatabaseUnavailable
from store.events import Event

LINK = re.compile(r"\[([^\[\]]*)\]\((?:evidence|task):[^()]*\)")
AGAIN_SECONDS = 1.0
BROKE_OFF = "\n\n(That broke off; once more.)\n\n"


def plain(text: str) -> str:
    """A text without the house's own links: other programs cannot follow them."""
    return LINK.sub(r"\1", text)


@dataclass
class Heard:
    """What was heard of a turn so far."""

    log: list[Event] = field(default_factory=list)

    @property
    def ended(self) -> Event | None:
        """The event that ended it."""
        return self.log[-1] if self.log and self.log[-1].kind == "finished" else None

    @property
    def status(self) -> str:
        """How it ended."""
        return self.ended.payload["status"] if self.ended else "running"

    @property
    def reason(self) -> str | None:
        """Why it ended so."""
        return self.ended.payload.get("reason") if self.ended else None

    def plain(self) -> str:
        """All of its text."""
        return plain(text_of(self.log))

    def usage(self) -> dict[str, int]:
        """Tokens as OpenAI's clients count them."""
        used = (self.ended.payload.get("usage") or {}) if self.ended else {}
        asked, answered = int(used.get("input_tokens", 0)), int(used.get("output_tokens", 0))
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}

    def sources(self, thread: str, run: str) -> dict[str, Any]:
        """Where its figures came from."""
        found = {event.payload["alias"]: event.payload["evidence"] for event in self.log if event.kind == "tool_result"}
        return {"thread": thread, "run": run, "evidence": found}


async def follow_events(house: House, workspace_id: str, run_id: str, heard: Heard) -> AsyncIterator[Event | None]:
    """The events of a turn until it ends; None now and then while it is silent, so that the stream stays open."""
    with house.hub.subscribe(run_id) as news, STREAMS.track_inprogress():
        while not house.hub.stopping:
            news.clear()
            try:
                over, batch = await house.news(workspace_id, run_id, heard.log[-1].number if heard.log else 0)
            except DatabaseUnavailable:
                yield None
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for event in batch:
                heard.log.append(event)
                yield event
            if heard.ended is not None or (over and not batch):
                return
            if not batch:
                try:
                    await asyncio.wait_for(news.wait(), house.api.heartbeat_seconds)
                except TimeoutError:
                    yield None


async def follow_turn(house: House, workspace_id: str, run_id: str, heard: Heard) -> AsyncIterator[str]:
    """The text of a turn as it is released, plain; an empty piece now and then while it is silent."""
    said = False
    async for event in follow_events(house, workspace_id, run_id, heard):
        if event is None:
            yield ""
        elif event.kind == "text":
            said = True
            yield plain(event.payload["text"])
        elif event.kind == "text_withdrawn" and said:
            yield BROKE_OFF
