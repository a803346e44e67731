"""A turn as a page shows it: blocks folded from its events, each stable in its place, so that who comes back gets what has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.concierge import CONCIERGE
from graphs.turns import own_records
from store.events import Event
from store.messages import Message

Kind = Literal["said", "text", "call", "task", "deed", "note", "chart", "status"]

ACTIONS = frozenset(action.name for action in CONCIERGE.actions)
LISTED = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]")
INDENTED = re.compile(r"[ \t]")
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
USED = re.compile(r"\]\(evidence:(E\d+)\.")
ENDED = {"cancelled": "Stopped.", "needs_person": "A person has to look at this."}
MOST_CHARTS = 3
"""charts under one answer; the others open with their tool step"""


def pieces(text: str) -> list[str]:
    """A Markdown text cut where a block of its own begins: what came before such a place reads the same, whatever comes after."""
    found: list[str] = []
    fenced = False
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        if not paragraph.strip():
            continue
        goes_on = found and (fenced or INDENTED.match(paragraph) or (LISTED.match(paragraph) and LISTED.match(found[-1])))
        if goes_on:
            found[-1] += "\n\n" + paragraph
        else:
            found.append(paragraph)
        fenced ^= len(FENCE.findall(paragraph)) % 2 == 1
    return found


@dataclass(slots=True)
class Block:
    """One thing in its place. `changed`: number of the event that changed it last; `show`: what its template reads."""

    id: str
    kind: Kind
    changed: int
    show: dict[str, Any]

    def change(self, number: int, **show: Any) -> None:
        """Show it otherwise from this event on."""
        self.changed = number
        self.show |= show


@dataclass(slots=True, eq=False)
class _Stretch:
    """Text that nothing interrupted, cut in pieces. `began`: number of its first event."""

    began: int
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Turn:
    """One turn: its events folded in order. `known`: alias to the evidence that its text may name."""

    run: str
    known: dict[str, str]
    number: int = 0
    finished: bool = False
    spoken: list[tuple[int, str]] = field(default_factory=list)
    """for whoever listens: the sentences in order, and what happens between them, each with its event's number"""
    _places: list[Block | _Stretch] = field(default_factory=list)
    _parts: list[tuple[_Stretch | None, str]] = field(default_factory=list)
    _open: _Stretch | None = None
    _calls: dict[str, Block] = field(default_factory=dict)
    _said: dict[str, Block] = field(default_factory=dict)
    _results: dict[str, dict[str, Any]] = field(default_factory=dict)
    _heard: int = 0
    _status: Block = field(init=False)

    def __post_init__(self) -> None:
        self._status = Block(f"{self.run}-status", "status", 0, {"state": "queued", "reason": None})
        self.known = self.known | own_records(self.run, 0)

    @property
    def blocks(self) -> list[Block]:
        """All of it, top to bottom."""
        return [*self._flat(), self._status]

    @property
    def tasks(self) -> list[str]:
        """The tasks that it started."""
        return [block.show["task"] for block in self.blocks if block.kind == "task"]

    def _flat(self) -> Iterator[Block]:
        for place in self._places:
            if isinstance(place, _Stretch):
                yield from place.blocks
            else:
                yield place

    def told(self, messages: Sequence[Message]) -> None:
        """What people said in it; what is said while it works is shown where its event stands."""
        for message in messages:
            if message.role == "user" and message.id not in self._said:
                block = Block(message.id, "said", self.number, {"text": message.text, "at": message.created_at, "waiting": False})
                self._said[message.id] = block
                self._places.append(block)

    def hear(self, event: Event, said: Mapping[str, Message]) -> None:
        """The next event."""
        self.number = event.number
        known = getattr(self, f"_on_{event.kind}", None)
        if known is not None:
            known(event.number, event.payload, said)

    def kept(self, answer: Message) -> None:
        """The answer as it was kept, for a turn whose events are gone."""
        self.known |= answer.aliases
        self._write(0, 0, answer.text)

    def close(self) -> None:
        """Nothing more comes, though no event says so: its events are gone, or it never had any."""
        self.finished = True
        self._status.change(self.number, state="succeeded")

    # one method for each kind of event; a kind that has none shows nothing

    def _on_started(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._status.change(number, state="started")

    def _on_step(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        if payload.get("name") in ("recall", "act"):
            self._status.change(number, state="thinking")

    def _on_text(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._write(number, payload["part"], payload["text"])

    def _on_text_withdrawn(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._void(number, payload["from"])
        self._note(number, "again", "The connection to the model broke off; the answer is said again.")

    def _on_tool_call(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._open = None
        action = payload["tool"] in ACTIONS
        show: dict[str, Any] = {"tool": payload["tool"], "state": "running", "number": number, "run": self.run}
        show |= dict.fromkeys(("evidence", "alias", "figures", "duration_ms", "message", "task", "status"))
        given = payload["arguments"]
        show |= {"arguments": given if isinstance(given, dict) else {}} if action else {}
        block = Block(f"{self.run}-c{number}", "deed" if action else "call", number, show)
        self._places.append(block)
        self._calls[payload["call"]] = block
        self.spoken.append((number, f"Step: {payload['tool'].replace('_', ' ')}."))
        self._status.change(number, state="computing")

    def _on_tool_result(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self.known[payload["alias"]] = payload["evidence"]
        self._results[payload["alias"]] = payload
        if (block := self._calls.get(payload["call"])) is not None:
            shown = {name: payload.get(name) for name in ("evidence", "alias", "figures", "duration_ms")}
            block.change(number, state="done", **shown)

    def _on_tool_refused(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        if (block := self._calls.get(payload["call"])) is not None:
            block.change(number, state="refused", message=payload.get("message", ""))

    def _on_task_started(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        if (block := self._calls.get(payload["call"])) is not None:
            block.kind = "task"
            block.change(number, state="done", task=payload["task"], made=payload["kind"])

    def _did(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        if (block := self._calls.get(payload["call"])) is not None:
            block.change(number, state="done", task=payload.get("task"), status=payload.get("status"))

    _on_task_followed = _on_task_cancelled = _on_preference_kept = _on_preference_forgotten = _did

    def _on_message(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        message = said.get(payload["message"])
        if message is not None and message.id not in self._said:
            block = Block(message.id, "said", number, {"text": message.text, "at": message.created_at, "waiting": True})
            self._said[message.id] = block
            self._places.append(block)

    def _on_heard(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        # what comes now answers this too, so it stands below it
        self._open = None
        self._heard += len(payload["messages"])
        self.known |= own_records(self.run, self._heard)
        for identity in payload["messages"]:
            if (block := self._said.get(identity)) is not None:
                block.change(number, waiting=False)

    def _on_boundary(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._note(number, "boundary", "The message names another client. This conversation has the data of one client only.")

    def _on_held_back(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self._note(number, "held", "A part of the answer did not hold against the evidence: it is being mended.")

    def _on_finished(self, number: int, payload: dict[str, Any], said: Mapping[str, Message]) -> None:
        self.finished = True
        for block in self._calls.values():
            if block.show["state"] == "running":
                block.change(number, state="stopped")
        used = dict.fromkeys(alias for _, text in self._parts for alias in USED.findall(text))
        drawn = [self._results[alias] for alias in used if self._results.get(alias, {}).get("chart")]
        for result in drawn[:MOST_CHARTS]:
            show = {
                "evidence": result["evidence"],
                "tool": result["tool"],
                "call": self._calls[result["call"]].show["number"],
                "run": self.run,
            }
            self._places.append(Block(f"{self.run}-{result['alias']}", "chart", number, show))
        if payload["status"] != "succeeded":
            early = f"This turn ended early: {payload.get('reason') or 'no reason was given'}."
            self.spoken.append((number, ENDED.get(payload["status"], early)))
        self._status.change(number, state=payload["status"], reason=payload.get("reason"))

    def _note(self, number: int, name: str, text: str) -> None:
        self._open = None
        self._places.append(Block(f"{self.run}-{name}{number}", "note", number, {"text": text}))

    def _write(self, number: int, part: int, text: str) -> None:
        self._void(number, part)
        if self._open is None and text.strip():
            self._open = _Stretch(number)
            self._places.append(self._open)
        self._parts.append((self._open, text))
        if self._open is not None and text.strip():
            self._cut(number, self._open)
            self.spoken.append((number, text))

    def _void(self, number: int, part: int) -> None:
        gone, self._parts = self._parts[part:], self._parts[:part]
        for stretch in dict.fromkeys(stretch for stretch, _ in gone if stretch is not None):
            self._cut(number, stretch)

    def _cut(self, number: int, stretch: _Stretch) -> None:
        """Cut a stretch in pieces again; those that read as before stay as they are."""
        found = pieces("".join(text for of, text in self._parts if of is stretch).lstrip())
        for index in range(max(len(found), len(stretch.blocks))):
            text = found[index] if index < len(found) else ""
            if index == len(stretch.blocks):
                stretch.blocks.append(
                    Block(f"{self.run}-t{stretch.began}-{index}", "text", number, {"text": text, "known": dict(self.known)})
                )
            elif stretch.blocks[index].show["text"] != text:
                stretch.blocks[index].change(number, text=text, known=dict(self.known))
