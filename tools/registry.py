"""Every tool, found by file: `tools/<field>/<name>.py` declares the tool `<name>`. Nothing is imported before it is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from tools.contract import Tool

NOT_FIELDS = frozenset({"contracts", "methods"})


class UnknownTool(KeyError):
    """No tool has this name."""

    def __str__(self) -> str:
        return f"no tool is called {self.args[0]!r}"


@cache
def locations() -> dict[str, str]:
    """Tool name to module, sorted by field and name, without importing any."""
    here = Path(__file__).parent
    files = sorted(file for file in here.glob("*/*.py") if file.parent.name not in NOT_FIELDS and not file.stem.startswith("_"))
    return {file.stem: f"tools.{file.parent.name}.{file.stem}" for file in files}


@cache
def load(name: str) -> Tool:
    """The tool of this name. Raises UnknownTool."""
    if name not in locations():
        raise UnknownTool(name)
    declared = getattr(import_module(locations()[name]), name)
    if not isinstance(declared, Tool) or declared.field != locations()[name].split(".")[1]:
        raise TypeError(f"{locations()[name]} does not declare the tool {name!r} in its own field")
    return declared


def every() -> list[Tool]:
    """All tools, loaded."""
    return [load(name) for name in locations()]
