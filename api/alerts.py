"""Alerts: what a person should be told of what is made by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from api.auth import GuardedRouter, Transaction, needs
from api.clients import known_client, slugs
from api.problems import responses
from store import schedule_fires
from store.schedule_fires import Alert, AlertKind

router = GuardedRouter("alerts")


class AlertCard(BaseModel):
    """What a person should be told."""

    schedule: str
    client: str = Field(description="slug of the client")
    kind: AlertKind = Field(description="late: nobody has answered the request for approval; failed: there is no deliverable")
    text: str
    fire_at: datetime
    at: datetime
    task: str | None

    @classmethod
    def of(cls, alert: Alert, slug: str) -> AlertCard:
        """The card of a kept alert."""
        named = {name: getattr(alert, name) for name in ("kind", "text", "fire_at", "at")}
        return cls(schedule=alert.schedule_id, client=slug, task=alert.run_id, **named)


class AlertList(BaseModel):
    """Alerts, latest first."""

    alerts: list[AlertCard]


@router.get("", responses=responses(404))
@needs("schedules:read")
async def list_alerts(
    connection: Transaction,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AlertList:
    """What people should be told of schedules: stale data, late approvals, what needs a person, what failed."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    names = await slugs(connection)
    found = await schedule_fires.alerts(connection, client_id=wanted, limit=limit)
    return AlertList(alerts=[AlertCard.of(alert, names[alert.client_id]) for alert in found])
