"""How an answer is read: citations and quotations are held against the passages that the run recalled."""

import pytest

from graphs.drafting import citations, cite

PASSAGES = [
    {"id": "C1", "title": "Price list", "dated": "2026-10-05", "text": "A bar is R75.\nA gift box is R260, within  eight kilometres."}
]


def test_a_citation_becomes_title_and_date():
    assert cite("As agreed [[C1]].", PASSAGES) == "As agreed (Price list, 2026-10-05)."


def test_a_quotation_stands_with_its_words_and_leaves_them_out_for_the_verifier():
    assert cite("[[C1: A bar is R75]].", PASSAGES) == "“A bar is R75” (Price list, 2026-10-05)."
    assert cite("[[C1: A bar is R75]].", PASSAGES, quote=False) == "“…” (Price list, 2026-10-05)."


@pytest.mark.parametrize("text", ["[[C1]]", "[[C1: A bar is R75]]", "[[C1: within eight kilometres]]", "[[C1: a gift box is R260]]"])
def test_words_that_stand_in_the_passage_are_taken(text):
    assert citations({"why": text}, PASSAGES) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[C2]]", "no passage"),
        ("[[C1: A bar is R57]]", "does not stand in C1"),
        ("[[C1: A bar is R75. A gift box is R270]]", "does not stand in C1"),
        ("[[C9: R75]]", "no passage"),
    ],
)
def test_a_quotation_that_was_never_written_is_a_problem(text, problem):
    [found] = citations({"why": text}, PASSAGES)
    assert found.where == "why"
    assert problem in found.problem
