"""The case-study writer on a simulated client: a matched difference, no invented word, and assets that agree to the digit."""

from __future__ import annotations

import pytest

BRIEF = "Find a customer whose bookings grew and write a case study"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_case_study_is_told_against_comparable_customers_and_verifies(office):
    run_id = await office.start("salon", BRIEF, kind="case_study")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)

    assert made.status == "published"
    assert made.verdict["ok"] is True


@pytest.mark.asyncio(loop_scope="session")
async def test_without_businesses_on_record_it_says_that_there_is_no_case_yet(office):
    run_id = await office.start("newcomer", BRIEF, kind="case_study")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)

    assert made.status == "published"
