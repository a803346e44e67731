"""`groundwork experiment`: the whole life from a JSON plan, in words and as JSON, with the exit codes that scripts count on."""

from __future__ import annotations

import json

import pytest

from tests.graphs.experiment_plans import plan

SUMS = {
    "metrics": {
        "booking_rate": [{"arm": "control", "units": 2000, "conversions": 200}, {"arm": "short", "units": 2000, "conversions": 300}]
    },
    "assigned": {"control": 2010, "short": 2005},
}
PLAN = plan(source="sums", metrics=[{"name": "booking_rate", "minimum_effect": 0.15}])


@pytest.fixture
def made(salon):
    """The id of a draft."""
    return salon("experiment", "create", "--client", "salon", "--json", stdin=json.dumps(PLAN)).json["id"]


def test_an_experiment_from_a_file_to_a_decision(salon, tmp_path):
    spec, sums = tmp_path / "plan.json", tmp_path / "sums.json"
    spec.write_text(json.dumps(PLAN))
    sums.write_text(json.dumps(SUMS))
    drafted = salon("experiment", "create", "-c", "salon", "--spec", str(spec))
    assert drafted.code == 0, drafted.err
    made = drafted.out.split()[0]
    assert "short form: draft" in drafted.out
    started = salon("experiment", "start", made, "--reason", "agreed")
    assert "active" in started.out
    assert "SHA-256" in started.out
    looked = salon("experiment", "look", made, "--sums", str(sums))
    assert looked.out.startswith("look 1: ship, 4000 units (ev_")
    assert "Short is better than the control on booking rate (50" in looked.out
    assert salon("experiment", "look", made, "--sums", str(sums), "--sample-ratio", "--json").json["look"]["decision"] == "go_on"
    done = salon("experiment", "complete", made, "--decision", "ship")
    assert "completed; ship short" in done.out
    told = salon("experiment", "show", made)
    said = (
        "created by cli",
        "started by cli: agreed",
        "look 1 (analyze_experiment) by cli: ship",
        "look 2 (check_sample_ratio)",
        "completed",
    )
    places = [told.out.rindex(line) for line in said]
    assert places == sorted(places), "in the order of time"
    shown = salon("experiment", "show", made, "--json").json
    assert (shown["status"], len(shown["looks_taken"]), shown["outcome"]["evidence"]) == (
        "completed", 2, shown["looks_taken"][0]["evidence"]
    )  # fmt: skip
    assert [entry["id"] for entry in salon("experiment", "list", "--json").json] == [made]
    assert salon("experiment", "list", "--status", "active", "--json").json == []
    assert "ship short" in salon("experiment", "list", "-c", "salon").out


def test_units_are_assigned_from_arguments_files_and_pipes_alike(salon, made, tmp_path):
    assert "10.00%" in salon("experiment", "holdout", "-c", "salon", "--share", "0.1").out
    salon("experiment", "start", made)
    units = [f"ct_{number}" for number in range(200)]
    file = tmp_path / "units.txt"
    file.write_text("\n".join(units) + "\n\n")
    from_file = salon("experiment", "assign", made, "--file", str(file)).out
    from_pipe = salon("experiment", "assign", made, "-f", "-", stdin="\n".join(units)).out
    assert from_file == from_pipe
    rows = [line.split(",") for line in from_file.splitlines()]
    assert rows[0] == ["unit", "arm", "reason"]
    assert [row[0] for row in rows[1:]] == units
    assert {tuple(row[1:]) for row in rows[1:]} == {("control", "assigned"), ("short", "assigned"), ("", "holdout")}
    one = salon("experiment", "assign", made, "ct_7", "--json").json
    assert one["assignments"] == [{"unit": "ct_7", "arm": rows[8][1] or None, "reason": rows[8][2]}]
    salon("experiment", "pause", made)
    assert salon("experiment", "assign", made, "ct_7").out.splitlines()[1] == "ct_7,,paused"
    assert salon("experiment", "assign", made).code == 2
    assert salon("experiment", "holdout", "-c", "salon", "--share", "0").code == 3
    assert salon("experiment", "holdout", "-c", "salon", "--json").json == {"client": "salon", "share": 0.1}


def test_what_cannot_be_is_refused_in_words_with_code_3(salon, made):
    for arguments, said in (
        (("pause", made), "is a draft and cannot be paused: it can be started or cancelled"),
        (("look", made), "has not started"),
        (("start", "xp_none"), "there is no experiment 'xp_none' in this workspace"),
        (("complete", made, "--decision", "ship"), "cannot be completed"),
    ):
        ended = salon("experiment", *arguments)
        assert ended.code == 3
        assert said in ended.err
    salon("experiment", "start", made)
    refused = salon("experiment", "look", made, "--json")
    assert (refused.code, json.loads(refused.err)["field"]) == (3, "sums.metrics")
    tuned = salon("experiment", "look", made, "--sums", "-", stdin=json.dumps({**SUMS, "level": 0.5}))
    assert tuned.code == 3
    assert "sums.level" in tuned.err
    assert salon("experiment", "create", "-c", "salon", stdin="{").code == 2
    incomplete = salon("experiment", "create", "-c", "salon", stdin=json.dumps({"name": "x"}))
    assert incomplete.code == 3
    assert "arms" in incomplete.err


def test_a_change_of_method_invalidates_and_says_so(salon, made):
    edited = salon("experiment", "amend", made, "--reason", "clearer", "--json", stdin='{"hypothesis": "Shorter is better."}')
    assert edited.json["history"][-1]["kind"] == "edited"
    salon("experiment", "start", made)
    ended = salon("experiment", "amend", made, "--reason", "faster", stdin='{"analysis": {"level": 0.8}}')
    assert ended.code == 0
    assert "active, invalid" in ended.out
    assert "complete it as invalid" in ended.err
    assert "analysis.level: 0.95 -> 0.8 (invalidates)" in salon("experiment", "show", made).out
    assert salon("experiment", "cancel", made, "--reason", "spoilt").code == 0
