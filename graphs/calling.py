"""One tool call of a model: its arguments traced, the tool run in the run's client and nowhere else."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from graphs.answers import malformed
from graphs.registered import refuse_beside_looks
from graphs.run_tool import ToolCall, compute
from graphs.state import StepContext
from graphs.steps import stable_id
from grounding.arguments import resolve
from grounding.evidence import Evidence
from grounding.quoting import Passage
from tools.contract import Figure, ToolInputError, ToolRefusal
from tools.registry import load as load_tool

log = logging.getLogger(__name__)


class ToolFailed(ToolRefusal):
    """A tool broke: a defect of ours, which must not take the whole run with it."""

    kind = "failed"


class Where(StepContext, Protocol):
    """Tenant, client and run of a call: from the run's context, never from a model's arguments."""

    @property
    def as_of(self) -> Any: ...


async def call_tool(
    call: Mapping[str, Any],
    tools: tuple[str, ...],
    known: Mapping[str, Evidence],
    where: Where,
    *,
    alias: str,
    brief: str,
    passages: Mapping[str, Passage],
) -> tuple[Evidence, tuple[Figure, ...]]:
    """The evidence of one call, not yet kept, and the assumptions it named. Raises ToolRefusal, ToolFailed."""
    if call["name"] not in tools:
        raise ToolInputError(f"there is no tool {call['name']!r} here; there are: {', '.join(tools)}")
    if not isinstance(call["args"], dict):
        raise unreadable(call)
    declared = await asyncio.to_thread(load_tool, call["name"])
    resolved = resolve(declared, call["args"], known, brief, locale=where.client.locale, passages=passages)
    wanted = ToolCall(
        declared.name,
        resolved.request,
        workspace_id=where.workspace_id,
        client=where.client,
        run_id=where.run.id,
        inputs=resolved.inputs,
        as_of=where.as_of,
        alias=alias,
        id=stable_id("ev", where.run.id, call["id"], alias),
    )
    store = where.services.store
    await refuse_beside_looks(where.services, where.workspace_id, where.client, declared.name, resolved.request)
    try:
        return await asyncio.to_thread(compute, wanted, store.facts_root, store.engine), resolved.assumptions
    except (ToolRefusal, OSError, MemoryError):
        raise
    except Exception as error:
        log.exception("tool %s failed in run %s", declared.name, where.run.id)
        raise ToolFailed(f"{declared.name} failed by an error of ours; go on without it and say what could not be known") from error


def unreadable(call: Mapping[str, Any]) -> ToolInputError:
    """The refusal of a call whose arguments are no JSON object."""
    return malformed(call["name"], str(call.get("received") or ""), str(call.get("error") or "no JSON object"))


@cache
def results_taken(tool: str, offered_tools: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a tool's result that an offered tool takes; a handle that nothing takes would only be mistaken for a figure."""
    schemas = json.dumps([load_tool(name).request.model_json_schema() for name in offered_tools])
    taken = {part for found in re.findall(r'"x-of": "([^"]+)"', schemas) for part in found.split("|")}
    return tuple(name for name in load_tool(tool).result.model_fields if f"{tool}.{name}" in taken)
