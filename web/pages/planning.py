"""Planning an experiment on a page: the plan as a form, what a test would take, and changes weighed before they are made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from graphs import experimenting
from graphs.experiment_changes import Difference
from graphs.experiment_plan import read_plan
from graphs.run_tool import ToolCall, run_tool
from grounding.evidence import Evidence, Locale
from grounding.slots import render as fill
from store.clients import Client
from store.errors import Conflict
from store.experiments import Experiment
from tools.contract import NotEnoughData, ToolInputError, ToolRefusal
from tools.registry import load
from web import plan_form
from web.desk import AtDesk, Desk, back_to, client_at, opened
from web.fields import as_sentence
from web.pages.experiments import known, sentence
from web.visiting import Pages, Visitor, Who

router = Pages("experiments")

DESIGN = "design_experiment"
SHOWN = (
    "sample_size_per_arm", "sample_size_total", "days", "minimum_detectable_effect", "baseline_rate", "baseline_mean", "units_per_week",
    "break_even", "fixed.sample_size_per_arm", "fixed.days",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Designed:
    """What a test would take: the tool's record, or why it could not say."""

    record: Evidence | None = None
    refused: str = ""
    filled: bool = False


@router.page("/c/{slug}/experiments/new", scope="experiments:write")
async def new(desk: AtDesk) -> HTMLResponse:
    """An empty plan."""
    return _page(desk, plan_form.fields(None))


@router.page("/c/{slug}/experiments/new", methods=("POST",))
async def create(request: Request, who: Who, slug: str) -> Response:
    """Keep the draft, or say what the test would take."""
    client = await client_at(request, who, slug)
    said = await _said(request)
    if said.get("action") == "design":
        return await _design(request, who, client, said, None)
    try:
        plan = read_plan(plan_form.plan_of(said, None, client.locale))
        async with opened(request, who) as desk:
            made = await experimenting.create(desk.connection, client, plan, actor=desk.actor)
    except (ToolInputError, Conflict) as error:
        return await _again(request, who, said, _told(error))
    return back_to(f"/c/{client.slug}/experiments/{made.id}", "added")


@router.page("/c/{slug}/experiments/{id}/edit", scope="experiments:write")
async def edit(desk: AtDesk, id: str) -> HTMLResponse:
    """The plan as it stands, to be changed. Raises IllegalMove for one that has ended."""
    experiment = await known(desk, id)
    experimenting.may_change(experiment)
    return _page(desk, plan_form.fields(experiment.plan), experiment=experiment)


@router.page("/c/{slug}/experiments/{id}/edit", methods=("POST",))
async def change(request: Request, who: Who, slug: str, id: str) -> Response:
    """Change a draft; after the start say what the changes would do, and make them when that is confirmed."""
    client = await client_at(request, who, slug)
    said = await _said(request)
    async with opened(request, who) as desk:
        experiment = await known(desk, id)
    experimenting.may_change(experiment)
    if said.get("action") == "design":
        return await _design(request, who, client, said, experiment)
    reason = said.get("reason", "").strip()
    try:
        changes = plan_form.plan_of(said, experiment.plan, client.locale)
        async with opened(request, who) as desk:
            if experiment.status != "draft" and said.get("action") != "amend":
                weighed = await experimenting.weigh(desk.connection, id, changes)
                return _page(desk, said, experiment=experiment, weighed=weighed)
            if experiment.status != "draft" and not reason:
                raise ToolInputError("say why the plan is changed: the log keeps it")
            await experimenting.amend(desk.connection, id, changes, actor=desk.actor, reason=reason)
    except ToolInputError as error:
        return await _again(request, who, said, _told(error), experiment)
    return back_to(f"/c/{client.slug}/experiments/{id}", "saved")


async def _design(request: Request, who: Visitor, client: Client, said: dict[str, str], experiment: Experiment | None) -> Response:
    """Ask the design tool about the plan as it is typed. Its record is kept, so that each figure can be opened."""
    try:
        plan = plan_form.plan_of(said, experiment.plan if experiment else None, client.locale)
        asked = plan_form.design_of(said, plan, client.locale)
        await asyncio.to_thread(load, DESIGN)
        call = ToolCall(DESIGN, asked, workspace_id=client.workspace_id, client=client)
        record = await run_tool(request.app.state.house.services, call)
    except (ToolInputError, NotEnoughData) as error:
        async with opened(request, who) as desk:
            return _page(desk, said, experiment=experiment, designed=Designed(refused=sentence(error)), status=422)
    total = record.by_key.get("sample_size_total")
    filled = total is not None and not said.get("planned_units", "").strip()
    if filled and total is not None:
        said = {**said, "planned_units": str(total.value)}
    async with opened(request, who) as desk:
        return _page(desk, said, experiment=experiment, designed=Designed(record, filled=filled))


async def _again(request: Request, who: Visitor, said: dict[str, str], wrong: str, experiment: Experiment | None = None) -> Response:
    """The form with what was typed, and what is wrong with it."""
    async with opened(request, who) as desk:
        return _page(desk, said, experiment=experiment, wrong=wrong, status=422)


def _page(
    desk: Desk, said: dict[str, str], *, experiment: Experiment | None = None, wrong: str = "", designed: Designed | None = None,
    weighed: list[Difference] | None = None, status: int = 200,
) -> HTMLResponse:  # fmt: skip
    record = designed.record if designed else None
    return desk.page(
        "experiment_form.html", section="experiments", status=status, typed=said, form=plan_form, experiment=experiment,
        wrong=wrong, designed=designed, design=_told_of(record, desk.client.locale) if record else None, weighed=weighed,
    )  # fmt: skip


def _told_of(record: Evidence, locale: Locale) -> dict[str, Any]:
    """The design for the page: its decision, sentences and the figures that a plan needs."""

    def said(sentence: str) -> str:
        return fill(sentence, {"E1": record}, locale, links=False, own="E1").text

    return {
        "id": record.id,
        "action": str(record.result["decision"]["action"]),
        "reason": said(str(record.result["decision"]["reason"])),
        "findings": [said(one) for one in record.result["findings"]],
        "caveats": [said(one.text) for one in record.caveats],
        "figures": [record.by_key[key] for key in SHOWN if key in record.by_key],
        "chart": record.result.get("chart"),
    }


def _told(error: ToolRefusal | Conflict) -> str:
    return sentence(error) if isinstance(error, ToolRefusal) else as_sentence(error)


async def _said(request: Request) -> dict[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
