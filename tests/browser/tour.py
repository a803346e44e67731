"""`make tour`: docs/tour.md and its pictures, taken from a server on the demo's data. Nothing in them is drawn by hand.

The demo is made where GROUNDWORK_HOME says if it is not there. What the pictures need besides it (a conversation, a report that waits for
approval) is asked for through the pages, as anybody would.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.seeing import CHROMIUM, MISSING, chromium
from tests.serving import REPOSITORY, served

FOLDER = REPOSITORY / "docs" / "tour"
SCREEN, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
BRIEF = "Monthly report for October 2026. Goal: 5600 bookings, R18 000 a month."


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file, its heading and what it shows."""

    name: str
    title: str
    text: str


class Tour:
    """The pictures in the order in which they were taken."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site, self.taken = page, site, list[Picture]()

    async def go(self, path: str) -> None:
        """Open a page of the site."""
        await self.page.goto(self.site + path)

    async def take(self, name: str, title: str, text: str, *, dark: bool = False, phone: bool = False) -> None:
        """What is seen without scrolling."""
        await self.page.emulate_media(color_scheme="dark" if dark else "light")
        await self.page.set_viewport_size(PHONE if phone else SCREEN)
        await self.page.wait_for_timeout(800)
        await self.page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=70)
        await self.page.set_viewport_size(SCREEN)
        self.taken.append(Picture(name, title, text))


async def walk(tour: Tour) -> None:
    """From the overview to the portal's door."""
    page = tour.page
    places = page.get_by_role("navigation", name="Places")
    await tour.go("/c/salon")
    await expect(page.get_by_role("heading", name="Goals this month")).to_be_visible()
    await expect(page.locator("[data-renew], [aria-busy]")).to_have_count(0, timeout=60_000)
    await tour.take(
        "overview",
        "Overview",
        "Goals against what is on record, what changed, promises, what wants a look, what is at work, what models cost.",
    )

    await page.locator("a.figure").first.click()
    await expect(page.get_by_role("button", name="Compute again")).to_be_visible()
    await tour.take(
        "figure",
        "A figure",
        "Every underlined figure opens its evidence: interval, basis, tool and data version. It can be computed again there.",
    )
    await page.keyboard.press("Escape")

    await places.get_by_role("link", name="Chat").click()
    await page.get_by_label("Message").fill("What does a conversion cost us on each channel?")
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url(re.compile("/chat/th_"))
    await expect(page.get_by_role("article").last).to_contain_text("cost per click", timeout=60_000)
    await expect(page.get_by_role("button", name="Stop the answer")).to_be_hidden(timeout=60_000)
    await page.evaluate("scrollTo(0, 0)")
    await tour.take(
        "chat",
        "Chat",
        "An answer as it comes, sentence by sentence, each verified before it is shown; the tool step opens.",
    )

    await places.get_by_role("link", name="Deliverables").click()
    await tour.take("deliverables", "Deliverables", "What was made for the client, by kind and state.")
    await page.get_by_role("main").get_by_role("link", name=re.compile("^Strategy")).first.click()
    await tour.take(
        "deliverable", "A deliverable", "The text with its figures, how many were verified, versions, comments, and the files to take away."
    )

    await places.get_by_role("link", name="Settings").click()
    await page.get_by_role("link", name="Approval", exact=True).click()
    await tour.take("policy", "Approval policy", "What needs whose approval, for each kind of text.")
    await tour.go("/c/salon/tasks/new?kind=report")
    await page.get_by_role("radio", name=re.compile("^Report")).check()
    await page.get_by_label("Brief").fill(BRIEF)
    await page.get_by_role("button", name="Start").click()
    made = page.get_by_role("main").get_by_role("link", name=re.compile("^Monthly report")).first
    await expect(made).to_be_visible(timeout=120_000)
    await tour.take("task", "A task", "The steps of a task as they happen, each tool run with its result.")
    await made.click()
    await page.get_by_role("link", name="Edit", exact=True).click()
    field = page.locator(".chips").first
    await field.press("Control+End")
    await page.keyboard.type(" We will win 999 bookings more.")
    await page.get_by_role("button", name="Verify and save").click()
    await expect(page.locator("mark").first).to_be_visible(timeout=60_000)
    await page.locator("mark").first.scroll_into_view_if_needed()
    await tour.take(
        "editing",
        "Editing",
        "Figures are chips. Saving reads the text again: an invented number is marked where it stands, and nothing typed is lost.",
    )

    await tour.go("/c/salon/data")
    await tour.take("data", "Data", "What each table covers and how fresh it is; a file is looked at before it is imported.", dark=True)
    await tour.go("/c/salon/experiments")
    await tour.take("experiments", "Experiments", "Planned, registered, looked at by what was registered, and decided.")
    await tour.go("/c/salon")
    await tour.take("phone", "On a phone", "The same pages, 360 pixels wide and up.", phone=True)


async def main(home: Path) -> int:
    """Take the pictures and write the page around them."""
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    environment = os.environ | {"GROUNDWORK_HOME": str(home)}
    command = [sys.executable, "-m", "cli.main"]
    subprocess.run([*command, "demo"], env=environment, check=True, cwd=REPOSITORY)
    async with served(home, home / "tour.log") as site, chromium() as browser:
        link = subprocess.run(
            [*command, "member", "link", "demo@localhost", "--workspace", "demo"],
            env=environment, check=True, cwd=REPOSITORY, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        tour = Tour(await page_of(browser), site)
        await tour.go(f"/welcome/{link.rsplit('/', 1)[1]}")
        await page_signs_in(tour.page)
        await walk(tour)
    write(tour.taken)
    return 0


async def page_of(browser: Browser) -> Page:
    """A page of the size of the pictures."""
    return await (await browser.new_context(viewport=SCREEN, locale="en-ZA")).new_page()


async def page_signs_in(page: Page) -> None:
    """Through the invitation."""
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile("/c/"))


def write(taken: list[Picture]) -> None:
    """docs/tour.md."""
    lines = [
        "# A tour in pictures",
        "",
        "Taken by `make tour` from a server on simulated clients, with the rule-based offline model. In words: [pages](pages.md).",
    ]
    for picture in taken:
        lines += ["", f"## {picture.title}", "", picture.text, "", f"![{picture.title}](tour/{picture.name}.jpg)"]
    (REPOSITORY / "docs" / "tour.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(os.environ.get("GROUNDWORK_HOME", ".groundwork")).resolve())))
