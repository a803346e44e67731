"""Who signs up, from where, who becomes a customer and when, and whom they bring along."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from demo.simulation.advertising import Spend
from demo.simulation.calendar import DAY, MONTH, Span, times_of_day, waits
from demo.simulation.streams import Streams
from demo.truth import Referral, Segment, Truth

NEVER = np.iinfo(np.int64).max
DECIDE_DAYS = 1.5
"""Mean days from sign-up to first order."""


@dataclass(frozen=True, slots=True)
class People:
    """Arrays of one length, one entry per person, ordered by sign-up. Times are local microseconds."""

    source: np.ndarray
    """Index into `sources(truth)`."""
    campaign: np.ndarray
    """Index into the channel's campaigns; -1 for none."""
    signup: np.ndarray
    customer: np.ndarray
    """Time of the first order; NEVER for those who do not (yet) buy."""
    segment: np.ndarray
    """Index into the segments; drawn for everyone, seen only in customers."""
    leaves: np.ndarray
    """When the customer silently leaves; may lie beyond the history."""
    account: np.ndarray
    """Index of the business; -1 for people on their own."""
    inviter: np.ndarray
    """Position of the person who invited them; -1 for none."""

    def __len__(self) -> int:
        return len(self.source)

    def take(self, positions: np.ndarray) -> People:
        """These people, in this order, `inviter` untouched."""
        return People(*(getattr(self, field.name)[positions] for field in fields(self)))

    @property
    def buys(self) -> np.ndarray:
        """Who is a customer."""
        return self.customer != NEVER


@dataclass(frozen=True, slots=True)
class Invitations:
    """Arrays of one length. `referrer` and `invited` are positions in People; `invited` is -1 where nobody came."""

    referrer: np.ndarray
    at: np.ndarray
    invited: np.ndarray


def sources(truth: Truth) -> tuple[str, ...]:
    """Names of all sources of people, in the order of `People.source`."""
    return (*(channel.name for channel in truth.channels), *(source.name for source in truth.unpaid), "referral")


def concatenate(groups: list[People]) -> People:
    """Groups one after another."""
    return People(*(np.concatenate([getattr(group, field.name) for group in groups]) for field in fields(People)))


def arrivals(
    source: int, customers_per_week: np.ndarray, share: float, campaigns: np.ndarray, truth: Truth, span: Span, rng: np.random.Generator
) -> People:
    """People of one source. `customers_per_week` is expected; `share` of sign-ups become customers; campaigns by mean share."""
    signups = rng.poisson(customers_per_week / share)
    week = np.repeat(np.arange(len(signups)), signups)
    count = len(week)
    day = week * 7 + rng.choice(7, count, p=span.weekday_weights())
    # The week of the first order follows the curve; the sign-up lies a little before it.
    decided = span.start + day * DAY + times_of_day(count, rng)
    signup = decided - waits(count, DECIDE_DAYS, rng)
    within = span.start + (rng.random(count) * (decided - span.start)).astype(np.int64) // 1_000_000 * 1_000_000
    signup = np.where(signup < span.start, within, signup)
    customer = np.where(rng.random(count) < share, decided, NEVER)
    segment, leaves = characters(customer, truth.segments, rng)
    campaign = rng.choice(len(campaigns), count, p=campaigns / campaigns.sum()) if len(campaigns) else np.full(count, -1)
    nobody = np.full(count, -1)
    return People(np.full(count, source), campaign, signup, customer, segment, leaves, nobody, nobody)


def characters(customer: np.ndarray, segments: tuple[Segment, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Each person's segment, and when they silently leave if they ever buy."""
    segment = rng.choice(len(segments), len(customer), p=[segment.share for segment in segments])
    months = 1 / np.array([segment.churn_per_month for segment in segments])
    stay = (rng.exponential(months[segment]) * MONTH).astype(np.int64)
    return segment, np.where(customer == NEVER, NEVER, np.where(customer == NEVER, 0, customer) + stay)


def acquire(truth: Truth, span: Span, money: list[Spend], streams: Streams) -> People:
    """Everyone who comes by a paid or unpaid channel, the weeks after the last day included."""
    groups = []
    for index, (channel, paid) in enumerate(zip(truth.channels, money, strict=True)):
        rng = streams.of("people", channel.name)
        expected = paid.expected * rng.lognormal(-(truth.noise**2) / 2, truth.noise, len(paid.expected))
        shares = paid.by_day.sum(axis=0).astype(float)
        groups.append(arrivals(index, expected, channel.signup_to_customer, shares, truth, span, rng))
    for index, source in enumerate(truth.unpaid, start=len(truth.channels)):
        rng = streams.of("people", source.name)
        weeks = np.arange(span.drawn_weeks)
        season = 1 + source.season * np.cos(2 * np.pi * ((span.first.timetuple().tm_yday + 7 * weeks) / 365.25 - 0.92))
        expected = source.customers_per_week * (1 + source.growth_per_year) ** (weeks / 52.18) * season
        groups.append(arrivals(index, expected, source.signup_to_customer, np.array([]), truth, span, rng))
    return concatenate(groups)


def invite(people: People, truth: Truth, referral: Referral, span: Span, rng: np.random.Generator) -> tuple[People, Invitations]:
    """Customers invite others, who become customers and invite in turn, until nobody new comes before the end."""
    groups, sent = [people], []
    generation, offset, total = people, 0, len(people)
    while len(generation):
        customers = np.flatnonzero(generation.customer < span.end)
        referrer = np.repeat(customers, rng.poisson(referral.invitations, len(customers)))
        at = generation.customer[referrer] + waits(len(referrer), 30, rng)
        seen = at < span.end
        referrer, at = referrer[seen], at[seen]
        came = rng.random(len(at)) < referral.conversion
        customer = at[came] + waits(int(came.sum()), 5, rng)
        signup = customer - np.minimum(waits(len(customer), 0.3, rng), customer - at[came])
        segment, leaves = characters(customer, truth.segments, rng)
        count = len(customer)
        following = People(
            np.full(count, len(sources(truth)) - 1),
            np.full(count, -1),
            signup,
            customer,
            segment,
            leaves,
            np.full(count, -1),
            offset + referrer[came],
        )
        invited = np.full(len(at), -1)
        invited[came] = total + np.arange(count)
        sent.append(Invitations(offset + referrer, at, invited))
        groups.append(following)
        generation, offset, total = following, total, total + count
    everyone = Invitations(
        np.concatenate([group.referrer for group in sent]),
        np.concatenate([group.at for group in sent]),
        np.concatenate([group.invited for group in sent]),
    )
    return concatenate(groups), everyone


def as_seen(people: People, invitations: Invitations | None, span: Span) -> tuple[People, Invitations | None]:
    """Those who signed up by the last day, in order of sign-up, with what has not happened yet taken away."""
    order = np.argsort(people.signup, kind="stable")
    order = order[people.signup[order] < span.end]
    position = np.full(len(people) + 1, -1)
    position[order] = np.arange(len(order))
    seen = people.take(order)
    later = seen.customer >= span.end
    seen = People(
        seen.source,
        seen.campaign,
        seen.signup,
        np.where(later, NEVER, seen.customer),
        seen.segment,
        np.where(later, NEVER, seen.leaves),
        seen.account,
        position[seen.inviter],
    )
    if invitations is None:
        return seen, None
    chronological = np.argsort(invitations.at, kind="stable")
    return seen, Invitations(
        position[invitations.referrer[chronological]], invitations.at[chronological], position[invitations.invited[chronological]]
    )
