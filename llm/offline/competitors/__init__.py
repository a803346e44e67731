"""The competitor analysis as the rules write it: what was seen, set beside our own prices, and nothing beyond that."""

from __future__ import annotations

from typing import Any

from llm.offline.competitors import answering, seen
from llm.offline.competitors.view import View
from llm.offline.reading import Desk
from llm.offline.writers import Writer


class CompetitorWriter(Writer):
    """Writes `deliver_competitor_analysis`."""

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return {"where": "not on record", "when": "not on record", "inference": "We infer nothing from this."}.get(
            path.rsplit(".", 1)[-1], "What this would say could not be shown with the material at hand."
        )

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole answer."""
        view = View(desk)
        return {
            "title": f"Competitors of {desk.named.get('name', 'the client')}",
            "summary": answering.summary(view),
            "claims": seen.claims(view),
            "competitors": seen.competitors(view),
            "prices": seen.prices(view),
            "choice": answering.choice(view),
            "threats": answering.threats(view),
            "actions": answering.actions(view),
            "alternatives": answering.alternatives(view),
            "unknowns": answering.unknowns(view),
        }
