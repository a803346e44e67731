"""Who writes which answer: a writer per answer format, found by the format's name."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from llm.offline.reading import Desk


class Writer(Protocol):
    """Writes one kind of answer from what lies on the desk."""

    def sums(self, desk: Desk) -> list[dict[str, Any]]:
        """Arguments of `calculate` for derived figures that the text will need and no tool gave; none unless a writer asks for some."""
        return []

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole answer."""

    def fallback(self, path: str) -> str:
        """What stands in a required place (its path in the answer) when every sentence of it had to go."""
        return "What this would say could not be shown with the data at hand."


WRITERS = {
    "deliver_strategy": "strategy.StrategyWriter",
    "deliver_campaign_optimization": "strategy.CampaignOptimizationWriter",
    "deliver_content_plan": "strategy.ContentPlanWriter",
    "deliver_report": "report.ReportWriter",
    "deliver_competitor_analysis": "competitors.CompetitorWriter",
    "deliver_outreach": "outreach.OutreachWriter",
    "deliver_case_study": "case_study.CaseStudyWriter",
}
"""Answer format to module and class under llm/offline/; loaded when it is asked for."""


def writer_for(answer_tool: str | None) -> Writer | None:
    """The writer of an answer format; None when no rules write it."""
    if answer_tool not in WRITERS:
        return None
    module, _, name = WRITERS[answer_tool].partition(".")
    writer: Writer = getattr(import_module(f"llm.offline.{module}"), name)()
    return writer
