"""The dashboard of a client: goals, promises, the month against the one before, and what waits for people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.auth import Caller, GuardedRouter, needs
from api.clients import known_client
from api.problems import responses
from graphs.spending import SpendSettings
from graphs.standing import Part, Standing, kept, renewed
from grounding.evidence import Locale
from grounding.slots import render
from store import approvals, ledger, runs
from store.clients import Client
from store.database import Connection
from store.runs import Run

router = GuardedRouter("analytics")


class DashboardPart(BaseModel):
    """What one tool says today."""

    tool: str
    evidence: str | None = Field(description="id of the record that every figure below is of")
    current: bool = Field(description="false when it is of an earlier day, or data came in since")
    refusal: str | None = Field(description="why there is nothing, in words")
    findings: list[str] = Field(description="sentences with their figures filled in")
    decision: str | None = Field(description="what it advises, filled in")
    caveats: list[str]
    result: dict[str, Any] = Field(description="the tool's result; empty without evidence")


class AtWork(BaseModel):
    """A task that is not done."""

    id: str
    kind: str
    status: str


class Spend(BaseModel):
    """What models cost this calendar month (UTC), as far as prices are known, in millionths of a US dollar."""

    client_micros: int
    workspace_micros: int
    client_limit_usd: float | None
    workspace_limit_usd: float | None


class Dashboard(BaseModel):
    """How a client stands."""

    client: str
    on: date = Field(description="the day it is for")
    parts: dict[str, DashboardPart] = Field(description="goals, changes, promises, data")
    at_work: list[AtWork]
    waiting: int = Field(description="requests that wait for approval")
    failed: int = Field(description="of the last fifty tasks, those that failed or need a person")
    spend: Spend


@router.get("/dashboard", responses=responses(404))
@needs("tasks:read")
async def dashboard(
    request: Request, caller: Caller, client: Annotated[str, Query(description="slug or id of the client", min_length=1, max_length=80)]
) -> Dashboard:
    """How a client stands today. What was computed today is given again; the rest takes its tools a second or so."""
    services = request.app.state.house.services
    async with services.database.transaction(caller.workspace_id) as connection:
        known = await known_client(connection, client)
    standing = await renewed(services, caller.workspace_id, known)
    async with services.database.transaction(caller.workspace_id) as connection:
        return await dashboard_of(connection, known, standing)


async def dashboard_of(connection: Connection, client: Client, standing: Standing | None = None) -> Dashboard:
    """The dashboard around a picture that was computed; around what was kept when none is given."""
    standing = standing or await kept(connection, client)
    lately: list[Run] = await runs.list_runs(connection, client_id=client.id, limit=50)
    spent, limits = await ledger.spent(connection, client.id), SpendSettings()
    return Dashboard(
        client=client.slug,
        on=standing.on,
        parts={name: part_of(part, client.locale) for name, part in standing.parts.items()},
        at_work=[AtWork(id=run.id, kind=run.kind, status=run.status) for run in lately if run.status not in runs.ENDED],
        waiting=await approvals.waiting(connection, client.id),
        failed=sum(run.status in ("failed", "needs_person") for run in lately),
        spend=Spend(
            client_micros=spent.client,
            workspace_micros=spent.workspace,
            client_limit_usd=limits.client_month_spend_usd,
            workspace_limit_usd=limits.workspace_month_spend_usd,
        ),
    )


def part_of(part: Part, locale: Locale, *, links: bool = False) -> DashboardPart:
    """A part with its sentences filled in; with `links`, figures are Markdown links to their evidence."""
    record = part.evidence
    if record is None:
        empty: dict[str, Any] = {"findings": [], "decision": None, "caveats": [], "result": {}}
        return DashboardPart(tool=part.name, evidence=None, current=False, refusal=part.refusal, **empty)

    def said(text: str) -> str:
        return render(text, {"E1": record}, locale, links=links, own="E1").text

    decision = record.result.get("decision")
    return DashboardPart(
        tool=record.tool,
        evidence=record.id,
        current=part.current,
        refusal=None,
        findings=[said(text) for text in record.result.get("findings", ())],
        decision=said(decision["reason"]) if decision else None,
        caveats=[said(caveat.text) for caveat in record.caveats],
        result=record.result,
    )
