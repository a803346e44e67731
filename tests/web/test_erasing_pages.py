"""Erasing a person on a page: looked up, confirmed by typing, done everywhere, and reported without naming them."""

from __future__ import annotations

import asyncio
import time

import pytest

from store.coverage import coverage
from tests.web.test_data_pages import import_as_shown, looked_at

CONTACTS = (
    "contact_id,email,first_name,last_name,phone,created_at\n"
    "ct_000001,jo@example.org,Jo,Sample,+27 82 555 0001,2026-01-01T08:00:00Z\n"
    "ct_000002,sam@example.org,Sam,Other,+27 82 555 0002,2026-01-02T08:00:00Z\n"
)
EVENTS = "event_id,contact_id,name,at\ne1,ct_000001,booking,2026-03-01T10:00:00Z\ne2,ct_000002,booking,2026-03-02T10:00:00Z\n"
HERE = "/c/salon/data/erase"


async def planted(person):
    """Two contacts with an event each, and a document that mentions one of them."""
    for text, name in ((CONTACTS, "contacts.csv"), (EVENTS, "events.csv")):
        await import_as_shown(person, await looked_at(person, text, name))
    document = {"csrf": person.csrf, "title": "Notes", "text": "Jo Sample (jo@example.org) likes Tuesdays."}
    answer = await person.http.post("/uploads/salon/documents", data=document, files={"file": ("", b"")})
    assert answer.status_code == 303
    return answer.headers["location"].split("?")[0]


async def reported(person, there):
    until = time.monotonic() + 60
    while "<h1>Erasing</h1>" in (page := (await person.http.get(there)).text):
        assert time.monotonic() < until, "the erasure does not end"
        await asyncio.sleep(0.05)
    return page


def rows(person, settings):
    return {table.table: table.rows for table in coverage(settings.facts_root, person.workspace.id, person.client)}


async def test_a_person_is_looked_up_confirmed_erased_and_kept_out(owner, store_settings):
    document = await planted(owner)
    seen = (await owner.send(f"{HERE}/look", person="jo@example.org")).text
    assert "Who is meant, and what would go" in seen
    for mark in ("ct_000001", "jo@example.org", "+27 82 555 0001", "Jo Sample"):
        assert mark in seen
    assert "ct_000002" not in seen
    assert '<tr><td>Documents</td><td class="right">1</td>' in seen
    assert rows(owner, store_settings) == {"contacts": 2, "events": 2}, "looking changes nothing"
    done = await owner.send(HERE, person="jo@example.org", again="jo@example.org")
    assert done.status_code == 303
    page = await reported(owner, done.headers["location"])
    assert "<h1>Erased</h1>" in page
    assert "jo@example.org" not in page
    assert "contacts.csv" in page, "what is not in our hands is named"
    assert rows(owner, store_settings) == {"contacts": 1, "events": 1}
    assert "[erased]" in (await owner.http.get(document)).text
    await import_as_shown(owner, await looked_at(owner, CONTACTS + "ct_000003,x@example.org,X,Y,,2026-01-03T08:00:00Z\n", "contacts.csv"))
    assert rows(owner, store_settings)["contacts"] == 2, "a later import leaves them out"


async def test_a_confirmation_that_is_not_the_same_erases_nobody(owner, store_settings):
    await import_as_shown(owner, await looked_at(owner, CONTACTS, "contacts.csv"))
    for again in ("", "jo@example.com"):
        answer = await owner.send(HERE, person="jo@example.org", again=again)
        assert answer.status_code == 422
        assert "nobody was erased" in answer.text
    assert rows(owner, store_settings) == {"contacts": 2}


async def test_nobody_and_an_empty_search_are_said_in_words(owner):
    unknown = (await owner.send(f"{HERE}/look", person="nobody@example.org")).text
    assert "Nobody was found" in unknown
    empty = await owner.send(f"{HERE}/look", person="  ")
    assert empty.status_code == 422
    assert "Say whom to erase" in empty.text


@pytest.mark.parametrize("role", ["writer", "approver", "auditor", "client"])
async def test_who_may_not_erase_neither_sees_nor_does_it(people, owner, role):
    other = await people(role, beside=owner)
    assert (await other.http.get(HERE)).status_code == 403
    assert (await other.send(f"{HERE}/look", person="jo@example.org")).status_code == 403
    assert (await other.send(HERE, person="jo@example.org", again="jo@example.org")).status_code == 403
    assert HERE not in (await other.http.get("/c/salon/data")).text


async def test_the_report_is_for_whoever_asked_and_another_workspace_reaches_nothing(people, owner, store_settings):
    await import_as_shown(owner, await looked_at(owner, CONTACTS, "contacts.csv"))
    done = await owner.send(HERE, person="ct_000002", again="ct_000002")
    there = done.headers["location"]
    colleague, stranger = await people("owner", beside=owner), await people()
    assert (await colleague.http.get(there)).status_code == 404
    assert (await stranger.http.get(there)).status_code == 404
    assert "Nobody was found" in (await stranger.send(f"{HERE}/look", person="jo@example.org")).text
    assert "<h1>Erased</h1>" in await reported(owner, there)


async def test_hostile_text_stays_text(owner):
    page = (await owner.send(f"{HERE}/look", person="<script>alert(1)</script>'; DROP TABLE clients")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
