"""Tool arguments by rule: from a tool's JSON schema and what lies on the desk. What no rule can fill is left out, or not asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llm.offline.reading import Answer, Desk, Offered, Slot

COMBINED = ("anyOf", "oneOf", "allOf")
EARLIER = re.compile(r"E\\d\+")
RESULT_OF = re.compile(r"earlier result of (?P<tool>\w+), such as \"\{\{E\d+\.(?P<name>[\w.]+)\}\}\"")
UNIT = re.compile(r"unit: (\w+)")


class CannotFill(Exception):
    """A required argument that no rule can fill: the step is left out. `tool`: whose result it waits for, if that is all."""

    def __init__(self, name: str, tool: str | None = None):
        super().__init__(name)
        self.tool = tool


def fill(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The arguments of one call. Raises CannotFill."""
    return _object(tool.schema, tool.schema, desk)


def corrected(tool: Offered, refused: Answer, desk: Desk) -> dict[str, Any] | None:
    """The arguments mended as a refusal asks: the named field left out when it may be, else filled; None when no rule helps."""
    given = dict(refused.arguments)
    field = ((refused.refusal or {}).get("field") or "").split(".")[0]
    if not field or field not in tool.schema.get("properties", {}):
        return None
    part = tool.schema["properties"][field]
    if field in given and field not in tool.schema.get("required", ()) and role(part, tool.schema) != "result":
        given.pop(field)
        return given
    if field not in given:
        try:
            given[field] = _value(field, tool.schema["properties"][field], tool.schema, desk)
        except CannotFill:
            return None
        return given
    return None


def role(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What kind of argument a property is: `quantity` (a claim that needs a source), `result` (of an earlier tool) or `plain`."""
    schema = deref(schema, root)
    if EARLIER.search(schema.get("pattern", "")):
        return "result"
    options = [deref(option, root) for word in COMBINED for option in schema.get(word, ())]
    return "quantity" if any("assume" in option.get("properties", {}) for option in options) else "plain"


def deref(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference, with what stands beside it."""
    reference = schema.get("$ref")
    if not reference:
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return {**deref(found, root), **{key: value for key, value in schema.items() if key != "$ref"}}


def properties(tool: Offered) -> Mapping[str, Any]:
    """The properties of a tool's arguments."""
    return tool.schema.get("properties", {})


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    required = schema.get("required", ())
    filled: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        try:
            filled[name] = _value(name, part, root, desk)
        except CannotFill:
            if name in required:
                raise
    return filled


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any], desk: Desk) -> Any:
    plain, kind = deref(schema, root), role(schema, root)
    if kind == "result":
        return result_slot(plain.get("description", ""), desk)
    if kind == "quantity":
        unit = UNIT.search(plain.get("description", ""))
        return quantity_slot(name, unit[1] if unit else "", desk).slot
    if name == "currency" and (currency := desk.named.get("currency")):
        return currency
    allowed = plain.get("enum", ())
    if name == "period" and desk.named.get("period") in allowed:
        return desk.named["period"]
    raise CannotFill(name)


def result_slot(description: str, desk: Desk) -> str:
    """The slot of the earlier result that a field's description asks for. Raises CannotFill."""
    wanted = RESULT_OF.search(description)
    if wanted is None:
        raise CannotFill(description)
    answer = desk.good(wanted["tool"])
    slot = answer.result(wanted["name"]) if answer else None
    if slot is None:
        raise CannotFill(wanted["name"], wanted["tool"])
    return slot


def quantity_slot(name: str, unit: str, desk: Desk) -> Slot:
    """The stated figure that a field's name names: all words of the field are in the figure's key. Raises CannotFill.

    The brief goes before the profile. A share is shown with a percent sign, anything else is not.
    """
    words = set(name.split("_"))
    for slot in desk.stated:
        # A key of two parts is of one channel, and the argument is of all of them.
        if "." not in slot.key and words <= set(slot.key.split("_")) and ("%" in slot.shows) == (unit == "share"):
            return slot
    raise CannotFill(name)


def assumed(value: float, name: str, because: str) -> dict[str, Any]:
    """A named assumption, as an argument takes it."""
    return {"assume": value, "name": name, "because": because}
