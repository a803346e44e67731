"""What is true of a simulated brand: the parameters that its data is drawn from, and that tools should recover."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Literal

import numpy as np

Size = Literal["small", "medium", "large"]
SCALES: dict[Size, int] = {"small": 1, "medium": 8, "large": 64}
"""How many times the small market: people, spend, half-saturation and maximum all grow alike. `large` gives 10⁷ events."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Conversions per week of one channel: `maximum * a / (a + half_saturation)`, where `a` is the adstock of weekly spend.

    Adstock is geometric and normalised, `a[t] = (1 - decay) * spend[t] + decay * a[t - 1]` from nothing before the first week,
    so that a steady spend is its own adstock. Jin, Wang, Sun, Chan and Koehler (2017), Bayesian methods for media mix modeling,
    sections 2.1 and 2.2, with the Hill exponent at one.
    """

    decay: float
    half_saturation: int
    """Adstock at which half the maximum is reached: minor units per week."""
    maximum: float
    """Conversions per week that no spend can exceed."""

    def adstock(self, weekly_spend: np.ndarray) -> np.ndarray:
        """Adstock by week, from spend by week in minor units."""
        week = np.arange(len(weekly_spend))
        age = week[:, None] - week
        return np.where(age >= 0, (1 - self.decay) * self.decay ** np.maximum(age, 0), 0.0) @ weekly_spend

    def conversions(self, weekly_spend: np.ndarray) -> np.ndarray:
        """Expected conversions by week, from spend by week in minor units."""
        stock = self.adstock(weekly_spend)
        return self.maximum * stock / (stock + self.half_saturation)


@dataclass(frozen=True, slots=True)
class Channel:
    """A paid channel."""

    name: str
    curve: Curve
    spend: int
    """Mean spend, minor units per week."""
    claim: float
    """Conversions that the platform claims for each one that it brought."""
    signup_to_customer: float
    """Share of the people it signs up who become customers: the conversion that the curve counts."""
    cost_per_click: int
    """Minor units."""
    click_rate: float
    """Clicks per impression."""
    campaigns: tuple[tuple[str, float], ...]
    """Campaign name and its mean share of the channel's spend and conversions."""
    fractional: bool = False
    """Whether the platform reports fractions of a conversion."""


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A source that nobody pays for: organic, direct."""

    name: str
    customers_per_week: float
    """In the first week."""
    growth_per_year: float
    season: float
    """Height of the yearly wave, as a share; paid response has none."""
    signup_to_customer: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of customer. Hidden: no export names it."""

    name: str
    share: float
    orders_per_month: float
    """Repeat orders while active, at base prices."""
    price_factor: float
    """Items per order and extras, as a multiple of the price."""
    churn_per_month: float
    """Hazard of silently leaving, per 30 days."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something bought by the order."""

    name: str
    price: int
    unit_cost: int
    weight: float
    """Share of orders at base prices."""
    elasticity: float
    """Change of log orders per change of log price."""
    unit: str
    steps: tuple[float, ...] = (1.0,)
    """The price over time as multiples of the base price, in stretches of equal length."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription plan."""

    name: str
    price: int
    share: float
    churn_per_month: float
    """Hazard of an engaged subscriber's end, per 30 days."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a subscriber uses."""

    name: str
    daily_share: float
    """Chance that an engaged subscriber uses it on a day."""
    uses: float
    """Mean uses on such a day."""


@dataclass(frozen=True, slots=True)
class Results:
    """What businesses among the customers achieve themselves, day by day, and what a change of theirs does to it."""

    measure: str
    part: str
    """The part that the change raises."""
    other: str
    """The part that it leaves alone."""
    part_share: float
    """Share of the measure that the first part makes up before the change."""
    per_day: float
    """Median of the businesses' means per day."""
    spread: float
    """Log standard deviation of those means."""
    weekly_noise: float
    """Log standard deviation from week to week, beyond counting noise."""
    changers: float
    """Share of businesses that change something, each on a day of its own within the last half year."""
    lift: float
    """Relative lift of the first part from that day on."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Who subscribes, how engaged they are and how long they stay."""

    plans: tuple[Plan, ...]
    features: tuple[Feature, ...]
    customer_share: float
    """Share of customers who subscribe in their own name."""
    accounts_per_week: float
    """Businesses that begin a trial, per week."""
    trial_to_paid: float
    trial_days: int
    engaged_share: float
    unengaged_hazard: float
    """Hazard of an unengaged subscriber, as a multiple of an engaged one's."""
    unengaged_use: float
    """Daily use of an unengaged subscriber, as a multiple."""
    fading_use: float
    """Daily use in the 28 days before an end, as a multiple."""
    usage_share: float
    """Share of subscribers whose usage is logged."""
    tickets_per_month: float
    unengaged_tickets: float
    """Tickets of an unengaged subscriber, as a multiple."""
    results: Results | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of an experiment."""

    name: str
    lift: float
    """Relative lift of the outcome's rate over the first arm's."""
    lost: float = 0.0
    """Share of its assignments that were never logged: any is a sample-ratio mismatch."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment on people as they sign up; units are split evenly over its arms. The first arm is the control."""

    name: str
    outcome: str
    """Name of the event that counts, within 14 days of exposure."""
    base_rate: float
    arms: tuple[Arm, ...]
    weeks_before_end: int
    weeks: int


@dataclass(frozen=True, slots=True)
class Referral:
    """What customers do for us."""

    invitations: float
    """Invitations per customer, over their life; the mean wait is 30 days from the first order."""
    conversion: float
    """Share of invitations that make a customer; the mean wait is 5 days."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares of promoters (9, 10), passives (7, 8) and detractors (0 to 6) among those who answer."""

    engaged: tuple[float, float, float]
    unengaged: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Competitor:
    """A competitor and its prices as a multiple of ours."""

    name: str
    level: float


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is true of one brand."""

    client: str
    currency: str
    zone: str
    country: str
    cities: tuple[str, ...]
    industries: tuple[str, ...]
    goal: str
    """Name of the event that counts as a conversion."""
    days: int | None
    """Length of history; none is eighteen months from a Monday."""
    channels: tuple[Channel, ...]
    unpaid: tuple[Unpaid, ...]
    segments: tuple[Segment, ...]
    products: tuple[Product, ...]
    subscriptions: Subscriptions | None
    experiments: tuple[Experiment, ...]
    referral: Referral | None
    scores: Scores | None
    competitors: tuple[Competitor, ...]
    noise: float = 0.06
    """Week-to-week noise of a channel's response (log standard deviation), beyond counting noise."""

    def channel(self, name: str) -> Channel:
        """The paid channel of this name. Raises KeyError."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)

    def scaled(self, scale: int) -> Truth:
        """The same brand in a market `scale` times as large."""
        return replace(
            self,
            channels=tuple(
                replace(
                    channel,
                    spend=channel.spend * scale,
                    curve=replace(
                        channel.curve,
                        half_saturation=channel.curve.half_saturation * scale,
                        maximum=channel.curve.maximum * scale,
                    ),
                )
                for channel in self.channels
            ),
            unpaid=tuple(replace(source, customers_per_week=source.customers_per_week * scale) for source in self.unpaid),
            subscriptions=self.subscriptions
            and replace(self.subscriptions, accounts_per_week=self.subscriptions.accounts_per_week * scale),
        )


def truth(client: str, size: Size = "small") -> Truth:
    """The parameters of a simulated brand at a size. Raises KeyError for a brand that does not exist."""
    from demo.clients import CLIENTS

    if client not in CLIENTS:
        raise KeyError(f"no simulated brand is called {client!r}: there are {', '.join(CLIENTS)}")
    return import_module(f"demo.brands.{client}").TRUTH.scaled(SCALES[size])
