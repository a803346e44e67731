"""A client report from brief to deliverable with the offline rules: verified, comparing with the last one, its promises scored."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from agents.reporter import Report
from demo.clients import AS_OF
from graphs.promised import past_promises
from graphs.tasks import create_task
from store import deliverables

SUMMARY_WORDS = 120


async def make(office, slug: str, brief: str, as_of: date = AS_OF, kind: str = "report"):
    """A run of the office on a day, executed; the run and what it made."""

    async def nobody(*_):
        """The test runs it itself."""

    async with office.services.database.transaction(office.workspace.id) as connection:
        run = await create_task(
            connection, office.workspace.id, client=slug, kind=kind, brief=brief, actor="test", enqueue=nobody, as_of=as_of
        )
    ended = await office.execute(run.id)
    return ended, await office.deliverable(run.id)


@pytest.fixture(scope="module")
async def september(office):
    return await make(office, "salon", "Monthly report for September 2026, goal: 4000 bookings", date(2026, 9, 30))


@pytest.fixture(scope="module")
async def october(office, september):
    return await make(office, "salon", "Monthly report for October 2026, goal: 5600 bookings, budget R18 000")


async def test_a_brief_becomes_a_published_report(october):
    run, made = october
    assert (run.status, made.status, run.error) == ("succeeded", "published", None)
    Report.model_validate(made.content)
    assert made.kind == "report"
    assert {numeral["verdict"] for numeral in made.verdict["numerals"]} <= {"VERIFIED", "EXEMPT"}
    assert sum(numeral["verdict"] == "VERIFIED" for numeral in made.verdict["numerals"]) >= 60


async def test_bad_news_stands_above_everything_else(october):
    _, made = october
    first = made.markdown.split("## ")[1]
    assert first.startswith("In short")
    assert "The goal for bookings is missed" in first.split("\n\n")[1]
    assert made.markdown.index("What did not go as planned") < made.markdown.index("## Goals")


async def test_at_most_three_actions_each_with_a_threshold(october):
    _, made = october
    actions = made.content["actions"]
    assert 1 <= len(actions) <= 3
    assert all(action["stop_when"] and action["owner"] and action["effort"] for action in actions)


async def test_the_last_reports_range_is_scored(office, september, october):
    run, made = october
    assert "Promised in the report of" in made.markdown
    scored = [record for record in await office.evidence(run.id) if record.tool == "score_promises"]
    assert len(scored) == 1
    assert scored[0].request["promises"][0]["made_on"] == "2026-09-30"
    assert scored[0].result["scores"][0]["outcome"] == "kept"
    assert "D" in made.evidence_aliases


async def test_the_trade_keeps_to_the_appendix(october):
    _, made = october
    before = made.markdown.split("## For the analyst")[0]
    assert not [term for term in ("Divisia", "CPA", "ROAS", "CTR", "interval", "Bonferroni") if term in before]


async def test_a_weekly_report_follows_its_week(office):
    run, made = await make(office, "salon", "Weekly report, goal: 1200 bookings")
    assert made.status == "published", run.error
    assert "2026-10-19 to 2026-10-25" in made.title
    compared = next(record for record in await office.evidence(run.id) if record.tool == "compare_periods")
    assert (compared.result["period"], compared.result["compared_with"]) == ("2026-10-19/2026-10-25", "2026-10-12/2026-10-18")


@pytest.mark.parametrize("brief", ["Monthly report for October 2026, goal: 90 purchases", "Weekly report", "Monthly report"])
async def test_a_client_of_three_weeks_is_told_what_can_be_said(office, brief):
    run, made = await make(office, "newcomer", brief)
    assert made.status == "published", (run.error, made.verdict)
    assert "record" in made.markdown


async def test_an_experiment_that_the_brief_names_is_read_out(office):
    brief = "Monthly report for June 2026, experiment first_booking_offer, event offer_redeemed, goal: 4000 bookings"
    run, made = await make(office, "salon", brief, date(2026, 8, 1))
    assert made.status == "published", (run.error, made.verdict)
    assert any(record.tool == "analyze_experiment" for record in await office.evidence(run.id))
    assert "ten percent off" in made.markdown.split("## Experiments")[1].split("## ")[0]


async def test_promises_are_those_of_published_deliverables_of_days_before_this_client_alone(office, september):
    async def promised(slug: str, as_of: date):
        async with office.services.database.transaction(office.workspace.id) as connection:
            return await past_promises(connection, office.clients[slug], "rn_other", as_of, "ev_d")

    known = await promised("salon", date(2026, 10, 1))
    assert known is not None
    assert [promise["made_in"] for promise in known.result["promises"]] == ["report"]
    assert known.figures[0].basis == "model"
    assert await promised("salon", date(2026, 9, 30)) is None, "a report does not score what is promised on its own day"
    newcomers = await promised("newcomer", AS_OF + timedelta(days=1))
    assert newcomers is None or all("salon" not in str(promise) for promise in newcomers.result["promises"])


async def test_a_rejected_or_unfinished_report_promised_nothing(office, september):
    _, made = september
    async with office.services.database.transaction(office.workspace.id) as connection:
        await deliverables.set_status(connection, made.id, "rejected")
    try:
        async with office.services.database.transaction(office.workspace.id) as connection:
            assert await past_promises(connection, office.clients["salon"], "rn_other", date(2026, 10, 1), "ev_d") is None
    finally:
        async with office.services.database.transaction(office.workspace.id) as connection:
            await deliverables.set_status(connection, made.id, "published")
