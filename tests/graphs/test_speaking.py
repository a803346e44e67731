"""Where a sentence of an answer ends: a stop inside a quotation ends nothing."""

from __future__ import annotations

import pytest

from graphs.speaking import LONGEST_QUOTATION, first_end


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Meta is cheaper. LinkedIn", "Meta is cheaper. "),
        ("Is it? Yes", "Is it? "),
        ("A line\nAnother", "A line\n"),
        ("[[C1: English. Banned words: cheap.]] We keep to them. And", "[[C1: English. Banned words: cheap.]] "),
        ("It says [[C1: one. Two]] and goes on. Then", "It says [[C1: one. Two]] and goes on. "),
    ],
)  # fmt: skip
def test_the_first_sentence_of_what_was_heard(text, first):
    end = first_end(text)
    assert end is not None
    assert text[:end] == first


@pytest.mark.parametrize("text", ["Meta is", "It goes on.", "It says [[C1: one. Two", "[[C1: South African English. - Banned"])
def test_what_is_not_over_yet_is_waited_for(text):
    assert first_end(text) is None


def test_a_bracket_that_nobody_closes_does_not_hold_an_answer_back_for_ever():
    text = "It says [[C1: " + "word " * (LONGEST_QUOTATION // 5 + 1) + "end. Then"
    assert first_end(text) is not None
