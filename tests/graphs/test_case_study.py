"""The case-study writer on a simulated client: a matched difference, no invented word, and assets that agree to the digit."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import pytest_asyncio

from agents.case_study_writer import CaseStudy

BRIEF = "Find a customer whose bookings grew and write a case study"
FIGURE = re.compile(r"\[([^\]]+)\]\(evidence:([^)]+)\)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(office):
    run_id = await office.start("salon", BRIEF, kind="case_study")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    return await office.deliverable(run_id)


def faults(content: dict[str, Any]) -> dict[str, str]:
    """Path to problem; what a reader sees stands in for slots."""
    return {path: problem for path, _, problem in CaseStudy.model_validate(content).faults(lambda text: text)}


def changed(content: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    made = copy.deepcopy(content)
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    return made


@pytest.mark.asyncio(loop_scope="session")
async def test_a_case_study_is_told_against_comparable_customers_and_verifies(told):
    assert told.status == "published"
    assert told.verdict["ok"] is True
    body = told.markdown.split("## Assets")[0]
    assert "comparable customers the change over the same days is" in body
    assert re.search(r"estimated at \[[^\]]+\]\(evidence:E\d+\.difference\) \(\[[^\]]+\]\(evidence:E\d+\.difference\.low\) to", body)
    assert "chosen for its change among all that were looked at" in body
    assert "not what caused it" in body
    assert "Customers who left in this time" in body
    assert "could not be shown" not in told.markdown


@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_counted_stays_observed_though_a_model_chose_the_customer(told, office):
    """The writer has to say "is estimated" of a model's figure: a count on record is none."""
    [matched] = [record for record in await office.evidence(told.run_id) if record.tool == "compare_matched"]
    bases = {figure.key: figure.basis for figure in matched.figures}
    assert {bases[key] for key in ("before", "after", "change", "controls")} == {"observed"}
    assert {bases[key] for key in ("difference", "extra")} == {"model"}


@pytest.mark.asyncio(loop_scope="session")
async def test_all_assets_agree_with_the_case_study_to_the_digit(told):
    body, _, rest = told.markdown.partition("## Assets")
    assets = rest.partition("## What to do")[0]
    shown = {place: text for text, place in FIGURE.findall(body)}
    used = FIGURE.findall(assets)
    assert [asset["kind"] for asset in told.content["assets"]] == ["One-pager", "Quote card", "Social post", "Sales slide"]
    assert len(used) >= 10
    assert all(shown[place] == text for text, place in used)


@pytest.mark.asyncio(loop_scope="session")
async def test_nobody_is_named_or_quoted_before_they_agree(told):
    assert told.content["quotes"] == []
    name = re.search(r"The customer is ([^,]+),", told.markdown)[1]
    outside = [told.content["consent_request"], *(asset[part] for asset in told.content["assets"] for part in ("headline", "text"))]
    assert all(name not in text for text in outside)
    assert "Quote still to be given, and approved word for word, by {{account.name}}" in told.markdown
    assert "No consent to be named or quoted is on record" in told.markdown
    assert "We do not name a salon without its written permission." in told.markdown


@pytest.mark.asyncio(loop_scope="session")
async def test_without_businesses_on_record_it_says_that_there_is_no_case_yet(office):
    run_id = await office.start("newcomer", BRIEF, kind="case_study")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    assert made.content["summary"][0].startswith("There is no case to tell yet")
    assert made.content["assets"] == []
    assert made.content["consent_request"].startswith("Nobody is asked")


@pytest.mark.asyncio(loop_scope="session")
async def test_where_nobody_stands_out_beyond_chance_no_story_is_told(office):
    run_id = await office.start("salon", "Find a customer whose reminders grew and tell their story", kind="case_study")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    [search] = [record for record in await office.evidence(run_id) if record.tool == "find_case_studies"]
    assert search.request["measure"] == "reminders"
    assert made.content["assets"] == []
    assert "no customer stands out against comparable ones beyond chance" in made.markdown
    assert "could not be shown" not in made.markdown


@pytest.mark.asyncio(loop_scope="session")
async def test_what_nobody_counts_is_answered_with_what_is_counted(office):
    run_id = await office.start("salon", "Find a customer whose dreams grew", kind="case_study")
    await office.execute(run_id)
    made = await office.deliverable(run_id)
    assert made.status == "published"
    searches = [record.request["measure"] for record in await office.evidence(run_id) if record.tool == "find_case_studies"]
    assert searches == [None]
    assert len(made.content["assets"]) == 4


@pytest.mark.asyncio(loop_scope="session")
async def test_what_the_writer_gave_holds_and_each_thing_that_may_not_be_is_found(told):
    good = told.content
    assert faults(good) == {}
    asset = good["assets"][0]["text"]

    invented = faults(changed(good, "assets", 1, "text", to="“Our guests love it.”"))
    assert "somebody's" in invented["assets.1.text"]
    assert "somebody's" in faults(changed(good, "done", 0, to='The owner says "we opened late".'))["done.0"]

    quote = {"text": "[[C1: it saved my evenings]]", "said_by": "owner", "approved": "[[C1: she agreed to be quoted]]"}
    assert faults(changed(good, "quotes", to=[quote])) == {}
    assert "exact words" in faults(changed(good, "quotes", to=[quote | {"text": "It saved my evenings."}]))["quotes.0.text"]
    assert (
        "do not show" in faults(changed(good, "quotes", to=[quote | {"approved": "[[C1: she said it in passing]]"}]))["quotes.0.approved"]
    )

    other = faults(changed(good, "assets", 0, "text", to=asset + " {{E2.clear}}"))
    assert "assets tell nothing new" in other["assets.0.text"]
    assert "one of each kind" in faults(changed(good, "assets", to=good["assets"][:3]))["assets"]
    assert "room for" in faults(changed(good, "assets", 1, "text", to="word " * 60))["assets.1.text"]


@pytest.mark.asyncio(loop_scope="session")
async def test_without_a_matched_difference_no_headline_tells_a_result(told):
    bare = changed(told.content, "before_after", to=["Before, {{E3.before}} bookings are on record, and after, {{E3.after}}."])
    bare["assets"] = [asset | {"headline": "A salon and its diary", "text": "What it did."} for asset in bare["assets"]]
    assert faults(bare) == {}
    for headline in ("Bookings grew at {{account.name}}", "More bookings thanks to the diary", "{{account.name}} doubled its evenings"):
        assert "no clear matched difference" in faults(changed(bare, "assets", 0, "headline", to=headline))["assets.0.headline"]
    assert "no clear matched difference" in faults(bare | {"title": "How a salon raised its bookings"})["title"]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_headline_carries_the_matched_difference_and_only_one_beyond_chance(told):
    alone = faults(changed(told.content, "assets", 0, "headline", to="Bookings changed by {{E3.change}}"))
    assert "not the matched difference" in alone["assets.0.headline"]

    def unclear(text: str) -> str:
        return text.replace("{{E3.difference.low}}", "-3%")

    found = {path for path, _, _ in CaseStudy.model_validate(told.content).faults(unclear)}
    assert "assets.0.headline" in found
