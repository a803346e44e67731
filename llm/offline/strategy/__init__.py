"""The strategy as the rules write it: a file per group of sections, phrases as data."""

from __future__ import annotations

from typing import Any

from llm.offline.reading import Desk
from llm.offline.strategy import audiences, closing, opening, plan
from llm.offline.strategy.view import View


class StrategyWriter:
    """Writes `deliver_strategy`."""

    def sums(self, desk: Desk) -> list[dict[str, Any]]:
        """Derived figures that the text needs and no tool gave: none so far."""
        return []

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return "We leave this open: what is on record does not settle it."

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
