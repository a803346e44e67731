"""A deliverable as a Word document: from the same Markdown tokens as the PDF; every text is text, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from grounding.formats.html import parser

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph
    from markdown_it.token import Token

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
WIDTH_CM = 16.5
CHART_SCALE = 2.0
"""Dots of a chart per point: sharp when printed, and still small."""
DEEPEST = 3
"""Levels of lists that Word's own styles have."""
ADDRESSES = ("http://", "https://", "mailto:")


def to_docx(markdown: str, title: str, *, charts: Sequence[Mapping[str, object]] = (), language: str = "en") -> bytes:
    """The text as a Word document; figures are plain text. The same text gives the same bytes each time."""
    from docx import Document as new_document
    from docx.shared import Cm, Pt

    document = new_document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm((21 - WIDTH_CM) / 2)
    document.styles["Normal"].font.name, document.styles["Normal"].font.size = "Calibri", Pt(10.5)
    _speaks(document, language)
    about = document.core_properties
    about.title, about.author, about.language, about.comments = _plain(title)[:255], "Groundwork", language, ""
    about.created = about.modified = datetime(2000, 1, 1)
    _Writer(document).blocks(parser().parse(markdown))
    for chart in charts:
        _draw(document, chart)
    held = BytesIO()
    document.save(held)
    return _steady(held.getvalue())


def _speaks(document: Document, language: str) -> None:
    """Set the language that a reader's spelling check and screen reader go by."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = document.styles["Normal"].element.get_or_add_rPr()
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), language)
    properties.append(spoken)


def _draw(document: Document, chart: Mapping[str, object]) -> None:
    from docx.shared import Cm

    from grounding.formats.chart import png

    held = chart.get("title")
    name = str(held.get("text", "")) if isinstance(held, Mapping) else str(held or "")
    document.add_picture(BytesIO(png(chart, scale=CHART_SCALE)), width=Cm(WIDTH_CM))
    shown = document.inline_shapes[-1]._inline.docPr
    shown.set("descr", _plain(f"Chart: {name}"))


def _steady(made: bytes) -> bytes:
    """The archive with the time of no day in it."""
    out = BytesIO()
    with ZipFile(BytesIO(made)) as before, ZipFile(out, "w", ZIP_DEFLATED) as after:
        for entry in before.infolist():
            steady = ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            steady.compress_type, steady.external_attr = ZIP_DEFLATED, entry.external_attr
            after.writestr(steady, before.read(entry.filename))
    return out.getvalue()


def _plain(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


class _Writer:
    """Walks markdown-it tokens once."""

    def __init__(self, document: Document):
        self.document = document
        self.lists: list[str] = []
        self.numbering: list[Any] = []
        self.quoted = 0

    def blocks(self, tokens: Sequence[Token]) -> None:
        """Write these blocks, one after another."""
        level = 0
        first_of_item = False
        walk = iter(tokens)
        for token in walk:
            match token.type:
                case "heading_open":
                    level = int(token.tag[1])
                case "heading_close":
                    level = 0
                case "bullet_list_open":
                    self.lists.append("List Bullet")
                    self.numbering.append(None)
                case "ordered_list_open":
                    self.lists.append("List Number")
                    self.numbering.append(self._counts_from(int(token.attrGet("start") or 1)))
                case "bullet_list_close" | "ordered_list_close":
                    self.lists.pop()
                    self.numbering.pop()
                case "list_item_open":
                    first_of_item = True
                case "blockquote_open":
                    self.quoted += 1
                case "blockquote_close":
                    self.quoted -= 1
                case "table_open":
                    self.table(walk)
                case "hr":
                    self._rule()
                case "fence" | "code_block":
                    self._code(token.content)
                case "inline":
                    self.inline(self._paragraph(level, first_of_item), token.children or ())
                    first_of_item = False

    def _paragraph(self, level: int, first_of_item: bool) -> Paragraph:
        if level:
            return self.document.add_heading("", min(level, 9)) if level > 1 else self.document.add_paragraph(style="Title")
        if not self.lists:
            return self.document.add_paragraph(style="Intense Quote" if self.quoted else None)
        depth = min(len(self.lists), DEEPEST)
        if not first_of_item:
            return self.document.add_paragraph(style="List Continue" + (f" {depth}" if depth > 1 else ""))
        paragraph = self.document.add_paragraph(style=self.lists[-1] + (f" {depth}" if depth > 1 else ""))
        if self.numbering[-1] is not None:
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_numId().val = self.numbering[-1]
            properties.get_or_add_ilvl().val = 0
        return paragraph

    def _counts_from(self, start: int) -> int:
        """A numbering of its own for each list: Word goes on counting otherwise."""
        style = self.document.styles["List Number"].element
        numbering = self.document.part.numbering_part.element
        shared = next(entry for entry in numbering.num_lst if entry.numId == style.pPr.numPr.numId.val)
        fresh = numbering.add_num(shared.abstractNumId.val)
        fresh.add_lvlOverride(ilvl=0).add_startOverride(start)
        return int(fresh.numId)

    def table(self, walk: Iterator[Token]) -> None:
        """Write the table whose opening was just read."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        rows: list[list[tuple[str, Sequence[Token]]]] = []
        heads = 0
        side = "left"
        for token in walk:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                style = str(token.attrGet("style") or "")
                side = "right" if "right" in style else "center" if "center" in style else "left"
                heads += token.type == "th_open" and len(rows) == 1
            elif token.type == "inline":
                rows[-1].append((side, token.children or ()))
        sides = {"right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER, "left": WD_ALIGN_PARAGRAPH.LEFT}
        table = self.document.add_table(len(rows), max(len(row) for row in rows), style="Light Grid Accent 1")
        for cells, row in zip(table.rows, rows, strict=True):
            for cell, (side, children) in zip(cells.cells, row, strict=False):
                paragraph = cell.paragraphs[0]
                paragraph.alignment = sides[side]
                self.inline(paragraph, children)
        if heads:
            self._repeats(table.rows[0])
        self.document.add_paragraph()

    def _repeats(self, row: Any) -> None:
        """Mark the first row as the table's head, for readers and for the next page."""
        from docx.oxml import OxmlElement

        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))

    def _rule(self) -> None:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        properties = self.document.add_paragraph()._p.get_or_add_pPr()
        borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "BBBBBB")):
            bottom.set(qn(f"w:{name}"), value)
        borders.append(bottom)
        properties.append(borders)

    def _code(self, text: str) -> None:
        run = self.document.add_paragraph().add_run(_plain(text.rstrip("\n")))
        run.font.name = "Consolas"

    def inline(self, paragraph: Paragraph, tokens: Sequence[Token]) -> None:
        """Write the words of one block."""
        strong = emphasis = struck = 0
        address = ""
        for token in tokens:
            match token.type:
                case "strong_open" | "strong_close":
                    strong += token.nesting
                case "em_open" | "em_close":
                    emphasis += token.nesting
                case "s_open" | "s_close":
                    struck += token.nesting
                case "link_open":
                    wanted = str(token.attrGet("href") or "")
                    address = wanted if wanted.startswith(ADDRESSES) else ""
                case "link_close":
                    address = ""
                case "softbreak":
                    paragraph.add_run(" ")
                case "hardbreak":
                    paragraph.add_run().add_break()
                case "text" | "code_inline" | "image" if token.content:
                    run = paragraph.add_run(_plain(token.content))
                    run.bold, run.italic, run.font.strike = bool(strong) or None, bool(emphasis) or None, bool(struck) or None
                    if token.type == "code_inline":
                        run.font.name = "Consolas"
                    if address:
                        self._leads(paragraph, run, address)

    def _leads(self, paragraph: Paragraph, run: Any, address: str) -> None:
        """Put a run into a link."""
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn
        from docx.shared import RGBColor

        run.font.color.rgb, run.font.underline = RGBColor(0x14, 0x50, 0x7A), True
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), paragraph.part.relate_to(_plain(address), RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        run._r.addprevious(link)
        link.append(run._r)
