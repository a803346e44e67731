"""Every tool, asked by one agency for another one's client: no figure of theirs comes back, whatever the request says."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from grounding.arguments import resolve
from store.facts import open_facts
from store.importing.importing import import_file
from store.importing.suggesting import suggest
from tests.api.support import problem
from tools.contract import ToolInputError
from tools.registry import every, load

TOOLS = [declared.name for declared in every()]
THEIR_CHANNEL = "osprey_ads"


@pytest_asyncio.fixture(loop_scope="session")
async def their_facts(theirs, store_settings, tmp_path) -> Path:
    """A table of theirs on disk, with a channel that only they have."""
    path = tmp_path / "spend.csv"
    with path.open("w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["date", "channel", "campaign", "spend", "impressions", "clicks", "conversions"])
        for day in range(60):
            rows.writerow([(date(2026, 8, 1) + timedelta(day)).isoformat(), THEIR_CHANNEL, "c1", "123.45", 1000, 50, 5])
    suggestion = suggest(path, "ad_metrics")
    report = import_file(
        store_settings.facts_root, theirs.workspace.id, theirs.client, path, table=suggestion.table, mapping=suggestion.mapping
    )
    assert report.rows_kept == 60
    return path


@pytest.mark.parametrize("name", TOOLS)
async def test_their_client_is_404_before_a_tool_looks_at_its_request(ours, theirs, name):
    for foreign in (theirs.client.id, f"{theirs.workspace.id}/{theirs.client.id}", f"../{theirs.workspace.id}/{theirs.client.slug}"):
        answer = await ours.http.post(f"/tools/{name}", json={}, params={"client": foreign})
        assert foreign in problem(answer, 404, "not-found")["detail"]


async def test_a_client_of_the_same_slug_has_no_rows_of_theirs(ours, theirs, their_facts):
    """Both agencies call their client `salon`: only one of them has rows."""
    have = await theirs.http.post("/tools/summarize_channels", json={}, params={"client": "salon"})
    assert have.status_code == 200, have.text
    assert THEIR_CHANNEL in have.text
    for name in TOOLS:
        answer = await ours.http.post(f"/tools/{name}", json={}, params={"client": "salon"})
        assert answer.status_code in (200, 422), (name, answer.text)
        assert THEIR_CHANNEL not in answer.text
        assert "123.45" not in answer.text


async def test_facts_open_in_the_callers_workspace_even_for_a_client_record_of_theirs(ours, theirs, their_facts, store_settings):
    """Were the look-up of the client to fail us, its files would still not be under our workspace."""
    facts = open_facts(store_settings.facts_root, ours.workspace.id, theirs.client, as_of=date(2026, 11, 21))
    try:
        assert not facts.names()
    finally:
        facts.close()


@pytest.mark.parametrize("table", ["free_../../x", "../ad_metrics", "free_a/b", "/etc/passwd", "free_x\x00"])
async def test_a_table_name_is_no_path(ours, table):
    sheet = {"file": ("a.csv", b"a,b\n1,2\n")}
    problem(await ours.http.post("/imports", data={"client": "salon", "table": table, "confirm": "true"}, files=sheet), 422)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..%2f..%2fx.csv", "a\\..\\b.csv", "/tmp/x.csv"])
async def test_a_file_name_is_no_path(ours, store_settings, name):
    answer = await ours.http.post("/imports", data={"client": "salon"}, files={"file": (name, b"a,b\n1,2\n")})
    assert answer.status_code in (200, 422), answer.text
    assert not list((store_settings.home / "uploads").iterdir())


@pytest.mark.parametrize("said", ["{{E1.curves}}", "{{E9.spend}}", "{{B.budget}}", "ev_01m7z3bb55kf6vczygwd7923c0"])
def test_a_models_arguments_reach_only_the_evidence_of_its_own_run(said):
    """The evidence that arguments may point at is what the run handed over: an alias or id of anything else is refused."""
    operands = [{"name": "a", "value": said, "unit": "count"}, {"name": "b", "value": said, "unit": "count"}]
    with pytest.raises(ToolInputError):
        resolve(load("calculate"), {"operation": "sum", "operands": operands}, {}, "R15 000 a month")
