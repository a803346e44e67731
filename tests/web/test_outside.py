"""What readers outside the house see: the portal of one client, and a link that expires; published texts, plain cards, nothing else."""

from __future__ import annotations

import re

import httpx
import pytest

from store import audit, deliverables, shares
from tests.web.conftest import HTML
from tests.web.texts import kept

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def at(made, rest=""):
    return f"/c/salon/deliverables/{made.id}{rest}"


async def link_of(owner, made):
    """A fresh link, as its maker copies it."""
    page = await owner.send(at(made, "/shares"), days=7)
    assert page.status_code == 200, page.text
    return re.search(r"/shared/[A-Za-z0-9_-]{40,}", page.text)[0]


@pytest.fixture
def anybody(site):
    """A browser of somebody who is not signed in."""

    def make():
        return httpx.AsyncClient(base_url=site, headers=HTML, timeout=30)

    return make


async def test_the_portal_lists_what_is_published_for_its_client_and_nothing_else(owner, people, database):
    client = await people("client", beside=owner)
    empty = (await client.http.get("/portal")).text
    assert "Nothing is published yet." in empty
    made = await kept(database, owner, title="For you")
    draft = await kept(database, owner, title="Not for you", status="awaiting_approval")
    stranger = await people()
    foreign = await kept(database, stranger, title="Of somebody else")
    page = (await client.http.get("/portal")).text
    assert "For you" in page
    assert "Not for you" not in page
    assert "Of somebody else" not in page
    assert (await client.http.get("/")).headers["location"] == "/portal"
    for one in (draft, foreign):
        for rest in ("", "/figures/E1", "/figures/E1/card?key=meta.cpa", "/charts/E1.svg", "/file.pdf"):
            assert (await client.http.get(f"/portal/{one.id}{rest}")).status_code == 404
    assert (await client.http.get(f"/portal/{made.id}")).status_code == 200
    assert (await owner.http.get("/portal")).headers["location"] == "/"
    assert (await owner.http.get(f"/portal/{made.id}")).status_code == 404


async def test_a_figure_of_the_portal_opens_a_plain_card_of_what_the_text_shows(owner, people, database):
    client = await people("client", beside=owner)
    made = await kept(database, owner)
    page = (await client.http.get(f"/portal/{made.id}")).text
    assert f'href="/portal/{made.id}/figures/E1#meta.cpa"' in page
    assert "/evidence/" not in page
    assert f"/portal/{made.id}/charts/E1.svg" in page
    card = (await client.http.get(f"/portal/{made.id}/figures/E1/card?key=meta.cpa.low")).text
    assert "Cost per booking on meta" in card
    assert "counted in the client&#39;s data" in card
    assert "summarize_channels" not in card
    assert "Compute again" not in card
    hidden = (await client.http.get(f"/portal/{made.id}/figures/E1/card?key=meta.margin")).text
    assert "990" not in hidden, "a figure that the text does not show is not shown"
    alone = (await client.http.get(f"/portal/{made.id}/figures/E1")).text
    assert 'id="meta.cpa"' in alone
    assert "meta.margin" not in alone
    assert (await client.http.get(f"/portal/{made.id}/figures/E9")).status_code == 404
    drawn = await client.http.get(f"/portal/{made.id}/charts/E1.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")


async def test_a_result_that_the_text_does_not_speak_of_is_shown_to_nobody_outside(owner, people, database):
    client = await people("client", beside=owner)
    first = await kept(database, owner)
    identity = first.evidence_aliases["E1"]
    made = await kept(database, owner, evidence_aliases={"E1": identity, "E2": identity})
    page = (await client.http.get(f"/portal/{made.id}")).text
    assert "/charts/E2.svg" not in page
    for path in ("/charts/E2.svg", "/figures/E2"):
        assert (await client.http.get(f"/portal/{made.id}{path}")).status_code == 404
    whole = (await client.http.get(f"/portal/{made.id}/file.html")).text
    assert whole.count("<figure>") == 1, "the chart of the one result that the text shows"


@pytest.mark.parametrize(("format", "begins"), [("md", b"# Plan"), ("html", b"<!doctype"), ("pdf", b"%PDF-"), ("docx", b"PK")])
async def test_files_for_outside_lead_to_no_evidence(owner, people, database, format, begins):
    client = await people("client", beside=owner)
    made = await kept(database, owner)
    response = await client.http.get(f"/portal/{made.id}/file.{format}")
    assert response.content.startswith(begins)
    assert b"evidence/" not in response.content
    assert b"evidence:" not in response.content
    assert "draft" not in response.headers["content-disposition"]


async def test_a_link_shows_one_published_version_to_whoever_has_it(owner, anybody, database):
    made = await kept(database, owner, title=HOSTILE, more=HOSTILE)
    link = await link_of(owner, made)
    assert link not in (await owner.http.get(at(made))).text, "it is shown once"
    async with anybody() as http:
        page = await http.get(link)
        assert page.status_code == 200
        assert "noindex" in page.headers["x-robots-tag"]
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "/evidence/" not in page.text
        assert f'href="{link}/figures/E1#meta.cpa"' in page.text
        card = await http.get(f"{link}/figures/E1/card?key=meta.cpa")
        assert "Cost per booking on meta" in card.text
        assert "990" not in (await http.get(f"{link}/figures/E1/card?key=meta.margin")).text
        file = await http.get(f"{link}/file.md")
        assert "evidence:" not in file.text
        for answer in (card, file, await http.get(f"{link}/charts/E1.svg")):
            assert answer.status_code == 200
            assert "noindex" in answer.headers["x-robots-tag"]
        assert (await http.get(at(made))).status_code == 303, "the link signs nobody in"
    async with database.transaction(owner.workspace.id) as connection:
        noted = [entry.action for entry in await audit.list_entries(connection, limit=1000) if entry.subject == made.id]
    assert noted == ["share.create"]


async def test_a_link_that_does_not_hold_says_so_and_what_to_do(owner, anybody, database):
    made = await kept(database, owner)
    taken, expired, replaced = [await link_of(owner, made) for _ in range(3)]
    page = (await owner.http.get(at(made))).text
    revokes = re.findall(r'action="([^"]+/revoke)"', page)
    assert len(revokes) == 3
    assert (await owner.send(revokes[-1])).status_code == 303
    async with database.transaction(owner.workspace.id) as connection:
        [_, second, _] = sorted(await shares.of_deliverable(connection, made.id), key=lambda one: one.created_at)
        await connection.execute("UPDATE share_links SET expires_at = now() WHERE id = %s", (second.id,))
    async with anybody() as http:
        assert (await http.get(replaced)).status_code == 200
        async with database.transaction(owner.workspace.id) as connection:
            await deliverables.set_status(connection, made.id, "draft")
        for link in (taken, expired, replaced, "/shared/nothing-like-it"):
            for rest in ("", "/file.pdf", "/figures/E1", "/figures/E1/card?key=meta.cpa", "/charts/E1.svg"):
                answer = await http.get(link + rest)
                assert answer.status_code == 410, link + rest
            answer = await http.get(link)
            assert "This link does not hold any more" in answer.text
            assert "Ask whoever sent it to you for a new one." in answer.text
            assert "noindex" in answer.headers["x-robots-tag"]
    page = (await owner.http.get(at(made))).text
    assert ">expired</span>" in page
    assert ">taken back</span>" in page


async def test_a_link_is_not_written_to_the_log(owner, anybody, database, capsys):
    link = await link_of(owner, await kept(database, owner))
    async with anybody() as http:
        for path in (link, f"{link}/file.md", f"{link}/figures/E1", "/welcome/a-secret-that-lets-in"):
            await http.get(path)
    logged = "".join(capsys.readouterr())
    assert "/shared/…/file.md" in logged
    assert "/welcome/…" in logged
    assert link.removeprefix("/shared/") not in logged
    assert "a-secret-that-lets-in" not in logged


async def test_only_what_is_published_is_shared_and_only_by_who_may(owner, people, database):
    draft, made = await kept(database, owner, status="draft"), await kept(database, owner)
    refused = await owner.send(at(draft, "/shares"), days=7)
    assert refused.status_code == 409
    assert "Only a published version" in refused.text
    assert (await owner.send(at(made, "/shares"), days=365)).status_code == 422
    assert (await owner.send(at(made, "/shares"), days="many")).status_code == 422
    for role in ("writer", "approver", "auditor"):
        person = await people(role, beside=owner)
        assert "Link for the client" not in (await person.http.get(at(made))).text
        assert (await person.send(at(made, "/shares"), days=7)).status_code == 403
        assert (await person.send(at(made, "/shares/sh_x/revoke"))).status_code == 403
    stranger = await people()
    assert (await stranger.send(at(made, "/shares/sh_x/revoke"))).status_code == 404
    assert (await owner.send(at(made, "/shares/sh_x/revoke"))).status_code == 404
