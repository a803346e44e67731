"""The desk of those who work here: whoever is of a portal has no business at a client's own pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from api.problems import NotFound
from graphs.approving import Person
from store import deliverables
from store.deliverables import Deliverable
from web.desk import AtDesk, Desk
from web.visiting import Visitor

SAYING = ("deliverables:write", "approvals:write", "tasks:write")
"""Whoever has one of these may remark on a text."""


async def at_work(desk: AtDesk) -> Desk:
    """The desk. Raises NotFound for the role client, as if nothing were here."""
    return worker(desk)


AtWork = Annotated[Desk, Depends(at_work, scope="function")]


def worker(desk: Desk) -> Desk:
    """The desk, of somebody who works here. Raises NotFound."""
    if desk.who.caller.role == "client":
        raise NotFound("Nothing is at this address for you: what was published for you is in the portal.")
    return desk


async def version(desk: Desk, id: str) -> Deliverable:
    """A version of a deliverable of the client of the address. Raises NotFound."""
    made = await deliverables.get(desk.connection, id)
    if made is None or made.client_id != desk.client.id:
        raise NotFound("There is no such deliverable of this client. It may have been deleted: look at the list.")
    return made


def person(who: Visitor) -> Person:
    """The visitor, as approvals know them."""
    return Person(who.caller.actor, who.caller.role)


def may_say(who: Visitor) -> bool:
    """Whether they may remark on a text."""
    return any(who.may(scope) for scope in SAYING)
