"""Tools through the door: listed, run, refused in words, kept as evidence and replayed."""

from __future__ import annotations

from grounding.evidence import Evidence
from tests.api.support import problem
from tools.registry import locations

RATIO = {
    "operation": "ratio",
    "name": "cost_per_booking",
    "operands": [
        {"name": "ad spend", "value": 1500000, "unit": "money", "currency": "ZAR"},
        {"name": "bookings", "value": 84, "unit": "count"},
    ],
}


async def test_every_tool_is_listed_with_its_schemas(ours):
    tools = (await ours.http.get("/tools")).json()["tools"]
    assert [tool["name"] for tool in tools] == list(locations())
    for tool in tools:
        assert tool["request_schema"]["type"] == "object"
        assert "figures" in tool["result_schema"]["properties"]
    assert (await ours.http.get("/tools/calculate")).json() == next(tool for tool in tools if tool["name"] == "calculate")


async def test_a_run_without_a_client_answers_and_keeps_nothing(ours):
    response = await ours.http.post("/tools/calculate", json=RATIO)
    assert response.status_code == 200, response.text
    record = Evidence.model_validate(response.json())
    assert record.figures[0].value == 17857
    assert "location" not in response.headers
    problem(await ours.http.get(f"/evidence/{record.id}"), 404)


async def test_a_run_for_a_client_is_kept_and_replayed(ours):
    response = await ours.http.post("/tools/calculate", json=RATIO, params={"client": "salon"})
    record = response.json()
    assert response.headers["location"] == f"/api/v1/evidence/{record['id']}"
    assert (await ours.http.get(f"/evidence/{record['id']}")).json() == record
    compared = (await ours.http.post(f"/evidence/{record['id']}/replay")).json()
    assert compared["equal"] is True
    assert compared["differences"] == []


async def test_what_a_tool_refuses_is_told_with_its_field(ours):
    bad = {**RATIO, "operands": [RATIO["operands"][0], {"name": "bookings", "value": 0, "unit": "count"}]}
    problem(await ours.http.post("/tools/calculate", json=bad), 422, "invalid-input")
    body = problem(await ours.http.post("/tools/calculate", json={**RATIO, "operation": "guess"}), 422, "invalid-input")
    assert body["field"] == "operation"
    problem(await ours.http.post("/tools/calculate", json=[1, 2]), 422, "invalid-request")


async def test_a_tool_without_the_data_it_needs_says_what_it_needs(ours):
    body = problem(await ours.http.post("/tools/summarize_channels", json={}, params={"client": "salon"}), 422, "not-enough-data")
    assert body["detail"]


async def test_an_unknown_tool_is_404(ours):
    problem(await ours.http.post("/tools/make_it_up", json={}), 404, "not-found")
    problem(await ours.http.get("/tools/make_it_up"), 404, "not-found")
    problem(await ours.http.post("/tools/..%2F..%2Fetc", json={}), 404)
