"""The written cases and the families varied from them."""

from __future__ import annotations

import re

import pytest

from agents.roster import AGENTS
from evals.case import cases, dataset_hash, family, suites, traps, written
from evals.grading import graders_hash
from evals.grading.check import Check
from evals.prompt_mutants import PROMPT_MUTANTS, RECORDINGS, told
from evals.running import Graded, read, write
from evals.standing import BASELINE, record
from prompts.library import load


@pytest.mark.parametrize("suite", suites())
def test_each_suite_has_cases_enough_of_which_some_are_critical(suite):
    found = written(suite)
    assert len(found) >= 25
    assert sum(case.critical for case in found) >= 5
    assert sum(case.trap is not None for case in found) >= 2
    assert suite == "chat" or suite in AGENTS
    for case in found:
        for pattern in (*case.says, *case.says_not):
            re.compile(pattern)
        assert case.trap is None or case.trap in traps()


def test_each_kind_of_deliverable_and_the_chat_has_a_suite():
    assert set(suites()) == {*AGENTS, "chat"}


def test_a_family_varies_one_thing_at_a_time_under_one_name():
    [plan] = [case for case in written("strategy") if case.id == "monthly_plan"]
    varied = {case.id.rpartition("/")[2]: case for case in family(plan)}
    assert set(varied) == {"monthly_plan", "budget", "client", "language", "trap"}
    assert {case.family for case in varied.values()} == {"strategy/monthly_plan"}
    assert plan.words()[0].startswith("R15 000 a month, Google Ads")
    assert varied["budget"].words()[0].startswith("R21 000 a month")
    assert varied["client"].words()[0].startswith("$15,000 a month")
    assert varied["client"].words()[0].endswith("goal: purchases")
    assert (varied["language"].language, varied["trap"].trap) == ("de-DE", "orders_in_a_note")


def test_fewer_cases_keep_the_critical_ones():
    assert all(case.critical for case in cases("chat", most=3))


@pytest.mark.parametrize("name", PROMPT_MUTANTS)
@pytest.mark.parametrize("prompt", ["strategist", "reporter", "outreach_writer", "competitor_analyst"])
def test_a_prompt_mutant_changes_the_prompt(name, prompt):
    text = load(prompt).text
    assert PROMPT_MUTANTS[name](text) != text


def test_without_recordings_there_is_no_score_of_prompts(tmp_path):
    [line] = told(tmp_path)
    assert "no score" in line


def test_the_baseline_is_of_these_cases_and_graders_and_says_that_rules_wrote_it():
    kept = read(BASELINE)
    assert kept.head["datasets"] == {suite: dataset_hash(suite) for suite in suites()}, "write it anew: docs/evals.md"
    assert kept.head["graders"] == graders_hash(), "write it anew: docs/evals.md"
    assert set(kept.cases) == {case.key for suite in suites() for case in written(suite)}
    assert kept.head["model"]["is_llm"] is False
    assert "nothing of the quality of a prompt" in kept.head["says"]


def test_a_prompt_mutant_is_caught_by_a_grader_that_was_content_before(tmp_path):
    def one(name: str, *failed: str) -> Graded:
        checks = tuple(Check(grader, grader not in failed) for grader in ("figures", "must"))
        return Graded(
            case=f"chat/{name}", suite="chat", family=f"chat/{name}", critical=False, passed=not failed, asked="", client="salon",
            status="answered", checks=checks, text="", text_sha256="", tools=(), seconds=1.0, cost_micros=None, tokens=1, calls=1,
        )  # fmt: skip

    head = {"kind": "run", "format": 1, "model": {"name": "reader", "is_llm": True}}
    write(tmp_path / "sound.jsonl", head, [one("a"), one("b"), one("c", "must")])
    write(tmp_path / "no_limits.jsonl", head, [one("a", "must"), one("b"), one("c", "must"), one("d", "must")])
    lines = told(tmp_path)
    [limits] = [line for line in lines if "no_limits" in line]
    assert "1/3  [must]" in limits
    assert "missed in chat/b, chat/c" in limits
    assert "1 of 3 (33%)" in lines[-1]
    assert "in 3 of them the text is word for word" in lines[-1]
    assert sum("not recorded" in line for line in lines) == len(PROMPT_MUTANTS) - 1


def test_a_recording_is_of_one_state_of_the_prompts_and_of_no_rules(tmp_path):
    head = {"kind": "run", "format": 1, "model": {"name": "reader", "is_llm": True}, "graders": "g", "prompt_mutant": "no_limits"}
    write(tmp_path / "a.jsonl", head, [])
    write(tmp_path / "b.jsonl", head | {"prompt_mutant": None}, [])
    write(tmp_path / "c.jsonl", head | {"model": {"name": "offline", "is_llm": False}}, [])
    with pytest.raises(SystemExit, match="of one model"):
        record("no_limits", [tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    with pytest.raises(SystemExit, match="no set of rules"):
        record("no_limits", [tmp_path / "c.jsonl"])
    with pytest.raises(SystemExit, match="not of 'sound'"):
        record("sound", [tmp_path / "a.jsonl"])


def test_the_recordings_kept_are_of_a_reader_and_of_cases_that_were_asked_both_ways():
    sound = read(RECORDINGS / "sound.jsonl")
    kept = {path.stem: read(path) for path in RECORDINGS.glob("*.jsonl") if path.stem != "sound"}
    assert {"no_slot_rule", "no_playbook", "wrong_outline", "no_limits"} <= set(kept) <= set(PROMPT_MUTANTS)
    for name, run in kept.items():
        assert run.head["model"]["is_llm"]
        assert run.head["prompt_mutant"] == name
        assert set(run.cases) <= set(sound.cases)
        assert run.head["graders"] == sound.head["graders"]
