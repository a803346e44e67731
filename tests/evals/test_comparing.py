"""Two runs held against each other: paired by case, clustered by family, and no average over a critical case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.comparing import Unlike, compare, needed, sign_test, upper_bound
from evals.grading.check import Check
from evals.page import page
from evals.running import Graded, RunFile, UnreadableRun, read, write


def case(number: int, *, passed: bool = True, critical: bool = False, variant: str = "", **more) -> Graded:
    checks = (Check("figures", passed, "" if passed else "R4 321 is unsupported"), Check("tone", True))
    fixed = {
        "suite": "chat", "family": f"chat/{number}", "critical": critical, "passed": passed, "asked": "What does <b>it</b> cost?",
        "client": "salon", "status": "answered", "checks": checks, "text": f"Answer {number}\nsame", "text_sha256": str(passed),
        "tools": ("list_prices",), "seconds": 1.0, "cost_micros": 10, "tokens": 5, "calls": 2,
    }  # fmt: skip
    return Graded(case=f"chat/{number}{variant}", **(fixed | more))


def run(cases, **head) -> RunFile:
    first = {
        "kind": "run", "format": 1, "at": "2026-11-21T10:00:00+00:00", "model": {"name": "offline-rules-v1", "is_llm": False},
        "datasets": {"chat": "a" * 64}, "graders": "g" * 64, "prompts": {"concierge": {"version": 1, "sha256": "p"}}, "versions": {},
    }  # fmt: skip
    return RunFile(first | head, {one.case: one for one in cases})


def failing(*numbers: int, size: int = 80, **more) -> RunFile:
    return run([case(number, passed=number not in numbers, **more) for number in range(size)])


def test_the_same_again_is_held_when_there_are_enough_families():
    found = compare(failing(), failing(), margin=0.05)
    assert (found.outcome, found.code) == ("held", 0)
    assert found.upper == pytest.approx(1 - 0.05 ** (1 / 80))


def test_too_few_families_are_not_measurable_and_it_says_how_many_would_do():
    found = compare(failing(size=20), failing(size=20), margin=0.05)
    assert (found.outcome, found.code) == ("not measurable", 2)
    assert found.needed == 59
    assert upper_bound(0, 59) <= 0.05 < upper_bound(0, 58)
    assert "59 families" in found.reasons[0]


def test_many_that_fall_regress():
    found = compare(failing(), failing(1, 2, 3, 4, 5))
    assert (found.outcome, found.code) == ("regressed", 1)
    assert found.p_worse == pytest.approx(1 / 32)
    assert found.interval[1] < 0


def test_a_critical_case_that_newly_fails_is_never_averaged_away():
    baseline = run([case(number, critical=number == 0) for number in range(2000)])
    worse = run([case(number, critical=number == 0, passed=number != 0) for number in range(2000)])
    assert compare(baseline, worse).critical_lost == ("chat/0",)
    assert compare(baseline, worse).code == 1


def test_a_critical_case_that_fails_in_another_way_counts_as_newly_failing():
    old = case(0, critical=True, passed=False)
    new = replace(old, checks=(*old.checks, Check("other_client", False, "another client's name")))
    assert compare(run([old]), run([new])).code == 1


def test_cases_of_one_family_count_once():
    variants = ["", "/budget", "/client", "/trap", "/language"]
    baseline = run([case(number, variant=variant) for number in range(80) for variant in variants])
    worse = run([case(number, variant=variant, passed=number != 7) for number in range(80) for variant in variants])
    found = compare(baseline, worse)
    assert (len(found.fell), len(found.lost), found.families) == (5, 1, 80)
    assert found.code == 2, "five falls in one family are one loss, not five"


def test_what_was_won_makes_up_for_no_more_than_chance_would():
    assert sign_test(5, 5) > 0.5
    assert compare(failing(10, 11, 12, 13, 14), failing(1, 2, 3, 4, 5)).outcome == "not measurable"


def test_unlike_runs_are_refused():
    with pytest.raises(Unlike, match="cases of 'chat' are not those"):
        compare(failing(), run([case(0)], datasets={"chat": "b" * 64}))
    with pytest.raises(Unlike, match="different graders"):
        compare(failing(), run([case(0)], graders="h" * 64))
    with pytest.raises(Unlike, match="not in the baseline"):
        compare(failing(size=3), failing(size=4))
    with pytest.raises(Unlike, match="no suite"):
        compare(run([], datasets={}), failing(size=1))


def test_no_number_of_families_holds_a_margin_that_is_already_lost():
    assert needed(10, 100, 0.05) is None
    assert (needed(1, 80, 0.05) or 0) > 80


def test_a_run_is_read_as_it_was_written(tmp_path):
    kept = failing(3, size=5)
    write(tmp_path / "run.jsonl", kept.head, kept.cases.values())
    assert read(tmp_path / "run.jsonl") == kept
    (tmp_path / "other.jsonl").write_text('{"kind": "case"}\n')
    with pytest.raises(UnreadableRun):
        read(tmp_path / "other.jsonl")


def test_the_page_shows_both_sides_and_lets_no_answer_write_html():
    old, new = failing(size=3), failing(1, size=3)
    new = RunFile(new.head, {name: replace(one, text="<script>alert(1)</script>", text_sha256="x") for name, one in new.cases.items()})
    written = page(compare(old, new), old, new)
    assert "<script>" not in written
    assert "&lt;script&gt;" in written
    assert "R4 321 is unsupported" in written
    assert "rules, not a language model" in written
