"""The strategy as the rules write it: a file per group of sections, phrases as data."""

from __future__ import annotations

from typing import Any

from llm.offline.reading import Desk
from llm.offline.strategy import audiences, changing, closing, contents, opening, plan
from llm.offline.strategy.view import View
from llm.offline.writers import Writer

OPEN = "We leave this open: what is on record does not settle it."


class CampaignOptimizationWriter(Writer):
    """Writes `deliver_campaign_optimization` from the sections that it shares with a strategy."""

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return OPEN

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole optimisation."""
        view = View(desk)
        return {
            "title": f"Campaign optimisation for {desk.named.get('name', 'the client')}: {view.goal}"[:120],
            "summary": opening.summary(view),
            "situation": opening.situation(view),
            "changes": changing.changes(view),
            "budget": plan.budget(view),
            "forecast": plan.forecast(view),
            "experiments": plan.experiments(view),
            "reviews": plan.reviews(view),
            "risks": closing.risks(view),
            "actions": closing.actions(view),
            "alternatives": closing.alternatives(view),
            "unknowns": closing.unknowns(view),
        }


class ContentPlanWriter(Writer):
    """Writes `deliver_content_plan`."""

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return OPEN

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole plan."""
        view = View(desk)
        return {
            "title": f"Content plan for {desk.named.get('name', 'the client')}: {view.goal}"[:120],
            "summary": contents.summary(view),
            "audience": audiences.audiences(view),
            "themes": contents.themes(view),
            "calendar": audiences.content_plan(view),
            "lengths": contents.lengths(view),
            "measurement": closing.measurement(view)[:5],
            "actions": contents.actions(view),
            "alternatives": contents.alternatives(view),
            "unknowns": closing.unknowns(view),
        }


class StrategyWriter(Writer):
    """Writes `deliver_strategy`."""

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return OPEN

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole strategy."""
        view = View(desk)
        return {
            "title": opening.title(view),
            "summary": opening.summary(view),
            "situation": opening.situation(view),
            "audience": audiences.audiences(view),
            "platforms": audiences.platforms(view),
            "budget": plan.budget(view),
            "content_plan": audiences.content_plan(view),
            "forecast": plan.forecast(view),
            "experiments": plan.experiments(view),
            "reviews": plan.reviews(view),
            "risks": closing.risks(view),
            "measurement": closing.measurement(view),
            "actions": closing.actions(view),
            "alternatives": closing.alternatives(view),
            "unknowns": closing.unknowns(view),
        }
