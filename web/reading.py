"""A deliverable's text as pages show it: without its title, figures as links, each chart where its table stands."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from store.deliverables import Deliverable, Outline
from web.markdown import to_page

TITLE = re.compile(r"^# .*\n+", re.MULTILINE)
TABLE = re.compile(r"^(?P<table>(?:\|.*\n)+)\n\*Table: (?P<alias>[A-Z]\d*), (?P<tool>\w+)\.\*[ \t]*$", re.MULTILINE)
SECTION = re.compile(r"^(?=## )", re.MULTILINE)
LINK = re.compile(r"\]\(evidence:([A-Z]\d*)\.([A-Za-z0-9_.]+)\)")
EVIDENCE = re.compile(r'href="/evidence/(?P<id>[A-Za-z0-9_]+)#(?P<key>[A-Za-z0-9_.]+)"')


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text; or the table of one result, or the place of its chart: then `alias` names the result."""

    text: Markup
    alias: str = ""
    tool: str = ""


async def text_of(made: Deliverable, outlines: Mapping[str, Outline]) -> tuple[Piece, ...]:
    """The text in order. A chart whose table the text does not hold comes at the end of the section that speaks of it most."""
    charts = tuple(alias for alias, outline in outlines.items() if outline.chart is not None)
    return await asyncio.to_thread(_pieces, made.markdown, tuple(sorted(made.evidence_aliases.items())), charts)


@lru_cache(maxsize=128)
def _pieces(markdown: str, ids: tuple[tuple[str, str], ...], charts: tuple[str, ...]) -> tuple[Piece, ...]:
    body = TITLE.sub("", markdown, count=1)
    tabled = {match["alias"] for match in TABLE.finditer(body)}
    sections = SECTION.split(body)
    spoken = [Counter(alias for alias, _ in LINK.findall(section)) for section in sections]
    most = {alias: max(counts[alias] for counts in spoken) for alias in charts}
    found: list[Piece] = []
    left = [alias for alias in charts if alias not in tabled]
    for section, counts in zip(sections, spoken, strict=True):
        position = 0
        for match in TABLE.finditer(section):
            found.append(Piece(_shown(section[position : match.start()], ids)))
            found.append(Piece(_shown(match["table"], ids), match["alias"], match["tool"]))
            position = match.end()
        found.append(Piece(_shown(section[position:], ids)))
        here = [alias for alias in left if counts[alias] == most[alias] > 0]
        found += [Piece(Markup(""), alias) for alias in here]
        left = [alias for alias in left if alias not in here]
    return tuple(piece for piece in found if piece.text or piece.alias)


def _shown(markdown: str, ids: tuple[tuple[str, str], ...]) -> Markup:
    # the page has its own first heading
    return Markup(to_page(markdown, dict(ids)).replace("<h1>", "<h2>").replace("</h1>", "</h2>"))  # noqa: S704 - cleaned by to_page


def led_to(text: Markup, base: str, aliases: Mapping[str, str]) -> Markup:
    """The text with its figures leading to plain cards under `base`, for readers who may not open evidence. `aliases`: by evidence id."""
    return Markup(EVIDENCE.sub(lambda m: f'href="{base}/{aliases.get(m["id"], m["id"])}#{m["key"]}"', text))  # noqa: S704 - only addresses change


def keys_shown(markdown: str) -> dict[str, list[str]]:
    """Which figures of which result the text shows, in their order: alias to keys."""
    shown: dict[str, dict[str, None]] = {}
    for alias, key in LINK.findall(markdown):
        shown.setdefault(alias, {})[key] = None
    return {alias: list(keys) for alias, keys in shown.items()}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verifier found, in numbers."""

    verified: int
    exempt: int
    failing: tuple[Mapping[str, Any], ...]
    words: tuple[Mapping[str, Any], ...]
    missing: tuple[Mapping[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing failed."""
        return not (self.failing or self.words or self.missing)


def checked(verdict: Mapping[str, Any]) -> Checked | None:
    """A kept verdict in short; None when there is none."""
    if "numerals" not in verdict:
        return None
    counts = Counter(numeral["verdict"] for numeral in verdict["numerals"])
    failing = tuple(numeral for numeral in verdict["numerals"] if numeral["verdict"] in ("CONTRADICTED", "UNSUPPORTED"))
    words, missing = tuple(verdict.get("words", ())), tuple(verdict.get("missing_caveats", ()))
    return Checked(counts["VERIFIED"], counts["EXEMPT"], failing, words, missing)
