"""Schedules of a client: what is made by itself, when next in its zone, and how each time went."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from agents.roster import AGENTS
from api.idempotency import once
from api.problems import NotFound
from api.schedules import NewSchedule, ScheduleCard, make, whole
from graphs import scheduling
from graphs.fire_times import known_cron
from graphs.scheduling import SchedulePlan, upcoming
from store import members, schedule_fires, schedules
from store.schedules import Schedule
from tools.contract import ToolInputError
from web.desk import Desk, back_to
from web.fields import as_sentence, text_of, wrong_fields, zones
from web.visiting import Pages
from web.work import AtWork

router = Pages("schedules")

EVERY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "first": ("1 * *", "on the first of each month"),
        "monday": ("* * mon#1", "on the first Monday of each month"),
        "last": ("L * *", "on the last day of each month"),
        "week": ("* * mon", "every Monday"),
        "weekdays": ("* * mon-fri", "Monday to Friday"),
        "day": ("* * *", "every day"),
    }
)
"""What a person chooses: day, month and weekday of the cron, and the words for it."""
OWN = "own"
EARLY = "07:00"
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
WHEN_STALE = (
    ("run_and_say", "make it, and say so first"),
    ("skip", "skip this time"),
    ("run", "make it without looking"),
)
WHEN_LATE = (("remind", "remind by an alert"), ("wait", "wait quietly"))


def chosen(cron: str) -> tuple[str, str]:
    """The choice and the time of day that give this cron; OWN and nothing when none does."""
    minute, hour, days = cron.split(" ", 2)
    every = next((name for name, (fields, _) in EVERY.items() if fields == days), OWN)
    return (every, f"{int(hour):02}:{int(minute):02}") if every != OWN and minute.isdecimal() and hour.isdecimal() else (OWN, "")


def in_words(cron: str) -> str:
    """A cron as a person would say it where they could have chosen it, else as it is."""
    every, time = chosen(cron)
    return cron if every == OWN else f"{EVERY[every][1]} at {time}"


def cron_of(every: str, time: str, own: str) -> str:
    """The cron of what was chosen. Raises ValueError in words."""
    if every == OWN or every not in EVERY:
        return known_cron(own)
    match = TIME.fullmatch(time.strip())
    if match is None:
        raise ValueError(f"{time[:20]!r} is no time of day: write it like 07:00")
    return f"{int(match[2])} {int(match[1])} {EVERY[every][0]}"


@router.page("/c/{slug}/settings/schedules")
async def listed(desk: AtWork) -> HTMLResponse:
    """What is made by itself."""
    found = await schedules.list_(desk.connection, client_id=desk.client.id)
    alerts = await schedule_fires.alerts(desk.connection, client_id=desk.client.id, limit=10)
    cards = [(one, in_words(one.cron), upcoming(one)) for one in found]
    return desk.page("settings_schedules.html", section="settings", found=cards, alerts=alerts)


@router.page("/c/{slug}/settings/schedules/{schedule}/change", scope="schedules:write")
async def mend(desk: AtWork, schedule: str) -> HTMLResponse:
    """The form with what holds now."""
    kept = await _known(desk, schedule)
    every, time = chosen(kept.cron)
    given = scheduling.plan_of(kept) | {
        "every": every, "time": time or EARLY, "cron": kept.cron if every == OWN else "", "recipients": "\n".join(kept.recipients),
    }  # fmt: skip
    return _form(desk, given, {}, "", kept)


@router.page("/c/{slug}/settings/schedules/new", scope="schedules:write")
async def ask(desk: AtWork) -> HTMLResponse:
    """The form."""
    default = SchedulePlan.model_validate({"brief": "-", "cron": "0 7 1 * *"})
    given = default.model_dump(mode="json") | {
        "brief": "", "every": "first", "time": EARLY, "cron": "", "zone": desk.client.locale.zone, "recipients": "",
    }  # fmt: skip
    return _form(desk, given, {}, secrets.token_urlsafe(16))


def _form(desk: Desk, given: Mapping[str, Any], wrong: Mapping[str, str], token: str, kept: Schedule | None = None) -> HTMLResponse:
    choices = [(name, words) for name, (_, words) in EVERY.items()] + [(OWN, "by a cron of your own")]
    return desk.page(
        "settings_schedule_new.html", section="settings", status=422 if wrong else 200, given=given, wrong=wrong, once=token, kept=kept,
        kinds=tuple(AGENTS), every=choices, zones=zones(), when_stale=WHEN_STALE, when_late=WHEN_LATE,
    )  # fmt: skip


@router.page("/c/{slug}/settings/schedules", methods=("POST",))
async def add(desk: AtWork) -> Response:
    """Keep it. The same form sent twice makes one."""
    form = await desk.request.form()
    given, body, wrong = _read(form, desk.client.slug)
    token = text_of(form, "once")[:64]
    if body is None:
        return _form(desk, given, wrong, token)
    try:
        async with desk.connection.transaction():
            key = f"page:{sha256(f'{token} {body.model_dump_json()}'.encode()).hexdigest()}" if token else None
            made = await once(
                desk.connection, desk.request, Response(), key, body, ScheduleCard, lambda: make(desk.connection, body, desk.actor)
            )
    except ToolInputError as refused:
        return _form(desk, given, _named(refused), token)
    return back_to(f"/c/{desk.client.slug}/settings/schedules/{made.id}", "added")


@router.page("/c/{slug}/settings/schedules/{schedule}", methods=("POST",))
async def change(desk: AtWork, schedule: str) -> Response:
    """Put another plan in its place."""
    kept = await _known(desk, schedule)
    given, body, wrong = _read(await desk.request.form(), desk.client.slug)
    if body is None:
        return _form(desk, given, wrong, "", kept)
    try:
        await scheduling.change(desk.connection, kept.id, body, actor=desk.actor)
    except ToolInputError as refused:
        return _form(desk, given, _named(refused), "", kept)
    return back_to(f"/c/{desk.client.slug}/settings/schedules/{kept.id}", "saved")


TYPED = ("kind", "brief", "every", "time", "cron", "zone", "recipients", "when_stale", "stale_after_days", "when_late", "late_after_hours")


def _read(form: Mapping[str, Any], slug: str) -> tuple[dict[str, Any], NewSchedule | None, dict[str, str]]:
    """The form as it was typed; what it asks for, or what is wrong with which field."""
    given: dict[str, Any] = {name: text_of(form, name) for name in TYPED} | {"retries": 1 if form.get("retries") else 0}
    lines = [line.strip() for line in given["recipients"].splitlines() if line.strip()]
    raw = {**given, "client": slug, "recipients": lines, "zone": given["zone"].strip() or None}
    wrong: dict[str, str] = {}
    try:
        raw["cron"] = cron_of(given["every"], given["time"], given["cron"])
    except ValueError as error:
        wrong["cron" if given["every"] == OWN else "time"] = as_sentence(error)
    if not given["brief"].strip():
        wrong["brief"] = "Say what it is for: the brief is empty."
    try:
        body = NewSchedule.model_validate({name: value for name, value in raw.items() if name not in ("every", "time")})
    except ValidationError as error:
        return given, None, wrong_fields(error) | wrong
    return given, None if wrong else body, wrong


def _named(refused: ToolInputError) -> dict[str, str]:
    return {refused.field if refused.field == "kind" else "brief": refused.message}


@router.page("/c/{slug}/settings/schedules/{schedule}")
async def at(desk: AtWork, schedule: str) -> HTMLResponse:
    """One schedule, its next times and its history."""
    kept = await _known(desk, schedule)
    return desk.page(
        "settings_schedule.html", section="settings", kept=kept, words=in_words(kept.cron), full=await whole(desk.connection, kept),
        names=await members.names(desk.connection), stale=dict(WHEN_STALE)[kept.when_stale], late=dict(WHEN_LATE)[kept.when_late],
    )  # fmt: skip


@router.page("/c/{slug}/settings/schedules/{schedule}/{move}", methods=("POST",))
async def do(desk: AtWork, schedule: str, move: str) -> Response:
    """Pause, resume, make now, remove."""
    kept = await _known(desk, schedule)
    if move not in MOVES:
        raise NotFound("A schedule is paused, resumed, run or removed.")
    deed, said = MOVES[move]
    await deed(desk.connection, kept.id, actor=desk.actor)
    back = f"/c/{desk.client.slug}/settings/schedules"
    return back_to(back if move == "remove" else f"{back}/{kept.id}", said)


MOVES: Mapping[str, tuple[Any, str]] = MappingProxyType(
    {
        "pause": (scheduling.pause, "paused"),
        "resume": (scheduling.resume, "resumed"),
        "run": (scheduling.fire_now, "due"),
        "remove": (scheduling.remove, "removed"),
    }
)


async def _known(desk: Desk, schedule: str) -> Schedule:
    kept = await schedules.get(desk.connection, schedule)
    if kept is None or kept.client_id != desk.client.id:
        raise NotFound("There is no such schedule of this client. It may have been removed: look at the list.")
    return kept
