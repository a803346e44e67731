"""Documents of a client on pages: added, seen in passages, forgotten; fetched only where that is allowed."""

from __future__ import annotations

import re

import pytest

TEXT = "# Voice\n\nWe speak plainly.\n\n" + "A sentence about salons that goes on for a while. " * 40


async def add(person, file=None, **fields):
    files = {"file": file} if file else {"file": ("", b"")}
    return await person.http.post("/uploads/salon/documents", data={"csrf": person.csrf, **fields}, files=files)


async def test_a_text_is_kept_with_its_day_and_shown_in_its_passages(owner):
    answer = await add(owner, title="Brand voice", kind="brand", dated="2026-09-01", text=TEXT)
    assert answer.status_code == 303, answer.text
    page = (await owner.http.get(answer.headers["location"])).text
    assert '<h1 class="wrap">Brand voice</h1>' in page
    assert len(re.findall(r'<li class="passage">', page)) == 4
    listed = (await owner.http.get("/c/salon/data/documents")).text
    assert "Brand voice" in listed
    assert re.search(r"0?1 Sept 2026", listed)


async def test_a_file_is_kept_under_its_own_name_when_no_title_is_given(owner):
    answer = await add(owner, ("price-list.md", b"Soap costs R75."), title="", text="")
    assert answer.status_code == 303, answer.text
    page = (await owner.http.get(answer.headers["location"])).text
    assert "price-list</h1>" in page
    assert "Soap costs R75." in page


@pytest.mark.parametrize(
    ("file", "fields", "said"),
    [
        (("plan.docx", b"PK.."), {}, "This is a .docx file. Documents are plain text or Markdown"),
        (("plan.txt", b"\xff\xfe\x00"), {}, "not in UTF-8"),
        (None, {"title": "Empty", "text": ""}, "The text is missing."),
        (None, {"title": "", "text": "words"}, "The title is missing."),
        (None, {"title": "Blank", "text": " \n "}, "holds no text"),
        (None, {"title": "Day", "text": "words", "dated": "soon"}, "The day cannot be taken"),
    ],
)
async def test_what_cannot_be_kept_is_said_and_what_was_typed_is_still_there(owner, file, fields, said):
    answer = await add(owner, file, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'role="alert"' in answer.text
    if fields.get("title"):
        assert f'value="{fields["title"]}"' in answer.text
    assert "No documents yet" in answer.text


async def test_a_document_is_forgotten(owner):
    here = (await add(owner, title="Old prices", text="Soap costs R70.")).headers["location"].split("?")[0]
    answer = await owner.send(f"{here}/forget")
    assert answer.headers["location"] == "/c/salon/data/documents?said=removed"
    gone = await owner.http.get(here)
    assert gone.status_code == 404
    assert "it may have been forgotten" in gone.text


async def test_fetching_pages_is_off_until_hosts_are_allowed(owner):
    page = (await owner.http.get("/c/salon/data/documents")).text
    assert "Fetching pages is switched off" in page
    refused = await owner.send("/c/salon/data/documents/fetch", url="https://example.org/prices", page_kind="competitor")
    assert refused.status_code == 422
    assert "fetching pages is switched off" in refused.text


async def test_who_may_do_what(people, owner):
    here = (await add(owner, title="Voice", text="Plain words.")).headers["location"].split("?")[0]
    writer, auditor, stranger, portal = [
        await people("writer", beside=owner), await people("auditor", beside=owner), await people(), await people("client", beside=owner),
    ]  # fmt: skip
    assert (await add(writer, title="More", text="Words.")).status_code == 303
    assert "Add a text" not in (await auditor.http.get("/c/salon/data/documents")).text
    assert "Forget it" not in (await auditor.http.get(here)).text
    assert (await add(auditor, title="More", text="Words.")).status_code == 403
    assert (await auditor.send(f"{here}/forget")).status_code == 403
    assert (await stranger.http.get(here)).status_code == 404
    assert (await stranger.send(f"{here}/forget")).status_code == 404
    assert (await portal.http.get("/c/salon/data/documents")).status_code == 403
    assert (await owner.http.get(here)).status_code == 200


async def test_hostile_text_stays_text(owner):
    script = "<script>alert(1)</script>"
    here = (await add(owner, ("<img src=x onerror=alert(1)>.md", script.encode()), title=script, kind=script, text="")).headers["location"]
    for page in ((await owner.http.get(here)).text, (await owner.http.get("/c/salon/data/documents")).text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
