"""OpenAI responses: an answer as one body, or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from llm.wire.chat import CREATED, usage
from llm.wire.chat import error as error
from llm.wire.pieces import cut, raw
from llm.wire.script import Reply, Spoken


def body(spoken: Spoken, reply: Reply) -> dict[str, Any]:
    """The whole answer."""
    counted = usage(spoken, reply)
    tokens = {
        "input_tokens": counted["prompt_tokens"],
        "output_tokens": counted["completion_tokens"],
        "total_tokens": counted["total_tokens"],
        "input_tokens_details": counted["prompt_tokens_details"],
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    cut_off = reply.stop == "length"
    return _head(spoken) | {
        "status": "incomplete" if cut_off else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut_off else None,
        "output": list(_output(spoken, reply)),
        "usage": tokens,
    }


def events(spoken: Spoken, reply: Reply) -> Iterator[str]:
    """The answer in pieces."""
    number = count()

    def event(kind: str, **content: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': next(number), **content}, ensure_ascii=False)}\n\n"

    yield event("response.created", response=_head(spoken) | {"status": "in_progress", "output": [], "usage": None})
    for index, item in enumerate(_output(spoken, reply)):
        yield from _item(event, index, item)
    whole = body(spoken, reply)
    yield event(f"response.{whole['status']}", response=whole)


def failure(kind: str, message: str) -> str:
    """A failure in the middle of a stream."""
    content = {"type": "error", "sequence_number": 999, "code": kind, "message": message, "param": None}
    return f"event: error\ndata: {json.dumps(content)}\n\n"


def _item(event: Any, index: int, item: dict[str, Any]) -> Iterator[str]:
    if item["type"] == "function_call":
        where = {"item_id": item["id"], "output_index": index}
        yield event("response.output_item.added", output_index=index, item=item | {"arguments": "", "status": "in_progress"})
        for piece in cut(item["arguments"]):
            yield event("response.function_call_arguments.delta", delta=piece, **where)
        yield event("response.function_call_arguments.done", name=item["name"], arguments=item["arguments"], **where)
        yield event("response.output_item.done", output_index=index, item=item)
        return
    part = item["content"][0]
    kind = "refusal" if part["type"] == "refusal" else "output_text"
    field = "refusal" if kind == "refusal" else "text"
    where = {"item_id": item["id"], "output_index": index, "content_index": 0}
    yield event("response.output_item.added", output_index=index, item=item | {"content": [], "status": "in_progress"})
    yield event("response.content_part.added", part=part | {field: ""}, **where)
    for piece in cut(part[field]):
        yield event(f"response.{kind}.delta", delta=piece, **where, **({"logprobs": []} if field == "text" else {}))
    yield event(f"response.{kind}.done", **{field: part[field]}, **where, **({"logprobs": []} if field == "text" else {}))
    yield event("response.content_part.done", part=part, **where)
    yield event("response.output_item.done", output_index=index, item=item)


def _head(spoken: Spoken) -> dict[str, Any]:
    fixed = {"object": "response", "created_at": CREATED, "error": None, "incomplete_details": None, "instructions": None, "metadata": {}}
    knobs = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": spoken.body.get("tools") or [], "temperature": 1.0, "top_p": 1.0}
    return {"id": f"resp_{spoken.number}", "model": spoken.model, **fixed, **knobs}


def _output(spoken: Spoken, reply: Reply) -> Iterator[dict[str, Any]]:
    message = {"type": "message", "id": f"msg_{spoken.number}", "role": "assistant", "status": "completed"}
    if reply.stop == "refusal":
        yield message | {"content": [{"type": "refusal", "refusal": reply.text or "I cannot help with that."}]}
    elif reply.text:
        yield message | {"content": [{"type": "output_text", "text": reply.text, "annotations": []}]}
    for index, call in enumerate(reply.calls):
        identity = {"id": f"fc_{spoken.number}_{index}", "call_id": f"call_{spoken.number}_{index}", "status": "completed"}
        yield {"type": "function_call", "name": call.name, "arguments": raw(call.arguments), **identity}
