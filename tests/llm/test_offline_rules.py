"""The offline rules on conversations written by hand: they follow the playbook, and give a strategy that keeps to its figures."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agents.deliverable import leaves
from agents.strategist import Strategy
from llm.complete import complete
from llm.models import chat_model, describe
from llm.offline.model import OfflineRules
from llm.offline.reading import read
from llm.offline.sentences import NUMBER_WORD
from llm.settings import ModelSettings
from prompts.library import load as load_prompt
from tests.llm import desks
from tests.llm.conftest import ADD, settings_for
from tools.contract import SLOT

CITED_OR_DATED = re.compile(r"\[\[C\d+\]\]|\d{4}-\d\d-\d\d")
"""A citation, and the day of a benchmark, which a reader has to see."""


async def by_rules(messages: list[Any]) -> AIMessage:
    return await OfflineRules().bind_tools(desks.offered()).ainvoke(messages)


def slots_of(answers: dict[str, Any]) -> set[str]:
    """Every slot that the tools listed, with what may stand behind it."""
    known = {"B.budget", "F.agency_fee_share", "F.vat_rate"}
    for answer in answers.values():
        known |= {caveat["slot"].strip("{}") for caveat in answer.get("caveats", ())}
        for figure in answer.get("figures", ()):
            path = figure["slot"].strip("{}")
            known |= {path} | ({f"{path}.low", f"{path}.high"} if "interval" in figure else set())
    return known


CASES = {"with history": desks.HISTORY, "of three weeks": desks.FIRST_WEEKS}


@pytest.fixture(params=CASES)
def answers(request: pytest.FixtureRequest) -> dict[str, Any]:
    return CASES[request.param]


async def test_the_playbook_is_followed_and_independent_steps_go_together():
    _, _, turns = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    assert turns == [
        ["describe_data", "summarize_channels", "segment_audience", "fit_response_curves"],
        ["allocate_budget"],
        ["forecast_campaign"],
        ["design_experiment"],
        ["deliver_strategy"],
    ]


async def test_a_client_without_tables_gets_benchmarks_and_no_curves():
    _, _, turns = await desks.converse(by_rules, desks.FIRST_WEEKS, desks.opening(()))
    called = [name for turn in turns for name in turn]
    assert "fit_response_curves" not in called
    assert "summarize_channels" not in called
    assert "find_benchmarks" in called


async def test_arguments_have_a_source_and_free_knobs_are_left_alone():
    _, messages, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    calls = {call["name"]: call["args"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    assert calls["allocate_budget"]["budget"] == "{{B.budget}}"
    assert calls["allocate_budget"]["curves"] == "{{E4.curves}}"
    assert calls["allocate_budget"]["vat_rate"] == "{{F.vat_rate}}"
    assert calls["allocate_budget"]["currency"] == "ZAR"
    assert calls["forecast_campaign"]["plan"] == "{{E5.plan}}"
    assert calls["forecast_campaign"]["fees"] == "{{E5.total.fee}}"
    del calls["deliver_strategy"]
    assert not re.search(r"[:\[ ]-?\d", json.dumps(calls))


async def test_a_learning_minimum_is_a_rule_where_it_is_per_the_budgets_period():
    """Google Ads states its own per month as the budget is, Meta per week: that one would be read as a month's."""
    _, messages, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    calls = {call["name"]: call["args"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    assert calls["allocate_budget"]["rules"] == [{"channel": "google_ads", "learning_minimum": "{{F.google_ads.minimum_learning_spend}}"}]


async def test_a_budget_per_week_is_split_per_week_under_the_weekly_minimum_alone():
    stated = desks.STATED.replace("per month", "per week").replace("a month", "a week").replace("period: month", "period: week")
    _, messages, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening(stated=stated))
    calls = {call["name"]: call["args"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    assert calls["allocate_budget"]["period"] == "week"
    assert calls["allocate_budget"]["rules"] == [{"channel": "meta", "learning_minimum": "{{F.meta.minimum_learning_spend}}"}]


async def test_the_budget_is_told_against_what_is_spent_today():
    answer, _, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    text = " ".join(answer["budget"])
    assert all(f"{{{{E5.total.{name}}}}}" in text for name in ("media", "recent_spend", "recent_weeks", "budget_change"))
    assert all("recent_spend}}" in platform["budget"] for platform in answer["platforms"])


async def test_the_answer_is_a_strategy_without_a_digit_of_its_own(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    Strategy.model_validate(answer)
    for path, text in leaves(answer):
        bare = CITED_OR_DATED.sub("", SLOT.sub("", text))
        assert not re.search(r"\d", bare), (path, text)
        assert not NUMBER_WORD.search(bare), (path, text)


async def test_every_slot_is_one_that_a_tool_listed(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    used = {match[0] for _, text in leaves(answer) for match in SLOT.findall(text)}
    assert used
    assert used <= slots_of(answers)


async def test_every_insistent_caveat_is_said(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    text = " ".join(text for _, text in leaves(answer))
    for result in answers.values():
        for caveat in result.get("caveats", ()):
            words = re.split(r"[:;]", caveat["text"].rstrip("."))[0]
            assert caveat["slot"] in text or words in text, caveat["code"]


async def test_every_channel_of_the_brief_stands_under_platforms(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    assert [platform["channel"] for platform in answer["platforms"]] == ["Google Ads", "Meta"]
    assert all(platform["keywords"] and platform["creative"] for platform in answer["platforms"])
    assert {review["due_in_days"] for review in answer["reviews"]} == {30, 60, 90}


async def test_the_clients_words_are_used_and_their_banned_ones_are_not(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    text = " ".join(text for _, text in leaves(answer)).lower()
    assert "bike repair" in text
    assert "wheel truing" in text
    assert "how long does it take?" in text
    assert "commuters" in text
    assert not re.search(r"amazing|bargain|pimp", text)


async def test_orders_in_a_document_are_not_followed(answers):
    answer, _, _ = await desks.converse(by_rules, answers, desks.opening())
    text = " ".join(text for _, text in leaves(answer)).lower()
    assert "in the world" not in text
    assert "instructions" not in text


async def test_the_summary_opens_with_recommendation_cost_range_and_decision():
    answer, _, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    summary = " ".join(answer["summary"])
    assert len(SLOT.sub("R9 000", summary).split()) <= 120
    for needed in ("recommend", "{{E5.total.budget}}", "{{E6.total.expected_conversions.low}}", "{{E6.total.chance_worse}}", "Decision"):
        assert needed in summary
    assert "away from Meta" in summary


async def test_without_history_there_are_benchmarks_with_dates_and_what_must_be_true():
    answer, _, _ = await desks.converse(by_rules, desks.FIRST_WEEKS, desks.opening())
    text = " ".join(text for _, text in leaves(answer))
    assert "{{E4.google_ads.search.conversion_rate}}" in text
    assert "must be true" in text
    assert "A Publisher" in text


async def test_the_same_conversation_gets_the_same_answer(answers):
    once, _, _ = await desks.converse(by_rules, answers, desks.opening())
    again, _, _ = await desks.converse(by_rules, answers, desks.opening())
    assert once == again


async def test_a_refused_argument_is_left_out_once_and_then_the_run_goes_on():
    refusal = {"status": "refused", "kind": "input", "message": "vat_rate is not wanted", "field": "vat_rate"}
    answers = desks.HISTORY | {"allocate_budget": refusal}
    answer, messages, _ = await desks.converse(by_rules, answers, desks.opening())
    tried = [call["args"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls if call["name"] == "allocate_budget"]
    assert ["vat_rate" in arguments for arguments in tried] == [True, False]
    Strategy.model_validate(answer)


async def repaired(complaint: str) -> tuple[dict[str, Any], dict[str, Any]]:
    draft, messages, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    text = load_prompt("repair").fill(answer_tool="deliver_strategy", problems=complaint)
    said = messages[-1]
    again = await by_rules([*messages, ToolMessage(text, tool_call_id=said.tool_calls[0]["id"], name="deliver_strategy", status="error")])
    return draft, again.tool_calls[0]["args"]


async def test_a_repair_drops_the_failing_sentence_and_nothing_else():
    draft, _, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    bad = next(sentence for sentence in draft["situation"][0].split(". ") if "E2.total.conversions" in sentence)
    read = bad.replace("{{E2.total.spend}}", "R21\u00a0000").replace("{{E2.total.conversions}}", "240").rstrip(".") + "."
    _, mended = await repaired(f"- situation.0: {read!r}\n  '240' is unsupported")
    before, after = dict(leaves(draft)), dict(leaves(mended))
    assert [path for path in before if before[path] != after.get(path)] == ["situation.0"]
    assert "{{E2.total.conversions}}" not in after["situation.0"]
    assert "{{E2.total.cpa}}" in after["situation.0"]
    Strategy.model_validate(mended)


async def test_a_repair_of_a_short_place_does_not_take_its_name():
    _, mended = await repaired("- platforms.1.channel: 'Meta brings 5 of everything to all.'\n  '5' is unsupported")
    assert [platform["channel"] for platform in mended["platforms"]] == ["Google Ads", "Meta"]


async def test_a_repair_says_a_missing_caveat():
    _, mended = await repaired("- text: a caveat must appear and does not: Weather matters. (slot {{E6.caveats.weather}})")
    assert any("{{E6.caveats.weather}}" in text for _, text in leaves(mended))


async def test_a_repair_shortens_a_long_summary():
    draft, mended = await repaired("- summary: it has 131 words; at most 120 are read")
    assert len(" ".join(mended["summary"])) < len(" ".join(draft["summary"]))
    Strategy.model_validate(mended)


@pytest.mark.parametrize(
    "messages",
    [
        [HumanMessage("What is the capital of France?")],
        [SystemMessage("You add up."), HumanMessage("Add up.")],
        [SystemMessage("1. `add_up` — always\nThen call `deliver_poem`."), HumanMessage("A poem, please.")],
    ],
)
async def test_what_no_rule_covers_is_said_plainly(messages):
    said = await OfflineRules().bind_tools([ADD]).ainvoke(messages)
    assert "rule-based" in said.text
    assert not said.tool_calls


async def test_text_and_calls_stream_in_chunks():
    chunks = [chunk async for chunk in OfflineRules().astream([HumanMessage("Hello")])]
    assert len([chunk for chunk in chunks if chunk.text]) > 5
    assert "rule-based" in "".join(chunk.text for chunk in chunks)


def test_the_card_says_that_it_is_no_language_model():
    assert describe(ModelSettings(model="offline")).as_json() == {"name": "offline-rules-v1", "provider": "offline", "is_llm": False}


async def test_both_sdks_run_the_whole_strategy_over_http(protocol, serving):
    """Over the wire the rules see the same conversation, so they give the same strategy to the last letter."""
    direct, _, _ = await desks.converse(by_rules, desks.HISTORY, desks.opening())
    with serving() as server:
        settings = settings_for(protocol, server)
        model, tools = chat_model("standard", settings), desks.offered()

        async def ask(messages: list[Any]) -> AIMessage:
            return (await complete(model, messages, tools, limits=settings.limits)).message

        over_http, messages, _ = await desks.converse(ask, desks.HISTORY, desks.opening())
    assert over_http == direct
    first = server.spoken[0]
    assert first.messages[0]["text"] == messages[0].content
    assert first.messages[1]["text"] == messages[1].content
    assert [tool["parameters"] for tool in first.tools] == [tool["function"]["parameters"] for tool in tools]


@pytest.mark.parametrize("request_text", ["# Brief\nR9 000 a month\n", "# Brief\nR9 000 a month\n# Context\n- none\n"])
def test_a_client_without_documents_has_no_passages(request_text):
    assert read([HumanMessage(request_text)], ()).passages == ()
