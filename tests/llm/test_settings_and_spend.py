"""Settings, prices, meters and embedders: what a person configures, and what they are told when it cannot work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from llm.embeddings import embedder
from llm.errors import ModelSettingsError, ModelUnavailable, SpendLimit
from llm.models import chat_model, describe
from llm.prices import price_of
from llm.settings import ModelSettings
from llm.usage import Meter, Usage


def test_without_settings_the_offline_rules_answer(monkeypatch):
    for name in ("GROUNDWORK_MODEL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert describe().name == "offline-rules-v1"
    assert describe().is_llm is False


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MODEL", "openai:gpt-5.4")
    monkeypatch.setenv("GROUNDWORK_MODEL_STRONG", "anthropic:claude-opus-5-5")
    monkeypatch.setenv("GROUNDWORK_MODEL_FAST", "offline")
    settings = ModelSettings()
    assert [describe(settings, tier).name for tier in ("fast", "standard", "strong")] == ["offline-rules-v1", "gpt-5.4", "claude-opus-5-5"]
    assert describe(settings, "strong").as_json() == {"name": "claude-opus-5-5", "provider": "anthropic", "is_llm": True}


def test_an_empty_setting_is_one_that_was_not_made(monkeypatch):
    plain = ModelSettings(_env_file=None)
    for name in ("MODEL", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "RUN_CALLS", "RUN_SPEND_USD", "MODEL_PRICES", "EMBEDDER"):
        monkeypatch.setenv(f"GROUNDWORK_{name}", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    assert ModelSettings(_env_file=None) == plain.model_copy(update={"openai_api_key": None, "anthropic_api_key": None})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "gpt-5.4"}, "openai:NAME"),
        ({"model": "mistral:large"}, "openai:NAME"),
        ({"openai_base_url": "http://127.0.0.1:8080"}, "ends with /v1"),
        ({"anthropic_base_url": "http://127.0.0.1:8080/v1"}, "without /v1"),
        ({"openai_base_url": "127.0.0.1/v1"}, "begins with http"),
        ({"embedder": "word2vec"}, "lexical"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_what_would(changes, words):
    with pytest.raises(ValidationError, match=words):
        ModelSettings(**changes)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_missing_key_is_named_and_no_other_model_answers(provider, monkeypatch):
    monkeypatch.delenv(f"{provider.upper()}_API_KEY", raising=False)
    with pytest.raises(ModelSettingsError, match=f"{provider.upper()}_API_KEY"):
        chat_model("standard", ModelSettings(model=f"{provider}:some-model"))


def test_a_key_is_never_shown():
    settings = ModelSettings(model="openai:gpt-5.4", openai_api_key="sk-very-secret", anthropic_api_key="sk-very-secret")
    model = chat_model("standard", settings)
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()} {model!r} {model}"
    with pytest.raises(ValidationError) as refused:
        ModelSettings(model="nonsense", openai_api_key="sk-very-secret")
    assert "very-secret" not in str(refused.value)


def test_settings_load_nothing_heavy():
    """They are read on the way to every command."""
    heavy = ("langchain_core", "openai", "anthropic", "sklearn", "numpy")
    code = f"import llm.settings, llm.errors, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_price_names_its_source_and_day():
    table = json.loads((Path(__file__).parents[2] / "llm" / "prices.json").read_text())
    for row in table["models"].values():
        source = table["sources"][row["source"]]
        assert source["address"].startswith("https://")
        assert len(source["dated"]) == 10
        assert row["cached"] < row["input"] < row["output"]


def test_a_cost_is_exact_in_millionths_of_a_dollar():
    price = price_of("claude-sonnet-5-5")
    assert price is not None
    # 1 000 fresh at 2, 4 000 cached at 0.1, 500 written at 2.5, 300 out at 10 dollars per million
    assert price.cost(5500, 300, 4000, 500) == 2000 + 400 + 1250 + 3000


def test_a_long_prompt_is_priced_as_the_provider_does():
    price = price_of("claude-haiku-5-5")
    assert price is not None
    assert price.cost(100_000, 0, 0, 0) == 10_000
    assert price.cost(100_001, 0, 0, 0) == 50_001


def test_a_dated_name_has_the_price_of_its_model():
    assert price_of("claude-opus-5-5-20260901") == price_of("claude-opus-5-5")
    assert price_of("gpt-5.4-2026-03-05") == price_of("gpt-5.4")


def test_an_unknown_model_has_no_price_which_is_not_zero():
    assert price_of("llama-next") is None
    meter = Meter().add(Usage(10, 5, cost_micros=7)).add(Usage(10, 5, cost_micros=None))
    assert meter.cost_micros is None
    assert meter.known_cost_micros == 7
    assert meter.as_json()["cost_micros"] is None


def test_a_price_file_goes_before_the_built_in_prices(tmp_path):
    file = tmp_path / "prices.json"
    file.write_text('{"models": {"llama-next": {"input": 0.5, "output": 1}, "gpt-5.4": {"input": 1, "output": 1}}}')
    known = price_of("llama-next", file)
    assert known is not None
    assert known.cost(1_000_000, 0, 0, 0) == 500_000
    assert price_of("gpt-5.4", file) != price_of("gpt-5.4")
    assert price_of("claude-opus-5-5", file) == price_of("claude-opus-5-5")
    file.with_name("broken.json").write_text("{")
    with pytest.raises(ModelSettingsError, match="dollars per million"):
        price_of("gpt-5.4", file.with_name("broken.json"))


def test_a_meter_survives_being_kept_as_json():
    meter = Meter().add(Usage(100, 20, 50, cost_micros=11, attempts=2, latency_ms=12.5))
    assert Meter.from_json(json.loads(json.dumps(meter.as_json()))) == meter
    assert Meter.from_json(None) == Meter()


def test_limits_are_told_in_the_units_that_they_are_set_in():
    limits = ModelSettings(run_calls=2, run_tokens=1000, run_spend_usd=0.01).limits
    Meter(calls=1).check(limits)
    with pytest.raises(SpendLimit, match="GROUNDWORK_RUN_SPEND_USD"):
        Meter(calls=1, known_cost_micros=10_000).check(limits)
    with pytest.raises(SpendLimit, match="GROUNDWORK_RUN_TOKENS"):
        Meter(calls=1, input_tokens=900, output_tokens=100).check(limits)
    assert ModelSettings(run_spend_usd=None).limits.spend is None


def test_lexical_vectors_have_length_one_and_find_shared_words():
    lexical = embedder(ModelSettings())
    rows = lexical.embed(["bike repair in the city", "repairing bikes in cities", "quarterly tax return", ""])
    assert rows.shape == (4, lexical.dimensions) == (4, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows[:3], axis=1), 1, atol=1e-6)
    assert not rows[3].any()
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1
    assert np.array_equal(rows, lexical.embed(["bike repair in the city", "repairing bikes in cities", "quarterly tax return", ""]))
    assert lexical.embed([]).shape == (0, 384)


def test_an_embedding_model_behind_a_server_serves(serving):
    with serving() as server:
        settings = ModelSettings(embedder="openai:some-embedder", openai_base_url=server.openai_base_url, embedding_dimensions=64)
        served = embedder(settings)
        rows = served.embed(["bike repair", ""])
        assert (served.name, served.dimensions, rows.shape) == ("openai:some-embedder@64", 64, (2, 64))
        undimensioned = embedder(settings.model_copy(update={"embedding_dimensions": None}))
        assert undimensioned.dimensions == 384
    with pytest.raises(ModelUnavailable, match="some-embedder"):
        served.embed(["nobody listens any more"])
