"""The portal: what was published for the one client of whoever is signed in, and nothing else."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from api.deliverables import may_see
from api.problems import NotFound
from store import deliverables
from store.clients import Client
from store.deliverables import Deliverable
from web.desk import AtDesk, Desk, back_to
from web.outside import FORMATS, cards, record_of, text_for
from web.pages.deliverables import handed_out
from web.pages.figures import picture
from web.rendering import HEADERS, render
from web.visiting import Pages

router = Pages("deliverables")


@router.page("/portal")
async def listed(desk: AtDesk) -> Response:
    """What was published, newest first."""
    if desk.who.caller.role != "client":
        return back_to("/")
    client = theirs(desk)
    made = await deliverables.published(desk.connection, client.id)
    return desk.page("portal.html", section="portal", made=made, client=client)


@router.page("/portal/{id}")
async def read(desk: AtDesk, id: str) -> HTMLResponse:
    """One published text."""
    made, client = await published(desk, id)
    base = f"/portal/{made.id}"
    text, outlines = await text_for(desk.connection, made, base)
    return desk.page(
        "portal_text.html", section="portal", made=made, client=client, text=text, outlines=outlines, base=base, formats=FORMATS
    )


@router.page("/portal/{id}/figures/{alias}")
async def figures(desk: AtDesk, id: str, alias: str) -> HTMLResponse:
    """The figures of one result that the text shows, each as a plain card."""
    made, client = await published(desk, id)
    found = await cards(desk.connection, made, alias)
    return desk.page("plain_cards.html", section="portal", cards=found, client=client, back=f"/portal/{made.id}", title=made.title)


@router.page("/portal/{id}/figures/{alias}/card")
async def card(desk: AtDesk, id: str, alias: str, key: str) -> HTMLResponse:
    """One figure of the text as a plain card."""
    made, client = await published(desk, id)
    found = [one for one in await cards(desk.connection, made, alias) if one.key == key]
    return HTMLResponse(render("plain_card.html", cards=found, client=client), headers=HEADERS)


@router.page("/portal/{id}/charts/{alias}.svg")
async def chart(desk: AtDesk, id: str, alias: str) -> Response:
    """A chart of the text."""
    made, _ = await published(desk, id)
    return await picture(await record_of(desk.connection, made, alias))


@router.page("/portal/{id}/file.{format}")
async def download(desk: AtDesk, id: str, format: str) -> Response:
    """The text as a file, without links to evidence."""
    made, client = await published(desk, id)
    return await handed_out(desk.connection, made, format, language=client.locale.language, links=False)


def theirs(desk: Desk) -> Client:
    """The client whose portal it is. Raises NotFound for whoever has none."""
    if desk.who.caller.role != "client" or not desk.clients:
        raise NotFound("Nothing is published for you here. Whoever invited you can tell you more.")
    return desk.clients[0]


async def published(desk: Desk, id: str) -> tuple[Deliverable, Client]:
    """A text that this visitor may see. Raises NotFound, the same for what is not there and what is not for them."""
    client = theirs(desk)
    made = await deliverables.get(desk.connection, id)
    if made is None or not may_see(desk.who.caller, made):
        raise NotFound("This was not published for you, or a newer version took its place: look at the list.")
    return made, client
