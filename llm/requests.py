"""What goes out with a call: the same messages and tools for every provider, and Anthropic's cache marks beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage

CACHE = {"type": "ephemeral"}


def readable(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages with unreadable tool calls as calls that say so.

    A tool message answers every call, and Anthropic refuses an answer to a call that it does not see.
    """
    return [_with_every_call(m) if isinstance(m, AIMessage) and m.invalid_tool_calls else m for m in messages]


def _with_every_call(message: AIMessage) -> AIMessage:
    broken = [
        {"name": call["name"] or "unknown", "args": {"unreadable_arguments": call["args"] or ""}, "id": call["id"], "type": "tool_call"}
        for call in message.invalid_tool_calls
    ]
    extra = {key: value for key, value in message.additional_kwargs.items() if key != "tool_calls"}
    content = message.content
    if isinstance(content, list):
        content = [block for block in content if not (isinstance(block, dict) and block.get("type") in ("tool_use", "input_json_delta"))]
    return AIMessage(content=content, tool_calls=[*message.tool_calls, *broken], additional_kwargs=extra, id=message.id)


def bound(model: BaseChatModel, tools: Sequence[dict[str, Any]]) -> Any:
    """The model with the tools offered; for Anthropic the last tool ends the part that is cached."""
    if not tools:
        return model
    offered: Any = model.bind_tools(list(tools))
    if is_anthropic(model):
        rendered = offered.kwargs["tools"]
        offered.kwargs["tools"] = [*rendered[:-1], {**rendered[-1], "cache_control": CACHE}]
    return offered


def marked(model: BaseChatModel, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages as this provider takes them: for Anthropic the system prompt and the last message are marked to be cached."""
    messages = readable(messages)
    if not is_anthropic(model):
        return messages
    out = [
        SystemMessage([{"type": "text", "text": m.text, "cache_control": CACHE}]) if isinstance(m, SystemMessage) else m for m in messages
    ]
    last = out[-1] if out else None
    if last is not None and not isinstance(last, (SystemMessage, AIMessage)) and isinstance(last.content, str) and last.content:
        out[-1] = last.model_copy(update={"content": [{"type": "text", "text": last.content, "cache_control": CACHE}]})
    return out


def is_anthropic(model: BaseChatModel) -> bool:
    """Whether the model speaks Anthropic's protocol."""
    return model._llm_type == "anthropic-chat"


def name_of(model: BaseChatModel) -> str:
    """The model's name as its provider knows it."""
    return getattr(model, "model_name", None) or getattr(model, "model", None) or model._llm_type
