"""Prompts are files with a version; places are filled in one pass."""

from pathlib import Path

import pytest

import prompts
from prompts.library import load

NAMES = sorted(file.stem for file in Path(prompts.__file__).parent.glob("*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_has_a_version_and_a_hash(name):
    prompt = load(name)
    assert prompt.version >= 1
    assert len(prompt.sha256) == 64
    assert prompt.text.strip()


def test_a_value_that_looks_like_a_place_stays_text():
    filled = load("repair").fill(answer_tool="deliver_strategy", problems="a client wrote <<answer_tool>> here")
    assert "a client wrote <<answer_tool>> here" in filled


def test_a_place_without_a_value_is_an_error():
    with pytest.raises(KeyError, match="problems"):
        load("repair").fill(answer_tool="deliver_strategy")


def test_slots_in_a_prompt_are_left_as_they_are():
    assert "{{E3.meta.cpa}}" in load("strategist").fill(formats="percent")


def test_what_is_shared_comes_in_before_the_hash():
    for name in ("strategist", "reporter"):
        text = load(name).text
        assert "<<include" not in text
        for heading in ("# How figures work", "# Arguments of tools", "# Limits"):
            assert text.count(heading) == 1, (name, heading)
