"""One model call: streamed, retried with back-off, counted, and ended with an answer or with an error that says why."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from pydantic import SecretStr

from llm.errors import MalformedAnswer, ModelError, ModelRefused
from llm.faults import read_fault
from llm.prices import price_of
from llm.requests import bound, marked, name_of
from llm.settings import Limits
from llm.usage import Meter, Usage

log = logging.getLogger(__name__)

OnText = Callable[[str, int], Awaitable[None]]
"""Told each piece of text with the number of the attempt: a new number starts the text afresh."""

CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"})
REFUSED = frozenset({"refusal", "content_filter"})


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer, what it used, and what the run has used with it (`total`, as `Meter.as_json`)."""

    message: AIMessage
    usage: Usage
    total: dict[str, Any]
    model_name: str


async def complete(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    tools: Sequence[dict[str, Any]],
    *,
    limits: Limits,
    spent: Mapping[str, Any] | None = None,
    on_text: OnText | None = None,
) -> Completion:
    """Ask the model once. `tools` are OpenAI-style function declarations; `spent` is the run's `total` so far.

    Raises SpendLimit before a call that a limit forbids; ModelOverloaded and ModelUnavailable when every attempt failed;
    ContextTooLong, ModelRefused and MalformedAnswer when another attempt would not help. Never answers with another model.
    """
    meter = Meter.from_json(spent)
    meter.check(limits)
    name, offered, rendered = name_of(model), bound(model, tools), marked(model, messages)
    began, used = time.monotonic(), Usage(model=name, cost_micros=0)
    for attempt in range(1, limits.attempts + 1):
        try:
            async with asyncio.timeout(limits.call_s):
                message = await _answer(offered, rendered, limits, attempt, on_text)
            used = _plus(used, _usage(model, message, name, limits))
            _check(message, name)
        except Exception as error:  # each is read below: retried, or raised as what it is
            fault = read_fault(error, name, _keys(model))
            retry = fault.retry or (isinstance(fault.error, MalformedAnswer) and not isinstance(fault.error, _CutOff))
            if not retry or attempt == limits.attempts:
                raise _ended(fault.error, attempt) from error
            wait = _wait(attempt, fault.wait_s, limits)
            log.warning(
                "model call failed, trying again", extra={"model": name, "attempt": attempt, "wait_s": wait, "reason": str(fault.error)}
            )
            await asyncio.sleep(wait)
        else:
            usage = replace(used, attempts=attempt, latency_ms=round((time.monotonic() - began) * 1000, 1))
            return Completion(message, usage, meter.add(usage).as_json(), name)
    raise AssertionError("the last attempt returns or raises")


class _CutOff(MalformedAnswer):
    """An answer that ended at the token limit: the same call would end there again."""


async def _answer(offered: Any, messages: list[BaseMessage], limits: Limits, attempt: int, on_text: OnText | None) -> AIMessage:
    if not limits.stream:
        return await offered.ainvoke(messages)
    chunks: list[AIMessageChunk] = []
    async for chunk in _unstalled(offered.astream(messages), limits.stall_s):
        chunks.append(chunk)
        if on_text is not None and chunk.text:
            await on_text(chunk.text, attempt)
    # Added up at once: chunk by chunk, core reads all tool arguments so far again each time.
    return _strict(add_ai_message_chunks(*chunks)) if chunks else AIMessage("")


async def _unstalled(stream: AsyncIterator[AIMessageChunk], stall_s: float) -> AsyncIterator[AIMessageChunk]:
    """The stream, ended by TimeoutError when it falls silent."""
    iterator = stream.__aiter__()
    while True:
        try:
            async with asyncio.timeout(stall_s):
                chunk = await anext(iterator)
        except StopAsyncIteration:
            return
        yield chunk


def _strict(whole: AIMessageChunk) -> AIMessage:
    """The message of a stream, with tool arguments taken only when they are whole JSON objects: core completes half ones silently."""
    message = message_chunk_to_message(whole)
    assert isinstance(message, AIMessage)
    good, broken = [], []
    for call in whole.tool_call_chunks:
        text = call["args"] or ""
        try:
            arguments = json.loads(text) if text.strip() else {}
            if not isinstance(arguments, dict):
                raise ValueError("the arguments are no JSON object")
        except ValueError as error:
            broken.append({"name": call["name"], "args": text, "id": call["id"], "error": str(error), "type": "invalid_tool_call"})
        else:
            good.append({"name": call["name"] or "", "args": arguments, "id": call["id"], "type": "tool_call"})
    return message.model_copy(update={"tool_calls": good, "invalid_tool_calls": broken}) if whole.tool_call_chunks else message


def _check(message: AIMessage, name: str) -> None:
    metadata = message.response_metadata
    incomplete = metadata.get("incomplete_details") or {}
    ends = {metadata.get("finish_reason"), metadata.get("stop_reason"), incomplete.get("reason") if isinstance(incomplete, dict) else None}
    refusal = message.additional_kwargs.get("refusal") or _refusal_block(message)
    if refusal or ends & REFUSED:
        raise ModelRefused(f"{name} declined to answer" + (f": {refusal or message.text}" if refusal or message.text else ""))
    calls = message.tool_calls or message.invalid_tool_calls
    if ends & CUT_OFF and (calls or not message.text):
        raise _CutOff(f"the answer of {name} was cut off at its longest length (GROUNDWORK_MODEL_MAX_OUTPUT_TOKENS)")
    if not calls and not message.text.strip():
        raise MalformedAnswer(f"{name} gave an empty answer")


def _refusal_block(message: AIMessage) -> str | None:
    """The refusal among the blocks of a message of the responses protocol."""
    blocks = message.content if isinstance(message.content, list) else ()
    return next((block.get("refusal") for block in blocks if isinstance(block, dict) and block.get("type") == "refusal"), None)


def _usage(model: BaseChatModel, message: AIMessage, name: str, limits: Limits) -> Usage:
    counted: Any = message.usage_metadata or {}
    details = counted.get("input_token_details") or {}
    written = sum(v for k, v in details.items() if isinstance(v, int) and (k == "cache_creation" or k.startswith("ephemeral_")))
    tokens = (counted.get("input_tokens", 0), counted.get("output_tokens", 0), details.get("cache_read") or 0, written)
    if model._llm_type == "offline-rules":
        return Usage(model=name, cost_micros=0)
    price = price_of(name, limits.prices)
    # An answer without a count of tokens has no known cost either.
    return Usage(*tokens, cost_micros=price.cost(*tokens) if price and counted else None, model=name)


def _plus(a: Usage, b: Usage) -> Usage:
    """Both together: an attempt that gave nothing usable is paid for too."""
    cost = None if a.cost_micros is None or b.cost_micros is None else a.cost_micros + b.cost_micros
    return replace(
        a,
        input_tokens=a.input_tokens + b.input_tokens,
        output_tokens=a.output_tokens + b.output_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        cache_written_tokens=a.cache_written_tokens + b.cache_written_tokens,
        cost_micros=cost,
    )


def _keys(model: BaseChatModel) -> list[str]:
    """The secrets that the model's client holds."""
    return [value.get_secret_value() for value in vars(model).values() if isinstance(value, SecretStr) and value]


def _wait(attempt: int, asked_s: float | None, limits: Limits) -> float:
    """Seconds before the next attempt: what the provider asks for, else doubling with jitter; never over the longest wait."""
    if asked_s is not None:
        return min(asked_s, limits.longest_wait_s)
    doubled = limits.backoff_s * 2 ** (attempt - 1)
    return min(doubled * random.uniform(0.5, 1.0), limits.longest_wait_s)  # noqa: S311  jitter, no secret


def _ended(error: ModelError, attempts: int) -> ModelError:
    """The error with the number of attempts in its message, when there were several."""
    return type(error)(f"{error} (after {attempts} attempts)") if attempts > 1 else error
