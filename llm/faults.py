"""What a provider's failure means for us: try again and when, or stop with a reason. Two SDKs and two HTTP libraries raise differently."""

from __future__ import annotations

import asyncio
import email.utils
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from llm.errors import ContextTooLong, MalformedAnswer, ModelError, ModelOverloaded, ModelUnavailable

OVERLOADED = frozenset({"overloaded_error", "rate_limit_error", "rate_limit_exceeded", "server_overloaded"})
TRANSIENT = frozenset({"api_error", "server_error", "internal_server_error", "timeout_error"})
OUT_OF_CREDIT = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached", "credit_balance_too_low"})
TOO_LONG = ("context_length_exceeded", "prompt is too long", "maximum context length", "exceeds the context window", "exceed context limit")
STATUS_RETRIED = frozenset({408, 409, 425, 429})
NETWORK = frozenset({"RemoteProtocolError", "ReadError", "ConnectError", "ReadTimeout", "ConnectTimeout", "WriteError", "PoolTimeout",
                     "APIConnectionError", "APITimeoutError", "IncompleteRead", "LocalProtocolError", "ProtocolError"})  # fmt: skip
LONGEST_DETAIL = 300
NAMED = re.compile(r"(\w+): ")
"""How langchain-openai tells a failure inside a stream of the responses protocol: a ValueError with the provider's name for it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as we read it: the error it ends in, whether another try may help, and how long the provider asks to wait (seconds)."""

    error: ModelError
    retry: bool
    wait_s: float | None = None


def read_fault(error: Exception, model: str, keys: Sequence[str] = ()) -> Fault:
    """What a provider's exception means. An exception that is no provider's is raised again.

    Some providers name the key that they refuse; `keys` are left out of what we repeat, since callers see it.
    """
    if isinstance(error, ModelError):
        return Fault(error, retry=False)
    if isinstance(error, ValidationError) and error.title.startswith("AIMessage"):
        return Fault(MalformedAnswer(f"{model} gave an answer that is none: {error.errors()[0]['msg']}"), retry=True)
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return Fault(ModelUnavailable(f"{model} fell silent in the middle of its answer"), retry=True)
    status, kinds, said = _status(error), set(_kinds(error)), _said(error, keys)
    if status == 413 or any(sign in said.lower() for sign in TOO_LONG) or "context_length_exceeded" in kinds:
        return Fault(ContextTooLong(f"the conversation is too long for {model}: {said}"), retry=False)
    if kinds & OUT_OF_CREDIT or status == 402:
        return Fault(ModelUnavailable(f"the account behind {model} is out of credit: {said}"), retry=False)
    if status in (429, 529, 503) or kinds & OVERLOADED:
        return Fault(ModelOverloaded(f"{model} has no room for the call ({status or 'in the stream'}): {said}"), True, _retry_after(error))
    if status is not None and (status >= 500 or status in STATUS_RETRIED):
        return Fault(ModelUnavailable(f"{model} failed with status {status}: {said}"), True, _retry_after(error))
    if kinds & TRANSIENT:
        return Fault(ModelUnavailable(f"{model} failed in the middle of its answer: {said}"), retry=True)
    if any(cls.__name__ in NETWORK for link in _chain(error) for cls in type(link).__mro__):
        return Fault(ModelUnavailable(f"the connection to {model} broke ({type(error).__name__})"), retry=True)
    reasons = {401: "does not accept the key", 403: "does not allow this key the call", 404: "does not know the model or the address"}
    if status in reasons:
        return Fault(ModelUnavailable(f"the server of {model} {reasons[status]} ({status}): {said}"), retry=False)
    if status is not None and status >= 400:
        return Fault(ModelUnavailable(f"{model} does not accept the request ({status}): {said}"), retry=False)
    if _provider(error):
        return Fault(ModelUnavailable(f"{model} gave an answer that cannot be read ({type(error).__name__}): {said}"), retry=True)
    raise error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while error is not None and seen < 6:
        yield error
        error, seen = error.__cause__ or error.__context__, seen + 1


def _provider(error: Exception) -> bool:
    roots = {cls.__module__.split(".")[0] for cls in type(error).__mro__}
    return bool(roots & {"openai", "anthropic", "httpx", "httpx2", "httpcore"}) or type(error).__name__ == "JSONDecodeError"


def _status(error: Exception) -> int | None:
    """The HTTP status; none for a failure inside a stream that had begun with 200."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None


def _kinds(error: Exception) -> Iterator[str]:
    """The provider's own names for the failure, wherever its body has them."""
    for name in ("type", "code"):
        if isinstance(value := getattr(error, name, None), str):
            yield value
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    if type(error) is ValueError and (named := NAMED.match(str(error))):
        yield named[1]
    for part in (body, inner):
        if isinstance(part, Mapping):
            yield from (part[name] for name in ("type", "code") if isinstance(part.get(name), str))


def _said(error: Exception, keys: Sequence[str]) -> str:
    """The provider's own words, short and without our keys."""
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    words = inner.get("message") if isinstance(inner, Mapping) else None
    text = str(words or getattr(error, "message", None) or error or type(error).__name__)
    for key in keys:
        text = text.replace(key, "[key]")
    return text if len(text) <= LONGEST_DETAIL else text[:LONGEST_DETAIL] + "…"


def _retry_after(error: Exception) -> float | None:
    """Seconds that the provider asks us to wait: Retry-After as a number or a date, or its form in milliseconds."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    if (milliseconds := headers.get("retry-after-ms", "")).replace(".", "", 1).isdigit():
        return float(milliseconds) / 1000
    value = headers.get("retry-after", "")
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None
