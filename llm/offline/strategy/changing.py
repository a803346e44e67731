"""What changes on each channel of a running campaign, and when it is taken back."""

from __future__ import annotations

from typing import Any

from llm.offline.strategy import audiences
from llm.offline.strategy.view import View


def changes(view: View) -> list[dict[str, Any]]:
    """One block per channel: what it costs now, what it gets, why, and the figure at which that ends."""
    rows = []
    for channel, platform in zip(view.channels[:8], audiences.platforms(view), strict=True):
        name, cpa = view.name(channel), view.summary.get(f"{channel}.cpa") if view.summary else None
        rows.append(
            {
                "channel": name,
                "now": f"The {view.called(cpa)} on {name} was {cpa.slot}, as the platform claims."
                if cpa
                else f"{name} has no cost per result on record.",
                "proposed": platform["budget"],
                "why": platform["role"],
                "stop_when": f"The {view.called(cpa)} on {name} is above {cpa.end('high')}."
                if cpa and cpa.interval
                else f"{name} has taken its budget without a result.",
            }
        )
    return rows
