"""A request of either protocol, read into messages and tools of one shape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llm.wire.script import Protocol, Spoken


class NotUnderstood(ValueError):
    """The request does not follow its protocol; the message names the field."""


def hear(protocol: Protocol, body: Mapping[str, Any], number: int) -> Spoken:
    """What the request says. Raises NotUnderstood.

    Messages: {"role": "system"|"user"|"assistant"|"tool", "text": str, "calls": [{"id", "name", "arguments"}], "call_id": str}.
    """
    if not isinstance(body.get("model"), str):
        raise NotUnderstood("model: a name is required")
    read = {"chat": _chat, "responses": _responses, "messages": _messages}[protocol]
    messages = tuple(read(body))
    if not messages:
        raise NotUnderstood("messages: at least one message is required")
    _every_call_answered(messages)
    return Spoken(protocol, body["model"], bool(body.get("stream")), messages, tuple(_tools(body.get("tools") or ())), body, number)


def _every_call_answered(messages: Sequence[Mapping[str, Any]]) -> None:
    """Both providers refuse a tool result without its call, and a call without its result."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["call_id"] not in open_calls:
                raise NotUnderstood(f"messages: the tool result {message['call_id']!r} answers no call before it")
            open_calls.discard(message["call_id"])
        elif open_calls:
            raise NotUnderstood(f"messages: the calls {sorted(open_calls)} have no result")
        open_calls |= {call["id"] for call in message.get("calls", ())}


def _chat(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for message in body.get("messages") or ():
        role = {"developer": "system"}.get(message["role"], message["role"])
        calls = [
            {"id": call["id"], "name": call["function"]["name"], "arguments": _loaded(call["function"]["arguments"])}
            for call in message.get("tool_calls") or ()
        ]
        yield _message(role, _text(message.get("content")), calls, message.get("tool_call_id"))


def _responses(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if body.get("instructions"):
        yield _message("system", body["instructions"])
    items = body.get("input") or ()
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    pending: dict[str, Any] | None = None
    for item in items:
        kind = item.get("type", "message")
        if kind == "reasoning":
            continue
        if kind == "function_call":
            call = {"id": item["call_id"], "name": item["name"], "arguments": _loaded(item["arguments"])}
            pending = pending or _message("assistant", "")
            pending.setdefault("calls", []).append(call)
            continue
        if kind == "message" and item["role"] == "assistant":
            pending = _message("assistant", _text(item.get("content")))
            continue
        if pending:
            yield pending
            pending = None
        if kind == "function_call_output":
            yield _message("tool", _text(item["output"]), call_id=item["call_id"])
        else:
            yield _message({"developer": "system"}.get(item["role"], item["role"]), _text(item.get("content")))
    if pending:
        yield pending


def _messages(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(body.get("max_tokens"), int):
        raise NotUnderstood("max_tokens: Field required")
    if body.get("system"):
        yield _message("system", _text(body["system"]))
    for message in body.get("messages") or ():
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if message["role"] == "assistant":
            calls = [{"id": b["id"], "name": b["name"], "arguments": b["input"]} for b in blocks if b["type"] == "tool_use"]
            yield _message("assistant", _text(blocks), calls)
            continue
        for block in blocks:
            if block["type"] == "tool_result":
                yield _message("tool", _text(block.get("content")), call_id=block["tool_use_id"])
        if text := _text(blocks):
            yield _message("user", text)


def _message(role: str, text: str, calls: list[dict[str, Any]] | None = None, call_id: str | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": role, "text": text}
    if calls:
        message["calls"] = calls
    if call_id is not None:
        message["call_id"] = call_id
    return message


def _tools(tools: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for tool in tools:
        function = tool.get("function", tool)
        schema = function.get("parameters") or function.get("input_schema") or {}
        yield {"name": function["name"], "description": function.get("description", ""), "parameters": schema}


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(block.get("text", "") for block in content if block.get("type") in ("text", "input_text", "output_text"))


def _loaded(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
