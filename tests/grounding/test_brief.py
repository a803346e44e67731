"""A brief is read by rule: its numbers become stated figures with the words that state them."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from grounding.brief import BriefError, read_brief
from grounding.evidence import Evidence, Locale
from tests.grounding.synthetic import AS_OF, BRIEF, NOW, ZA


def read(text: str, locale: Locale = ZA) -> Evidence:
    return read_brief(text, locale, as_of=AS_OF, now=NOW)


def test_budget_goal_channels_and_targets():
    brief = read(BRIEF)
    figures = {f.key: f for f in brief.figures}
    budget = figures["budget"]
    assert (budget.value, budget.currency, budget.denominator, budget.basis, budget.source) == (
        1500000,
        "ZAR",
        "month",
        "stated",
        "R15 000 a month",
    )
    assert (figures["conversions"].value, figures["conversions"].denominator) == (110, "month")
    assert brief.result["goal"] == "bookings"
    assert brief.result["channels"] == ["google_ads", "meta", "linkedin", "tiktok", "email"]
    assert (brief.alias, brief.tool) == ("B", "brief")


@pytest.mark.parametrize(
    ("text", "locale", "value", "per"),
    [
        ("Budget: R45,000 per quarter", ZA, 4500000, "quarter"),
        ("We have R20k/month", ZA, 2000000, "month"),
        ("R1.5 million a year for Meta", ZA, 150000000, "year"),
        ("monthly budget of R8 500,50", ZA, 850050, "month"),
        ("Budget 12000", ZA, 1200000, None),
        ("$3,000 weekly", Locale(language="en-US", currency="USD"), 300000, "week"),
        ("Budget 15.000,00 € im Monat", Locale(language="de-DE", currency="EUR"), 1500000, None),
        ("CPA under R180; the budget is R30 000 a month", ZA, 3000000, "month"),
        ("¥500000 a month", Locale(language="en-US", currency="JPY"), 500000, "month"),
    ],
)
def test_budgets_in_any_notation(text: str, locale: Locale, value: int, per: str | None):
    budget = next(f for f in read(text, locale).figures if f.key == "budget")
    assert (budget.value, budget.denominator) == (value, per)


def test_every_number_has_a_key_and_its_quotation():
    brief = read("Budget R30 000 a month. R5 000 for Meta. Conversion rate is 2,5%. We want 200 bookings in 12 weeks.")
    figures = {f.key: f for f in brief.figures}
    assert figures["meta.amount"].value == 500000 if "meta.amount" in figures else any(f.entity == "meta" for f in figures.values())
    assert figures["conversion_rate"].value == 0.025
    assert {f.unit for f in figures.values()} >= {"money", "share", "count", "weeks"}
    assert all(
        f.source and f.source in "Budget R30 000 a month. R5 000 for Meta. Conversion rate is 2,5%. We want 200 bookings in 12 weeks."
        for f in figures.values()
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("Budget R0, goal: bookings", "zero"),
        ("A budget of -R500", "negative"),
        ("XQZ 5000 a month", "no currency"),
    ],
)
def test_what_a_bad_brief_gets(text: str, told: str):
    with pytest.raises(BriefError, match=told):
        read(text)


@pytest.mark.parametrize("unit", ["a", "0", "1 ", "R1.", "1,", "0/", "ten ", "12-", "٣", "R15 000 a month "])
def test_a_brief_of_the_greatest_length_is_read_or_refused_at_once(unit):
    """A brief is read while a request waits: what takes seconds here would stop the service for all."""
    text = (unit * 20_000)[:19_990] + " R15 000"
    began = time.process_time()
    with suppress(BriefError):
        read(text)
    assert time.process_time() - began < 3


def test_numbers_that_nobody_means_are_refused():
    with pytest.raises(BriefError, match="200 is the most"):
        read("1 2 3 " * 100)
    with pytest.raises(BriefError, match="too large"):
        read("R15 000 a month, " + "9" * 400)


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("We want money without cents, please.", None),
        ("We want more bookings in Durban.", "more bookings in Durban"),
        ("We need to know who they are. We want new customers.", "new customers"),
    ],
)
def test_a_wish_is_a_goal_when_it_names_something_that_is_counted(text, goal):
    assert read(text).result["goal"] == goal


def test_the_first_day_of_a_stretch_is_no_figure_and_a_number_counts_what_stands_behind_it():
    assert [figure.key for figure in read("Weekly report, 19 to 25 October 2026. Goal 30 orders.").figures] == ["conversions"]
    figures = read("Two messages to salons' guests, R800 for sending.").figures
    assert [(figure.key, figure.value) for figure in figures] == [("messages", 2), ("budget", 80_000)]
    assert [figure.key for figure in read("We want 84 bookings and 12 new customers.").figures] == ["conversions", "customers"]


def test_an_addition_is_no_budget():
    figures = read("What would R500 more a week on TikTok bring?").figures
    assert [(figure.key, figure.value, figure.entity) for figure in figures] == [("tiktok.amount", 50_000, "tiktok")]


def test_what_a_thing_costs_is_no_budget():
    brief = read("Are we too dear with the R75 bar?")
    assert [(figure.key, figure.value) for figure in brief.figures] == [("amount", 7500)]
    both = read("The R75 bar sells. Spend R6 000 a month.")
    assert next(figure.value for figure in both.figures if figure.key == "budget") == 600000
