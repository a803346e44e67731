"""Approvals as people meet them: what they are shown, who may answer and how often, and what the second of two is told."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from graphs.execute import execute
from store import deliverables
from tests.web.waiting import latest, policy, services_of, waiting, worked


@pytest_asyncio.fixture(loop_scope="session")
async def services(database, store_settings):
    return services_of(database, store_settings)


def at(asked, rest=""):
    return f"/c/salon/approvals/{asked.id}{rest}"


async def statuses(services, owner, asked):
    async with services.database.transaction(owner.workspace.id) as connection:
        return [line.status for line in await deliverables.versions(connection, asked.run_id)]


async def test_from_the_form_over_the_request_to_the_published_text(owner, people, services):
    approver = await people("approver", beside=owner)
    await policy(services.database, owner, {"roles": ["approver"]})
    asked = await latest(services, owner, await worked(services, owner))
    listed = (await approver.http.get("/c/salon/approvals")).text
    assert at(asked) in listed
    assert '<span class="count" title="waiting for approval">1</span>' in listed
    page = (await approver.http.get(at(asked))).text
    for head in ("Audience", "Cost", "Evidence", "What it needs", "What changed", "The whole text"):
        assert f">{head}</h2>" in page
    assert asked.hash in page
    assert "for A owner" in page, "people are named by their names"
    first = await approver.send(at(asked, "/approve"), hash=asked.hash)
    assert (first.status_code, first.headers["location"]) == (303, f"{at(asked)}?said=approved")
    again = await approver.send(at(asked, "/approve"), hash=asked.hash)
    assert again.status_code == 303, "a double click approves once"
    done = (await approver.http.get(f"{at(asked)}?said=approved")).text
    assert "Approved" in done
    assert "by A approver" in done
    assert "Your answer" not in done
    await execute(services, owner.workspace.id, asked.run_id)
    assert await statuses(services, owner, asked) == ["published"]
    assert "The request is approved by A approver" in (await owner.http.get(f"/c/salon/tasks/{asked.run_id}")).text


async def test_of_two_at_once_the_second_is_told_what_happened(owner, people, services):
    asked = await waiting(services, owner)
    ann, bob = await people("approver", beside=owner), await people("approver", beside=owner)
    answers = await asyncio.gather(
        ann.send(at(asked, "/approve"), hash=asked.hash), bob.send(at(asked, "/reject"), hash=asked.hash, reason="Too short for me")
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    second = next(answer for answer in answers if answer.status_code == 409).text
    assert 'role="alert"' in second
    assert "The request is no longer open" in second
    assert "by A approver at" in second
    assert "member:mb_" not in second


async def test_what_was_not_seen_is_not_approved(owner, people, services):
    asked = await waiting(services, owner)
    approver = await people("approver", beside=owner)
    other = await approver.send(at(asked, "/approve"), hash="0" * 64)
    assert other.status_code == 409
    assert "not what is asked now" in other.text
    async with services.database.transaction(owner.workspace.id) as connection:
        await connection.execute("UPDATE deliverables SET markdown = markdown || ' And R1.' WHERE id = %s", (asked.deliverable_id,))
    answer = await approver.send(at(asked, "/approve"), hash=asked.hash)
    assert answer.headers["location"] == at(asked), "nothing is said to be approved"
    assert "Void since" in (await approver.http.get(at(asked))).text


async def test_a_rejection_needs_words_and_keeps_them_when_it_is_refused(owner, people, services):
    asked = await waiting(services, owner)
    approver = await people("approver", beside=owner)
    assert (await approver.send(at(asked, "/reject"), hash=asked.hash, reason="  ")).status_code == 422
    kept = await approver.send(at(asked, "/reject"), hash="1" * 64, reason="More about Meta")
    assert kept.status_code == 409
    assert ">More about Meta</textarea>" in kept.text
    assert (await approver.send(at(asked, "/reject"), hash=asked.hash, reason="More <b>about</b> Meta")).status_code == 303
    page = (await approver.http.get(at(asked))).text
    assert "More &lt;b&gt;about&lt;/b&gt; Meta" in page
    assert "<b>about" not in page


@pytest.mark.parametrize("role", ["owner", "strategist", "writer", "auditor"])
async def test_who_may_not_answer_is_not_offered_to_and_is_refused(owner, people, services, role):
    asked = await waiting(services, owner)
    person = owner if role == "owner" else await people(role, beside=owner)
    page = (await person.http.get(at(asked))).text
    assert ">Approve</button>" not in page
    assert ("this needs the approval of: approver" in page) or ("reads only" in page)
    answer = await person.send(at(asked, "/approve"), hash=asked.hash)
    assert answer.status_code == 403
    assert (await person.send(at(asked, "/delegate"), to="role:owner")).status_code == 403
    assert (await latest(services, owner, asked.run_id)).state == "waiting"


async def test_a_say_is_handed_on_to_a_member_by_name(owner, people, services):
    asked = await waiting(services, owner)
    approver, strategist, writer = [await people(role, beside=owner) for role in ("approver", "strategist", "writer")]
    page = (await approver.http.get(at(asked))).text
    assert f'<option value="{strategist.member.actor}">A strategist (strategist)</option>' in page
    assert writer.member.actor not in page
    for to in (writer.member.actor, "member:mb_nobody", approver.member.actor, "key", "role:writer"):
        assert (await approver.send(at(asked, "/delegate"), to=to)).status_code == 422
    done = await approver.send(at(asked, "/delegate"), to=strategist.member.actor, reason="on leave")
    assert done.headers["location"] == f"{at(asked)}?said=delegated"
    mine = (await approver.http.get(at(asked))).text
    assert "you handed this on to A strategist" in mine
    assert ">Approve</button>" not in mine
    assert ">Approve</button>" in (await strategist.http.get(at(asked))).text
    assert (await strategist.send(at(asked, "/approve"), hash=asked.hash)).status_code == 303
    assert (await latest(services, owner, asked.run_id)).state == "approved"


async def test_four_eyes_and_two_approvers_are_told(owner, people, services):
    asked = await waiting(services, owner, {"roles": ["owner", "approver"], "approvers": 2, "four_eyes": True})
    page = (await owner.http.get(at(asked))).text
    assert "four eyes: you asked for this" in page
    assert ">Approve</button>" not in page
    assert ">Reject</button>" in page
    ann, bob = await people("approver", beside=owner), await people("approver", beside=owner)
    assert (await ann.send(at(asked, "/approve"), hash=asked.hash)).headers["location"].endswith("said=given")
    half = (await ann.http.get(at(asked))).text
    assert "1 of 2" in half
    assert "you have approved; others still have to" in half
    assert (await bob.send(at(asked, "/approve"), hash=asked.hash)).headers["location"].endswith("said=approved")


async def test_what_ran_out_says_so(owner, people, services):
    asked = await waiting(services, owner)
    approver = await people("approver", beside=owner)
    async with services.database.transaction(owner.workspace.id) as connection:
        await connection.execute("UPDATE approvals SET expires_at = now() WHERE id = %s", (asked.id,))
    page = (await approver.http.get(at(asked))).text
    assert "ran out" in page
    assert ">Approve</button>" not in page
    late = await approver.send(at(asked, "/approve"), hash=asked.hash)
    assert late.status_code == 409
    assert "ran out" in late.text


async def test_another_workspace_does_not_see_it(owner, people, services):
    asked = await waiting(services, owner)
    stranger, client = await people(), await people("client", beside=owner)
    assert (await stranger.http.get(at(asked))).status_code == 404
    assert (await stranger.send(at(asked, "/approve"), hash=asked.hash)).status_code == 404
    for path in ("/c/salon/approvals", at(asked)):
        assert (await client.http.get(path)).status_code == 403
    assert (await client.send(at(asked, "/approve"), hash=asked.hash)).status_code == 403


async def test_an_empty_list_says_what_would_stand_there(owner):
    page = (await owner.http.get("/c/salon/approvals")).text
    assert "Nothing waits for approval." in page
