"""Simulated weekly series with known curves, for tests of the budget tools."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from tools.methods.adstock import geometric_adstock
from tools.methods.saturation import saturate


@dataclass(frozen=True)
class Truth:
    """What the series are drawn from: money in minor units per week, outcomes per week."""

    decay: np.ndarray
    half: np.ndarray
    maximum: np.ndarray
    spend: np.ndarray
    base: np.ndarray
    noise: float

    def steady(self, spend: np.ndarray) -> np.ndarray:
        """Outcomes per week of each channel at steady spend."""
        return self.maximum * spend / (spend + self.half)

    def path(self, spend: np.ndarray) -> np.ndarray:
        """Expected outcomes of all channels by week along spend (K, T), from nothing before it."""
        return self.maximum @ saturate("michaelis_menten", geometric_adstock(spend, self.decay).value / self.half[:, None]).value


NAMES = ("google_ads", "meta", "linkedin", "tiktok", "youtube", "email")


def draw(seed: int, *, channels: int = 2, weeks: int = 104, noise: float = 4.0, level: float = 60.0) -> Truth:
    """Parameters and spend, without an outcome yet."""
    random = np.random.default_rng(seed)
    decay, half = random.uniform(0.1, 0.6, channels), random.uniform(100_000, 400_000, channels)
    maximum = random.uniform(30, 90, channels)
    spend = np.round(random.lognormal(0, 0.6, (channels, weeks)) * half[:, None] * random.uniform(0.3, 1.0, (channels, 1)))
    return Truth(decay, half, maximum, spend, np.full(weeks, level), noise)


def weekly(truth: Truth, seed: int, *, claims: bool = False) -> dict:
    """The series as a request carries them."""
    random = np.random.default_rng([seed, 1])
    response = saturate("michaelis_menten", geometric_adstock(truth.spend, truth.decay).value / truth.half[:, None]).value
    by_channel = truth.maximum[:, None] * response
    weeks = truth.spend.shape[1]
    channels = [
        {
            "channel": NAMES[place],
            "spend": [int(value) for value in truth.spend[place]],
            **({"conversions": [float(value) for value in random.poisson(by_channel[place])]} if claims else {}),
        }
        for place in range(len(truth.decay))
    ]
    outcome = np.maximum(truth.base + by_channel.sum(axis=0) + random.normal(0, truth.noise, weeks), 0)
    return {
        "first_week": date(2024, 1, 1).isoformat(),
        "currency": "ZAR",
        "channels": channels,
        **({} if claims else {"outcome": [round(float(value), 3) for value in outcome]}),
    }
