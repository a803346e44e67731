"""Tasks: asked for by a form, followed as they go, stopped; and what a brief that cannot be used gets."""

from __future__ import annotations

import asyncio
import json

import pytest

from store import runs
from tests.api.support import jobs_of
from tests.web.waiting import services_of, worked

BRIEF = "R15 000 a month, Google Ads and Meta. Goal: bookings."


async def run_of(answer):
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("/")[-1].partition("?")[0]


async def tasks_of(database, owner):
    async with database.transaction(owner.workspace.id) as connection:
        return await runs.list_runs(connection)


async def test_the_form_starts_one_task_however_often_it_is_sent(owner, database):
    form = (await owner.http.get("/c/salon/tasks/new")).text
    once = form.split('name="once" value="')[1].split('"')[0]
    answers = await asyncio.gather(*(owner.send("/c/salon/tasks", kind="strategy", brief=BRIEF, once=once) for _ in range(3)))
    ids = {await run_of(answer) for answer in answers}
    assert len(ids) == 1
    [run] = await tasks_of(database, owner)
    assert {run.id} == ids
    assert (run.kind, run.brief, run.asked_by) == ("strategy", BRIEF, owner.member.actor)
    assert await jobs_of(database, run.id) == 1
    other = await owner.send("/c/salon/tasks", kind="strategy", brief=BRIEF + " And LinkedIn.", once=once)
    assert await run_of(other) not in ids, "the back button and another brief are another task"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "strategy", "brief": "  "}, "the brief is empty"),
        ({"kind": "poem", "brief": BRIEF}, "there is no task of kind"),
        ({"kind": "strategy", "brief": "x" * 20_001}, "at most 20000 characters"),
        ({"kind": "strategy", "brief": "R0 a month. <b>Goal</b>"}, "budget"),
    ],
)
async def test_a_brief_that_cannot_be_used_comes_back_with_the_reason(owner, database, fields, said):
    answer = await owner.send("/c/salon/tasks", **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert said in answer.text
    typed = fields["brief"].replace("<", "&lt;").replace(">", "&gt;")
    assert typed in answer.text, "what was typed is still there"
    assert await tasks_of(database, owner) == []


async def test_the_events_of_a_task_end_when_their_reader_is_signed_out(owner, database):
    task = await run_of(await owner.send("/c/salon/tasks", kind="strategy", brief=BRIEF))
    async with owner.http.stream("GET", f"/c/salon/tasks/{task}/events") as events:
        lines = events.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        async with database.transaction(owner.workspace.id) as connection:
            await connection.execute("DELETE FROM sessions WHERE member_id = %s", (owner.member.id,))

        async def rest():
            return [line async for line in lines]

        assert not any("finished" in line for line in await asyncio.wait_for(rest(), 30))


async def test_its_steps_are_shown_and_come_as_they_happen(owner, database, store_settings):
    run = await worked(services_of(database, store_settings), owner)
    page = (await owner.http.get(f"/c/salon/tasks/{run}")).text
    assert "Read the brief" in page
    assert "Describe data" in page
    assert 'aria-label="Open result E1"' in page
    assert "Checked the text" in page
    assert ">Stop</button>" not in page
    assert "/c/salon/deliverables/dl_" in page
    part = (await owner.http.get(f"/c/salon/tasks/{run}/now")).text
    assert "<html" not in part
    assert "Checked the text" in part
    kinds = []
    async with owner.http.stream("GET", f"/c/salon/tasks/{run}/events?after=3") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                assert event["number"] > 3
                kinds.append(event["kind"])
    assert kinds[-1] == "finished"


async def test_a_task_is_stopped_by_who_may(owner, people, database):
    run = await run_of(await owner.send("/c/salon/tasks", kind="report", brief="Monthly report for October 2026"))
    assert f"/tasks/{run}" in (await owner.http.get("/c/salon/deliverables")).text, "what is being made stands above the list"
    auditor, stranger = await people("auditor", beside=owner), await people()
    quiet = (await auditor.http.get(f"/c/salon/tasks/{run}")).text
    assert ">Stop</button>" not in quiet
    assert (await auditor.send(f"/c/salon/tasks/{run}/stop")).status_code == 403
    assert (await auditor.http.get("/c/salon/tasks/new")).status_code == 403
    assert (await auditor.send("/c/salon/tasks", kind="strategy", brief=BRIEF)).status_code == 403
    for rest in ("", "/now", "/events"):
        assert (await stranger.http.get(f"/c/salon/tasks/{run}{rest}")).status_code == 404
    assert (await owner.send(f"/c/salon/tasks/{run}/stop")).headers["location"].endswith("said=stopped")
    page = (await owner.http.get(f"/c/salon/tasks/{run}")).text
    assert "Stopped" in page
    assert "Ask again with this brief" in page
    again = (await owner.http.get(f"/c/salon/tasks/new?like={run}")).text
    assert "Monthly report for October 2026</textarea>" in again
    assert 'value="report" checked' in again


async def test_the_list_says_how_to_begin(owner):
    assert "Nobody has asked for anything yet." in (await owner.http.get("/c/salon/tasks")).text
