"""What the rules see of a conversation: the message, what stands under it, what was answered and done in this turn."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from llm.offline.reading import Answer, Desk, read_answer, sections_of

HEADINGS = ("Client", "Tables", "Specialists", "Tasks", "Preferences", "Documents", "Earlier", "Stated", "Today", "Message")
ROLE = "You are the concierge of"
NOTES = "You keep the notes of a conversation"
REPAIR = "These sentences of your answer did not hold"
NAMED = re.compile(r"^- \[\[(?P<name>[TP]\d+)\]\] (?P<what>.+)$", re.MULTILINE)
ACTIONS = frozenset({"start_task", "follow_task", "cancel_task", "remember", "forget"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one call of this turn: a tool's answer, or what was done. `say`: the house's own words for it."""

    name: str
    answer: Answer
    body: Mapping[str, Any]

    @property
    def say(self) -> str | None:
        """A reference to words that the house writes."""
        return self.body.get("say")


@dataclass(frozen=True)
class Talk:
    """One conversation at one call."""

    message: str
    before: tuple[str, str]
    """The person's last message before this one, and what was answered."""
    sections: Mapping[str, str]
    replies: tuple[Reply, ...]
    repair: bool
    desk: Desk

    @cached_property
    def tasks(self) -> dict[str, str]:
        """Tasks by name: T1 to its kind and state, the newest first."""
        return {match["name"]: match["what"] for match in NAMED.finditer(self.sections.get("Tasks", "")) if match["name"][0] == "T"}

    @cached_property
    def preferences(self) -> dict[str, str]:
        """Kept wishes by name: P1 to its words."""
        return {match["name"]: match["what"] for match in NAMED.finditer(self.sections.get("Preferences", "")) if match["name"][0] == "P"}

    @property
    def kinds(self) -> tuple[str, ...]:
        """What specialists make."""
        return tuple(re.findall(r"^- (\w+): ", self.sections.get("Specialists", ""), re.MULTILINE))

    def reply(self, name: str) -> Reply | None:
        """The last that came back from this tool or action in this turn."""
        return next((reply for reply in reversed(self.replies) if reply.name == name), None)


def is_talk(messages: Sequence[BaseMessage]) -> bool:
    """Whether this call is a turn of a conversation."""
    return any(isinstance(message, SystemMessage) and ROLE in message.text for message in messages)


def is_notes(messages: Sequence[BaseMessage]) -> bool:
    """Whether this call wants a conversation summed up."""
    return any(isinstance(message, SystemMessage) and message.text.startswith(NOTES) for message in messages)


def read_talk(messages: Sequence[BaseMessage], desk: Desk) -> Talk:
    """The conversation of one call. What was said while a turn worked counts as its message."""
    asked = [index for index, one in enumerate(messages) if isinstance(one, HumanMessage) and "# Message\n" in one.text]
    first = next(index for index in asked if messages[index].text.startswith("# Client\n"))
    last = asked[-1]
    sections = dict(sections_of(messages[first].text, HEADINGS))
    if last != first:
        sections |= dict(sections_of(messages[last].text, ("Stated", "Message")))
    replies = tuple(_replies(messages[last:]))
    later = [one.text for one in messages[last + 1 :] if isinstance(one, HumanMessage)]
    seen = {"Brief": sections["Message"].strip(), "What the brief states": sections.get("Stated", "")}
    seen |= {"Client": sections.get("Client", ""), "Tables": sections.get("Tables", ""), "Context": sections.get("Documents", "")}
    answers = tuple(reply.answer for reply in replies if reply.name not in ACTIONS)
    said = [(one.type, one.text) for one in messages[:first] if isinstance(one, (HumanMessage, AIMessage))]
    before = next((text for kind, text in reversed(said) if kind == "human"), ""), next((t for k, t in reversed(said) if k == "ai"), "")
    return Talk(
        message=seen["Brief"],
        before=before,
        sections=sections,
        replies=replies,
        repair=bool(later) and later[-1].startswith(REPAIR),
        desk=replace(desk, answers=answers, sections=seen),
    )


def _replies(messages: Sequence[BaseMessage]) -> list[Reply]:
    calls = {call["id"]: call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    found = []
    for message in messages:
        if not isinstance(message, ToolMessage) or message.tool_call_id not in calls:
            continue
        call = calls[message.tool_call_id]
        try:
            body = json.loads(message.text)
        except ValueError:
            body = {}
        found.append(Reply(call["name"], read_answer(call["name"], call["args"], message.text), body if isinstance(body, dict) else {}))
    return found
