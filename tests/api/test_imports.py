"""Imports through the door: looked at, confirmed, remembered; bad rows explained; nothing half-written."""

from __future__ import annotations

import json

from tests.api.support import problem

ORDERS = (
    "order_id,contact_id,at,product,amount,currency,status\n"
    "o1,c1,2026-10-01T08:00:00Z,soap,22800,ZAR,paid\n"
    "o2,c2,2026-10-02T08:00:00Z,soap,7500,ZAR,paid\n"
    "o3,c3,not a day,soap,7500,ZAR,paid\n"
)
FOREIGN = "Bestellung,Kunde,Zeit,Betrag,Waehrung\nb1,k1,2026-10-01T08:00:00Z,12.50,EUR\n"


async def send(agency, text, confirm=False, name="orders.csv", **fields):
    data = {"client": "salon", "confirm": str(confirm).lower(), **fields}
    return await agency.http.post("/imports", data=data, files={"file": (name, text.encode() if isinstance(text, str) else text)})


async def test_without_confirming_a_file_is_looked_at_and_nothing_is_kept(ours):
    response = await send(ours, ORDERS)
    assert response.status_code == 200, response.text
    suggestion = response.json()["suggestion"]
    assert suggestion["table"] == "orders"
    assert suggestion["missing"] == []
    assert {column["target"] for column in suggestion["mapping"]["columns"]} >= {"order_id", "contact_id", "at", "amount", "currency"}
    assert (await ours.http.get("/imports")).json()["imports"] == []


async def test_a_confirmed_file_is_imported_and_its_bad_rows_are_explained(ours):
    response = await send(ours, ORDERS, confirm=True)
    assert response.status_code == 201, response.text
    body = response.json()
    assert (body["report"]["rows_read"], body["report"]["rows_kept"], body["report"]["rows_rejected"]) == (3, 2, 1)
    assert body["report"]["reject_file"] is None
    listed = (await ours.http.get("/imports", params={"client": "salon"})).json()["imports"]
    assert listed == [body["done"]]
    assert (await ours.http.get(response.headers["location"].removeprefix("/api/v1"))).json() == body["done"]
    rejects = await ours.http.get(body["done"]["links"]["rejects"].removeprefix("/api/v1"))
    assert rejects.headers["content-type"].startswith("text/csv")
    assert "o3" in rejects.text
    assert "o1" not in rejects.text


async def test_the_same_file_twice_keeps_its_rows_once(ours):
    await send(ours, ORDERS, confirm=True)
    again = (await send(ours, ORDERS, confirm=True)).json()
    assert again["report"]["already_imported"] is True
    assert again["report"]["rows_kept"] == 0


async def test_a_mapping_of_ones_own_is_used_and_remembered_for_the_same_header_row(ours):
    lacking = await send(ours, FOREIGN, table="orders")
    assert "contact_id" in lacking.json()["suggestion"]["missing"]
    problem(await send(ours, FOREIGN, confirm=True, table="orders"), 422, "invalid-input")
    sources = {"order_id": "Bestellung", "contact_id": "Kunde", "at": "Zeit", "amount": "Betrag", "currency": "Waehrung"}
    columns = [
        {"target": target, "source": source} | ({"scale": "major"} if target == "amount" else {}) for target, source in sources.items()
    ]
    mapping = json.dumps({"table": "orders", "columns": columns})
    assert (await send(ours, FOREIGN, confirm=True, mapping=mapping)).json()["report"]["rows_kept"] == 1
    seen = (await send(ours, FOREIGN.replace("b1", "b2"))).json()
    assert seen["remembered"] is True
    assert seen["suggestion"]["missing"] == []


async def test_a_file_or_mapping_that_cannot_be_read_is_refused_in_words(ours):
    problem(await send(ours, ""), 422, "invalid-input")
    problem(await send(ours, b"PK\x03\x04broken", name="orders.xlsx"), 422, "invalid-input")
    problem(await send(ours, ORDERS, table="no_such_table"), 422, "invalid-input")
    assert problem(await send(ours, ORDERS, mapping="{not json"), 422, "invalid-input")["field"] == "mapping"
    wrong = json.dumps({"table": "orders", "columns": [{"target": "order_id", "source": "nowhere"}]})
    assert "nowhere" in problem(await send(ours, ORDERS, mapping=wrong), 422, "invalid-input")["detail"]
    problem(await send(ours, ORDERS, client="nobody"), 404, "not-found")
    problem(await ours.http.post("/imports", data={"client": "salon"}), 422, "invalid-request")
    assert (await ours.http.get("/imports")).json()["imports"] == []


async def test_a_file_name_is_a_name_and_not_a_path(ours, store_settings):
    response = await send(ours, ORDERS, confirm=True, name="../../../orders.csv")
    assert response.json()["done"]["file_name"] == "orders.csv"
    assert [entry for entry in (store_settings.home / "uploads").iterdir() if entry.is_file()] == [], "pages keep theirs in folders"


async def test_a_tool_reads_what_was_imported_and_its_evidence_names_the_version(ours):
    await send(ours, ORDERS, confirm=True)
    response = await ours.http.post("/tools/describe_data", json={}, params={"client": "salon"})
    if response.status_code == 404:
        return
    assert response.status_code == 200, response.text
    assert response.json()["facts"] == {"orders": 1}
