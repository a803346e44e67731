"""A deliverable as PDF: Markdown tokens to typst markup, every text escaped; the same bytes each time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from grounding.formats.html import parser

if TYPE_CHECKING:
    from markdown_it.token import Token

PREAMBLE = """#set document(title: "{title}", date: none)
#set page(paper: "a4", margin: (x: 20mm, y: 22mm), numbering: "1 / 1")
#set text(font: ("Libertinus Serif", "New Computer Modern"), size: 10.5pt, lang: "{language}")
#set par(leading: 0.65em, spacing: 0.95em)
#set table(stroke: (x, y) => (bottom: 0.4pt + luma(190)), inset: 5pt, fill: (x, y) => if y == 0 {{ luma(243) }})
#show heading: it => block(above: 1.5em, below: 0.7em, sticky: true, it)
#show table: set text(size: 8.5pt)
#show table: set par(justify: false)
#show link: it => text(fill: rgb("#14507a"), it)
"""
SPECIAL = re.compile(r"([\\#$*_`<>@=\-+/~\[\]{}\"'&%^|;:().!?,])")
NARROWEST = 3.0
"""Share below which no column falls."""
LETTER = 0.5
"""Share that a letter of an unbreakable word takes."""


def escaped(text: str) -> str:
    """Text that typst shows as it is: every sign that could be markup is escaped."""
    return SPECIAL.sub(r"\\\1", text)


def to_pdf(
    markdown: str, title: str, *, charts: Sequence[Mapping[str, object]] = (), language: str = "en", base_url: str = "",
    evidence_ids: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """The text as a PDF. `base_url`: where links to evidence lead; without it a figure is plain text."""
    import typst

    source = to_typst(markdown, title, language=language, base_url=base_url, evidence_ids=evidence_ids or {}, charts=len(charts))
    if not charts:
        return typst.compile(source.encode(), format="pdf", timestamp=0)
    return _with_charts(source, charts)


def _with_charts(source: str, charts: Sequence[Mapping[str, object]]) -> bytes:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import typst

    from grounding.formats.chart import svg

    with TemporaryDirectory() as folder:
        for index, chart in enumerate(charts):
            Path(folder, f"chart-{index}.svg").write_text(svg(chart), encoding="utf-8")
        Path(folder, "main.typ").write_text(source, encoding="utf-8")
        return typst.compile(str(Path(folder, "main.typ")), format="pdf", root=folder, timestamp=0)


def to_typst(
    markdown: str, title: str, *, language: str = "en", base_url: str = "", evidence_ids: Mapping[str, str] | None = None, charts: int = 0
) -> str:
    """The typst source of a Markdown text."""
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    head = PREAMBLE.format(title=quoted, language=language.split("-")[0])
    body = _Writer(base_url.rstrip("/"), evidence_ids or {}).blocks(parser().parse(markdown))
    figures = "".join(f'\n#figure(image("chart-{index}.svg", width: 100%))\n' for index in range(charts))
    return head + "\n" + body + figures


class _Writer:
    """Walks markdown-it tokens once. Blocks become typst function calls, so that no line start can be read as markup."""

    def __init__(self, base_url: str, evidence_ids: Mapping[str, str]):
        self.base_url, self.evidence_ids = base_url, evidence_ids

    def blocks(self, tokens: Sequence[Token]) -> str:
        out: list[str] = []
        columns: list[str] = []
        shares: list[float] = []
        for place, token in enumerate(tokens):
            match token.type:
                case "heading_open":
                    out.append(f"\n#heading(level: {token.tag[1]})[")
                case "heading_close":
                    out.append("]\n")
                case "paragraph_open":
                    out.append("" if token.hidden else "\n#par[")
                case "paragraph_close":
                    out.append("" if token.hidden else "]\n")
                case "bullet_list_open":
                    out.append("\n#list(")
                case "ordered_list_open":
                    out.append(f"\n#enum(start: {int(token.attrGet('start') or 1)}, ")
                case "list_item_open":
                    out.append("[")
                case "list_item_close":
                    out.append("], ")
                case "bullet_list_close" | "ordered_list_close":
                    out.append(")\n")
                case "blockquote_open":
                    out.append("\n#block(inset: 8pt, stroke: (left: 2pt + luma(150)), fill: luma(247), width: 100%)[")
                case "blockquote_close":
                    out.append("]\n")
                case "table_open":
                    columns = []
                    shares = _shares(tokens[place:])
                    out.append("\n#table(COLUMNS")
                case "table_close":
                    widths = ", ".join("auto" if align == "right" else f"{share}fr" for align, share in zip(columns, shares, strict=True))
                    aligns = ", ".join(columns)
                    start = len(out) - 1 - out[::-1].index("\n#table(COLUMNS")
                    out[start] = f"\n#table(columns: ({widths},), align: ({aligns},), "
                    out.append(")\n")
                case "thead_open":
                    out.append("table.header(")
                case "thead_close":
                    out.append("), ")
                case "th_open" | "td_open":
                    if token.type == "th_open":
                        columns.append(_align(token))
                    out.append("[")
                case "th_close" | "td_close":
                    out.append("], ")
                case "hr":
                    out.append("\n#line(length: 100%, stroke: 0.4pt + luma(190))\n")
                case "fence" | "code_block":
                    out.append(f"\n#raw(block: true, {_string(token.content)})\n")
                case "inline":
                    out.append(self.inline(token.children or ()))
        return "".join(out)

    def inline(self, tokens: Sequence[Token]) -> str:
        out: list[str] = []
        closing: list[str] = []
        for token in tokens:
            match token.type:
                case "text":
                    out.append(escaped(token.content))
                case "strong_open":
                    out.append("#strong[")
                case "em_open":
                    out.append("#emph[")
                case "s_open":
                    out.append("#strike[")
                case "strong_close" | "em_close" | "s_close":
                    out.append("];")
                case "code_inline":
                    out.append(f"#raw({_string(token.content)});")
                case "softbreak":
                    out.append(" ")
                case "hardbreak":
                    out.append("#linebreak();")
                case "link_open":
                    start, end = self.link(str(token.attrGet("href") or ""))
                    out.append(start)
                    closing.append(end)
                case "link_close":
                    out.append(closing.pop())
                case "image":
                    out.append(escaped(token.content))
        return "".join(out)

    def link(self, address: str) -> tuple[str, str]:
        if address.startswith("evidence:"):
            alias, _, key = address.removeprefix("evidence:").partition(".")
            if not self.base_url:
                return "", ""
            address = f"{self.base_url}/evidence/{self.evidence_ids.get(alias, alias)}#{key}"
        return f"#link({_string(address)})[", "];"


def _align(token: Token) -> str:
    style = str(token.attrGet("style") or "")
    return "right" if "right" in style else "center" if "center" in style else "left"


def _string(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{quoted}"'


def _shares(tokens: Sequence[Token]) -> list[float]:
    """How wide the columns of the table that begins here want to be.

    The root of their longest cell, so that prose does not starve the others, and never less than their longest word, which cannot break.
    """
    wanted: list[float] = []
    column = 0
    for before, token in pairwise(tokens):
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            column = 0
        elif before.type in ("th_open", "td_open") and token.type == "inline":
            shown = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            word = max((len(part) for part in shown.split()), default=0)
            wanted = [*wanted, 0.0] if column == len(wanted) else wanted
            wanted[column] = max(wanted[column], len(shown) ** 0.5, word * LETTER, NARROWEST)
        elif token.type in ("th_close", "td_close"):
            column += 1
    return [round(width, 2) for width in wanted]
