"""Replay compares exactly where it must; the register lists what was not observed; HTML and PDF are safe and the same each time."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

import io

import pypdf
import pytest

from grounding.evidence import Input
from grounding.formats.html import to_html
from grounding.formats.markdown import to_markdown
from grounding.formats.pdf import to_pdf, to_typst
from grounding.register import register
from grounding.register import to_markdown as register_markdown
from grounding.replay import compare
from grounding.slots import render
from tests.grounding.synthetic import BRIEF, DRAFTS, ZA, evidence, figure, record

OLD = {"figures": [{"key": "a.cpa", "value": 18240, "interval": {"low": 0.1, "high": 0.2}}], "text": "x"}


def changed(value: object = 18240, low: float = 0.1, text: str = "x") -> dict:
    return {"figures": [{"key": "a.cpa", "value": value, "interval": {"low": low, "high": 0.2}}], "text": text}


@pytest.mark.parametrize(
    ("new", "same_engine", "equal"),
    [
        (changed(), True, True),
        (changed(value=18241), True, False),
        (changed(value=18241), False, False),
        (changed(low=0.1 * (1 + 1e-10)), True, True),
        (changed(low=0.1 * (1 + 1e-8)), True, False),
        (changed(low=0.1 * (1 + 1e-8)), False, True),
        (changed(low=0.1 * (1 + 1e-5)), False, False),
        (changed(value=True), True, False),
        (changed(value="18240"), True, False),
        (changed(text="y"), True, False),
        ({**changed(), "more": 1}, True, False),
        ({"figures": [], "text": "x"}, True, False),
    ],
)
def test_what_counts_as_equal(new: dict, same_engine: bool, equal: bool):
    assert compare(OLD, new, same_engine=same_engine).equal is equal


def test_a_difference_names_its_place():
    difference = compare(OLD, changed(value=18241), same_engine=True).differences[0]
    assert str(difference) == "figures.a.cpa.value: was 18240, is 18241"


def test_the_register_lists_what_was_not_observed_and_what_lies_beneath():
    assumed = record(
        "A",
        "assume",
        [figure("click_to_booking", 0.02, "share", "rate", "click to booking", basis="assumed", source="usual for such sites")],
    )
    model = record("E1", "forecast_campaign", [figure("bookings", 120, "count", "conversions", "bookings", basis="model")])
    model = model.model_copy(update={"inputs": (Input(path="rate", kind="assumption", ref="click_to_booking", basis="assumed"),)})
    seen = record("E2", "summarize_channels", [figure("clicks", 9, "count", "clicks", "clicks")])
    known = {"A": assumed, "E1": model, "E2": seen}
    used = render("{{E1.bookings}} {{E2.clicks}}", known, ZA).used
    rows = register(used, known, ZA)
    assert [(row.evidence, row.key, row.basis) for row in rows] == [("A", "click_to_booking", "assumed"), ("E1", "bookings", "model")]
    assert "usual for such sites" in register_markdown(rows)
    brief = evidence()[0]
    assert register(render("{{B.budget}}", {"B": brief}, ZA).used, {"B": brief}, ZA)[0].source == "the brief: “R15 000 a month”"
    assert "R15 000" in BRIEF


HOSTILE = '# T #1 "x" \\ $5 *a* <b>\n\n<script>alert(1)</script>\n\n- [x](javascript:alert(1)) @ref #let x = 1 // no\n\n| A | B |\n| --- | ---: |\n| `#x` | [1%](evidence:E1.b) |\n\n```\n#panic()\n```\n'


def test_html_links_figures_and_carries_no_script():
    page = to_html(HOSTILE, "t & <b>", evidence_ids={"E1": "ev_1"})
    assert '<a class="figure" href="/evidence/ev_1#b" data-figure="E1.b"' in page
    assert "<script" not in page
    assert "javascript:" not in page.split("<main>")[1].replace("[x](javascript:", "")
    assert "<title>t &amp; &lt;b&gt;</title>" in page
    assert page == to_html(HOSTILE, "t & <b>", evidence_ids={"E1": "ev_1"})


def test_pdf_shows_every_sign_and_is_the_same_each_time():
    known = {r.alias: r for r in evidence()}
    text = HOSTILE + "\n" + "\n".join(render(draft, known, ZA).text for draft in DRAFTS.values())
    made = to_pdf(text, 'A "title" #x')
    assert made == to_pdf(text, 'A "title" #x')
    words = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)
    assert 'T #1 "x" \\ $5' in words
    assert "#let x = 1 // no" in words
    assert "R182,69" in words
    assert "evidence:" not in to_typst(text, "t")


def test_a_chart_is_drawn_and_fetches_nothing():
    chart = {"data": {"values": [{"a": 1, "b": 2}]}, "mark": "bar", "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}}
    assert "<svg" in to_html("x", "t", charts=[chart])
    assert to_pdf("x", "t", charts=[chart]).startswith(b"%PDF")
    with pytest.raises(ValueError, match="address"):
        to_html("x", "t", charts=[{"data": {"url": "http://example.com/a.csv"}, "mark": "bar"}])


def test_plain_markdown_keeps_or_strips_links():
    text = "It is [1%](evidence:E1.b) and [site](https://example.com).  \n\n\n\nEnd"
    assert to_markdown(text) == "It is 1% and [site](https://example.com).\n\nEnd\n"
    assert "evidence:E1.b" in to_markdown(text, links=True)
