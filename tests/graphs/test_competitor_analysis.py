"""The competitor analyst on a simulated client: what was seen with place and day, and nothing that was not."""

from __future__ import annotations

import pytest

BRIEF = "How do we stand against our competitors, and what changed since spring? Goal: bookings."


@pytest.mark.asyncio(loop_scope="session")
async def test_an_analysis_says_where_and_when_each_claim_was_seen_and_verifies(office):
    run_id = await office.start("salon", BRIEF, kind="competitor_analysis")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    assert made.verdict["ok"] is True
    claims = made.content["claims"]
    assert {claim["who"] for claim in claims} == {f"Rival {letter} (simulated)" for letter in "ABC"}
    assert all(".last_seen}}" in claim["when"] or claim["when"].startswith(("see the date", "period")) for claim in claims)
    assert any(claim["where"] == "https://rival-a.example/prices" for claim in claims)
    assert 'says "walk in, no booking needed"' in made.markdown
    assert "(Notes on competitors, 2026-10-12)" in made.markdown
    assert all(block["inference"].startswith("We infer") for block in made.content["competitors"])
    assert "what is included, and whether tax is, was not recorded" in made.markdown
    assert "| Rival B (simulated) | massage |" in made.markdown


@pytest.mark.asyncio(loop_scope="session")
async def test_without_material_it_says_so_and_asks_for_the_first_look(office):
    run_id = await office.start("newcomer", BRIEF, kind="competitor_analysis")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    assert made.content["competitors"][0]["name"] == "None on record"
    assert "unknown" in made.markdown.split("## What was seen")[0]
    assert all(row["standing"] == "unknown" for row in made.content["choice"])
