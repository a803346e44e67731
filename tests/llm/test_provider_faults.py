"""Providers under fault, both SDKs over real HTTP: survived, or ended with a reason that a person can act on."""

from __future__ import annotations

import time
from typing import Any

import pytest

from llm.complete import complete
from llm.errors import ContextTooLong, MalformedAnswer, ModelError, ModelOverloaded, ModelRefused, ModelUnavailable, SpendLimit
from llm.models import chat_model
from llm.wire.script import Fault, Reply, ToolUse
from tests.llm.conftest import ADD, ASKED, settings_for

OK = Reply("All well.")
USES = Reply("", (ToolUse("add_up", {"first": 1}),))


async def ask(protocol: str, server: Any, *, spent: Any = None, on_text: Any = None, **changes: Any) -> Any:
    settings = settings_for(protocol, server, **changes)
    return await complete(chat_model("standard", settings), ASKED, [ADD], limits=settings.limits, spent=spent, on_text=on_text)


SURVIVED = {
    "429 without Retry-After": Fault("status", 429),
    "429 with Retry-After": Fault("status", 429, retry_after="0.05"),
    "429 with a date": Fault("status", 429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "500": Fault("status", 500),
    "502": Fault("status", 502),
    "503": Fault("status", 503, retry_after="0"),
    "529": Fault("status", 529),
    "408": Fault("status", 408),
    "overload inside a 200 stream": Fault("overloaded_in_stream"),
    "server error inside a 200 stream": Fault("overloaded_in_stream", type="api_error"),
    "truncated stream": Fault("cut"),
    "empty answer": Reply(""),
}


@pytest.mark.parametrize("fault", SURVIVED.values(), ids=SURVIVED)
async def test_a_fault_that_passes_is_survived(protocol, serving, fault):
    with serving(fault, fault, USES) as server:
        completion = await ask(protocol, server)
    assert completion.message.tool_calls[0]["args"] == {"first": 1}
    assert completion.usage.attempts == 3
    assert len(server.spoken) == 3
    assert completion.total["attempts"] == 3
    assert completion.total["calls"] == 1


LASTING = {
    "overloaded": (Fault("status", 529), ModelOverloaded, "no room"),
    "rate limited": (Fault("status", 429, retry_after="0"), ModelOverloaded, "no room"),
    "overloaded in the stream": (Fault("overloaded_in_stream"), ModelOverloaded, "in the stream"),
    "broken": (Fault("status", 500), ModelUnavailable, "status 500"),
    "cut": (Fault("cut"), ModelUnavailable, "broke"),
    "empty": (Reply("  "), MalformedAnswer, "empty answer"),
}


@pytest.mark.parametrize(("fault", "error", "words"), LASTING.values(), ids=LASTING)
async def test_a_fault_that_lasts_ends_with_its_reason(protocol, serving, fault, error, words):
    with serving(*[fault] * 9) as server:
        with pytest.raises(error, match=words) as raised:
            await ask(protocol, server)
        assert len(server.spoken) == 3
    assert "after 3 attempts" in str(raised.value)


TOO_LONG = {
    "chat": "This model's maximum context length is 128000 tokens",
    "messages": "prompt is too long: 210000 tokens > 200000 maximum",
}
AT_ONCE = {
    "wrong key": (Fault("status", 401), ModelUnavailable, "key"),
    "no permission": (Fault("status", 403), ModelUnavailable, "does not allow"),
    "unknown model": (Fault("status", 404), ModelUnavailable, "does not know the model"),
    "bad request": (Fault("status", 400, message="tools.0: invalid"), ModelUnavailable, "tools.0: invalid"),
    "out of credit": (Fault("status", 429, type="insufficient_quota"), ModelUnavailable, "out of credit"),
    "too long for OpenAI": (Fault("status", 400, message=TOO_LONG["chat"]), ContextTooLong, "too long"),
    "too long for Anthropic": (Fault("status", 400, message=TOO_LONG["messages"]), ContextTooLong, "too long"),
    "request too large": (Fault("status", 413), ContextTooLong, "too long"),
    "refusal": (Reply("I will not.", stop="refusal"), ModelRefused, "declined"),
    "cut off at its length": (Reply("", (ToolUse("add_up", '{"first": 1'),), stop="length"), MalformedAnswer, "cut off"),
}


@pytest.mark.parametrize(("fault", "error", "words"), AT_ONCE.values(), ids=AT_ONCE)
async def test_what_another_try_would_not_mend_ends_at_once(protocol, serving, fault, error, words):
    with serving(fault, OK) as server:
        with pytest.raises(error, match=words):
            await ask(protocol, server)
        assert len(server.spoken) == 1


@pytest.mark.parametrize("name", ["wrong key", "too long for Anthropic", "refusal"])
async def test_a_whole_answer_ends_as_a_streamed_one_does(protocol, serving, name):
    fault, error, words = AT_ONCE[name]
    with serving(fault, OK) as server:
        with pytest.raises(error, match=words):
            await ask(protocol, server, model_stream=False)
        assert len(server.spoken) == 1


async def test_a_stall_is_given_up_and_tried_again(protocol, serving):
    with serving(Fault("pause", seconds=0.8), OK) as server:
        completion = await ask(protocol, server, model_stall_s=0.15)
    assert completion.message.text == "All well."
    assert completion.usage.attempts == 2


async def test_a_whole_answer_that_never_comes_is_given_up(protocol, serving):
    with serving(*[Fault("pause", seconds=0.6)] * 2) as server, pytest.raises(ModelUnavailable, match="2 attempts"):
        await ask(protocol, server, model_call_s=0.15, model_stream=False, model_attempts=2)


async def test_retry_after_is_waited_for_and_bounded(protocol, serving):
    with serving(Fault("status", 429, retry_after="0.3"), Fault("status", 429, retry_after="3600"), OK) as server:
        began = time.monotonic()
        await ask(protocol, server, model_longest_wait_s=0.4)
    assert 0.7 <= time.monotonic() - began < 60


async def test_half_a_tool_call_is_told_and_not_completed(protocol, serving):
    """Core would complete `{"first": 1` to a call that the model never made."""
    broken = Reply("", (ToolUse("add_up", '{"first": 1, "second": [2'), ToolUse("add_up", {"first": 5})))
    with serving(broken) as server:
        completion = await ask(protocol, server)
    assert [call["args"] for call in completion.message.tool_calls] == [{"first": 5}]
    (bad,) = completion.message.invalid_tool_calls
    assert bad["args"] == '{"first": 1, "second": [2'
    assert bad["name"] == "add_up"
    assert bad["id"]


async def test_arguments_that_are_no_object_never_reach_a_tool(protocol, serving):
    """Core cannot hold them in a message of every protocol: they are told as malformed, or the call is made again."""
    with serving(Reply("", (ToolUse("add_up", "[1, 2]"),)), OK) as server:
        completion = await ask(protocol, server)
    assert not completion.message.tool_calls
    assert len(completion.message.invalid_tool_calls) == 1 or completion.message.text == "All well."


async def test_an_unknown_tool_comes_through_for_the_run_to_answer(protocol, serving):
    with serving(Reply("", (ToolUse("drop_tables", {}),))) as server:
        completion = await ask(protocol, server)
    assert completion.message.tool_calls[0]["name"] == "drop_tables"


async def test_text_of_a_broken_attempt_is_told_apart(protocol, serving):
    told: dict[int, str] = {}

    async def on_text(piece: str, attempt: int) -> None:
        told[attempt] = told.get(attempt, "") + piece

    # After its script the server's rules write the text that the stream is cut in: prose, since no playbook is named.
    with serving(Fault("cut"), Reply("Second and whole.")) as server:
        await ask(protocol, server, on_text=on_text)
    assert told[2] == "Second and whole."


async def test_no_other_model_answers_for_a_broken_one(serving):
    with serving(*[Fault("status", 500)] * 9) as server:
        with pytest.raises(ModelUnavailable):
            await ask("chat", server)
        assert {spoken.model for spoken in server.spoken} == {"gpt-5.4"}


async def test_nobody_listening_reads_well(protocol, serving):
    with serving() as server:
        settings = settings_for(protocol, server, model_attempts=2)
    with pytest.raises(ModelUnavailable, match="connection") as raised:
        await complete(chat_model("standard", settings), ASKED, [], limits=settings.limits)
    assert "sk-test-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        ({"calls": 60}, "60 model calls"),
        ({"calls": 1, "input_tokens": 3_000_000}, "tokens"),
        ({"calls": 1, "known_cost_micros": 5_000_000}, "USD 5.00"),
    ],
)
async def test_a_limit_stops_the_next_call_before_it_is_made(serving, spent, words):
    with serving(OK) as server:
        with pytest.raises(SpendLimit, match=words):
            await ask("chat", server, spent=spent)
        assert not server.spoken


def test_every_error_says_its_kind():
    kinds = [cls.kind for cls in ModelError.__subclasses__()]
    assert len(kinds) == len(set(kinds))
    assert "model_error" not in kinds


async def test_an_error_of_ours_is_not_taken_for_the_providers(serving):
    async def on_text(piece: str, attempt: int) -> None:
        raise KeyError("ours")

    with serving(OK) as server, pytest.raises(KeyError, match="ours"):
        await ask("chat", server, on_text=on_text)
