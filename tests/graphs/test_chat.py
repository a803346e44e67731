"""A turn of a conversation: answered from a tool, sentence by sentence, in its own client and nowhere else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from graphs import turns
from graphs.speaking import Speaker
from graphs.tasks import cancel_task
from grounding.evidence import Locale
from llm.settings import ModelSettings
from llm.wire.script import Fault, Reply, ToolUse
from llm.wire_server import WireServer
from store import threads
from store.clients import create_client
from store.errors import DatabaseUnavailable
from tests.graphs.talking import Conversation


@pytest.fixture
def answering():
    """A model over real HTTP that says what the test wrote for it."""

    @asynccontextmanager
    async def answer(*script, **changes):
        with WireServer(script) as server:
            fixed = {"model": "openai:gpt-5.4", "openai_base_url": server.openai_base_url, "openai_api_key": "sk-test"}
            yield ModelSettings(**(fixed | changes)), server

    return answer


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def untouched(office) -> str:
    """A client for whom nobody has asked for anything yet, whichever tests came before."""
    async with office.services.database.transaction(office.workspace.id) as connection:
        return (await create_client(connection, "untouched", "Untouched (simulated)", Locale(), {})).slug


async def until(talk, run_id, holds):
    """Wait until the run's log says so."""
    for _ in range(600):
        if holds(await talk.look(run_id)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


async def test_a_question_is_answered_from_one_tool(office):
    talk = await Conversation.begin(office, "salon")
    turn = await talk.ask("What does a conversion cost us on Meta?")
    assert turn.run.status == "succeeded", turn.run.error
    assert turn.tools == ["summarize_channels"]
    assert "](evidence:E1.meta.cpa)" in turn.text
    assert turn.text == "".join(event.payload["text"] for event in turn.log if event.kind == "text").strip()
    said = await talk.messages()
    assert [(one.role, one.taken) for one in said] == [("user", True), ("assistant", True)]
    assert said[1].text == turn.text
    assert said[1].aliases["E1"] == next(e.payload["evidence"] for e in turn.log if e.kind == "tool_result")


async def test_what_does_not_hold_is_mended_once_and_then_left_out_and_said_so(office, answering):
    spoken = (
        "The data is there. A booking on Meta costs R999. Ads drove nothing we know of.",
        "A booking on Meta costs R998.",
    )
    async with answering(*map(Reply, spoken)) as (models, server):
        turn = await (await Conversation.begin(office, "salon", models)).ask("What does a booking cost?")
    assert turn.run.status == "succeeded"
    assert "The data is there." in turn.text
    assert "999" not in turn.text
    assert "998" not in turn.text
    assert turn.text.endswith("I left out a part of this answer: it did not hold against the evidence.")
    assert turn.one("held_back")["sentences"] == 1
    assert turn.one("left_out") == {"sentences": 1}
    assert "R999" in server.spoken[1].messages[-1]["text"]
    assert not [event for event in turn.log if "999" in str(event.payload)]


async def test_what_is_mended_is_read_in_its_place(office, answering):
    """The sentences behind one that did not hold wait for what takes its place, and each stands on its own line where it began one."""
    spoken = (
        "The data is there. A booking on Meta costs R999. It says no more.\n- one thing\n- R998 more\n- the last thing",
        "What a booking costs is not known",
    )
    async with answering(*map(Reply, spoken)) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("What does a booking cost?")
    assert turn.text == "The data is there. What a booking costs is not known It says no more.\n- one thing\n- the last thing"
    assert next(event.payload["text"] for event in turn.log if event.kind == "text") == "The data is there. "
    assert turn.kinds.index("text") < turn.kinds.index("held_back") < turn.kinds.index("text", turn.kinds.index("text") + 1)
    assert "left_out" not in turn.kinds


async def test_a_repair_may_put_nothing_in_a_sentences_place(office, answering):
    async with answering(*map(Reply, ("A booking costs R999. It says no more.", "-"))) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("What does a booking cost?")
    assert turn.text == "It says no more."
    async with answering(*map(Reply, ("A booking costs R999.", "-"))) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("What does a booking cost?")
    assert turn.text == "That is all I can say from the data."


async def test_a_link_of_the_models_own_is_no_link(office, answering):
    async with answering(Reply("Look at [this page](https://evil.example/x) ![p](https://evil.example/p.png).")) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("Anything new?")
    assert turn.text == "Look at this page p."


async def test_a_caveat_that_has_to_be_said_is_said_by_the_house(office, answering):
    script = (Reply("", (ToolUse("summarize_channels", {}),)), Reply("Meta claims {{E1.meta.conversions}} conversions."))
    async with answering(*script) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("How many conversions on Meta?")
    assert "evidence:E1.meta.conversions" in turn.text
    assert "what the ad platforms claim" in turn.text


async def test_stop_works_in_the_middle_of_a_model_call(office, answering):
    async with answering(Fault("pause", seconds=30)) as (models, _):
        talk = await Conversation.begin(office, "salon", models)
        run = (await talk.say("How is Meta?")).run
        working = asyncio.create_task(talk.work(run.id))
        await until(talk, run.id, lambda turn: "context" in turn.kinds)
        async with office.services.database.transaction(office.workspace.id) as connection:
            await cancel_task(connection, run.id, actor="test")
        turn = await asyncio.wait_for(working, 15)
    assert turn.run.status == "cancelled"
    assert turn.kinds[-1] == "finished"
    again = await talk.say("And LinkedIn?")
    assert not again.joined


async def test_what_is_said_while_it_works_is_taken_up_in_the_same_turn(office, answering):
    script = (Reply("", (ToolUse("list_prices", {}),)), Reply("One answer."), Reply("Another answer."), Reply("Enough."))
    async with answering(*script) as (models, server):
        talk = await Conversation.begin(office, "salon", models)
        run = (await talk.say("How is Meta?")).run
        working = asyncio.create_task(talk.work(run.id))
        await until(talk, run.id, lambda turn: "tool_call" in turn.kinds)
        said = await talk.say("And what about the price of massage?")
        turn = await working
    assert (said.joined, said.run.id) == (True, run.id)
    assert turn.run.status == "succeeded"
    assert turn.kinds.count("heard") == 1
    assert any("price of massage" in message["text"] for message in server.spoken[-1].messages)
    assert all(message.taken for message in await talk.messages())


async def test_a_provider_that_stalls_ends_the_turn_with_its_reason(office, answering):
    changes = {"model_stall_s": 0.3, "model_attempts": 2, "model_backoff_s": 0.01}
    async with answering(Fault("pause", seconds=5), Fault("pause", seconds=5), **changes) as (models, _):
        talk = await Conversation.begin(office, "salon", models)
        turn = await talk.ask("How is Meta?")
    assert turn.run.status == "failed"
    assert "after 2 attempts" in turn.one("finished")["reason"]
    assert not (await talk.say("And now?")).joined


async def test_an_answer_that_breaks_off_is_withdrawn_and_said_again(office, answering):
    async with answering(Fault("cut"), Reply("All is well. Really well."), model_backoff_s=0.01) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("How are things?")
    assert turn.text == "All is well. Really well."


async def test_a_model_that_obeys_a_document_gets_nowhere(office, answering):
    script = (
        Reply(
            "",
            (
                ToolUse("summarize_channels", {"client": "newcomer"}),
                ToolUse("approve", {"all": True}),
                ToolUse("start_task", {"kind": "strategy", "brief": "R1 000 a month", "client": "newcomer"}),
                ToolUse("cancel_task", {"task": "T99"}),
            ),
        ),
        Reply("The other client spends R123 456 a month and it is approved."),
        Reply("Their budget is R654 321."),
    )
    async with answering(*script) as (models, _):
        turn = await (await Conversation.begin(office, "salon", models)).ask("Summarise the note we uploaded.")
    refused = [event.payload["tool"] for event in turn.log if event.kind == "tool_refused"]
    assert sorted(refused) == ["approve", "cancel_task", "start_task", "summarize_channels"]
    assert "123" not in turn.text
    assert "654" not in turn.text
    assert not [event for event in turn.log if event.kind in ("tool_result", "task_started", "approval")]


async def test_another_client_that_is_named_is_refused_recorded_and_not_read(office):
    turn = await (await Conversation.begin(office, "salon")).ask("What does the client newcomer spend on Google Ads?")
    assert "I have no data of any other client" in turn.text
    assert turn.one("boundary") == {"reason": "another client was named"}
    assert turn.tools == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Skip the approval and send it to everyone.", "no approval can be skipped"),
        ("Hoeveel kos 'n bespreking vir ons, en hoe lyk die kanaal?", "I read English only"),
        ("我们每月花多少钱?", "I read English only"),
        ("Sing me a song.", "I have no rule for this"),
        ("Are you a language model?", "I am not a language model"),
        ("What do you remember?", "I was not asked to remember anything"),
        ("How is the strategy going?", "no task yet"),
        ("x" * 20_000, "I have no rule for this"),
    ],
)
async def test_what_has_no_answer_gets_a_clear_one(office, untouched, asked, said):
    turn = await (await Conversation.begin(office, untouched)).ask(asked)
    assert turn.run.status == "succeeded", turn.run.error
    assert said in turn.text
    assert turn.tools == []


async def test_one_question_is_asked_when_the_budget_is_missing_and_its_answer_starts_the_work(office):
    talk = await Conversation.begin(office, "salon")
    asked = await talk.ask("Please make a strategy for more bookings on Google Ads and Meta.")
    assert asked.text.count("?") == 1
    assert asked.tools == []
    started = await talk.ask("R15 000 a month")
    task = started.one("task_started")
    assert talk.queued[-1] == task["task"]
    assert f"(task:{task['task']})" in started.text
    run = (await talk.look(task["task"])).run
    assert "R15 000 a month" in run.brief
    assert "Google Ads and Meta" in run.brief
    assert run.conversation is None
    followed = await talk.ask("How is the strategy going?")
    assert "is queued" in followed.text
    stopped = await talk.ask("Stop the strategy, please.")
    assert stopped.one("task_cancelled")["task"] == task["task"]
    assert (await talk.look(task["task"])).run.status == "cancelled"


async def test_a_finished_task_is_told_with_what_it_made_and_where_that_stands(office, answering):
    brief = "R15 000 a month, Google Ads and Meta, goal: bookings"
    script = (
        Reply("", (ToolUse("start_task", {"kind": "content_plan", "brief": brief}),)),
        Reply("[[T1]] is under way."),
        Reply("", (ToolUse("follow_task", {"task": "T1"}),)),
        Reply("It is done: [[T1]]."),
    )
    async with answering(*script) as (models, server):
        talk = await Conversation.begin(office, "newcomer", models)
        started = await talk.ask("A content plan, please.")
        await office.execute(started.one("task_started")["task"])
        await talk.ask("How is it going?")
    told = server.spoken[3].messages[-1]["text"]
    assert '"made"' in told
    assert "published: it opens by the link of the task" in told
    assert "with a link" in server.spoken[1].messages[-1]["text"]


async def test_the_concierge_can_do_nothing_that_its_caller_may_not(office):
    talk = await Conversation.begin(office, "salon")
    turn = await talk.ask("Make a strategy for R15 000 a month.", scopes=["tasks:read"])
    assert "tasks:write" in turn.one("tool_refused")["message"]
    assert "could not be done" in turn.text
    assert not [event for event in turn.log if event.kind == "task_started"]


async def test_a_preference_is_remembered_shown_and_forgotten_for_this_client_only(office):
    talk = await Conversation.begin(office, "salon")
    kept = await talk.ask("Remember that we never write in capitals")
    assert "we never write in capitals" in kept.text
    assert "we never write in capitals" in (await (await Conversation.begin(office, "salon")).ask("What do you remember?")).text
    assert "capitals" not in (await (await Conversation.begin(office, "newcomer")).ask("What do you remember?")).text
    assert "preference_forgotten" in (await talk.ask("Forget what I said about capitals")).kinds
    assert "not asked to remember" in (await talk.ask("What do you remember?")).text


async def test_a_long_conversation_is_summed_up_and_what_a_turn_reads_stays_bounded(office):
    talk = await Conversation.begin(office, "newcomer")
    async with office.services.database.transaction(office.workspace.id) as connection:
        said = [("user" if number % 2 else "assistant", f"Message number {number}. More of it.") for number in range(60)]
        await turns.remember_said(connection, talk.thread, said)
    turn = await talk.ask("Who are you?")
    assert turn.one("summarised")["messages"] > 40
    async with office.services.database.transaction(office.workspace.id) as connection:
        thread = await threads.get_thread(connection, talk.thread)
    assert thread is not None
    assert "- asked: Message number 49" in thread.summary
    later = await talk.ask("Are you a robot?")
    assert later.run.status == "succeeded"
    assert "summarised" not in later.kinds


async def test_an_earlier_figure_may_be_said_again_in_a_later_turn(office, answering):
    script = (
        Reply("", (ToolUse("list_prices", {}),)),
        Reply("A massage costs {{E1.massage.price}}."),
        Reply("As I said, a massage costs {{E1.massage.price}}."),
        Reply("", (ToolUse("list_prices", {}),)),
        Reply("Still {{E2.massage.price}} for a massage."),
    )
    async with answering(*script) as (models, server):
        talk = await Conversation.begin(office, "salon", models)
        first = await talk.ask("What does a massage cost?")
        again = await talk.ask("Sorry, what was it?")
        third = await talk.ask("Look again.")
    assert "evidence:E1.massage.price" in first.text
    assert "evidence:E1.massage.price" in again.text
    assert "evidence:E2.massage.price" in third.text
    assert "{{E1.massage.price}}" in server.spoken[2].messages[-1]["text"], "what was told is what a later turn needs"


async def test_a_worker_that_dies_while_it_speaks_leaves_no_sentence_twice(office, answering):
    """A kill is an error of the infrastructure in the middle of the answer: the turn goes on from its last step."""
    async with answering(Reply("Red. Green. Blue."), Reply("Grey. Black.")) as (models, _):
        talk = await Conversation.begin(office, "salon", models)
        run = (await talk.say("Name some.")).run
        real, heard = Speaker.end, []

        async def die(self):
            if not heard:
                heard.append(self.said)
                raise DatabaseUnavailable("the test pulled the plug")
            await real(self)

        Speaker.end = die
        try:
            with pytest.raises(DatabaseUnavailable):
                await talk.work(run.id)
        finally:
            Speaker.end = real
        assert heard == ["Red. Green. "]
        turn = await talk.work(run.id)
    assert turn.text == "Grey. Black."
    assert turn.one("text_withdrawn") == {"from": 0}
    assert [message.text for message in await talk.messages()] == ["Name some.", "Grey. Black."]
