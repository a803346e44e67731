"""Which questions the data can answer. One entry a question: what it needs, and what its absence means in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from tools.data._tables import TableFacts

Verdict = Literal["yes", "limited", "no"]
Tables = Mapping[str, TableFacts]

CURVE_DAYS = 182  # half a year of weeks: fewer cannot tell a channel's effect from the season's
YEAR = 365
SEGMENT_ROWS = 200
TREND_DAYS = 56  # two periods of four weeks


class Question(NamedTuple):
    """A question, a test of the tables, and the sentence when the answer is limited or no."""

    name: str
    verdict: Callable[[Tables], Verdict]
    limited: str
    no: str


def _rows(tables: Tables, name: str) -> int:
    return tables[name].rows if name in tables else 0


def _span(tables: Tables, name: str) -> int:
    return tables[name].span if name in tables else 0


def _by_span(name: str, full: int) -> Callable[[Tables], Verdict]:
    return lambda tables: "no" if not _rows(tables, name) else "yes" if _span(tables, name) >= full else "limited"


def _segments(tables: Tables) -> Verdict:
    money = _rows(tables, "orders") + _rows(tables, "subscriptions")
    if money >= SEGMENT_ROWS:
        return "yes"
    return "limited" if money or _rows(tables, "events") >= SEGMENT_ROWS else "no"


def _sources(tables: Tables) -> Verdict:
    if not _rows(tables, "contacts"):
        return "no"
    empty = tables["contacts"].share_missing("source")
    return "no" if empty >= 0.999 else "yes" if empty <= 0.3 else "limited"


def _season(tables: Tables) -> Verdict:
    longest = max((_span(tables, name) for name in ("orders", "events", "ad_metrics", "subscriptions")), default=0)
    return "yes" if longest >= 2 * YEAR else "limited" if longest >= YEAR else "no"


def _any(*names: str) -> Callable[[Tables], Verdict]:
    return lambda tables: "yes" if all(_rows(tables, name) for name in names) else "no"


QUESTIONS: tuple[Question, ...] = (
    Question(
        "what each ad channel costs and claims",
        _by_span("ad_metrics", TREND_DAYS),
        "Ad figures cover too few weeks to compare one month with the one before.",
        "No ad figures are on record: what channels cost cannot be said.",
    ),
    Question(
        "how results respond to spend",
        _by_span("ad_metrics", CURVE_DAYS),
        "Ad figures cover too short a time for response curves, which would be guesses: a budget rests on assumptions and benchmarks.",
        "No ad figures are on record: no response curve can be fitted.",
    ),
    Question(
        "whether an experiment worked",
        _any("exposures"),
        "",
        "No exposures are on record: no experiment can be read, so nothing here shows what caused what.",
    ),
    Question(
        "which channels the CRM names as sources",
        _sources,
        "Many contacts have no source: the CRM's word on channels is partial.",
        "The CRM names no sources: platforms' claims cannot be checked against it.",
    ),
    Question(
        "which touches came before a conversion",
        _any("touchpoints"),
        "",
        "No touchpoints are on record: credit cannot be shared between touches.",
    ),
    Question(
        "which segments the customers fall into",
        _segments,
        "Purchases are few or missing: segments would rest on activity or on a handful of people.",
        "No orders, subscriptions or events are on record: customers cannot be segmented.",
    ),
    Question("why and when customers leave", _any("subscriptions"), "", "No subscriptions are on record: churn cannot be measured."),
    Question(
        "how demand moves with the season",
        _season,
        "The record is too short to tell a season from a trend, though it covers a year.",
        "The record covers less than a year: nothing can be said about seasons.",
    ),
    Question(
        "how prices compare", _any("prices", "competitor_prices"), "", "Own prices or competitors' are missing: prices cannot be compared."
    ),
    Question("what customers say", _any("surveys"), "", "No survey answers are on record: satisfaction is unknown."),
    Question("who refers whom", _any("referrals"), "", "No referrals are on record: referral rates are unknown."),
)
