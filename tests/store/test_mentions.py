"""Where words name a person, and where they name somebody else."""

from __future__ import annotations

import json
import re

import pytest

from store.mentions import Mentions
from store.person import Person

JO = Person(("ct_00017", "c1"), ("jo.o'neil@salon.co",), ("+27 82 555 0142",), (), ("Joë O'Neil",))
E = "[erased]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to Jo.O'Neil@SALON.co.", f"write to {E}."),
        ("<jo.o'neil@salon.co>, please", f"<{E}>, please"),
        (r"jo.o\'neil@salon.co in Markdown", f"{E} in Markdown"),
        ("mailto:jo.o%27neil%40salon.co", f"mailto:{E}"),
        ("jo.o'neil@salon.co.eml", f"{E}.eml"),
        ("jo.o'neil@salon.co.za is another", None),
        ("mary.jo.o'neil@salon.co is another", None),
        ("E1.leads.ct_00017.score", f"E1.leads.{E}.score"),
        (r"ct\_00017", E),
        ("ct_000171 and act_00017", None),
        ("c1 may be anything", None),
        ("call 27 (82) 555-0142 or +27825550142", f"call {E} or {E}"),
        ("R1 278 255 501 420", None),
        ("Joë  O'Neil came, joë o'neil did not", f"{E} came, joë o'neil did not"),
        ("Joë and O'Neil", None),
    ],
)
def test_a_person_is_found_in_words_and_others_are_not(text: str, left: str | None) -> None:
    mentions = Mentions(JO)
    assert mentions.text(text) == (left or text)
    assert mentions.json({text: [text, 1, None]}) == {left or text: [left or text, 1, None]}
    if left is not None:
        for written in (text, json.dumps(text), json.dumps(text, ensure_ascii=False)):
            assert re.search(mentions.loose, written, re.IGNORECASE), "what the database looks for first has to find all of them"


def test_a_short_id_is_one_only_when_it_stands_alone_in_a_record() -> None:
    mentions = Mentions(JO)
    assert mentions.json({"rows": [["c1", "c1 and c2"]]}, exact=True) == {"rows": [[E, "c1 and c2"]]}
    assert mentions.json(["c1"]) == ["c1"]


def test_nobody_is_nowhere() -> None:
    mentions = Mentions(Person(("c1",), ()))
    assert (bool(mentions), mentions.loose, mentions.text("c1")) == (False, "", "c1")
