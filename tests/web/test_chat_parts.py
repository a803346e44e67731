"""What stands in a conversation beside words: tool steps, work that was handed over, approvals that wait, files; and how texts are cut."""

from __future__ import annotations

import asyncio
import re

import pytest

from graphs.turns import own_records
from llm.offline.chat.choosing import QUESTIONS
from store import approvals, deliverables, documents, evidence, messages, runs
from store.policies import Requirement
from tests.web.test_chat import HOSTILE, LIMIT, Tab, append, begun, log_of, seen, turn_of, work
from web.conversation import aloud, text_html
from web.starters import STARTERS, suited
from web.turns import pieces

__all__ = ["work"]

QUESTION = "What is a typical click-through rate in our industry?"


async def test_a_tool_step_opens_to_request_and_result_and_its_figures_to_their_evidence(owner, database, work):
    address = await begun(owner, QUESTION)
    run = await turn_of(owner, database, address)
    await work(owner, run)
    page = (await owner.http.get(address)).text
    [inside] = re.findall(r'<details class="step" data-inside="([^"]+)">', page)
    part = await owner.http.get(inside, headers={"Accept": "*/*"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "Request" in part.text
    whole = await owner.http.get(inside)
    assert "<h1>Find benchmarks</h1>" in whole.text
    figures = re.findall(r'<a class="figure" href="(/evidence/[^"#]+)#([^"]+)"', page)
    assert figures
    for record, key in figures:
        card = await owner.http.get(f"{record}/card", params={"key": key})
        assert card.status_code == 200
        assert "no figure of that name" not in card.text


async def test_a_step_that_is_none_of_a_conversation_is_not_found(owner, database, work):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    for path in (f"/c/salon/chat/runs/{run}/steps/1", f"/c/salon/chat/runs/{run}/steps/999999999999", "/c/salon/chat/runs/run_x/steps/1"):
        assert (await owner.http.get(path)).status_code == 404, path


async def test_what_was_stated_opens_as_the_turn_kept_it(owner, database, work):
    address = await begun(owner, "Our budget is R15 000 a month.")
    run = await turn_of(owner, database, address)
    await owner.send(address, text="And the margin is 40 percent.")
    await work(owner, run)
    async with database.transaction(owner.workspace.id) as connection:
        kept = {record.id: record.alias for record in await evidence.of_run(connection, run)}
    assert kept[own_records(run, 0)["B"]] == "B"
    assert kept[own_records(run, 0)["F"]] == "F"
    heard = sum(len(event.payload["messages"]) for event in await log_of(owner, database, run) if event.kind == "heard")
    assert own_records(run, heard)["B"] in kept


async def handed_over(person, database, address: str, status: str = "running") -> str:
    """A task that the conversation started."""
    turn = await turn_of(person, database, address)
    async with database.transaction(person.workspace.id) as connection:
        run = await runs.get_run(connection, turn)
        assert run is not None
        task = await runs.create_run(connection, person.client.id, "strategy", "R15 000 a month", as_of=run.as_of, asked_by="key:x")
        await runs.set_status(connection, task.id, status)
    await append(person, database, turn, "tool_call", {"call": "c1", "tool": "start_task", "arguments": {"kind": "strategy"}})
    await append(person, database, turn, "task_started", {"call": "c1", "task": task.id, "kind": "strategy", "name": "T1"})
    return task.id


async def test_work_that_is_handed_over_is_followed_in_place_until_its_deliverable(owner, database):
    address = await begun(owner)
    task = await handed_over(owner, database, address)
    await append(owner, database, await turn_of(owner, database, address), "finished", {"status": "succeeded", "reason": None})
    tab = Tab.of((await owner.http.get(address)).text)
    assert any("with the strategist" in block and "Running" in block for block in tab.shown)
    cards: list[str] = []
    tab.take = lambda kind, id, data: (tab.kinds.append(kind), tab.frames.append({}), cards.append(data.get("html", "")))
    following = asyncio.create_task(tab.follow(owner, address, until=lambda tab: "The autumn plan" in cards[-1]))
    await seen(lambda: cards)
    await append(owner, database, task, "step", {"name": "run_tools", "number": 3})
    await seen(lambda: any("computing" in card for card in cards))
    async with database.transaction(owner.workspace.id) as connection:
        made = await deliverables.add(
            connection, run_id=task, client_id=owner.client.id, kind="strategy", title="The autumn plan", status="published", content={},
            markdown="text", verdict={}, evidence_aliases={}, model={}, prompt={},
        )  # fmt: skip
        await runs.set_status(connection, task, "succeeded", deliverable_id=made.id)
    await append(owner, database, task, "finished", {"status": "succeeded"})
    await asyncio.wait_for(following, LIMIT)
    assert f"/c/salon/deliverables/{made.id}" in cards[-1]
    assert "Stop this task" not in cards[-1]
    steps = await owner.http.get(f"/c/salon/chat/tasks/{task}", headers={"Accept": "*/*"})
    assert "R15 000 a month" in steps.text


async def test_an_approval_that_waits_stands_in_place_with_audience_cost_and_what_changed(owner, people, database):
    address = await begun(owner)
    task = await handed_over(owner, database, address)
    async with database.transaction(owner.workspace.id) as connection:
        common = {"run_id": task, "client_id": owner.client.id, "kind": "strategy", "title": "Plan", "verdict": {}, "evidence_aliases": {}}
        common |= {"model": {}, "prompt": {}}
        await deliverables.add(connection, status="rejected", content={"a": 1}, markdown="Spend it on search.", **common)
        made = await deliverables.add(connection, status="awaiting_approval", content={"a": 2}, markdown="Spend it on social.", **common)
        await approvals.hold_run(connection, task)
        asked = await approvals.ask(
            connection, made, audience={"client": "salon", "texts": [{"where": "audience", "text": HOSTILE}]},
            cost=[{"what": "budget (brief)", "text": "R15 000"}], passages=[], requirement=Requirement(),
        )  # fmt: skip
        await runs.set_status(connection, task, "waiting")
    page = (await owner.http.get(address)).text
    assert "It waits for approval" in page
    assert "R15 000" in page
    assert HOSTILE not in page
    assert f'href="/c/salon/approvals/{asked.id}">Read and decide' in page
    changes = await owner.http.get(f"/c/salon/chat/approvals/{asked.id}/changes", headers={"Accept": "*/*"})
    assert re.search(r"<del>.*search", changes.text)
    assert re.search(r"<ins>.*social", changes.text)
    stranger = await people()
    assert (await stranger.http.get(f"/c/salon/chat/approvals/{asked.id}/changes")).status_code == 404
    assert (await stranger.http.get(f"/c/salon/chat/tasks/{task}")).status_code == 404


async def attach(person, address: str, name: str, content: bytes):
    path = f"/uploads/salon/chat/{address.rsplit('/', 1)[1]}"
    return await person.http.post(path, data={"csrf": person.csrf}, files={"file": (name, content)})


async def test_an_attached_text_becomes_a_document_and_a_table_goes_on_to_the_import(owner, people, database):
    address = await begun(owner)
    kept = await attach(owner, address, "<b>Brand voice.md", b"# Voice\nWe never shout.")
    assert kept.headers["location"] == f"{address}?said=document"
    async with database.transaction(owner.workspace.id) as connection:
        [document] = await documents.list_documents(connection, owner.client.id)
    assert (document.title, document.text) == ("<b>Brand voice", "# Voice\nWe never shout.")
    table = await attach(owner, address, "spend.csv", b"date,campaign,cost,clicks,impressions\n2026-01-01,a,10,1,5\n")
    assert table.status_code == 303, table.text
    assert table.headers["location"].startswith("/c/salon/data/imports/new/")
    writer = await people("writer", beside=owner)
    theirs = await begun(writer)
    assert (await attach(writer, theirs, "spend.csv", b"a,b\n1,2\n")).status_code == 403
    assert (await attach(writer, address, "voice.md", b"mine")).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("movie.exe", b"MZ", "a .exe file"),
        ("empty.md", b"  \n", "holds no text"),
        ("latin.txt", "Grüße".encode("latin-1"), "not in UTF-8"),
        ("nul.md", b"a\x00b", "cannot be kept"),
        ("", b"", "Choose a file"),
    ],
)
async def test_a_file_that_cannot_be_attached_is_refused_in_words(owner, name, content, told):
    refused = await attach(owner, await begun(owner), name, content)
    assert refused.status_code == 422
    assert told in refused.text


async def test_earlier_messages_are_a_page_further_back(owner, database):
    address = await begun(owner)
    async with database.transaction(owner.workspace.id) as connection:
        for number in range(90):
            await messages.add(connection, address.rsplit("/", 1)[1], "user", f"message {number:02}", taken=True)
    page = (await owner.http.get(address)).text
    assert "message 89" in page
    assert "Waiting for a worker" not in page
    assert "message 20" not in page
    seen: set[str] = set()
    while earlier := re.search(r'href="([^"]+\?before=\d+)"', page):
        seen |= set(re.findall(r"message \d\d", page))
        page = (await owner.http.get(earlier[1])).text
        assert "<textarea" not in page
    assert len(seen | set(re.findall(r"message \d\d", page))) == 90
    assert "Who are you?" in page


async def test_a_conversation_whose_events_are_gone_still_reads(owner, database, work):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    await work(owner, run)
    async with database.transaction(owner.workspace.id) as connection:
        await connection.execute("DELETE FROM run_events WHERE run_id = %s", (run,))
    page = (await owner.http.get(address)).text
    assert "Who are you?" in page
    assert "I am not a language model" in page
    assert "Waiting for a worker" not in page
    assert "under way" not in re.sub(r"<span data-when.*?</span>", "", page)
    again = await owner.http.post(address, data={"csrf": owner.csrf, "text": "hello"}, headers={"Accept": "*/*"})
    await work(owner, again.json()["run"])
    tab = await asyncio.wait_for(Tab.of(page).follow(owner, address), LIMIT)
    assert not tab.frames[-1]["working"]


async def test_a_new_conversation_is_offered_questions_that_suit_the_data(owner):
    page = (await owner.http.get("/c/salon/chat")).text
    assert "There is no data of this client yet" in page
    assert "What does our data cover" in page
    assert "Who are our loyal customers?" not in page
    assert "Who are our loyal customers?" in suited(frozenset({"orders"}))
    assert "What does a conversion cost us on each channel?" in suited(frozenset({"ad_metrics", "prices"}))


def test_every_question_that_is_offered_has_a_tool_by_the_offline_rules():
    unanswered = [starter.text for starter in STARTERS if not any(rule.words.search(starter.text) for rule in QUESTIONS)]
    assert unanswered == []


def test_a_text_is_cut_where_a_block_begins_and_nowhere_else():
    assert pieces("One.\n\nTwo.") == ["One.", "Two."]
    assert pieces("- a\n\n- b\n\n  more of b\n\nAfter.") == ["- a\n\n- b\n\n  more of b", "After."]
    assert pieces("```\na\n\nb\n```\n\nAfter.") == ["```\na\n\nb\n```", "After."]
    assert pieces("Intro:\n\n1. one\n\n2. two") == ["Intro:", "1. one\n\n2. two"]
    assert pieces("\n\n  \n\n") == []


def test_a_figure_without_known_evidence_is_text_and_a_task_leads_to_its_page():
    shown = text_html("It is [R5](evidence:A.rate) and [R7](evidence:E1.cost), see [the task](task:run_1).", {"E1": "ev_1"}, "salon")
    assert shown.count("<a ") == 2
    assert 'href="/evidence/ev_1#cost"' in shown
    assert 'href="/c/salon/tasks/run_1"' in shown
    assert "R5" in shown


def test_sentences_are_read_out_without_marks():
    assert aloud(["- **Meta** costs [R19,74](evidence:E1.meta.cpa).", "|---|---:|\n", "| a | b |\n"]) == ["Meta costs R19,74.", "a b"]
