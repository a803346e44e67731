"""The front door: on to the client that somebody was last at, or to the portal."""

from __future__ import annotations

from fastapi.responses import Response

from web.desk import AtDesk, back_to
from web.visiting import Pages

router = Pages("clients")


@router.page("/", scope=None)
async def home(desk: AtDesk) -> Response:
    """To the overview of the first client; whoever is of a portal, to that."""
    if desk.who.caller.role == "client":
        return back_to("/portal")
    if not desk.clients:
        return desk.page("no_clients.html", section="home")
    return back_to(f"/c/{desk.clients[0].slug}")
