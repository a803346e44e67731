"""Who writes which answer: a writer per answer format, found by the format's name."""

from __future__ import annotations

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


def writer_for(answer_tool: str | None) -> Writer | None:
    """The writer of an answer format; None when no rules write it."""
    if answer_tool == "deliver_strategy":
        from llm.offline.strategy import StrategyWriter

        return StrategyWriter()
    if answer_tool == "deliver_report":
        from llm.offline.report import ReportWriter

        return ReportWriter()
    if answer_tool == "deliver_competitor_analysis":
        from llm.offline.competitors import CompetitorWriter

        return CompetitorWriter()
    if answer_tool == "deliver_outreach":
        from llm.offline.outreach import OutreachWriter

        return OutreachWriter()
    if answer_tool == "deliver_case_study":
        from llm.offline.case_study import CaseStudyWriter

        return CaseStudyWriter()
    if answer_tool == "deliver_campaign_optimization":
        from llm.offline.strategy import CampaignOptimizationWriter

        return CampaignOptimizationWriter()
    if answer_tool == "deliver_content_plan":
        from llm.offline.strategy import ContentPlanWriter

        return ContentPlanWriter()
    return None
