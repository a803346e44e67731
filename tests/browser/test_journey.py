"""The journey of a marketer, from the link in the invitation to the exported PDF. Run with `make test-browser`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from store.policies import Requirement
from tests.browser.seeing import seen

pytestmark = pytest.mark.browser

PRICES = """Competitor,Product,Price,Currency,Seen on,Source
Rival A (simulated),haircut,310.00,ZAR,2026-10-02,https://rival-a.example/prices
Rival A (simulated),colour,890.00,ZAR,2026-10-02,https://rival-a.example/prices
Rival B (simulated),haircut,285.00,ZAR,2026-10-09,https://rival-b.example/prices
Rival B (simulated),colour,not told,ZAR,2026-10-09,https://rival-b.example/prices
"""
HOSTILE = "<script>document.title='taken'</script>.csv"


async def follow_to_end(page: Page) -> None:
    """Wait until nothing is being answered any more."""
    await expect(page.get_by_role("button", name="Stop the answer")).to_be_hidden(timeout=60_000)


async def test_from_the_invitation_over_import_and_chat_to_an_approved_and_exported_text(house, browser, tmp_path: Path):
    anna = await house.member("Anna")
    await house.ask_for_approval(report=Requirement(roles=("owner",)))
    async with seen(browser, house.address, accept_downloads=True) as watched:
        page = watched.page
        # the invitation
        await watched.go(await house.link(anna))
        await page.get_by_label("A password for the next time").fill("correct horse battery")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1, name="Salon demo (simulated)")).to_be_visible()
        assert await watched.barriers() == []

        # a file with a hostile name and one bad row comes in
        await page.get_by_role("link", name="Data", exact=True).click()
        await page.get_by_label("File to import").set_input_files({"name": HOSTILE, "mimeType": "text/csv", "buffer": PRICES.encode()})
        await page.get_by_role("button", name="Look at the file").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("script")
        assert await watched.barriers() == []
        await page.get_by_role("button", name="Import", exact=True).click()
        await expect(page.get_by_role("status").first).to_contain_text("3 rows are in competitor_prices", timeout=30_000)
        await expect(page.get_by_role("main")).to_contain_text("1")

        # a question, answered with a tool step that opens, and a figure that opens its evidence
        await page.get_by_role("link", name="Chat", exact=True).click()
        await page.get_by_label("Message").fill("What does a conversion cost us on Meta?")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("article")).to_contain_text("Meta", timeout=60_000)
        await follow_to_end(page)
        await page.get_by_text(re.compile("summarize channels", re.I)).first.click()
        await expect(page.get_by_text("Request", exact=True).first).to_be_visible()
        assert await watched.barriers() == []
        await page.get_by_role("article").get_by_role("link", name=re.compile(r"^R\s?\d")).first.click()
        card = page.get_by_role("dialog")
        await expect(card.get_by_role("button", name="Compute again")).to_be_visible()
        await card.get_by_role("button", name="Compute again").click()
        await expect(card.get_by_role("status")).to_contain_text("equal", timeout=60_000)
        await card.get_by_role("button", name="Close").click()
