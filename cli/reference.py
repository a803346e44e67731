"""`make docs`: the reference page of the tools, written from their own declarations."""

from __future__ import annotations

import json
from typing import Any

from tools.contract import Tool
from tools.registry import every

HEAD = """# Tools

Written by `make docs` from the tools' own declarations. Each is reached as an agents' tool, by `POST /api/v1/tools/NAME`
and by `groundwork tool run NAME`.
*quantity*: a claim about the world; an agent has to say where it comes from. *choice*: a knob. *result*: the slot of an earlier result.
"""


def page() -> str:
    """The whole page, tools by field and name."""
    return "\n".join([HEAD, *(section(tool) for tool in sorted(every(), key=lambda tool: (tool.field, tool.name)))])


def section(tool: Tool) -> str:
    """One tool: what it is for, its request, and an example where its request declares one."""
    schema = tool.request.model_json_schema()
    rows = [row(name, node) for name, node in schema["properties"].items() if name != "as_of"]
    facts = "reads the client's tables" if tool.reads_facts else "needs its request only"
    lines = [f"## {tool.name}", "", f"`{tool.field}` · version {tool.version} · {facts}", "", tool.description, ""]
    lines += ["| field | role | what |", "| --- | --- | --- |", *rows, ""] if rows else []
    for example in schema.get("examples", ())[:1]:
        text = json.dumps(example, ensure_ascii=False)
        if len(text) <= LONGEST_EXAMPLE:
            lines += ["```json", text, "```", ""]
    return "\n".join(lines)


LONGEST_EXAMPLE = 600


def row(name: str, node: dict[str, Any]) -> str:
    """One field of a request."""
    unit = f", {node['x-unit']}" if node.get("x-unit") else ""
    given = f" Default {json.dumps(node['default'])}." if "default" in node and node["default"] not in (None, [], {}) else ""
    text = str(node.get("description", "")).replace("|", "\\|")
    return f"| `{name}` | {node.get('x-role', '')}{unit} | {text}{'.' if text and not text.endswith('.') else ''}{given} |"


if __name__ == "__main__":
    print(page())
