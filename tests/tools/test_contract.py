"""Every tool keeps the contract: what is asked is described, bounded and of known origin, and what is given holds."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from demo.clients import AS_OF
from demo.simulate import simulate
from grounding.evidence import Evidence, Locale
from grounding.slots import prefix, render
from grounding.verify import verify
from store.facts import HeldFacts, facts_from_tables
from tools.contract import SLOT, Tool, ToolResult
from tools.registry import every, load, locations

ROLES = {"choice", "quantity", "result"}
BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "const"}
TOOLS = sorted(locations())


@cache
def tables() -> dict[str, Any]:
    return simulate("salon")


def facts() -> HeldFacts:
    return facts_from_tables(tables(), as_of=AS_OF)


def leaves(
    schema: dict[str, Any], root: dict[str, Any], path: str = "", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field under a schema with its path. What an earlier result gives is one field: its inside is not asked of anybody."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}{name}"
        yield here, field
        if field.get("x-role") != "result":
            yield from inside(field, root, f"{here}.", seen)


def inside(field: dict[str, Any], root: dict[str, Any], path: str, seen: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    for option in [field, *field.get("anyOf", ()), *field.get("prefixItems", ())]:
        nested = [option, option.get("items"), option.get("additionalProperties")]
        for part in (part for part in nested if isinstance(part, dict)):
            reference = part.get("$ref")
            if reference and reference not in seen:
                yield from leaves(root["$defs"][reference.rsplit("/", 1)[1]], root, path, (*seen, reference))


def number_in(field: dict[str, Any]) -> dict[str, Any] | None:
    """The part of a field that takes a number, if one does."""
    for option in [field, *field.get("anyOf", ())]:
        if option.get("type") in ("integer", "number"):
            return option
    return None


def example(tool: Tool) -> dict[str, Any]:
    return tool.request.model_json_schema()["examples"][0]


@cache
def outcome(name: str) -> ToolResult:
    tool = load(name)
    request = tool.request.model_validate({"as_of": AS_OF, **example(tool)})
    return tool(request, facts()) if tool.reads_facts else tool(request)


@pytest.mark.parametrize("name", TOOLS)
def test_it_says_what_it_does(name):
    tool = load(name)
    assert tool.summary.endswith(".")
    assert 40 <= len(tool.summary) <= 160, "one line that a person and an agent can read"
    assert tool.field in locations()[name]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)


@pytest.mark.parametrize("name", TOOLS)
def test_every_field_is_described_and_every_number_has_an_origin_a_unit_and_a_bound(name):
    schema = load(name).request.model_json_schema()
    for path, field in leaves(schema, schema):
        assert field.get("description"), f"{name}.{path} is not described"
        number = number_in(field)
        if number is None:
            continue
        said = {**field, **number}
        assert said.get("x-role") in ROLES, f"{name}.{path} does not say whether it is a choice or a claim about the world"
        assert said.get("x-unit"), f"{name}.{path} has no unit"
        assert BOUNDS & number.keys(), f"{name}.{path} has no bound"


@pytest.mark.parametrize("name", TOOLS)
def test_every_field_of_its_result_is_described(name):
    schema = load(name).result.model_json_schema()
    own = set(schema["properties"]) - set(ToolResult.model_fields)
    assert all(schema["properties"][field].get("description") for field in own)


@pytest.mark.parametrize("name", TOOLS)
def test_its_example_runs_and_the_result_survives_json(name):
    tool, result = load(name), outcome(name)
    assert isinstance(result, tool.result)
    assert result.figures, "a tool that gives no figure gives nothing to cite"
    assert result.findings
    again = tool.result.model_validate_json(result.model_dump_json())
    assert again == result


@pytest.mark.parametrize("name", TOOLS)
def test_the_same_request_on_the_same_facts_gives_the_same_result(name):
    tool = load(name)
    request = tool.request.model_validate({"as_of": AS_OF, **example(tool)})
    assert (tool(request, facts()) if tool.reads_facts else tool(request)) == outcome(name)


@pytest.mark.parametrize("name", TOOLS)
def test_its_sentences_hold_slots_and_no_digits(name):
    result = outcome(name)
    texts = [*result.findings, *(caveat.text for caveat in result.caveats), *([result.decision.reason] if result.decision else [])]
    for text in texts:
        assert not re.search(r"\d", SLOT.sub("", text)), text
        assert text[-1] in ".:;!?", text
        assert "  " not in text
        assert not re.search(r"[{}]", SLOT.sub("", text)), text


@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
@pytest.mark.parametrize("name", TOOLS)
def test_its_own_sentences_pass_the_verifier(name, links):
    """Writers start from findings: a sentence that the verifier stops as it stands would stop every draft."""
    result = outcome(name)
    request = load(name).request.model_validate({"as_of": AS_OF, **example(load(name))})
    evidence = Evidence(
        id="ev_1", alias="E1", tool=name, version=1, request=request.model_dump(mode="json"), result=result.model_dump(mode="json"),
        created_at=datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip
    texts = [*result.findings, *(caveat.text for caveat in result.caveats), *([result.decision.reason] if result.decision else [])]
    rendered = render(prefix("\n\n".join(texts), "E1"), {"E1": evidence}, Locale(), links=links)
    verdict = verify(rendered.text, [evidence], locale=Locale(), as_of=AS_OF)
    assert not rendered.problems
    assert [(n.text, n.reason, n.sentence) for n in verdict.numerals if n.verdict in ("CONTRADICTED", "UNSUPPORTED")] == []
    assert verdict.ok, (verdict.words, verdict.missing_caveats)


@pytest.mark.parametrize("name", TOOLS)
def test_its_figures_can_be_read_alone(name):
    for figure in outcome(name).figures:
        assert figure.label == figure.label.strip()
        assert len(figure.label) > 2
        if figure.unit == "share":
            assert figure.denominator or figure.basis in ("stated", "assumed", "model"), f"{figure.key}: a share of what?"
        if figure.metric in ("cpc", "cpa", "ctr", "conversion_rate", "average_order_value"):
            assert figure.denominator, f"{figure.key} has no denominator"


@pytest.mark.parametrize("name", TOOLS)
def test_an_insistent_caveat_can_be_seen_to_be_said(name):
    for caveat in outcome(name).caveats:
        if caveat.insist:
            assert caveat.signs, f"{caveat.code} insists, but nothing shows that a text says it"


@pytest.mark.parametrize("name", TOOLS)
def test_its_chart_holds_its_data_and_points_nowhere(name):
    chart = outcome(name).chart
    if chart is not None:
        text = str(chart)
        assert "http" not in text
        assert "'url'" not in text
        assert "data" in chart


def test_no_two_tools_share_a_name_and_each_lives_in_its_field():
    assert len({tool.name for tool in every()}) == len(TOOLS)
    for tool in every():
        assert locations()[tool.name] == f"tools.{tool.field}.{tool.name}"


def test_listing_tools_imports_nothing_heavy():
    code = "import sys, tools.registry as r; r.locations(); print([m for m in ('numpy', 'scipy', 'ibis') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
