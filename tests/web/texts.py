"""Texts for the tests of pages: kept as a run would have kept them, without running one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from grounding.evidence import Evidence
from grounding.ids import new_id
from store import deliverables, evidence, runs
from store.deliverables import Deliverable
from tests.web.conftest import Person

FIGURE = {
    "key": "meta.cpa", "value": 18240, "unit": "money", "currency": "ZAR", "metric": "cpa", "label": "cost per booking on Meta",
    "interval": {"low": 15000, "high": 21000, "level": 0.9, "kind": "confidence"}, "basis": "observed",
}  # fmt: skip
HIDDEN = {**FIGURE, "key": "meta.margin", "value": 990077, "metric": "margin", "label": "margin"}
TABLE = {
    "title": "Channels",
    "columns": [
        {"name": "channel", "label": "Channel", "unit": "text"},
        {"name": "cpa", "label": "Cost", "unit": "money", "currency": "ZAR"},
    ],
    "rows": [["Meta", 18240]],
}
CHART = {
    "title": {"text": "Cost by channel", "anchor": "start"},
    "data": {"values": [{"channel": "Meta", "cpa": 182.4}]},
    "mark": "bar",
    "encoding": {"x": {"field": "cpa", "type": "quantitative"}, "y": {"field": "channel", "type": "nominal"}},
}
TEXT = """# {title}

## In short

Meta costs [R182,40](evidence:E1.meta.cpa) per booking, at least [R150](evidence:E1.meta.cpa.low).

{more}

## Budget

| Channel | Cost |
| --- | ---: |
| Meta | R182,40 |

*Table: E1, summarize_channels.*
"""
VERDICT = {
    "ok": True,
    "numerals": [
        {"text": "R182,40", "start": 0, "end": 7, "sentence": "Meta costs R182,40.", "verdict": "VERIFIED", "reason": "", "evidence": "E1"},
        {"text": "2026", "start": 9, "end": 13, "sentence": "In 2026.", "verdict": "EXEMPT", "reason": "a year"},
    ],
    "words": [],
    "missing_caveats": [],
}


async def kept(
    database: Any, of: Person, *, title: str = "Plan", status: str = "published", more: str = "Nothing else.", kind: str = "strategy",
    run_id: str | None = None, **changed: Any,
) -> Deliverable:  # fmt: skip
    """A version of a deliverable of somebody's client, with one result behind it."""
    async with database.transaction(of.workspace.id) as connection:
        if run_id is None:
            run = await runs.create_run(
                connection, of.client.id, kind, "R15 000 a month", as_of=date(2026, 10, 31), asked_by=of.member.actor
            )
            await runs.set_status(connection, run.id, "succeeded")
            run_id = run.id
        record = Evidence(
            id=new_id("ev"), alias="E1", tool="summarize_channels", version=1, request={}, created_at=datetime.now(UTC),
            result={"figures": [FIGURE, HIDDEN], "findings": [], "caveats": [], "chart": CHART, "table": TABLE},
        )  # fmt: skip
        await evidence.add(connection, of.client.id, run_id, record)
        given: dict[str, Any] = {
            "content": {"title": title}, "markdown": TEXT.format(title=title, more=more), "verdict": VERDICT,
            "evidence_aliases": {"E1": record.id}, "model": {"name": "offline-rules-v1", "is_llm": False}, "prompt": {},
        }  # fmt: skip
        return await deliverables.add(
            connection, run_id=run_id, client_id=of.client.id, kind=kind, title=title, status=status, **(given | changed)
        )
