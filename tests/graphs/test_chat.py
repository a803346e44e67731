"""A turn of a conversation: answered from a tool, sentence by sentence, in its own client and nowhere else."""

from __future__ import annotations

from tests.graphs.talking import Conversation


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
