"""What people leave behind: contact records, touchpoints, events, invitations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.simulation.advertising import Spend
from demo.simulation.calendar import DAY, HOUR, Span, times_of_day, waits
from demo.simulation.columns import conform, constant, ids, joined, words
from demo.simulation.names import FIRST_NAMES, LAST_NAMES
from demo.simulation.people import NEVER, Invitations, People, sources
from demo.simulation.purchases import Orders
from demo.simulation.streams import Streams
from demo.simulation.subscribers import Subscribers
from demo.truth import Truth

CONSENT = 0.72
PAGES_BEFORE_SIGNUP = 2.0
"""Mean page views of a person before signing up, beside the one they sign up on."""
ANONYMOUS = 0.25
"""Page views per click of people who never say who they are."""
OPENS = 1.2
"""Mean mails opened by a person who agreed to be mailed."""
OTHER_TOUCHES = 1.1
"""Mean touches before the last one, by whichever channels."""


def contacts_table(
    truth: Truth, span: Span, people: People, subscribers: Subscribers | None, contact_ids: pa.Array, streams: Streams
) -> pa.Table:
    """Contact records. Names are drawn from lists, addresses end in example.com and numbers start with a code nobody has."""
    rng = streams.of("contacts")
    count = len(people)
    number = np.arange(1, count + 1)
    first = words(rng.choice(len(FIRST_NAMES), count), FIRST_NAMES)
    last = words(rng.choice(len(LAST_NAMES), count), LAST_NAMES)
    plain_last = pc.replace_substring_regex(last, "[ ']", "")
    subscribed = np.zeros(count, bool)
    if subscribers is not None:
        subscribed[subscribers.person] = True
    owner = people.account >= 0
    stage = np.where(people.buys | subscribed, 0, np.where(owner, 1, np.where(rng.random(count) < 0.7, 2, 3)))
    consents = rng.random(count) < CONSENT
    # Country code 27 has no area 99, and 555-01xx is kept for fiction.
    dial, digits = ("+27 99 ", 7) if truth.country == "ZA" else ("+1 212 555 01", 2)
    phone = joined(dial, ids("", rng.integers(0, 10**digits, count), width=digits))
    return conform(
        "contacts",
        {
            "contact_id": contact_ids,
            "email": pc.utf8_lower(joined(first, ".", plain_last, ids("", number, width=1), "@example.com")),
            "first_name": first,
            "last_name": last,
            "phone": pc.if_else(pa.array(rng.random(count) < 0.6), phone, None),
            "account_id": ids("A", people.account + 1, ~owner, width=6),
            "job_title": words(rng.choice(3, count, p=(0.6, 0.3, 0.1)), ("Owner", "Manager", "Front desk"), ~owner),
            "city": words(rng.choice(len(truth.cities), count), truth.cities),
            "country": constant(truth.country, count),
            "stage": words(stage, ("customer", "opportunity", "lead", "subscriber")),
            "source": words(people.source, sources(truth)),
            "created_at": span.instants(people.signup),
            "email_consent": pa.array(consents),
            "consent_at": span.instants(people.signup, ~consents),
        },
    )


def touchpoints_table(truth: Truth, span: Span, people: People, contact_ids: pa.Array, streams: Streams) -> pa.Table:
    """Touches on the way to the sign-up: the last one is the source's own, those before come from any paid channel or by search."""
    rng = streams.of("touchpoints")
    names = sources(truth)
    others = rng.poisson(OTHER_TOUCHES, len(people)).clip(max=7)
    pull = np.array([channel.curve.maximum for channel in truth.channels] + [source.customers_per_week for source in truth.unpaid] + [0.0])
    before = np.repeat(np.arange(len(people)), others)
    before_channel = rng.choice(len(names), len(before), p=pull / pull.sum())
    before_at = people.signup[before] - waits(len(before), 6, rng) - HOUR
    within = before_at >= span.start
    before, before_channel, before_at = before[within], before_channel[within], before_at[within]
    last_at = people.signup - rng.integers(60, 1800, len(people)) * 1_000_000
    person = np.concatenate([before, np.arange(len(people))])
    channel = np.concatenate([before_channel, people.source])
    at = np.maximum(np.concatenate([before_at, last_at]), span.start)
    is_last = np.arange(len(person)) >= len(before)

    most = max(len(item.campaigns) for item in truth.channels)
    shares = np.zeros((len(names), most))
    campaigns = np.full((len(names), most), None, object)
    for index, item in enumerate(truth.channels):
        shares[index, : len(item.campaigns)] = [share for _, share in item.campaigns]
        campaigns[index, : len(item.campaigns)] = [name for name, _ in item.campaigns]
    drawn = (rng.random(len(person))[:, None] > shares.cumsum(axis=1)[channel]).sum(axis=1).clip(max=most - 1)
    campaign = np.where(is_last, np.concatenate([np.zeros(len(before), np.int64), people.campaign]), drawn).clip(0)
    unpaid = channel >= len(truth.channels)

    kinds = ("click", "impression", "visit", "open", "send")
    mail = np.isin(channel, [index for index, item in enumerate(truth.channels) if item.name == "email"])
    seen_only = (rng.random(len(person)) < 0.35) & ~is_last
    kind = np.where(unpaid, 2, np.where(mail, np.where(seen_only, 4, np.where(is_last, 0, 3)), np.where(seen_only, 1, 0)))
    order = np.argsort(at, kind="stable")
    person, channel, campaign, kind, at = person[order], channel[order], campaign[order], kind[order], at[order]
    return conform(
        "touchpoints",
        {
            "touchpoint_id": ids("P", np.arange(1, len(person) + 1), width=8),
            "contact_id": contact_ids.take(pa.array(person)),
            "channel": words(channel, names),
            "campaign": words(channel * most + campaign, campaigns.ravel().tolist(), channel >= len(truth.channels)),
            "kind": words(kind, kinds),
            "at": span.instants(at),
        },
    )


def events_table(
    truth: Truth,
    span: Span,
    people: People,
    orders: Orders,
    outcomes: dict[str, np.ndarray],
    money: list[Spend],
    contact_ids: pa.Array,
    streams: Streams,
) -> pa.Table:
    """Page views (many without a name), sign-ups, orders, opened mails and experiment outcomes, ordered by time."""
    rng = streams.of("events")
    count = len(people)
    everyone = np.arange(count)
    looks = np.repeat(everyone, rng.poisson(PAGES_BEFORE_SIGNUP, count))
    spent = np.array([paid.by_day[: span.days].sum() for paid in money])
    clicks = spent / np.array([channel.cost_per_click for channel in truth.channels])
    strangers = rng.poisson(clicks * ANONYMOUS)
    stranger_channel = np.repeat(np.arange(len(truth.channels)), strangers)
    unnamed = len(stranger_channel)
    weights = np.stack([paid.by_day[: span.days].sum(axis=1) for paid in money]).sum(axis=0).astype(float)
    stranger_at = span.start + rng.choice(span.days, unnamed, p=weights / weights.sum()) * DAY + times_of_day(unnamed, rng)
    opens = np.repeat(everyone, rng.poisson(OPENS * CONSENT, count))
    open_at = people.signup[opens] + (rng.random(len(opens)) * (span.end - people.signup[opens])).astype(np.int64) // 1_000_000 * 1_000_000

    names = ["page_view", "signup", truth.goal, "email_open", *(experiment.outcome for experiment in truth.experiments)]
    kinds = [np.zeros(len(looks)), np.zeros(unnamed), np.full(count, 1), np.full(len(orders.at), 2), np.full(len(opens), 3)]
    persons = [looks, np.full(unnamed, -1), everyone, orders.person, opens]
    times = [people.signup[looks] - waits(len(looks), 0.8, rng), stranger_at, people.signup, orders.at, open_at]
    kind = np.concatenate([*kinds, 4 + outcomes["experiment"]]).astype(np.int8)
    person = np.concatenate([*persons, outcomes["person"]])
    at = np.concatenate([*times, outcomes["at"]])
    channel = np.where(person < 0, 0, people.source[person])
    channel[len(looks) : len(looks) + unnamed] = stranger_channel
    mail = [index for index, item in enumerate(truth.channels) if item.name == "email"]
    no_channel = kind >= 4
    if mail:
        channel[kind == 3] = mail[0]
    else:
        no_channel |= kind == 3
    # A device is the person's own; a stranger's is one of as many as there are strangers' visits by half.
    device = np.where(person < 0, count + rng.integers(0, max(unnamed // 2, 1), len(person)), person)

    order = np.argsort(at, kind="stable")
    order = order[(at[order] >= span.start) & (at[order] < span.end)]
    kind, no_channel = kind[order], no_channel[order]
    person, at, channel, device = person[order], at[order], channel[order], device[order]
    named = pa.array(np.where(person < 0, 0, person), mask=person < 0)
    account = np.where(person < 0, -1, people.account[person])
    return conform(
        "events",
        {
            "event_id": ids("E", np.arange(1, len(at) + 1), width=9),
            "contact_id": contact_ids.take(named),
            "account_id": ids("A", account + 1, account < 0, width=6),
            "name": words(kind, names),
            "at": span.instants(at),
            "channel": words(channel, sources(truth), no_channel),
            "device_id": ids("D", device + 1, width=8),
        },
    )


def referrals_table(span: Span, people: People, invitations: Invitations, contact_ids: pa.Array) -> pa.Table:
    """Invitations, with who came of them and when they first bought."""
    nobody = invitations.invited < 0
    converted = np.where(nobody, NEVER, people.customer[invitations.invited])
    waiting = converted == NEVER
    return conform(
        "referrals",
        {
            "referral_id": ids("R", np.arange(1, len(nobody) + 1)),
            "referrer_id": contact_ids.take(pa.array(invitations.referrer)),
            "contact_id": contact_ids.take(pa.array(np.where(nobody, 0, invitations.invited), mask=nobody)),
            "invited_at": span.instants(invitations.at),
            "converted_at": span.instants(np.where(waiting, 0, converted), waiting),
        },
    )
