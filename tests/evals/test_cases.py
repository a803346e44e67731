"""The written cases and the families varied from them."""

from __future__ import annotations

import re

import pytest

from agents.roster import AGENTS
from evals.case import cases, dataset_hash, family, suites, traps, written
from evals.grading import graders_hash
from evals.prompt_mutants import PROMPT_MUTANTS, told
from evals.running import read
from evals.standing import BASELINE
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


def test_specialists_and_the_chat_have_suites():
    assert {"strategy", "report", "outreach", "competitor_analysis", "case_study", "chat"} <= set(suites())


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
