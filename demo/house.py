"""The demo workspace: its clients with what they state of themselves, and their documents. Doing it twice changes nothing."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from demo.clients import AS_OF, CLIENTS, DemoClient
from graphs.services import Services
from grounding.evidence import Locale
from store import clients, documents, workspaces
from store.clients import Client
from store.settings import StoreSettings
from store.workspaces import Workspace

NAME = "demo"
WEEKS_A_MONTH = 365.25 / 7 / 12

FACTS = {
    "vat_rate": ("share", "VAT rate"),
    "agency_fee_share": ("share", "agency fee, share of media"),
    "gross_margin_share": ("share", "gross margin, share of revenue"),
}


def profile(client: DemoClient) -> dict[str, Any]:
    """What the client states of itself, in the form that a run reads as evidence F."""
    facts: dict[str, Any] = {
        name: {"value": client.profile[name], "unit": unit, "label": label}
        for name, (unit, label) in FACTS.items()
        if name in client.profile
    }
    for channel, amount in client.profile.get("minimum_learning_spend", {}).items():
        facts[f"{channel}.minimum_learning_spend"] = {
            "value": round(amount * WEEKS_A_MONTH),
            "unit": "money",
            "label": "minimum learning spend per month",
            "per": "month",
            "entity": channel,
        }
    return {
        "business": client.profile["business"],
        "simulated": True,
        "today": AS_OF.isoformat(),
        "facts": facts,
        "goals": [dict(goal) for goal in client.profile.get("goals", ())],
    }


async def open_workspace(services: Services, settings: StoreSettings) -> Workspace:
    """The demo's workspace, made if it is not there."""
    async with await psycopg.AsyncConnection.connect(settings.owner_url, row_factory=dict_row) as owner:
        for known in await workspaces.list_workspaces(owner):
            if known.name == NAME:
                return known
    async with services.database.transaction(None) as connection:
        return await workspaces.create_workspace(connection, NAME)


async def open_client(services: Services, workspace: Workspace, slug: str) -> Client:
    """A demo client with its documents, made if it is not there."""
    wanted = CLIENTS[slug]
    async with services.database.transaction(workspace.id) as connection:
        known = await clients.get_client(connection, slug)
        if known is not None:
            return known
        locale = Locale(language=wanted.language, currency=wanted.currency, zone=wanted.zone)
        made = await clients.create_client(connection, slug, wanted.name, locale, profile(wanted))
        for document in wanted.documents:
            await documents.add_document(
                connection,
                made.id,
                title=document.title,
                kind=document.kind,
                text=document.path.read_text(encoding="utf-8"),
                source=document.path.name,
                dated=document.dated,
                embedder=services.embedder,
            )
        return made
