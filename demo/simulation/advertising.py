"""What is spent on each channel, and what its platform reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import Span
from demo.simulation.columns import conform, constant, whole, words
from demo.simulation.streams import Streams
from demo.truth import Channel, Truth

PULSES, PULSE_SHARES = np.array([0.08, 1.0, 2.6]), np.array([0.10, 0.76, 0.14])
"""Weeks nearly dark, ordinary and boosted: what makes a curve visible."""
WOBBLE = 0.35
"""Log standard deviation of spend from week to week."""
SEASON = 0.15


@dataclass(frozen=True, slots=True)
class Spend:
    """Spend of one channel, minor units, and the conversions it brings."""

    by_day: np.ndarray
    """Days by campaigns, the weeks after the last day included."""
    by_week: np.ndarray
    expected: np.ndarray
    """Conversions per week that the curve gives for this spend."""


def spend(channel: Channel, span: Span, streams: Streams) -> Spend:
    """A channel's spend: a yearly wave, wobble and pulses, split over days and campaigns, around its stated mean."""
    rng = streams.of("spend", channel.name)
    weeks = span.drawn_weeks
    wobble = rng.lognormal(-(WOBBLE**2) / 2, WOBBLE, weeks)
    pulse = rng.choice(PULSES, weeks, p=PULSE_SHARES) / (PULSES @ PULSE_SHARES)
    phase = (span.first.timetuple().tm_yday + 7 * np.arange(weeks)) / 365.25
    season = 1 + SEASON * np.cos(2 * np.pi * (phase - 0.92))
    weekly = channel.spend * wobble * pulse * season

    daily = span.weekday_weights() * rng.lognormal(0, 0.12, (weeks, 7))
    daily /= daily.sum(axis=1, keepdims=True)
    shares = np.array([share for _, share in channel.campaigns]) * rng.lognormal(0, 0.15, (weeks, 1, len(channel.campaigns)))
    shares /= shares.sum(axis=2, keepdims=True)
    cells = np.rint(weekly[:, None, None] * daily[:, :, None] * shares).astype(np.int64)
    by_week = cells.sum(axis=(1, 2))
    return Spend(cells.reshape(weeks * 7, -1), by_week, channel.curve.conversions(by_week))


def reported(channel: Channel, money: Spend, conversions: np.ndarray, value: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """What the platform reports, from true conversions by day and campaign: clicks, impressions and more conversions than there were."""
    clicks = rng.poisson(money.by_day[: len(conversions)] / channel.cost_per_click)
    claimed = conversions * channel.claim
    if channel.fractional:
        claimed = np.round(claimed * rng.lognormal(-0.0008, 0.04, claimed.shape), 2)
    else:
        claimed = np.floor(claimed + rng.random(claimed.shape))
    return {
        "impressions": clicks + rng.poisson(clicks * (1 / channel.click_rate - 1)),
        "clicks": clicks,
        "conversions": claimed,
        "conversion_value": np.rint(claimed * value),
    }


def ad_metrics(truth: Truth, span: Span, money: list[Spend], conversions: list[np.ndarray], streams: Streams) -> pa.Table:
    """The table that the platforms' exports hold together. `conversions`: per channel, true ones by day and campaign."""
    value = float(np.average([product.price for product in truth.products], weights=[product.weight for product in truth.products]))
    tables = []
    for channel, paid, brought in zip(truth.channels, money, conversions, strict=True):
        report = reported(channel, paid, brought, value, streams.of("reported", channel.name))
        days, campaigns = np.indices(brought.shape).reshape(2, -1)
        rows = days.size
        tables.append(
            conform(
                "ad_metrics",
                {
                    "day": span.dates(days),
                    "channel": constant(channel.name, rows),
                    "campaign": words(campaigns, [name for name, _ in channel.campaigns]),
                    "impressions": whole(report["impressions"].ravel()),
                    "clicks": whole(report["clicks"].ravel()),
                    "spend": whole(paid.by_day[: len(brought)].ravel()),
                    "currency": constant(truth.currency, rows),
                    "conversions": pa.array(report["conversions"].ravel()),
                    "conversion_value": whole(report["conversion_value"].ravel()),
                },
            )
        )
    return pa.concat_tables(tables)
