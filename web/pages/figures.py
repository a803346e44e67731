"""The evidence behind a figure: a small card for where it stands, a page of its own, its chart, and the same run computed again."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from api.problems import NotFound
from graphs.replay import replay
from grounding.evidence import Evidence, Locale
from grounding.slots import render as fill
from grounding.slots import table_markdown
from store import clients, evidence
from store.clients import Client
from tools.contract import Figure
from web.desk import AtDesk, Desk
from web.markdown import to_page
from web.rendering import HEADERS, render
from web.visiting import Pages, Who

router = Pages("evidence")

BASES = {
    "experiment": "measured in an experiment",
    "observed": "counted in the client's data",
    "stated": "stated by the client",
    "attributed": "attributed by the platforms: a claim of theirs",
    "model": "estimated by a model",
    "benchmark": "from a published benchmark",
    "assumed": "assumed, and named as such",
}
CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of the picture itself, which is shown as an image: its own style attributes, nothing else."""


@router.page("/evidence/{id}")
async def whole(desk: AtDesk, id: str) -> HTMLResponse:
    """All of a record."""
    record, client = await found(desk, id)
    return desk.page("evidence.html", section="", **shown(record, client))


@router.page("/evidence/{id}/card")
async def card(desk: AtDesk, id: str, key: str) -> HTMLResponse:
    """One figure of a record, for the card that opens where it stands."""
    record, client = await found(desk, id)
    figure = meant(record, key)
    return HTMLResponse(render("figure_card.html", figure=figure, key=key, who=desk.who, **shown(record, client)), headers=HEADERS)


@router.page("/evidence/{id}/replay", methods=("POST",), scope="evidence:read")
async def again(request: Request, who: Who, id: str) -> HTMLResponse:
    """Compute it again and say what came out."""
    comparison = await replay(request.app.state.house.services, who.caller.workspace_id, id)
    return HTMLResponse(render("replayed.html", comparison=comparison, id=id), headers=HEADERS)


@router.page("/evidence/{id}/chart.svg")
async def chart(desk: AtDesk, id: str) -> Response:
    """The record's chart. A record does not change, so a browser may keep it."""
    record, _ = await found(desk, id)
    return await picture(record)


async def picture(record: Evidence) -> Response:
    """The chart of a record, drawn. Raises NotFound."""
    specification = record.result.get("chart")
    if not specification:
        raise NotFound("This result has no chart.")
    from grounding.formats.chart import svg

    drawn = await asyncio.to_thread(svg, specification)
    headers = {"Content-Security-Policy": CHART_POLICY, "Cache-Control": "private, max-age=86400, immutable"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def meant(record: Evidence, key: str) -> Figure | None:
    """The figure that a link of a text means, which may be an end of its interval."""
    stem, _, end = key.rpartition(".")
    return record.by_key.get(key) or (record.by_key.get(stem) if end in ("low", "high") else None)


async def found(desk: Desk, id: str) -> tuple[Evidence, Client | None]:
    """The record and whose it is. Raises NotFound."""
    stored = await evidence.get(desk.connection, id)
    if stored is None:
        raise NotFound("There is no such evidence in your workspace.")
    return stored.evidence, await clients.get_client(desk.connection, stored.client_id)


def shown(record: Evidence, client: Client | None) -> dict[str, Any]:
    """A record for a template, its sentences filled in."""
    alias = record.alias or "E"
    named = {alias: record}
    locale = client.locale if client else Locale()

    def said(text: str) -> str:
        return fill(text, named, locale, links=False, own=alias).text

    return {
        "record": record,
        "client": client,
        "bases": BASES,
        "findings": [said(text) for text in record.result.get("findings", ())],
        "caveats": [said(caveat.text) for caveat in record.caveats],
        "chart": record.result.get("chart"),
        "table": to_page(table_markdown(record, locale)),
    }
