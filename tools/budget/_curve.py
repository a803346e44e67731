"""What passes between the budget tools: weekly series in, response curves and a baseline out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tools.contract import Basis, Frozen, choice, quantity
from tools.methods.saturation import Form

Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
OutcomeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z -]*$", max_length=60)]
Mode = Literal["joint", "per_channel"]
Source = Literal["new_customers", "orders", "contacts", "events", "attributed_customers", "platform_conversions"]
ATTRIBUTED: tuple[Source, ...] = ("attributed_customers", "platform_conversions")
"""Outcomes that come with a channel's name on each; the others are one total."""


class ChannelSeries(Frozen):
    """One channel, week by week."""

    channel: Channel = Field(description="lower snake_case: google_ads")
    spend: tuple[Annotated[int, Field(ge=0)], ...] = quantity("money", "spend per week, minor units, without VAT")
    conversions: tuple[Annotated[float, Field(ge=0)], ...] | None = quantity(
        "count", "conversions that the platform claims per week; left out where it claims none", default=None
    )


class ControlSeries(Frozen):
    """Something besides spend that moves the outcome, week by week: a holiday, a price change."""

    name: Channel = Field(description="lower snake_case: black_friday")
    values: tuple[float, ...] = quantity("number", "its value per week; zero means that it is absent, which is what a forecast takes")


class WeeklySeries(Frozen):
    """Weekly aggregates, all of one length, oldest week first, with no week left out."""

    first_week: date = Field(description="first day of the first week (ISO date)")
    currency: Currency = Field(description="ISO 4217 code of all spend")
    channels: tuple[ChannelSeries, ...] = Field(description="the channels, each with its spend", min_length=1, max_length=20)
    outcome: tuple[Annotated[float, Field(ge=0)], ...] | None = quantity(
        "count", "what all channels work towards, per week: orders, sign-ups; left out to use each platform's own claims", default=None
    )
    controls: tuple[ControlSeries, ...] = Field((), description="what else moves the outcome", max_length=12)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        weeks = len(self.channels[0].spend)
        named: list[tuple[str, tuple[float, ...] | tuple[int, ...] | None]] = [("outcome", self.outcome)]
        for series in self.channels:
            named += [(f"{series.channel} spend", series.spend), (f"{series.channel} conversions", series.conversions)]
        named += [(control.name, control.values) for control in self.controls]
        for name, values in named:
            if values is not None and len(values) != weeks:
                raise ValueError(
                    f"every series needs the same weeks: {name} has {len(values)}, {self.channels[0].channel} spend has {weeks}"
                )
        names = [series.channel for series in self.channels]
        if len(names) != len(set(names)):
            raise ValueError(f"a channel is given twice: {sorted({name for name in names if names.count(name) > 1})}")
        return self

    @property
    def weeks(self) -> int:
        """How many weeks the series cover."""
        return len(self.channels[0].spend)

    @property
    def last_day(self) -> date:
        """Last day of the last week."""
        return self.first_week + timedelta(days=7 * self.weeks - 1)

    def recent(self, weeks: int) -> str:
        """The days of the last so many weeks, both ends included, ISO 8601."""
        first = self.first_week + timedelta(days=7 * max(self.weeks - weeks, 0))
        return f"{first.isoformat()}/{self.last_day.isoformat()}"

    @property
    def period(self) -> str:
        """The days covered, both ends included, ISO 8601."""
        return f"{self.first_week.isoformat()}/{self.last_day.isoformat()}"


Decay = Annotated[float, Field(ge=0, lt=1)]
Half = Annotated[float, Field(ge=1e-6, le=1e15)]
Slope = Annotated[float, Field(ge=1e-3, le=1e3)]
Maximum = Annotated[float, Field(ge=0, le=1e15)]
Draw = tuple[Form, Decay, Half, Slope, Maximum]
"""One bootstrap draw of a channel: form, decay, half_saturation, slope, maximum. In a joint fit draw i of every channel is one resample."""


class ResponseCurve(Frozen):
    """Conversions per week that a channel's spend brings: maximum * saturation(adstock / half_saturation).

    Adstock is geometric and normalised, so at a steady weekly spend s the adstock is s.
    """

    channel: Channel = Field(description="lower snake_case")
    form: Form = Field(description="shape that fits best; half_saturation is where it reaches half of maximum in every form")
    decay: float = Field(description="share of the adstock carried from one week into the next", ge=0, lt=1)
    half_saturation: Half = Field(description="steady spend per week, minor units, that brings half of maximum")
    slope: Slope = Field(1.0, description="Hill slope; one for the other forms")
    maximum: Maximum = Field(description="outcomes per week that spend without limit would bring")
    draws: tuple[Draw, ...] = Field((), description="bootstrap draws: form, decay, half_saturation, slope, maximum", max_length=400)
    observed_min: int = Field(description="smallest spend of a week, minor units", ge=0, le=10**15)
    observed_max: int = Field(description="largest spend of a week, minor units", ge=0, le=10**15)
    recent_spend: tuple[Annotated[int, Field(ge=0, le=10**15)], ...] = Field(
        (), description="spend of the last weeks, minor units, oldest first", max_length=26
    )
    n_weeks: int = Field(description="weeks that the curve was fitted on", ge=0)
    period: str | None = Field(None, description="the days fitted on, ISO 8601 interval")
    currency: Currency = Field(description="ISO 4217")
    outcome: OutcomeName = Field("conversions", description="what is counted, in words: bookings, sign-ups")
    mode: Mode = Field("joint", description="joint: fitted to one total outcome; per_channel: each to what it is credited with")
    source: Source = Field("new_customers", description="which outcome was counted")
    residual_sd: float = Field(0.0, description="week-to-week noise left over, of the outcome that the curve was fitted to", ge=0)
    residual_autocorrelation: float = Field(0.0, description="of that noise, from one week to the next", gt=-1, lt=1)
    basis: Basis = Field("model", description="weakest basis behind the curve; no benchmark, since a curve keeps no source")

    @model_validator(mode="after")
    def _of_data(self) -> Self:
        if self.basis == "benchmark":
            raise ValueError("a response curve rests on data or on an assumption, never on a benchmark")
        return self


class Baseline(Frozen):
    """What the outcome would be each week without the channels fitted: level, trend and season, with bootstrap draws."""

    origin: date = Field(description="first day of the week that time zero stands for")
    trend_weeks: int = Field(description="weeks from the level at the start to the level at the end", gt=0)
    trend: bool = Field(description="whether the level moves in a straight line, or stays")
    harmonics: int = Field(description="pairs of yearly Fourier terms", ge=0, le=6)
    coefficients: tuple[float, ...] = Field(
        description="level (with a trend: at the start, at the end), then sine and cosine of each harmonic; outcomes per week"
    )
    draws: tuple[tuple[float, ...], ...] = Field((), description="bootstrap draws of the coefficients, in step with the curves' draws")
    residual_sd: float = Field(description="week-to-week noise of the total outcome", ge=0)
    residual_autocorrelation: float = Field(0.0, description="of that noise, from one week to the next", gt=-1, lt=1)
    outcome: OutcomeName = Field("conversions", description="what is counted, in words")
    left_out: tuple[Channel, ...] = Field((), description="channels whose steady or rare spend is part of this baseline")

    @model_validator(mode="after")
    def _one_coefficient_a_term(self) -> Self:
        terms = (2 if self.trend else 1) + 2 * self.harmonics
        for coefficients in (self.coefficients, *self.draws):
            if len(coefficients) != terms:
                raise ValueError(f"this baseline has {terms} terms, and {len(coefficients)} coefficients are given")
        return self


Level = Annotated[float, choice("share", "level of the intervals", ge=0.5, le=0.99)]
