"""`tool`, `replay` and `evidence`: any tool by hand, kept when a client is named, computed again."""

from __future__ import annotations

import json

import pytest

from grounding.evidence import Evidence
from tools.registry import locations

SUM = {"operation": "sum", "operands": [{"name": "a", "value": 1, "unit": "count"}, {"name": "b", "value": 2, "unit": "count"}]}


def test_every_tool_is_listed_with_its_schemas(bare):
    listed = bare("tool", "list", "--json").json
    assert [tool["name"] for tool in listed] == list(locations())
    assert all(tool["request_schema"]["properties"] and tool["result_schema"]["properties"]["figures"] for tool in listed)
    assert "calculate" in bare("tool", "list").out


def test_a_tool_reads_a_request_and_prints_its_result(bare, tmp_path):
    result = bare("tool", "run", "calculate", stdin=json.dumps(SUM)).json
    assert result["figures"][0]["value"] == 3
    file = tmp_path / "request.json"
    file.write_text(json.dumps(SUM))
    assert bare("tool", "run", "calculate", "--request", str(file)).json == result
    record = Evidence.model_validate(bare("tool", "run", "calculate", "--evidence", stdin=json.dumps(SUM)).json)
    assert record.result == result


@pytest.mark.parametrize(
    ("name", "stdin", "code", "said"),
    [
        ("calculate", "{not json", 2, "standard input is not JSON"),
        ("calculate", "[1]", 2, "holds no JSON object"),
        ("calculate", "{}", 3, "operation"),
        ("make_it_up", "{}", 3, "no tool is called 'make_it_up'"),
        ("summarize_channels", "{}", 3, "name a client"),
    ],
)
def test_what_cannot_be_run_says_why(bare, name, stdin, code, said):
    ended = bare("tool", "run", name, stdin=stdin)
    assert ended.code == code
    assert said in ended.err
    assert ended.out == ""
    as_json = bare("tool", "run", name, "--json", stdin=stdin)
    assert said in json.loads(as_json.err)["error"]


def test_a_run_for_a_client_is_kept_and_replays_equal(salon, monkeypatch):
    record = salon("tool", "run", "calculate", "--client", "salon", "--evidence", stdin=json.dumps(SUM)).json
    assert salon("evidence", "show", record["id"]).json == record
    ended = salon("replay", record["id"])
    assert (ended.code, ended.out.startswith("equal")) == (0, True)
    assert salon("replay", record["id"], "--json").json["equal"] is True
    assert salon("replay", "ev_none").code == 3
    other = salon("workspace", "create", "Other agency (simulated)", "--json").json
    monkeypatch.setenv("GROUNDWORK_WORKSPACE", other["id"])
    assert salon("replay", record["id"]).code == 3


def test_a_record_that_no_longer_holds_is_shown_with_its_difference(salon, urls):
    import psycopg

    record = salon("tool", "run", "calculate", "--client", "salon", "--evidence", stdin=json.dumps(SUM)).json
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("UPDATE evidence SET record = jsonb_set(record, '{result,figures,0,value}', '4') WHERE id = %s", (record["id"],))
    ended = salon("replay", record["id"])
    assert ended.code == 1
    assert "was 4, is 3" in ended.out
