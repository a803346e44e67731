"""Chat over real HTTP: conversations begun, shown, followed, found, renamed, deleted; seen by nobody but their owner."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from api.auth import ROLES, Principal
from api.house import House
from api.settings import ApiSettings
from graphs.execute import execute
from graphs.services import Services
from jobs.queue import enqueue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import events, threads
from store.errors import DatabaseUnavailable
from store.sessions import find_session
from tests.web.conftest import Person
from web import following
from web.visiting import COOKIE, Visitor

LIMIT = 60
"""seconds after which a stream that does not come is a failure; the first turn of a process imports what it needs"""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def work(database, store_settings):
    """Does what a worker does with one run."""
    models = ModelSettings(model="offline")
    services = Services(database, store_settings, models, embedder(models), enqueue=enqueue)

    async def do(person: Person, run_id: str) -> None:
        await execute(services, person.workspace.id, run_id)

    return do


async def begun(person: Person, text: str = "Who are you?") -> str:
    """The address of a new conversation."""
    answer = await person.send("/c/salon/chat", text=text)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def turn_of(person: Person, database, address: str) -> str:
    """The run that takes up what is said now."""
    async with database.transaction(person.workspace.id) as connection:
        thread = await threads.get_thread(connection, address.rsplit("/", 1)[1])
    assert thread is not None
    assert thread.turn is not None
    return thread.turn


async def log_of(person: Person, database, run: str) -> list[events.Event]:
    async with database.transaction(person.workspace.id) as connection:
        return await events.after(connection, run, 0)


async def append(person: Person, database, run: str, kind: str, payload: dict) -> None:
    async with database.transaction(person.workspace.id) as connection:
        await events.append(connection, run, kind, payload)


@dataclass
class Tab:
    """A page that follows a conversation: what it shows, block by block, as its script puts it together."""

    blocks: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    aloud: list[str] = field(default_factory=list)
    frames: list[dict] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    place: str = ""

    @classmethod
    def of(cls, page: str) -> Tab:
        """The tab of a page as the server sent it."""
        tab = cls(place=re.search(r'data-place="([^"]*)"', page)[1])
        for block, id in re.findall(r'(<div class="block [^"]*" id="([^"]+)".*?)(?=<div class="block |</article>)', page, re.DOTALL):
            tab.blocks[id] = block.strip()
            tab.order.append(id)
        return tab

    def take(self, kind: str, id: str, data: dict) -> None:
        self.kinds.append(kind)
        if kind != "turn":
            return
        self.frames.append(data)
        self.place = id
        self.aloud += data["aloud"]
        for block in data["blocks"]:
            if block["id"] not in self.blocks:
                place = self.order.index(block["after"]) + 1 if block["after"] in self.order else len(self.order)
                self.order.insert(place, block["id"])
            self.blocks[block["id"]] = block["html"]

    @property
    def shown(self) -> list[str]:
        """The blocks top to bottom, empty ones left out."""
        return [self.blocks[id] for id in self.order if not self.blocks[id].endswith('"></div>')]

    async def follow(self, person: Person, address: str, *, until=lambda tab: not tab.frames[-1]["working"], headers=None) -> Tab:
        """Read the stream until something was seen in it."""
        fields: dict[str, str] = {}
        params = {} if headers else {"after": self.place}
        async with person.http.stream("GET", f"{address}/stream", params=params, headers=headers or {}) as response:
            assert response.status_code == 200, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    self.take(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                    fields = {}
                    if self.kinds[-1] in ("gone", "signed-out") or (self.frames and until(self)):
                        break
        return self


async def seen(found) -> None:
    """Wait until something is there."""
    async with asyncio.timeout(LIMIT):
        while not found():
            await asyncio.sleep(0.02)


async def test_a_message_begins_a_conversation_and_its_page_says_that_an_answer_is_under_way(owner, database, work):
    address = await begun(owner)
    page = await owner.http.get(address)
    assert page.status_code == 200
    assert "Who are you?" in page.text
    assert "An answer is under way" in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    await work(owner, await turn_of(owner, database, address))
    page = await owner.http.get(address)
    assert "I am not a language model" in page.text
    assert "http-equiv" not in page.text


async def test_a_tab_that_follows_shows_what_a_page_loaded_afterwards_shows(owner, database, work):
    address = await begun(owner)
    tab = Tab.of((await owner.http.get(address)).text)
    _, tab = await asyncio.gather(work(owner, await turn_of(owner, database, address)), asyncio.wait_for(tab.follow(owner, address), LIMIT))
    later = Tab.of((await owner.http.get(address)).text)
    assert tab.shown == later.shown
    assert tab.place == later.place
    assert " ".join(tab.aloud).startswith("I answer by rules, I am not a language model")


async def test_who_comes_back_after_any_event_misses_nothing(owner, database, work):
    address = await begun(owner, "Remember that we never write in capitals")
    run = await turn_of(owner, database, address)
    await work(owner, run)
    whole = Tab.of((await owner.http.get(address)).text)
    log = await log_of(owner, database, run)
    for number in range(1, len(log)):
        headers = {"Last-Event-ID": f"{run}:{number}"}
        tab = await asyncio.wait_for(Tab().follow(owner, address, headers=headers), LIMIT)
        [frame] = tab.frames
        assert (frame["since"], frame["to"]) == (number, len(log))
        assert set(tab.blocks) <= set(whole.blocks)
        assert all(whole.blocks[id] == html for id, html in tab.blocks.items())


async def test_two_tabs_agree_and_a_message_said_in_one_appears_in_the_other(owner, database, work):
    address = await begun(owner)
    await work(owner, await turn_of(owner, database, address))
    page = (await owner.http.get(address)).text
    one, two = Tab.of(page), Tab.of(page)
    following = [asyncio.create_task(tab.follow(owner, address)) for tab in (one, two)]
    await seen(lambda: one.kinds and two.kinds)
    said = await owner.http.post(address, data={"csrf": owner.csrf, "text": "What can you do?"}, headers={"Accept": "*/*"})
    assert said.status_code == 202
    assert said.json()["joined"] is False
    await work(owner, said.json()["run"])
    await asyncio.wait_for(asyncio.gather(*following), LIMIT)
    assert one.shown == two.shown == Tab.of((await owner.http.get(address)).text).shown
    assert any("What can you do?" in block for block in one.shown)


async def test_a_message_sent_while_it_works_joins_the_answer(owner, database, work):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    again = await owner.send(address, text="And who made you?")
    assert again.headers["location"] == address
    page = (await owner.http.get(address)).text
    assert "it is read at the next step" in page
    await work(owner, run)
    page = (await owner.http.get(address)).text
    assert page.count("And who made you?") == 1
    assert page.count("<article") == 1


async def test_text_that_is_withdrawn_is_void_and_what_replaces_it_stands_there(owner, database):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    for kind, payload in [
        ("started", {}),
        ("text", {"part": 0, "text": "It cost too much. "}),
        ("text", {"part": 1, "text": "- first\n"}),
    ]:
        await append(owner, database, run, kind, payload)
    tab = Tab.of((await owner.http.get(address)).text)
    assert any("It cost too much" in block for block in tab.shown)
    await append(owner, database, run, "text_withdrawn", {"from": 0})
    await append(owner, database, run, "text", {"part": 0, "text": "| a | b |\n|---|---:|\n"})
    await append(owner, database, run, "text", {"part": 1, "text": "| one | 1 |\n"})
    await append(owner, database, run, "finished", {"status": "succeeded", "reason": None})
    tab = await asyncio.wait_for(tab.follow(owner, address), LIMIT)
    shown = "".join(tab.shown)
    assert "too much" not in shown
    assert '<td class="right">1</td>' in shown
    assert tab.shown == Tab.of((await owner.http.get(address)).text).shown


EVERY = [
    ("started", {}),
    ("step", {"name": "recall", "number": 1}),
    ("boundary", {"reason": "another client was named"}),
    ("text", {"part": 0, "text": "One. "}),
    ("text_withdrawn", {"from": 0}),
    ("text", {"part": 0, "text": "One again."}),
    *[("tool_call", {"call": name, "tool": name, "arguments": None}) for name in ("start_task", "follow_task", "cancel_task")],
    ("tool_call", {"call": "remember", "tool": "remember", "arguments": {"preference": "no capitals"}}),
    ("tool_call", {"call": "forget", "tool": "forget", "arguments": ["not", "an object"]}),
    ("tool_call", {"call": "list_prices", "tool": "list_prices", "arguments": {}}),
    ("tool_call", {"call": "refused", "tool": "list_prices", "arguments": {}}),
    ("task_started", {"call": "start_task", "task": "run_gone", "kind": "strategy", "name": "T1"}),
    ("task_followed", {"call": "follow_task", "task": "run_gone", "status": "running"}),
    ("task_cancelled", {"call": "cancel_task", "task": "run_gone"}),
    ("preference_kept", {"call": "remember", "preference": "pref_1"}),
    ("preference_forgotten", {"call": "forget", "preference": "pref_1"}),
    (
        "tool_result",
        {"call": "list_prices", "tool": "list_prices", "alias": "E1", "evidence": "ev_1", "figures": 3, "duration_ms": 2.5, "chart": True},
    ),
    ("tool_refused", {"call": "refused", "tool": "list_prices", "kind": "not_enough_data", "message": "there are no prices"}),
    ("text", {"part": 1, "text": "It is [R5](evidence:E1.price)."}),
    ("held_back", {"sentences": 1, "repair": 1}),
    ("left_out", {"sentences": 1}),
    ("summarised", {"messages": 9}),
    ("usage", {"input_tokens": 1}),
    ("a_kind_to_come", {}),
    ("finished", {"status": "succeeded", "reason": None}),
]


async def test_every_moment_of_a_turn_can_be_shown(owner, database):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    tab = Tab.of((await owner.http.get(address)).text)
    for kind, payload in EVERY:
        await append(owner, database, run, kind, payload)
        page = await owner.http.get(address)
        assert page.status_code == 200, kind
    assert 'src="/evidence/ev_1/chart.svg"' in page.text
    await asyncio.wait_for(tab.follow(owner, address), LIMIT)
    assert tab.shown == Tab.of(page.text).shown


async def test_hostile_text_stays_text(owner, database, work):
    address = await begun(owner, HOSTILE)
    run = await turn_of(owner, database, address)
    for kind, payload in [
        ("text", {"part": 0, "text": f"{HOSTILE} [a](javascript:alert(3)) ![b](http://evil.example/x.png) **bold**"}),
        ("tool_call", {"call": "c1", "tool": HOSTILE, "arguments": {"a": HOSTILE}}),
        ("tool_refused", {"call": "c1", "tool": HOSTILE, "kind": "x", "message": HOSTILE}),
        ("tool_call", {"call": "c2", "tool": "remember", "arguments": {"preference": HOSTILE}}),
        ("finished", {"status": "failed", "reason": HOSTILE}),
    ]:
        await append(owner, database, run, kind, payload)
    await owner.send(f"{address}/title", title=HOSTILE)
    followed = await asyncio.wait_for(Tab().follow(owner, address), LIMIT)
    pages = [(await owner.http.get(path)).text for path in (address, "/c/salon/chat")]
    assert "<strong>bold</strong>" in pages[0]
    for text in (*pages, *followed.blocks.values()):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "javascript:" not in re.sub(r"\(javascript:alert\(3\)\)", "", text)
        assert "evil.example" not in "".join(re.findall(r"<[^>]*>", text))


async def test_nobody_else_sees_a_conversation(owner, people, database, work):
    address = await begun(owner)
    colleague, stranger = await people(beside=owner), await people()
    run = await turn_of(owner, database, address)
    for other in (colleague, stranger):
        assert "Who are you?" not in (await other.http.get("/c/salon/chat")).text
        for path in (address, f"{address}/stream", f"/c/salon/chat/runs/{run}/steps/1"):
            assert (await other.http.get(path)).status_code == 404, path
        for path in (address, f"{address}/stop", f"{address}/title", f"{address}/delete"):
            assert (await other.send(path, text="mine", title="mine")).status_code == 404, path
    assert "Who are you?" in (await owner.http.get(address)).text


async def test_who_may_only_read_gets_no_form_and_is_refused(people):
    auditor = await people("auditor")
    page = (await auditor.http.get("/c/salon/chat")).text
    assert "<textarea" not in page
    assert (await auditor.send("/c/salon/chat", text="hello")).status_code == 403
    portal = await people("client")
    assert (await portal.http.get("/c/salon/chat")).status_code == 403


@pytest.mark.parametrize(
    ("text", "told"), [("  \n ", "empty"), ("x" * 100_000, "20000 is the most"), ("a\x00b", "cannot be kept")], ids=["empty", "long", "nul"]
)
async def test_a_message_that_cannot_be_kept_is_refused_in_words_and_stays_in_its_field(owner, text, told):
    address = await begun(owner)
    for path in (address, "/c/salon/chat"):
        page = await owner.send(path, text=text)
        assert page.status_code == 422
        assert told in re.search(r'role="alert">([^<]*)', page.text)[1]
        assert len(page.text) >= len(text)
    refused = await owner.http.post(address, data={"csrf": owner.csrf, "text": text}, headers={"Accept": "*/*"})
    assert refused.status_code == 422
    assert told in refused.json()["detail"]


async def test_stop_ends_the_answer_and_keeps_what_was_said(owner, database, work):
    address = await begun(owner)
    run = await turn_of(owner, database, address)
    page = (await owner.http.get(address)).text
    assert "Stop the answer" in page
    stopped = await owner.send(f"{address}/stop")
    assert stopped.headers["location"] == address
    tab = await asyncio.wait_for(Tab().follow(owner, address), LIMIT)
    assert "Stopped." in tab.shown[-1]
    assert tab.aloud[-1] == "Stopped."
    await work(owner, run)
    assert (await log_of(owner, database, run))[-1].payload["status"] == "cancelled"
    assert re.search(r'id="stop" hidden', (await owner.http.get(address)).text)


async def test_a_conversation_is_found_renamed_and_deleted(owner, database, work):
    address = await begun(owner, "hello from the quillwort")
    refused = await owner.send(f"{address}/delete")
    assert refused.status_code == 409
    assert "stop it first" in refused.text
    await work(owner, await turn_of(owner, database, address))
    assert address in (await owner.http.get("/c/salon/chat", params={"q": "QUILLWORT"})).text
    assert "Nothing found" in (await owner.http.get("/c/salon/chat", params={"q": "marigold"})).text
    await owner.send(f"{address}/title", title="Winter plans")
    assert "Winter plans" in (await owner.http.get("/c/salon/chat")).text
    tab = Tab()
    following = asyncio.create_task(tab.follow(owner, address, until=lambda tab: False))
    await seen(lambda: tab.kinds)
    gone = await owner.send(f"{address}/delete")
    assert gone.headers["location"] == "/c/salon/chat?said=removed"
    assert (await asyncio.wait_for(following, LIMIT)).kinds[-1] == "gone"
    assert (await owner.http.get(address)).status_code == 404


async def test_a_stream_ends_when_its_session_does(owner):
    address = await begun(owner)
    tab = Tab()
    following = asyncio.create_task(tab.follow(owner, address, until=lambda tab: False))
    await seen(lambda: tab.kinds)
    async with httpx.AsyncClient(base_url=owner.http.base_url, cookies=owner.http.cookies, headers={"Accept": "text/html"}) as other:
        await other.post("/sign-out", data={"csrf": owner.csrf})
    assert (await asyncio.wait_for(following, LIMIT)).kinds[-1] == "signed-out"
    async with httpx.AsyncClient(base_url=owner.http.base_url, cookies=owner.http.cookies) as other:
        assert (await other.get(f"{address}/stream")).status_code == 401


class Flaky:
    """The database, but each third transaction, from the first on, is lost at its end, when all was read."""

    def __init__(self, database):
        self.database, self.count = database, 0

    @asynccontextmanager
    async def transaction(self, workspace_id):
        self.count += 1
        async with self.database.transaction(workspace_id) as connection:
            yield connection
        if self.count % 3 == 1:
            raise DatabaseUnavailable("gone for a moment")


async def test_a_stream_outlives_a_database_that_goes_away_and_tells_nothing_twice(owner, database, store_settings, work, monkeypatch):
    address = await begun(owner)
    thread, run = address.rsplit("/", 1)[1], await turn_of(owner, database, address)
    await work(owner, run)
    monkeypatch.setattr(following, "AGAIN_SECONDS", 0.01)
    models = ModelSettings(model="offline")
    house = House(ApiSettings(heartbeat_seconds=0.01), store_settings, models)
    house._services = Services(Flaky(database), store_settings, models, embedder(models))
    async with database.transaction(None) as connection:
        secret = owner.http.cookies[COOKIE]
        session = await find_session(connection, secret)
    caller = Principal(f"member:{owner.member.id}", owner.workspace.id, "owner", ROLES["owner"])
    follower = following.Follower(house, Visitor(session, caller), secret, owner.client, thread, ("", 0))
    frames = []
    async with asyncio.timeout(LIMIT), aclosing(follower.frames()) as told:
        async for frame in told:
            frames.append(frame)
            if sum("database is not there" in one for one in frames) == 3:
                break
    assert len([frame for frame in frames if "event: turn" in frame]) == 1
