"""Approvals: what waits for a person, what they are shown, and what they may do with it besides saying yes or no."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth import Caller, GuardedRouter, Principal, Transaction, database
from api.clients import known_client, slugs
from api.problems import responses
from graphs.approving import Person, delegate, found
from graphs.editing import edit
from grounding.differences import Side, counted, differences
from grounding.formats.markdown import to_markdown
from store import approvals, clients, deliverables, evidence
from store.approvals import Act, ActKind, Approval, ApprovalState
from store.database import Connection
from store.deliverables import Deliverable
from store.policies import ApproverRole, Requirement

router = GuardedRouter("approvals")

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="the `hash` of the request as the person saw it")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ApprovalCard(BaseModel):
    """A request without its text."""

    id: str
    run: str
    client: str = Field(description="slug of the client")
    deliverable: str
    kind: str
    number: int = Field(description="which request of the run it is: edits, rejections and changes make new ones")
    state: ApprovalState
    hash: str = Field(description="sha256 of content, audience and cost; an answer names it")
    reason: str | None = Field(description="why it was rejected, or is void or expired")
    requirement: Requirement
    asked_by: str | None = Field(description="who asked for the task")
    asked_at: datetime
    expires_at: datetime
    settled_at: datetime | None


class ApprovalList(BaseModel):
    """Requests, newest first."""

    approvals: list[ApprovalCard]


class Said(BaseModel):
    """What one person did with the request."""

    number: int
    actor: str
    role: str
    act: ActKind
    target: str | None = Field(
        description="of a delegation: key:<id>, member:<id> or role:<role>; of an edit: the request that took this one's place"
    )
    through: int | None = Field(description="the number of the delegation that this rests on")
    reason: str | None
    at: datetime


class Audience(BaseModel):
    """Whom it is for."""

    model_config = ConfigDict(extra="allow")

    client: str
    texts: list[dict[str, str]] = Field(description="`where` in the content, and the `text` as it reads")


class EvidenceLine(BaseModel):
    """One tool run that the text rests on."""

    alias: str
    id: str
    tool: str
    figures: int
    facts: dict[str, int] = Field(description="table to the version that was read")
    replayable: bool


class Changed(BaseModel):
    """One stretch of the difference."""

    side: Side
    text: str


class Difference(BaseModel):
    """What changed since the last version: of this run, else what was last published of this kind for this client."""

    before: str | None = Field(description="the deliverable compared with; null when there is none")
    words: dict[str, int] = Field(description="how many words were removed and added")
    changes: list[Changed] = Field(description="`same` and `removed`, joined, are the text before; `same` and `added` the text now")


class FullApproval(ApprovalCard):
    """All that a person needs to decide."""

    title: str
    version: int
    content: dict[str, Any] = Field(description="the parts with slots in place of figures: what an edit gives back whole")
    markdown: str
    audience: Audience
    cost: list[dict[str, Any]] = Field(description="`what` and how it reads (`text`); money of the brief also in `minor_units`")
    evidence: list[EvidenceLine]
    verdict: dict[str, Any] = Field(description="what the verifier found, numeral by numeral")
    difference: Difference
    acts: list[Said]


@router.get("", responses=responses(404))
async def list_approvals(
    connection: Transaction,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    run: Annotated[str | None, Query(description="only this run's")] = None,
    state: Annotated[ApprovalState | None, Query(description="only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ApprovalList:
    """The workspace's requests for approval, newest first."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    asked = await approvals.list_(connection, client_id=wanted, run_id=run, state=state, limit=limit)
    names = await slugs(connection)
    return ApprovalList(approvals=[card(entry, names[entry.client_id]) for entry in asked])


@router.get("/{id}", responses=responses(404))
async def get_approval(id: str, request: Request, caller: Caller) -> FullApproval:
    """What a person is asked to approve: content, audience, cost, evidence and the difference from the last version."""
    async with database(request).transaction(caller.workspace_id) as connection:
        shown = await read(connection, await found(connection, id))
    return await asyncio.to_thread(shown)


class Edit(BaseModel):
    """A whole text in the place of the one that waits."""

    model_config = ConfigDict(extra="forbid")

    hash: Hash
    content: dict[str, Any] = Field(description="the whole `content` with your changes; a figure is a slot of the evidence, never a number")
    note: Note | None = None


@router.post("/{id}/edit", responses=responses(404, 409))
async def edit_approval(id: str, body: Edit, request: Request, caller: Caller) -> ApprovalCard:
    """Put your text in the place of the writer's. It is verified as theirs was: what does not hold is refused with its places. The
    answer is the request for the new version; the old one is void."""
    asked = await edit(database(request), caller.workspace_id, id, person(caller), seen=body.hash, content=body.content, note=body.note)
    async with database(request).transaction(caller.workspace_id) as connection:
        return await card_of(connection, asked)


class Delegation(BaseModel):
    """To whom you hand on your say: one key, one member, or whoever has a role."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str | None, Field(max_length=80, description="id of a key")] = None
    member: Annotated[str | None, Field(max_length=254, description="id or address of a member")] = None
    role: ApproverRole | None = None
    reason: Note | None = None

    @model_validator(mode="after")
    def _to_one(self) -> Delegation:
        if sum(given is not None for given in (self.key, self.member, self.role)) != 1:
            raise ValueError("name a key, a member or a role, and one of them only")
        return self


@router.post("/{id}/delegate", responses=responses(404, 409))
async def delegate_approval(id: str, body: Delegation, caller: Caller, connection: Transaction) -> ApprovalCard:
    """Hand your say on. You have none left then, unless it comes back to you."""
    asked = await delegate(connection, id, person(caller), key=body.key, role=body.role, member=body.member, reason=body.reason)
    return await card_of(connection, asked)


def person(caller: Principal) -> Person:
    """Who calls, as approvals know them."""
    return Person(caller.actor, caller.role)


async def card_of(connection: Connection, asked: Approval) -> ApprovalCard:
    """The card of one request."""
    client = await clients.get_client(connection, asked.client_id)
    return card(asked, client.slug if client else asked.client_id)


def card(asked: Approval, slug: str) -> ApprovalCard:
    """The card of a request whose client is known."""
    names = ("id", "kind", "number", "state", "hash", "reason", "requirement", "asked_by", "asked_at", "expires_at", "settled_at")
    more = {name: getattr(asked, name) for name in names}
    return ApprovalCard(run=asked.run_id, client=slug, deliverable=asked.deliverable_id, **more)


async def read(connection: Connection, asked: Approval) -> Callable[[], FullApproval]:
    """Read all there is to show; what comes back composes it, which is CPU work: call it off the event loop."""
    made = await deliverables.get(connection, asked.deliverable_id)
    assert made is not None
    before = await deliverables.last_before(connection, made)
    records = await evidence.many(connection, made.evidence_aliases.values())
    lines = [
        EvidenceLine(
            alias=alias,
            id=identity,
            tool=kept.evidence.tool,
            figures=len(kept.evidence.result.get("figures", ())),
            facts=kept.evidence.facts,
            replayable=kept.evidence.replayable,
        )
        for alias, identity in deliverables.in_order(made.evidence_aliases)
        if (kept := records.get(identity)) is not None
    ]
    acts = await approvals.acts(connection, asked.id)
    head = await card_of(connection, asked)

    def compose() -> FullApproval:
        return FullApproval(
            **dict(head),
            title=made.title,
            version=made.version,
            content=made.content,
            markdown=made.markdown,
            audience=Audience.model_validate(asked.audience),
            cost=asked.cost,
            evidence=lines,
            verdict=made.verdict,
            difference=compared(before, made),
            acts=[said(act) for act in acts],
        )

    return compose


def compared(before: Deliverable | None, made: Deliverable) -> Difference:
    """The difference between two versions as people read them, without the links to evidence."""
    changes = differences(to_markdown(before.markdown) if before else "", to_markdown(made.markdown))
    return Difference(
        before=before.id if before else None,
        words=counted(changes),
        changes=[Changed(side=change.side, text=change.text) for change in changes],
    )


def said(act: Act) -> Said:
    """What somebody did, as it is shown."""
    return Said(**{name: getattr(act, name) for name in Said.model_fields})
