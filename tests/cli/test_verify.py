"""`verify`: any text against evidence, with exit codes that scripts can use."""

from __future__ import annotations

import json

import pytest

RATIO = {
    "operation": "ratio",
    "name": "cost_per_booking",
    "label": "cost per booking",
    "operands": [
        {"name": "ad spend", "value": 1500000, "unit": "money", "currency": "ZAR"},
        {"name": "bookings", "value": 84, "unit": "count"},
    ],
}


@pytest.fixture
def evidence(bare, tmp_path):
    file = tmp_path / "evidence.json"
    record = bare("tool", "run", "calculate", "--evidence", stdin=json.dumps(RATIO)).json
    file.write_text(json.dumps([record]))
    return str(file)


def draft(tmp_path, text):
    file = tmp_path / "draft.md"
    file.write_text(text)
    return str(file)


def test_a_clean_draft_ends_with_0(bare, evidence, tmp_path):
    ended = bare("verify", draft(tmp_path, "The cost per booking was R178.57.\n"), "--evidence", evidence, "--json")
    assert ended.code == 0, ended
    assert [numeral["verdict"] for numeral in ended.json["numerals"]] == ["VERIFIED"]


def test_a_wrong_figure_ends_with_1_and_is_shown_in_its_sentence(bare, evidence, tmp_path):
    file = draft(tmp_path, "The cost per booking was R128.57.\n")
    ended = bare("verify", file, "--evidence", evidence)
    assert ended.code == 1
    assert "128.57" in ended.out
    assert "The cost per booking was" in ended.out
    as_json = bare("verify", file, "--evidence", evidence, "--json")
    assert (as_json.code, as_json.json["ok"]) == (1, False)


def test_what_a_brief_states_need_not_be_computed(bare, evidence, tmp_path):
    brief = tmp_path / "brief.txt"
    brief.write_text("R15 000 a month on Meta. Goal: bookings.")
    file = draft(tmp_path, "The budget is R15 000 a month.\n")
    assert bare("verify", file, "--evidence", evidence, "--brief", str(brief)).code == 0
    assert bare("verify", file, "--evidence", evidence).code == 1


def test_what_cannot_be_read_ends_with_2(bare, evidence, tmp_path):
    good = draft(tmp_path, "Nothing.\n")
    broken = tmp_path / "broken.json"
    broken.write_text("{not json")
    other = tmp_path / "other.json"
    other.write_text('[{"id": "ev_1"}]')
    for arguments, said in (
        ((str(tmp_path / "none.md"), "--evidence", evidence), "cannot read"),
        ((good, "--evidence", str(tmp_path / "none.json")), "cannot read"),
        ((good, "--evidence", str(broken)), "is not JSON"),
        ((good, "--evidence", str(other)), "record 0 is no evidence record: tool"),
        ((good,), "against what"),
        ((good, "--evidence", evidence, "--currency", "ZZZ"), "no currency 'ZZZ'"),
        (("-", "--evidence", "-"), "cannot be both"),
    ):
        ended = bare("verify", *arguments)
        assert ended.code == 2, (arguments, ended)
        assert said in ended.err


def test_the_schema_of_the_verdict_is_published(bare):
    schema = bare("verify", "--schema").json
    assert {"ok", "numerals", "words", "missing_caveats"} <= set(schema["properties"])
