"""The life of an experiment, for every door: draft → active ⇄ paused → completed, or cancelled. Looks are in graphs/looking.py."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from graphs.experiment_changes import Difference, differences, in_words
from graphs.experiment_plan import KNOBS, RATIO, ExperimentPlan, Requests, kept, missing, read_plan, requests_of
from graphs.registered import READ_OUT
from store import audit, experiment_looks, experiment_traffic, experiments
from store.clients import Client
from store.database import Connection, Database
from store.errors import Conflict
from store.experiments import ENROLMENT, Experiment, IllegalMove, check_move
from tools.contract import ToolInputError
from tools.methods.assignment import SLOTS, Assigned, Enrolment, Span, assign, free_spans, merged
from tools.registry import load

Verdict = Literal["ship", "roll_back", "inconclusive", "invalid"]
OwnMove = Literal["pause", "resume", "cancel"]


class NoSuchExperiment(LookupError):
    """No experiment of this workspace has this id."""

    def __str__(self) -> str:
        return f"there is no experiment {self.args[0]!r} in this workspace"


async def known(connection: Connection, experiment_id: str, *, lock: bool = False) -> Experiment:
    """The experiment of this id. Raises NoSuchExperiment."""
    found = await experiments.get(connection, experiment_id, lock=lock)
    if found is None:
        raise NoSuchExperiment(experiment_id)
    return found


async def _checked(plan: ExperimentPlan) -> Requests:
    """The requests of a plan; the tools are loaded and asked off the event loop."""
    return await asyncio.to_thread(requests_of, plan)


async def create(connection: Connection, client: Client, plan: ExperimentPlan, *, actor: str) -> Experiment:
    """Keep a draft. Raises ToolInputError for a plan that no tool could read out, Conflict for a name that is taken."""
    await _checked(plan)
    made = await experiments.create(connection, client.id, plan.name, kept(plan), salt=plan.salt)
    await experiments.note(connection, made, "created", actor)
    await audit.note(connection, actor, "experiment.create", made.id, {"client": client.slug})
    return made


async def start(connection: Connection, experiment_id: str, *, actor: str, reason: str = "") -> Experiment:
    """Register the plan and begin: from now on it is held to what it says, with a hash and a date.

    Raises IllegalMove, ToolInputError when the plan leaves something open, Conflict when the layer has not enough traffic left.
    """
    experiment = await known(connection, experiment_id, lock=True)
    check_move(experiment, "start")
    plan = read_plan(experiment.plan)
    requests = await _checked(plan)
    open_ = missing(plan)
    if open_:
        raise ToolInputError(f"before the start the plan has to say: {', '.join(open_)}", field=open_[0], needed=", ".join(open_))
    holdout = await experiment_traffic.get_holdout(connection, experiment.client_id, lock=True)
    layer_salt, spans = await _slots(connection, experiment, plan, plan.slots)
    enrolment = {
        "salt": experiment.salt,
        "layer_salt": layer_salt,
        "spans": [list(span) for span in spans],
        "holdout_salt": holdout.salt,
        "holdout_slots": holdout.slots,
    }
    asked = requests.as_json()
    versions = {name: load(name).version for name, request in asked.items() if request is not None}
    registered = {"plan": kept(plan), "requests": asked, "tools": versions, "enrolment": enrolment}
    await experiments.register(connection, experiment.id, registered, asked, enrolment)
    started = await known(connection, experiment.id)
    await experiments.note(connection, started, "started", actor, reason=reason)
    await audit.note(connection, actor, "experiment.start", experiment.id, {"hash": started.hash})
    return started


async def _slots(
    connection: Connection, experiment: Experiment, plan: ExperimentPlan, wanted: int, mine: Sequence[Span] = ()
) -> tuple[str, tuple[Span, ...]]:
    """The salt of the layer and the slots of this experiment in it, those it has among them. Without a layer it has one of its own."""
    if plan.layer is None:
        return experiment.salt, ((0, wanted),)
    salt = await experiment_traffic.lock_layer(connection, experiment.client_id, plan.layer)
    taken = await experiment_traffic.spans_taken(connection, experiment.client_id, plan.layer)
    more = wanted - sum(end - start for start, end in mine)
    found = free_spans(taken, more)
    if found is None:
        free = SLOTS - sum(end - start for start, end in taken)
        raise Conflict(
            f"the layer {plan.layer!r} has {free / SLOTS:.2%} of its traffic left and this needs {more / SLOTS:.2%} more: "
            "end an experiment of the layer, or ask for less traffic"
        )
    return salt, merged((*mine, *found))


async def move(connection: Connection, experiment_id: str, wanted: OwnMove, *, actor: str, reason: str = "") -> Experiment:
    """Pause, resume or cancel. Raises NoSuchExperiment, IllegalMove."""
    experiment = await known(connection, experiment_id, lock=True)
    target = check_move(experiment, wanted)
    await experiments.set_status(connection, experiment.id, target)
    await experiments.note(connection, experiment, experiments.MOVES[wanted][2], actor, reason=reason)
    await audit.note(connection, actor, f"experiment.{wanted}", experiment.id, {})
    return await known(connection, experiment.id)


class Weighed(NamedTuple):
    """Changes of a plan: the plan before and after, what its tools would be asked, and what each difference does."""

    old: ExperimentPlan
    new: ExperimentPlan
    requests: Requests
    found: list[Difference]


def may_change(experiment: Experiment) -> None:
    """Raises IllegalMove for an experiment whose plan changes no more."""
    if experiment.status in ("completed", "cancelled"):
        raise IllegalMove(f"experiment {experiment.id} is {experiment.status}: its plan changes no more")


async def weigh(connection: Connection, experiment_id: str, changes: dict[str, Any]) -> list[Difference]:
    """What these changes would do, before they are made. Raises what `amend` does for changes that no plan can take."""
    return (await _weighed(connection, await known(connection, experiment_id), changes)).found


async def _weighed(connection: Connection, experiment: Experiment, changes: dict[str, Any]) -> Weighed:
    may_change(experiment)
    old = read_plan(experiment.plan)
    before = Requests(experiment.requests[READ_OUT], experiment.requests[RATIO]) if experiment.requests else await _checked(old)
    # what was registered is said in full, so that an amendment under a later release does not take over its defaults
    said = {name: before.read_out[name] for name in KNOBS if name in before.read_out} if experiment.requests else old.analysis
    new = read_plan({**experiment.plan, **changes, "analysis": _merged(said, changes.get("analysis"))})
    requests = await _checked(new)
    # a check of the split shows no effect, so it ties nobody
    looked = any(look.tool == READ_OUT for look in await experiment_looks.of(connection, experiment.id))
    found = differences((old, before), (new, requests), looked=looked)
    if not found:
        raise ToolInputError("the plan says this already: nothing would change", field="changes")
    return Weighed(old, new, requests, found)


async def amend(connection: Connection, experiment_id: str, changes: dict[str, Any], *, actor: str, reason: str) -> Experiment:
    """Change the plan. A draft is simply edited. After the start a change of method or tuning, or of what decides once somebody has
    looked, invalidates the experiment; a change of who gets what is refused; any other is a recorded amendment.

    `changes` holds fields of the plan; `analysis` is merged knob by knob (null takes one back to its default), the rest is replaced.
    """
    experiment = await known(connection, experiment_id, lock=True)
    old, new, requests, found = await _weighed(connection, experiment, changes)
    logged = [difference.as_json() for difference in found]
    if experiment.status == "draft":
        await experiments.set_plan(connection, experiment.id, kept(new), requests=None, revision=0)
        await experiments.note(connection, experiment, "edited", actor, reason=reason, changes=logged)
        return await known(connection, experiment.id)
    refused = in_words(found, "refused")
    if refused:
        raise Conflict(
            f"{refused}: fixed at the start, since units would change arms or leave; more traffic can be had, for the rest "
            "cancel this experiment and start another"
        )
    invalidates = in_words(found, "invalidates")
    enrolment = experiment.enrolment
    assert enrolment is not None
    if new.slots != old.slots:
        mine = [(start, end) for start, end in enrolment["spans"]]
        _, spans = await _slots(connection, experiment, new, new.slots, mine)
        enrolment = {**enrolment, "spans": [list(span) for span in spans]}
    revision = experiment.revision + 1
    await experiments.set_plan(
        connection, experiment.id, kept(new), requests=requests.as_json(), revision=revision, enrolment=enrolment, invalid=bool(invalidates)
    )
    kind: experiments.ChangeKind = "invalidated" if invalidates else "amended"
    await experiments.note(connection, experiment, kind, actor, reason=reason, changes=logged, revision=revision)
    await audit.note(connection, actor, f"experiment.{kind}", experiment.id, {"paths": [difference.path for difference in found]})
    return await known(connection, experiment.id)


def _merged(old: dict[str, Any], changes: Any) -> Any:
    if not isinstance(changes, dict):
        return old if changes is None else changes
    return {name: value for name, value in {**old, **changes}.items() if value is not None}


async def complete(
    connection: Connection,
    experiment_id: str,
    *,
    decision: Verdict,
    actor: str,
    reason: str = "",
    arm: str | None = None,
    evidence: str | None = None,
) -> Experiment:
    """End it with a decision and the evidence that it rests on: the last read-out, unless another look's is named.

    Raises IllegalMove, Conflict when the decision cannot stand, ToolInputError when what was given does not belong to the experiment.
    """
    experiment = await known(connection, experiment_id, lock=True)
    target = check_move(experiment, "complete")
    read_outs = [look for look in await experiment_looks.of(connection, experiment.id) if look.tool == READ_OUT]
    if evidence is not None and evidence not in {look.evidence_id for look in read_outs}:
        raise ToolInputError(f"{evidence!r} is the evidence of no read-out of this experiment", field="evidence")
    on = next((look for look in reversed(read_outs) if evidence in (None, look.evidence_id)), None)
    if experiment.invalidated_at is not None and decision != "invalid":
        raise Conflict(
            f"experiment {experiment.id} was invalidated on {experiment.invalidated_at:%Y-%m-%d}: complete it as invalid, or cancel it"
        )
    if on is None and decision in ("ship", "roll_back"):
        raise Conflict(f"nobody has read out experiment {experiment.id}: take a look before deciding to {decision.replace('_', ' ')}")
    advised = on.decision if on is not None else None
    if decision != advised and not reason.strip():
        said = f"the last look says {advised}" if advised else "there was no look"
        raise ToolInputError(f"{said} and the decision is {decision}: give the reason", field="reason")
    outcome = {
        "decision": decision,
        "arm": _arm(read_plan(experiment.plan), decision, arm),
        "reason": reason,
        "evidence": on.evidence_id if on else None,
        "look": on.number if on else None,
        "advised": advised,
        "by": actor,
    }
    await experiments.set_status(connection, experiment.id, target, outcome=outcome)
    await experiments.note(connection, experiment, "completed", actor, reason=reason)
    await audit.note(connection, actor, "experiment.complete", experiment.id, {"decision": decision, "evidence": outcome["evidence"]})
    return await known(connection, experiment.id)


def _arm(plan: ExperimentPlan, decision: Verdict, given: str | None) -> str | None:
    """The arm that is shipped: the treatment, or the one named among several."""
    if decision != "ship":
        if given is not None:
            raise ToolInputError("only a decision to ship names an arm", field="arm")
        return None
    if given is None and len(plan.treatments) > 1:
        raise ToolInputError(f"which arm is shipped? One of: {', '.join(plan.treatments)}", field="arm")
    if given is not None and given not in plan.treatments:
        raise ToolInputError(f"no treatment is called {given!r}; there are: {', '.join(plan.treatments)}", field="arm")
    return given or plan.treatments[0]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What units get. While the experiment is not active, no arm, and `closed` says why."""

    name: str
    status: experiments.ExperimentStatus
    closed: str | None
    units: tuple[Assigned, ...]


async def assign_units(database: Database, workspace_id: str, experiment_id: str, units: Sequence[str]) -> Assignment:
    """The arms of units. It writes nothing: the same units get the same, however often they are asked for. Raises NoSuchExperiment."""
    rows = await database.read(workspace_id, ENROLMENT, (experiment_id,))
    if not rows:
        raise NoSuchExperiment(experiment_id)
    name, status = rows[0]["name"], rows[0]["status"]
    if status != "active":
        return Assignment(name, status, status, tuple(Assigned(unit, None) for unit in units))
    enrolment = enrolment_of(rows[0]["plan"], rows[0]["enrolment"])
    # a few hash at once; a list of thousands would hold up everybody else
    found = assign(enrolment, units) if len(units) <= 100 else await asyncio.to_thread(assign, enrolment, units)
    return Assignment(name, status, None, tuple(found))


def enrolment_of(plan: dict[str, Any], kept_enrolment: dict[str, Any]) -> Enrolment:
    """The rule of the assignment, from what is kept."""
    return Enrolment(
        salt=kept_enrolment["salt"],
        arms=tuple(arm["arm"] for arm in plan["arms"]),
        weights=tuple(float(arm["weight"]) for arm in plan["arms"]),
        layer_salt=kept_enrolment["layer_salt"],
        spans=tuple((int(first), int(end)) for first, end in kept_enrolment["spans"]),
        holdout_salt=kept_enrolment["holdout_salt"],
        holdout_slots=int(kept_enrolment["holdout_slots"]),
    )


async def set_holdout(connection: Connection, client: Client, share: float, *, actor: str) -> experiment_traffic.Holdout:
    """Hold a share of the client's units out of every experiment. Raises Conflict while one is under way."""
    made = await experiment_traffic.set_holdout(connection, client.id, round(share * SLOTS))
    await audit.note(connection, actor, "experiment.holdout", client.id, {"client": client.slug, "share": made.share})
    return made
