"""A look at an experiment: a tool asked exactly what was registered, its answer kept as evidence, and the look logged with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError

from graphs.experiment_plan import RATIO, ExperimentPlan, RegisteredMetric, read_plan
from graphs.experimenting import known
from graphs.registered import READ_OUT
from graphs.run_tool import ToolCall, compute
from graphs.services import Services
from grounding.evidence import Evidence
from grounding.slots import render
from store import audit, clients, experiment_looks
from store import evidence as evidence_records
from store.clients import Client
from store.database import Connection
from store.errors import Conflict
from store.experiment_looks import Look
from store.experiments import Experiment, IllegalMove
from tools.contract import Frozen, NotEnoughData, ToolInputError
from tools.experiments._request import ArmTotals
from tools.registry import load

Kind = Literal["read_out", "sample_ratio"]
TOOLS: dict[Kind, str] = {"read_out": READ_OUT, "sample_ratio": RATIO}


class Sums(Frozen):
    """The data of a look whose plan reads no tables: sums by arm, and nothing that tunes."""

    metrics: dict[str, tuple[ArmTotals, ...]] = Field(default_factory=dict, description="sums by arm of each metric, by its name")
    early: dict[str, tuple[ArmTotals, ...]] = Field(
        default_factory=dict, description="the same sums of those who entered first, to see novelty"
    )
    assigned: dict[str, int] = Field(default_factory=dict, description="units assigned so far by arm, open windows included")
    open_units: dict[str, int] = Field(default_factory=dict, description="of those, units whose window is still open, by arm")
    crossed_units: int = Field(0, description="units that saw more than one arm, left out of the sums", ge=0, le=10**12)


def read_sums(raw: dict[str, Any]) -> Sums:
    """The sums. Raises ToolInputError that names the first field at fault."""
    try:
        return Sums.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in ("sums", *first["loc"]))
        raise ToolInputError(f"{path}: {first['msg'].removeprefix('Value error, ')}", field=path) from error


@dataclass(frozen=True, slots=True)
class Taken:
    """A look with its evidence, and its advice as a sentence."""

    look: Look
    evidence: Evidence
    said: str


async def look(
    services: Services, workspace_id: str, experiment_id: str, *, kind: Kind = "read_out", sums: Sums | None = None, actor: str
) -> Taken:
    """Take a look. The request comes from the registration alone; evidence and log are committed together.

    The computation holds no connection; should the plan or the log have moved on meanwhile, nothing is kept.
    Raises NoSuchExperiment, IllegalMove, Conflict, and what the tool refuses.
    """
    computed = await compute_look(services, workspace_id, experiment_id, kind=kind, sums=sums)
    async with services.database.transaction(workspace_id) as connection:
        return await keep_look(connection, computed, actor=actor)


@dataclass(frozen=True, slots=True)
class Computed:
    """A look that is computed and not yet kept."""

    experiment: Experiment
    client: Client
    evidence: Evidence
    units: int


async def compute_look(
    services: Services, workspace_id: str, experiment_id: str, *, kind: Kind = "read_out", sums: Sums | None = None
) -> Computed:
    """Ask the tool what was registered."""
    async with services.database.transaction(workspace_id) as connection:
        experiment = await known(connection, experiment_id)
        earlier = await experiment_looks.of(connection, experiment_id)
        client = await clients.get_client(connection, experiment.client_id)
    assert client is not None
    _may_look(experiment)
    plan, tool = read_plan(experiment.plan), TOOLS[kind]
    if plan.source != "sums" and sums is not None:
        raise ToolInputError("this experiment is read from the client's tables: sums are not taken", field="sums")
    given = sums or Sums()
    assert experiment.requests is not None
    if kind == "read_out":
        request = _read_out(plan, experiment.requests[READ_OUT], [entry for entry in earlier if entry.tool == READ_OUT], given)
    else:
        request = _ratio(plan, experiment.requests[RATIO], given)
    evidence = await _computed(services, workspace_id, client, tool, request)
    computed = Computed(experiment, client, evidence, _units(evidence))
    _not_too_early(computed)
    return computed


def _may_look(experiment: Experiment) -> None:
    if experiment.status not in ("active", "paused"):
        when = "has not started" if experiment.status == "draft" else f"is {experiment.status}"
        raise IllegalMove(f"experiment {experiment.id} {when}: only one that is active or paused can be looked at")
    if experiment.invalidated_at is not None:
        raise Conflict(
            f"experiment {experiment.id} was invalidated on {experiment.invalidated_at:%Y-%m-%d} by a change of its plan: "
            "no effect can be read; complete it as invalid, or cancel it"
        )


def _read_out(plan: ExperimentPlan, registered: Mapping[str, Any], earlier: Sequence[Look], sums: Sums) -> dict[str, Any]:
    """The registered request, with what only the looks can tell: the data of a plan that reads no tables, and the looks before."""
    request = dict(registered)
    if request["method"] == "fixed":
        read = next((entry for entry in earlier if entry.decision != "invalid"), None)
        if read is not None:
            raise Conflict(
                f"this experiment is read once, and was on {read.at:%Y-%m-%d} ({read.evidence_id}): "
                "a second reading at a fixed horizon would not hold its level"
            )
    if request["method"] == "group_sequential":
        request["earlier_looks"] = sorted({entry.units for entry in earlier if entry.units})
    if plan.source == "sums":
        names = {metric["name"] for metric in request["metrics"]}
        unknown, absent = sorted({*sums.metrics, *sums.early} - names), sorted(names - set(sums.metrics))
        if unknown or absent:
            said = f"no metric is called {unknown[0]!r}" if unknown else f"the sums of {', '.join(absent)} are missing"
            raise ToolInputError(f"{said}; the plan has: {', '.join(sorted(names))}", field="sums.metrics")
        for planned in plan.metrics:
            _as_planned(plan, planned, (*sums.metrics[planned.name], *sums.early.get(planned.name, ())))
        _known_arms(plan, sums)
        request["metrics"] = [{**metric, **_sums_of(metric["name"], sums)} for metric in request["metrics"]]
        request["arms"] = [{**arm, **_counts_of(arm["arm"], sums)} for arm in request["arms"]]
        request["crossed_units"] = sums.crossed_units
    return request


def _as_planned(plan: ExperimentPlan, metric: RegisteredMetric, rows: Sequence[ArmTotals]) -> None:
    """Strata and covariates change an estimate, so sums come by those of the plan and by no others."""
    field = f"sums.metrics.{metric.name}"
    planned_strata: set[str | None] = set(plan.strata) or {None}
    if {row.stratum for row in rows} != planned_strata:
        wanted = f"by the strata {', '.join(plan.strata)}" if plan.strata else "without strata"
        raise ToolInputError(f"the plan fixes that the sums of {metric.name} come {wanted}", field=field)
    planned = metric.before_days > 0
    if any((row.before_sum is not None) != planned for row in rows):
        said = f"has a covariate for {metric.name}: give its sums" if planned else f"has no covariate for {metric.name}: leave its sums out"
        raise ToolInputError(f"the plan {said}", field=field)


def _known_arms(plan: ExperimentPlan, sums: Sums) -> None:
    """A count of an arm that nobody planned is not passed over."""
    unknown = sorted({*sums.assigned, *sums.open_units} - {arm.arm for arm in plan.arms})
    if unknown:
        raise ToolInputError(f"no arm is called {unknown[0]!r}", field="sums.assigned")


def _sums_of(metric: str, sums: Sums) -> dict[str, Any]:
    given = {"totals": sums.metrics[metric], "early": sums.early.get(metric, ())}
    return {name: [row.model_dump(mode="json") for row in rows] for name, rows in given.items()}


def _counts_of(arm: str, sums: Sums) -> dict[str, Any]:
    return {"units": sums.assigned.get(arm)} | ({"open_units": sums.open_units[arm]} if arm in sums.open_units else {})


def _ratio(plan: ExperimentPlan, registered: Mapping[str, Any] | None, sums: Sums) -> dict[str, Any]:
    if registered is None:
        raise ToolInputError("a table of units is checked within the read-out: look at that", field="kind")
    if plan.source != "sums":
        return dict(registered)
    _known_arms(plan, sums)
    absent = [arm["arm"] for arm in registered["arms"] if arm["arm"] not in sums.assigned]
    if absent:
        raise ToolInputError(f"the units assigned to {', '.join(absent)} are missing", field="sums.assigned")
    return {**registered, "arms": [{**arm, "units": sums.assigned[arm["arm"]]} for arm in registered["arms"]]}


def _not_too_early(computed: Computed) -> None:
    """A test that is read once shows its effects to nobody before its planned sample is in; that its split is wrong it may say."""
    request, said = computed.evidence.request, computed.evidence.result["decision"]["action"]
    if computed.evidence.tool == READ_OUT and request["method"] == "fixed" and said == "keep_running":
        raise NotEnoughData(
            "this experiment is read once, when its planned sample is in: until then its effects are shown to nobody",
            needed=f"{request['planned_units']} units whose window has closed",
            found=f"{computed.units}",
        )


async def _computed(services: Services, workspace_id: str, client: Client, tool: str, request: dict[str, Any]) -> Evidence:
    await asyncio.to_thread(load, tool)
    call = ToolCall(tool, request, workspace_id=workspace_id, client=client)
    return await asyncio.to_thread(compute, call, services.store.facts_root, services.store.engine)


def _units(evidence: Evidence) -> int:
    """Units in the look: those analysed, or those counted in the arms."""
    if evidence.tool == READ_OUT:
        return int(evidence.result["units_analysed"])
    return sum(int(figure.value) for figure in evidence.figures if figure.metric == "units")


async def keep_look(connection: Connection, computed: Computed, *, actor: str) -> Taken:
    """Keep the evidence and log the look. Raises IllegalMove or Conflict when the experiment has moved on since it was computed."""
    before, evidence = computed.experiment, computed.evidence
    now = await known(connection, before.id, lock=True)
    _may_look(now)
    if (now.revision, now.looks) != (before.revision, before.looks):
        raise Conflict(f"experiment {now.id} was amended or looked at while this look was computed: look again")
    await evidence_records.add(connection, now.client_id, None, evidence)
    logged = await experiment_looks.add(
        connection,
        now.id,
        tool=evidence.tool,
        evidence_id=evidence.id,
        decision=str(evidence.result["decision"]["action"]),
        units=computed.units,
        revision=now.revision,
        actor=actor,
    )
    await audit.note(connection, actor, "experiment.look", now.id, {"evidence": evidence.id, "decision": logged.decision})
    said = render(str(evidence.result["decision"]["reason"]), {"E1": evidence}, computed.client.locale, links=False, own="E1")
    return Taken(logged, evidence, said.text)
