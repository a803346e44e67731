"""What is asked of a provider, once for each protocol: conversations that are played the same when recorded and when replayed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, ConfigDict

from llm.complete import Completion, complete
from llm.errors import ModelError
from llm.models import chat_model
from llm.settings import ModelSettings
from llm.wire.script import Fault, Reply, Scripted, ToolUse

KEY = "sk-test-secret"
NO_SUCH_MODEL = "no-such-model"

ADD: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add_up",
        "description": "Add two amounts, in whole rand.",
        "parameters": {
            "type": "object",
            "properties": {"first": {"type": "integer"}, "second": {"type": "integer"}},
            "required": ["first", "second"],
            "additionalProperties": False,
        },
    },
}
ASKED: tuple[BaseMessage, ...] = (
    SystemMessage("You add up with the tool add_up. When it has answered, say its sum in one short sentence."),
    HumanMessage("Add R9 000 and R6 000, please. Größe: µ"),
)
SUM = '{"status": "ok", "sum": 15000}'


class Pick(BaseModel):
    """A channel and the reason for it."""

    model_config = ConfigDict(extra="forbid")

    channel: str
    reason: str


PICK: dict[str, Any] = {
    "type": "function",
    "function": {"name": "give_pick", "description": "Give the answer with this.", "parameters": Pick.model_json_schema()},
}
PICKED = {"channel": "email", "reason": "it is cheap to try"}


@dataclass
class Outcome:
    """What our code made of a conversation: its completions in order, the text as it was told, and how it ended."""

    completions: list[Completion] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    structured: Any = None
    error: ModelError | None = None


async def ask(settings: ModelSettings, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], outcome: Outcome) -> Completion:
    """One model call as a run makes it."""

    async def on_text(piece: str, attempt: int) -> None:
        outcome.told.append(piece)

    spent = outcome.completions[-1].total if outcome.completions else None
    completion = await complete(chat_model("standard", settings), messages, tools, limits=settings.limits, spent=spent, on_text=on_text)
    outcome.completions.append(completion)
    return completion


async def answer(settings: ModelSettings, outcome: Outcome) -> None:
    """One whole answer, not streamed."""
    whole = settings.model_copy(update={"model_stream": False})
    await ask(whole, [HumanMessage("Say in one short sentence what a landing page is.")], (), outcome)


async def tool_loop(settings: ModelSettings, outcome: Outcome) -> None:
    """A call of a tool, its result, and the answer: two calls of one run."""
    called = await ask(settings, ASKED, [ADD], outcome)
    results = [ToolMessage(SUM, tool_call_id=str(call["id"]), name="add_up") for call in called.message.tool_calls]
    await ask(settings, [*ASKED, called.message, *results], [ADD], outcome)


async def structured(settings: ModelSettings, outcome: Outcome) -> None:
    """An answer of a type: by the answer tool, as deliverables are given, and by the provider's own structured output."""
    asked = [HumanMessage("Pick one channel, email or radio, for a first test. Answer with give_pick.")]
    await ask(settings, asked, [PICK], outcome)
    with warnings.catch_warnings():
        # Anthropic's is a forced tool call, which langchain-anthropic tells each time.
        warnings.simplefilter("ignore", UserWarning)
        outcome.structured = await chat_model("standard", settings).with_structured_output(Pick).ainvoke(asked)


async def stream(settings: ModelSettings, outcome: Outcome) -> None:
    """A streamed text and two tool calls in one answer."""
    asked = [SystemMessage("First say in one sentence what you will do. Then make both calls in the same answer."), ASKED[1]]
    asked.append(HumanMessage("And in a second call, add R1 and R2."))
    await ask(settings, asked, [ADD], outcome)


async def declined(settings: ModelSettings, outcome: Outcome) -> None:
    """A provider that will not answer."""
    await ask(settings, [HumanMessage("Something that a provider declines.")], (), outcome)


async def failing(settings: ModelSettings, outcome: Outcome) -> None:
    """A model that the provider does not know."""
    provider = settings.model.split(":", 1)[0]
    await ask(settings.model_copy(update={"model": f"{provider}:{NO_SUCH_MODEL}"}), ASKED, [ADD], outcome)


async def overloaded(settings: ModelSettings, outcome: Outcome) -> None:
    """A provider without room for the first try."""
    await ask(settings, ASKED, [ADD], outcome)


Play = Callable[[ModelSettings, Outcome], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """A conversation and the wire server's part in it. `fails`: it ends in an error. `on_purpose`: a provider can be made to do this."""

    play: Play
    script: Callable[[str], tuple[Scripted, ...]]
    fails: bool = False
    on_purpose: bool = True


def _adding(text: str = "", **counted: int) -> Reply:
    return Reply(text, (ToolUse("add_up", {"first": 9000, "second": 6000}),), **counted)


def _streamed(protocol: str) -> tuple[Scripted, ...]:
    both = _adding("I add both pairs: Größe µ.", cached_tokens=7)
    return (replace(both, calls=(*both.calls, ToolUse("add_up", {"first": 1, "second": 2}))),)


def _structured(protocol: str) -> tuple[Scripted, ...]:
    own = Reply("", (ToolUse("Pick", PICKED),)) if protocol == "messages" else Reply(json.dumps(PICKED))
    return Reply("", (ToolUse("give_pick", PICKED),)), own


CASES: dict[str, Case] = {
    "answer": Case(answer, lambda protocol: (Reply("It is the page that an advertisement leads to."),)),
    "tool_loop": Case(tool_loop, lambda protocol: (_adding(written_tokens=40), Reply("The sum is R15 000.", cached_tokens=40))),
    "structured": Case(structured, _structured),
    "stream": Case(stream, _streamed),
    "refusal": Case(declined, lambda protocol: (Reply("I will not.", stop="refusal"),), fails=True, on_purpose=False),
    "error": Case(failing, lambda protocol: (Fault("status", 404, message=f"there is no model {NO_SUCH_MODEL}"),), fails=True),
    "overload": Case(overloaded, lambda protocol: (Fault("status", 429, retry_after="0"), _adding()), on_purpose=False),
}


def settings_of(protocol: str, model: str, **changes: Any) -> ModelSettings:
    """Settings that speak a protocol to a model. A replay needs neither address nor key, and waits for nothing."""
    fixed: dict[str, Any] = {
        "model": f"{'anthropic' if protocol == 'messages' else 'openai'}:{model}",
        "openai_api": "responses" if protocol == "responses" else "chat",
        "openai_base_url": "https://api.openai.com/v1",
        "anthropic_base_url": "https://api.anthropic.com",
        "openai_api_key": KEY,
        "anthropic_api_key": KEY,
        "model_max_output_tokens": 1024,
        "model_attempts": 3,
        "model_backoff_s": 0.01,
    }
    return ModelSettings(_env_file=None, **(fixed | changes))


def unmarked(content: Any) -> Any:
    """The content of a message to Anthropic without its cache marks. A text and one block of text are the same to the provider."""
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    plain = [{key: value for key, value in block.items() if key != "cache_control"} for block in blocks]
    return [{**block, "content": unmarked(block["content"])} if block["type"] == "tool_result" else block for block in plain]


async def play(name: str, settings: ModelSettings) -> Outcome:
    """The conversation, with the error it ended in, if a model's."""
    outcome = Outcome()
    try:
        await CASES[name].play(settings, outcome)
    except ModelError as error:
        outcome.error = error
    return outcome
