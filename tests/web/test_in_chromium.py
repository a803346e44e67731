"""A short walk in a real browser: signing in, figures that open, hostile text, no barrier, no error. The journey: make test-browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from store import clients, members, sessions
from tests.browser.seeing import CHROMIUM, MISSING, NARROW, chromium, seen
from tests.web.test_overview import with_orders
from web.visiting import COOKIE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def test_signing_in_by_link_leads_to_the_overview_whose_figures_open_their_evidence(browser, site, owner, database, store_settings):
    await with_orders(owner, database, store_settings, a_day=10)
    await owner.send("/c/salon/goals", name=["bookings"], measure=["orders"], target=["300"])
    async with database.transaction(owner.workspace.id) as connection:
        secret = await sessions.make_link(connection, owner.member.id, hours=1)
    async with seen(browser, site) as watched:
        page = watched.page
        await watched.go(f"/welcome/{secret}")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1, name="Salon (simulated)")).to_be_visible()
        figure = page.get_by_role("link", name="310", exact=True)
        await figure.click()
        card = page.get_by_role("dialog")
        await expect(card.get_by_role("heading", level=2)).to_have_text("Paid orders")
        await card.get_by_role("button", name="Compute again").click()
        await expect(card.get_by_role("status")).to_contain_text("Computed again on the same data: equal.")
        await page.keyboard.press("Escape")
        await expect(card).to_be_hidden()
        assert await watched.barriers() == []


async def test_text_of_others_stays_text_and_no_page_is_wider_than_a_phone(browser, site, owner, database):
    async with database.transaction(owner.workspace.id) as connection:
        await clients.create_client(connection, "hostile", SCRIPT, owner.client.locale, {})
        member = await members.create_member(connection, f"x{owner.member.email}", SCRIPT, "owner")
        secret = await sessions.open_session(connection, member.id, hours=1)
    async with seen(browser, site, secret, viewport=NARROW) as watched:
        places = ("", "/chat", "/deliverables", "/approvals", "/data", "/experiments", "/settings")
        for place in places:
            await watched.go(f"/c/hostile{place}")
            assert await watched.page.evaluate("document.querySelectorAll('body script, img[onerror]').length") == 0
            assert await watched.page.title() != "taken"
            assert await watched.too_wide() <= 0, place
            assert await watched.barriers() == []


async def test_after_signing_out_the_back_button_shows_nothing(browser, site, owner):
    async with seen(browser, site, owner.http.cookies[COOKIE]) as watched:
        page = watched.page
        await watched.go("/c/salon")
        await watched.go("/c/salon/goals")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Groundwork")
        await page.go_back()
        await expect(page.get_by_label("E-mail address")).to_be_visible()
