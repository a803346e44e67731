"""Draw a simulated brand's history: the same seed gives the same tables to the last byte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa

from demo.clients import AS_OF, SEED
from demo.simulation.advertising import ad_metrics, spend
from demo.simulation.calendar import Span
from demo.simulation.columns import ids, words
from demo.simulation.experiments import exposures, exposures_table
from demo.simulation.outcomes import customer_results_table
from demo.simulation.people import People, acquire, as_seen, concatenate, invite
from demo.simulation.purchases import buy, competitor_prices_table, orders_table, prices_table
from demo.simulation.streams import Streams
from demo.simulation.subscribers import (
    accounts_table,
    businesses,
    subscribe,
    subscriptions_table,
    tickets_table,
    usage_table,
)
from demo.simulation.surveys import surveys_table
from demo.simulation.traces import contacts_table, events_table, referrals_table, touchpoints_table
from demo.truth import SCALES, Size, Truth, truth


@dataclass(frozen=True, slots=True)
class World:
    """A history with what no export shows."""

    truth: Truth
    span: Span
    tables: dict[str, pa.Table]
    """By contract name, in the contracts' columns and types; a table without rows is left out."""
    characters: pa.Table
    """contact_id, segment, customer (bool) and leaves_at (null for those who stay or never bought)."""
    subscribers: pa.Table | None
    """subscription_id, engaged."""


def simulate(client: str, size: Size = "small", *, seed: int = SEED, as_of: date = AS_OF) -> dict[str, pa.Table]:
    """A client's tables in contract types, up to and with the day `as_of`. Raises KeyError for a client that does not exist."""
    return world(client, size, seed=seed, as_of=as_of).tables


def world(client: str, size: Size = "small", *, seed: int = SEED, as_of: date = AS_OF) -> World:
    """As `simulate`, with the truth that it was drawn from and each person's hidden kind."""
    facts = truth(client, size)
    streams = Streams(seed, client, SCALES[size])
    span = Span.of(as_of, facts.days, facts.zone)
    terms = facts.subscriptions

    money = [spend(channel, span, streams) for channel in facts.channels]
    drawn, invitations = acquire(facts, span, money, streams), None
    if facts.referral:
        drawn, invitations = invite(drawn, facts, facts.referral, span, streams.of("referrals"))
    if terms:
        unpaid = tuple(range(len(facts.channels), len(facts.channels) + len(facts.unpaid)))
        drawn = concatenate([drawn, businesses(terms, unpaid, span, streams.of("businesses"))])
    people, invitations = as_seen(drawn, invitations, span)
    contact_ids = ids("C", np.arange(1, len(people) + 1))

    subscribers = subscribe(people, terms, span, streams.of("subscriptions")) if terms else None
    if subscribers is not None:
        # A customer who subscribes leaves when the subscription ends, not by the segment's hazard.
        leaves = people.leaves.copy()
        leaves[subscribers.person] = subscribers.ended
        people = replace(people, leaves=leaves)
    orders = buy(facts, span, people, streams.of("orders"))
    shown, outcomes = exposures(facts, span, people, streams)

    tables = {
        "contacts": contacts_table(facts, span, people, subscribers, contact_ids, streams),
        "events": events_table(facts, span, people, orders, outcomes, money, contact_ids, streams),
        "touchpoints": touchpoints_table(facts, span, people, contact_ids, streams),
        "orders": orders_table(facts, span, people, orders, contact_ids, streams.of("order lines")),
        "ad_metrics": ad_metrics(facts, span, money, _conversions(facts, span, people), streams),
        "prices": prices_table(facts, span),
    }
    if facts.experiments:
        tables["exposures"] = exposures_table(facts, span, shown, contact_ids)
    if facts.competitors:
        tables["competitor_prices"] = competitor_prices_table(facts, span, streams.of("competitors"))
    if terms and subscribers is not None:
        tables["accounts"] = accounts_table(facts, span, people, subscribers, streams.of("accounts"))
        tables["subscriptions"] = subscriptions_table(facts, terms, span, people, subscribers, contact_ids, streams.of("endings"))
        tables["usage"] = usage_table(terms, span, people, subscribers, contact_ids, streams.of("usage"))
        if terms.results:
            tables["customer_results"] = customer_results_table(terms.results, span, people, subscribers, streams.of("customer results"))
        tables["tickets"] = tickets_table(terms, span, people, subscribers, contact_ids, streams.of("tickets"))
    if facts.scores:
        tables["surveys"] = surveys_table(facts.scores, span, people, subscribers, contact_ids, streams)
    if invitations is not None:
        tables["referrals"] = referrals_table(span, people, invitations, contact_ids)

    gone = people.buys & (people.leaves < span.end)
    return World(
        truth=facts,
        span=span,
        tables=tables,
        characters=pa.table(
            {
                "contact_id": contact_ids,
                "segment": words(people.segment, [segment.name for segment in facts.segments]),
                "customer": people.buys,
                "leaves_at": span.instants(np.where(gone, people.leaves, 0), ~gone),
            }
        ),
        subscribers=None
        if subscribers is None
        else pa.table({"subscription_id": ids("S", np.arange(1, len(subscribers.person) + 1)), "engaged": subscribers.engaged}),
    )


def _conversions(facts: Truth, span: Span, people: People) -> list[np.ndarray]:
    """True conversions per paid channel, by day and campaign: first orders, on their day."""
    bought = np.flatnonzero(people.buys & np.isin(people.source, np.arange(len(facts.channels))))
    day = span.day_of(people.customer[bought])
    counts = []
    for index, channel in enumerate(facts.channels):
        own = people.source[bought] == index
        cells = day[own] * len(channel.campaigns) + people.campaign[bought][own]
        size = span.days * len(channel.campaigns)
        counts.append(np.bincount(cells, minlength=size).reshape(span.days, len(channel.campaigns)))
    return counts
