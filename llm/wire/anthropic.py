"""Anthropic messages: an answer as one body, or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llm.wire.pieces import cut, raw
from llm.wire.script import Reply, Spoken


def body(spoken: Spoken, reply: Reply) -> dict[str, Any]:
    """The whole answer."""
    return _message(spoken) | {"content": list(_blocks(spoken, reply)), "stop_reason": _stop(reply), "usage": _usage(spoken, reply)}


def events(spoken: Spoken, reply: Reply) -> Iterator[str]:
    """The answer in pieces."""
    begun = _usage(spoken, reply) | {"output_tokens": 1}
    yield _event("message_start", {"message": _message(spoken) | {"content": [], "stop_reason": None, "usage": begun}})
    yield _event("ping", {})
    for index, block in enumerate(_blocks(spoken, reply)):
        if block["type"] == "text":
            yield _event("content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}})
            deltas = [{"type": "text_delta", "text": piece} for piece in cut(block["text"])]
        else:
            yield _event(
                "content_block_start", {"index": index, "content_block": {k: block[k] for k in ("type", "id", "name")} | {"input": {}}}
            )
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in cut(block["raw"])]
        yield from (_event("content_block_delta", {"index": index, "delta": delta}) for delta in deltas)
        yield _event("content_block_stop", {"index": index})
    ended = {"stop_reason": _stop(reply), "stop_sequence": None}
    yield _event("message_delta", {"delta": ended, "usage": _usage(spoken, reply)})
    yield _event("message_stop", {})


def error(kind: str, message: str) -> dict[str, Any]:
    """An error's body, and what a stream sends when it fails."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def failure(kind: str, message: str) -> str:
    """A failure in the middle of a stream."""
    return f"event: error\ndata: {json.dumps(error(kind, message))}\n\n"


def _message(spoken: Spoken) -> dict[str, Any]:
    return {"id": f"msg_{spoken.number}", "type": "message", "role": "assistant", "model": spoken.model, "stop_sequence": None}


def _blocks(spoken: Spoken, reply: Reply) -> Iterator[dict[str, Any]]:
    if reply.text and reply.stop != "refusal":
        yield {"type": "text", "text": reply.text}
    for index, call in enumerate(reply.calls):
        text = raw(call.arguments)
        block = {"type": "tool_use", "id": f"toolu_{spoken.number}_{index}", "name": call.name, "input": _object(call.arguments)}
        yield block | ({"raw": text} if spoken.stream else {})


def _object(arguments: Any) -> Any:
    """A whole body can hold only JSON here: a malformed text goes out as a JSON string."""
    if not isinstance(arguments, str):
        return dict(arguments)
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _stop(reply: Reply) -> str:
    if reply.stop == "done":
        return "tool_use" if reply.calls else "end_turn"
    return {"length": "max_tokens", "refusal": "refusal"}[reply.stop]


def _usage(spoken: Spoken, reply: Reply) -> dict[str, int]:
    """Rough counts: a token is four characters. Cached and written tokens are not in `input_tokens` here."""
    out = (len(reply.text) + sum(len(raw(call.arguments)) for call in reply.calls)) // 4 + 1
    return {
        "input_tokens": max(spoken.words - reply.cached_tokens - reply.written_tokens, 0),
        "output_tokens": out,
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation_input_tokens": reply.written_tokens,
    }


def _event(kind: str, content: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **content}, ensure_ascii=False)}\n\n"
