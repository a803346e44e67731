"""Deliverables in each format, chosen by suffix, query or Accept."""

from __future__ import annotations

import pytest

from api.deliverables import negotiate
from api.problems import NotAcceptable
from store import deliverables, runs
from tests.api.support import problem

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "# Plan\n\nMeta is expected to cost [R182.40](evidence:E1.meta.cpa) per booking.\n\n<script>alert(1)</script>\n"


async def made(agency, database):
    async with database.transaction(agency.workspace.id) as connection:
        run = await runs.create_run(connection, agency.client.id, "strategy", "a brief", as_of=agency.client.created_at.date())
        return await deliverables.add(
            connection,
            run_id=run.id,
            client_id=agency.client.id,
            kind="strategy",
            title="Plan",
            status="published",
            content={"title": "Plan"},
            markdown=TEXT,
            verdict={"ok": True},
            evidence_aliases={},
            model={"name": "offline-rules-v1", "is_llm": False},
            prompt={},
        )


async def test_json_has_the_text_the_verdict_and_the_model(ours, database):
    kept = await made(ours, database)
    body = (await ours.http.get(f"/deliverables/{kept.id}")).json()
    assert (body["id"], body["client"], body["status"], body["markdown"]) == (kept.id, "salon", "published", TEXT)
    assert body["model"]["is_llm"] is False
    assert body["content_hash"] == kept.content_hash
    card = (await ours.http.get("/deliverables", params={"client": "salon"})).json()["deliverables"][0]
    assert card == {name: body[name] for name in card}


@pytest.mark.parametrize(
    ("way", "media", "begins"),
    [
        ({"url": ".md"}, "text/markdown; charset=utf-8", b"# Plan"),
        ({"url": ".html"}, "text/html; charset=utf-8", b"<!doctype html>"),
        ({"url": ".pdf"}, "application/pdf", b"%PDF-"),
        ({"url": "?format=pdf"}, "application/pdf", b"%PDF-"),
        ({"url": ".docx"}, WORD, b"PK"),
        ({"accept": WORD}, WORD, b"PK"),
        ({"accept": "application/pdf"}, "application/pdf", b"%PDF-"),
        ({"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}, "text/html; charset=utf-8", b"<!doctype html>"),
        ({"accept": "text/markdown;q=0.5, application/json;q=0.4"}, "text/markdown; charset=utf-8", b"# Plan"),
        ({"url": "?format=json", "accept": "text/html"}, "application/json", b"{"),
    ],
)
async def test_the_format_asked_for_is_given(ours, database, way, media, begins):
    kept = await made(ours, database)
    headers = {"Accept": way["accept"]} if "accept" in way else {}
    response = await ours.http.get(f"/deliverables/{kept.id}{way.get('url', '')}", headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == media
    assert response.content.startswith(begins)
    assert "Accept" in response.headers["vary"]


async def test_a_page_runs_no_script(ours, database):
    kept = await made(ours, database)
    response = await ours.http.get(f"/deliverables/{kept.id}.html")
    assert "script-src" not in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "<script" not in response.text


async def test_a_format_that_is_not_offered_is_406(ours, database):
    kept = await made(ours, database)
    problem(await ours.http.get(f"/deliverables/{kept.id}", headers={"Accept": "image/png"}), 406, "not-acceptable")
    problem(await ours.http.get(f"/deliverables/{kept.id}.odt"), 406, "not-acceptable")
    problem(await ours.http.get(f"/deliverables/{kept.id}?format=odt"), 422, "invalid-request")


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("*/*", "json"),
        ("", None),
        ("text/*", "md"),
        ("application/*;q=0.1, text/html", "html"),
        ("application/json;q=0", None),
        ("a;q=x", None),
    ],
)
def test_negotiation(accept, format):
    if format is None:
        with pytest.raises(NotAcceptable):
            negotiate(accept)
    else:
        assert negotiate(accept) == format
