"""What a new conversation could begin with, by the tables that the client has."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 6


@dataclass(frozen=True, slots=True)
class Starter:
    """A question and the tables that its tool reads; one with none needs no data."""

    text: str
    tables: frozenset[str]


STARTERS = (
    Starter("What does a conversion cost us on each channel?", frozenset({"ad_metrics"})),
    Starter("What has changed compared with last month?", frozenset({"ad_metrics"})),
    Starter("Which channels are saturated, and what does the next conversion cost?", frozenset({"ad_metrics"})),
    Starter("Who are our loyal customers?", frozenset({"orders"})),
    Starter("Which customers are likely to leave?", frozenset({"subscriptions", "events"})),
    Starter("How do our prices compare with those of competitors?", frozenset({"prices", "competitor_prices"})),
    Starter("What are our prices?", frozenset({"prices"})),
    Starter("Why do customers cancel?", frozenset({"subscriptions"})),
    Starter("When should we send e-mails?", frozenset({"events", "contacts"})),
    Starter("Which accounts are healthy, and which are not?", frozenset({"accounts", "usage"})),
    Starter("What does our data cover, and how fresh is it?", frozenset()),
    Starter("What is a typical click-through rate in our industry?", frozenset()),
    Starter("How many people would a test need?", frozenset()),
)
ALWAYS = 2
"""how many of those that need no data are offered beside the others"""


def suited(tables: frozenset[str]) -> list[str]:
    """Questions that these tables can answer, then some that need none."""
    fitting = [starter.text for starter in STARTERS if starter.tables and starter.tables <= tables]
    free = [starter.text for starter in STARTERS if not starter.tables]
    shown = fitting[: MOST - ALWAYS]
    return shown + free[: MOST - len(shown)]
