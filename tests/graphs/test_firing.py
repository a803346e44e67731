"""The tick on a real Postgres: what is due is started once, whoever is at it, and what was started is followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import pytest_asyncio

from graphs import firing, scheduling
from graphs.firing import NO_WORKER, PATIENCE, tick
from graphs.scheduling import NoSuchSchedule, read_plan
from grounding.evidence import Locale
from jobs.queue import enqueue
from store import approvals, audit, clients, deliverables, events, policies, runs, schedule_fires, schedules
from store.clients import Client
from store.database import Database
from store.importing.tables import import_table
from store.schedule_fires import Fire
from store.schedules import Schedule
from store.settings import StoreSettings
from tests.api.support import jobs_of
from tools.contract import ToolInputError

BRIEF = "Monthly report on last month. Goal: bookings."
MONDAY = datetime(2025, 3, 3, 5, 0, tzinfo=UTC)
"""Long ago: no other test's schedule is due then. Seven o'clock in Johannesburg."""
NO_DATA = "There is no data yet: everything rests on what was stated, on benchmarks and on assumptions."


@dataclass(frozen=True)
class Office:
    """A client whose schedules are due on that Monday, and a clock that the test sets."""

    database: Database
    settings: StoreSettings
    client: Client

    async def add(self, next_at: datetime = MONDAY, **said: Any) -> Schedule:
        plan = read_plan({"brief": BRIEF, "cron": "0 7 * * *", "when_stale": "run", **said})
        async with self.database.transaction(self.client.workspace_id) as connection:
            made = await scheduling.create(connection, self.client, plan, actor="key:ann")
            await schedules.move_on(connection, made.id, next_at)
        return made

    async def tick(self, now: datetime = MONDAY) -> None:
        await tick(self.database, self.settings, enqueue, now)

    async def history(self, schedule: Schedule) -> list[Fire]:
        async with self.database.transaction(self.client.workspace_id) as connection:
            return await schedule_fires.history(connection, schedule.id)

    async def alerts(self) -> list[tuple[str, str]]:
        async with self.database.transaction(self.client.workspace_id) as connection:
            return [(alert.kind, alert.text) for alert in await schedule_fires.alerts(connection, client_id=self.client.id)]

    async def runs(self) -> list[runs.Run]:
        async with self.database.transaction(self.client.workspace_id) as connection:
            return await runs.list_runs(connection)

    async def now(self, schedule: Schedule) -> Schedule:
        async with self.database.transaction(self.client.workspace_id) as connection:
            return await scheduling.known(connection, schedule.id)

    async def do(self, what: str, schedule: Schedule) -> Any:
        async with self.database.transaction(self.client.workspace_id) as connection:
            return await getattr(scheduling, what)(connection, schedule.id, actor="key:ben")

    async def end(self, run_id: str | None, status: runs.RunStatus, error: str | None = None) -> None:
        async with self.database.transaction(self.client.workspace_id) as connection:
            await runs.set_status(connection, run_id or "", status, error=error)

    def give_data(self, newest: datetime) -> None:
        rows = {"event_id": ["e1"], "contact_id": ["c1"], "name": ["visit"], "at": [newest]}
        import_table(self.settings.facts_root, self.client.workspace_id, self.client, "events", pa.table(rows))


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, store_settings: StoreSettings, client: Client) -> AsyncIterator[Office]:
    yield Office(database, store_settings, client)
    async with database.transaction(client.workspace_id) as connection:
        await connection.execute("DELETE FROM schedules")


async def test_what_is_due_is_started_as_a_task_of_its_client(office):
    made = await office.add()
    await office.tick()
    [fire] = await office.history(made)
    [run] = await office.runs()
    assert (fire.fire_at, fire.state, fire.run_id, fire.run_status, fire.asked_by) == (MONDAY, "started", run.id, "queued", None)
    assert (run.kind, run.brief, run.as_of, run.client_id) == ("report", BRIEF, date(2025, 3, 3), office.client.id)
    assert await jobs_of(office.database, run.id) == 1
    assert (await office.now(made)).next_at == MONDAY + timedelta(days=1)
    async with office.database.transaction(office.client.workspace_id) as connection:
        noted = [(entry.actor, entry.action) for entry in await audit.list_entries(connection) if entry.subject == run.id]
    assert noted == [(f"schedule:{made.id}", "task.create")]
    # whose wish it is: with four eyes, who made the schedule does not approve what it makes
    assert run.asked_by == "key:ann"


async def test_what_is_not_due_yet_or_rests_is_left_alone(office):
    later, resting = await office.add(MONDAY + timedelta(seconds=1)), await office.add()
    await office.do("pause", resting)
    await office.tick()
    assert (await office.history(later), await office.history(resting), await office.runs()) == ([], [], [])


async def test_workers_that_tick_at_once_start_it_once(office):
    made = [await office.add() for _ in range(5)]
    for _ in range(3):
        await asyncio.gather(*(office.tick() for _ in range(6)))
    assert [len(await office.history(schedule)) for schedule in made] == [1] * 5
    started = await office.runs()
    assert len(started) == 5
    assert [await jobs_of(office.database, run.id) for run in started] == [1] * 5


async def test_a_worker_that_dies_after_its_claim_loses_nothing_and_doubles_nothing(office, monkeypatch):
    made = await office.add()

    attend = firing._attend

    async def dies(database: Any, settings: Any, workspace_id: str, *rest: Any) -> None:
        if workspace_id == office.client.workspace_id:
            raise KeyboardInterrupt
        await attend(database, settings, workspace_id, *rest)

    with monkeypatch.context() as dying:
        dying.setattr(firing, "_attend", dies)
        with pytest.raises(KeyboardInterrupt):
            await office.tick()
    assert [fire.state for fire in await office.history(made)] == ["due"]
    await office.tick(MONDAY + timedelta(minutes=1))
    await office.tick(MONDAY + timedelta(minutes=2))
    assert [(fire.fire_at, fire.state) for fire in await office.history(made)] == [(MONDAY, "started")]
    assert len(await office.runs()) == 1


async def test_of_the_times_missed_only_the_latest_is_run(office):
    made = await office.add()
    await office.tick(MONDAY + timedelta(days=3, hours=2))
    found = [(fire.fire_at, fire.state, fire.reason) for fire in await office.history(made)]
    assert found == [
        (MONDAY + timedelta(days=3), "started", None),
        *((MONDAY + timedelta(days=days), "missed", NO_WORKER) for days in (2, 1, 0)),
    ]
    [run] = await office.runs()
    assert run.as_of == date(2025, 3, 6)
    assert (await office.now(made)).next_at == MONDAY + timedelta(days=4)


async def test_times_that_pass_while_it_rests_are_not_made_up_for(office):
    made = await office.add()
    await office.do("pause", made)
    assert (await office.now(made)).next_at is None
    going = await office.do("resume", made)
    assert going.next_at > datetime.now(UTC)
    assert await office.do("resume", made) == going
    await office.tick(MONDAY + timedelta(days=30))
    assert await office.history(made) == []


async def test_the_day_is_the_clients_also_when_the_schedules_clock_is_elsewhere(office):
    # seven in the evening of 2 March in Los Angeles is the morning of the 3rd in Johannesburg
    at = datetime(2025, 3, 3, 3, tzinfo=UTC)
    await office.add(at, zone="America/Los_Angeles", cron="0 19 * * *")
    await office.tick(at)
    [run] = await office.runs()
    assert run.as_of == date(2025, 3, 3)


async def test_stale_data_is_said_in_the_brief_and_in_an_alert(office):
    made = await office.add(when_stale="run_and_say")
    await office.tick()
    [run] = await office.runs()
    assert run.brief == f"{BRIEF}\n\n{NO_DATA} Say so at the beginning."
    [fire] = await office.history(made)
    assert (fire.state, fire.reason) == ("started", NO_DATA)
    assert await office.alerts() == [("stale", f"{NO_DATA} The report is made all the same.")]


async def test_stale_data_skips_the_time_and_says_so_unless_somebody_asks_by_hand(office):
    office.give_data(MONDAY - timedelta(days=9))
    made = await office.add(when_stale="skip", stale_after_days=8)
    await office.tick()
    [fire] = await office.history(made)
    assert (fire.state, fire.reason, fire.run_id) == ("skipped", "These tables have no recent rows: events.", None)
    assert fire.settled_at is not None
    assert await office.alerts() == [("stale", "These tables have no recent rows: events. The report was skipped.")]
    assert await office.runs() == []
    asked = await office.do("fire_now", made)
    await office.tick()
    latest, _ = await office.history(made)
    assert (latest.state, latest.asked_by, latest.fire_at) == ("started", "key:ben", asked)
    [run] = await office.runs()
    assert run.asked_by == "key:ben"


async def test_asked_for_twice_before_a_worker_comes_it_is_made_once(office):
    made = await office.add()
    await office.do("pause", made)
    first, second = await asyncio.gather(office.do("fire_now", made), office.do("fire_now", made))
    assert first == second
    await office.tick()
    assert len(await office.runs()) == 1
    assert await office.do("fire_now", made) > first
    await office.tick()
    assert len(await office.runs()) == 2


async def test_fresh_data_is_run_without_a_word(office):
    office.give_data(MONDAY - timedelta(days=8))
    made = await office.add(when_stale="skip", stale_after_days=8)
    await office.tick()
    assert [(fire.state, fire.reason) for fire in await office.history(made)] == [("started", None)]
    assert await office.alerts() == []


async def test_a_run_that_fails_is_tried_once_more_and_then_there_is_an_alert(office):
    made = await office.add()
    await office.tick()
    [first] = await office.runs()
    await office.end(first.id, "failed", "the model was away")
    for _ in range(3):
        await office.tick()
    second, _ = await office.runs()
    [fire] = await office.history(made)
    assert (fire.run_id, fire.failed_run_id, fire.settled_at) == (second.id, first.id, None)
    assert (second.brief, second.as_of, second.asked_by) == (first.brief, first.as_of, "key:ann")
    assert await office.alerts() == []
    await office.end(second.id, "failed", "the model was away still")
    for _ in range(3):
        await office.tick()
    assert len(await office.runs()) == 2
    assert await office.alerts() == [("failed", "The report was tried twice and failed: the model was away still")]
    [fire] = await office.history(made)
    assert (fire.run_status, fire.run_error) == ("failed", "the model was away still")
    assert fire.settled_at is not None


async def test_a_run_is_tried_again_as_it_was_started_though_the_schedule_was_changed_meanwhile(office):
    made = await office.add()
    await office.tick()
    [first] = await office.runs()
    plan = read_plan({"kind": "strategy", "brief": "R15 000 a month. Goal: bookings.", "cron": "0 7 * * *", "when_stale": "run"})
    async with office.database.transaction(office.client.workspace_id) as connection:
        await scheduling.change(connection, made.id, plan, actor="key:ben")
    await office.end(first.id, "failed", "the model was away")
    await office.tick()
    second, _ = await office.runs()
    assert (second.kind, second.brief) == (first.kind, first.brief)


async def test_what_cannot_be_tried_again_is_told_once_and_settled(office, monkeypatch):
    made = await office.add()
    await office.tick()
    [run] = await office.runs()
    await office.end(run.id, "failed", "the model was away")
    monkeypatch.setattr("graphs.tasks.AGENTS", {})
    for _ in range(2):
        await office.tick()
    [(kind, text)] = await office.alerts()
    assert (kind, text.startswith("The report failed and could not be tried again: there is no task of kind")) == ("failed", True)
    [fire] = await office.history(made)
    assert fire.settled_at is not None


async def test_without_a_retry_the_alert_comes_at_once(office):
    await office.add(retries=0)
    await office.tick()
    [run] = await office.runs()
    await office.end(run.id, "failed", "no data")
    await office.tick()
    assert len(await office.runs()) == 1
    assert await office.alerts() == [("failed", "The report was tried once and failed: no data")]


@pytest.mark.parametrize(("status", "alerts"), [("succeeded", 0), ("cancelled", 0), ("rejected", 0), ("needs_person", 1)])
async def test_other_ends_settle_it(office, status, alerts):
    made = await office.add()
    await office.tick()
    [run] = await office.runs()
    await office.end(run.id, status)
    await office.tick()
    [fire] = await office.history(made)
    assert fire.settled_at is not None
    assert (len(await office.runs()), len(await office.alerts())) == (1, alerts)


@pytest.mark.parametrize(("when_late", "expected"), [("remind", 1), ("wait", 0)])
async def test_a_late_approval_is_reminded_of_once(office, when_late, expected):
    made = await office.add(when_late=when_late, late_after_hours=5)
    await office.tick()
    [run] = await office.runs()
    async with office.database.transaction(office.client.workspace_id) as connection:
        kept = await deliverables.add(
            connection, run_id=run.id, client_id=office.client.id, kind="report", title="t", status="awaiting_approval", content={},
            markdown="m", verdict={}, evidence_aliases={}, model={}, prompt={},
        )  # fmt: skip
        asked = await approvals.ask(connection, kept, audience={}, cost=[], passages=[], requirement=policies.Requirement())
        await runs.set_status(connection, run.id, "waiting")
        await schedules.move_on(connection, made.id, None)
    for hours in (4, 5.1, 6):
        # a request is dated by the database, so the clock of these ticks starts there
        await office.tick(asked.asked_at + timedelta(hours=hours))
    async with office.database.transaction(office.client.workspace_id) as connection:
        told = [event.payload["approval"] for event in await events.after(connection, run.id, 0) if event.kind == "approval_late"]
    assert told == [asked.id] * expected
    assert [kind for kind, _ in await office.alerts()] == ["late"] * expected
    assert [fire.settled_at for fire in await office.history(made)] == [None]


async def test_what_cannot_be_started_is_refused_with_its_reason(office):
    made = await office.add()
    async with office.database.transaction(office.client.workspace_id) as connection:
        await connection.execute("UPDATE schedules SET kind = 'horoscope'")
    await office.tick()
    [fire] = await office.history(made)
    assert (fire.state, fire.run_id) == ("refused", None)
    assert "there is no task of kind 'horoscope'" in fire.reason
    [(kind, text)] = await office.alerts()
    assert (kind, text.startswith("It could not be started: there is no task")) == ("failed", True)


async def test_an_error_of_ours_stops_no_other_schedule_and_is_tried_again_for_an_hour(office, monkeypatch, caplog):
    broken, sound = await office.add(when_stale="skip"), await office.add()

    async def breaks(settings: Any, turn: Any) -> None:
        if turn.schedule.id == broken.id:
            raise OSError("the facts' disk is gone")

    monkeypatch.setattr(firing, "_behind", breaks)
    await office.tick()
    assert [fire.state for fire in await office.history(broken)] == ["due"]
    assert [fire.state for fire in await office.history(sound)] == ["started"]
    [fire] = await office.history(broken)
    async with office.database.transaction(office.client.workspace_id) as connection:
        await connection.execute("UPDATE schedules SET next_at = NULL")
    await office.tick(fire.claimed_at + PATIENCE + timedelta(seconds=1))
    [fire] = await office.history(broken)
    assert fire.state == "refused"
    assert "an error of ours (OSError)" in fire.reason
    assert "the facts' disk is gone" in caplog.text


async def test_a_deleted_client_takes_its_schedules_along(office):
    async with office.database.transaction(office.client.workspace_id) as connection:
        gone = await clients.create_client(connection, "gone", "Gone (simulated)", Locale(), {})
        plan = read_plan({"brief": BRIEF, "cron": "0 7 * * *"})
        made = await scheduling.create(connection, gone, plan, actor="key:ann")
        await schedules.move_on(connection, made.id, MONDAY)
        await connection.execute("DELETE FROM clients WHERE id = %s", (gone.id,))
    await office.tick()
    assert await office.runs() == []
    with pytest.raises(NoSuchSchedule):
        await office.now(made)


async def test_removing_one_while_its_run_goes_on_leaves_the_run(office):
    made = await office.add()
    await office.tick()
    await office.do("remove", made)
    await office.tick()
    assert [run.status for run in await office.runs()] == ["queued"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"cron": "*/5 * * * *"}, "cron"),
        ({"cron": "0 9 30 2 *"}, "cron"),
        ({"retries": 2}, "retries"),
        ({"when_stale": "guess"}, "when_stale"),
        ({"recipients": [""]}, "recipients.0"),
        ({"kind": "horoscope"}, "kind"),
        ({"brief": " "}, None),
    ],
)
async def test_bad_input_is_refused_by_its_field(office, said, field):
    with pytest.raises(ToolInputError) as refused:
        await office.add(**said)
    if field is not None:
        assert refused.value.field == field


async def test_who_changed_it_last_is_who_asked(office):
    made = await office.add()
    async with office.database.transaction(office.client.workspace_id) as connection:
        plan = read_plan(scheduling.plan_of(made) | {"brief": "Weekly report. Goal: bookings."})
        await scheduling.change(connection, made.id, plan, actor="key:ben")
        await schedules.move_on(connection, made.id, MONDAY)
    await office.tick()
    [run] = await office.runs()
    assert (run.brief, run.asked_by) == ("Weekly report. Goal: bookings.", "key:ben")


async def test_a_long_brief_is_kept_whole(office):
    brief = (BRIEF + " " + "Write of the new salon in Sea Point. " * 200)[:5000]
    await office.add(brief=brief)
    await office.tick()
    [run] = await office.runs()
    assert run.brief == brief
