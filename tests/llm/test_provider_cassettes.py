"""Each protocol's conversations from cassettes, without a server: what our code makes of the bytes.

A cassette against the wire server is synthetic and says so in its name, in its first line and in the name of its test. Real ones
lie beside them once `make record` has run with a key; they are held to what holds whatever a model says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from llm.errors import ModelRefused, ModelUnavailable
from llm.prices import price_of
from llm.wire.script import Reply
from llm.wire_server import WireServer
from tests.llm.conftest import PROTOCOLS
from tests.llm.provider_cases import ADD, CASES, KEY, NO_SUCH_MODEL, PICKED, Case, Outcome, Pick, answer, settings_of, unmarked
from tests.llm.recording import (
    FOLDER,
    NOTES,
    REAL,
    REAL_MODELS,
    SYNTHETIC,
    TAPE,
    WIRE_MODELS,
    NotKept,
    file_of,
    provider_of,
    record_real,
    record_synthetic,
    replay,
    secrets,
)

EVERY = [(protocol, case) for protocol in PROTOCOLS for case in CASES]
NO_REAL_ONE = pytest.mark.skip(reason="no real provider was recorded yet: `make record` with OPENAI_API_KEY or ANTHROPIC_API_KEY set")
REAL_ONES = [
    pytest.param(protocol, case, id=f"{protocol}-{case}") for protocol, case in EVERY if file_of(protocol, case, REAL).exists()
] or [pytest.param("", "", marks=NO_REAL_ONE, id="none")]


def requests_of(cassette: Any) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in cassette.requests]


def calls_of(outcome: Outcome, number: int) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in outcome.completions[number].message.tool_calls]


def answered(outcome: Outcome) -> None:
    [completion] = outcome.completions
    assert completion.message.text
    assert not completion.message.tool_calls


def looped(outcome: Outcome) -> None:
    first, second = outcome.completions
    assert calls_of(outcome, 0) == [("add_up", {"first": 9000, "second": 6000})]
    assert first.message.invalid_tool_calls == []
    assert not second.message.tool_calls
    assert "15" in second.message.text
    assert (second.total["calls"], second.total["unpriced_calls"]) == (2, 0)
    assert second.total["cost_micros"] == first.usage.cost_micros + second.usage.cost_micros
    assert second.total["input_tokens"] == first.usage.input_tokens + second.usage.input_tokens


def typed(outcome: Outcome) -> None:
    [(name, arguments)] = calls_of(outcome, 0)
    assert name == "give_pick"
    assert Pick.model_validate(arguments)
    assert isinstance(outcome.structured, Pick)


def streamed(outcome: Outcome) -> None:
    [completion] = outcome.completions
    assert "".join(outcome.told) == completion.message.text
    assert len(outcome.told) > 1
    assert [name for name, _ in calls_of(outcome, 0)] == ["add_up", "add_up"]
    assert calls_of(outcome, 0)[1][1] == {"first": 1, "second": 2}
    assert len({call["id"] for call in completion.message.tool_calls}) == 2


def refused(outcome: Outcome) -> None:
    assert isinstance(outcome.error, ModelRefused)
    assert outcome.error.kind == "model_refused"
    assert outcome.completions == []


def unknown(outcome: Outcome) -> None:
    assert isinstance(outcome.error, ModelUnavailable)
    assert outcome.error.kind == "model_unavailable"
    assert "does not know the model or the address (404)" in str(outcome.error)
    assert NO_SUCH_MODEL in str(outcome.error)
    assert "attempts" not in str(outcome.error)


def tried_again(outcome: Outcome) -> None:
    [completion] = outcome.completions
    assert completion.usage.attempts == completion.total["attempts"] == 2
    assert completion.total["calls"] == 1
    assert calls_of(outcome, 0) == [("add_up", {"first": 9000, "second": 6000})]


HOLDS: dict[str, Callable[[Outcome], None]] = {
    "answer": answered,
    "tool_loop": looped,
    "structured": typed,
    "stream": streamed,
    "refusal": refused,
    "error": unknown,
    "overload": tried_again,
}


async def held(protocol: str, case: str, source: str, folder: Path = FOLDER) -> tuple[Outcome, Any]:
    """What holds for every cassette: the conversation's own, all of it played, and each call counted and priced."""
    outcome, cassette = await replay(file_of(protocol, case, source, folder), case, protocol)
    assert outcome.error is None or CASES[case].fails, outcome.error
    HOLDS[case](outcome)
    assert cassette.all_played
    price = price_of(cassette.get_metadata("model", None))
    for completion in outcome.completions:
        usage = completion.usage
        assert usage.input_tokens > 0
        assert usage.output_tokens > 0
        tokens = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cache_written_tokens)
        assert usage.cost_micros == (price.cost(*tokens) if price else None)
    return outcome, cassette


@pytest.mark.parametrize(("protocol", "case"), EVERY, ids=[f"{protocol}-{case}" for protocol, case in EVERY])
async def test_a_synthetic_cassette_is_read_as_what_it_says(protocol, case):
    await held(protocol, case, SYNTHETIC)


@pytest.mark.parametrize(("protocol", "case"), REAL_ONES)
async def test_a_real_cassette_is_read_as_what_it_says(protocol, case):
    await held(protocol, case, REAL)


ANSWERS = {
    "answer": ["It is the page that an advertisement leads to."],
    "tool_loop": ["", "The sum is R15 000."],
    "structured": [""],
    "stream": ["I add both pairs: Größe µ."],
    "overload": [""],
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_synthetic_answers_come_through_to_the_letter(protocol):
    for case, texts in ANSWERS.items():
        outcome, _ = await replay(file_of(protocol, case, SYNTHETIC), case, protocol)
        assert [completion.message.text for completion in outcome.completions] == texts, case
        if case == "structured":
            assert calls_of(outcome, 0) == [("give_pick", PICKED)]
            assert outcome.structured == Pick(**PICKED)


COUNTED = {
    "chat": ((47, 8, 0, 0, 238), (100, 5, 40, 0, 235)),
    "responses": ((47, 8, 0, 0, 238), (100, 5, 40, 0, 235)),
    "messages": ((47, 8, 0, 40, 388), (101, 5, 40, 0, 352)),
}
"""gpt-5.4: 47·2.50 + 8·15, then 60·2.50 + 40·0.25 + 5·15. claude-opus-5-5: 7·4 + 40·5 + 8·20, then 61·4 + 40·0.20 + 5·20. Rounded up."""


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_synthetic_usage_is_counted_and_priced(protocol):
    """Tokens in, out, cached and written, and millionths of a dollar, worked out by hand."""
    outcome, _ = await replay(file_of(protocol, "tool_loop", SYNTHETIC), "tool_loop", protocol)
    used = [completion.usage for completion in outcome.completions]
    counted = tuple((u.input_tokens, u.output_tokens, u.cached_tokens, u.cache_written_tokens, u.cost_micros) for u in used)
    assert counted == COUNTED[protocol]


async def test_a_synthetic_second_call_carries_the_cache_marks_for_anthropic():
    """The end of the first call's prompt is marked, and the second begins with the same prompt: the provider finds it in its cache."""
    outcome, cassette = await replay(file_of("messages", "tool_loop", SYNTHETIC), "tool_loop", "messages")
    first, second = requests_of(cassette)
    for request in (first, second):
        assert json.dumps(request).count("cache_control") == 3
        assert request["system"][-1]["cache_control"] == {"type": "ephemeral"}
        assert request["tools"][-1]["cache_control"] == {"type": "ephemeral"}
        assert request["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert second["messages"][-1]["content"][-1]["type"] == "tool_result"
    assert (first["system"], first["tools"]) == (second["system"], second["tools"])
    asked, again = first["messages"], second["messages"][: len(first["messages"])]
    assert [(m["role"], unmarked(m["content"])) for m in asked] == [(m["role"], unmarked(m["content"])) for m in again]
    written, read = (completion.usage for completion in outcome.completions)
    assert (written.cache_written_tokens, written.cached_tokens) == (40, 0)
    assert (read.cache_written_tokens, read.cached_tokens) == (0, 40)


@pytest.mark.parametrize("protocol", ["chat", "responses"])
async def test_a_synthetic_second_call_to_openai_begins_as_the_first(protocol):
    """OpenAI caches by prefix and knows no marks: the tools and the first messages have to be the same."""
    _, cassette = await replay(file_of(protocol, "tool_loop", SYNTHETIC), "tool_loop", protocol)
    first, second = requests_of(cassette)
    name = "messages" if protocol == "chat" else "input"
    assert first["tools"] == second["tools"]
    assert second[name][: len(first[name])] == first[name]
    assert "cache_control" not in json.dumps([first, second])


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_changed_request_finds_no_synthetic_answer(protocol, monkeypatch):
    """Matched on the body: an answer to something else is never replayed."""
    monkeypatch.setitem(ADD["function"], "description", "Add three amounts.")
    outcome = Outcome()
    with TAPE.use_cassette(str(file_of(protocol, "tool_loop", SYNTHETIC)), record_mode="none") as cassette:
        # One SDK lets the cassette's complaint through, the other calls it a broken connection.
        with pytest.raises((CannotOverwriteExistingCassetteException, ModelUnavailable)):
            await CASES["tool_loop"].play(settings_of(protocol, WIRE_MODELS[protocol], model_attempts=1), outcome)
        assert cassette.play_count == 0
    assert outcome.completions == []


def cassettes() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


def test_each_cassette_says_what_it_is_and_none_is_left_over():
    known = {file_of(protocol, case, source) for protocol, case in EVERY for source in (SYNTHETIC, REAL)}
    assert set(cassettes()) <= known
    for file in cassettes():
        source = file.name.split(".")[1]
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {NOTES[source]}")
        assert f"\n  source: {source}\n" in text
        assert ("https://synthetic.invalid/" in text) is (source == SYNTHETIC)


def test_no_cassette_holds_a_key_a_telling_header_or_this_machine():
    for file in cassettes():
        assert secrets(file.read_text(encoding="utf-8"), [KEY]) == [], file.name
        for line in ("authorization", "date:", "server:", "request-id", "content-length"):
            assert f"\n      {line}" not in file.read_text(encoding="utf-8").lower(), file.name


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_synthetic_cassettes_are_recorded_as_they_are_kept(protocol, tmp_path):
    """Recording anew changes nothing: what is kept is what the wire server says today. If this fails, run `make record`."""
    for case in ("tool_loop", "error"):
        made = await record_synthetic(protocol, case, tmp_path)
        assert made.read_text(encoding="utf-8") == file_of(protocol, case, SYNTHETIC).read_text(encoding="utf-8")


SECRET = "sk-live-never-written-down"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_recording_with_a_key_is_real_holds_and_does_not_keep_the_key(protocol, tmp_path, monkeypatch):
    """The way of `make record` with a key, the wire server in the provider's place."""
    monkeypatch.delenv(REAL_MODELS[provider_of(protocol)][0], raising=False)
    on_purpose = [name for name, case in CASES.items() if case.on_purpose]
    script = [scripted for name in on_purpose for scripted in CASES[name].script(protocol)]
    with WireServer(script, key=SECRET) as server:
        addresses = {"openai_base_url": server.openai_base_url, "anthropic_base_url": server.anthropic_base_url}
        made = await record_real(protocol, SECRET, tmp_path, **addresses)
    assert made == [file_of(protocol, name, REAL, tmp_path) for name in on_purpose]
    for name, file in zip(on_purpose, made, strict=True):
        assert secrets(file.read_text(encoding="utf-8"), [SECRET]) == []
        assert file.read_text(encoding="utf-8").startswith(f"# {NOTES[REAL]}")
        await held(protocol, name, REAL, tmp_path)


async def test_a_recording_that_a_provider_refuses_is_not_kept(tmp_path):
    """A wrong key would else be kept as the provider's answer."""
    with WireServer((), key="another key") as server, pytest.raises(NotKept, match="does not accept the key"):
        await record_real("chat", SECRET, tmp_path, openai_base_url=server.openai_base_url)
    assert list(tmp_path.iterdir()) == []


async def test_a_cassette_with_a_key_in_it_is_not_kept(tmp_path, monkeypatch):
    """A provider that repeats the key in its answer: nothing is left on the disk."""
    monkeypatch.setitem(CASES, "answer", Case(answer, lambda protocol: (Reply(f"Your key is {KEY}."),)))
    with pytest.raises(NotKept, match="a key"):
        await record_synthetic("chat", "answer", tmp_path)
    assert list(tmp_path.iterdir()) == []
