"""What earlier deliverables promised the client: forecasts that they have read, as evidence with the alias D."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from grounding.evidence import Evidence
from store import deliverables, runs
from store import evidence as evidence_records
from store.clients import Client
from store.deliverables import Deliverable
from tools.contract import Figure
from tools.methods.promises import Promise

TOOL = "past_promises"
LINK = re.compile(r"\]\(evidence:(?P<alias>[A-Z]\d*)\.(?P<key>[a-z0-9_.]+)\)")
NAME = re.compile(r"^[^\d{}\[\]|\n]{1,120}$")
LOOKED_AT = 30
"""Published deliverables looked through, newest first."""
OF_A_KIND = 2
"""Deliverables of a kind whose promises are kept in view: the last one, and the one before, whose days end now."""
MOST = 12
"""Promises offered: more than a reader of one report would follow."""
SCORES = "report"
"""The kind of deliverable that scores promises: what ended by the day of the last one was scored there."""
CREDITED = ("attributed_customers", "platform_conversions")
"""Outcomes that come with a channel's name, so that what a plan's channels brought can be counted afterwards."""
NEAREST = "attributed_customers"


async def past_promises(connection: Any, client: Client, run_id: str, as_of: date, identity: str) -> Evidence | None:
    """Promises of the client's published deliverables of days before `as_of`, newest first; none when there are none.

    A promise is a figure with a prediction interval, for days that were still to come, that the published text showed. The connection's
    workspace and the client bound what can be read.
    """
    found: list[tuple[Promise, Figure]] = []
    seen: dict[str, int] = {}
    scored_until = date.min
    for made in await deliverables.list_(connection, client_id=client.id, status="published", limit=LOOKED_AT):
        if made.run_id == run_id or seen.get(made.kind, 0) >= OF_A_KIND:
            continue
        run = await runs.get_run(connection, made.run_id)
        if run is None or run.as_of >= as_of:
            continue
        seen[made.kind] = seen.get(made.kind, 0) + 1
        if made.kind == SCORES:
            scored_until = max(scored_until, run.as_of)
        shown = {(match["alias"], match["key"]) for match in LINK.finditer(made.markdown)}
        for alias, record_id in made.evidence_aliases.items():
            keys = {key for of, key in shown if of == alias}
            record = (await evidence_records.get(connection, record_id)) if keys else None
            if record is not None and record.client_id == client.id:
                found += _promises(record.evidence, made, run.as_of, keys)
    kept = [(promise, figure) for promise, figure in found if promise.last_day > scored_until]
    kept = sorted(_once(kept), key=lambda pair: (pair[0].last_day > as_of, abs(pair[0].last_day - as_of), pair[0].made_on))[:MOST]
    if not kept:
        return None
    figures = [
        figure.model_copy(
            update={
                "key": f"p{number}",
                "label": f"{promise.name} promised for {promise.first_day} to {promise.last_day}",
                "source": f"{promise.made_in} of {promise.made_on}",
                "source_date": promise.made_on,
            }
        ).model_dump(mode="json")
        for number, (promise, figure) in enumerate(kept, 1)
    ]
    result = {"figures": figures, "findings": [], "caveats": [], "promises": [promise.model_dump(mode="json") for promise, _ in kept]}
    return Evidence(id=identity, alias="D", tool=TOOL, version=1, request={}, result=result, created_at=datetime.now(UTC))


def _once(kept: list[tuple[Promise, Figure]]) -> list[tuple[Promise, Figure]]:
    """Each promise of the same thing on the same days once: the last that was made."""
    last: dict[tuple[Any, ...], tuple[Promise, Figure]] = {}
    for promise, figure in sorted(kept, key=lambda pair: pair[0].made_on):
        last[(promise.measure, promise.channels, promise.event, promise.first_day, promise.last_day)] = (promise, figure)
    return list(last.values())


def _promises(record: Evidence, made: Deliverable, made_on: date, keys: set[str]) -> Iterator[tuple[Promise, Figure]]:
    """The promises of one tool run, as far as the text showed them."""
    read = READERS.get(record.tool)
    if read is None:
        return
    shown = {key.removesuffix(".low").removesuffix(".high") for key in keys}
    for figure in record.figures:
        counted = read(record, figure) if figure.key in shown else None
        days = (figure.period or "").split("/")
        if counted is None or figure.interval is None or figure.interval.kind != "prediction" or len(days) != 2:
            continue
        if date.fromisoformat(days[1]) <= made_on or not NAME.fullmatch(counted["name"]):
            continue
        ends = figure.interval
        yield (
            Promise(
                **counted,
                first_day=date.fromisoformat(days[0]),
                last_day=date.fromisoformat(days[1]),
                value=float(figure.value),
                low=max(ends.low, 0.0),
                high=ends.high,
                level=ends.level,
                made_on=made_on,
                made_in=made.kind,
            ),
            figure,
        )


def _of_forecast(record: Evidence, figure: Figure) -> dict[str, Any] | None:
    """What a forecast from curves counts.

    What the model gives the plan's channels of all first-time buyers cannot be counted afterwards: those whose source in the CRM is one of
    the channels are the nearest count, and the promise says so.
    """
    curves = record.request.get("curves") or []
    if not curves or figure.unit != "count":
        return None
    source, mode = curves[0].get("source"), curves[0].get("mode")
    planned = {line["channel"] for line in record.request.get("plan", ())}
    channels = tuple(sorted(curve["channel"] for curve in curves if curve["channel"] in planned))
    name = curves[0].get("outcome", "conversions")
    nearest = mode == "joint" and source == "new_customers"
    if nearest or (mode == "per_channel" and source in CREDITED):
        measure = NEAREST if nearest else source
        if re.fullmatch(r"total\.expected_conversions|by_day_\d+\.expected", figure.key):
            return {"name": f"{name} from the plan's channels", "measure": measure, "channels": channels, "nearest": nearest}
        if figure.entity in channels and figure.key == f"{figure.entity}.expected_conversions":
            return {"name": name, "measure": measure, "channels": (figure.entity,), "nearest": nearest}
    if figure.key == "outcome.expected" and source in ("orders", "new_customers", "contacts"):
        return {"name": name, "measure": source}
    return None


def _of_goals(record: Evidence, figure: Figure) -> dict[str, Any] | None:
    """What a goal counts, for the range of its end or of the next period."""
    key, _, last = figure.key.rpartition(".")
    if last not in ("projected", "next"):
        return None
    for goal, standing in zip(record.request.get("goals", ()), record.result.get("standings", ()), strict=False):
        if standing["key"] == key:
            return {"name": goal["name"], "measure": goal["measure"], "channels": tuple(goal["channels"]), "event": goal["event"]}
    return None


READERS: Mapping[str, Any] = {"forecast_campaign": _of_forecast, "track_goals": _of_goals}
"""Tools whose figures promise something that can be counted, and what each of their figures counts."""
