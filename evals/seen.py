"""What a case's run left, as graders see it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.case import Case
from grounding.evidence import Evidence, Locale

LINK = re.compile(r"\[([^\[\]]*)\]\((?:evidence|task):[^()]*\)")
CLOSING = re.compile(r"\n## Assumptions register\n.*\Z", re.DOTALL)


@dataclass(frozen=True)
class Seen:
    """One run of one case. `text`: what a reader gets, without what the house adds at the end and without links."""

    case: Case
    locale: Locale
    status: str
    error: str | None = None
    markdown: str = ""
    content: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    passages: tuple[Mapping[str, Any], ...] = ()
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    answers: tuple[str, ...] = ()
    """What was said to each message, in the chat."""

    @property
    def chat(self) -> bool:
        """Whether this was a conversation."""
        return self.case.suite == "chat"

    @property
    def text(self) -> str:
        """What was written, plain."""
        return LINK.sub(r"\1", CLOSING.sub("", self.markdown)).strip()

    def by_alias(self) -> dict[str, Evidence]:
        """Evidence by the alias that the text uses."""
        known = {record.id: record for record in self.evidence}
        return {alias: known[identity].model_copy(update={"alias": alias}) for alias, identity in self.aliases.items() if identity in known}

    def of(self, tool: str) -> list[Evidence]:
        """What a tool gave, in order."""
        return [record for record in self.evidence if record.tool == tool]

    def calls(self) -> list[tuple[str, Any]]:
        """The tools that the model asked for, with their arguments."""
        return [(payload["tool"], payload.get("arguments")) for kind, payload in self.events if kind == "tool_call"]

    def kinds(self) -> Sequence[str]:
        """Kinds of events, in order."""
        return [kind for kind, _ in self.events]
