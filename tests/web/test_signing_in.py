"""Signing in and out, and what a session does not let through."""

from __future__ import annotations

import httpx
import pytest

from store import members, sessions
from tests.web.conftest import HTML
from web.visiting import COOKIE

PASSWORD = "correct horse battery"


def browser(site, **cookies):
    return httpx.AsyncClient(base_url=site, headers=HTML, cookies=cookies, timeout=30)


async def test_a_link_signs_in_once_and_sets_the_password_that_signs_in_from_then_on(site, owner, database):
    async with database.transaction(owner.workspace.id) as connection:
        secret = await sessions.make_link(connection, owner.member.id, hours=1)
    async with browser(site) as http:
        assert "Welcome, A owner" in (await http.get(f"/welcome/{secret}")).text
        assert "Welcome, A owner" in (await http.get(f"/welcome/{secret}")).text, "looking does not spend it"
        short = await http.post(f"/welcome/{secret}", data={"password": "short"})
        assert short.status_code == 422
        assert "10 to 200 characters" in short.text
        entered = await http.post(f"/welcome/{secret}", data={"password": PASSWORD})
        assert entered.status_code == 303
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "SameSite=lax" in entered.headers["set-cookie"]
    async with browser(site) as http:
        assert (await http.get(f"/welcome/{secret}")).status_code == 410
        wrong = await http.post("/sign-in", data={"email": owner.member.email, "password": "wrong horse battery"})
        assert wrong.status_code == 401
        unknown = await http.post("/sign-in", data={"email": "nobody@example.org", "password": PASSWORD})
        assert unknown.status_code == 401
        for answer in (wrong, unknown):
            assert "The address or the password is not right." in answer.text
        good = await http.post("/sign-in", data={"email": owner.member.email, "password": PASSWORD, "next": "/evidence/ev_1"})
        assert (good.status_code, good.headers["location"]) == (303, "/evidence/ev_1")


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "/\t/example.org"])
async def test_sign_in_leads_to_no_other_host(site, owner, database, elsewhere):
    async with database.transaction(owner.workspace.id) as connection:
        await members.set_password(connection, owner.member.id, members.hash_password(PASSWORD))
    async with browser(site) as http:
        answer = await http.post("/sign-in", data={"email": owner.member.email, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/welcome/any-secret"])
async def test_a_page_of_another_site_signs_nobody_in(site, path):
    async with browser(site) as http:
        for elsewhere in ("cross-site", "same-site"):
            answer = await http.post(path, data={"email": "nobody@example.org"}, headers={"Sec-Fetch-Site": elsewhere})
            assert answer.status_code == 403
            assert "out of date" in answer.text
        own = await http.post("/welcome/any-secret", headers={"Sec-Fetch-Site": "same-origin"})
        assert own.status_code == 410, "a form of ours goes through"


async def test_whoever_is_signed_out_is_led_to_sign_in_and_back(site):
    async with browser(site) as http:
        answer = await http.get("/c/salon?tab=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/c/salon%3Ftab%3D1")
        posted = await http.post("/sign-out")
        assert posted.status_code == 401
        assert "You are signed out" in posted.text


async def test_sign_out_ends_the_session_and_clears_the_browser(owner, site):
    secret = owner.http.cookies[COOKIE]
    answer = await owner.send("/sign-out")
    assert answer.status_code == 303
    assert '"storage"' in answer.headers["clear-site-data"]
    async with browser(site, **{COOKIE: secret}) as http:
        assert (await http.get("/")).headers["location"].startswith("/sign-in")


async def test_a_form_without_the_sessions_token_changes_nothing(owner):
    for fields in ({}, {"csrf": ""}, {"csrf": "x" * 32}):
        answer = await owner.http.post("/sign-out", data=fields)
        assert answer.status_code == 403
        assert "out of date" in answer.text
    assert (await owner.http.get("/")).status_code in (200, 303)


async def test_a_cookie_opens_no_address_of_programs(owner):
    answer = await owner.http.get("/api/v1/clients")
    assert answer.status_code == 401


async def test_every_page_has_a_policy_without_unsafe_words(owner, site):
    async with browser(site) as http:
        for path in ("/sign-in", "/nothing/here"):
            answer = await http.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "<style" not in answer.text
            assert " style=" not in answer.text
            assert answer.headers["cache-control"] == "no-store"


async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(owner):
    page = await owner.http.get("/c/nobody")
    assert page.status_code == 404
    assert "no such client in your workspace" in page.text
    program = await owner.http.get("/c/nobody", headers={"Accept": "application/json"})
    assert program.headers["content-type"] == "application/problem+json"


async def test_who_tries_too_often_is_told_so_in_words_for_people(site):
    async with browser(site) as http:
        for _ in range(12):
            answer = await http.post("/sign-in", data={"email": "guessed@example.org", "password": "wrong horse battery"})
    assert answer.status_code == 429
    assert "Too much at once" in answer.text
    assert "key" not in answer.text
