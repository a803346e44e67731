"""Requests made up from each tool's own schema, sound, extreme and broken: an answer or a refusal, never a failure of ours."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from graphs.run_tool import ToolCall, compute
from tools.contract import ToolRefusal
from tools.registry import every

QUIET = {"deadline": None, "database": None, "phases": [Phase.generate], "suppress_health_check": list(HealthCheck)}


def requests_for(schema: dict[str, Any]) -> Any:
    """A strategy for requests of this JSON schema, those that break it too."""
    inside = json.loads(json.dumps(schema).replace("#/$defs/", "#/components/schemas/"))
    shared = inside.pop("$defs", {})
    body = {"required": True, "content": {"application/json": {"schema": inside}}}
    route = {"post": {"requestBody": body, "responses": {"200": {"description": "computed"}}}}
    document = {"openapi": "3.1.0", "info": {"title": "tool", "version": "1"}, "paths": {"/tool": route}, "components": {"schemas": shared}}
    return schemathesis.openapi.from_dict(document)["/tool"]["POST"].as_strategy()


def attack(name: str, number: int, examples: int, seconds: float) -> tuple[int, int]:
    """How many requests were answered and refused. Raises what a tool raised besides a refusal."""
    declared = next(tool for tool in every() if tool.name == name)
    end, answered, refused = time.monotonic() + seconds, 0, 0

    @seed(number)
    @settings(max_examples=examples, **QUIET)
    @given(requests_for(declared.request.model_json_schema()))
    def ask(case: Any) -> None:
        nonlocal answered, refused
        if time.monotonic() > end or not isinstance(case.body, dict):
            return
        try:
            compute(ToolCall(name, case.body))
            answered += 1
        except ToolRefusal:
            refused += 1

    ask()
    return answered, refused


@pytest.mark.soak
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("name", [tool.name for tool in every()])
def test_a_tool_answers_or_refuses(name, number):
    answered, refused = attack(name, number, 150, 15)
    assert answered + refused > 20
