"""A deliverable in each of the formats that people and programs take."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from store import evidence
from store.database import Connection
from store.deliverables import Deliverable, DeliverableStatus, in_order

Format = Literal["json", "md", "html", "pdf", "docx"]


class DeliverableCard(BaseModel):
    """A deliverable without its text."""

    id: str
    run: str = Field(description="the run, and task, that made it")
    client: str = Field(description="slug of the client")
    kind: str
    title: str
    version: int
    status: DeliverableStatus
    draft: bool = Field(description="whether it is not published: not for use outside the house")
    created_at: datetime


class FullDeliverable(DeliverableCard):
    """A deliverable with its text, the verdict on every numeral, and where its figures came from."""

    content: dict[str, Any] = Field(description="the parts as the agent wrote them, slots in place of figures")
    markdown: str = Field(description="the rendered text; each figure links to its evidence")
    verdict: dict[str, Any] = Field(description="what the verifier found, numeral by numeral")
    evidence: dict[str, str] = Field(description="alias in the text (E1, B) to evidence id")
    model: dict[str, Any] = Field(description="which model wrote it; is_llm false for the offline rules")
    prompt: dict[str, Any] = Field(description="which prompts, by name and hash")
    content_hash: str


def card(made: Deliverable, slug: str) -> DeliverableCard:
    """The card of a version."""
    names = ("id", "kind", "title", "version", "status", "created_at")
    return DeliverableCard(client=slug, run=made.run_id, draft=made.status != "published", **{name: getattr(made, name) for name in names})


def full(made: Deliverable, slug: str) -> FullDeliverable:
    """All of a version."""
    names = ("content", "markdown", "verdict", "model", "prompt", "content_hash")
    more = {name: getattr(made, name) for name in names}
    return FullDeliverable(**card(made, slug).model_dump(), evidence=made.evidence_aliases, **more)


SPOKEN = re.compile(r"\]\(evidence:([A-Z]\d*)\.|^\*Table: ([A-Z]\d*), \w+\.\*", re.MULTILINE)


def spoken_of(made: Deliverable) -> frozenset[str]:
    """Aliases of the results that the text shows a figure or the table of; a run may have asked for more."""
    return frozenset(figure or table for figure, table in SPOKEN.findall(made.markdown))


async def charts_of(connection: Connection, made: Deliverable) -> list[dict[str, Any]]:
    """The charts of the results that the text speaks of, in the order of their aliases."""
    wanted = spoken_of(made)
    ids = [identity for alias, identity in in_order(made.evidence_aliases) if alias in wanted]
    kept = await evidence.many(connection, ids)
    records = [kept[identity] for identity in ids if identity in kept]
    return [chart for record in records if (chart := record.evidence.result.get("chart"))]


DRAFT: dict[DeliverableStatus, str] = {
    "draft": "Draft: another version took its place.",
    "awaiting_approval": "Draft: waits for approval.",
    "needs_person": "Draft: a person has to settle it.",
    "rejected": "Draft: rejected.",
}


def marked(made: Deliverable) -> str:
    """The text, with a mark on top when it was not published."""
    mark = DRAFT.get(made.status)
    return f"> **{mark}** Not published, not for use outside the house.\n\n{made.markdown}" if mark else made.markdown


def written(made: Deliverable, chosen: str, charts: list[dict[str, Any]], *, language: str, links: bool = True) -> bytes:
    """The deliverable in a format for people. `links`: whether its figures lead to their evidence. CPU work: call it off the event loop."""
    from grounding.formats.docx import to_docx
    from grounding.formats.html import to_html
    from grounding.formats.markdown import to_markdown
    from grounding.formats.pdf import to_pdf

    if chosen == "md":
        return to_markdown(marked(made)).encode()
    title = f"{made.title} (draft)" if made.status in DRAFT else made.title
    if chosen == "html":
        text = marked(made) if links else to_markdown(marked(made))
        return to_html(text, title, evidence_ids=made.evidence_aliases, charts=charts, language=language).encode()
    if chosen == "docx":
        return to_docx(marked(made), title, charts=charts, language=language)
    return to_pdf(marked(made), title, charts=charts, language=language)
