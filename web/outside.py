"""What readers outside the house get: published texts, a plain card behind a figure, charts, files; no results, no drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.problems import NotFound
from api.writing import spoken_of
from grounding.evidence import Evidence
from store import deliverables, evidence
from store.database import Connection
from store.deliverables import Deliverable, Outline
from tools.contract import Figure
from web.pages.figures import BASES, meant
from web.reading import Piece, keys_shown, led_to, text_of

FORMATS = {"pdf": "PDF", "docx": "Word", "html": "HTML", "md": "Markdown"}


@dataclass(frozen=True, slots=True)
class Card:
    """One figure as anybody may see it."""

    key: str
    figure: Figure
    basis: str


async def text_for(connection: Connection, made: Deliverable, base: str) -> tuple[Sequence[Piece], dict[str, Outline]]:
    """The text with figures that lead to plain cards under `base`/figures, and what it stands on."""
    outlines = await deliverables.outlines(connection, made)
    aliases = {identity: alias for alias, identity in made.evidence_aliases.items()}
    text = await text_of(made, outlines)
    return [replace(piece, text=led_to(piece.text, f"{base}/figures", aliases)) for piece in text], outlines


async def record_of(connection: Connection, made: Deliverable, alias: str) -> Evidence:
    """A result that the text shows. Raises NotFound, also for one that the run asked for and the text does not speak of."""
    kept = await evidence.get(connection, made.evidence_aliases.get(alias, "")) if alias in spoken_of(made) else None
    if kept is None:
        raise NotFound("There is no such figure in this text.")
    return kept.evidence


async def cards(connection: Connection, made: Deliverable, alias: str) -> list[Card]:
    """The figures of one result that the text shows, and no others. Raises NotFound."""
    keys = keys_shown(made.markdown).get(alias, [])
    record = await record_of(connection, made, alias)
    found = [(key, meant(record, key)) for key in keys]
    shown = [Card(key, figure, BASES[figure.basis]) for key, figure in found if figure is not None]
    if not shown:
        raise NotFound("There is no such figure in this text.")
    return shown
