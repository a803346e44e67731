"""A planning range without history: spend divided by cost per click, times conversion rate, at poor, likely and good values."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from tools.budget._curve import Channel
from tools.budget._figures import Figures
from tools.contract import Basis, Frozen, Interval, quantity, weakest
from tools.methods.channel_names import channel_name

LEVEL = 0.9
"""A range has no coverage; the contract asks for a level, and the kind says that it is a range."""


class MoneyRange(Frozen):
    """Three values of a cost, minor units."""

    low: int = quantity("money", "a low value, minor units", gt=0)
    likely: int = quantity("money", "the likely value, minor units", gt=0)
    high: int = quantity("money", "a high value, minor units", gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"give low ≤ likely ≤ high, not {self.low}, {self.likely}, {self.high}")
        return self


class ShareRange(Frozen):
    """Three values of a rate, 0..1."""

    low: float = quantity("share", "a low value", ge=0, le=1)
    likely: float = quantity("share", "the likely value", gt=0, le=1)
    high: float = quantity("share", "a high value", gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"give low ≤ likely ≤ high, not {self.low}, {self.likely}, {self.high}")
        return self


class ChannelRates(Frozen):
    """What a click costs on a channel and how often one converts, with where that is known from."""

    channel: Channel = Field(description="lower snake_case: google_ads")
    cost_per_click: MoneyRange = Field(description="cost of one click, minor units")
    conversion_rate: ShareRange = Field(description="outcomes per click")
    basis: Literal["observed", "stated", "attributed", "benchmark", "assumed"] = Field(
        "assumed",
        description="where the rates come from: the weakest if they differ; attributed: a rate of conversions that the platform claims",
        json_schema_extra={"x-role": "choice"},
    )
    source: str | None = Field(None, description="who said it, where; a benchmark needs it", max_length=300)
    source_date: date | None = Field(None, description="when it was said; a benchmark needs it")

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.basis == "benchmark" and (self.source is None or self.source_date is None):
            raise ValueError(f"rates of {self.channel} are called a benchmark but name no source or date")
        return self


class Outlook(NamedTuple):
    """Outcomes of one channel over the horizon at poor, likely and good rates."""

    poor: float
    likely: float
    good: float


def outlook(rates: ChannelRates, spend: float) -> Outlook:
    """Outcomes that a spend (minor units) buys: poor pairs dear clicks with a low rate, good pairs cheap clicks with a high one."""
    cost, rate = rates.cost_per_click, rates.conversion_rate
    return Outlook(spend / cost.high * rate.low, spend / cost.likely * rate.likely, spend / cost.low * rate.high)


def provenance(rates: list[ChannelRates]) -> dict[str, object]:
    """Basis, source and date of a figure that rests on these rates: the weakest basis, every source, the oldest date.

    A look ahead is a model's at best, however well the rates it carries forward were observed.
    """
    basis: Basis = weakest(["model", *(one.basis for one in rates)])
    sources = sorted({one.source for one in rates if one.source})
    dates = [one.source_date for one in rates if one.source_date]
    return {"basis": basis, "source": "; ".join(sources) or None, "source_date": min(dates) if dates else None}


def add_channel(figures: Figures, rates: ChannelRates, spend: float, worth: float | None, outcome: str) -> Outlook:
    """Add one channel's figures over the horizon. spend: minor units over the horizon; worth: minor units that one outcome leaves."""
    seen, channel, words = outlook(rates, spend), rates.channel, channel_name(rates.channel)
    click, rate = rates.cost_per_click, rates.conversion_rate
    mine = figures.of(channel, entity=channel, **provenance([rates]))
    mine.add(
        "clicks", spend / click.likely, "count", f"clicks on {words} in the horizon", interval=span(spend / click.high, spend / click.low)
    )
    mine.add(
        "expected_conversions", seen.likely, "count", f"{outcome} from {words} in the horizon at the likely rates",
        interval=span(seen.poor, seen.good),
    )  # fmt: skip
    if seen.poor > 0:
        mine.add(
            "cost_per_conversion", spend / seen.likely, "money", f"media spend on {words} per one of the {outcome} at the likely rates",
            interval=span(spend / seen.good, spend / seen.poor), denominator=outcome,
        )  # fmt: skip
    if worth:
        mine.add(
            "break_even_rate", click.likely / worth, "share",
            f"share of clicks on {words} that must convert to pay for the media at the likely cost per click", denominator="clicks",
        )  # fmt: skip
        label = f"the most that a click on {words} may cost at the likely conversion rate"
        mine.add("break_even_cost_per_click", worth * rate.likely, "money", label, denominator="clicks")
    return seen


def span(low: float, high: float) -> Interval:
    """A planning range."""
    return Interval(low=low, high=high, level=LEVEL, kind="range")
