"""A budget split in one request: the same two tools, both kept as evidence."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from store.importing.tables import import_table
from tests.api.support import problem

ASKED = {"client": "salon", "budget": 1_500_000}


@pytest.fixture
def on_record(ours, store_settings):
    """Simulated: two channels whose weeks differ, with a year and a half of days."""
    random = np.random.default_rng(7)
    days = [date(2025, 5, 1) + timedelta(days=number) for number in range(539)]
    spend = {name: np.repeat(random.integers(5_000, 60_000, 77), 7).tolist() for name in ("meta", "tiktok")}
    rows = {
        "day": days * 2,
        "channel": ["meta"] * 539 + ["tiktok"] * 539,
        "campaign": ["all"] * 1078,
        "spend": [*spend["meta"], *spend["tiktok"]],
        "currency": ["ZAR"] * 1078,
        "impressions": [100_000] * 1078,
        "clicks": [400] * 1078,
        "conversions": [round(amount**0.5 / 10, 2) for name in ("meta", "tiktok") for amount in spend[name]],
    }
    import_table(store_settings.facts_root, ours.workspace.id, ours.client, "ad_metrics", pa.table(rows))


async def test_a_split_rests_on_curves_and_both_are_kept(ours, on_record):
    answer = await ours.http.post("/budget/optimize", json=ASKED)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert sum(line["amount"] for line in body["split"]["result"]["plan"]) == 1_500_000
    assert {curve["channel"] for curve in body["curves"]["result"]["curves"]} == {"meta", "tiktok"}
    assert body["split"]["request"]["curves"] == body["curves"]["result"]["curves"]
    assert answer.headers["location"] == f"/api/v1/evidence/{body['split']['id']}"
    for part in ("curves", "split"):
        assert (await ours.http.get(f"/evidence/{body[part]['id']}")).json() == body[part]


async def test_without_a_record_the_split_claims_no_effect_and_says_why(ours):
    body = (await ours.http.post("/budget/optimize", json=ASKED | {"channels": ["meta", "tiktok"]})).json()
    assert body["curves"] is None
    assert body["no_curves"]
    assert [line["amount"] for line in body["split"]["result"]["plan"]] == [750_000, 750_000]


async def test_what_cannot_be_split_is_told_in_words(ours):
    problem(await ours.http.post("/budget/optimize", json=ASKED | {"budget": 0}), 422, "invalid-request")
    problem(await ours.http.post("/budget/optimize", json=ASKED | {"client": "nobody"}), 404, "not-found")
    problem(await ours.http.post("/budget/optimize", json=ASKED | {"curves": []}), 422, "invalid-request")
