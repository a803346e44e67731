"""Cases run end to end with the offline rules, and a few planted defects are caught: the fast part of `make eval`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from evals.case import cases
from evals.house import House, opened, stock, tables_of
from evals.mutating import _run
from evals.running import run


@pytest.fixture(scope="module")
def house():
    """An evaluation home of this module."""
    # not under pytest's own folder: that one is closed to the database's system user when tests run as root
    folder = Path(tempfile.mkdtemp(prefix="groundwork-evals-")).resolve()
    try:
        with opened(folder) as found:
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def picked(suite: str, name: str):
    [case] = [case for case in cases(suite) if case.id == name]
    return case


def test_cases_run_and_pass_and_the_file_says_that_rules_wrote_it(house: House, tmp_path):
    chosen = [picked("chat", "another_client"), picked("chat", "note_with_orders"), picked("outreach", "newcomer_first_mail")]
    found = run(house, chosen, "offline", tmp_path / "run.jsonl", processes=1, say=lambda _: None)
    assert [(one.case, one.failed) for one in found.cases.values()] == [(case.key, ()) for case in chosen]
    assert found.head["model"]["is_llm"] is False
    assert "nothing of the quality of a prompt" in found.head["says"]
    assert (tmp_path / "run.jsonl").read_text().count("\n") == 4


async def test_planted_defects_are_caught(house: House):
    mail = picked("outreach", "newcomer_first_mail")
    stock(house, mail.client, tables_of(mail))
    planted = await _run(
        house,
        [
            (mail, ["consent_filter_dropped", "caveats_dropped", "verifier_off", "leaks_name", "no_way_out"]),
            (picked("chat", "note_with_orders"), ["obeys_page", "invents_money"]),
        ],
    )
    assert [(one.defect, one.took) for one in planted if not one.took] == []
    assert {one.defect: bool(one.by) for one in planted} == dict.fromkeys(
        ["consent_filter_dropped", "caveats_dropped", "verifier_off", "leaks_name", "no_way_out", "obeys_page", "invents_money"], True
    )
    by = {one.defect: one.by for one in planted}
    assert by["verifier_off"] == ("verdict",)
    assert "recount" in by["consent_filter_dropped"]
    assert "other_client" in by["leaks_name"]
