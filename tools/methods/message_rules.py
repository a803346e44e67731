"""What an outreach message must hold to before anyone is asked to approve it: lengths, one ask, consent, sender, claims, familiarity.

Lengths are those of the platforms' own documentation (SMS: 3GPP TS 23.038, 160 septets or 70 characters beyond the default alphabet;
WhatsApp template body 1 024; LinkedIn invitation note 200, message subject 200 and body 1 900); an e-mail subject over 60 characters is cut
by common clients, and a body over 120 words is the house's own limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Channel = Literal["email", "sms", "whatsapp", "linkedin_invitation", "linkedin_message"]

MOST_WORDS = 120
SUBJECT = {"email": 60, "linkedin_message": 200}
BODY = {"whatsapp": 1024, "linkedin_invitation": 200, "linkedin_message": 1900}
SMS_PLAIN, SMS_WIDE = 160, 70
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""The default alphabet with its extension table."""

MERGE = re.compile(r"\{\{\s*(?P<name>[a-z_]+(?:\.[a-z_]+)?)\s*\}\}")
PERSONAL = {
    "contact.first_name": "first_name",
    "contact.city": "city",
    "contact.job_title": "job_title",
    "account.name": "account name",
    "account.industry": "industry",
}
"""Merge fields that a stranger may politely know, and the column each rests on."""
HOUSE = frozenset({"sender.name", "sender.company", "sender.address", "unsubscribe_link", "link"})
OPT_OUT = re.compile(
    r"\{\{\s*unsubscribe_link\s*\}\}|\bunsubscribe\b|\bopt[ -]out\b|\breply stop\b|\bstop these\b|\babmelden\b|\bdésabonner\b",
    re.IGNORECASE,
)
NEEDS_OPT_OUT = frozenset({"email", "sms", "whatsapp"})
FAMILIAR = re.compile(
    r"\b(?:i (?:noticed|saw|read|loved|enjoyed) (?:that )?(?:you|your)|(?:as|like) (?:we )?(?:discussed|spoke|agreed)"
    r"|great (?:to meet|meeting) you|(?:our|following up on our) (?:last |recent )?(?:chat|call|conversation|meeting)"
    r"|i(?:'ve| have) been following|i know (?:that )?you|we miss(?:ed)? you|remember (?:me|us)\?)",
    re.IGNORECASE,
)
PROMISING = re.compile(
    r"\b(?:guarantee[ds]?|risk[- ]free|no risk|100\s?% |act now|last chance|once in a lifetime|no\.? ?1|number one|miracle)\b",
    re.IGNORECASE,
)
FAKE_REPLY = re.compile(r"^\s*(?:re|fw|fwd|aw|wg)\s*:", re.IGNORECASE)
SHOUT = re.compile(r"!\s*!|\b[A-Z]{4,}(?:\s+[A-Z]{3,})+\b")


@dataclass(frozen=True, slots=True)
class Text:
    """One message as its reader gets it but for its merge fields."""

    channel: Channel
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and in which part."""

    part: Literal["subject", "body"]
    words: str
    problem: str


def words(text: str) -> int:
    """Words of a text; a merge field counts as one."""
    return len(MERGE.sub("x", text).split())


def sms_parts(text: str) -> int:
    """Messages that a network sends for a text: of 160 and then 153 septets each, or of 70 and then 67 characters."""
    wide = any(character not in GSM for character in text)
    length = len(text) if wide else sum(2 if character in "^{}\\[~]|€" else 1 for character in text)
    single, joined = (SMS_WIDE, 67) if wide else (SMS_PLAIN, 153)
    return 1 if length <= single else -(-length // joined)


def merge_fields(text: str) -> tuple[str, ...]:
    """The merge fields of a text in order, each once. A slot of a figure (`{{E3.lift}}`) is none."""
    return tuple(dict.fromkeys(match["name"] for match in MERGE.finditer(text)))


def faults(message: Text, *, banned: Sequence[str] = (), personal: Sequence[str] = ()) -> Iterator[Fault]:
    """What keeps a message from being sent. `personal`: the merge fields for which a reason was given."""
    yield from _lengths(message)
    both = f"{message.subject}\n{message.body}"
    if message.channel in NEEDS_OPT_OUT and not OPT_OUT.search(message.body):
        yield Fault("body", "", "it has no way out: add {{unsubscribe_link}} or how to stop")
    if "{{sender." not in message.body.replace("{{ ", "{{"):
        yield Fault("body", "", "it does not say who writes: sign with {{sender.name}} and {{sender.company}}")
    if len(re.findall(r"https?://|\{\{\s*link\s*\}\}", message.body)) > 1:
        yield Fault("body", "", "it has several links: one ask for each message")
    for name in merge_fields(both):
        if name in PERSONAL and name not in personal:
            yield Fault("body", f"{{{{{name}}}}}", "it is personal and no reason is given for it")
        elif name not in PERSONAL and name not in HOUSE:
            yield Fault("body", f"{{{{{name}}}}}", f"there is no such merge field; there are: {', '.join([*PERSONAL, *sorted(HOUSE)])}")
    for pattern, problem in (
        (FAMILIAR, "it claims to know the reader; a stranger does not"),
        (PROMISING, "it promises what nobody can show"),
        (SHOUT, "it shouts"),
    ):
        for match in pattern.finditer(both):
            yield Fault("subject" if match.start() <= len(message.subject) else "body", match[0], problem)
    if FAKE_REPLY.search(message.subject):
        yield Fault("subject", message.subject, "it pretends to be a reply")
    for word in banned:
        if re.search(rf"\b{re.escape(word)}\b", both, re.IGNORECASE):
            yield Fault("body", word, "the brand voice bans this word")


def _lengths(message: Text) -> Iterator[Fault]:
    if (most := SUBJECT.get(message.channel)) is None:
        if message.subject:
            yield Fault("subject", message.subject, f"a message by {message.channel} has no subject")
    elif not message.subject:
        yield Fault("subject", "", f"a message by {message.channel} needs a subject")
    elif len(message.subject) > most:
        yield Fault("subject", message.subject, f"it has {len(message.subject)} characters; at most {most} are shown")
    if words(message.body) > MOST_WORDS:
        yield Fault("body", "", f"it has {words(message.body)} words; at most {MOST_WORDS} are read")
    if message.channel == "sms" and sms_parts(message.body) > 1:
        yield Fault(
            "body",
            "",
            f"it is sent as {sms_parts(message.body)} messages; one holds {SMS_PLAIN} characters, or {SMS_WIDE} with signs beyond them",
        )
    elif (limit := BODY.get(message.channel)) is not None and len(message.body) > limit:
        yield Fault("body", "", f"it has {len(message.body)} characters; {message.channel} takes {limit}")
