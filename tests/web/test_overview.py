"""The overview of a client: its goals held against what is on record, what wants a look, what is at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from graphs import standing
from store import clients, runs
from store.importing.tables import import_table
from tests.web.conftest import Person
from tests.web.texts import kept as text_of

TODAY = "2026-10-31"


async def with_orders(person: Person, database, store_settings, *, a_day: int) -> None:
    """A client that lives on TODAY and has sold `a_day` things on each of the last 90 days."""
    async with database.transaction(person.workspace.id) as connection:
        await clients.set_profile(connection, person.client.id, {"today": TODAY})
    last = datetime(2026, 10, 31, 10, tzinfo=UTC)
    at = [last - timedelta(days=day, minutes=number) for day in range(90) for number in range(a_day)]
    names = [f"o{number}" for number in range(len(at))]
    table = pa.table(
        {
            "order_id": names, "contact_id": names, "at": at, "amount": [10_000] * len(at), "currency": ["ZAR"] * len(at),
            "status": ["paid"] * len(at),
        }
    )  # fmt: skip
    import_table(store_settings.facts_root, person.workspace.id, person.client, "orders", table)


async def test_a_client_without_data_is_told_how_to_begin(owner):
    page = await owner.http.get("/c/salon")
    assert page.status_code == 200
    assert "No goal is stated for this client." in page.text
    assert 'href="/c/salon/goals"' in page.text
    assert "Nothing is being made just now." in page.text


async def test_goals_are_stated_and_held_against_what_is_on_record(owner, database, store_settings):
    await with_orders(owner, database, store_settings, a_day=10)
    lines = {"name": ["bookings", "takings", ""], "measure": ["orders", "revenue", "orders"], "target": ["300", "40,000", ""]}
    kept = await owner.send("/c/salon/goals", **lines)
    assert kept.headers["location"] == "/c/salon?said=saved"
    async with database.transaction(owner.workspace.id) as connection:
        salon = await clients.get_client(connection, "salon")
    assert salon is not None
    assert salon.profile["goals"] == [
        {"name": "bookings", "measure": "orders", "target_count": 300.0},
        {"name": "takings", "measure": "revenue", "target_amount": 4_000_000},
    ]
    before = await owner.http.get("/c/salon")
    assert "Not computed yet." in before.text
    assert 'data-renew="/c/salon/standing"' in before.text
    assert (await owner.send("/c/salon/standing")).headers["location"] == "/c/salon"
    page = (await owner.http.get("/c/salon")).text
    assert "data-renew" not in page
    assert ">310</a>" in page, "ten a day in the 31 days of October"
    assert ">R31\u00a0000</a>" in page
    assert page.count("Takings: missed.") == 1
    again = await owner.http.post("/c/salon/standing", data={"csrf": owner.csrf}, headers={"Accept": "text/x-fragment"})
    assert again.text.lstrip().startswith("<div"), "a script gets the part of the page only"


async def test_a_goal_that_cannot_be_counted_is_refused_and_what_was_typed_stays(owner):
    refused = await owner.send("/c/salon/goals", name=["bookings<b>", "takings"], measure=["orders", "revenue"], target=["many", "40 000"])
    assert refused.status_code == 422
    assert "is no number" in refused.text
    assert "<b>" not in refused.text
    for typed in ("bookings&lt;b&gt;", "many", "takings", "40 000"):
        assert f'value="{typed}"' in refused.text
    for amount in ("nan", "1e400", ""):
        refused = await owner.send("/c/salon/goals", name=["takings"], measure=["revenue"], target=[amount])
        assert refused.status_code == 422
    assert 'role="alert"' in refused.text


async def test_what_the_form_of_goals_does_not_show_stays_when_it_is_saved(owner, database):
    goals = [
        {"name": "visits", "measure": "events", "target_count": 50.0, "event": "page_view"},
        {"name": "takings", "measure": "revenue", "target_amount": 4_000_050, "direction": "at_most"},
    ]
    async with database.transaction(owner.workspace.id) as connection:
        await clients.set_profile(connection, owner.client.id, {"goals": goals})
    page = (await owner.http.get("/c/salon/goals")).text
    assert '<option value="events" selected>' in page
    assert 'value="40000.5"' in page
    lines = {"name": ["visits", "takings"], "measure": ["events", "revenue"], "target": ["60", "40000.5"]}
    assert (await owner.send("/c/salon/goals", **lines)).status_code == 303
    async with database.transaction(owner.workspace.id) as connection:
        salon = await clients.get_client(connection, "salon")
    assert salon is not None
    assert salon.profile["goals"] == [{**goals[0], "target_count": 60.0}, goals[1]]


async def test_what_was_published_is_found_behind_any_number_of_drafts(owner, database):
    await text_of(database, owner)
    for _ in range(21):
        await text_of(database, owner, status="draft")
    async with database.transaction(owner.workspace.id) as connection:
        picture = await standing.kept(connection, owner.client)
    assert picture.parts["promises"].refusal is None, "whether it promised anything is still to be looked up"


async def test_an_auditor_sees_the_overview_and_changes_no_goals(people):
    auditor = await people("auditor")
    page = await auditor.http.get("/c/salon")
    assert page.status_code == 200
    assert "/c/salon/goals" not in page.text
    assert (await auditor.http.get("/c/salon/goals")).status_code == 403
    assert (await auditor.send("/c/salon/goals", name=["x"], measure=["orders"], target=["1"])).status_code == 403


async def test_what_is_at_work_is_shown_and_links_to_its_task(owner, database):
    async with database.transaction(owner.workspace.id) as connection:
        run = await runs.create_run(connection, owner.client.id, "report", "b", as_of=datetime.now(UTC).date())
    page = await owner.http.get("/c/salon/at-work")
    assert f'href="/c/salon/tasks/{run.id}"' in page.text
    assert "data-busy" in page.text


async def test_the_api_gives_the_same_dashboard(dashboard, owner, database, store_settings):
    await with_orders(owner, database, store_settings, a_day=2)
    board = (await dashboard(owner)).json()
    assert board["on"] == TODAY
    assert board["parts"]["goals"]["refusal"] == "No goal is stated for this client."
    assert board["parts"]["data"]["evidence"].startswith("ev_")
    assert board["waiting"] == 0
