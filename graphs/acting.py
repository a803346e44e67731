"""What the concierge does beside computing: tasks started, followed and stopped, preferences kept and forgotten."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agents.concierge import Action, CancelTask, FollowTask, Forget, Remember, StartTask
from agents.roster import AGENTS
from graphs import tasks
from graphs.state import StepContext
from graphs.steps import stable_id
from store import deliverables, events, preferences, runs
from tools.contract import ToolInputError, ToolRefusal

NEEDS = {"start_task": "tasks:write", "cancel_task": "tasks:write", "follow_task": "tasks:read"}
"""Scopes that the caller of a conversation needs: the concierge can do nothing that its caller cannot."""
LAST_STEPS = 5


class NotAllowed(ToolRefusal):
    """The caller may not do this, so neither may the concierge for them."""

    kind = "forbidden"


MADE: Mapping[str, str] = {
    "draft": "being written",
    "needs_person": "needs a person: a part of it did not hold",
    "awaiting_approval": "waits for the approval of a person, under approvals",
    "published": "published: it opens by the link of the task",
    "rejected": "rejected by a person",
}
"""How a deliverable's status is told to the model."""


@dataclass(frozen=True)
class Deed:
    """What was done: words for the model, an event for people. `named`: what `[[T1]]` or `[[P1]]` now stands for."""

    told: Mapping[str, Any]
    event: tuple[str, dict[str, Any]]
    named: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Doing:
    """What actions work on: the names that the model was given, and what the caller may do."""

    context: StepContext
    owner: str
    thread: str
    tasks: Mapping[str, str]
    preferences: Mapping[str, str]
    may: Sequence[str] | None


def read_action(actions: Sequence[type[Action]], call: Mapping[str, Any]) -> Action:
    """The action that a call asks for. Raises ToolInputError that names the field at fault."""
    try:
        return next(action for action in actions if action.name == call["name"]).model_validate(call["args"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ToolInputError(f"{call['name']}: {path or 'arguments'}: {first['msg']}", field=path or None) from error


async def act(connection: Any, doing: Doing, call: Mapping[str, Any], action: Action) -> Deed:
    """Do it in the step's own transaction, so that it is done once. Raises ToolRefusal."""
    needed = NEEDS.get(call["name"])
    if needed and doing.may is not None and needed not in doing.may:
        raise NotAllowed(f"{call['name']} needs the scope {needed!r}, which the key of this conversation does not have")
    return await DEEDS[type(action)](connection, doing, call, action)


async def _start(connection: Any, doing: Doing, call: Mapping[str, Any], action: Any) -> Deed:
    if (enqueue := doing.context.services.enqueue) is None:
        raise NotAllowed("no queue is connected here: start the task with `groundwork task run`")
    client = doing.context.client
    run = await tasks.create_task(
        connection,
        doing.context.workspace_id,
        client=client.id,
        kind=action.kind,
        brief=action.brief,
        actor=doing.owner,
        enqueue=enqueue,
    )
    name = f"T{len(doing.tasks) + 1}"
    told = {"task": name, "kind": run.kind, "state": run.status, "say": f"[[{name}]] is with the {AGENTS[run.kind].name}"}
    told |= {"reads": f"[[{name}]] reads “{run.kind.replace('_', ' ')} task”, with a link"}
    return Deed(told, ("task_started", {"task": run.id, "kind": run.kind, "name": name}), {name: shown_task(run.kind, run.id)})


async def _follow(connection: Any, doing: Doing, call: Mapping[str, Any], action: Any) -> Deed:
    run = await _task(connection, doing, action.task)
    log = await events.after(connection, run.id, 0, 10_000)
    steps = [event.payload["name"] for event in log if event.kind == "step"][-LAST_STEPS:]
    tools = [event.payload["tool"] for event in log if event.kind == "tool_result"][-LAST_STEPS:]
    told = {"task": action.task, "kind": run.kind, "state": run.status, "last_steps": steps, "last_tools": tools}
    made = await deliverables.get(connection, run.deliverable_id) if run.deliverable_id else None
    told |= {"made": {"title": made.title, "state": MADE[made.status]}} if made else {}
    told |= {"why": run.error} if run.error else {}
    return Deed(told, ("task_followed", {"task": run.id, "status": run.status}))


async def _cancel(connection: Any, doing: Doing, call: Mapping[str, Any], action: Any) -> Deed:
    run = await _task(connection, doing, action.task)
    if run.status in runs.ENDED:
        return Deed(
            {"task": action.task, "state": run.status, "note": "it had ended already"},
            ("task_followed", {"task": run.id, "status": run.status}),
        )
    await tasks.cancel_task(connection, run.id, actor=doing.owner)
    return Deed({"task": action.task, "state": "stopping"}, ("task_cancelled", {"task": run.id}))


async def _task(connection: Any, doing: Doing, name: str) -> runs.Run:
    run = await runs.get_run(connection, doing.tasks[name]) if name in doing.tasks else None
    # the list is of this client's tasks; asked again here, so that no mistake above reaches another client's
    if run is None or run.client_id != doing.context.client.id or run.conversation is not None:
        raise ToolInputError(f"there is no task {name!r} in the list", field="task")
    return run


async def _remember(connection: Any, doing: Doing, call: Mapping[str, Any], action: Any) -> Deed:
    identity = stable_id("pref", doing.context.run.id, call["id"])
    # one line: it stands in a list of the prompt, and must not look like a heading there
    text = " ".join(action.preference.split())
    kept = await preferences.remember(connection, doing.context.client.id, text, said_by=doing.owner, id=identity)
    if kept is None:
        raise ToolInputError(f"{preferences.MOST} preferences are kept already: forget one first", field="preference")
    name = next((name for name, known in doing.preferences.items() if known == kept.id), f"P{len(doing.preferences) + 1}")
    return Deed(
        {"preference": name, "say": f"it is kept: [[{name}]]", "reads": f"[[{name}]] reads “{kept.text}”: do not say the wish beside it"},
        ("preference_kept", {"preference": kept.id}),
        {name: f"“{kept.text}”"},
    )


async def _forget(connection: Any, doing: Doing, call: Mapping[str, Any], action: Any) -> Deed:
    identity = doing.preferences.get(action.preference)
    if identity is None or not await preferences.forget(connection, doing.context.client.id, identity):
        raise ToolInputError(f"there is no preference {action.preference!r} in the list", field="preference")
    return Deed({"preference": action.preference, "state": "forgotten"}, ("preference_forgotten", {"preference": identity}))


def shown_task(kind: str, run_id: str) -> str:
    """A task as the reader sees it named."""
    return f"[{kind.replace('_', ' ')} task](task:{run_id})"


def message(call: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The tool message for what was done."""
    return json.dumps({"tool": call["name"], "status": "done", **told}, ensure_ascii=False)


DEEDS: dict[type[Action], Callable[[Any, Doing, Mapping[str, Any], Any], Awaitable[Deed]]] = {
    StartTask: _start,
    FollowTask: _follow,
    CancelTask: _cancel,
    Remember: _remember,
    Forget: _forget,
}
