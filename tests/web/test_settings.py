"""Settings of a client and of the workspace: what is shown, what each role may change, what bad input gets."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from graphs import firing
from jobs.queue import enqueue
from store import audit, clients, documents, keys, members, policies, preferences, schedule_fires, schedules
from web.visiting import COOKIE

HOSTILE = "<script>alert(1)</script>"
PLACES = ("", "/voice", "/approval", "/schedules", "/memory")
SCHEDULE = {
    "kind": "report", "brief": "Monthly report on last month. Goal: bookings.", "every": "monday", "time": "07:30", "zone": "Europe/Berlin",
    "when_stale": "run_and_say", "stale_after_days": "7", "when_late": "remind", "late_after_hours": "24", "retries": "yes",
    "recipients": "Thandi\n\nowner@example.org\n",
}  # fmt: skip


async def page(person, path: str, status: int = 200) -> str:
    answer = await person.http.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def done(person, path: str, to: str, **fields) -> None:
    answer = await person.send(path, **fields)
    assert (answer.status_code, answer.headers.get("location")) == (303, to), answer.text


async def refused(person, path: str, said: str, status: int = 422, **fields) -> str:
    answer = await person.send(path, **fields)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    return answer.text


async def test_each_page_is_shown_to_whoever_works_here_and_to_nobody_of_a_portal(owner, people):
    auditor, outside = await people("auditor", beside=owner), await people("client", beside=owner)
    for path in [f"/c/salon/settings{place}" for place in PLACES] + ["/workspace", "/workspace/clients", "/workspace/models"]:
        assert 'action="' in await page(owner, path)
        seen = await page(auditor, path)
        assert re.findall(r'action="([^"]+)"', seen) == ["/sign-out"], "who only reads is offered nothing to send"
        assert (await outside.http.get(path)).status_code in (403, 404), path
    await page(owner, "/workspace/keys")
    await page(auditor, "/workspace/keys", 403)


async def test_a_name_and_a_locale_are_kept_and_figures_follow(owner, database):
    given = {"name": "Salon Nord", "language": "de-DE", "currency": "eur", "zone": "Europe/Berlin"}
    await done(owner, "/c/salon/settings", "/c/salon/settings?said=saved", **given)
    async with database.transaction(owner.workspace.id) as connection:
        kept = await clients.get_client(connection, "salon")
        noted = [entry.action for entry in await audit.list_entries(connection)]
    assert kept is not None
    assert (kept.name, kept.locale.language, kept.locale.currency, kept.locale.zone) == ("Salon Nord", "de-DE", "EUR", "Europe/Berlin")
    assert "client.change" in noted
    for field, value, said in (
        ("zone", "Mars/Olympus", "There is no time zone"),
        ("currency", "XYZ", "There is no currency"),
        ("language", "klingon!", "There is no language"),
        ("name", " ", "at least 1 character"),
    ):
        shown = await refused(owner, "/c/salon/settings", said, **{**given, field: value})
        assert "Europe/Berlin" in shown, "what was typed beside it stays"


async def test_the_brand_voice_is_written_replaced_and_removed(owner, people, database):
    writer = await people("writer", beside=owner)
    here = "/c/salon/settings/voice"
    assert "Nothing is known" in await page(writer, here)
    await refused(writer, here, "the text is empty", text="  ")
    await done(writer, here, f"{here}?said=saved", title=HOSTILE, text=f"Warm and plain. {HOSTILE}")
    shown = await page(writer, here)
    assert HOSTILE not in shown
    assert "Warm and plain. &lt;script&gt;" in shown
    [kept] = re.findall(r'name="id" value="(doc_[^"]+)"', shown)
    await done(writer, here, f"{here}?said=saved", id=kept, title="Voice", text="Brief and dry.")
    async with database.transaction(owner.workspace.id) as connection:
        [found] = await documents.list_documents(connection, owner.client.id)
    assert (found.title, found.kind, found.text, found.dated is not None) == ("Voice", "brand", "Brief and dry.", True)
    # somebody replaced it meanwhile: nothing is lost, and it is said
    await refused(writer, here, "Somebody may have changed", 404, id=kept, text="Later.")
    await refused(writer, here, "At most 50000 letters", id=found.id, text="x" * 50_001)
    await done(writer, here, f"{here}?said=removed", id=found.id, text="")
    assert "Nothing is known" in await page(writer, here)


async def test_the_approval_policy_is_the_owners_to_change(owner, people, database):
    here = "/c/salon/settings/approval"
    rule = {"*.asks": "yes", "*.roles": ["owner", "approver"], "*.approvers": "1", "*.expires_hours": "48"}
    report = {
        "report.asks": "yes",
        "report.roles": "approver",
        "report.approvers": "2",
        "report.four_eyes": "yes",
        "report.expires_hours": "168",
    }
    await done(owner, here, f"{here}?said=saved", **rule, **report)
    async with database.transaction(owner.workspace.id) as connection:
        kept = await policies.of_client(connection, owner.client.id)
    assert {kind: (rule.roles, rule.approvers, rule.four_eyes, rule.expires_hours) for kind, rule in kept.items()} == {
        "*": (("owner", "approver"), 1, False, 48),
        "report": (("approver",), 2, True, 168),
    }
    strategist = await people("strategist", beside=owner)
    assert "48" in await page(strategist, here)
    assert (await strategist.send(here, **rule)).status_code == 403
    shown = await refused(owner, here, "Nothing was saved", **{**rule, "*.approvers": "9"})
    assert 'value="9"' in shown
    await refused(owner, here, "Who:", **{"*.asks": "yes", "*.approvers": "1", "*.expires_hours": "1"})
    await done(owner, here, f"{here}?said=saved")
    async with database.transaction(owner.workspace.id) as connection:
        assert await policies.of_client(connection, owner.client.id) == {}


async def test_preferences_are_shown_with_who_said_them_added_and_forgotten(owner, database):
    here = "/c/salon/settings/memory"
    async with database.transaction(owner.workspace.id) as connection:
        told = await preferences.remember(connection, owner.client.id, f"Weeks begin on Monday {HOSTILE}", said_by=owner.member.actor)
    assert told is not None
    shown = await page(owner, here)
    assert "Weeks begin on Monday &lt;script&gt;" in shown
    assert owner.member.name in shown
    await done(owner, here, f"{here}?said=added", text="Short\n answers")
    await done(owner, f"{here}/{told.id}/forget", f"{here}?said=removed")
    await done(owner, f"{here}/{told.id}/forget", f"{here}?said=removed")
    async with database.transaction(owner.workspace.id) as connection:
        assert [one.text for one in await preferences.of_client(connection, owner.client.id)] == ["Short answers"]
    await refused(owner, here, "1 to 500 letters", text="x" * 501)


async def test_a_schedule_is_added_shown_in_its_zone_fired_paused_and_removed(owner, database, store_settings):
    here = "/c/salon/settings/schedules"
    assert "Nothing is made by itself yet" in await page(owner, here)
    form = await page(owner, f"{here}/new")
    [token] = re.findall(r'name="once" value="([^"]+)"', form)
    first, second = [await owner.send(here, **SCHEDULE, once=token) for _ in range(2)]
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"], "a double click makes one"
    one = first.headers["location"].removesuffix("?said=added")
    async with database.transaction(owner.workspace.id) as connection:
        [kept] = await schedules.list_(connection)
    assert (kept.cron, kept.zone, kept.recipients, kept.retries) == ("30 7 * * mon#1", "Europe/Berlin", ["Thandi", "owner@example.org"], 1)
    listed = await page(owner, here)
    assert "on the first Monday of each month at 07:30" in listed
    # shown on the clock of Berlin, to a client whose own is Johannesburg's
    assert len(re.findall(r"<time[^>]*>[^<]*, 07:30</time>", listed)) == 4
    form = await page(owner, f"{one}/change")
    assert 'value="07:30"' in form
    assert re.search(r'value="monday" selected', form)
    assert "Monthly report on last month." in form
    await done(owner, one, f"{one}?said=saved", **{**SCHEDULE, "every": "own", "cron": "0 6 15 * *"})
    assert 'value="0 6 15 * *"' in await page(owner, f"{one}/change")
    await refused(owner, one, "is no time of day", **{**SCHEDULE, "time": "noon"})
    await done(owner, one, f"{one}?said=saved", **SCHEDULE)
    await done(owner, f"{one}/run", f"{one}?said=due")
    await firing.tick(database, store_settings, enqueue)
    shown = await page(owner, one)
    assert f"asked for by {owner.member.name}" in shown
    assert "There is no data yet" in shown
    assert "alert</span>" in shown
    async with database.transaction(owner.workspace.id) as connection:
        [fire] = await schedule_fires.history(connection, kept.id)
    assert f"/c/salon/tasks/{fire.run_id}" in shown
    assert "stale" in (await page(owner, here)).lower()
    assert one in await page(owner, "/c/salon"), "the overview tells it and leads there"
    await done(owner, f"{one}/pause", f"{one}?said=paused")
    assert "Resume" in await page(owner, one)
    await done(owner, f"{one}/resume", f"{one}?said=resumed")
    assert (await owner.send(f"{one}/explode")).status_code == 404
    await done(owner, f"{one}/remove", f"{here}?said=removed")
    await page(owner, one, 404)
    assert "It may have been removed" in (await owner.send(f"{one}/pause")).text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"brief": " "}, "the brief is empty"),
        ({"time": "25:00"}, "is no time of day"),
        ({"every": "own", "cron": "* * * * *"}, "more often than every hour"),
        ({"every": "own", "cron": "0 9 30 2 *"}, "never due"),
        ({"zone": "Mars/Olympus"}, "There is no time zone"),
        ({"stale_after_days": "none"}, "valid integer"),
        ({"kind": "horoscope"}, "there is no task of kind"),
        ({"recipients": "x" * 400}, "at most 320"),
    ],
)
async def test_what_no_schedule_can_be_made_of_is_said_and_what_was_typed_stays(owner, said, told):
    shown = await refused(owner, "/c/salon/settings/schedules", told, **{**SCHEDULE, **said})
    assert "Europe/Berlin" in shown or "zone" in said
    assert "owner@example.org" in shown or "recipients" in said


async def test_who_may_not_write_schedules_sees_them_and_no_buttons(owner, people):
    made = await owner.send("/c/salon/settings/schedules", **SCHEDULE)
    one = made.headers["location"].removesuffix("?said=added")
    approver = await people("approver", beside=owner)
    assert "Make it now" not in await page(approver, one)
    await page(approver, "/c/salon/settings/schedules/new", 403)
    assert (await approver.send(f"{one}/run")).status_code == 403


async def test_another_workspaces_things_are_not_there(owner, people):
    theirs = await people()
    made = await theirs.send("/c/salon/settings/schedules", **SCHEDULE)
    one = made.headers["location"].removesuffix("?said=added")
    await page(owner, one, 404)
    assert (await owner.send(f"{one}/remove")).status_code == 404
    for path in (f"/workspace/members/{theirs.member.id}/disable", "/workspace/keys/key_none/revoke"):
        assert (await owner.send(path)).status_code == 404
    assert theirs.member.email not in await page(owner, "/workspace")
    assert (await theirs.http.get("/")).status_code == 303, "still signed in"


async def test_a_member_is_added_with_a_link_that_is_shown_once(owner, site, database):
    answer = await owner.send("/workspace/members", name=f"Anna {HOSTILE}", email=f"anna-{owner.member.id}@example.org", role="writer")
    assert answer.status_code == 200
    assert HOSTILE not in answer.text
    [link] = re.findall(r'value="(http[^"]+/welcome/[^"]+)"', answer.text)
    assert "/welcome/" not in await page(owner, "/workspace")
    async with httpx.AsyncClient(base_url=site, headers={"Accept": "text/html"}) as anna:
        entered = await anna.post(link, data={"password": ""})
        assert entered.status_code == 303
        assert COOKIE in entered.cookies
        async with database.transaction(owner.workspace.id) as connection:
            known = await members.get_member(connection, f"anna-{owner.member.id}@example.org")
        assert known is not None
        await done(owner, f"/workspace/members/{known.id}/role", "/workspace?said=saved", role="approver")
        assert "approver" in (await anna.get("/c/salon/settings")).text
        await done(owner, f"/workspace/members/{known.id}/disable", "/workspace?said=disabled")
        assert (await anna.get("/c/salon/settings")).status_code == 303, "signed out at once"
    await refused(owner, f"/workspace/members/{known.id}/link", "enable them first")
    await done(owner, f"/workspace/members/{known.id}/enable", "/workspace?said=enabled")
    assert "/welcome/" in (await owner.send(f"/workspace/members/{known.id}/link")).text


async def test_what_no_member_can_be_made_of_is_said(owner):
    here = "/workspace/members"
    await refused(owner, here, "is a member already", name="B", email=owner.member.email, role="writer")
    await refused(owner, here, "is not an e-mail address", name="B", email="nowhere", role="writer")
    await refused(owner, here, "a member needs a name".capitalize(), name=" ", email="b@example.org", role="writer")
    await refused(owner, here, "Choose the client", name="B", email="b@example.org", role="client")
    await refused(owner, f"{here}/{owner.member.id}/disable", "needs an owner")
    await refused(owner, f"{here}/{owner.member.id}/role", "needs an owner", role="auditor")


async def test_members_are_the_owners_business(owner, people):
    strategist = await people("strategist", beside=owner)
    assert (await strategist.send("/workspace/members", name="B", email="b@example.org", role="owner")).status_code == 403
    assert (await strategist.send(f"/workspace/members/{strategist.member.id}/role", role="owner")).status_code == 403
    assert (await strategist.send("/workspace/keys", name="k", role="owner", days="0")).status_code == 403


async def test_a_key_is_made_shown_once_and_revoked(owner, site, database):
    answer = await owner.send("/workspace/keys", name=f"Loader {HOSTILE}", role="strategist", days="30")
    assert HOSTILE not in answer.text
    [secret] = re.findall(r'value="(gw_[^"]+)"', answer.text)
    assert secret not in await page(owner, "/workspace/keys")
    async with httpx.AsyncClient(base_url=site, headers={"Authorization": f"Bearer {secret}"}) as program:
        assert (await program.get("/api/v1/clients")).status_code == 200
    async with database.transaction(owner.workspace.id) as connection:
        [kept] = await keys.list_keys(connection)
    assert kept.expires_at is not None
    assert 29 <= (kept.expires_at - datetime.now(UTC)).days <= 30
    await done(owner, f"/workspace/keys/{kept.id}/revoke", "/workspace/keys?said=revoked")
    await done(owner, f"/workspace/keys/{kept.id}/revoke", "/workspace/keys?said=revoked")
    assert "revoked</span>" in await page(owner, "/workspace/keys")
    await refused(owner, "/workspace/keys", "Say what the key is for", name=" ", role="owner", days="30")
    await refused(owner, "/workspace/keys", "Choose the client", name="portal", role="client", days="30")
    await refused(owner, "/workspace/keys", "Choose how long", name="k", role="owner", days="-1")
    portal = await owner.send("/workspace/keys", name="portal", role="client", client="salon", days="0")
    assert "gw_" in portal.text


async def test_a_client_is_added_and_its_data_page_comes_next(owner):
    given = {"name": "Bakery (simulated)", "slug": "bakery", "language": "de-DE", "currency": "EUR", "zone": "Europe/Berlin"}
    await done(owner, "/workspace/clients", "/c/bakery/data?said=added", **given)
    assert "Bakery (simulated)" in await page(owner, "/workspace/clients")
    await refused(owner, "/workspace/clients", "already has a client", **given)
    await refused(owner, "/workspace/clients", "There is no currency", **{**given, "slug": "b2", "currency": "XYZ"})
    await refused(owner, "/workspace/clients", "pattern", **{**given, "slug": "No Slug"})


async def test_the_model_and_its_limits_are_told(owner):
    shown = await page(owner, "/workspace/models")
    assert "offline-rules-v1" in shown
    assert "rules, not a language model" in shown
    assert "Salon (simulated)" in shown


async def test_a_form_without_the_sessions_token_changes_nothing(owner, database):
    answer = await owner.http.post("/workspace/keys", data={"name": "k", "role": "owner", "days": "0"})
    assert answer.status_code == 403
    async with database.transaction(owner.workspace.id) as connection:
        assert await keys.list_keys(connection) == []
