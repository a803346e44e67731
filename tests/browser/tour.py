"""`make tour`: docs/tour.md and its pictures, taken from a server on the demo's data. Nothing in them is drawn by hand.

The demo's home is made where GROUNDWORK_HOME says if it is not there; what the pictures need besides the demo (a report, a text that waits
for approval, a conversation, an experiment) is asked for through the same doors as anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.seeing import Watched
from tests.serving import REPOSITORY

FOLDER = REPOSITORY / "docs" / "tour"
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Stop:
    """One picture: where, what is done first, and what it shows."""

    name: str
    title: str
    text: str
    path: str = ""
    dark: bool = False
    phone: bool = False


async def take(watched: Watched, stop: Stop) -> None:
    """The picture of a stop: what is seen without scrolling."""
    page = watched.page
    await page.emulate_media(color_scheme="dark" if stop.dark else "light")
    await page.set_viewport_size(PHONE if stop.phone else {"width": 1280, "height": 800})
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=FOLDER / f"{stop.name}.jpg", type="jpeg", quality=82)
