"""One line of "What to do", as every deliverable has it."""

from __future__ import annotations

from typing import Any


def action(what: str, owner: str, due: int, effort: str, stop: str) -> dict[str, Any]:
    """What is done, by whom, within how many days, at what effort, and when to stop."""
    return {"what": what, "owner": owner, "due_in_days": due, "effort": effort, "stop_when": stop}
