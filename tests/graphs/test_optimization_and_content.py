"""The strategist's other deliverables on a simulated client: what to change in a running campaign, and what goes out when."""

from __future__ import annotations

import pytest

BRIEF = "R15 000 a month, Google Ads, Meta, LinkedIn, TikTok and email, goal: bookings"


async def made_for(office, slug, kind, brief=BRIEF):
    run_id = await office.start(slug, brief, kind=kind)
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    assert made.verdict["ok"] is True
    return made


@pytest.mark.asyncio(loop_scope="session")
async def test_an_optimisation_says_for_each_channel_what_changes_and_when_that_is_undone(office):
    made = await made_for(office, "salon", "campaign_optimization")
    assert [change["channel"] for change in made.content["changes"]] == ["Google Ads", "Meta", "LinkedIn", "TikTok", "Email"]
    assert all("{{E" in change["proposed"] and "{{E" in change["stop_when"] for change in made.content["changes"])
    assert "## What to test next" in made.markdown
    assert "*Table: " in made.markdown.split("## Budget")[1].split("## ")[0]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_content_plan_keeps_to_lengths_that_were_read_and_says_where_none_was(office):
    made = await made_for(office, "salon", "content_plan")
    limits = {row["channel"]: row["limits"] for row in made.content["lengths"]}
    assert set(limits) == {"Google Ads", "Meta", "LinkedIn", "TikTok", "Email"}
    assert "google_ads.headline}}" in limits["Google Ads"]
    assert limits["TikTok"] == "No length could be read from a source."
    days = [row["out_in_days"] for row in made.content["calendar"]]
    assert days == sorted(days)
    assert {row["channel"] for row in made.content["calendar"]} == set(limits)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", ["campaign_optimization", "content_plan"])
async def test_a_newcomer_gets_both(office, kind):
    await made_for(office, "newcomer", kind, "R6 000 a month on Google Ads and Meta, goal: purchases. We only started this month.")
