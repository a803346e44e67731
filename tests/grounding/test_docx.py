"""A deliverable as a Word document, as python-docx reads it back."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH

from grounding.formats.docx import to_docx

CHART = {
    "title": {"text": "Cost by channel"},
    "data": {"values": [{"a": 1, "b": "x"}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {"field": "b", "type": "nominal"}},
}
TEXT = """# Plan

> **Draft:** not published.

## In short

Meta costs [R182,40](evidence:E1.meta.cpa) a booking, *see* [the site](https://example.org/a?b=1&c=2) and `code`.

1. first
2. second
   - inside

   goes on

Between.

1. anew

| Channel | Cost |
| :--- | ---: |
| Meta **x** | R182,40 |
"""


def read(markdown=TEXT, **more):
    return Document(BytesIO(to_docx(markdown, "Plan", **more)))


def paragraphs(document):
    return [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs if paragraph.text]


def test_headings_quotes_lists_and_text_keep_their_kind():
    assert paragraphs(read()) == [
        ("Title", "Plan"),
        ("Intense Quote", "Draft: not published."),
        ("Heading 2", "In short"),
        ("Normal", "Meta costs R182,40 a booking, see the site and code."),
        ("List Number", "first"),
        ("List Number", "second"),
        ("List Bullet 2", "inside"),
        ("List Continue", "goes on"),
        ("Normal", "Between."),
        ("List Number", "anew"),
    ]


def test_each_numbered_list_begins_at_its_own_number():
    numbers = [p._p.pPr.numPr.numId.val for p in read().paragraphs if p.style.name == "List Number"]
    assert numbers[0] == numbers[1] != numbers[2]


def test_numbers_of_a_table_stand_on_the_right_and_its_head_repeats():
    [table] = read().tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["Channel", "Cost"], ["Meta x", "R182,40"]]
    assert [cell.paragraphs[0].alignment for cell in table.rows[1].cells] == [WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT]
    assert "w:tblHeader" in table.rows[0]._tr.xml


def test_links_lead_on_and_figures_are_plain_text():
    document = read()
    targets = [relation.target_ref for relation in document.part.rels.values() if "hyperlink" in relation.reltype]
    assert targets == ["https://example.org/a?b=1&c=2"]
    assert "evidence:" not in document.element.xml


def test_title_language_and_charts_are_there():
    document = read(charts=[CHART], language="de-DE")
    assert (document.core_properties.title, document.core_properties.language) == ("Plan", "de-DE")
    assert 'w:val="de-DE"' in document.styles.element.xml
    [picture] = document.inline_shapes
    assert picture._inline.docPr.get("descr") == "Chart: Cost by channel"
    [image] = [part for part in document.part.package.iter_parts() if part.partname.startswith("/word/media/")]
    assert image.blob.startswith(b"\x89PNG")


def test_the_same_text_gives_the_same_bytes():
    assert to_docx(TEXT, "Plan", charts=[CHART]) == to_docx(TEXT, "Plan", charts=[CHART])


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a \x00 b \x0b c",
        "<w:p>",
        "[x](javascript:alert(1))",
        "![i](http://example.org/x.png)",
        "=cmd|' /C calc'!A0",
    ],
)
def test_hostile_text_is_text(hostile):
    document = read(f"# {hostile}\n\n{hostile}\n\n| a |\n| --- |\n| {hostile.replace('|', ' ')} |\n")
    assert document.paragraphs[0].text
    assert not [relation for relation in document.part.rels.values() if "hyperlink" in relation.reltype]


def test_a_chart_that_would_fetch_is_refused():
    with pytest.raises(ValueError, match="holds its data inside"):
        to_docx(TEXT, "Plan", charts=[{**CHART, "data": {"url": "http://example.org/x.json"}}])
