"""What goes wrong around a page: a reload or a lost line in mid-answer, two tabs, two people on one approval, a session that ended."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from store.policies import Requirement
from tests.browser.seeing import seen

pytestmark = pytest.mark.browser

QUESTION = "What does a conversion cost us on each channel?"
NETWORK = ("net::ERR_INTERNET_DISCONNECTED", "ERR_NETWORK", "Failed to fetch", "ERR_ABORTED")


async def begin(watched, question: str = QUESTION) -> None:
    """Begin a conversation with this question."""
    await watched.go("/c/salon/chat")
    await watched.page.get_by_label("Message").fill(question)
    await watched.page.get_by_role("button", name="Send").click()
    await watched.page.wait_for_url(re.compile("/chat/th_"))


async def answered(watched) -> str:
    """The conversation once nothing is being answered."""
    page = watched.page
    await expect(page.get_by_role("article").last).to_contain_text("cost per click", timeout=60_000)
    await expect(page.get_by_role("button", name="Stop the answer")).to_be_hidden(timeout=60_000)
    return await page.get_by_role("article").last.inner_text()


def words(text: str) -> list[str]:
    """The words of a conversation without what tells times and steps."""
    return [line for line in text.splitlines() if line.strip() and not re.search(r"\d\d:\d\d|\bms\b", line)]


async def test_after_a_reload_or_a_lost_line_in_mid_answer_nothing_is_missing_or_doubled(house, browser):
    secret = await house.session(await house.member("Reloading"))
    async with seen(browser, house.address, secret) as watched:
        watched.expected = NETWORK
        await begin(watched)
        await watched.page.reload()
        await asyncio.sleep(0.3)
        await watched.page.context.set_offline(True)
        await asyncio.sleep(2)
        await watched.page.context.set_offline(False)
        live = words(await answered(watched))
        await watched.page.reload()
        kept = words(await answered(watched))
    assert live == kept
    long = [line for line in live if len(line) > 50]
    assert len(long) == len(set(long)), "no paragraph stands there twice"


async def test_two_tabs_show_the_same_conversation(house, browser):
    secret = await house.session(await house.member("Two tabs"))
    async with seen(browser, house.address, secret) as first, seen(browser, house.address, secret) as second:
        await begin(first)
        await second.page.goto(first.page.url)
        await answered(first)
        await answered(second)
        await second.page.get_by_label("Message").fill("And what about Meta?")
        await second.page.get_by_role("button", name="Send").click()
        await expect(first.page.get_by_text("And what about Meta?")).to_be_visible(timeout=20_000)
        for tab in (first, second):
            await expect(tab.page.get_by_role("button", name="Stop the answer")).to_be_hidden(timeout=60_000)
        await asyncio.sleep(1)
        texts = [words(await tab.page.get_by_role("article").last.inner_text()) for tab in (first, second)]
    assert texts[0] == texts[1]


async def test_what_was_typed_outlives_a_lost_session(house, browser):
    member = await house.member("Typing")
    secret = await house.session(member)
    async with seen(browser, house.address, secret) as watched:
        page = watched.page
        await begin(watched, "Who are you?")
        await expect(page.get_by_role("button", name="Stop the answer")).to_be_hidden(timeout=60_000)
        thread = page.url
        await page.get_by_label("Message").fill("A long thought that took a while")
        await page.context.clear_cookies()
        watched.expected = ("401",)
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("main")).to_contain_text(re.compile("sign", re.I))
        link = await house.link(member)
        await watched.go(link)
        await page.get_by_role("button", name="Sign in").click()
        await page.goto(thread)
        await expect(page.get_by_label("Message")).to_have_value("A long thought that took a while")


async def test_two_people_on_one_approval_the_second_is_told_what_happened(house, browser):
    await house.ask_for_approval(strategy=Requirement(roles=("owner",), four_eyes=False))
    secrets = [await house.session(await house.member(name)) for name in ("First", "Second")]
    async with seen(browser, house.address, secrets[0]) as first, seen(browser, house.address, secrets[1]) as second:
        await first.go("/c/salon/tasks/new?kind=strategy")
        await first.page.get_by_role("radio", name=re.compile("^Strategy")).check()
        await first.page.get_by_label("Brief").fill("R15 000 a month, Google Ads, Meta, LinkedIn, TikTok and email. Goal: bookings.")
        await first.page.get_by_role("button", name="Start").click()
        await expect(first.page.get_by_role("link", name="Look at the request")).to_be_visible(timeout=90_000)
        await first.page.get_by_role("link", name="Look at the request").click()
        await first.page.wait_for_url(re.compile("/approvals/"))
        await second.page.goto(first.page.url)
        # a double click approves once
        await first.page.get_by_role("button", name="Approve").dblclick()
        await expect(first.page.get_by_role("main")).to_contain_text("Approved", timeout=30_000)
        second.expected = ("409",)
        await second.page.get_by_role("button", name="Approve").click()
        await expect(second.page.get_by_role("main")).to_contain_text(re.compile("approved", re.I))
        await expect(second.page.get_by_role("main")).to_contain_text("First")
