"""What the wire server answers with: replies and faults, in the order of a script, or the offline rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Protocol = Literal["chat", "responses", "messages"]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call. `arguments` as a text goes out as it is, however malformed."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `stop`: how it ends; a refusal has no text and no calls. Tokens written to a cache: only Anthropic counts them."""

    text: str = ""
    calls: tuple[ToolUse, ...] = ()
    stop: Literal["done", "length", "refusal"] = "done"
    cached_tokens: int = 0
    written_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure: with a status before the answer, or in the middle of a stream that began with 200.

    `pause` is silence of `seconds` before the rest; `cut` closes the connection in the middle.
    """

    kind: Literal["status", "overloaded_in_stream", "cut", "pause"]
    status: int = 500
    retry_after: str | None = None
    type: str | None = None
    message: str = "asked for by the script"
    seconds: float = 0.0


Scripted = Reply | Fault


@dataclass(frozen=True, slots=True)
class Spoken:
    """One request, read into what every protocol has in common: what a model sees."""

    protocol: Protocol
    model: str
    stream: bool
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any]
    number: int = 0

    @property
    def words(self) -> int:
        """A rough count of tokens in, for the usage that the server reports."""
        return len(str(self.messages)) // 4
