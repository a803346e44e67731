"""OpenAI chat completions: an answer as one body, or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llm.wire.pieces import cut, raw
from llm.wire.script import Reply, Spoken

CREATED = 1_790_000_000


def body(spoken: Spoken, reply: Reply) -> dict[str, Any]:
    """The whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.stop == "refusal":
        message |= {"content": None, "refusal": reply.text or "I cannot help with that."}
    if reply.calls:
        message["tool_calls"] = _calls(spoken, reply)
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    return _head(spoken, "chat.completion") | {"choices": [choice], "usage": usage(spoken, reply)}


def events(spoken: Spoken, reply: Reply) -> Iterator[str]:
    """The answer in pieces."""
    yield _event(spoken, {"role": "assistant", "content": ""})
    if reply.stop == "refusal":
        yield _event(spoken, {"refusal": reply.text or "I cannot help with that."})
    else:
        yield from (_event(spoken, {"content": piece}) for piece in cut(reply.text))
    for index, call in enumerate(_calls(spoken, reply)):
        named = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield _event(spoken, {"tool_calls": [named]})
        for piece in cut(call["function"]["arguments"]):
            yield _event(spoken, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield _event(spoken, {}, _finish(reply))
    yield _data(_head(spoken, "chat.completion.chunk") | {"choices": [], "usage": usage(spoken, reply)})
    yield "data: [DONE]\n\n"


def error(kind: str, message: str) -> dict[str, Any]:
    """An error's body, and what a stream sends when it fails."""
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def failure(kind: str, message: str) -> str:
    """A failure in the middle of a stream."""
    return _data(error(kind, message))


def usage(spoken: Spoken, reply: Reply) -> dict[str, Any]:
    """Rough counts: a token is four characters."""
    out = (len(reply.text) + sum(len(raw(call.arguments)) for call in reply.calls)) // 4 + 1
    details = {"cached_tokens": reply.cached_tokens}
    return {"prompt_tokens": spoken.words, "completion_tokens": out, "total_tokens": spoken.words + out, "prompt_tokens_details": details}


def _head(spoken: Spoken, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{spoken.number}", "object": kind, "created": CREATED, "model": spoken.model}


def _calls(spoken: Spoken, reply: Reply) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{spoken.number}_{index}", "type": "function", "function": {"name": call.name, "arguments": raw(call.arguments)}}
        for index, call in enumerate(reply.calls)
    ]


def _finish(reply: Reply) -> str:
    return "length" if reply.stop == "length" else "tool_calls" if reply.calls else "stop"


def _event(spoken: Spoken, delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _data(_head(spoken, "chat.completion.chunk") | {"choices": [choice]})


def _data(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"
