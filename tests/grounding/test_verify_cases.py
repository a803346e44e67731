"""Tables of cases: how each edge of a written number is read against the evidence."""

from __future__ import annotations

import time

import pytest

from grounding.evidence import Locale
from grounding.verify import Verdict, verify
from tests.grounding.synthetic import AS_OF, BRIEF, DRAFTS, ZA, evidence, experiment_figures, figure, money, record
from tools.contract import Caveat, Interval

YES, NO = "VERIFIED", "CONTRADICTED"
MEASURES = record(
    "E1",
    "measure",
    [
        money("revenue", 120300000, "revenue", "revenue"),
        figure("google_ads.share", 2 / 3, "share", "share_of_spend", "share of spend", entity="google_ads"),
        figure("meta.spend_change", -0.12, "share", "spend_change", "change in spend", entity="meta"),
        figure("margin_gap", 0.004, "points", "margin_change", "change in margin"),
        figure("visits_growth", 1.0, "share", "growth", "growth in visits"),
        figure("roas", 3.04, "multiple", "roas", "return on ad spend"),
        figure("trial", 14, "days", "duration", "length of the test"),
        figure("loss", -250000 / 100, "number", "net", "net result"),
        figure("churn", 0.0312, "share", "churn", "churn rate", interval=Interval(low=0.028, high=0.035)),
        figure("leads", 12, "count", "leads", "leads"),
        money("fee_usd", 9900, "price", "price", currency="USD"),
        figure("started", "2026-03-03", "date", "start", "start of the campaign"),
    ],
)


def read(text: str, locale: Locale = ZA, brief: str | None = None) -> Verdict:
    return verify(text, [MEASURES], locale=locale, brief=brief, as_of=AS_OF)


def first(text: str, locale: Locale = ZA) -> str:
    return read(text, locale).numerals[0].verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Revenue was R1.2M.", YES),
        ("Revenue was R1,2M.", YES),
        ("Revenue was R1.2 million.", YES),
        ("Revenue was R1.20M.", YES),
        ("Revenue was R1.3M.", NO),
        ("Revenue was R1.2bn.", "UNSUPPORTED"),
        ("Revenue was R1203k.", YES),
        ("Revenue was R1 203 000.", YES),
        ("Revenue was R1\u00a0203\u00a0000.", YES),
        ("Revenue was R1\u2009203\u2009000.", YES),
        ("Revenue was R1\u202f203\u202f000,00.", YES),
        ("Revenue was R1,203,000.", YES),
        ("Revenue was R1,203,000.00.", YES),
        ("Revenue was R1.203.000,00.", YES),
        ("Revenue was ZAR 1 203 000.", YES),
        ("Revenue was 1 203 000 rand.", YES),
        ("Revenue was $1 203 000.", "UNSUPPORTED"),
        ("Revenue was €1 203 000.", "UNSUPPORTED"),
        ("Revenue was about R1 200 000.", YES),
        ("Revenue was R1 200 000.", NO),
        ("The price is $99.", YES),
        ("The price is US$99.", YES),
        ("The price is R99.", "UNSUPPORTED"),
        ("Google Ads took two-thirds of spend.", YES),
        ("Google Ads took 66.7% of spend.", YES),
        ("Google Ads took 67 % of spend.", YES),
        ("Google Ads took 66,67 per cent of spend.", YES),
        ("Google Ads took 67 percentage points of spend.", "UNSUPPORTED"),
        ("Spend on Meta fell by 12%.", YES),
        ("Spend on Meta rose by 12%.", NO),
        ("Meta saw a 12% drop in spend.", YES),
        ("Meta saw a 12% increase in spend.", NO),
        ("Spend on Meta is down 12%.", YES),
        ("Spend on Meta is up 12%.", NO),
        ("The change in spend of Meta is -12%.", YES),
        ("The change in spend of Meta is −12%.", YES),
        ("The change in spend of Meta is +12%.", NO),
        ("The change in spend of Meta is 12%.", NO),
        ("Spend on Meta fell by -12%.", NO),
        ("The margin grew by 0.4 percentage points.", YES),
        ("The margin grew by 0,4 pp.", YES),
        ("The margin grew by 40 bps.", YES),
        ("The margin grew by 40 basis points.", YES),
        ("The margin grew by 0.4%.", "UNSUPPORTED"),
        ("The margin shrank by 0.4 percentage points.", NO),
        ("Visits doubled.", YES),
        ("Visits tripled.", "UNSUPPORTED"),
        ("Return on ad spend was 3x.", YES),
        ("Return on ad spend was 3.04x.", YES),
        ("Return on ad spend was threefold.", YES),
        ("Return on ad spend was 3.4x.", NO),
        ("The test runs for 14 days.", YES),
        ("It is a 14-day test.", YES),
        ("The test runs for two weeks.", YES),
        ("The test runs for 14 weeks.", NO),
        ("There were twelve leads.", YES),
        ("There were a dozen leads.", YES),
        ("There were thirteen leads.", NO),
        ("There were 12 clicks.", NO),
        ("Churn rate was 3.1%.", YES),
        ("Churn rate lies between 2.8% and 3.5%.", YES),
        ("Churn rate lies between 3.5% and 2.8%.", NO),
        ("Churn rate was 3.1% (2.8–3.5%).", YES),
        ("Churn rate was 2.8%.", NO),
        ("Conversion rate was 3.1%.", NO),
        ("Start of the campaign: 3 March 2026.", YES),
        ("Start of the campaign: 2026-03-03.", YES),
        ("Start of the campaign: 4 March 2026.", NO),
        ("Revenue was R1 &#50;03 000.", YES),
        ("Revenue was `R1 303 000`.", NO),
        ("Revenue was R1\u200b 203 000.", YES),
        ("**Revenue:** R1 203 000", YES),
        ("Revenue was R99 999.", NO),
    ],
)
def test_how_a_number_is_read(text: str, verdict: str):
    numeral = read(text).numerals[0]
    accepted = {verdict} if verdict == YES else {NO, "UNSUPPORTED"}
    assert numeral.verdict in accepted, numeral


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Der Umsatz (revenue) war 1.203.000 ZAR.", Locale(language="de-DE", currency="ZAR")),
        ("Revenue was R1,203,000.00.", Locale(language="en-US", currency="ZAR")),
        ("Revenue: 1,2 Mio. ZAR.", Locale(language="de-DE", currency="ZAR")),
    ],
)
def test_each_locale_is_read_in_its_own_way(text: str, locale: Locale):
    assert first(text, locale) == YES


@pytest.mark.parametrize(
    "text",
    [
        "Launch on 1 December 2026.",
        "Review after Q1 2027.",
        "Meet at 14:30 or 9am.",
        "Use GA4 and B2B lists.",
        "The format is 1080x1080 in 9:16.",
        "Make a 15-second video.",
        "This is the 3rd idea.",
        "Target women aged 25–44.",
        "Phase 2 follows.",
        "Chat is open 24/7.",
        "(Brand voice, 2026-03-01)",
    ],
)
def test_what_is_no_claim_is_exempt(text: str):
    verdict = read(text)
    assert verdict.ok
    assert {numeral.verdict for numeral in verdict.numerals} == {"EXEMPT"}


@pytest.mark.parametrize("text", ["One of them is new.", "It needs a third-party tool.", "In the second half, rest.", "Use double opt-in."])
def test_words_that_are_no_numbers_are_not_read(text: str):
    assert read(text).numerals == ()


def test_a_list_is_counted():
    assert read("Three ideas: posters, radio and vans.").ok
    assert not read("Four ideas: posters, radio and vans.").ok
    assert read("Two ideas:\n\n- posters\n- vans\n").ok
    assert not read("Five ideas:\n\n- posters\n- vans\n").ok


def test_what_the_brief_states_is_verified():
    text = "The budget is R15 000 a month."
    assert verify(text, [MEASURES], locale=ZA, brief=BRIEF, as_of=AS_OF).ok
    assert not verify("The budget is R15 000 a week.", [MEASURES], locale=ZA, brief=BRIEF, as_of=AS_OF).ok
    assert not verify(text, [MEASURES], locale=ZA, as_of=AS_OF).ok


def test_two_figures_are_never_added_to_fit():
    evidence_ = [
        record(
            "E1",
            "t",
            [figure("a", 40, "count", "clicks", "clicks", entity="meta"), figure("b", 60, "count", "clicks", "clicks", entity="tiktok")],
        )
    ]
    assert not verify("Meta and TikTok had 100 clicks.", evidence_, locale=ZA).ok


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Google Ads drove 247 bookings.", "cause"),
        ("Thanks to Google Ads there were 247 bookings.", "cause"),
        ("Meta caused bookings to rise.", "cause"),
        ("Meta is the cheapest channel at R236,36 per booking.", "comparison"),
        ("Meta's cost per booking (R236,36) is lower than that of Google Ads (R182,69).", "comparison"),
        ("Meta outperforms Google Ads on return on ad spend.", "comparison"),
        ("Spend on Meta fell significantly, by 6,8%.", "significance"),
    ],
)
def test_words_keep_to_their_basis(text: str, kind: str):
    verdict = verify(text, evidence(), locale=ZA, as_of=AS_OF)
    assert [problem.kind for problem in verdict.words] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Google Ads went with 247 bookings.",
        "The e-mail reminder led to 8,3% more bookings.",
        "E-mail significantly lifted bookings by 8,3%.",
        "Google Ads is the cheapest channel at R182,69 per booking.",
        "Nothing in the data proves that Meta caused bookings.",
        "Google Ads outperforms Meta on return on ad spend.",
    ],
)
def test_words_that_their_figures_carry_pass(text: str):
    verdict = verify(text, evidence(), locale=ZA, as_of=AS_OF)
    assert verdict.words == ()


def test_an_insistent_caveat_of_used_evidence_must_be_seen():
    caveat = Caveat(code="small_sample", text="Only a few orders stand behind this.", insist=True, signs=("small sample",))
    used = record("E1", "t", [figure("leads", 12, "count", "leads", "leads")], (caveat,))
    unused = record("E2", "t", [figure("clicks", 999, "count", "clicks", "clicks")], (caveat,))
    missing = verify("There were 12 leads.", [used, unused], locale=ZA).missing_caveats
    assert [(m.evidence, m.code, m.slot) for m in missing] == [("E1", "small_sample", "{{E1.caveats.small_sample}}")]
    assert verify("There were 12 leads, from a small sample.", [used, unused], locale=ZA).ok
    assert verify("There were 12 leads. Only a few orders stand behind this.", [used, unused], locale=ZA).ok


def test_a_link_is_the_claim():
    text = "Google Ads had [247](evidence:E2.meta.conversions) bookings."
    verdict = verify(text, evidence(), locale=ZA, as_of=AS_OF)
    assert verdict.numerals[0].verdict == "CONTRADICTED"
    assert verify("It had [247](evidence:E9.nothing) bookings.", evidence(), locale=ZA).numerals[0].verdict == "CONTRADICTED"


def test_offsets_are_those_of_the_given_text():
    text = "**Google Ads** had [247](evidence:E2.google_ads.conversions) bookings &amp; R999 999 of **revenue**."
    for numeral in verify(text, evidence(), locale=ZA, as_of=AS_OF).numerals:
        assert text[numeral.start : numeral.end].strip() == numeral.text


def test_a_wrong_level_is_contradicted():
    figures = [record("E6", "t", experiment_figures())]
    assert verify("E-mail: lift in bookings 8,3%, 95% confidence interval 2,1% to 14,5%.", figures, locale=ZA).ok
    assert not verify("E-mail: lift in bookings 8,3%, 90% confidence interval 2,1% to 14,5%.", figures, locale=ZA).ok


def test_a_long_draft_is_read_fast():
    from grounding.slots import render

    records = evidence()
    known = {r.alias: r for r in records}
    body = "\n".join(render(draft, known, ZA).text for draft in DRAFTS.values())
    text = body
    while len(text.split()) < 3000:
        text += "\n" + body
    verify(text, records, locale=ZA, as_of=AS_OF)
    begun = time.perf_counter()
    verify(text, records, locale=ZA, as_of=AS_OF)
    spent = time.perf_counter() - begun
    print(f"{len(text.split())} words in {spent * 1000:.0f} ms")
    assert spent < 1.0


def test_the_verdict_has_a_published_schema():
    assert {"ok", "numerals", "words", "missing_caveats"} <= set(Verdict.model_json_schema()["properties"])


def test_a_list_item_that_begins_with_a_number_is_read():
    text = "- 1 203 000 rand of revenue\n- 12 leads\n+ 13 leads\n"
    assert [numeral.verdict for numeral in read(text).numerals] == [YES, YES, NO]


def test_the_interval_inside_a_link_is_checked_too():
    linked = "Churn rate: [{}](evidence:E1.churn)"
    assert read(linked.format("3,12% (2,8% to 3,5%)")).ok
    for wrong in ("3,12% (2,9% to 3,5%)", "3,12% (3,5% to 2,8%)", "2,8% (2,8% to 3,5%)", "3,12% (-2,8% to 3,5%)"):
        assert not read(linked.format(wrong)).ok, wrong


def test_the_evidence_in_its_own_words_is_no_claim_of_the_writer():
    figures = [figure("cpc_change", 0.031, "share", "cpc_change", "change in cost per click from the 90 days before")]
    evidence_ = [record("E1", "t", figures)]
    assert verify("The change in cost per click from the 90 days before is 3,1%.", evidence_, locale=ZA).ok
    assert not verify("The change in cost per click from the 80 days before is 3,1%.", evidence_, locale=ZA).ok


def test_a_source_is_cited_with_its_date():
    assert read("Brand voice (2026-02-09)").ok
    assert not read("Bookings fell to nothing after the price changed, as was seen in shops (2026-02-09)").ok
