"""Clients and their documents."""

from __future__ import annotations

import pytest

from store import audit
from tests.api.support import problem


async def test_a_client_is_made_and_found_by_slug_and_id(ours):
    profile = {"facts": {"vat_rate": {"value": 0.15, "unit": "share", "label": "VAT rate"}}}
    locale = {"language": "de-DE", "currency": "EUR", "zone": "Europe/Berlin"}
    response = await ours.http.post("/clients", json={"slug": "fitness", "name": "Fitness", "locale": locale, "profile": profile})
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == "/api/v1/clients/fitness"
    assert (made["locale"], made["profile"]) == (locale, profile)
    assert (await ours.http.get("/clients/fitness")).json() == made
    assert (await ours.http.get(f"/clients/{made['id']}")).json() == made
    assert [client["slug"] for client in (await ours.http.get("/clients")).json()["clients"]] == ["fitness", "salon"]


async def test_two_agencies_may_have_clients_of_one_name_but_one_agency_may_not(ours, theirs):
    assert (await ours.http.post("/clients", json={"slug": "bakery", "name": "Bakery"})).status_code == 201
    assert (await theirs.http.post("/clients", json={"slug": "bakery", "name": "Bakery"})).status_code == 201
    problem(await ours.http.post("/clients", json={"slug": "bakery", "name": "Bakery"}), 409, "conflict")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"locale": {"currency": "ZZZ"}}, "there is no currency 'ZZZ'"),
        ({"locale": {"language": "xx-!!"}}, "there is no language 'xx-!!'"),
        ({"locale": {"zone": "Mars/Base"}}, "there is no time zone 'Mars/Base'"),
        ({"locale": {"zone": "../../etc/passwd"}}, "there is no time zone"),
        ({"slug": "No Spaces"}, "body.slug"),
        ({"name": ""}, "body.name"),
    ],
)
async def test_a_client_that_cannot_be_is_refused_with_the_reason(ours, change, said):
    body = problem(await ours.http.post("/clients", json={"slug": "x", "name": "X", **change}), 422, "invalid-request")
    assert said in body["detail"]
    assert len((await ours.http.get("/clients")).json()["clients"]) == 1


async def test_a_document_is_kept_listed_and_forgotten(ours):
    given = {
        "client": "salon",
        "title": "Brand voice",
        "text": "Warm and short.",
        "kind": "brand",
        "dated": "2026-03-01",
        "source": "voice.md",
    }
    response = await ours.http.post("/documents", json=given)
    assert response.status_code == 201, response.text
    kept = response.json()
    assert (kept["title"], kept["dated"], kept["characters"]) == ("Brand voice", "2026-03-01", 15)
    assert (await ours.http.get("/documents", params={"client": "salon"})).json()["documents"] == [kept]
    assert (await ours.http.delete(f"/documents/{kept['id']}")).status_code == 204
    problem(await ours.http.delete(f"/documents/{kept['id']}"), 404)
    problem(await ours.http.post("/documents", json=given | {"text": "  \n "}), 422)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"today": "soon"}, "today"),
        ({"today": 5}, "today"),
        ({"facts": {"VAT rate": {"value": 0.15, "unit": "share", "label": "VAT"}}}, "snake_case"),
        ({"facts": {"fee": {"value": 10.5, "unit": "money", "label": "fee"}}}, "minor units"),
        ({"facts": {"fee": {"value": 0.1, "unit": "share"}}}, "facts.fee.label"),
    ],
)
async def test_a_profile_that_a_run_could_not_read_is_refused_when_it_is_given(ours, profile, words):
    body = problem(await ours.http.post("/clients", json={"slug": "bad", "name": "Bad", "profile": profile}), 422, "invalid-request")
    assert words in body["detail"]


async def test_a_client_gets_another_name_and_locale(ours, database):
    locale = {"language": "de-DE", "currency": "EUR", "zone": "Europe/Berlin"}
    changed = await ours.http.put("/clients/salon", json={"name": "Salon Nord", "locale": locale})
    assert (changed.status_code, changed.json()["name"], changed.json()["locale"]) == (200, "Salon Nord", locale)
    assert (await ours.http.get("/clients/salon")).json() == changed.json()
    problem(await ours.http.put("/clients/salon", json={"name": "S", "locale": {**locale, "currency": "XYZ"}}), 422, "invalid-request")
    problem(await ours.http.put("/clients/salon", json={"name": "", "locale": locale}), 422, "invalid-request")
    problem(await ours.http.put("/clients/nobody", json={"name": "S", "locale": locale}), 404, "not-found")
    async with database.transaction(ours.workspace.id) as connection:
        assert [entry.action for entry in await audit.list_entries(connection)].count("client.change") == 1
