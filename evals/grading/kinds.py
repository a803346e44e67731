"""What single kinds of deliverables owe beyond their outline: a calendar that can be kept, a change for each channel that runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evals.house import House
from evals.seen import Seen

MOST_A_WEEK = 4
"""Pieces that a small team can make."""
SLOT = re.compile(r"\{\{[A-Z]\d*\.")


def owed(seen: Seen, house: House) -> list[str]:
    """What the kind owes is there."""
    look = {"content_plan": _calendar, "campaign_optimization": _changes}.get(seen.case.suite)
    return look(seen, seen.content) if look is not None and seen.content is not None else []


def _calendar(seen: Seen, content: Mapping[str, Any]) -> list[str]:
    """Days rise, no week holds more than can be made, and every channel of the brief has a piece and its lengths."""
    days = [row["out_in_days"] for row in content["calendar"]]
    problems = ["the days of the calendar do not rise"] if days != sorted(days) else []
    fullest = max(sum(first <= day < first + 7 for day in days) for first in days)
    problems += [f"{fullest} pieces in one week"] if fullest > MOST_A_WEEK else []
    for channel in _asked_for(seen):
        problems += [
            f"{channel} has no row in {section}"
            for section in ("calendar", "lengths")
            if not any(_flat(channel) in _flat(row["channel"]) for row in content[section])
        ]
    return problems


def _changes(seen: Seen, content: Mapping[str, Any]) -> list[str]:
    """Every channel that runs, of those that the brief names, has one entry, with the figure at which its change is undone."""
    named = [_flat(change["channel"]) for change in content["changes"]]
    problems = [f"{name} is there twice" for name in sorted(set(named)) if named.count(name) > 1]
    runs = {channel for record in seen.of("summarize_channels") for channel in record.result["channels"]}
    runs &= set(_asked_for(seen)) or runs
    if runs:
        problems += [f"{channel} runs and no change or keeping of it is said" for channel in sorted(runs) if _flat(channel) not in named]
        problems += [
            f"{change['channel']} has no figure at which its change is undone"
            for change in content["changes"]
            if _flat(change["channel"]) in {_flat(channel) for channel in runs} and not SLOT.search(change["stop_when"])
        ]
    return problems


def _asked_for(seen: Seen) -> list[str]:
    """Channels that the brief names."""
    briefed = seen.by_alias().get("B")
    return list(briefed.result.get("channels", ())) if briefed is not None else []


def _flat(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
