"""Tools give the same on the same: what one case had computed is taken up by the next that asks the same of the same data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from evals.case import Case
from evals.house import House, tables_of
from graphs import briefing, calling
from graphs.run_tool import ToolCall, compute
from grounding.evidence import Evidence
from tools.contract import Tool
from tools.registry import load


def data_of(case: Case) -> str:
    """What the data of a case hangs on."""
    spoilt = case.trap if case.trap and case.trap.startswith("orders_in_a") else ""
    return json.dumps([case.client, tables_of(case), spoilt, case.language or ""])


class Remembered:
    """Tool results and row counts of one evaluation home, on disk. Refusals are computed again: they are quick."""

    def __init__(self, house: House) -> None:
        self.folder: Path = house.computed
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = ""
        self.computed = self.taken = 0

    def compute(self, call: ToolCall, facts_root: Any = None, engine: Any = "duckdb") -> Evidence:
        """`graphs.run_tool.compute`, or what it gave before."""
        declared: Tool = load(call.tool)
        weak = sorted((entry.path, entry.basis or "") for entry in call.inputs)
        data = self.data if declared.reads_facts else ""
        place = self._place("tool", call.tool, str(declared.version), call.request, str(call.as_of), weak, data, engine)
        if place.exists():
            self.taken += 1
            kept = Evidence.model_validate_json(place.read_text(encoding="utf-8"))
            return kept.model_copy(update={"id": call.id, "alias": call.alias, "inputs": call.inputs})
        made = compute(call, facts_root, engine)
        self.computed += 1
        _write(place, made.model_dump_json())
        return made

    def count(self, facts_root: Any, engine: Any, workspace_id: str, client: Any, as_of: Any) -> list[dict[str, Any]]:
        """`graphs.briefing._count`, or what it gave before."""
        place = self._place("count", str(as_of), self.data, engine)
        if not place.exists():
            _write(place, json.dumps(COUNT(facts_root, engine, workspace_id, client, as_of)))
        found: list[dict[str, Any]] = json.loads(place.read_text(encoding="utf-8"))
        return found

    def _place(self, *parts: Any) -> Path:
        text = json.dumps(parts, sort_keys=True, default=str)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


COUNT = briefing._count


def _write(place: Path, text: str) -> None:
    """Whole or not at all: two processes may write the same."""
    import os

    draft = place.with_suffix(f".{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(place)


@contextmanager
def remembering(house: House) -> Iterator[Remembered]:
    """The graphs compute through what is remembered, until the end."""
    kept = Remembered(house)
    with patch.object(calling, "compute", kept.compute), patch.object(briefing, "_count", kept.count):
        yield kept
