"""The outreach writer on a simulated client, and what the house refuses of a sequence whoever wrote it."""

from __future__ import annotations

import pytest

from agents.outreach_writer import Outreach

BRIEF = "Win back guests who have not booked for 90 days, by e-mail. Goal: bookings."


@pytest.mark.asyncio(loop_scope="session")
async def test_a_sequence_goes_to_people_who_agreed_and_verifies(office):
    run_id = await office.start("salon", BRIEF, kind="outreach")
    run = await office.execute(run_id)
    assert run.status == "succeeded", run.error
    made = await office.deliverable(run_id)
    assert made.status == "published"
    assert made.verdict["ok"] is True
    [chosen] = [record for record in await office.evidence(run_id) if record.tool == "select_recipients"]
    assert (chosen.request["bought"], chosen.request["quiet_days"]) == ("before", 90)
    assert len(made.content["messages"]) == 3
    assert all("{{unsubscribe_link}}" in message["body"] for message in made.content["messages"])
    assert "{{contact.first_name}}" in made.markdown
    assert "Only people who agreed to e-mail may be mailed" in made.markdown


def faults(sequence) -> list[tuple[str, str]]:
    return [(path, problem) for path, _, problem in Outreach.model_validate(sequence).faults(lambda text: text)]


@pytest.mark.asyncio(loop_scope="session")
async def test_the_house_refuses_what_may_not_be_sent(office):
    run_id = await office.start("salon", BRIEF, kind="outreach")
    await office.execute(run_id)
    made = (await office.deliverable(run_id)).content
    assert faults(made) == []
    first, second, *rest = made["messages"]
    familiar = first | {"body": first["body"].replace("Hello", "I noticed you stopped. Hello", 1)}
    assert faults(made | {"messages": [familiar, second, *rest]})[0] == (
        "messages.0.body",
        "it claims to know the reader; a stranger does not",
    )
    nameless = first | {"personal": []}
    assert any("no reason is given" in problem for _, problem in faults(made | {"messages": [nameless, second, *rest]}))
    again = second | {"reason": first["reason"]}
    assert any(path == "messages.1.reason" for path, _ in faults(made | {"messages": [first, again, *rest]}))
    early = second | {"send_in_days": 0}
    assert any(path == "messages.1.send_in_days" for path, _ in faults(made | {"messages": [first, early, *rest]}))
    hasty = first | {"send_in_days": 1}
    assert any("before the approval is due" in problem for _, problem in faults(made | {"messages": [hasty, second, *rest]}))
    same = made["variants"][0] | {"text": first["subject"]}
    assert ("variants.0.text", "it is the same as the original") in faults(made | {"variants": [same]})
    stray = made["variants"][0] | {"of": "fourth mail"}
    assert any(path == "variants.0.of" for path, _ in faults(made | {"variants": [stray]}))
