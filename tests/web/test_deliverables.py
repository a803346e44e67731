"""Deliverables as people see them: the list, a version with its figures and charts, what changed, files; and who may not."""

from __future__ import annotations

import pytest

from tests.web.texts import kept

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def at(person, made="", rest=""):
    return f"/c/{person.client.slug}/deliverables" + (f"/{made.id}" if made else "") + rest


async def test_the_list_shows_each_deliverable_in_its_newest_version(owner, database):
    first = await kept(database, owner, title="First plan", status="draft")
    second = await kept(database, owner, title="Second plan", run_id=first.run_id)
    report = await kept(database, owner, title="October", kind="report", status="needs_person")
    page = (await owner.http.get(at(owner))).text
    assert "Second plan" in page
    assert "First plan" not in page
    assert f"/deliverables/{second.id}" in page
    only = (await owner.http.get(at(owner) + "?kind=report&state=needs_person")).text
    assert report.id in only
    assert second.id not in only
    none = (await owner.http.get(at(owner) + "?kind=report&state=published")).text
    assert "None of these." in none
    assert (await owner.http.get(at(owner) + "?kind=poem&state=else")).status_code == 200, "what is not known filters nothing"


async def test_an_empty_list_says_how_to_fill_it(owner):
    page = (await owner.http.get(at(owner))).text
    assert "Nothing has been made for this client yet." in page
    assert "/tasks/new" in page


async def test_a_version_shows_its_figures_its_chart_in_place_and_what_was_verified(owner, database):
    made = await kept(database, owner)
    page = (await owner.http.get(at(owner, made))).text
    evidence = made.evidence_aliases["E1"]
    assert page.count("<h1") == 1
    assert f'href="/evidence/{evidence}#meta.cpa"' in page
    assert f"/evidence/{evidence}/chart.svg" in page
    assert page.index("chart.svg") < page.index("The numbers") < page.index("<table>")
    assert "<strong>1</strong> figures verified" in page
    assert "1 numbers make no claim" in page
    assert " style=" not in page
    card = (await owner.http.get(f"/evidence/{evidence}/card?key=meta.cpa.low")).text
    assert "Cost per booking on meta" in card, "an end of an interval opens its figure"


async def test_what_is_not_published_says_so_and_an_old_version_leads_to_the_new_one(owner, database):
    draft = await kept(database, owner, status="needs_person")
    assert "not for use outside the house" in (await owner.http.get(at(owner, draft))).text
    later = await kept(database, owner, title="Better", run_id=draft.run_id)
    page = (await owner.http.get(at(owner, draft))).text
    assert f"/deliverables/{later.id}" in page
    assert "A later version is there" in page


async def test_what_changed_is_shown_word_by_word(owner, database):
    before = await kept(database, owner, more="We spend little on Meta.")
    after = await kept(database, owner, more="We spend much on Meta.", run_id=before.run_id)
    page = (await owner.http.get(at(owner, after, "/changes"))).text
    assert '<del><span class="unseen">removed: </span>little</del>' in page
    assert '<ins><span class="unseen">added: </span>much</ins>' in page
    assert "1 words added" in page
    first = (await owner.http.get(at(owner, before, "/changes"))).text
    assert "There is nothing to compare with." in first
    stranger = await kept(database, owner, title="Of another task")
    assert (await owner.http.get(at(owner, after, f"/changes?since={stranger.id}"))).status_code == 404


@pytest.mark.parametrize(("format", "begins"), [("md", b"# Plan"), ("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("docx", b"PK")])
async def test_a_version_is_downloaded_in_each_format(owner, database, format, begins):
    made = await kept(database, owner)
    response = await owner.http.get(at(owner, made, f"/file.{format}"))
    assert response.status_code == 200
    assert response.content.startswith(begins)
    assert response.headers["content-disposition"] == f'attachment; filename="strategy-{made.id}.{format}"'
    assert (await owner.http.get(at(owner, made, "/file.exe"))).status_code == 404


async def test_hostile_text_stays_text(owner, database):
    made = await kept(database, owner, title=HOSTILE, more=HOSTILE + " [x](javascript:alert(1))")
    await owner.send(at(owner, made, "/comments"), text=HOSTILE, quote=HOSTILE)
    for path in (at(owner), at(owner, made), at(owner, made, "/changes"), f"/c/salon/tasks/{made.run_id}"):
        page = (await owner.http.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page


async def test_another_workspace_and_another_client_are_not_there(owner, people, database):
    stranger = await people()
    made = await kept(database, stranger)
    for rest in ("", "/changes", "/file.md"):
        assert (await owner.http.get(at(owner, made, rest))).status_code == 404
    for rest in ("/comments", "/shares"):
        assert (await owner.send(at(owner, made, rest), text="mine")).status_code == 404
    assert (await owner.http.get(f"/c/salon/tasks/{made.run_id}")).status_code == 404
    assert (await owner.send(f"/c/salon/tasks/{made.run_id}/stop")).status_code == 404


async def test_a_comment_stands_beside_the_text_until_it_is_settled(owner, people, database):
    made = await kept(database, owner)
    approver, auditor = await people("approver", beside=owner), await people("auditor", beside=owner)
    answer = await approver.send(at(owner, made, "/comments"), text="Is this per week?", quote="per  booking")
    assert answer.status_code == 303
    page = (await owner.http.get(at(owner, made))).text
    assert "Is this per week?" in page
    assert "per booking</blockquote>" in page
    assert "A approver" in page
    empty = await approver.send(at(owner, made, "/comments"), text="  ", quote="kept words")
    assert empty.status_code == 422
    assert "the comment is empty" in empty.text
    assert 'value="kept words"' in empty.text
    long = await approver.send(at(owner, made, "/comments"), text="x" * 4001)
    assert long.status_code == 422
    assert "x" * 4001 in long.text, "nothing typed is lost"
    action = page.split('action="')[1:]
    settle = next(part.split('"')[0] for part in action if "/settle" in part)
    assert (await owner.send(settle)).status_code == 303
    assert ">settled</span>" in (await owner.http.get(at(owner, made))).text
    quiet = (await auditor.http.get(at(owner, made))).text
    assert "<textarea" not in quiet
    assert (await auditor.send(at(owner, made, "/comments"), text="no")).status_code == 403


async def test_a_portal_member_has_no_business_at_the_pages_of_work(owner, people, database):
    made = await kept(database, owner)
    client = await people("client", beside=owner)
    for path in (at(owner), at(owner, made), at(owner, made, "/file.pdf"), at(owner, made, "/changes")):
        assert (await client.http.get(path)).status_code == 404
    assert (await client.http.get("/c/salon/tasks")).status_code == 403
    assert (await client.send(at(owner, made, "/comments"), text="hello")).status_code == 404
