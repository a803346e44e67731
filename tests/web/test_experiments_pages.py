"""Experiments on pages: planned by a form, registered, looked at, decided; what cannot be done is not offered and refused in words."""

from __future__ import annotations

import re

import pytest

from store.clients import set_profile
from tests.web.test_data_pages import fields_of

PLAN = {
    "name": "short form", "hypothesis": "A form with three fields instead of nine brings more bookings.", "unit": "contact",
    "exposure_rule": "the first time the form is shown", "traffic": "100", "window_days": "7",
    "arm.0.name": "control", "arm.0.weight": "1", "arm.1.name": "short", "arm.1.weight": "1", "arm.1.description": "three fields",
    "metric.0.name": "booking_rate", "metric.0.role": "primary", "metric.0.kind": "conversion", "metric.0.source": "events",
    "metric.0.event": "booking", "metric.0.of": "any", "metric.0.minimum": "15", "metric.0.direction": "increase",
    "metric.1.name": "refunds", "metric.1.role": "guardrail", "metric.1.kind": "conversion", "metric.1.source": "events",
    "metric.1.event": "refund", "metric.1.of": "any", "metric.1.margin": "20", "metric.1.direction": "decrease",
    "method": "anytime", "planned_units": "20,000", "level": "95", "source": "sums", "action": "save",
}  # fmt: skip
SUMS = {
    "kind": "read_out", "assigned.0": "2100", "assigned.1": "2080",
    "sums.0.0.units": "2000", "sums.0.0.conversions": "200", "sums.0.1.units": "2000", "sums.0.1.conversions": "300",
    "sums.1.0.units": "2000", "sums.1.0.conversions": "400", "sums.1.1.units": "2000", "sums.1.1.conversions": "250",
}  # fmt: skip
LIST = "/c/salon/experiments"


async def planned(person, **changes):
    answer = await person.send(f"{LIST}/new", **(PLAN | changes))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


async def started(person, **changes):
    here = await planned(person, **changes)
    answer = await person.send(f"{here}/start")
    assert answer.status_code == 303, answer.text
    return here


async def looked(person, here, **changes):
    answer = await person.send(f"{here}/looks", **(SUMS | changes))
    assert answer.status_code == 303, answer.text
    return (await person.http.get(here)).text


def buttons(page):
    """What the page offers to do."""
    found = re.findall(r'<button[^>]*>([^<]+)</button>|<a class="button[^>]*>([^<]+)</a>', page[page.index("<main") :])
    return {button or link for button, link in found}


async def test_from_plan_to_decision(owner):
    assert "No experiments yet" in (await owner.http.get(LIST)).text
    here = await planned(owner)
    draft = (await owner.http.get(here)).text
    assert {"Start", "Edit the plan", "Cancel"} <= buttons(draft)
    assert "Read it out" not in buttons(draft)
    assert "planned units" not in draft.lower() or "20" in draft
    await owner.send(f"{here}/start", reason="agreed on Monday")
    active = (await owner.http.get(here)).text
    assert re.search(r"<dt>SHA-256</dt><dd><code>[0-9a-f]{64}</code>", active)
    assert "Nobody has looked at the split yet." in active
    assert "No read-out yet" in active
    page = await looked(owner, here)
    assert "What the last look says: ship" in page
    assert "Short is better than the control on booking rate" in page
    assert "What it would cost to be wrong" in page
    assert re.search(r'href="/evidence/ev_[^"]+#wrong\.cost"', page)
    for said in (
        "Units went to the arms in the planned shares.", "4\N{NO-BREAK SPACE}000 of 20\N{NO-BREAK SPACE}000 planned units are in",
        "It ran for 0 days since its registration; 14 let each arm see every weekday twice.", "A worsening beyond its margin is ruled out.",
    ):  # fmt: skip
        assert said in page, said
    assert "Guardrail: refunds" in page
    ended = await owner.send(f"{here}/complete", decision="ship")
    assert ended.status_code == 303
    done = (await owner.http.get(here)).text
    assert "Decided: ship it, arm short" in done
    assert "By A owner on" in done
    assert buttons(done) == set(), "nothing moves it any more"
    assert "decided: ship" in (await owner.http.get(LIST)).text


async def test_each_look_adds_to_the_chart_its_table_and_the_log(owner):
    here = await started(owner)
    early = {"sums.0.0.units": "400", "sums.0.1.units": "400", "sums.0.0.conversions": "40", "sums.0.1.conversions": "50"}
    early |= {"sums.1.0.units": "400", "sums.1.1.units": "400", "sums.1.0.conversions": "80", "sums.1.1.conversions": "70"}
    first = await looked(owner, here, **early)
    assert "What the last look says: keep running" in first
    assert "It could still be worse than its margin." in first
    page = await looked(owner, here)
    table = page[page.index("Effect on booking_rate at each look") :]
    table = table[: table.index("</table>")]
    assert len(re.findall(r"<tr><td", table)) == 2
    assert "50%" in table
    assert page.count("chart.svg?looks=2") == 2, "a chart for the metric that decides and one for the guardrail"
    picture = await owner.http.get(f"{here}/metrics/0/chart.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    for drawn in ("smallest effect worth finding", "no effect", "always-valid interval"):
        assert drawn in picture.text
    assert "margin" in (await owner.http.get(f"{here}/metrics/1/chart.svg")).text
    assert (await owner.http.get(f"{here}/metrics/7/chart.svg")).status_code == 404
    log = page[page.index("Log of looks") :]
    assert log[: log.index("</table>")].count("A owner") == 2


async def test_a_split_that_is_not_the_planned_one_closes_the_gate_and_shows_no_effect(owner):
    here = await started(owner)
    page = await looked(owner, here, **{"assigned.0": "3000"})
    assert "Units did not go to the arms in the planned shares: no effect can be read." in page
    assert "What the last look says: invalid" in page
    assert "chart.svg" not in page
    assert (await owner.http.get(f"{here}/metrics/0/chart.svg")).status_code == 404


async def test_a_test_that_is_read_once_is_offered_once_and_not_before_its_sample_is_in(owner):
    here = await started(owner, method="fixed", planned_units="4000")
    fewer = {f"sums.{metric}.{arm}.units": "1500" for metric in (0, 1) for arm in (0, 1)}
    early = await owner.send(f"{here}/looks", **(SUMS | fewer))
    assert early.status_code == 422
    assert "until then its effects are shown to nobody" in early.text
    assert "chart.svg" not in early.text
    page = await looked(owner, here)
    assert "What the last look says: ship" in page
    assert "Read it out" not in buttons(page)
    assert "Check the split only" in buttons(page)
    assert (await owner.send(f"{here}/looks", **SUMS)).status_code == 409


async def test_the_split_alone_can_be_checked(owner):
    here = await started(owner)
    page = await looked(owner, here, kind="sample_ratio")
    assert "Units went to the arms in the planned shares." in page
    assert "Nobody has read the experiment out yet." in page
    assert "split only" in page


async def test_illegal_moves_are_not_offered_and_are_told_on_a_page(owner):
    here = await planned(owner)
    for path, fields in (
        (f"{here}/move", {"move": "pause"}),
        (f"{here}/complete", {"decision": "invalid", "reason": "x"}),
        (f"{here}/looks", SUMS),
    ):
        answer = await owner.send(path, **fields)
        assert answer.status_code == 409, path
        assert "<h1" in answer.text
    await owner.send(f"{here}/start")
    again = await owner.send(f"{here}/start")
    assert again.status_code == 409
    assert "is active and cannot be started: it can be paused or completed or cancelled" in again.text
    assert "Start" not in buttons((await owner.http.get(here)).text)
    assert (await owner.send(f"{here}/move", move="pause")).status_code == 303
    paused = buttons((await owner.http.get(here)).text)
    assert "Resume" in paused
    assert "Pause" not in paused
    assert (await owner.send(f"{here}/move", move="resume")).status_code == 303
    assert (await owner.send(f"{here}/move", move="cancel")).status_code == 303
    assert (await owner.http.get(f"{here}/edit")).status_code == 409
    assert (await owner.send(f"{here}/move", move="explode")).status_code == 422


async def test_a_decision_against_the_last_look_needs_its_reason_and_keeps_what_was_typed(owner):
    here = await started(owner)
    unread = (await owner.http.get(here)).text
    assert 'value="ship"' not in unread, "nothing is shipped without a read-out"
    await looked(owner, here)
    refused = await owner.send(f"{here}/complete", decision="roll_back")
    assert refused.status_code == 422
    assert "The last look says ship and the decision is roll_back: give the reason." in refused.text
    assert re.search(r'value="roll_back" required checked', refused.text)
    assert (await owner.send(f"{here}/complete", decision="roll_back", reason="legal said no")).status_code == 303
    page = (await owner.http.get(here)).text
    assert "Decided: roll it back" in page
    assert "legal said no" in page


async def test_a_plan_that_leaves_things_open_is_kept_and_says_what_the_start_needs(owner):
    here = await planned(owner, hypothesis="", planned_units="", **{"metric.0.minimum": ""})
    page = (await owner.http.get(here)).text
    assert "Before the start the plan has to say: hypothesis, metrics.booking_rate.minimum_effect, analysis.planned_units" in page
    assert "Start" not in buttons(page)
    assert (await owner.send(f"{here}/start")).status_code == 422
    form = (await owner.http.get(f"{here}/edit")).text
    assert 'value="booking_rate"' in form
    changed = await owner.send(
        f"{here}/edit", **(PLAN | {"hypothesis": "Shorter is better.", "arm.2.name": "shorter", "arm.2.weight": "2"})
    )
    assert changed.status_code == 303
    page = (await owner.http.get(here)).text
    assert "Shorter is better." in page
    assert "shorter" in page
    assert "Start" in buttons(page)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give the experiment a name"),
        ({"arm.1.name": ""}, "Name at least two arms"),
        ({"metric.0.name": "", "metric.1.name": ""}, "Name the metric that decides"),
        ({"metric.0.minimum": "a lot"}, "is no number"),
        ({"planned_units": "20.5"}, "is no whole number"),
        ({"traffic": "300"}, "The plan cannot be used: traffic"),
        ({"arm.1.name": "control"}, "Arms"),
        ({"source": "exposures", "metric.0.event": ""}, "Say which event counts for booking rate"),
        ({"layer": "Not A Layer!"}, "layer"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_and_what_was_typed_stays(owner, changes, said):
    answer = await owner.send(f"{LIST}/new", **(PLAN | changes))
    assert answer.status_code == 422
    assert said.lower() in answer.text[answer.text.index('role="alert"') :][:400].lower()
    assert "A form with three fields instead of nine brings more bookings." in answer.text
    assert "No experiments yet" in (await owner.http.get(LIST)).text


async def test_a_name_that_is_taken_is_told_on_the_form(owner):
    await planned(owner)
    answer = await owner.send(f"{LIST}/new", **PLAN)
    assert answer.status_code == 422
    assert "already has an experiment" in answer.text


async def test_amendments_are_weighed_before_they_are_made(owner):
    here = await started(owner)
    form = plan_fields((await owner.http.get(f"{here}/edit")).text)
    same = await owner.send(f"{here}/edit", **(form | {"action": "weigh"}))
    assert "nothing would change" in same.text
    plainer = form | {"hypothesis": "Shorter is better."}
    weighed = await owner.send(f"{here}/edit", **(plainer | {"action": "weigh"}))
    assert "recorded amendment" in weighed.text
    assert "Shorter" not in (await owner.http.get(here)).text, "weighing changes nothing"
    unsaid = await owner.send(f"{here}/edit", **(plainer | {"action": "amend", "reason": " "}))
    assert unsaid.status_code == 422
    assert "Say why" in unsaid.text
    assert (await owner.send(f"{here}/edit", **(plainer | {"action": "amend", "reason": "plainer"}))).status_code == 303
    page = (await owner.http.get(here)).text
    assert "Shorter is better." in page
    assert "plainer" in page
    assert "invalidated</span>" not in page
    other = await owner.send(f"{here}/edit", **(plainer | {"unit": "account", "action": "weigh"}))
    assert "not possible after the start" in other.text
    assert "Amend the plan</button>" not in other.text
    refused = await owner.send(f"{here}/edit", **(plainer | {"unit": "account", "action": "amend", "reason": "x"}))
    assert refused.status_code == 409
    method = plainer | {"method": "fixed"}
    assert "invalidates the experiment" in (await owner.send(f"{here}/edit", **(method | {"action": "weigh"}))).text
    assert (await owner.send(f"{here}/edit", **(method | {"action": "amend", "reason": "faster"}))).status_code == 303
    invalid = (await owner.http.get(here)).text
    assert "Invalidated on" in invalid
    assert "Read it out" not in buttons(invalid)
    assert re.findall(r'name="decision" value="(\w+)"', invalid) == ["invalid"]


def plan_fields(page):
    """The plan's form as it is shown, hidden and empty fields too."""
    start = page.index('class="plan"')
    return (
        fields_of(page[:start] + 'id="mapping"' + page[start:])
        | {"hypothesis": re.search(r'name="hypothesis"[^>]*>([^<]*)</textarea>', page).group(1)}
        | dict(re.findall(r'<input id="[^"]+" name="([^"]+)" value="([^"]*)"', page))
    )


async def test_the_design_says_what_the_test_would_take_and_fills_in_the_planned_units(owner):
    stated = PLAN | {"planned_units": "", "design.rate": "4", "design.units_per_week": "6 000", "action": "design"}
    page = (await owner.send(f"{LIST}/new", **stated)).text
    assert "Sample size per arm" in page
    assert re.search(r'href="/evidence/ev_[^"]+#sample_size_per_arm"', page)
    assert re.search(r'name="planned_units" value="\d{4,}"', page)
    assert "The planned units above are filled in from this." in page
    assert "chart.svg" in page
    profit = stated | {"design.profit": "yes", "design.margin": "100", "design.new_margin": "80"}
    page = (await owner.send(f"{LIST}/new", **profit)).text
    assert "earns the same" in page
    assert "25%" in page
    unknown = await owner.send(f"{LIST}/new", **(stated | {"design.rate": ""}))
    assert unknown.status_code == 422
    assert "Give baseline_rate" in unknown.text
    assert "No experiments yet" in (await owner.http.get(LIST)).text, "working it out keeps no plan"


async def test_sums_that_cannot_be_are_told_and_stay_typed(owner):
    here = await started(owner)
    lacking = await owner.send(f"{here}/looks", **(SUMS | {"sums.0.1.conversions": ""}))
    assert lacking.status_code == 422
    assert "converted of short for booking rate are missing" in lacking.text
    assert 'value="2080"' in lacking.text
    more = await owner.send(f"{here}/looks", **(SUMS | {"sums.0.1.conversions": "9999"}))
    assert more.status_code == 422
    assert "more conversions (9999) than units (2000)" in more.text


async def test_reading_exposures_that_are_not_there_says_so(owner):
    here = await started(owner, source="exposures")
    answer = await owner.send(f"{here}/looks", kind="read_out")
    assert answer.status_code == 422
    assert "there are no exposures for this client" in answer.text.lower()
    assert "Nobody has looked yet." in answer.text


@pytest.mark.parametrize("role", ["writer", "approver", "auditor"])
async def test_who_may_only_read_sees_all_and_is_offered_nothing(people, owner, role):
    here = await started(owner)
    reader = await people(role, beside=owner)
    page = (await reader.http.get(here)).text
    assert "Gates" in page
    assert buttons(page) == set()
    assert "Plan an experiment" not in (await reader.http.get(LIST)).text
    assert (await reader.http.get(f"{LIST}/new")).status_code == 403
    for path in ("start", "move", "complete", "looks", "edit"):
        assert (await reader.send(f"{here}/{path}", **SUMS)).status_code == 403


async def test_another_workspace_reaches_nothing_and_the_portal_neither(people, owner):
    here = await started(owner)
    stranger, portal = await people(), await people("client", beside=owner)
    for path in ("", "/edit", "/metrics/0/chart.svg"):
        assert (await stranger.http.get(here + path)).status_code == 404
        assert (await portal.http.get(here + path)).status_code == 403
    for path in ("start", "move", "complete", "looks", "edit"):
        assert (await stranger.send(f"{here}/{path}", move="pause", **(PLAN | SUMS))).status_code == 404


async def test_hostile_text_stays_text(owner):
    script = "<script>alert(1)</script>"
    hostile = {"name": script, "hypothesis": script, "exposure_rule": script, "arm.1.name": script, "arm.1.description": script}
    here = await started(owner, **hostile, **{"metric.0.name": script})
    pages = [(await owner.http.get(path)).text for path in (LIST, here, f"{here}/edit")] + [await looked(owner, here)]
    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    picture = (await owner.http.get(f"{here}/metrics/0/chart.svg")).text
    assert "<script>alert" not in picture


async def test_simulated_data_is_called_simulated(owner, database):
    here = await planned(owner)
    async with database.transaction(owner.workspace.id) as connection:
        await set_profile(connection, owner.client.id, {"today": "2026-10-31"})
    for path in (LIST, here):
        assert "The data of this client is simulated" in (await owner.http.get(path)).text
