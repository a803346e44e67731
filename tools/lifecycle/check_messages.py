"""Whether outreach messages keep to lengths, consent, sender, one ask and honest words."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tools.contract import Caveat, Column, Decision, Figure, Frozen, Request, Table, ToolResult, draft, tool
from tools.methods.message_rules import Channel, Text, faults, sms_parts, words


class Message(Frozen):
    """One message as it would be sent, merge fields in place."""

    channel: Channel = Field(description="by which it is sent")
    subject: str = draft("subject line; empty where the channel has none", default="", max_length=400)
    body: str = draft(
        "the text; slots of figures, and merge fields such as {{contact.first_name}}, {{link}}", min_length=1, max_length=4000
    )
    personal: tuple[str, ...] = Field((), description="personal merge fields for which a reason is given", max_length=6)


class CheckMessages(Request):
    """The messages of a sequence, in their order."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "messages": [
                        {
                            "channel": "email",
                            "subject": "Your Saturday slot",
                            "body": "Hello {{contact.first_name}}, Saturday mornings are open again: {{link}}. "
                            "{{sender.name}}, {{sender.company}}. {{unsubscribe_link}}",
                            "personal": ["contact.first_name"],
                        }
                    ]
                }
            ]
        }
    }

    messages: tuple[Message, ...] = Field(description="the messages", min_length=1, max_length=12)
    banned: tuple[str, ...] = Field((), description="words that the client's brand voice bans", max_length=60)


class CheckedMessages(ToolResult):
    """What is wrong, message by message."""

    faults: tuple[str, ...] = Field(description="what keeps the messages from being sent, each with the number of its message")


@tool(version=1, field="lifecycle")
def check_messages(request: CheckMessages) -> CheckedMessages:
    """Check outreach messages for length limits, opt-out, sender, one link, personal fields, claims and banned words.

    It holds the words to rules; whether the people agreed to be written to is counted by `select_recipients`.
    """
    figures: list[Figure] = []
    wrong: list[tuple[int, str, str]] = []
    for number, message in enumerate(request.messages, start=1):
        text = Text(message.channel, message.subject, message.body)
        wrong += [(number, fault.words, fault.problem) for fault in faults(text, banned=request.banned, personal=message.personal)]
        figures += _figures(number, text)
    return CheckedMessages(
        figures=(
            Figure(key="messages", value=len(request.messages), unit="count", metric="messages", label="messages checked"),
            Figure(key="faults", value=len(wrong), unit="count", metric="faults", label="faults found"),
            *figures,
        ),
        findings=("Messages checked: {{messages}}; faults found: {{faults}}.",),
        caveats=(Caveat(code="rules_only", text="The check knows rules of form and law in common; it is no legal advice for a country."),),
        decision=Decision(action="mend" if wrong else "pass", reason="The messages hold {{faults}} faults."),
        table=_table(wrong),
        faults=tuple(f"message {number}: {problem}" + (f" ({said})" if said else "") for number, said, problem in wrong),
    )


def _figures(number: int, text: Text) -> list[Figure]:
    key: dict[str, Any] = {"entity": f"message {number}", "unit": "count"}
    found = [
        Figure(key=f"m{number}.words", value=words(text.body), metric="words", label="words of the message", **key),
        Figure(key=f"m{number}.characters", value=len(text.body), metric="characters", label="characters of the message", **key),
    ]
    if text.channel == "sms":
        found.append(
            Figure(key=f"m{number}.parts", value=sms_parts(text.body), metric="sms_parts", label="text messages it is sent as", **key)
        )
    return found


def _table(wrong: list[tuple[int, str, str]]) -> Table | None:
    if not wrong:
        return None
    columns = (
        Column(name="message", label="message", unit="count"),
        Column(name="words", label="words"),
        Column(name="problem", label="problem"),
    )
    return Table(title="What to mend", columns=columns, rows=tuple(wrong))
