"""A linked figure is stopped by words that say something else of it, and by nothing else."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

import pytest

from grounding.slots import render
from grounding.verify import Verdict, verify
from tests.grounding.freely_written import AS_OF, LOCALES, known, records


def read(text: str, client: str = "salon", *, links: bool = True) -> Verdict:
    rendered = render(text, known(client), LOCALES[client], links=links)
    assert rendered.problems == ()
    return verify(rendered.text, records(client), locale=LOCALES[client], as_of=AS_OF)


@pytest.mark.parametrize(
    "text",
    [
        "In {{E5.best_split.chance_worse}} of the draws the best split found ended below the current one.",
        "Recent media spend ran at {{E13.monthly_spend_today}} a month, assuming {{A.weeks_per_month}} weeks to a month.",
        "It takes {{E6.total.break_even_conversions}} first bookings to pay for itself, and the model expects {{E6.total.expected_conversions}}.",
        "The test is sized to detect a change of {{E7.effect_to_find}} of today's rate and needs {{E7.sample_size_per_arm}} people a side.",
        "Meta is fine. It takes {{E5.meta.share}} of media, Google Ads {{E5.google_ads.share}}.",
        "Google Ads took {{E2.google_ads.share_of_spend}} of the spend, more than email's {{E2.email.share_of_spend}}.",
        "They last came {{E3.valued_less_recent.recency_days}} ago, champions {{E3.champions.recency_days}} ago; the first are valued, if less recent.",
        "Spend on email rose {{E2.email.spend_change}} and the claimed cost rose {{E2.email.cpa_change}}, to {{E2.email.cpa}}.",
        "The plan costs {{E6.total.cost}} to the end of January and brings {{E6.total.expected_conversions}} first bookings between November and January.",
        "From November 2026 Meta keeps {{E5.meta.budget}}, as under the current split: {{E5.meta.current_budget}}.",
        "Meta first with {{E6.meta.expected_conversions}}, LinkedIn just behind at {{E6.linkedin.expected_conversions}}, the rest later.",
        "Spend {{E2.total.spend}}\nClaims {{E2.total.conversions}}\nFirst-time buyers {{E2.total.crm_customers}}",
        "LinkedIn is our most expensive channel at {{E2.linkedin.cpa}} per claimed conversion.",
        "LinkedIn cost us the most per claimed conversion, {{E2.linkedin.cpa}}, against {{E2.meta.cpa}} on Meta and {{E2.email.cpa}} on email.",
        "Google Ads runs at {{E4.google_ads.recent_spend}} a week; the most we ever spent in a week was {{E4.google_ads.observed_max}}.",
        "Our records hold {{E2.meta.crm_customers}} first bookings from Meta.",
        "Its chance of doing worse than the current split is {{E5.best_split.chance_worse}}, which is more than is accepted.",
        "The best split's chance of doing worse is {{E5.best_split.chance_worse}}, so Meta keeps its money.",
        "If the held-out group books less by {{E7.effect_to_find}} or more, Meta stays.",
        "Champions spend {{E3.champions.average_order_value}} a booking, lapsed guests {{E3.lapsed.average_order_value}} per booking.",
    ],
)
def test_words_that_leave_it_open_stop_nothing(text: str):
    verdict = read(text)
    assert verdict.failing == ()
    assert verdict.words == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Meta cost {{E2.google_ads.cpa}} per claimed conversion.", "not of Meta"),
        ("Google Ads cost {{E2.meta.cpa}} per claimed conversion and Meta {{E2.google_ads.cpa}}.", "it is of"),
        ("At {{E2.google_ads.cpa}} per claimed conversion, LinkedIn is dear.", "not of LinkedIn"),
        ("Google Ads took {{E2.google_ads.share_of_spend}} of spend, more than Meta's {{E2.email.share_of_spend}}.", "not of Meta"),
        ("LinkedIn and TikTok spent {{E2.tiktok.spend}} and {{E2.linkedin.spend}}.", "it is of"),
        ("Meta's cost per click was {{E2.meta.cpa}}.", "not cost per click"),
        ("Meta's cost per click climbed from {{E2.meta.previous_cpa}} to {{E2.meta.cpa}}.", "not cost per click"),
        ("Meta had {{E2.meta.conversions}} clicks.", "not clicks"),
        ("Ad spend came to {{E2.total.spend}} in March 2025.", "March 2025"),
        ("The plan costs {{E6.total.cost}} in March 2025.", "March 2025"),
        ("The budget is {{B.budget}} a week.", "not per week"),
        ("Spend on LinkedIn changed by {{E2.linkedin.spend_change|abs}}.", "negative"),
        ("Meta's cost per claimed conversion is {{E2.total.cpa}}.", "whole client"),
        ("Meta brought {{E2.meta.crm_customers}} bookings.", "not bookings"),
        ("Champions cost us {{E3.champions.average_order_value}} a booking.", "average order value"),
    ],
)
def test_words_that_say_something_else_stop_it(text: str, reason: str):
    failing = read(text).failing
    assert failing
    assert any(reason in numeral.reason for numeral in failing), [numeral.reason for numeral in failing]


@pytest.mark.parametrize("channel", ["email", "meta", "tiktok"])
def test_the_most_is_read_off_the_figures_that_the_sentence_shows(channel: str):
    """Another table in which the channel leads, of what the next conversion costs, does not bear it out."""
    found = read(f"{channel.capitalize()} cost us the most per claimed conversion, {{{{E2.{channel}.cpa}}}}.").words
    assert [word.reason for word in found] == ["“most” does not hold in the figures compared (cpa)"]


def test_the_same_words_stop_a_number_without_a_link():
    """Without a link the words have to say which figure is meant."""
    text = "Competitor prices were last refreshed {{E1.competitor_prices.age}} before the data were read."
    assert read(text).failing == ()
    assert read(text, links=False).failing != ()


@pytest.mark.parametrize(
    "text",
    [
        "Two of them may count the same sale.",
        "The board should take away three points.",
        "The range runs through zero, so it could be zero.",
        "One or two are bound to look odd.",
        "Two platforms may claim the same booking.",
        "Out of a hundred tries, some fail.",
        "A ten second film is enough.",
    ],
)
def test_small_number_words_that_count_nothing_measured_are_no_claims(text: str):
    assert read(text).failing == ()


@pytest.mark.parametrize(
    "text", ["Nine channels were used.", "There were twelve bookings.", "Meta had three clicks.", "It ran for seven weeks."]
)
def test_small_number_words_that_count_what_is_measured_are_claims(text: str):
    assert read(text).failing != ()
