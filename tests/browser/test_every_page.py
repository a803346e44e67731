"""Every page in light and dark, on a screen and on a phone: no barrier that axe calls serious, nothing wider than its window, no error."""

from __future__ import annotations

import pytest

from store import deliverables, evidence
from tests.browser.seeing import NARROW, WIDE, seen

pytestmark = pytest.mark.browser

PLACES = (
    "",
    "/goals",
    "/chat",
    "/deliverables",
    "/tasks",
    "/tasks/new",
    "/approvals",
    "/approvals?state=all",
    "/data",
    "/data/documents",
    "/data/erase",
    "/experiments",
    "/experiments/new",
    "/settings",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["screen", "phone"])
async def test_every_page_is_free_of_barriers(house, browser, scheme, window):
    secret = await house.session(await house.member("Looking"))
    async with house.database.transaction(house.workspace.id) as connection:
        made = [one.id for one in await deliverables.list_(connection, client_id=house.salon.id, limit=2)]
        record = (await evidence.list_ids(connection, client_id=house.salon.id))[:1]
    paths = [f"/c/salon{place}" for place in PLACES] + [f"/c/salon/deliverables/{one}" for one in made]
    paths += [f"/evidence/{one}" for one in record] + ["/workspace"]
    async with seen(browser, house.address, secret, viewport=window, color_scheme=scheme) as watched:
        found: list[str] = []
        for path in paths:
            await watched.go(path)
            found += await watched.barriers()
            if (over := await watched.too_wide()) > 0:
                found.append(f"{path} is {over} pixels wider than its window")
        assert found == [], "\n".join(found)
