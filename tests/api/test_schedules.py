"""Schedules through the door: made, shown with their next times in their zone, paused, run by hand, removed; bad input refused by field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from graphs import firing
from jobs.queue import enqueue
from tests.api.support import problem

SCHEDULE = {"client": "salon", "brief": "Monthly report on last month. Goal: bookings.", "cron": "0 7 * * mon#1", "zone": "Europe/Berlin"}


async def add(agency: Any, **said: Any) -> dict[str, Any]:
    answer = await agency.http.post("/schedules", json={**SCHEDULE, **said})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/schedules/{answer.json()['id']}"
    return answer.json()


async def test_a_schedule_from_its_making_to_its_removal(ours, database, store_settings):
    made = await add(ours, recipients=["Thandi", "owner@example.org"])
    assert (made["client"], made["kind"], made["cron"], made["paused_at"]) == ("salon", "report", "0 7 * * mon#1", None)
    moments = [datetime.fromisoformat(moment) for moment in made["next"]]
    assert len(moments) == 4
    for moment in moments:
        there = moment.astimezone(ZoneInfo("Europe/Berlin"))
        assert (moment.utcoffset(), there.hour, there.weekday()) == (there.utcoffset(), 7, 0)
        assert there.day <= 7
    assert moments == sorted(moments)
    path = f"/schedules/{made['id']}"
    shown = (await ours.http.get(path)).json()
    assert shown == {**made, "history": []}
    assert (await ours.http.get("/schedules", params={"client": "salon"})).json() == {"schedules": [made]}
    paused = (await ours.http.post(f"{path}/pause")).json()
    assert (paused["next"], paused["paused_at"] is not None) == ([], True)
    asked = await ours.http.post(f"{path}/run")
    assert asked.status_code == 202
    [waiting] = asked.json()["history"]
    assert (waiting["outcome"], waiting["asked_by"].startswith("key:"), waiting["task"]) == ("due", True, None)
    await firing.tick(database, store_settings, enqueue)
    [fire] = (await ours.http.get(path)).json()["history"]
    assert (fire["outcome"], fire["at"][-6:]) == ("queued", waiting["at"][-6:])
    task = (await ours.http.get(f"/tasks/{fire['task']}")).json()
    assert (task["kind"], task["client"], task["brief"].startswith(SCHEDULE["brief"])) == ("report", "salon", True)
    # the agency has imported nothing, and that is told
    assert fire["alerts"] == [fire["reason"] + " The report is made all the same."]
    [alert] = (await ours.http.get("/alerts", params={"client": "salon"})).json()["alerts"]
    assert (alert["kind"], alert["schedule"], alert["client"], alert["task"]) == ("stale", made["id"], "salon", fire["task"])
    assert (await ours.http.post(f"{path}/resume")).json()["next"] == made["next"]
    assert (await ours.http.delete(path)).status_code == 204
    problem(await ours.http.get(path), 404, "not-found")
    problem(await ours.http.delete(path), 404, "not-found")
    assert (await ours.http.get(f"/tasks/{fire['task']}")).status_code == 200


async def test_a_plan_is_changed_from_the_next_time_on(ours):
    made = await add(ours, recipients=["Thandi"])
    path, plan = f"/schedules/{made['id']}", {"brief": "Weekly report. Goal: bookings.", "cron": "0 6 * * mon"}
    changed = (await ours.http.put(path, json=plan)).json()
    # a plan is replaced whole: what it leaves out is at its default again
    assert (changed["brief"], changed["cron"], changed["zone"], changed["recipients"]) == (*plan.values(), "Africa/Johannesburg", [])
    assert all(moment.endswith("T06:00:00+02:00") for moment in changed["next"])
    await ours.http.post(f"{path}/pause")
    assert (await ours.http.put(path, json={**plan, "cron": "0 5 * * mon"})).json()["next"] == []
    assert (await ours.http.post(f"{path}/resume")).json()["next"][0].endswith("T05:00:00+02:00")
    problem(await ours.http.put(path, json={**plan, "cron": "* * * * *"}), 422, "invalid-request")
    problem(await ours.http.put(path, json={**plan, "kind": "horoscope"}), 422, "invalid-input")
    problem(await ours.http.put("/schedules/sch_none", json=plan), 404, "not-found")


async def test_a_zone_that_is_left_out_is_the_clients(ours):
    made = await add(ours, zone=None)
    assert made["zone"] == "Africa/Johannesburg"
    assert all(moment.endswith("T07:00:00+02:00") for moment in made["next"])


async def test_a_request_sent_twice_makes_one_and_runs_one(ours):
    headers = {"Idempotency-Key": "september"}
    first, second = [await ours.http.post("/schedules", json=SCHEDULE, headers=headers) for _ in range(2)]
    assert (first.json()["id"], second.headers["idempotency-replayed"]) == (second.json()["id"], "true")
    for _ in range(2):
        asked = await ours.http.post(f"/schedules/{first.json()['id']}/run", headers={"Idempotency-Key": "now"})
    assert len(asked.json()["history"]) == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"zone": "Mars/Olympus"}, "body.zone"),
        ({"zone": "../../etc"}, "body.zone"),
        ({"cron": "*/5 * * * *"}, "body.cron"),
        ({"cron": "0 9 30 2 *"}, "body.cron"),
        ({"cron": "tomorrow at seven"}, "body.cron"),
        ({"recipients": ["x"] * 51}, "body.recipients"),
        ({"late_after_hours": 0}, "body.late_after_hours"),
        ({"sent_to": "everyone"}, "body.sent_to"),
    ],
)
async def test_a_shape_that_is_wrong_is_refused_by_its_field(ours, said, field):
    found = problem(await ours.http.post("/schedules", json={**SCHEDULE, **said}), 422, "invalid-request")
    assert [error["field"] for error in found["errors"]] == [field]


async def test_what_no_task_could_be_made_of_is_refused(ours):
    problem(await ours.http.post("/schedules", json={**SCHEDULE, "kind": "horoscope"}), 422, "invalid-input")
    problem(await ours.http.post("/schedules", json={**SCHEDULE, "brief": " "}), 422, "invalid-input")
    problem(await ours.http.post("/schedules", json={**SCHEDULE, "client": "nobody"}), 404, "not-found")
    assert (await ours.http.get("/schedules")).json() == {"schedules": []}


async def test_a_long_brief_comes_back_whole(ours):
    brief = (SCHEDULE["brief"] + " " + "Write of the salon in Sea Point. " * 200)[:5000]
    assert (await add(ours, brief=brief))["brief"] == brief


async def test_who_may_write_schedules(agencies):
    for role, status in (("strategist", 201), ("writer", 403), ("approver", 403), ("auditor", 403), ("client", 403)):
        agency = await agencies(role)
        assert (await agency.http.post("/schedules", json=SCHEDULE)).status_code == status, role
        assert (await agency.http.get("/schedules")).status_code == (403 if role == "client" else 200), role


async def test_a_deleted_client_takes_its_schedules_along(ours, database):
    made = await add(ours)
    async with database.transaction(ours.workspace.id) as connection:
        await connection.execute("DELETE FROM clients WHERE id = %s", (ours.client.id,))
    problem(await ours.http.get(f"/schedules/{made['id']}"), 404, "not-found")
    problem(await ours.http.post(f"/schedules/{made['id']}/run"), 404, "not-found")
    assert (await ours.http.get("/schedules")).json() == {"schedules": []}


async def test_the_next_times_are_to_come(ours):
    made = await add(ours, cron="0 * * * *")
    now = datetime.now(ZoneInfo("UTC"))
    moments = [datetime.fromisoformat(moment) for moment in made["next"]]
    assert all(moment > now - timedelta(minutes=1) for moment in moments)
    assert moments[0] - now <= timedelta(hours=2)
