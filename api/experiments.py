"""Experiments: planned, registered at the start, assigned, looked at by what was registered, and decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Transaction, database, needs
from api.clients import known_client, slugs
from api.experiment_cards import ExperimentCard, FullExperiment, LookCard
from api.idempotency import Key, answered, once
from api.problems import responses
from graphs import experimenting, looking
from graphs.experiment_plan import EXAMPLE, ExperimentPlan
from graphs.experimenting import Verdict
from grounding.evidence import Evidence
from store import clients, experiment_looks, experiment_traffic, experiments
from store.database import Connection
from store.experiments import Experiment, ExperimentStatus

router = GuardedRouter("experiments")

MOST_UNITS = 10_000


class NewExperiment(ExperimentPlan):
    """A plan, and whose it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client": "salon", **EXAMPLE}]})

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]


class ExperimentList(BaseModel):
    """Experiments, newest first."""

    experiments: list[ExperimentCard]


class Body(BaseModel):
    """A body that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")


class Why(Body):
    """Why it is done; it may be left out."""

    reason: Annotated[str, Field(max_length=4000)] = ""


class Amendment(Body):
    """Fields of the plan as they shall be, and why."""

    changes: dict[str, Any] = Field(description="fields of the plan; `analysis` is merged knob by knob, the rest is replaced", min_length=1)
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class End(Body):
    """The decision, the evidence that it rests on, and the reason where it is not what the last look advises."""

    decision: Verdict
    arm: Annotated[str | None, Field(description="the arm that is shipped; needed among several treatments", max_length=80)] = None
    evidence: Annotated[str | None, Field(description="of one of its looks; the last read-out when left out", max_length=80)] = None
    reason: Annotated[str, Field(max_length=4000)] = ""


class NewLook(Body):
    """What to look at. There is nothing to tune: method, metrics and window are the registered ones."""

    kind: Annotated[looking.Kind, Field(description="read_out: effects and decision · sample_ratio: the split only")] = "read_out"
    sums: Annotated[looking.Sums | None, Field(description="the data, for a plan whose source is `sums`")] = None


class TakenLook(BaseModel):
    """The look as it was logged, and its evidence."""

    look: LookCard
    said: str = Field(description="what it advises, in a sentence with the client's numbers")
    evidence: Evidence


class LookList(BaseModel):
    """The log of looks, first to last."""

    looks: list[LookCard]


UnitId = Annotated[str, Field(min_length=1, max_length=200)]


class Units(Body):
    """Units to be assigned."""

    units: Annotated[list[UnitId], Field(description="ids as exposures will have them", min_length=1, max_length=MOST_UNITS)]


class UnitArm(BaseModel):
    """What one unit gets."""

    unit: str
    arm: str | None
    reason: str = Field(description="assigned; or why no arm: holdout, not_in_traffic, or the state of an experiment that is not active")


class Assignments(BaseModel):
    """What each unit gets, in the order asked."""

    experiment: str
    name: str
    status: ExperimentStatus
    assignments: list[UnitArm]


class HoldoutShare(BaseModel):
    """Share of a client's units that enter no experiment."""

    client: str = Field(description="slug of the client")
    share: float


class NewHoldout(Body):
    """The share to hold out."""

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    share: Annotated[float, Field(description="in ten-thousandths of all units; 0 holds nobody out", ge=0, le=0.5)]


MADE: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "the experiment", "schema": {"type": "string"}}}},
    **responses(404, 409),
}


@router.post("", status_code=201, responses=MADE)
async def create_experiment(
    body: NewExperiment, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> FullExperiment:
    """Keep a draft. It may leave open what the start will ask for, but what it says has to be a plan that the tools can read out."""

    async def make() -> FullExperiment:
        client = await known_client(connection, body.client)
        plan = ExperimentPlan.model_validate(body.model_dump(exclude={"client"}))
        return await whole(connection, await experimenting.create(connection, client, plan, actor=caller.actor))

    made = await once(connection, request, response, key, body, FullExperiment, make)
    response.headers["Location"] = made.links["self"]
    return made


@router.get("", responses=responses(404))
async def list_experiments(
    connection: Transaction,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    status: Annotated[ExperimentStatus | None, Query(description="only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ExperimentList:
    """The workspace's experiments, newest first."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    found = await experiments.list_(connection, client_id=wanted, status=status, limit=limit)
    names = await slugs(connection)
    return ExperimentList(experiments=[ExperimentCard.of(entry, names[entry.client_id]) for entry in found])


@router.get("/holdout", responses=responses(404))
async def get_holdout(
    connection: Transaction, client: Annotated[str, Query(description="slug or id of the client", min_length=1)]
) -> HoldoutShare:
    """The share of a client's units that enter no experiment."""
    known = await known_client(connection, client)
    return HoldoutShare(client=known.slug, share=(await experiment_traffic.get_holdout(connection, known.id)).share)


@router.post("/holdout", responses=responses(404, 409))
async def set_holdout(body: NewHoldout, caller: Caller, connection: Transaction) -> HoldoutShare:
    """Hold units out of every experiment to come. Refused while one is under way. When the share grows, those held out stay so."""
    known = await known_client(connection, body.client)
    made = await experimenting.set_holdout(connection, known, body.share, actor=caller.actor)
    return HoldoutShare(client=known.slug, share=made.share)


@router.get("/{id}", responses=responses(404))
async def get_experiment(id: str, connection: Transaction) -> FullExperiment:
    """One experiment with its plan, what was registered, and every move and amendment."""
    return await whole(connection, await experimenting.known(connection, id))


MOVED = responses(404, 409)
Make = Callable[[], Awaitable[Experiment]]


@router.post("/{id}/amend", responses=MOVED)
async def amend_experiment(
    id: str, body: Amendment, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> FullExperiment:
    """Change the plan. A draft is edited. Later, a change of method or tuning invalidates the experiment, and so does one of the primary
    metric, window or source once somebody has looked; the split, unit, layer and name are fixed (409); the rest is recorded."""

    async def make() -> Experiment:
        return await experimenting.amend(connection, id, body.changes, actor=caller.actor, reason=body.reason)

    return await _moved(connection, request, response, key, body, make)


@router.post("/{id}/start", responses=MOVED)
async def start_experiment(
    id: str, request: Request, response: Response, caller: Caller, connection: Transaction, body: Why = Why(), key: Key = None
) -> FullExperiment:
    """Register the plan with a hash and the date, and begin to assign. Refused (422) while the plan leaves something open."""

    async def make() -> Experiment:
        return await experimenting.start(connection, id, actor=caller.actor, reason=body.reason)

    return await _moved(connection, request, response, key, body, make)


@router.post("/{id}/pause", responses=MOVED)
async def pause_experiment(
    id: str, request: Request, response: Response, caller: Caller, connection: Transaction, body: Why = Why(), key: Key = None
) -> FullExperiment:
    """Stop assigning, for now. Looks may go on while windows close."""

    async def make() -> Experiment:
        return await experimenting.move(connection, id, "pause", actor=caller.actor, reason=body.reason)

    return await _moved(connection, request, response, key, body, make)


@router.post("/{id}/resume", responses=MOVED)
async def resume_experiment(
    id: str, request: Request, response: Response, caller: Caller, connection: Transaction, body: Why = Why(), key: Key = None
) -> FullExperiment:
    """Assign again: every unit gets the arm that it had."""

    async def make() -> Experiment:
        return await experimenting.move(connection, id, "resume", actor=caller.actor, reason=body.reason)

    return await _moved(connection, request, response, key, body, make)


@router.post("/{id}/cancel", responses=MOVED)
async def cancel_experiment(
    id: str, request: Request, response: Response, caller: Caller, connection: Transaction, body: Why = Why(), key: Key = None
) -> FullExperiment:
    """End it without a decision. Its log and its looks stay."""

    async def make() -> Experiment:
        return await experimenting.move(connection, id, "cancel", actor=caller.actor, reason=body.reason)

    return await _moved(connection, request, response, key, body, make)


@router.post("/{id}/complete", responses=MOVED)
async def complete_experiment(
    id: str, body: End, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> FullExperiment:
    """End it with a decision, which keeps the evidence of the look that it rests on and what that look advised."""

    async def make() -> Experiment:
        given = body.model_dump()
        return await experimenting.complete(connection, id, actor=caller.actor, **given)

    return await _moved(connection, request, response, key, body, make)


@router.get("/{id}/looks", responses=responses(404))
async def list_looks(id: str, connection: Transaction) -> LookList:
    """Every look: when, by whom, at which evidence, and what it advised."""
    await experimenting.known(connection, id)
    return LookList(looks=[LookCard.of(look) for look in await experiment_looks.of(connection, id)])


@router.post("/{id}/looks", status_code=201, responses=MOVED)
async def take_look(id: str, request: Request, response: Response, caller: Caller, body: NewLook = NewLook(), key: Key = None) -> TakenLook:
    """Read the experiment out, or check its split, by what was registered. The evidence is kept, and the look logged, whatever it says."""
    services = request.app.state.house.services
    async with services.database.transaction(caller.workspace_id) as connection:
        before = await answered(connection, request, response, key, body, TakenLook)
    if before is not None:
        return before
    computed = await looking.compute_look(services, caller.workspace_id, id, kind=body.kind, sums=body.sums)
    async with services.database.transaction(caller.workspace_id) as connection:

        async def make() -> TakenLook:
            taken = await looking.keep_look(connection, computed, actor=caller.actor)
            return TakenLook(look=LookCard.of(taken.look), said=taken.said, evidence=taken.evidence)

        return await once(connection, request, response, key, body, TakenLook, make)


@router.post("/{id}/assign", responses=responses(404))
@needs("experiments:read")
async def assign_units(id: str, body: Units, request: Request, caller: Caller) -> Assignments:
    """The arm of each unit: a pure function of the registration, so asking again gives the same and nothing is written."""
    found = await experimenting.assign_units(database(request), caller.workspace_id, id, body.units)
    arms = [
        UnitArm(unit=given.unit, arm=given.arm, reason=found.closed or given.outside or "assigned")
        for given in found.units
    ]  # fmt: skip
    return Assignments(experiment=id, name=found.name, status=found.status, assignments=arms)


async def whole(connection: Connection, kept: Experiment) -> FullExperiment:
    """All of a kept experiment but its looks."""
    client = await clients.get_client(connection, kept.client_id)
    return FullExperiment.whole(kept, client.slug if client else kept.client_id, await experiments.history(connection, kept.id))


async def _moved(
    connection: Connection, request: Request, response: Response, key: str | None, body: BaseModel, make: Make
) -> FullExperiment:
    """Make the move, or give the answer that the same request got."""

    async def made() -> FullExperiment:
        return await whole(connection, await make())

    return await once(connection, request, response, key, body, FullExperiment, made)
