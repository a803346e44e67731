"""How a client stands: goals, promises and the month against the one before, by tools; computed once a day or when data came in."""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from graphs.promised import past_promises
from graphs.run_tool import ToolCall, run_tool, today
from graphs.services import Services
from grounding.evidence import Evidence
from store import deliverables, imports
from store import evidence as records
from store.clients import Client
from store.database import Connection
from tools.budget.track_goals import Goal
from tools.contract import ToolInputError, ToolRefusal

NO_GOAL = "No goal is stated for this client."
NO_PROMISE = "Nothing that was published has promised something that can be counted since the last report."
UNTOLD = "The data that there is does not carry this."
MOST_GOALS = 12
WHOLE_WEEK = 7
"""days of a month from which on it is set beside the month before; until then the month that ended is"""

PARTS: Mapping[str, str] = {
    "goals": "track_goals",
    "changes": "compare_periods",
    "promises": "score_promises",
    "data": "describe_data",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the picture: the evidence, or why there is none."""

    name: str
    evidence: Evidence | None = None
    refusal: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole picture for one day."""

    on: date
    parts: dict[str, Part]

    @property
    def current(self) -> bool:
        """Whether every part that can be told is of today's data."""
        return all(part.current or part.refusal for part in self.parts.values())


def goals_of(client: Client) -> tuple[Goal, ...]:
    """The client's goals for a month, as its profile states them. Raises ToolInputError for a profile that cannot be read."""
    try:
        return tuple(Goal.model_validate(goal) for goal in client.profile.get("goals", ()))
    except (ValidationError, TypeError) as error:
        raise ToolInputError(f"the goals in the client's profile cannot be read: {error}", field="goals") from None


def readable_goals(given: Any) -> list[dict[str, Any]]:
    """Goals as a profile keeps them. Raises ToolInputError that names the first one at fault."""
    if not isinstance(given, list) or len(given) > MOST_GOALS:
        raise ToolInputError(f"goals are a list of at most {MOST_GOALS}", field="goals")
    kept = []
    for place, goal in enumerate(given):
        try:
            kept.append(Goal.model_validate(goal).model_dump(mode="json", exclude_defaults=True))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ToolInputError(f"goal {place + 1}: {where}: {first['msg']}", field=f"goals.{place}.{where}") from None
    return kept


async def kept(connection: Connection, client: Client) -> Standing:
    """What was computed before, with which of it is of today and of all that came in since. Reads only, and little."""
    asked, refusals = _requests(client)
    came = await imports.list_imports(connection, client_id=client.id, limit=1)
    made = await deliverables.published(connection, client.id, limit=1)
    if not made:
        refusals["promises"] = NO_PROMISE
    found = {name: await records.latest_alone(connection, client.id, tool) for name, tool in PARTS.items() if name not in refusals}
    parts = {name: Part(name, refusal=why) for name, why in refusals.items()}
    for name, record in found.items():
        since = [one.created_at for one in (*came, *(made if name == "promises" else ()))]
        same = record is not None and all(record.request.get(key) == value for key, value in asked[name].items())
        # figures of another question are not shown: goals that were changed, another month
        parts[name] = Part(name, evidence=record if same or name == "data" else None, current=same and _newer(record, since))
    data = found["data"]
    for name in ("changes", "promises"):
        # all parts are computed together: one that is not there beside a current description of the data was refused
        if name in found and parts[name].evidence is None and parts["data"].current and _newer(data, [one.created_at for one in made]):
            parts[name] = Part(name, refusal=UNTOLD)
    return Standing(today(client), parts)


async def renewed(services: Services, workspace_id: str, client: Client) -> Standing:
    """The picture of today: what is not current is computed, and kept as evidence. No connection is held meanwhile."""
    asked, _ = _requests(client)
    async with services.database.transaction(workspace_id) as connection:
        before = await kept(connection, client)
        promised = None
        if not (before.parts["promises"].current or before.parts["promises"].refusal):
            promised = await past_promises(connection, client, "", before.on, "ev_promised")
    if promised is not None:
        asked["promises"]["promises"] = promised.result["promises"]

    async def renew(part: Part) -> Part:
        if part.current or part.refusal:
            return part
        if part.name == "promises" and promised is None:
            return Part(part.name, refusal=NO_PROMISE)
        try:
            call = ToolCall(PARTS[part.name], asked[part.name], workspace_id=workspace_id, client=client, alias="E1")
            return Part(part.name, evidence=await run_tool(services, call), current=True)
        except ToolRefusal as refusal:
            return Part(part.name, refusal=refusal.message)

    done = await asyncio.gather(*(renew(part) for part in before.parts.values()))
    return Standing(before.on, {part.name: part for part in done})


def _newer(record: Evidence | None, since: Sequence[datetime]) -> bool:
    return record is not None and all(record.created_at >= at for at in since)


def _requests(client: Client) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """What each tool is asked today, and why one is not. What was promised is looked up only when it has to be scored."""
    on = today(client)
    refusals: dict[str, str] = {}
    goals: tuple[Goal, ...] = ()
    try:
        goals = goals_of(client)
        if not goals:
            refusals["goals"] = NO_GOAL
    except ToolInputError as error:
        refusals["goals"] = error.message
    first, last = _month(on)
    of_the_day = {"as_of": on.isoformat()}
    looked_at = _month(on if on.day >= WHOLE_WEEK else first - timedelta(days=1))
    asked: dict[str, dict[str, Any]] = {
        "goals": {**of_the_day, "goals": [goal.model_dump(mode="json") for goal in goals], **_days(first, last)},
        "changes": {**of_the_day, **_days(*looked_at)},
        "promises": dict(of_the_day),
        "data": dict(of_the_day),
    }
    return asked, refusals


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _days(first: date, last: date) -> dict[str, str]:
    return {"first_day": first.isoformat(), "last_day": last.isoformat()}
