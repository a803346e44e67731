"""A registered experiment is read through its looks only: any other reading could be tuned, and nobody would know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphs.services import Services
from store import experiments
from store.clients import Client
from tools.contract import ToolInputError

READ_OUT = "analyze_experiment"


async def refuse_beside_looks(services: Services, workspace_id: str, client: Client, tool: str, request: Mapping[str, Any]) -> None:
    """Refuse a read-out of an experiment under way that is not one of its looks. Raises ToolInputError that says how to look."""
    name = request.get("experiment")
    if tool != READ_OUT or not isinstance(name, str):
        return
    async with services.database.transaction(workspace_id) as connection:
        found = await experiments.under_way(connection, client.id, name)
    if found is not None:
        raise ToolInputError(
            f"the experiment {name!r} is registered: it is read by what was fixed at its start, and each look is logged "
            f"(POST /api/v1/experiments/{found}/looks, or `groundwork experiment look {found}`)",
            field="experiment",
        )
