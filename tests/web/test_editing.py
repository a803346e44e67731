"""Editing a deliverable: every part in a field, figures as slots, verified on saving, and nothing typed is lost."""

from __future__ import annotations

import pytest
import pytest_asyncio

from store import deliverables, edits
from tests.web import waiting as texts
from tests.web.forms import fields_of
from tests.web.waiting import latest, policy, services_of, waiting

SUMMARY = "at:summary.0"
CALM = "We keep what works and change one thing at a time."


@pytest_asyncio.fixture(loop_scope="session")
async def services(database, store_settings):
    return services_of(database, store_settings)


@pytest_asyncio.fixture(loop_scope="session")
async def published(owner, services):
    """A published strategy of the owner's client."""
    return await texts.published(services, owner)


async def newest(services, owner, run_id):
    async with services.database.transaction(owner.workspace.id) as connection:
        line = (await deliverables.versions(connection, run_id))[0]
        found = await deliverables.get(connection, line.id)
    assert found is not None
    return found


async def statuses(services, owner, run_id):
    async with services.database.transaction(owner.workspace.id) as connection:
        return [line.status for line in await deliverables.versions(connection, run_id)]


async def become(services, owner, version, status):
    async with services.database.transaction(owner.workspace.id) as connection:
        await deliverables.set_status(connection, version.id, status)


def at(version, rest="/edit"):
    return f"/c/salon/deliverables/{version.id}{rest}"


async def opened(person, version):
    page = await person.http.get(at(version))
    assert page.status_code == 200, page.text
    return fields_of(page.text, "edit")


async def test_the_form_holds_every_text_with_its_slots_and_how_it_reads(owner, published):
    page = (await owner.http.get(at(published))).text
    fields = fields_of(page, "edit")
    assert fields["at:title"] == published.content["title"]
    assert fields[SUMMARY] == published.content["summary"][0]
    assert {f"at:platforms.0.{name}" for name in published.content["platforms"][0]} <= set(fields)
    assert fields["at:actions.0.effort"] == published.content["actions"][0]["effort"]
    assert fields["at:reviews.0.due_in_days"] == "30"
    assert "Reads:" in page
    assert 'class="figure" href="/evidence/ev_' in page
    unchanged = await owner.http.post(at(published), data=fields)
    assert unchanged.status_code == 422
    assert "Nothing is changed in this text" in unchanged.text


async def test_what_does_not_hold_is_marked_where_it_stands_and_nothing_typed_is_lost(owner, published, services):
    fields = await opened(owner, published)
    fields["at:risks.0.risk"] = "A <b>new</b> risk that I thought of."
    fields[SUMMARY] = "We expect 99 999 new customers, and Meta is the best channel. {{E99.nothing}}"
    refused = await owner.http.post(at(published), data=fields)
    assert refused.status_code == 422
    page = refused.text
    assert ">99 999</mark>" in page
    assert "&#39;99 999&#39; is unsupported" in page
    assert "there is no evidence E99" in page
    assert 'href="#f-summary.0"' in page
    again = fields_of(page, "edit")
    assert again[SUMMARY] == fields[SUMMARY]
    assert again["at:risks.0.risk"] == fields["at:risks.0.risk"]
    assert "<b>new</b>" not in page
    assert await statuses(services, owner, published.run_id) == ["published"], "nothing of it is kept"


async def test_what_does_not_fit_its_type_is_named_and_kept(owner, published):
    fields = await opened(owner, published)
    fields["at:actions.0.due_in_days"] = "soon"
    fields["at:actions.0.effort"] = "huge"
    refused = await owner.http.post(at(published), data=fields)
    assert refused.status_code == 422
    again = fields_of(refused.text, "edit")
    assert (again["at:actions.0.due_in_days"], again["at:actions.0.effort"]) == ("soon", "huge")
    assert "#f-actions.0.due_in_days" in refused.text
    assert "#f-actions.0.effort" in refused.text


async def test_an_edit_of_a_published_text_becomes_the_published_version_and_an_example(owner, published, services):
    fields = await opened(owner, published)
    fields[SUMMARY] = CALM
    fields["gone:unknowns.0"] = "1"
    fields |= {"at:unknowns.99.what": "Whether it rains", "at:unknowns.99.cost": "Footfall", "at:unknowns.99.learn_by": "Wait"}
    saved = await owner.http.post(at(published), data=fields)
    assert saved.status_code == 303, saved.text
    after = await newest(services, owner, published.run_id)
    assert saved.headers["location"] == f"/c/salon/deliverables/{after.id}?said=edited"
    assert await statuses(services, owner, published.run_id) == ["published", "draft"]
    assert after.content["summary"][0] == CALM
    assert [one["what"] for one in after.content["unknowns"]][-1] == "Whether it rains"
    assert len(after.content["unknowns"]) == len(published.content["unknowns"])
    assert "Edited by a person." in after.markdown
    assert after.verdict["ok"] is True
    async with services.database.transaction(owner.workspace.id) as connection:
        [pair] = await edits.list_(connection)
    assert (pair.before_id, pair.after_id, pair.editor) == (published.id, after.id, owner.member.actor)
    changed = (await owner.http.get(at(after, "/changes"))).text
    assert "Against version 1" in changed
    assert "<ins><span" in changed
    stale = await owner.http.post(at(published), data=fields)
    assert stale.status_code == 409
    assert "A later version of this text was made meanwhile" in stale.text
    assert CALM in stale.text, "what was typed is not lost"


async def test_an_edit_of_a_published_text_waits_for_approval_where_the_policy_says_so(owner, people, published, services):
    await policy(services.database, owner, {"roles": ["owner", "approver"], "four_eyes": True})
    fields = await opened(owner, published)
    fields[SUMMARY] = CALM
    saved = await owner.http.post(at(published), data=fields)
    asked = await latest(services, owner, published.run_id)
    assert saved.headers["location"] == f"/c/salon/approvals/{asked.id}?said=asked"
    assert await statuses(services, owner, published.run_id) == ["awaiting_approval", "published"], "the old one stands until then"
    assert "four eyes" in (await owner.http.get(f"/c/salon/approvals/{asked.id}")).text
    approver = await people("approver", beside=owner)
    done = await approver.send(f"/c/salon/approvals/{asked.id}/approve", hash=asked.hash)
    assert done.headers["location"].endswith("said=approved")
    assert await statuses(services, owner, published.run_id) == ["published", "draft"], "no worker is needed after the run's end"


async def test_a_rejected_edit_leaves_what_was_published(owner, published, services):
    await policy(services.database, owner, {"roles": ["owner"]})
    fields = await opened(owner, published)
    fields[SUMMARY] = CALM
    await owner.http.post(at(published), data=fields)
    asked = await latest(services, owner, published.run_id)
    await owner.send(f"/c/salon/approvals/{asked.id}/reject", hash=asked.hash, reason="Too calm")
    assert await statuses(services, owner, published.run_id) == ["rejected", "published"]


async def test_a_text_that_needs_a_person_stays_so_until_it_is_put_forward(owner, published, services):
    await become(services, owner, published, "needs_person")
    fields = await opened(owner, published)
    fields[SUMMARY] = CALM
    assert (await owner.http.post(at(published), data=fields)).status_code == 303
    after = await newest(services, owner, published.run_id)
    assert after.status == "needs_person"
    page = (await owner.http.get(at(after, ""))).text
    assert ">Publish</button>" in page
    other = await owner.send(at(after, "/forward"), hash="0" * 64)
    assert other.status_code == 409
    done = await owner.send(at(after, "/forward"), hash=after.content_hash)
    assert done.headers["location"].endswith("said=forwarded")
    assert await statuses(services, owner, published.run_id) == ["published", "needs_person"]


async def test_a_draft_that_does_not_hold_is_not_put_forward(owner, published, services):
    await become(services, owner, published, "needs_person")
    async with services.database.transaction(owner.workspace.id) as connection:
        statement = "UPDATE deliverables SET content = jsonb_set(content, '{summary,0}', '\"We expect 99 999 customers.\"') WHERE id = %s"
        await connection.execute(statement, (published.id,))
    refused = await owner.send(at(published, "/forward"), hash=published.content_hash)
    assert refused.status_code == 422
    assert ">99 999</mark>" in refused.text
    assert ">99 999</mark>" in (await owner.http.get(at(published))).text, "its form opens with what does not hold"
    assert await statuses(services, owner, published.run_id) == ["needs_person"]


async def test_an_edit_of_what_waits_takes_its_place_and_is_asked_about_anew(owner, people, services):
    asked = await waiting(services, owner)
    version = await newest(services, owner, asked.run_id)
    approver = await people("approver", beside=owner)
    assert (await owner.http.get(at(version))).status_code == 200
    fields = await opened(approver, version)
    assert fields["hash"] == asked.hash
    fields[SUMMARY] = CALM
    saved = await approver.http.post(at(version), data=fields)
    fresh = await latest(services, owner, asked.run_id)
    assert saved.headers["location"] == f"/c/salon/approvals/{fresh.id}?said=edited"
    old = (await approver.http.get(f"/c/salon/approvals/{asked.id}")).text
    assert "edited by A approver" in old
    assert f"/c/salon/approvals/{fresh.id}" in old
    refused = await owner.http.post(at(version), data={**fields, "csrf": owner.csrf})
    assert refused.status_code == 409
    wrong = await owner.http.post(at(await newest(services, owner, asked.run_id)), data={**fields, "csrf": owner.csrf})
    assert wrong.status_code in (403, 409)


@pytest.mark.parametrize("role", ["writer", "approver", "auditor"])
async def test_who_may_not_edit_is_not_offered_to_and_is_refused(owner, people, published, role):
    person = await people(role, beside=owner)
    assert "/edit" not in (await person.http.get(at(published, ""))).text
    assert (await person.http.get(at(published))).status_code == 403
    assert (await person.send(at(published), **{SUMMARY: CALM})).status_code == 403
    assert (await person.send(at(published, "/forward"), hash=published.content_hash)).status_code == 403


async def test_another_workspace_cannot_edit(owner, people, published):
    stranger, client = await people(), await people("client", beside=owner)
    for person in (stranger, client):
        assert (await person.http.get(at(published))).status_code == 404
        assert (await person.send(at(published), **{SUMMARY: CALM})).status_code == 404
        assert (await person.http.get(at(published, "/figures"))).status_code == 404


async def test_the_figures_of_a_text_are_found_by_words(owner, published):
    page = (await owner.http.get(at(published, "/figures?find=budget"))).text
    assert "{{B.budget}}" in page
    none = (await owner.http.get(at(published, "/figures?find=zzzz"))).text
    assert "No figure of this text speaks of that." in none
