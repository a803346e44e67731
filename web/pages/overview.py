"""Overview of one client."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from web.desk import AtDesk
from web.visiting import Pages

router = Pages("tasks")


@router.page("/c/{slug}")
async def overview(desk: AtDesk) -> HTMLResponse:
    """How the client stands."""
    return desk.page("overview.html", section="overview")
