"""Experiments of one client: the list, one of them with its interval over time, its gates and its decision, and every move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.problems import InvalidInput, NotFound
from graphs import experimenting, looking
from graphs.experiment_plan import missing, read_plan
from grounding.evidence import Evidence, Locale
from grounding.rendering import babel_locale
from grounding.slots import render as fill
from store import evidence as records
from store import experiment_looks, experiments, members
from store.experiments import MOVES, Experiment
from tools.contract import NotEnoughData, ToolInputError, ToolRefusal
from web import gates, look_chart, look_form
from web.desk import AtDesk, Desk, back_to, client_at, opened
from web.fields import as_sentence
from web.pages.data import simulated
from web.pages.figures import CHART_POLICY
from web.visiting import Pages, Who

router = Pages("experiments")

RISKS = ("wrong.chance", "wrong.cost", "wrong.cost_per_week")
VERDICTS = {
    "ship": "Ship it",
    "roll_back": "Roll it back",
    "inconclusive": "Inconclusive",
    "invalid": "Invalid",
}
KINDS = ("read_out", "sample_ratio")


@router.page("/c/{slug}/experiments")
async def listed(desk: AtDesk) -> HTMLResponse:
    """The client's experiments, newest first."""
    found = await experiments.list_(desk.connection, client_id=desk.client.id, limit=200)
    advice = await experiment_looks.last_advice(desk.connection, desk.client.id)
    return desk.page("experiments.html", section="experiments", experiments=found, advice=advice, simulated=simulated(desk.client))


@router.page("/c/{slug}/experiments/{id}")
async def one(desk: AtDesk, id: str) -> HTMLResponse:
    """All of an experiment."""
    return await page(desk, await known(desk, id))


async def page(desk: Desk, experiment: Experiment, *, wrong: str = "", typed: dict[str, str] | None = None) -> HTMLResponse:
    """An experiment's page; `wrong` is what a form of it was refused for."""
    locale = desk.client.locale
    looks = await experiment_looks.of(desk.connection, experiment.id)
    readings = await experiment_looks.readings(desk.connection, experiment.id)
    last = readings[-1] if readings else None
    record = (await records.get(desk.connection, last.evidence_id)) if last else None
    plan = read_plan(experiment.plan)
    charts = [(number, metric, look_chart.points(metric, readings)) for number, metric in enumerate(experiment.plan["metrics"])]
    open_ = missing(plan) if experiment.status == "draft" else []
    return desk.page(
        "experiment.html", section="experiments", status=422 if wrong else 200, experiment=experiment, plan=plan, looks=looks, last=last,
        charts=sorted((chart for chart in charts if chart[2]), key=lambda chart: chart[1]["role"] != "primary"),
        history=await experiments.history(desk.connection, experiment.id), names=await members.names(desk.connection),
        gates=gates.gates(experiment, last, looks, datetime.now(UTC), counted(locale)),
        open=open_, moves=offered(experiment, open_, readings),
        decided=told(record.evidence, locale) if record and last and last.decision != "invalid" else None, record=record, verdicts=VERDICTS,
        invalid_said=reason(record.evidence, locale) if record and last and last.decision == "invalid" else "",
        choices=choices(experiment, readings=bool(readings)), sums=look_form.rows(plan) if plan.source == "sums" else None,
        wrong=wrong, typed=typed or {}, simulated=simulated(desk.client),
    )  # fmt: skip


def offered(experiment: Experiment, open_: list[str], readings: Sequence[experiment_looks.Reading]) -> set[str]:
    """The moves that can be made now: what would be refused is not offered."""
    found: set[str] = {move for move, (sources, _, _) in MOVES.items() if experiment.status in sources}
    if open_:
        found.discard("start")
    if experiment.status in ("draft", "active", "paused"):
        found.add("amend")
    if experiment.status in ("active", "paused") and experiment.invalidated_at is None:
        found.add("look")
        once = experiment.plan["analysis"].get("method") == "fixed"
        if not once or all(reading.decision == "invalid" for reading in readings):
            found.add("read_out")
    return found


def choices(experiment: Experiment, *, readings: bool) -> list[tuple[str, str]]:
    """The decisions that can stand: one that was invalidated ends as invalid, and nothing is shipped without a read-out."""
    if experiment.invalidated_at is not None:
        return [("invalid", VERDICTS["invalid"])]
    return [(name, said) for name, said in VERDICTS.items() if readings or name not in ("ship", "roll_back")]


def counted(locale: Locale) -> Callable[[float], str]:
    """Writes a number as the client reads it."""
    language = babel_locale(locale.language)
    return lambda number: str(format_decimal(number, locale=language))


def reason(record: Evidence, locale: Locale) -> str:
    """What a look advises, in its sentence."""
    return fill(str(record.result["decision"]["reason"]), {"E1": record}, locale, links=False, own="E1").text


def told(record: Evidence, locale: Locale) -> dict[str, Any]:
    """A look's decision for the page: the advice, what it would cost to be wrong, the findings and the caveats."""

    def said(sentence: str) -> str:
        return fill(sentence, {"E1": record}, locale, links=False, own="E1").text

    risky = [sentence for sentence in record.result["findings"] if "{{wrong.chance}}" in sentence]
    return {
        "advice": str(record.result["decision"]["action"]),
        "reason": reason(record, locale),
        "risk": [said(sentence) for sentence in risky],
        "figures": [record.by_key[key] for key in RISKS if key in record.by_key],
        "days_left": record.by_key.get("days_left"),
        "findings": [said(sentence) for sentence in record.result["findings"] if sentence not in risky],
        "caveats": [said(caveat.text) for caveat in record.caveats],
    }


@router.page("/c/{slug}/experiments/{id}/metrics/{number}/chart.svg")
async def chart(desk: AtDesk, id: str, number: int) -> Response:
    """The interval of one metric over the looks. Its address holds how many looks there are, so a browser may keep it."""
    experiment = await known(desk, id)
    metrics = experiment.plan["metrics"]
    metric = metrics[number] if 0 <= number < len(metrics) else None
    readings = await experiment_looks.readings(desk.connection, experiment.id)
    found = look_chart.points(metric, readings) if metric else []
    if not metric or not found:
        raise NotFound("No look has shown an effect on this metric.")
    from grounding.formats.chart import svg

    drawn = await asyncio.to_thread(svg, look_chart.chart(metric, found, desk.client.locale, readings[-1].method))
    headers = {"Content-Security-Policy": CHART_POLICY, "Cache-Control": "private, max-age=86400"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@router.page("/c/{slug}/experiments/{id}/start", methods=("POST",))
async def start(desk: AtDesk, id: str) -> Response:
    """Register the plan and begin."""
    experiment = await known(desk, id)
    form = await desk.request.form()
    await experimenting.start(desk.connection, experiment.id, actor=desk.actor, reason=_why(form))
    return _to(desk, id, "started")


@router.page("/c/{slug}/experiments/{id}/move", methods=("POST",))
async def move(desk: AtDesk, id: str) -> Response:
    """Pause, resume or cancel."""
    experiment = await known(desk, id)
    form = await desk.request.form()
    wanted = str(form.get("move", ""))
    if wanted not in ("pause", "resume", "cancel"):
        raise InvalidInput("Choose whether to pause, resume or cancel.")
    await experimenting.move(desk.connection, experiment.id, cast("Any", wanted), actor=desk.actor, reason=_why(form))
    return _to(desk, id, "saved")


@router.page("/c/{slug}/experiments/{id}/complete", methods=("POST",))
async def complete(desk: AtDesk, id: str) -> Response:
    """End it with a decision; one that the last look does not advise needs its reason."""
    experiment = await known(desk, id)
    form = await desk.request.form()
    typed = {name: str(form.get(name, "")) for name in ("decision", "arm", "reason")}
    if typed["decision"] not in VERDICTS:
        return await page(desk, experiment, wrong="Choose a decision.", typed=typed)
    arm = typed["arm"] if typed["decision"] == "ship" and typed["arm"] else None
    try:
        await experimenting.complete(
            desk.connection, experiment.id, decision=cast("Any", typed["decision"]), actor=desk.actor, reason=_why(form), arm=arm
        )
    except ToolInputError as error:
        return await page(desk, experiment, wrong=sentence(error), typed=typed)
    return _to(desk, id, "saved")


@router.page("/c/{slug}/experiments/{id}/looks", methods=("POST",))
async def look(request: Request, who: Who, slug: str, id: str) -> Response:
    """Read it out, or check its split, by what was registered. No connection is held while it is computed."""
    client = await client_at(request, who, slug)
    form = await request.form()
    services = request.app.state.house.services
    async with opened(request, who) as desk:
        experiment = await known(desk, id)
    kind = str(form.get("kind", "read_out"))
    try:
        if kind not in KINDS:
            raise ToolInputError("choose whether to read the experiment out or to check its split")
        plan = read_plan(experiment.plan)
        sums = look_form.read(plan, {name: str(value) for name, value in form.items()}) if plan.source == "sums" else None
        await looking.look(services, client.workspace_id, id, kind=cast("Any", kind), sums=sums, actor=who.caller.actor)
    except (ToolInputError, NotEnoughData) as error:
        async with opened(request, who) as desk:
            typed = {name: str(value) for name, value in form.items()}
            return await page(desk, await known(desk, id), wrong=sentence(error), typed=typed)
    return back_to(f"/c/{client.slug}/experiments/{id}", "saved")


async def known(desk: Desk, id: str) -> Experiment:
    """The experiment, of the client of the address. Raises NotFound."""
    found = await experiments.get(desk.connection, id)
    if found is None or found.client_id != desk.client.id:
        raise NotFound("There is no such experiment of this client.")
    return found


def sentence(error: ToolRefusal) -> str:
    """What was refused, as a sentence of a page."""
    more = f" Needed: {error.needed}." if error.needed and error.needed not in error.message else ""
    return f"{as_sentence(error.message)}{more}"


def _why(form: Any) -> str:
    return str(form.get("reason", "")).strip()[:4000]


def _to(desk: Desk, id: str, said: str) -> Response:
    return back_to(f"/c/{desk.client.slug}/experiments/{id}", said)
