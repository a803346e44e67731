"""A run's events as a person follows them: one line for each thing that was done, a tool's call and its result in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.events import Event
from web.rendering import in_words

State = Literal["done", "busy", "bad", "plain"]

ENDS = {
    "succeeded": "Finished",
    "needs_person": "Ended: a person has to settle it",
    "rejected": "Ended: rejected",
    "failed": "Failed",
    "cancelled": "Stopped",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One line. `evidence`: the result that it opens."""

    text: str
    at: datetime
    state: State = "done"
    detail: str = ""
    evidence: str = ""
    alias: str = ""


def told(events: Iterable[Event], names: Mapping[str, str], *, over: bool) -> list[StepLine]:
    """The lines so far. `names`: of people, by actor; `over`: whether the run has ended, so that nothing is under way."""
    lines: list[StepLine] = []
    open_calls: dict[str, list[int]] = {}
    for event in events:
        tool = event.payload.get("tool")
        if event.kind == "tool_call":
            open_calls.setdefault(str(tool), []).append(len(lines))
            lines.append(StepLine(in_words(str(tool)), event.at, "plain" if over else "busy"))
            continue
        line = _line(event, names)
        if line is None:
            continue
        waiting = open_calls.get(str(tool)) if event.kind in ("tool_result", "tool_refused") else None
        if waiting:
            lines[waiting.pop(0)] = line
        else:
            lines.append(line)
    return lines


def _line(event: Event, names: Mapping[str, str]) -> StepLine | None:
    payload, at = event.payload, event.at
    by = names.get(str(payload.get("by")), str(payload.get("by") or ""))
    match event.kind:
        case "queued":
            return StepLine("Asked for", at)
        case "started":
            return StepLine("A worker took it up", at)
        case "brief":
            stated = ", ".join(in_words(name).lower() for name in payload.get("stated", ()))
            return StepLine("Read the brief", at, detail=f"stated: {stated}" if stated else "no number is stated")
        case "context":
            detail = f"{len(payload.get('tables', ()))} tables, {len(payload.get('passages', ()))} passages of documents"
            return StepLine("Looked up what is known of the client", at, detail=detail)
        case "tool_result":
            detail = f"{payload.get('figures', 0)} figures in {float(payload.get('duration_ms', 0)) / 1000:.1f} s"
            return StepLine(
                in_words(payload["tool"]), at, detail=detail, evidence=str(payload.get("evidence", "")), alias=str(payload.get("alias", ""))
            )
        case "tool_refused":
            return StepLine(in_words(payload["tool"]), at, "bad", detail=f"refused: {payload.get('message', '')}")
        case "verdict":
            return _verdict(event)
        case "deliverable":
            return StepLine(f"Kept version {payload.get('version')}", at, detail=str(payload.get("title", "")))
        case "approval_asked":
            return StepLine("Asked for approval", at)
        case "approval_given":
            return StepLine(f"{by} approved: {payload.get('given')} of {payload.get('needed')}", at)
        case "approval_edited":
            return StepLine(f"{by} edited the text; approval is asked for anew", at)
        case "approval_delegated":
            return StepLine(f"{by} handed the approval on to {names.get(str(payload.get('to')), payload.get('to'))}", at)
        case "approval":
            state = str(payload.get("state"))
            return StepLine(
                f"The request is {state}" + (f" by {by}" if state in ("approved", "rejected") else ""), at,
                "done" if state == "approved" else "bad", detail=str(payload.get("reason") or ""),
            )  # fmt: skip
        case "finished":
            status = str(payload.get("status"))
            return StepLine(
                ENDS.get(status, status), at, "done" if status == "succeeded" else "bad", detail=str(payload.get("reason") or "")
            )
    return None


def _verdict(event: Event) -> StepLine:
    counts, failing = event.payload.get("numerals") or {}, len(event.payload.get("problems", ()))
    if event.payload.get("ok"):
        return StepLine("Checked the text", event.at, detail=f"{counts.get('VERIFIED', 0)} figures verified, nothing failed")
    return StepLine("Checked the text", event.at, "bad", detail=f"{failing} places do not hold; it goes back to the writer or to a person")
