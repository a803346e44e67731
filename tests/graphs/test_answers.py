"""What a model is told of a tool run is what it needs to go on: short lists, and refusals that say how to mend a call."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from agents.strategist import STRATEGIST
from graphs.answers import answer
from graphs.calling import call_tool, results_taken
from grounding.evidence import Evidence, Locale
from grounding.quoting import Passage
from store.clients import Client
from tools.contract import Caveat, Figure, ToolInputError


def described(tool: str = "describe_data") -> dict[str, Any]:
    figures = [
        Figure(key=key, value=value, unit=unit, metric=key.rpartition(".")[2], label=key)
        for key, value, unit in (
            ("tables", 2, "count"),
            ("longest_record", 540, "days"),
            ("accounts.industry_missing", 0.01, "share"),
            ("contacts.source_missing", 0.6, "share"),
            ("orders.rows", 4200, "count"),
            ("orders.age", 1, "days"),
            ("orders.later_rows", 3, "count"),
        )
    ]
    result = {
        "figures": [figure.model_dump(mode="json") for figure in figures],
        "findings": ["Orders: {{orders.rows}} rows.", "Contacts: source is empty in {{contacts.source_missing}} of rows."],
        "caveats": [Caveat(code="later", text="Left out: {{orders.later_rows}} rows.").model_dump(mode="json")],
        "decision": {"action": "refresh_data", "reason": "The last row is {{orders.age}} old."},
    }
    record = Evidence(id="ev_1", alias="E1", tool=tool, version=1, request={}, result=result, created_at=datetime.now(UTC))
    return json.loads(answer(record, Locale()))


def test_of_the_data_only_what_a_sentence_names_and_the_span_is_listed():
    told = described()
    slots = [figure["slot"] for figure in told["figures"]]
    assert slots[:4] == ["{{E1.contacts.source_missing}}", "{{E1.orders.rows}}", "{{E1.orders.age}}", "{{E1.orders.later_rows}}"]
    assert set(slots[4:]) == {"{{E1.tables}}", "{{E1.longest_record}}"}
    assert told["figures_left_out"] == 1


def test_other_tools_list_every_figure():
    told = described("summarize_channels")
    assert len(told["figures"]) == 7
    assert "figures_left_out" not in told


def test_only_results_that_a_tool_takes_are_offered():
    assert set(results_taken("fit_response_curves", STRATEGIST.tools)) == {"curves", "baseline"}
    assert results_taken("allocate_budget", STRATEGIST.tools)[0] == "plan"
    assert results_taken("segment_audience", STRATEGIST.tools) == (), "segments is a figure too, and no tool takes the list"
    assert results_taken("describe_data", STRATEGIST.tools) == ()


def asked(call: dict[str, Any], *, brief: str = "Sell more soap.", passages: dict[str, Passage] | None = None) -> Any:
    client = Client("cl_1", "ws_1", "soap", "Soap (simulated)", Locale(), {"today": "2026-10-31"}, datetime.now(UTC))
    context: Any = SimpleNamespace(
        agent=SimpleNamespace(tools=("calculate", "describe_data")),
        client=client,
        workspace_id="ws_1",
        run=SimpleNamespace(id="run_1"),
        as_of=date(2026, 10, 31),
        services=SimpleNamespace(store=SimpleNamespace(facts_root=None, engine="duckdb")),
    )
    return call_tool({"id": "call_1", **call}, STRATEGIST.tools, {}, context, alias="E1", brief=brief, passages=passages or {})


async def test_arguments_that_are_no_object_are_shown_to_the_model_that_sent_them():
    call = {"name": "calculate", "args": None, "error": "Extra data: line 1 column 3 (char 2)", "received": '{}{"operation": "sum"}'}
    with pytest.raises(ToolInputError) as refused:
        await asked(call)
    assert refused.value.field == "arguments"
    assert "Extra data" in refused.value.message
    assert '{}{"operation": "sum"}' in refused.value.message
    assert refused.value.needed


async def test_long_arguments_are_shown_from_both_ends():
    with pytest.raises(ToolInputError) as refused:
        await asked({"name": "calculate", "args": None, "error": "cut off", "received": "{begins" + "x" * 5000 + "ends"})
    assert "{begins" in refused.value.message
    assert "ends;" in refused.value.message
    assert len(refused.value.message) < 600


async def test_a_price_in_a_document_can_be_calculated_with():
    def operand(name: str, words: str) -> dict[str, Any]:
        return {"name": name, "value": {"quote": words, "passage": "C2"}, "unit": "money", "currency": "ZAR", "denominator": "bar"}

    call = {"operation": "difference", "name": "left", "operands": [operand("price", "R75 a bar"), operand("cost", "costs R26")]}
    passages = {"C2": Passage("Price list", "2026-10-11", "R75 a bar, which costs R26 to make.")}
    evidence, _ = await asked({"name": "calculate", "args": call}, passages=passages)
    [figure] = evidence.figures
    assert (figure.value, figure.denominator, figure.basis) == (4900, "bar", "stated")
    assert {entry.source for entry in evidence.inputs} == {"Price list, 2026-10-11"}
    with pytest.raises(ToolInputError, match="the brief does not say"):
        await asked({"name": "calculate", "args": {**call, "operands": [{**call["operands"][0], "value": {"quote": "R75 a bar"}}] * 2}})
