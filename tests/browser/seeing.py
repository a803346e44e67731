"""Chromium with somebody signed in, and what may not happen on any page: an error in the console, a request that leaves the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from web.visiting import COOKIE

CHROMIUM = os.environ.get("GROUNDWORK_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MISSING = "Chromium is not installed: apt-get install chromium, or GROUNDWORK_CHROMIUM=/path/to/it"
SERIOUS = ("serious", "critical")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 780}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Watched:
    """A page and all that was wrong on it."""

    page: Page
    site: str
    wrong: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def watch(self) -> None:
        """Write down what may not happen."""
        self.page.on("console", lambda said: self._note(f"console {said.type}: {said.text}") if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        self.page.on("request", lambda request: self._note(f"left the machine: {request.url}") if self._leaves(request.url) else None)

    def _leaves(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.site

    def _note(self, what: str) -> None:
        if not any(text in what for text in self.expected):
            self.wrong.append(f"{self.page.url}: {what}")

    async def go(self, path: str) -> None:
        """Open a page of the site."""
        await self.page.goto(self.site + path)

    async def barriers(self) -> list[str]:
        """What axe finds serious or worse, as lines."""
        found = await Axe().run(self.page)
        return [
            f"{self.page.url}: {one['id']} ({one['impact']}): {node['html'][:200]}"
            for one in found.response["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    async def too_wide(self) -> int:
        """By how many pixels the page is wider than its window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@asynccontextmanager
async def seen(browser: Browser, site: str, secret: str | None = None, **options: Any) -> AsyncIterator[Watched]:
    """A page of a browser of its own, signed in by a session's secret; fails at its end when something was wrong."""
    context = await browser.new_context(**{"viewport": WIDE, "locale": "en-ZA", **options})
    if secret is not None:
        await context.add_cookies([{"name": COOKIE, "value": secret, "url": site}])
    page = await context.new_page()
    page.set_default_timeout(20_000)
    watched = Watched(page, site)
    watched.watch()
    try:
        yield watched
    finally:
        await context.close()
    assert not watched.wrong, "\n".join(watched.wrong)
