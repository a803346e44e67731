"""Outreach tools: who may be written to, and whether a message may go out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from store.facts import facts_from_tables
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.message_rules import Text, faults, sms_parts, words
from tools.registry import load

DAY = date(2026, 10, 31)
SIGNED = "\n{{sender.name}}, {{sender.company}}. {{unsubscribe_link}}"


def wrong(body, subject="A subject", channel="email", personal=(), banned=()):
    return [fault.problem for fault in faults(Text(channel, subject, body), personal=personal, banned=banned)]


def test_a_plain_signed_mail_with_a_way_out_passes():
    assert wrong("Hello {{contact.first_name}}, we open on Sundays: {{link}}" + SIGNED, personal=["contact.first_name"]) == []


@pytest.mark.parametrize(
    ("body", "subject", "why"),
    [
        ("Hello." + SIGNED.replace("{{unsubscribe_link}}", ""), "A subject", "no way out"),
        ("Hello. {{unsubscribe_link}}", "A subject", "does not say who writes"),
        ("Hello {{contact.first_name}}." + SIGNED, "A subject", "no reason is given"),
        ("Hello {{contact.birthday}}." + SIGNED, "A subject", "no such merge field"),
        ("I noticed you stopped coming." + SIGNED, "A subject", "claims to know the reader"),
        ("As we discussed, here it is." + SIGNED, "A subject", "claims to know the reader"),
        ("Guaranteed results." + SIGNED, "A subject", "promises what nobody can show"),
        ("Now!!" + SIGNED, "A subject", "shouts"),
        ("Hello." + SIGNED, "Re: your booking", "pretends to be a reply"),
        ("Hello." + SIGNED, "", "needs a subject"),
        ("Hello." + SIGNED, "x" * 61, "at most 60"),
        ("word " * 121 + SIGNED, "A subject", "at most 120 are read"),
        ("{{link}} {{link}}" + SIGNED, "A subject", "one ask for each message"),
    ],
)
def test_what_keeps_a_mail_from_being_sent(body, subject, why):
    assert any(why in problem for problem in wrong(body, subject))


def test_words_that_the_brand_bans_are_found_whole():
    assert any("bans" in problem for problem in wrong("A cheap cut." + SIGNED, banned=["cheap"]))
    assert wrong("A cheaper cut." + SIGNED, banned=["cheap"]) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    # 3GPP TS 23.038 and 23.040: 160 septets, then 153 each; 70 characters beyond the alphabet, then 67; the euro sign takes two
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ш" * 70, 1),
        ("ш" * 71, 2),
        ("ш" * 135, 3),
    ],
)
def test_text_messages_are_counted_as_networks_send_them(text, parts):
    assert sms_parts(text) == parts


def test_a_merge_field_counts_as_one_word():
    assert words("Hello {{ contact.first_name }}, hello.") == 3


def test_the_tool_says_which_message_to_mend():
    declared = load("check_messages")
    good = {"channel": "email", "subject": "Sundays", "body": "We open on Sundays." + SIGNED}
    bad = {"channel": "sms", "subject": "", "body": "We open on Sundays. " * 9}
    result = declared(declared.request(messages=[good, bad]))
    assert result.decision.action == "mend"
    assert result.figure("m2.parts").value == 2
    assert all(text.startswith("message 2: ") for text in result.faults)
    assert declared(declared.request(messages=[good])).decision.action == "pass"


def contacts():
    return pa.table(
        {
            "contact_id": [f"c{index}" for index in range(40)],
            "email": [f"c{index}@example.com" if index != 0 else None for index in range(40)],
            "first_name": ["Ada" if index % 2 else "" for index in range(40)],
            "last_name": [None] * 40,
            "phone": [None] * 40,
            "account_id": pa.array([None] * 40, pa.string()),
            "job_title": pa.array([None] * 40, pa.string()),
            "city": ["Cape Town"] * 30 + ["Durban"] * 10,
            "country": ["ZA"] * 40,
            "stage": ["customer"] * 20 + ["lead"] * 20,
            "source": ["email"] * 40,
            "created_at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 40),
            "email_consent": [True] * 30 + [False] * 5 + [None] * 5,
            "consent_at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 40),
        }
    )


def orders():
    days = [datetime(2026, 10, 1, tzinfo=UTC)] * 6 + [datetime(2026, 5, 1, tzinfo=UTC)] * 6
    return pa.table(
        {
            "order_id": [f"o{index}" for index in range(12)],
            "contact_id": [f"c{index}" for index in range(12)],
            "at": pa.array(days),
            "amount": [1000] * 12,
            "currency": ["ZAR"] * 12,
        }
    )


def select(**given):
    declared = load("select_recipients")
    facts = facts_from_tables({"contacts": contacts(), "orders": orders()}, as_of=DAY)
    return declared(declared.request(as_of=DAY, **given), facts)


def test_only_those_with_an_address_and_a_yes_may_be_written_to():
    result = select()
    assert [result.figure(key).value for key in ("people", "agreed", "refused", "unknown")] == [40, 29, 5, 6]
    assert result.figure("first_name.share").value == pytest.approx(15 / 29)
    assert {caveat.code for caveat in result.caveats if caveat.insist} == {"consent"}


def test_the_choice_is_held_to():
    assert select(stages=("lead",)).figure("people").value == 20
    assert select(cities=("Durban",)).decision.action == "ask_for_consent"
    assert select(bought="before").figure("people").value == 12
    assert select(bought="before", quiet_days=90).figure("people").value == 6
    assert select(bought="never").figure("people").value == 28


def test_few_people_are_not_described_by_their_fields():
    assert not any(figure.key.endswith(".share") for figure in select(bought="before").figures)


def test_a_choice_that_fits_nobody_or_makes_no_sense_is_refused():
    with pytest.raises(NotEnoughData):
        select(stages=("prince",))
    with pytest.raises(ToolInputError):
        select(quiet_days=10)
