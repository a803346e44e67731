"""A planning range without history: spend divided by cost per click, times conversion rate, at poor, likely and good values."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from tools.budget._curve import Channel
from tools.contract import Basis, Figure, Frozen, Interval, quantity, weakest
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
    basis: Literal["observed", "stated", "benchmark", "assumed"] = Field(
        "assumed", description="where the rates come from; the weakest if they differ", json_schema_extra={"x-role": "choice"}
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
    """Basis, source and date of a figure that rests on these rates: the weakest basis, every source, the oldest date."""
    basis: Basis = weakest([one.basis for one in rates])
    sources = sorted({one.source for one in rates if one.source})
    dates = [one.source_date for one in rates if one.source_date]
    return {"basis": basis, "source": "; ".join(sources) or None, "source_date": min(dates) if dates else None}


def scenario_figures(
    rates: ChannelRates, spend: float, value: float | None, outcome: str, currency: str, period: str | None
) -> tuple[list[Figure], Outlook]:
    """Figures of one channel over the horizon, and its outlook. spend: minor units over the horizon; value: minor units per outcome."""
    seen, channel, words = outlook(rates, spend), rates.channel, channel_name(rates.channel)
    shared = {"entity": channel, "period": period, **provenance([rates])}
    clicks = spend / rates.cost_per_click.likely
    figures = [
        Figure(
            key=f"{channel}.clicks", value=clicks, unit="count", metric="clicks", denominator="horizon", label=f"clicks on {words} in the horizon",
            interval=_range(spend / rates.cost_per_click.high, spend / rates.cost_per_click.low), **shared,
        ),
        Figure(
            key=f"{channel}.expected_conversions", value=seen.likely, unit="count", metric="expected_conversions", denominator="horizon",
            label=f"{outcome} from {words} in the horizon at the likely rates", interval=_range(seen.poor, seen.good), **shared,
        ),
    ]  # fmt: skip
    if seen.poor > 0:
        figures.append(
            Figure(
                key=f"{channel}.cost_per_conversion", value=round(spend / seen.likely), unit="money", currency=currency, metric="cost_per_conversion",
                denominator=outcome, label=f"media spend on {words} per one of the {outcome} at the likely rates",
                interval=_range(round(spend / seen.good), round(spend / seen.poor)), **shared,
            )
        )  # fmt: skip
    if value:
        figures += [
            Figure(
                key=f"{channel}.break_even_rate", value=rates.cost_per_click.likely / value, unit="share", metric="break_even_rate",
                denominator="clicks", label=f"share of clicks on {words} that must convert to pay for the media at the likely cost per click", **shared,
            ),
            Figure(
                key=f"{channel}.break_even_cost_per_click", value=round(value * rates.conversion_rate.likely), unit="money", currency=currency,
                metric="break_even_cost_per_click", denominator="clicks",
                label=f"the most that a click on {words} may cost at the likely conversion rate", **shared,
            ),
        ]  # fmt: skip
    return figures, seen


def _range(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=LEVEL, kind="range")
