"""What the rules see: the messages and tools of one call, read into parts. Nothing else reaches them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

HEADINGS = ("Brief", "What the brief states", "Client", "Tables", "Context", "Preferences", "Earlier promises", "Today")
STEP = re.compile(r"^\d+\. `(?P<tool>\w+)` — (?P<condition>.+)$", re.MULTILINE)
GIVE = re.compile(r"^Then call `(\w+)`", re.MULTILINE)
STATED = re.compile(r"^- `(?P<slot>\{\{(?P<key>[\w.]+)\}\})` (?P<shows>.*?) \((?P<what>[^()]*(?:\([^()]*\)[^()]*)*)\)$", re.MULTILINE)
NAMED = re.compile(r"^- (?P<name>[a-z ]+): (?P<value>.+)$", re.MULTILINE)
TABLE = re.compile(
    r"^- (?P<name>\w+): (?P<rows>[\d\s\u00a0\u202f,.]+) rows?(?:, (?P<first>\d{4}-\d\d-\d\d) to (?P<last>\d{4}-\d\d-\d\d))?", re.MULTILINE
)
PASSAGE = re.compile(r"^- \[\[(?P<id>C\d+)\]\] (?P<title>.+?) \((?P<dated>\d{4}-\d\d-\d\d|undated)\): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Slot:
    """A figure that may be written: its slot, what it shows and what it is of."""

    slot: str
    shows: str
    what: str
    metric: str = ""
    of: str | None = None
    period: str | None = None
    per: str | None = None
    basis: str = "stated"
    interval: str | None = None
    n: int | None = None
    source: str | None = None

    @property
    def path(self) -> str:
        """The slot without its braces: E3.meta.cpa."""
        return self.slot.strip("{}")

    @property
    def key(self) -> str:
        """The figure's key in its result: meta.cpa."""
        return self.path.partition(".")[2]

    def formatted(self, form: str) -> str:
        """The slot with a format: {{E3.lift|signed}}."""
        return f"{{{{{self.path}|{form}}}}}"

    @property
    def range(self) -> str:
        """Both ends of the interval where there is one, else the value."""
        return self.formatted("range") if self.interval else self.slot

    def end(self, which: str) -> str:
        """One end of the interval, `low` or `high`."""
        return f"{{{{{self.path}.{which}}}}}"


@dataclass(frozen=True, slots=True)
class Caveat:
    """A limit that a tool told."""

    code: str
    slot: str
    text: str
    must_appear: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool gave, or why it refused."""

    tool: str
    arguments: Mapping[str, Any]
    alias: str | None = None
    findings: tuple[str, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    action: str | None = None
    reason: str | None = None
    figures: tuple[Slot, ...] = ()
    results: tuple[str, ...] = ()
    refusal: Mapping[str, str | None] | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self.refusal is None

    def of(self, entity: str | None) -> list[Slot]:
        """The figures of one channel, segment or arm."""
        return [figure for figure in self.figures if figure.of == entity]

    def get(self, key: str) -> Slot | None:
        """The figure with this key, if there is one."""
        return next((figure for figure in self.figures if figure.key == key), None)

    def one(self, metric: str, of: str | None = None, *, anyone: bool = False) -> Slot | None:
        """The first figure of a metric, of an entity (or of anyone)."""
        return next((f for f in self.figures if f.metric == metric and (anyone or f.of == of)), None)

    def result(self, name: str) -> str | None:
        """The slot of a result that later tools can take."""
        return next((slot for slot in self.results if slot.strip("{}").partition(".")[2] == name), None)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the client's documents."""

    id: str
    title: str
    dated: str
    text: str

    @property
    def cite(self) -> str:
        """How a text cites it."""
        return f"[[{self.id}]]"


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool or answer format as it was bound."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Desk:
    """All that lies on the table of the rules in one call."""

    system: str
    request: str
    offered: tuple[Offered, ...]
    answers: tuple[Answer, ...]
    drafts: tuple[Mapping[str, Any], ...] = ()
    repair: str | None = None
    sections: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """The playbook: tool and condition, in order."""
        return tuple((match["tool"], match["condition"]) for match in STEP.finditer(self.system))

    @cached_property
    def answer_tool(self) -> str | None:
        """The format that the answer is to be given in, when the prompt names one that is offered."""
        named = GIVE.search(self.system)
        return named[1] if named and self.tool(named[1]) else None

    @cached_property
    def brief(self) -> str:
        """The brief in the client's words."""
        return self.sections.get("Brief", "").strip()

    @cached_property
    def stated(self) -> tuple[Slot, ...]:
        """Figures of the brief and of the client's profile."""
        both = self.sections.get("What the brief states", "") + "\n" + self.sections.get("Client", "")
        return tuple(_stated(match) for match in STATED.finditer(both))

    @cached_property
    def named(self) -> dict[str, str]:
        """What the brief and the profile say without a number: goal, channels, period, name, currency …"""
        found: dict[str, str] = {}
        for section in ("What the brief states", "Client"):
            for match in NAMED.finditer(self.sections.get(section, "")):
                for part in f"{match['name']}: {match['value']}".split("; ") if match["name"] == "currency" else [match[0][2:]]:
                    name, _, value = part.partition(": ")
                    found.setdefault(name, value)
        return found

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """Channels that the brief names."""
        return tuple(part.strip() for part in self.named.get("channels", "").split(",") if part.strip())

    @cached_property
    def tables(self) -> dict[str, dict[str, str | None]]:
        """Tables with rows: name to rows, first and last day."""
        return {match["name"]: match.groupdict() for match in TABLE.finditer(self.sections.get("Tables", ""))}

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """The client's passages, in order."""
        text = self.sections.get("Context", "")
        found = list(PASSAGE.finditer(text))
        ends = [match.start() for match in found[1:]] + [len(text)]
        return tuple(
            Passage(match["id"], match["title"], match["dated"], text[match.end() : end].strip())
            # without a passage `ends` still holds the end of the text
            for match, end in zip(found, ends, strict=False)
        )

    @cached_property
    def promises(self) -> str | None:
        """The slot of all earlier promises, when there are any."""
        found = re.search(r"`(\{\{\w+\.promises\}\})`", self.sections.get("Earlier promises", ""))
        return found[1] if found else None

    def tool(self, name: str) -> Offered | None:
        """The offered tool of this name."""
        return next((tool for tool in self.offered if tool.name == name), None)

    def last(self, tool: str) -> Answer | None:
        """The last answer of a tool, refusals included."""
        return next((answer for answer in reversed(self.answers) if answer.tool == tool), None)

    def good(self, tool: str) -> Answer | None:
        """The last result of a tool."""
        return next((answer for answer in reversed(self.answers) if answer.tool == tool and answer.ok), None)

    def every(self, tool: str) -> list[Answer]:
        """All results of a tool."""
        return [answer for answer in self.answers if answer.tool == tool and answer.ok]

    def tries(self, tool: str) -> int:
        """How often a tool was called."""
        return sum(answer.tool == tool for answer in self.answers)

    def stated_as(self, *keys: str) -> Slot | None:
        """The stated figure with one of these keys (B.budget, F.vat_rate), the first that is there."""
        return next((slot for key in keys for slot in self.stated if slot.path == key), None)


def read(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Desk:
    """The desk of one call."""
    system = "\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    request = next((message.text for message in messages if isinstance(message, HumanMessage)), "")
    offered = tuple(_offered(tool) for tool in tools)
    given = {tool.name for tool in offered}
    calls = {call["id"]: call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    answers, drafts, repair = [], [], None
    for message in messages:
        if isinstance(message, AIMessage):
            drafts += [call["args"] for call in message.tool_calls if call["name"].startswith("deliver_")]
        if not isinstance(message, ToolMessage):
            continue
        call = calls.get(message.tool_call_id)
        name = call["name"] if call else message.name or ""
        if name.startswith("deliver_"):
            repair = message.text if message is messages[-1] or _only_tools_after(messages, message) else None
        elif name in given:
            answers.append(read_answer(name, call["args"] if call else {}, message.text))
    return Desk(system, request, offered, tuple(answers), tuple(drafts), repair, dict(sections_of(request)))


def _only_tools_after(messages: Sequence[BaseMessage], message: BaseMessage) -> bool:
    return all(isinstance(after, ToolMessage) for after in messages[list(messages).index(message) :])


def sections_of(text: str, headings: Sequence[str] = HEADINGS) -> Iterator[tuple[str, str]]:
    """The request by its headings, in their order: a heading inside a brief comes too early or too late to count."""
    places = []
    start = 0
    for heading in headings:
        match = re.compile(rf"^# {heading}\n", re.MULTILINE).search(text, start)
        if match:
            places.append((heading, match.start(), match.end()))
            start = match.end()
    ends = [start for _, start, _ in places[1:]] + [len(text)]
    for (heading, _, begin), end in zip(places, ends, strict=False):
        yield heading, text[begin:end]


def _stated(match: re.Match[str]) -> Slot:
    what, _, said = match["what"].partition("; ")
    what, _, per = what.partition(", per ")
    return Slot(match["slot"], match["shows"], what, metric=match["key"].split(".")[-1], per=per or None, source=said.strip('"') or None)


def _offered(tool: Mapping[str, Any]) -> Offered:
    function = tool.get("function", tool)
    schema = function.get("parameters") or function.get("input_schema") or {}
    return Offered(function["name"], function.get("description", ""), schema)


def read_answer(name: str, arguments: Mapping[str, Any], text: str) -> Answer:
    """What a tool message says."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Answer(name, arguments, refusal={"kind": "unreadable", "message": text[:300]})
    if body.get("status") != "ok":
        return Answer(name, arguments, refusal={key: body.get(key) for key in ("kind", "message", "field", "needed", "found")})
    decision = body.get("decision") or {}
    return Answer(
        tool=name,
        arguments=arguments,
        alias=body.get("evidence"),
        findings=tuple(body.get("findings", ())),
        caveats=tuple(Caveat(c["code"], c["slot"], c["text"], bool(c.get("must_appear"))) for c in body.get("caveats", ())),
        action=decision.get("action"),
        reason=decision.get("reason"),
        figures=tuple(_figure(figure) for figure in body.get("figures", ())),
        results=tuple(body.get("results", ())),
    )


def _figure(figure: Mapping[str, Any]) -> Slot:
    names = ("slot", "shows", "what", "metric", "of", "period", "per", "basis", "interval", "n", "source")
    return Slot(**{name: figure[name] for name in names if name in figure})
