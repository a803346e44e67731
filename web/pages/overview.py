"""Overview of one client: goals, what changed, promises, what is at work, what waits, what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from api.analytics import Dashboard, dashboard_of, part_of
from graphs.standing import Standing, goals_of, kept, readable_goals, renewed
from grounding.evidence import Evidence
from grounding.rendering import minor_units
from grounding.slots import table_markdown
from store import audit, runs, schedule_fires
from store.clients import Client, set_profile
from tools.budget.track_goals import Goal
from tools.contract import ToolInputError
from tools.methods.daily_measures import WORDS
from web.desk import AtDesk, Desk, back_to, opened
from web.fields import decimal
from web.markdown import to_page
from web.rendering import HEADERS, render
from web.visiting import Pages, Who

router = Pages("tasks")

STANDINGS = {
    "met": ("good", "met"),
    "on_course": ("good", "on course"),
    "open": ("", "open"),
    "off_course": ("warn", "off course"),
    "missed": ("bad", "missed"),
    None: ("", "not on record"),
}
TOLD_FOR = timedelta(days=7)
"""how long an alert of a schedule stands here; its history keeps it"""
NEAR_LIMIT = 0.8
"""share of the month's model budget from which on it is told"""
IN_MONEY = ("revenue", "spend", "cost_per_conversion")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that wants a look: how bad, what, and where to go."""

    level: str
    text: Markup
    link: str | None = None


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One goal as a row."""

    name: str
    level: str
    standing: str
    figures: dict[str, Any]


@router.page("/c/{slug}")
async def overview(desk: AtDesk) -> HTMLResponse:
    """How the client stands, by what was computed last; the script asks for what is out of date."""
    standing = await kept(desk.connection, desk.client)
    return desk.page("overview.html", section="overview", **await _shown(desk, standing), stale=not standing.current)


@router.page("/c/{slug}/standing", methods=("POST",), scope="tasks:read")
async def renew(request: Request, who: Who) -> Response:
    """Compute what is out of date: the part of the page for a script, the page itself for a form."""
    async with opened(request, who) as desk:
        client = desk.client
    standing = await renewed(request.app.state.house.services, who.caller.workspace_id, client)
    if "text/html" in request.headers.get("accept", ""):
        return back_to(f"/c/{client.slug}")
    async with opened(request, who) as desk:
        shown = await _shown(desk, standing)
    return HTMLResponse(render("overview_standing.html", who=who, client=client, stale=False, **shown), headers=HEADERS)


@router.page("/c/{slug}/at-work")
async def at_work(desk: AtDesk) -> HTMLResponse:
    """What is under way, for a page that follows it."""
    lately = await runs.list_runs(desk.connection, client_id=desk.client.id, limit=50)
    working = [run for run in lately if run.status not in runs.ENDED]
    return HTMLResponse(render("overview_at_work.html", client=desk.client, working=working), headers=HEADERS)


@router.page("/c/{slug}/goals", scope="clients:write")
async def goals(desk: AtDesk) -> HTMLResponse:
    """The goals of a month, to be changed."""
    return desk.page("goals.html", section="overview", **_form(desk.client, _lines(desk.client)), wrong="")


@router.page("/c/{slug}/goals", methods=("POST",), scope="clients:write")
async def keep_goals(
    desk: AtDesk,
    name: Annotated[list[str] | None, Form()] = None,
    measure: Annotated[list[str] | None, Form()] = None,
    target: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Keep them. A line without a name is dropped."""
    client = desk.client
    lines = zip(name or (), measure or (), target or (), strict=False)
    typed = [{"name": said.strip(), "measure": what, "target": amount.strip()} for said, what, amount in lines if said.strip()]
    try:
        before = {goal.name: goal for goal in goals_of(client)}
        wanted = readable_goals([_goal(client, line, before.get(line["name"])) for line in typed])
    except ToolInputError as error:
        return desk.page("goals.html", section="overview", status=422, **_form(client, typed), wrong=error.message)
    await set_profile(desk.connection, client.id, {**client.profile, "goals": wanted})
    await audit.note(desk.connection, desk.actor, "client.goals", client.id, {"goals": len(wanted)})
    return back_to(f"/c/{client.slug}", "saved")


def _goal(client: Client, line: dict[str, str], before: Goal | None) -> dict[str, Any]:
    """A line of the form as a profile keeps it; what the form does not show stays as it was. Raises ToolInputError."""
    goal: dict[str, Any] = {}
    if before is not None and before.measure == line["measure"]:
        goal = before.model_dump(mode="json", exclude_defaults=True, exclude={"target_count", "target_amount"})
    goal |= {"name": line["name"], "measure": line["measure"]}
    number = decimal(line, "target", line["name"])
    if number is None:
        raise ToolInputError(f"{line['name']}: say how much is wanted", field="target")
    if line["measure"] in IN_MONEY:
        return goal | {"target_amount": round(number * minor_units(client.locale.currency))}
    return goal | {"target_count": number}


def _lines(client: Client) -> list[dict[str, str]]:
    """The goals that are kept, as somebody would type them."""
    factor = minor_units(client.locale.currency)
    return [
        {
            "name": goal.name,
            "measure": goal.measure,
            "target": f"{goal.target_count or (goal.target_amount or 0) / factor:.15g}",
        }
        for goal in goals_of(client)
    ]


def _form(client: Client, lines: list[dict[str, str]]) -> dict[str, Any]:
    asked = [*lines, *({"name": "", "measure": "orders", "target": ""} for _ in range(3))]
    # an event needs its name, which the form does not ask for: such a goal stays, and none is made here
    offered = [measure for measure in WORDS if measure != "events" or any(line["measure"] == "events" for line in lines)]
    currency = client.locale.currency
    measures = [(measure, f"{WORDS[measure]} ({currency})" if measure in IN_MONEY else WORDS[measure]) for measure in offered]
    return {"lines": asked, "measures": measures}


async def _shown(desk: Desk, standing: Standing) -> dict[str, Any]:
    client = desk.client
    board = await dashboard_of(desk.connection, client, standing)
    lately = await runs.list_runs(desk.connection, client_id=client.id, limit=50)
    texts = {name: part_of(part, client.locale, links=True) for name, part in standing.parts.items()}
    ids = {name: {"E1": part.evidence or ""} for name, part in texts.items()}
    sentences = {
        name: [to_page(text, ids[name]) for text in (*part.findings, *([part.decision] if part.decision else ()))]
        for name, part in texts.items()
    }
    changes = standing.parts["changes"].evidence
    return {
        "board": board,
        "sentences": sentences,
        "goals": _goals(standing.parts["goals"].evidence),
        "working": [run for run in lately if run.status not in runs.ENDED],
        "alerts": [*_alerts(desk, board, lately, standing), *await _of_schedules(desk)],
        "changes_table": to_page(table_markdown(changes, client.locale)) if changes else "",
    }


async def _of_schedules(desk: Desk) -> list[Alert]:
    """What schedules have to tell of late, but for what its task tells already."""
    if not desk.who.may("schedules:read"):
        return []
    since = datetime.now(UTC) - TOLD_FOR
    found = await schedule_fires.alerts(desk.connection, client_id=desk.client.id, limit=20)
    told = [one for one in found if one.at > since and (one.kind in ("stale", "late") or one.run_id is None)]
    at = f"/c/{desk.client.slug}/settings/schedules"
    return [Alert("bad" if one.kind == "failed" else "warn", Markup("{}").format(one.text), f"{at}/{one.schedule_id}") for one in told]


def _goals(record: Evidence | None) -> list[GoalLine]:
    if record is None:
        return []
    lines = []
    for standing, goal in zip(record.result["standings"], record.request["goals"], strict=True):
        level, word = STANDINGS[standing["status"]]
        if standing["status"] == "missed" and Goal.model_validate(goal).way == "at_most":
            word = "over the limit"
        names = ("target", "actual", "share_of_goal", "projected", "chance")
        figures = {name: record.by_key.get(f"{standing['key']}.{name}") for name in names}
        lines.append(GoalLine(standing["name"], level, word, figures))
    return lines


def _alerts(desk: Desk, board: Dashboard, lately: list[runs.Run], standing: Standing) -> Any:
    at = f"/c/{desk.client.slug}"
    for line in _goals(standing.parts["goals"].evidence):
        if line.level in ("warn", "bad"):
            yield Alert(line.level, Markup("{}: {}.").format(line.name.capitalize(), line.standing), f"{at}#goals")
    promises = standing.parts["promises"].evidence
    missed = [score for score in promises.result["scores"] if score["outcome"] in ("below", "above")] if promises else []
    for score in missed:
        yield Alert("warn", Markup("Promise on {}: came out {} its range.").format(score["name"], score["outcome"]), f"{at}#promises")
    changes = standing.parts["changes"].evidence
    for verdict in changes.result["verdicts"] if changes else ():
        if verdict["verdict"] in ("more", "fewer") and verdict["entity"] != "total":
            text = Markup("{}: {} claimed conversions than ordinary variation gives.")
            yield Alert(
                "warn" if verdict["verdict"] == "fewer" else "",
                text.format(verdict["entity"].replace("_", " ").capitalize(), verdict["verdict"]),
                f"{at}#changes",
            )
    for caveat in board.parts["data"].caveats:
        yield Alert("warn", Markup("{}").format(caveat), f"{at}/data")
    for run in lately[:10]:
        if run.status in ("failed", "needs_person"):
            word = "failed" if run.status == "failed" else "needs a person"
            yield Alert("bad", Markup("{} {}.").format(run.kind.replace("_", " ").capitalize(), word), f"{at}/tasks/{run.id}")
    if board.waiting:
        words = "1 text waits for approval." if board.waiting == 1 else f"{board.waiting} texts wait for approval."
        yield Alert("warn", Markup(words), f"{at}/approvals")  # noqa: S704 - a count
    for whose, used, limit in (
        ("this client", board.spend.client_micros, board.spend.client_limit_usd),
        ("the workspace", board.spend.workspace_micros, board.spend.workspace_limit_usd),
    ):
        if limit is not None and used >= NEAR_LIMIT * limit * 1e6:
            yield Alert("warn", Markup("Models of {} have cost {:.2f} of {:.2f} US dollars this month.").format(whose, used / 1e6, limit))
