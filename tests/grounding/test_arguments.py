"""Inputs have provenance: what is given a source passes, every attempt to launder a number is refused."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import Field

from grounding.arguments import resolve
from grounding.offering import agent_schema
from grounding.quoting import Passage
from tests.grounding.synthetic import BRIEF, ZA, evidence, figure, money, record
from tools.contract import Frozen, Request, Tool, ToolInputError, ToolResult, choice, quantity


class Bound(Frozen):
    channel: str = Field(description="channel key")
    least: int | None = quantity("money", "nothing, or at least this per period", default=None, ge=0)
    maximum: int | None = quantity("money", "at most this", default=None, ge=0)


class Plan(Request):
    budget: int = quantity("money", "whole budget per period, minor units", gt=0)
    period: str = Field("month", description="what the budget is per", json_schema_extra={"x-role": "choice"})
    currency: str | None = Field(None, description="ISO 4217")
    rate: float | None = quantity("share", "conversion rate", default=None, ge=0, le=1)
    weekly: int | None = quantity("money", "spend per week", default=None)
    bookings: float | None = quantity("count", "bookings wanted", default=None, ge=0)
    history: tuple[int, ...] = quantity("money", "spend by month", default=())
    shares: dict[str, float] = quantity("share", "share by channel", default={})
    bounds: tuple[Bound, ...] = Field((), description="bounds per channel")
    curves: dict[str, Any] | None = Field(None, json_schema_extra={"x-role": "result", "x-of": "fit_response_curves.curves"})
    horizon: int = choice("weeks", "weeks ahead", default=13, ge=1)
    name: str = Field("plan", description="what to call it")
    unit: str = Field("visitor", description="what is counted, singular")
    seed: int = 1


TOOL = Tool("plan", 1, "budget", "Plan.", "Plan.", Plan, ToolResult, False, lambda request: ToolResult())
CURVES = record(
    "E8",
    "fit_response_curves",
    [figure("error", 0.1, "share", "holdout_error", "holdout error", basis="model")],
    curves={"meta": {"a": 1.5}},
)
KNOWN = {r.alias: r for r in [*evidence(), CURVES]}
KNOWN["F"] = record(
    "F",
    "profile",
    [
        money("meta.least_a_week", 45_000, "least", "least that Meta can learn from", denominator="week", basis="stated"),
        money("meta.least_a_month", 195_000, "least", "least that Meta can learn from", denominator="month", basis="stated"),
    ],
)
PASSAGES = {"C2": Passage("Price list", "2026-10-01", "A bar is sold at R75 a bar, R280 a box; we send 40 parcels a day.")}
BUDGET = "{{B.budget}}"


def given(**arguments: Any) -> Any:
    return resolve(TOOL, {"budget": BUDGET, **arguments}, KNOWN, BRIEF, locale=ZA, passages=PASSAGES)


def test_every_way_to_give_a_number():
    resolved = given(
        rate={"assume": 0.02, "name": "click_to_booking", "because": "a usual rate of booking sites"},
        bookings={"quote": "at least 110 bookings a month"},
        history=["{{E2.meta.spend}}", {"quote": "R15 000 a month"}],
        shares={"meta": "{{E2.meta.ctr}}"},
        bounds=[{"channel": "meta", "maximum": "{{E4.meta.budget}}"}],
        curves="{{E8.curves}}",
        horizon=8,
        name="a plan",
    )
    assert resolved.request == {
        "budget": 1500000, "rate": 0.02, "bookings": 110, "history": [2789000, 1500000], "shares": {"meta": 0.0183},
        "bounds": [{"channel": "meta", "maximum": 430000}], "curves": {"meta": {"a": 1.5}}, "horizon": 8, "name": "a plan",
    }  # fmt: skip
    assert Plan.model_validate(resolved.request)
    assert [(i.path, i.kind, i.basis) for i in resolved.inputs] == [
        ("budget", "quote", "stated"), ("rate", "assumption", "assumed"), ("bookings", "quote", "stated"), ("history.0", "slot", "observed"),
        ("history.1", "quote", "stated"), ("shares.meta", "slot", "observed"), ("bounds.0.maximum", "slot", "model"), ("curves", "slot", "model"),
    ]  # fmt: skip
    assert [(a.key, a.value, a.unit, a.basis) for a in resolved.assumptions] == [("click_to_booking", 0.02, "share", "assumed")]


def test_ends_of_intervals_and_white_space_of_quotes():
    assert given(weekly=None, budget="{{E2.meta.cpa.high}}").request["budget"] == round(23636 * 1.12)
    assert given(budget={"quote": "R15\u00a0000  a\nmonth"}).request["budget"] == 1500000


@pytest.mark.parametrize(
    "arguments",
    [
        {"budget": 1500000},
        {"budget": "1500000"},
        {"budget": "R15 000"},
        {"budget": 15000.0},
        {"budget": True},
        {"budget": {"value": 1500000}},
        {"budget": {"quote": "R16 000 a month"}},
        {"budget": {"quote": "5 000 a month"}},
        {"budget": {"quote": "R15 000 a month", "value": 99}},
        {"budget": {"quote": "Google Ads, Meta"}},
        {"budget": {"quote": ""}},
        {"budget": {"quote": BRIEF}},
        {"budget": {"quote": "110 bookings"}},
        {"budget": {"quote": 15000}},
        {"budget": "{{B.budget}} "[:-4]},
        {"budget": "{{B.budget*2}}"},
        {"budget": "{{B.budget}} + {{B.budget}}"},
        {"budget": "{{B.budget|round}}"},
        {"budget": "{{B.nothing}}"},
        {"budget": "{{E99.budget}}"},
        {"budget": "{{E2.meta.ctr}}"},
        {"budget": "{{E1.ad_metrics.last_day}}"},
        {"budget": "{{E2.meta.spend.low}}"},
        {"budget": BUDGET, "period": "week"},
        {"budget": BUDGET, "currency": "USD"},
        {"weekly": BUDGET},
        {"bounds": [{"channel": "meta", "least": "{{F.meta.least_a_week}}"}]},
        {"budget": {"quote": "R75 a bar", "passage": "C9"}},
        {"budget": {"quote": "R76 a bar", "passage": "C2"}},
        {"budget": {"quote": "R75 a bar, R280 a box", "passage": "C2"}},
        {"budget": {"quote": "R15 000 a month", "passage": "C2"}},
        {"budget": {"quote": "R75 a bar", "passage": 2}},
        {"rate": 0.02},
        {"rate": "2%"},
        {"rate": {"assume": 2, "name": "rate_two", "because": "a usual rate of sites"}},
        {"rate": {"assume": -0.1, "name": "rate_two", "because": "a usual rate of sites"}},
        {"rate": {"assume": "0.02", "name": "rate_two", "because": "a usual rate of sites"}},
        {"rate": {"assume": 0.02, "name": "rate_two"}},
        {"rate": {"assume": 0.02, "name": "rate_two", "because": ""}},
        {"rate": {"assume": 0.02, "name": "rate_two", "because": "because"}},
        {"rate": {"assume": 0.02, "name": "Rate Two", "because": "a usual rate of sites"}},
        {"rate": {"assume": 0.02, "name": "rate_two", "because": "a usual rate of sites", "basis": "observed"}},
        {"rate": {"assume": True, "name": "rate_two", "because": "a usual rate of sites"}},
        {"rate": {"assume": 0.02, "because": "a usual rate of sites"}},
        {"rate": "{{E2.meta.spend}}"},
        {"bookings": {"quote": "R15 000 a month"}},
        {"history": [1, 2, 3]},
        {"history": ["{{E2.meta.spend}}", 5]},
        {"shares": {"meta": 0.4}},
        {"bounds": [{"channel": "meta", "maximum": 430000}]},
        {"bounds": [{"channel": "spend 430000 on meta"}]},
        {"curves": {"meta": {"a": 2.0}}},
        {"curves": "{{E2.curves}}"},
        {"curves": "{{E8.draws}}"},
        {"name": "plan for 12% growth"},
        {"name": "{{B.budget}}"},
        {"seed": 42},
        {"invented": 3},
        {"as_of": "2020-01-01"},
    ],
)
def test_laundering_is_refused(arguments: dict[str, Any]):
    with pytest.raises(ToolInputError) as refused:
        given(**arguments)
    assert refused.value.field, refused.value.message


def test_one_assumption_has_one_value():
    with pytest.raises(ToolInputError, match="already"):
        given(
            rate={"assume": 0.02, "name": "click_to_booking", "because": "a usual rate of sites"},
            shares={"meta": {"assume": 0.03, "name": "click_to_booking", "because": "a usual rate of sites"}},
        )


def test_context_is_not_the_brief():
    with pytest.raises(ToolInputError, match="brief does not say"):
        given(budget={"quote": "R40 000 was spent last year"})


def test_a_slot_brings_its_own_unit_and_basis():
    from tools.registry import load

    operands = [
        {"name": "bookings wanted", "value": "{{B.conversions}}", "unit": "count", "basis": "observed"},
        {"name": "bookings forecast", "value": "{{E5.bookings}}", "unit": "count", "basis": "experiment"},
    ]
    resolved = resolve(load("calculate"), {"operation": "ratio", "operands": operands}, KNOWN, BRIEF, locale=ZA)
    assert [operand["basis"] for operand in resolved.request["operands"]] == ["stated", "model"]
    with pytest.raises(ToolInputError, match="takes money"):
        resolve(
            load("calculate"),
            {"operation": "ratio", "operands": [{**operands[0], "unit": "money", "currency": "ZAR"}]},
            KNOWN,
            BRIEF,
            locale=ZA,
        )


def test_days_in_words_are_no_hidden_number():
    """An amount is for days, and only they say which; a name with a number in it is still refused."""
    from tools.registry import load

    operand = {"name": "bookings wanted", "value": "{{B.conversions}}", "unit": "count", "period": "2026-11-09/2026-11-29"}
    asked = {"operation": "per_period", "per": "week", "operands": [operand]}
    resolved = resolve(load("calculate"), asked, KNOWN, BRIEF, locale=ZA)
    assert resolved.request["operands"][0]["period"] == "2026-11-09/2026-11-29"
    for hidden in ("21 days", "2026-11-09/2026-11-29 and 500 more"):
        with pytest.raises(ToolInputError, match="a name has no figures"):
            resolve(load("calculate"), {**asked, "operands": [{**operand, "period": hidden}]}, KNOWN, BRIEF, locale=ZA)


def test_an_agent_is_offered_no_aggregates_that_only_a_program_has_and_no_title_that_repeats_a_name():
    from tools.registry import load

    for tool, field in (("fit_response_curves", "series"), ("find_send_time", "rows"), ("analyze_experiment", "units_table")):
        assert field in load(tool).request.model_json_schema()["properties"]
        assert field not in agent_schema(load(tool))["properties"]
    offered = agent_schema(load("analyze_experiment"))
    assert set(offered["$defs"]["ArmTotals"]["properties"]) == {"arm", "units", "conversions", "sum", "sum_of_squares"}
    text = json.dumps(offered)
    assert '"title": "' not in text
    assert "x-agent" not in text
    assert len(text) < 12_000


def test_the_agents_schema_offers_the_ways_and_no_plain_number():
    schema = agent_schema(TOOL)
    budget = schema["properties"]["budget"]
    assert budget["anyOf"] == [{"$ref": f"#/$defs/{way}"} for way in ("slot", "quotation", "assumption")]
    assert {schema["$defs"][way]["type"] for way in ("slot", "quotation", "assumption")} == {"string", "object"}
    assert {"type": "null"} in schema["properties"]["rate"]["anyOf"]
    assert "unit: money" in budget["description"]
    assert schema["properties"]["curves"]["type"] == "string"
    assert schema["properties"]["horizon"]["type"] == "integer"
    assert "as_of" not in schema["properties"]


def test_a_schema_says_once_how_a_number_is_given():
    from tools.registry import load

    shown = json.dumps(agent_schema(load("forecast_campaign")))
    assert shown.count('"because": {') == 1
    assert len(shown) < 8_000, "spelled out at every quantity it was over ten thousand characters"


def test_words_of_a_context_passage_are_a_source():
    resolved = given(budget={"quote": "R75 a bar", "passage": "C2"})
    assert resolved.request["budget"] == 7500
    [entry] = resolved.inputs
    assert (entry.kind, entry.basis, entry.ref, entry.source) == ("quote", "stated", "C2: R75 a bar", "Price list, 2026-10-01")


def test_a_refused_quotation_names_the_text_it_is_not_in():
    with pytest.raises(ToolInputError, match="passage C2 does not say"):
        given(budget={"quote": "R76 a bar", "passage": "C2"})
    with pytest.raises(ToolInputError, match="no context passage 'C9'; there is C2"):
        given(budget={"quote": "R75 a bar", "passage": "C9"})


def test_a_text_field_that_is_called_unit_is_no_unit_of_a_figure():
    assert given().request.get("unit") is None
    assert given(unit="visitor").request["unit"] == "visitor"


def test_a_rule_inside_a_request_is_per_the_requests_period():
    assert given(bounds=[{"channel": "meta", "least": "{{F.meta.least_a_month}}"}]).request["bounds"][0]["least"] == 195_000
    with pytest.raises(ToolInputError, match="per_period") as refused:
        given(bounds=[{"channel": "meta", "least": "{{F.meta.least_a_week}}"}])
    assert (refused.value.field, refused.value.needed, refused.value.found) == ("bounds.0.least", "per month", "per week")


def test_a_channels_limit_per_week_does_not_pass_for_one_per_month():
    from tools.registry import load

    def asked(slot: str, **more: Any) -> Any:
        rules = [{"channel": "meta", "learning_minimum": slot}]
        return resolve(load("allocate_budget"), {"budget": BUDGET, "rules": rules, **more}, KNOWN, BRIEF, locale=ZA)

    assert asked("{{F.meta.least_a_month}}").request["rules"][0]["learning_minimum"] == 195_000
    with pytest.raises(ToolInputError, match="per_period"):
        asked("{{F.meta.least_a_week}}")
    with pytest.raises(ToolInputError, match="per_period"):
        resolve(load("allocate_budget"), {"budget": BUDGET, "learning_minimum": "{{F.meta.least_a_week}}"}, KNOWN, BRIEF, locale=ZA)


def test_a_mean_of_money_is_taken_when_its_currency_is_named():
    from tools.registry import load

    def asked(**more: Any) -> Any:
        return resolve(
            load("design_experiment"), {"metric": "mean", "baseline_mean": "{{E3.loyal.value}}", **more}, KNOWN, BRIEF, locale=ZA
        )

    assert asked(currency="ZAR").request["baseline_mean"] == 128450
    for more in ({}, {"currency": "USD"}):
        with pytest.raises(ToolInputError):
            asked(**more)


def test_a_denominator_is_kept_or_refused_in_words():
    from tools.registry import load

    def taken(**operand: Any) -> Any:
        asked = {"operation": "product", "operands": [{"name": "cost", "unit": "money", "currency": "ZAR", **operand}]}
        return resolve(load("calculate"), asked, KNOWN, BRIEF, locale=ZA, passages=PASSAGES).request["operands"][0]["denominator"]

    assert taken(value="{{E2.meta.cpa}}") == "bookings"
    assert taken(value="{{E2.meta.cpa}}", denominator="booking") == "bookings"
    assert taken(value={"quote": "R75 a bar", "passage": "C2"}, denominator="bar") == "bar", "words do not say their own"
    with pytest.raises(ToolInputError, match="per bookings, and not per 'week'; leave denominator out"):
        taken(value="{{E2.meta.cpa}}", denominator="week")
    with pytest.raises(ToolInputError, match="not a rate"):
        taken(value="{{E2.meta.spend}}", denominator="week")


def test_a_draft_keeps_its_merge_fields_and_gets_its_figures_filled_in():
    from tools.registry import load

    tool = load("check_messages")
    body = "Hello {{contact.first_name}}, the cut costs {{E1.cut.price}}: {{link}}"
    known = {"E1": record("E1", "list_prices", [money("cut.price", 44_100, "price", "price")])}
    found = resolve(tool, {"messages": [{"channel": "email", "subject": "A cut", "body": body}]}, known, BRIEF, locale=ZA)
    [message] = found.request["messages"]
    assert message["body"] == "Hello {{contact.first_name}}, the cut costs R441: {{link}}"
    with pytest.raises(ToolInputError, match=r"messages\.0\.body"):
        resolve(tool, {"messages": [{"channel": "email", "body": "It costs {{E9.cut.price}}."}]}, known, BRIEF, locale=ZA)
