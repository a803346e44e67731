"""Every error is a problem document with the right status, and says nothing of the inside."""

from __future__ import annotations

import httpx
import pytest

from api.logs import redact
from tests.api.support import problem


async def test_no_key_a_wrong_key_and_another_scheme_are_401_alike(address, ours):
    async with httpx.AsyncClient(base_url=address) as http:
        nothing = problem(await http.get("/api/v1/tasks"), 401, "unauthorized")
        wrong = problem(await http.get("/api/v1/tasks", headers={"Authorization": f"Bearer {ours.secret[:-1]}x"}), 401, "unauthorized")
        basic = await http.get("/api/v1/tasks", headers={"Authorization": "Basic Z3c6Z3c="})
        problem(basic, 401, "unauthorized")
        assert nothing["detail"] == wrong["detail"]
        assert basic.headers["www-authenticate"].startswith("Bearer")


async def test_an_unknown_address_is_404_and_a_wrong_method_405(ours):
    problem(await ours.http.get("/nothing/here"), 404)
    response = await ours.http.put("/tasks")
    problem(response, 405)
    assert "POST" in response.headers["allow"]


async def test_an_invalid_body_names_each_field(ours):
    body = problem(await ours.http.post("/tasks", json={"kind": "strategy", "extra": 1}), 422, "invalid-request")
    assert {error["field"] for error in body["errors"]} == {"body.client", "body.brief", "body.extra"}
    problem(await ours.http.post("/tasks", content=b"{not json", headers={"Content-Type": "application/json"}), 422, "invalid-request")
    problem(await ours.http.get("/tasks?limit=0"), 422, "invalid-request")


async def test_text_that_no_database_can_keep_is_422_wherever_it_stands(ours):
    for path in ("/clients/a%00b", "/tasks/a%00b", "/evidence/%00", "/documents?client=%00", "/tasks?client=%00"):
        problem(await ours.http.get(path), 422, "invalid-request")
    problem(await ours.http.post("/tasks", json={"client": "a\x00b", "brief": "R15 000"}), 422, "invalid-request")
    kept = {"slug": "nul", "name": "N", "profile": {"note": "a\x00b"}}
    problem(await ours.http.post("/clients", json=kept), 422, "invalid-request")
    half = b'{"slug": "half", "name": "N", "profile": {"note": "\\ud800"}, "\\udc00": 1}'
    problem(await ours.http.post("/clients", content=half, headers={"Content-Type": "application/json"}), 422, "invalid-request")
    half = half.replace(b', "\\udc00": 1', b"")
    problem(await ours.http.post("/clients", content=half, headers={"Content-Type": "application/json"}), 422, "invalid-request")


async def test_a_body_that_is_not_what_it_says_is_422(ours):
    problem(await ours.http.post("/clients", content=b"\xff\xfe{", headers={"Content-Type": "application/json"}), 422, "invalid-request")
    problem(await ours.http.post("/imports", content=b"--", headers={"Content-Type": "multipart/form-data"}), 422, "invalid-request")


async def test_a_wrong_method_is_told_all_that_the_address_takes(ours):
    assert (await ours.http.put("/tasks")).headers["allow"] == "GET, POST"
    assert (await ours.http.put("/tools/calculate")).headers["allow"] == "GET, POST"
    assert (await ours.http.put("/documents/x")).headers["allow"] == "DELETE"


async def test_a_body_over_the_limit_is_413(ours):
    problem(await ours.http.post("/tasks", json={"kind": "strategy", "client": "salon", "brief": "x" * 70_000}), 413)

    async def pieces():
        for _ in range(80):
            yield b" " * 1024

    problem(await ours.http.post("/tasks", content=pieces(), headers={"Content-Type": "application/json"}), 413)


async def test_a_request_id_is_kept_when_it_is_one_and_replaced_when_it_is_not(ours):
    kept = await ours.http.get("/clients", headers={"X-Request-ID": "our-trace-0001"})
    assert kept.headers["x-request-id"] == "our-trace-0001"
    forged = await ours.http.get("/clients", headers={"X-Request-ID": 'x" onload="1'})
    assert forged.headers["x-request-id"].startswith("req_")


async def test_answers_carry_secure_headers_and_no_cors(ours):
    response = await ours.http.get("/clients", headers={"Origin": "https://elsewhere.example"})
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert "server" not in response.headers


async def test_what_nobody_expected_is_500_without_a_word_of_the_inside(ours, monkeypatch):
    async def broken(*_arguments, **_options):
        raise RuntimeError("secret inside /etc/passwd gw_abcdefabcdef")

    monkeypatch.setattr("store.clients.list_clients", broken)
    response = await ours.http.get("/clients")
    body = problem(response, 500, "internal")
    assert "secret" not in response.text
    assert "passwd" not in response.text
    assert body["detail"] == "it is in our log under this request_id"


@pytest.mark.parametrize(
    "text",
    [
        "key gw_abcdefabcdef_0123456789012345678901234567890123456789012 used",
        "postgresql://groundwork_app:hunter2hunter2@localhost/x",
        "Authorization: Bearer abc.def.ghi",
        "OPENAI_API_KEY sk-proj-abcdefghijkl",
        "host=x password=hunter2hunter2 dbname=y",
    ],
)
def test_logs_hold_no_secret(text):
    cleaned = redact(text)
    assert "[redacted]" in cleaned
    assert not any(secret in cleaned for secret in ("hunter2", "abc.def", "sk-proj", "gw_abc"))
