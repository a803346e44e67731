"""What an agent is offered for a tool's arguments: each quantity as a slot, a quotation or a named assumption, never as a bare number."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tools.contract import Tool

LEAST_REASON = 12
"""Letters of a reason below which it convinces nobody."""

WAYS_TO_GIVE: dict[str, dict[str, Any]] = {
    "slot": {"type": "string", "pattern": r"^\{\{.+\}\}$", "description": "a slot"},
    "quotation": {
        "type": "object",
        "properties": {
            "quote": {"type": "string", "description": "words that hold exactly this number, of the brief or of `passage`"},
            "passage": {"type": "string", "pattern": r"^C\d+$", "description": "the context passage quoted; the brief when left out"},
        },
        "required": ["quote"],
        "additionalProperties": False,
    },
    "assumption": {
        "type": "object",
        "properties": {
            "assume": {"type": "number"},
            "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,59}$"},
            "because": {"type": "string", "minLength": LEAST_REASON},
        },
        "required": ["assume", "name", "because"],
        "additionalProperties": False,
    },
}
"""Defined once in a schema and referred to by every quantity: spelled out at each of them they would be most of its length."""

LEAF: tuple[dict[str, Any], ...] = tuple({"$ref": f"#/$defs/{name}"} for name in WAYS_TO_GIVE)


GIVEN = {"past_promises": "D"}
"""Results that a run brings with it, under their own alias: no tool of the agent gives them."""


def agent_schema(tool: Tool) -> dict[str, Any]:
    """The JSON schema that an agent sees: each quantity as a slot, a quotation or a named assumption, each earlier result as its slot.

    Fields marked `x-agent: false`, aggregates that a program sends and an agent's tables give, are left out.
    """
    schema = tool.request.model_json_schema()
    shown = _shown(schema)
    shown.get("properties", {}).pop("as_of", None)
    return _pruned(shown)


def _pruned(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without definitions that nothing refers to any more: an earlier result is given as its slot, not spelled out."""
    definitions = {**schema.pop("$defs", {}), **WAYS_TO_GIVE}
    waiting, kept = re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)), {}
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = definitions[name]
            waiting += re.findall(r'"#/\$defs/(\w+)"', json.dumps(definitions[name]))
    return {"$defs": dict(sorted(kept.items())), **schema} if kept else schema


def _shown(node: Any) -> Any:
    if isinstance(node, list):
        return [_shown(item) for item in node]
    if not isinstance(node, dict):
        return node
    role = node.get("x-role")
    if role == "quantity":
        kept = {"default": None} if "default" in node and node["default"] is None else {}
        return {**kept, "description": _described(node), "anyOf": _offered(node)}
    if role == "result":
        given = GIVEN.get(str(node.get("x-of", "")).split(".")[0])
        alias, such = (given, "") if given else (r"E\d+", "such as ")
        example = f'"{{{{{given or "E3"}.{result_name(node)}}}}}"'
        what = "the slot that the request lists" if given else f"the slot of an earlier result{_of(node)}"
        return {
            "type": "string",
            "pattern": rf"^\{{\{{\s*{alias}\.[a-z0-9_.]+\s*\}}\}}$",
            "description": f"{node.get('description', '')} ({what}, {such}{example})".strip(),
            **({"default": node["default"]} if "default" in node else {}),
        }
    # a title that only repeats the field's name is length without words; a field called title is no text
    shown: dict[str, Any] = {
        k: v for k, v in node.items() if k not in ("x-role", "x-of", "x-agent", "examples") and not (k == "title" and isinstance(v, str))
    }
    if isinstance(node.get("properties"), dict):
        shown["properties"] = {name: part for name, part in node["properties"].items() if part.get("x-agent", True)}
    return {key: _shown(value) for key, value in shown.items()}


def _described(node: Mapping[str, Any]) -> str:
    bounds = [f"{word} {node[name]}" for name, word in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"), ("exclusiveMaximum", "below")) if name in node]  # fmt: skip
    unit = node.get("x-unit")
    return "; ".join(part for part in (node.get("description", ""), f"unit: {unit}" if unit else "", ", ".join(bounds)) if part)


def _offered(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ways to give a leaf, in the shape (single, list, by name, optional) of the declared type."""
    ways: list[dict[str, Any]] = []
    for shape in node.get("anyOf") or [node]:
        match shape.get("type"):
            case "null":
                ways.append({"type": "null"})
            case "array":
                ways += [{"type": "array", "items": {"anyOf": list(LEAF)}}, LEAF[0]]
            case "object":
                ways.append({"type": "object", "additionalProperties": {"anyOf": list(LEAF)}})
            case _:
                ways += [way for way in LEAF if way not in ways]
    return ways


def _of(node: Mapping[str, Any]) -> str:
    return f" of {str(node['x-of']).split('.')[0]}" if "x-of" in node else ""


def result_name(node: Mapping[str, Any]) -> str:
    """The field of the earlier result that a node takes: curves."""
    return str(node.get("x-of", "tool.result")).split(".", 1)[-1]
