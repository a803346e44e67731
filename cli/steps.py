"""Events of a run in words, one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.events import Event

Payload = dict[str, Any]


def _tool(payload: Payload) -> str:
    alias = f"{payload['alias']} " if payload.get("alias") else ""
    return f"{alias}{payload['tool']}: {payload.get('figures', 0)} figures in {payload.get('duration_ms', 0):.0f} ms"


def _refused(payload: Payload) -> str:
    return f"{payload['tool']} refused: {payload.get('message')}"


def _finished(payload: Payload) -> str:
    return f"finished: {payload.get('status')}" + (f" ({payload['reason']})" if payload.get("reason") else "")


QUIET = frozenset({"usage", "tool_call"})
"""Kinds that say nothing new to a person who follows: a call is seen by its result."""


WORDS: dict[str, Callable[[Payload], str]] = {
    "queued": lambda payload: f"queued: {payload.get('kind')} for {payload.get('client')}",
    "started": lambda payload: "a worker has taken it up",
    "step": lambda payload: f"step {payload.get('number')}: {payload.get('name')}",
    "brief": lambda payload: (
        f"read the brief: goal {payload.get('goal') or 'not stated'}, stated {', '.join(payload.get('stated') or []) or 'no figure'}"
    ),
    "context": lambda payload: f"recalled {len(payload.get('passages') or [])} passages and {len(payload.get('tables') or [])} tables",
    "tool_result": _tool,
    "tool_refused": _refused,
    "verdict": lambda payload: f"verified: {'clean' if payload.get('ok') else 'not clean'}, round {payload.get('round', 0)}",
    "deliverable": lambda payload: f"kept {payload.get('deliverable')}: {payload.get('status')}",
    "approval_asked": lambda payload: (
        f"waits for approval by {' or '.join(payload.get('roles') or [])}: `groundwork approval show {payload.get('approval')}`"
    ),
    "approval_late": lambda payload: f"nobody has answered {payload.get('approval')} in time",
    "approval_given": lambda payload: f"approved by {payload.get('by')}: {payload.get('given')} of {payload.get('needed')}",
    "approval_edited": lambda payload: f"edited by {payload.get('by')}, asked anew as {payload.get('instead')}",
    "approval_delegated": lambda payload: f"handed on by {payload.get('by')} to {payload.get('to')}",
    "approval": lambda payload: (
        f"{payload.get('state')} by {payload.get('by')}" + (f": {payload['reason']}" if payload.get("reason") else "")
    ),
    "finished": _finished,
}
"""A kind that is not here is shown by its name and its short values."""


def in_words(event: Event) -> str:
    """One event as a line."""
    if event.kind in WORDS:
        return WORDS[event.kind](event.payload)
    short = {key: value for key, value in event.payload.items() if isinstance(value, str | int | float | bool) and len(str(value)) <= 80}
    return f"{event.kind.replace('_', ' ')}" + (": " + ", ".join(f"{key} {value}" for key, value in short.items()) if short else "")
