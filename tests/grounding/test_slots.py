"""Slots render in the client's locale, mend what a writer repeats, and tell what cannot be filled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grounding.evidence import Locale
from grounding.rendering import FORMATS
from grounding.slots import format_names, prefix, render, table_markdown
from grounding.verify import verify
from tests.grounding.synthetic import ZA, evidence, figure, money, record
from tools.contract import Caveat, Interval

RECORD = record(
    "E1",
    "t",
    [
        money("meta.cpa", 18240, "cpa", "cost per booking", entity="meta", interval=Interval(low=15000, high=21000)),
        money("yen", 15000, "spend", "spend", currency="JPY"),
        money("dinar", 15250, "spend", "spend", currency="KWD"),
        money("big", 120300000, "revenue", "revenue"),
        figure("rate", 0.12345, "share", "conversion_rate", "conversion rate"),
        figure("gap", 0.032, "points", "gap", "gap"),
        figure("fall", -0.12, "share", "change", "change in spend"),
        figure("days", 14, "days", "duration", "length", interval=Interval(low=10, high=20)),
        figure("one", 1, "weeks", "duration", "length"),
        figure("roas", 3.2456, "multiple", "roas", "return on ad spend"),
        figure("n", 1234.6, "count", "clicks", "clicks"),
        figure("day", "2026-03-03", "date", "start", "start"),
    ],
    (Caveat(code="small", text="Only {{n}} clicks stand behind it.", insist=True),),
    curves={"a": 1},
    table={
        "title": "T",
        "columns": [{"name": "a", "label": "Channel"}, {"name": "b", "label": "Spend", "unit": "money", "currency": "ZAR"}],
        "rows": [["Me|ta", 18240], ["TikTok", None]],
    },
)
KNOWN = {"E1": RECORD}


def shown(text: str, locale: Locale = ZA) -> str:
    rendered = render(text, KNOWN, locale, links=False)
    assert rendered.problems == ()
    return rendered.text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("{{E1.meta.cpa}}", "R182,40"),
        ("{{ E1.meta.cpa }}", "R182,40"),
        ("{{E1.meta.cpa|whole}}", "R182"),
        ("{{E1.meta.cpa.low}}", "R150"),
        ("{{E1.meta.cpa|range}}", "R150 to R210"),
        ("{{E1.big}}", "R1 203 000"),
        ("{{E1.big|compact}}", "R1,2M"),
        ("{{E1.dinar}}", "KWD15,250"),
        ("{{E1.rate}}", "12,3%"),
        ("{{E1.rate|percent}}", "12,3%"),
        ("{{E1.rate|points}}", "12,3 percentage points"),
        ("{{E1.gap}}", "3,2 percentage points"),
        ("{{E1.fall}}", "-12%"),
        ("{{E1.fall|abs}}", "12%"),
        ("{{E1.rate|signed}}", "+12,3%"),
        ("{{E1.days}}", "14 days"),
        ("{{E1.days|range}}", "10 to 20 days"),
        ("{{E1.one}}", "1 week"),
        ("{{E1.roas}}", "3,25x"),
        ("{{E1.n}}", "1 235"),
        ("{{E1.day}}", "03 March 2026"),
        ("{{E1.caveats.small}}", "Only 1 235 clicks stand behind it."),
        ("{{contact.first_name}}", "{{contact.first_name}}"),
    ],
)
def test_what_a_slot_shows(slot: str, text: str):
    assert shown(slot) == text


@pytest.mark.parametrize(
    ("language", "currency", "text"),
    [("de-DE", "EUR", "182,40 €"), ("en-US", "USD", "$182.40"), ("fr-FR", "EUR", "182,40 €"), ("xx-YY", "USD", "$182.40")],
)
def test_each_locale_in_its_own_way(language: str, currency: str, text: str):
    known = {"E1": record("E1", "t", [money("cpa", 18240, "cpa", "cost", currency=currency)])}
    rendered = render("{{E1.cpa}}", known, Locale(language=language, currency=currency), links=False).text
    assert rendered.replace("\u00a0", " ").replace("\u202f", " ") == text


def test_yen_have_no_minor_unit():
    assert shown("{{E1.yen}}", Locale(language="en-US", currency="JPY")) == "¥15,000"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("It takes {{E1.days}} days.", "It takes 14 days."),
        ("A {{E1.days}}-day test.", "A 14-day test."),
        ("It is {{E1.rate}}% now.", "It is 12,3% now."),
        ("It is {{E1.rate}} percent now.", "It is 12,3% now."),
        ("A gap of {{E1.gap}} percentage points.", "A gap of 3,2 percentage points."),
        ("It cost R{{E1.meta.cpa}}.", "It cost R182,40."),
        ("Spend fell by {{E1.fall}}.", "Spend fell by 12%."),
        ("Spend was down {{E1.fall}}.", "Spend was down 12%."),
    ],
)
def test_what_a_writer_repeats_is_mended(text: str, mended: str):
    assert shown(text) == mended


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{E1.meta.cpc}}", "meta.cpa"),
        ("{{E9.meta.cpa}}", "no evidence E9"),
        ("{{E1.meta.cpa|percent}}", "shares"),
        ("{{E1.rate|percentage}}", "did you mean |percent"),
        ("{{E1.rate|range}}", "no interval"),
        ("{{E1.rate.low}}", "no interval"),
        ("{{E1.curves}}", "not a figure"),
        ("{{E1.caveats.large}}", "no caveat"),
        ("{{E1.rate*2}}", "no slot"),
        ("{{E1.rate + E1.gap}}", "no slot"),
        ("{{E1.rate}} days", "leave the unit"),
        ("{{E1.days}}%", "leave the unit"),
        ("{{E1.rate}} percentage points", "leave the unit"),
        ("{{E1.day|round}}", "no format"),
    ],
)
def test_what_cannot_be_filled_is_told(text: str, told: str):
    rendered = render(text, KNOWN, ZA)
    assert len(rendered.problems) == 1
    assert told in rendered.problems[0]


def test_links_uses_and_prefix():
    rendered = render("{{E1.meta.cpa}} and {{E1.days|range}}", KNOWN, ZA)
    assert (
        rendered.text
        == "[R182,40](evidence:E1.meta.cpa) and [10](evidence:E1.days.low) to [20\u00a0days](evidence:E1.days.high)".replace(
            "20\u00a0", "20 "
        )
    )
    assert [(use.alias, use.key, use.end) for use in rendered.used] == [("E1", "meta.cpa", "value"), ("E1", "days", "range")]
    assert prefix("{{meta.cpa|whole}} {{E2.x}}", "E3") == "{{E3.meta.cpa|whole}} {{E2.x}}"
    assert render("{{rate}}", KNOWN, ZA, links=False, own="E1").text == "12,3%"


def test_a_table_in_the_clients_locale():
    assert table_markdown(RECORD, ZA).splitlines() == ["| Channel | Spend |", "| --- | ---: |", "| Me\\|ta | R182,40 |", "| TikTok | – |"]


def test_every_format_is_named():
    assert all(f"|{name}" in format_names() for name in FORMATS)


VALUES = st.floats(min_value=-1e7, max_value=1e7, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-5)


@given(
    value=VALUES,
    unit=st.sampled_from(["money", "share", "points", "multiple", "count", "number", "days", "weeks"]),
    form=st.sampled_from([None, "round", "whole", "compact"]),
    language=st.sampled_from(["en-ZA", "en-US", "de-DE", "fr-FR"]),
)
def test_whatever_is_rendered_verifies(value: float, unit: str, form: str | None, language: str):
    if unit == "money":
        known = money("x", round(value * 100), "spend", "spend")
    else:
        known = figure("x", value, unit, "metric_x", "metric x")
    records = {"E1": record("E1", "t", [known])}
    locale = Locale(language=language, currency="ZAR")
    slot = f"{{{{E1.x|{form}}}}}" if form else "{{E1.x}}"
    rendered = render(f"It is {slot}.", records, locale)
    assert rendered.problems == ()
    verdict = verify(rendered.text, list(records.values()), locale=locale)
    assert [numeral.verdict for numeral in verdict.numerals] == ["VERIFIED"], (rendered.text, verdict.numerals)


def test_the_synthetic_evidence_renders_whole():
    for rec in evidence():
        for known in rec.figures:
            assert render(f"{{{{{rec.alias}.{known.key}}}}}", {rec.alias: rec}, ZA).problems == ()
