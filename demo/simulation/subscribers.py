"""Businesses, subscriptions, what subscribers use, what they ask support, and how long they stay."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import DAY, MONTH, Span, times_of_day
from demo.simulation.columns import conform, constant, ids, joined, whole, words
from demo.simulation.people import NEVER, People
from demo.truth import Subscriptions, Truth

REASONS, REASON_SHARES = ("price", "went_to_competitor", "no_time", "closed", "missing_feature"), (0.34, 0.22, 0.20, 0.14, 0.10)
TOPICS, TOPIC_SHARES = ("billing", "how_to", "bug", "integration", "cancellation"), (0.25, 0.35, 0.22, 0.12, 0.06)
SEVERITIES, SEVERITY_SHARES = ("low", "normal", "high", "urgent"), (0.30, 0.48, 0.17, 0.05)
FADING = 28 * DAY
USAGE_PANEL = 20_000
"""Most subscribers whose usage is logged, at any size."""


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Arrays of one length, ordered by start. `person` is a position in People; `ended` is NEVER while it runs."""

    person: np.ndarray
    plan: np.ndarray
    engaged: np.ndarray
    started: np.ndarray
    ended: np.ndarray


def businesses(terms: Subscriptions, unpaid_sources: tuple[int, ...], span: Span, rng: np.random.Generator) -> People:
    """The owner of each business that begins a trial; a business is known by its owner's `account`."""
    starts = rng.poisson(terms.accounts_per_week, span.drawn_weeks)
    count = int(starts.sum())
    day = np.repeat(np.arange(len(starts)), starts) * 7 + rng.choice(7, count, p=span.weekday_weights())
    signup = np.sort(span.start + day * DAY + times_of_day(count, rng))
    never, nobody = np.full(count, NEVER), np.full(count, -1)
    return People(rng.choice(unpaid_sources, count), nobody, signup, never, np.zeros(count, np.int64), never, np.arange(count), nobody)


def subscribe(people: People, terms: Subscriptions, span: Span, rng: np.random.Generator) -> Subscribers:
    """Who subscribes to what, and for how long: exponential lives by plan and engagement, seen up to the last day."""
    draw = rng.random(len(people))
    owners = np.flatnonzero((people.account >= 0) & (draw < terms.trial_to_paid))
    customers = np.flatnonzero(people.buys & (draw < terms.customer_share))
    person = np.concatenate([owners, customers])
    started = np.concatenate([people.signup[owners] + terms.trial_days * DAY, people.customer[customers]])
    order = np.argsort(started, kind="stable")
    order = order[started[order] < span.end]
    person, started = person[order], started[order]

    plan = rng.choice(len(terms.plans), len(person), p=[plan.share for plan in terms.plans])
    engaged = rng.random(len(person)) < terms.engaged_share
    hazard = np.array([plan.churn_per_month for plan in terms.plans])[plan] * np.where(engaged, 1.0, terms.unengaged_hazard)
    ended = started + (rng.exponential(1 / hazard) * MONTH / 1_000_000).astype(np.int64) * 1_000_000
    return Subscribers(person, plan, engaged, started, np.where(ended < span.end, ended, NEVER))


def subscriptions_table(
    truth: Truth,
    terms: Subscriptions,
    span: Span,
    people: People,
    subscribers: Subscribers,
    contact_ids: pa.Array,
    rng: np.random.Generator,
) -> pa.Table:
    """Subscriptions at the plan's price."""
    count = len(subscribers.person)
    running = subscribers.ended == NEVER
    account = people.account[subscribers.person]
    return conform(
        "subscriptions",
        {
            "subscription_id": ids("S", np.arange(1, count + 1)),
            "contact_id": contact_ids.take(pa.array(subscribers.person)),
            "account_id": ids("A", account + 1, account < 0, width=6),
            "plan": words(subscribers.plan, [plan.name for plan in terms.plans]),
            "mrr": whole(np.array([plan.price for plan in terms.plans])[subscribers.plan]),
            "currency": constant(truth.currency, count),
            "started_at": span.instants(subscribers.started),
            "ended_at": span.instants(np.where(running, 0, subscribers.ended), running),
            "end_reason": words(rng.choice(len(REASONS), count, p=REASON_SHARES), REASONS, running),
        },
    )


def usage_table(
    terms: Subscriptions, span: Span, people: People, subscribers: Subscribers, contact_ids: pa.Array, rng: np.random.Generator
) -> pa.Table:
    """Uses by day and feature, fewer from the unengaged, fading before an end."""
    logged = min(terms.usage_share, USAGE_PANEL / max(len(subscribers.person), 1))
    panel = np.flatnonzero(rng.random(len(subscribers.person)) < logged)
    subscribers = Subscribers(*(getattr(subscribers, field.name)[panel] for field in fields(Subscribers)))
    first = span.day_of(subscribers.started)
    last = span.day_of(np.minimum(subscribers.ended, span.end - 1))
    lengths = last - first + 1
    who = np.repeat(np.arange(len(lengths)), lengths)
    day = np.arange(len(who)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[who]
    use = np.where(subscribers.engaged[who], 1.0, terms.unengaged_use)
    to_end = subscribers.ended[who] - (span.start + day * DAY)
    use *= np.where((subscribers.ended[who] != NEVER) & (to_end < FADING), terms.fading_use, 1.0)

    rows, features = [], []
    for index, feature in enumerate(terms.features):
        hit = np.flatnonzero(rng.random(len(who)) < feature.daily_share * use)
        rows.append(hit)
        features.append(np.full(len(hit), index))
    row, used = np.concatenate(rows), np.concatenate(features)
    order = np.lexsort((used, who[row], day[row]))
    row, used = row[order], used[order]
    uses = 1 + rng.poisson(np.array([item.uses - 1 for item in terms.features]).clip(0)[used])
    person = subscribers.person[who[row]]
    account = people.account[person]
    return conform(
        "usage",
        {
            "contact_id": contact_ids.take(pa.array(person)),
            "account_id": ids("A", account + 1, account < 0, width=6),
            "day": span.dates(day[row]),
            "feature": words(used, [item.name for item in terms.features]),
            "uses": whole(uses),
        },
    )


def tickets_table(
    terms: Subscriptions, span: Span, people: People, subscribers: Subscribers, contact_ids: pa.Array, rng: np.random.Generator
) -> pa.Table:
    """Support requests of subscribers, at a steady rate while they subscribe; more from the unengaged."""
    life = np.minimum(subscribers.ended, span.end) - subscribers.started
    rate = terms.tickets_per_month * np.where(subscribers.engaged, 1.0, terms.unengaged_tickets)
    who = np.repeat(np.arange(len(life)), rng.poisson(rate * life / MONTH))
    opened = subscribers.started[who] + (rng.random(len(who)) * life[who] / 1_000_000).astype(np.int64) * 1_000_000
    order = np.argsort(opened, kind="stable")
    who, opened = who[order], opened[order]
    count = len(who)
    closed = opened + (rng.gamma(1.5, 12 * 3600, count)).astype(np.int64) * 1_000_000
    person = subscribers.person[who]
    account = people.account[person]
    return conform(
        "tickets",
        {
            "ticket_id": ids("T", np.arange(1, count + 1)),
            "contact_id": contact_ids.take(pa.array(person)),
            "account_id": ids("A", account + 1, account < 0, width=6),
            "opened_at": span.instants(opened),
            "closed_at": span.instants(closed, closed >= span.end),
            "category": words(rng.choice(len(TOPICS), count, p=TOPIC_SHARES), TOPICS),
            "severity": words(rng.choice(len(SEVERITIES), count, p=SEVERITY_SHARES), SEVERITIES),
        },
    )


def accounts_table(truth: Truth, span: Span, people: People, subscribers: Subscribers | None, rng: np.random.Generator) -> pa.Table:
    """Businesses that began a trial, with the plan of those that pay on the last day."""
    owner = np.flatnonzero(people.account >= 0)
    account = people.account[owner]
    count = len(owner)
    plan = np.full(int(account.max(initial=-1)) + 1, -1)
    plans: list[str] = []
    if subscribers is not None and truth.subscriptions:
        plans = [item.name for item in truth.subscriptions.plans]
        paying = (subscribers.ended == NEVER) & (people.account[subscribers.person] >= 0)
        plan[people.account[subscribers.person[paying]]] = subscribers.plan[paying]
    industry = rng.choice(len(truth.industries), count)
    number = ids("", account + 1, width=4)
    plain = [name.replace(" ", "-") for name in truth.industries]
    return conform(
        "accounts",
        {
            "account_id": ids("A", account + 1, width=6),
            "name": joined("Simulated ", words(industry, truth.industries), " ", number),
            "industry": words(industry, truth.industries),
            "employees": whole(1 + rng.negative_binomial(1.2, 0.18, count)),
            "city": words(rng.choice(len(truth.cities), count), truth.cities),
            "country": constant(truth.country, count),
            "website": joined("https://", words(industry, plain), "-", number, ".example"),
            "plan": words(plan[account], plans, plan[account] < 0) if plans else pa.nulls(count, pa.string()),
            "created_at": span.instants(people.signup[owner]),
        },
    )
