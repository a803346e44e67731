"""What models may cost by client and by workspace in a month; the limit of one run is in llm/usage.py."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from llm.errors import SpendLimit
from store import ledger
from store.database import Database


class SpendSettings(BaseSettings):
    """Monthly limits in US dollars, as far as prices are known; none by default. Months are calendar months in UTC."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", frozen=True, extra="ignore")

    client_month_spend_usd: float | None = Field(default=None, gt=0, description="US dollars a month for the runs of one client")
    workspace_month_spend_usd: float | None = Field(default=None, gt=0, description="US dollars a month for all runs of a workspace")


async def check(database: Database, workspace_id: str, client_id: str, limits: SpendSettings) -> None:
    """Raise SpendLimit when one more model call would go over a month's limit.

    Calls that are under way in other runs are not counted yet, so a month may go over by one call for each.
    """
    if limits.client_month_spend_usd is None and limits.workspace_month_spend_usd is None:
        return
    async with database.transaction(workspace_id) as connection:
        spent = await ledger.spent(connection, client_id)
    for whose, used, most, setting in (
        ("this client", spent.client, limits.client_month_spend_usd, "GROUNDWORK_CLIENT_MONTH_SPEND_USD"),
        ("this workspace", spent.workspace, limits.workspace_month_spend_usd, "GROUNDWORK_WORKSPACE_MONTH_SPEND_USD"),
    ):
        if most is not None and used >= round(most * 1_000_000):
            raise SpendLimit(f"{whose} may spend USD {most:.2f} on models in a month and has spent USD {used / 1e6:.2f} ({setting})")
