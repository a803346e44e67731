"""The outreach writer: a sequence of messages to people who agreed to be written to, each with its own reason, ready to approve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Days, Deliverable, Part, Prose
from agents.parts import Action, Alternative, Risk, Unknown
from tools.methods.message_rules import Channel, Text, faults


class Message(Part):
    """One message of the sequence, as its reader gets it but for its merge fields."""

    name: Annotated[str, Field(description="short name of the step, which variants refer to: 'first mail'", max_length=60)]
    send_in_days: Annotated[Days, Field(title="Send", description="days from today, later than the approval is due")]
    channel: Annotated[Channel, Field(title="Channel")]
    reason: Annotated[Prose, Field(title="Why now", description="the new reason to write that this step has and no earlier one had")]
    subject: Annotated[str, Field(title="Subject", description="empty where the channel has none", max_length=200)]
    body: Annotated[
        str,
        Field(
            title="Text",
            min_length=1,
            max_length=2000,
            description="at most 120 words, one ask, one {{link}} at most; closes with {{sender.name}} and {{unsubscribe_link}}",
        ),
    ]
    ask: Annotated[Prose, Field(title="Ask", description="the one thing the reader should do")]
    personal: Annotated[
        tuple[str, ...],
        Field(
            title="Personal",
            max_length=5,
            description="one entry for each personal merge field used, with why it may be known: 'contact.first_name: given at sign-up'",
        ),
    ]


class Variant(Part):
    """Another version of one part of one message, for a test. It differs in that part alone."""

    of: Annotated[str, Field(title="Of", description="name of the message")]
    changes: Annotated[Literal["subject", "body"], Field(title="Changes", description="the one part that differs")]
    text: Annotated[str, Field(title="Text", min_length=1, max_length=2000, description="that part, whole")]
    why: Annotated[Prose, Field(title="Why", description="what we would learn")]


class Outreach(Deliverable):
    """A finished outreach sequence, to be approved before anything is sent. Giving it ends the work: call this once, when it is written."""

    kind: ClassVar[str] = "outreach"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words: to whom, how many messages over how long, what it costs, what to expect, the approval needed",
            min_length=2,
            max_length=5,
        ),
    ]
    recipients: Annotated[
        tuple[Prose, ...],
        Field(
            title="Who is written to",
            min_length=1,
            max_length=5,
            description="who, how many agreed, who is left out and why, as slots",
            json_schema_extra={"x-approval": "audience"},
        ),
    ]
    messages: Annotated[tuple[Message, ...], Field(title="Messages", min_length=2, max_length=8)]
    variants: Annotated[tuple[Variant, ...], Field(title="Variants to test", min_length=1, max_length=4)]
    test: Annotated[
        tuple[Prose, ...],
        Field(
            title="The test",
            min_length=1,
            max_length=3,
            description="what decides it, how many people and days it takes, or that it cannot be afforded",
        ),
    ]
    stopping: Annotated[
        tuple[Prose, ...],
        Field(
            title="When a person hears no more",
            min_length=2,
            max_length=6,
            description="stop on reply, on the ask being done, on opting out, on a bounce",
            json_schema_extra={"x-list": True},
        ),
    ]
    risks: Annotated[tuple[Risk, ...], Field(title="Risks and mitigation", min_length=2, max_length=5)]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=2, max_length=5)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]

    def faults(self, shown: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
        """What keeps a message from being sent, and reasons or variants that only repeat."""
        seen: dict[str, int] = {}
        for index, message in enumerate(self.messages):
            yield from self._sendable(f"messages.{index}", message, message.subject, message.body, shown)
            reason = " ".join(message.reason.casefold().split())
            if reason in seen:
                yield (
                    f"messages.{index}.reason",
                    message.reason,
                    f"it is the reason of message {seen[reason] + 1} again: each step needs a new one",
                )
            seen.setdefault(reason, index)
            if index and message.send_in_days <= self.messages[index - 1].send_in_days:
                yield f"messages.{index}.send_in_days", "", "it goes out no later than the message before it"
        approved = max((action.due_in_days for action in self.actions if "approv" in action.what.casefold()), default=0)
        if self.messages[0].send_in_days <= approved:
            yield "messages.0.send_in_days", "", f"it goes out before the approval is due, {approved} days from the start"
        named = {message.name: message for message in self.messages}
        for index, variant in enumerate(self.variants):
            if variant.of not in named:
                yield f"variants.{index}.of", variant.of, f"there is no message of this name; there are: {', '.join(named)}"
                continue
            message = named[variant.of]
            if " ".join(variant.text.split()) == " ".join(getattr(message, variant.changes).split()):
                yield f"variants.{index}.text", variant.text, "it is the same as the original"
            changed = {"subject": message.subject, "body": message.body} | {variant.changes: variant.text}
            yield from self._sendable(f"variants.{index}", message, changed["subject"], changed["body"], shown)

    @staticmethod
    def _sendable(path: str, message: Message, subject: str, body: str, shown: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
        personal = [entry.partition(":")[0].strip(" {}`") for entry in message.personal if entry.partition(":")[2].strip()]
        for fault in faults(Text(message.channel, shown(subject), shown(body)), personal=personal):
            yield f"{path}.{fault.part}", fault.words, fault.problem


OUTREACH_WRITER = Agent(
    name="outreach writer",
    kind="outreach",
    prompt="outreach_writer",
    tools=(
        "describe_data",
        "select_recipients",
        "segment_audience",
        "list_prices",
        "find_send_time",
        "design_experiment",
        "check_messages",
        "calculate",
    ),
    deliverable=Outreach,
    questions=("what customers ask and what brings them back", "offers, services and prices"),
)
