"""Editing in a browser: figures as chips that keep their slots, a figure put in, and nothing typed lost with the session."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.seeing import NARROW, seen
from tests.web.waiting import copied, services_of

pytestmark = pytest.mark.browser

FIRST, SECOND = "at:summary.0", "at:summary.1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(house, store_settings):
    """A published strategy of the house's client."""
    return await copied(services_of(house.database, store_settings), house.workspace.id, house.salon, asked_by="member:mb_asker")


def at(made, rest="/edit"):
    return f"/c/salon/deliverables/{made.id}{rest}"


async def test_figures_are_chips_and_the_form_sends_their_slots(house, browser, made):
    secret = await house.session(await house.member("Editing"))
    async with seen(browser, house.address, secret) as watched:
        page = watched.page
        await watched.go(at(made))
        held = page.locator(f'textarea[name="{SECOND}"]')
        before = await held.input_value()
        field = page.get_by_role("textbox", name="In short, paragraph 2")
        assert "{{" in before
        assert "{{" not in await field.inner_text()
        await field.press("Control+End")
        await page.keyboard.type(" Decide now.")
        assert await held.input_value() == f"{before} Decide now."
        await page.get_by_role("searchbox").fill("brief budget")
        await page.locator(".found").get_by_role("button").first.click()
        assert await held.input_value() == f"{before} Decide now.{{{{B.budget}}}}"
        await page.keyboard.press("Backspace")
        assert await held.input_value() == f"{before} Decide now.", "a chip goes as one"
        assert await watched.barriers() == []
        await page.set_viewport_size(NARROW)
        assert await watched.too_wide() <= 0


async def test_what_was_typed_outlives_a_session_that_ended(house, browser, made):
    member = await house.member("Interrupted")
    async with seen(browser, house.address, await house.session(member)) as watched:
        page = watched.page
        watched.expected = ("401",)
        await watched.go(at(made))
        await page.locator(".chips").first.press("Control+End")
        await page.keyboard.type(" Typed with chips.")
        await page.locator('[name="at:title"]').fill("A title of my own")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Verify and save").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
        await watched.go(await house.link(member))
        await page.get_by_role("button", name="Sign in").click()
        await watched.go(at(made))
        await expect(page.locator(".chips").first).to_contain_text("Typed with chips.")
        await expect(page.locator('[name="at:title"]')).to_have_value("A title of my own")
        await page.get_by_role("button", name="Verify and save").click()
        await expect(page.get_by_role("status").first).to_contain_text("Your text holds", timeout=30_000)
        assert await page.evaluate("Object.keys(localStorage).length") == 0, "what the service has is kept no longer"


async def test_words_that_are_selected_are_quoted_in_a_comment(house, browser, made):
    secret = await house.session(await house.member("Commenting", "approver"))
    async with seen(browser, house.address, secret) as watched:
        page = watched.page
        await watched.go(at(made, ""))
        await page.locator("article h2").first.select_text()
        await expect(page.get_by_label("About these words")).to_have_value("In short")
        await page.get_by_label("Comment", exact=True).fill("Shorter, please.")
        await page.get_by_role("button", name="Comment", exact=True).click()
        await expect(page.locator(".remarks blockquote")).to_have_text("In short")
        await expect(page.get_by_label("Comment", exact=True)).to_have_value("")
        await page.get_by_role("button", name="Show in the text").click()
        assert await page.evaluate("getSelection().toString()") == "In short"
        assert await page.evaluate("CSS.highlights.get('remarks').size") == 1
