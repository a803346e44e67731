"""Another client is recognised by its whole name, its slug, or a word that is its name's alone; this client's own words name nobody."""

from __future__ import annotations

import pytest

from graphs.other_clients import names_another

OTHERS = [("quarry", "Zebra Quarry"), ("newcomer", "Newcomer demo (simulated)"), ("green-oak", "Green Oak Yoga Studio"), ("glow", "Glow")]
OWN = "Salon demo (simulated) salon"


@pytest.mark.parametrize(
    "text",
    [
        "What does zebra quarry spend?",
        "How do we compare with Zebra on Google Ads?",
        "What does zebra spend on Meta?",
        "And zebra's budget?",
        "Show me the client quarry.",
        "quarry numbers please",
        "Are we dearer than green-oak?",
        "Are we dearer than Green Oak?",
        "What do you do for Glow?",
        "Take the plan of the client newcomer",
    ],
)
def test_another_client_is_recognised(text):
    assert names_another(text, OTHERS, OWN)


@pytest.mark.parametrize(
    "text",
    [
        "How is our salon demo doing?",
        "Is this demo simulated?",
        "Our customers glow after a treatment. Glow is the word they use.",
        "Write to newcomers who have not booked.",
        "Which yoga studio ads work on Meta?",
        "We photograph a zebra crossing near the quarry.",
        "The green wall and the oak table",
        "",
    ],
)
def test_common_words_and_its_own_name_name_nobody_else(text):
    assert not names_another(text, OTHERS, OWN)
