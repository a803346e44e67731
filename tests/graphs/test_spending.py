"""Limits on what models may cost: per run, client and month. A run that reaches one ends with the reason and delivers nothing."""

from __future__ import annotations

import json

import pytest

from demo.clients import CLIENTS
from demo.house import open_client
from graphs.execute import execute
from graphs.services import Services
from graphs.spending import SpendSettings
from graphs.tasks import create_task
from llm.embeddings import embedder
from llm.settings import ModelSettings
from llm.wire_server import WireServer
from store import deliverables, events, ledger, runs
from store.workspaces import create_workspace

PRICE = {"models": {"offline": {"input": 100.0, "output": 100.0}}}
"""US dollars per million tokens: high, so that a few calls come to dollars."""


@pytest.fixture
async def agency(database, store_settings, tmp_path, monkeypatch):
    """A workspace whose runs are answered over HTTP by a model with a price. Gives a function that does one run."""
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps(PRICE))
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Spenders (simulated)")

    with WireServer() as server:
        models = ModelSettings(
            model="openai:offline", openai_base_url=server.openai_base_url, openai_api_key="test", model_prices=prices, run_spend_usd=None
        )

        async def one_run(spending: SpendSettings, client: str = "newcomer", **changed):
            settings = models.model_copy(update=changed)
            services = Services(database, store_settings, settings, embedder(settings), spending)
            await open_client(services, workspace, client)

            async def nobody(*_):
                """The test runs it itself."""

            brief = CLIENTS[client].briefs[0]
            async with database.transaction(workspace.id) as connection:
                run = await create_task(connection, workspace.id, client=client, kind="strategy", brief=brief, actor="t", enqueue=nobody)
            asked = len(server.spoken)
            await execute(services, workspace.id, run.id)
            async with database.transaction(workspace.id) as connection:
                done = await runs.get_run(connection, run.id)
                made = await deliverables.list_(connection, run_id=run.id)
                log = await events.after(connection, run.id, 0, 1000)
                spent = await ledger.spent(connection, run.client_id)
            assert done is not None
            assert log[-1].payload["status"] == done.status
            return done, made, spent, len(server.spoken) - asked

        yield one_run


async def test_the_months_limit_of_a_client_ends_its_runs_and_no_other_clients(agency):
    first, made, spent, asked = await agency(SpendSettings())
    assert (first.status, len(made)) == ("succeeded", 1)
    assert spent.client == spent.workspace == first.usage["cost_micros"] > 0
    assert first.usage["calls"] == asked
    limit = SpendSettings(client_month_spend_usd=spent.client * 1.5 / 1e6)
    over, made, now, asked = await agency(limit)
    assert (over.status, made) == ("failed", [])
    assert "this client may spend USD" in (over.error or "")
    assert "GROUNDWORK_CLIENT_MONTH_SPEND_USD" in (over.error or "")
    assert over.usage["cost_micros"] == now.client - spent.client > 0  # kept although the run failed
    assert over.usage["calls"] == asked < first.usage["calls"]
    none, _, same, asked = await agency(limit)
    assert (none.status, asked, same) == ("failed", 0, now)
    other, *_ = await agency(limit, "salon")
    assert "this client" not in (other.error or "")


async def test_the_months_limit_of_a_workspace_holds_for_all_its_clients(agency):
    first, *_ = await agency(SpendSettings())
    limit = SpendSettings(workspace_month_spend_usd=first.usage["cost_micros"] / 1e6)
    for client in ("newcomer", "salon"):
        over, made, _, asked = await agency(limit, client)
        assert (over.status, made, asked) == ("failed", [], 0)
        assert "this workspace may spend USD" in (over.error or "")


async def test_the_limit_of_a_run_ends_it_with_what_it_used(agency):
    over, made, spent, asked = await agency(SpendSettings(), run_spend_usd=0.5)
    assert (over.status, made) == ("failed", [])
    assert "GROUNDWORK_RUN_SPEND_USD" in (over.error or "")
    assert spent.client == over.usage["cost_micros"] >= 500_000
    assert over.usage["calls"] == asked
