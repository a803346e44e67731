"""The journey of a marketer, from the link in the invitation to the exported PDF. Run with `make test-browser`."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from pypdf import PdfReader

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
    await house.ask_for_approval(report=Requirement(roles=("owner",), four_eyes=False))
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

        # a report is asked for, followed to the point where it waits, rejected with a reason, and comes back
        await page.get_by_role("link", name="Deliverables", exact=True).click()
        await page.get_by_role("link", name="Ask for one").click()
        await page.get_by_role("radio", name=re.compile("^Report")).check()
        await page.get_by_label("Brief").fill("Monthly report for October 2026. Goal: 5600 bookings, R18 000 a month.")
        assert await watched.barriers() == []
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("link", name="Look at the request")).to_be_visible(timeout=90_000)
        assert await watched.barriers() == []
        await page.get_by_role("link", name="Look at the request").click()
        assert await watched.barriers() == []
        await page.get_by_label("What should be mended").fill("Say in the first sentence what to decide.")
        await page.get_by_role("button", name="Reject").click()
        await expect(page.get_by_role("main")).to_contain_text("Say in the first sentence what to decide.")
        await page.get_by_role("navigation", name="Places").get_by_role("link", name="Approvals").click()
        again = page.get_by_role("main").get_by_role("link", name=re.compile("report", re.I)).first
        async with asyncio.timeout(60):
            while not await again.is_visible():
                await asyncio.sleep(0.5)
                await page.reload()

        # an edit that invents a number is marked where it stands; the honest one is verified, kept and asked about anew
        await again.click()
        await page.get_by_role("link", name="Edit the text").click()
        field = page.locator(".chips").first
        watched.expected = ("422",)
        invented = " We will win 999 bookings more."
        await field.press("Control+End")
        await page.keyboard.type(invented)
        await page.get_by_role("button", name="Verify and save").click()
        await expect(page.locator("mark").first).to_contain_text("999", timeout=30_000)
        await expect(field).to_contain_text(invented.strip())
        assert await watched.barriers() == []
        await field.press("Control+End")
        for _ in invented:
            await page.keyboard.press("Backspace")
        await page.keyboard.type(" Tell us what you think of it.")
        await page.get_by_role("button", name="Verify and save").click()
        await expect(page.get_by_role("main")).to_contain_text("Tell us what you think of it.", timeout=30_000)
        assert await watched.barriers() == []

        # approved as it was seen, published, exported
        await page.get_by_role("navigation", name="Places").get_by_role("link", name="Approvals").click()
        await page.get_by_role("main").get_by_role("link", name=re.compile("report", re.I)).first.click()
        await expect(page.locator("ins").first).to_be_visible()
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("main")).to_contain_text("Approved")
        await page.get_by_role("link", name="The deliverable, its versions and comments").click()
        await expect(page.get_by_role("main")).to_contain_text("Published", timeout=60_000)
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Download as PDF").click()
        await (await coming.value).save_as(tmp_path / "report.pdf")
    text = " ".join(" ".join(part.extract_text() for part in PdfReader(tmp_path / "report.pdf").pages).split())
    assert "Tell us what you think of it." in text
    assert "Draft" not in text
    assert "999" not in text
