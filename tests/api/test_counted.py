"""What the database counts, as Prometheus reads it: true for all processes, silent about tenants."""

from __future__ import annotations

import math
from datetime import date

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from api.counted import exposition
from graphs.counting import count
from store import ledger, runs
from store.ledger import Count


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families(text) for sample in family.samples}


def usage(model: str, latency_ms: float, cost_micros: int | None) -> dict[str, object]:
    return {
        "model": model, "attempts": 2, "input_tokens": 100, "output_tokens": 10, "cost_micros": cost_micros, "latency_ms": latency_ms,
    }  # fmt: skip


async def test_what_steps_of_two_workspaces_counted_is_scraped_as_one(database, address, ours, theirs):
    before = await scrape(address)
    for agency in (ours, theirs):
        async with database.transaction(agency.workspace.id) as connection:
            await runs.create_run(connection, agency.client.id, "strategy", "secret brief", as_of=date(2026, 11, 21))
            await count(
                connection,
                agency.client.id,
                [
                    ("usage", usage("test-model", 700.0, 1_500_000)),
                    ("usage", usage("test-model", 3_000_000.0, None)),
                    ("tool_result", {"tool": "t"}),
                    ("tool_refused", {"tool": "t", "kind": "failed"}),
                    ("verdict", {"ok": False, "numerals": {"VERIFIED": 40, "UNSUPPORTED": 1, "words": 0}}),
                    ("verdict", {"ok": True, "numerals": {"VERIFIED": 41, "UNSUPPORTED": 0, "words": 0}}),
                ],
            )
    after = await scrape(address)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0.0)

    assert grown("groundwork_runs", kind="strategy", status="queued") == 2
    assert grown("groundwork_numerals_total", verdict="VERIFIED") == 162
    assert grown("groundwork_numerals_total", verdict="UNSUPPORTED") == 2
    assert grown("groundwork_drafts_total", outcome="stopped") == grown("groundwork_drafts_total", outcome="clean") == 2
    assert grown("groundwork_run_tools_total", outcome="failed") == 2
    assert grown("groundwork_model_cost_usd_total", model="test-model") == pytest.approx(3.0)
    assert grown("groundwork_model_unpriced_calls_total", model="test-model") == 2
    assert grown("groundwork_model_retries_total", model="test-model") == 4
    assert grown("groundwork_model_call_seconds_bucket", model="test-model", le="0.5") == 0
    assert grown("groundwork_model_call_seconds_bucket", model="test-model", le="1.0") == 2
    assert grown("groundwork_model_call_seconds_bucket", model="test-model", le="+Inf") == 4
    assert grown("groundwork_model_call_seconds_count", model="test-model") == 4
    assert grown("groundwork_model_call_seconds_sum", model="test-model") == pytest.approx(2 * 3000.7)


async def scrape(address: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with httpx.AsyncClient(base_url=address) as http:
        text = (await http.get("/metrics")).text
    assert "ws_" not in text
    assert "secret brief" not in text
    return read(text)


def test_buckets_are_cumulative_and_end_with_all():
    text = exposition([Count("calls within", "m", "0.5", 3), Count("calls within", "m", "Infinity", 1), Count("latency_ms", "m", "", 9000)])
    found = read(text.decode())
    cumulative = [value for (name, _), value in found.items() if name.endswith("_bucket")]
    assert cumulative == sorted(cumulative)
    assert cumulative[-1] == 4
    assert found[("groundwork_model_call_seconds_sum", (("model", "m"),))] == 9.0
    assert math.isinf(ledger.BOUNDS_S[-1])
