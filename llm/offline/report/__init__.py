"""The client report as the rules write it: a file per group of sections."""

from __future__ import annotations

from typing import Any

from llm.offline.reading import Desk
from llm.offline.report import closing, news, standing
from llm.offline.report.view import ReportView
from llm.offline.writers import Writer


class ReportWriter(Writer):
    """Writes `deliver_report`."""

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return "We leave this open: what is on record does not settle it."

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole report."""
        view = ReportView(desk)
        return {
            "title": f"{view.kind} for {desk.named.get('name', 'the client')}, {view.days.title}"[:120],
            "summary": news.summary(view),
            "bad_news": news.bad_news(view),
            "goals": standing.goals(view),
            "changes": news.changes(view),
            "experiments": standing.experiments(view),
            "budget": standing.budget(view),
            "promises": standing.promises(view),
            "reconciliation": standing.reconciliation(view),
            "actions": closing.actions(view),
            "alternatives": closing.alternatives(view),
            "unknowns": closing.unknowns(view),
            "appendix": closing.appendix(view),
        }
