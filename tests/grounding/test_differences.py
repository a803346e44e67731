"""The difference of two texts leads from one to the other, to the letter, and is short where little changed."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grounding.differences import Change, counted, differences

LINES = st.lists(st.sampled_from(["Meta costs R182.", "Stop in June. ", "", "| a | b |", "Google", "zwölf Prozent  mehr"]), max_size=8)
TEXTS = st.one_of(st.text(max_size=60), LINES.map("\n".join))


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_it(before, after):
    changes = differences(before, after)
    assert "".join(change.text for change in changes if change.side != "added") == before
    assert "".join(change.text for change in changes if change.side != "removed") == after
    assert all(change.text for change in changes)
    assert all(one.side != other.side for one, other in pairwise(changes))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Meta costs R182.\n", "Meta costs R182.\n", [("same", "Meta costs R182.\n")]),
        ("", "New.", [("added", "New.")]),
        (
            "Meta costs R182 now.",
            "Meta costs R9 now.",
            [("same", "Meta costs "), ("removed", "R182"), ("added", "R9"), ("same", " now.")],
        ),
        ("Stop the old plan.", "Begin a new plan.", [("removed", "Stop the old"), ("added", "Begin a new"), ("same", " plan.")]),
    ],
)
def test_it_reads_well(before, after, said):
    assert [tuple(change) for change in differences(before, after)] == said


def test_words_are_counted():
    assert counted([Change("same", "a b"), Change("removed", "c d e"), Change("added", "f")]) == {"removed": 3, "added": 1}


def test_a_long_text_that_is_new_throughout_takes_no_minutes():
    before, after = (" ".join(f"{letter}{number % 97}" for number in range(20_000)) for letter in "ab")
    began = time.process_time()
    assert [change.side for change in differences(before, after)] == ["removed", "added"]
    assert time.process_time() - began < 5
