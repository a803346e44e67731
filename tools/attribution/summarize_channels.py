"""What each ad channel cost and what it says it brought."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from pydantic import ConfigDict, Field

from tools.attribution._channel_caveats import caveats_of
from tools.attribution._channel_days import ChannelDays, all_channels, default_period, read_crm, read_days, read_span
from tools.attribution._channel_figures import Side, cpa_chart, figures_of, reconciliation, summary_table
from tools.attribution._channel_words import decision_of, findings_of
from tools.attribution._variation import Resamples
from tools.contract import Figure, NotEnoughData, Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.periods import Period
from tools.methods.seeds import seed_of


class SummarizeChannels(Request):
    """Which days and channels; by default the last 90 days on record, against the 90 before them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 90}]})

    days: int = choice("days", "length of the period that ends with the last whole day on record", default=90, ge=7, le=1100)
    first_day: date | None = Field(None, description="first day of the period (ISO date), together with last_day; instead of days")
    last_day: date | None = Field(None, description="last day of the period (ISO date), together with first_day")
    channels: tuple[str, ...] = Field(
        (), description="channels in snake_case, as in google_ads; every channel with spend when empty", max_length=50
    )
    currency: str | None = Field(
        None, description="ISO 4217 code of the spend to sum; the client's own when left out", pattern=r"^[A-Z]{3}$"
    )
    changes: bool = Field(
        True,
        description="whether to set the period against the days of the same length just before; compare_periods compares calendar months",
        json_schema_extra={"x-role": "choice"},
    )
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)
    draws: int = choice("count", "bootstrap draws behind each interval", default=1000, ge=200, le=10000)


class ChannelSummary(ToolResult):
    """Figures by channel and in all. Spend and clicks are observed; conversions and their value are what platforms claim."""

    channels: tuple[str, ...] = Field(
        description="channels with spend in the period, largest spend first, as they stand in the figures' keys"
    )
    period: str = Field(description="ISO 8601 interval of dates that was summed")
    compared_with: str | None = Field(description="ISO 8601 interval of the days before that changes are against; none without a full one")
    interval_methods: dict[str, str] = Field(
        description="figure key to how its interval was got: bootstrap over days in weekly blocks, or poisson"
    )


@tool(version=1, field="attribution")
def summarize_channels(request: SummarizeChannels, facts: Facts) -> ChannelSummary:
    """Sum up each ad channel: spend, clicks, platform-claimed conversions, CPC, CTR, CPA, ROAS, and the change against the period before.

    Conversions, and so CPA, conversion rate and ROAS, are what the platforms claim (basis `attributed`): two platforms may claim one sale,
    and none of it is caused by the channel as far as this shows. Where the CRM names sources, claims are set beside its new contacts and
    first-time buyers. A change is against the days of the same length just before. Intervals: a bootstrap over days in blocks of a week,
    since the days of one week hang together; the exact Poisson interval where there are fewer than four weeks or thirty events. A total
    of a measure is given only when every channel reports that measure.
    """
    as_of = request.as_of or facts.as_of
    span = read_span(facts)
    currency = _currency(request.currency, facts.currency, span.currencies)
    period = _period(request, span.first, span.last, default_period(span, as_of, request.days))
    now = read_days(facts, period, currency, request.channels)
    now = [part for part in now if part.total("spend") > 0 or part.has("clicks")]
    if not now:
        raise NotEnoughData(
            f"no channel has spend in {currency} between {period.first} and {period.last}",
            needed="rows of ad_metrics in these days",
            found=f"rows from {span.first} to {span.last}",
        )
    earlier = period.before()
    comparable = request.changes and span.first <= earlier.first
    before = {part.channel: part for part in read_days(facts, earlier, currency, request.channels)} if comparable else {}
    now.sort(key=lambda part: (-part.total("spend"), part.channel))
    resamples = Resamples.of(np.random.default_rng(seed_of(request, without={"changes"})), period.days, request.draws)
    side = Side(period, earlier if comparable else None, currency, request.level, resamples)
    figures, methods = _all_figures(now, before, side)
    crm = read_crm(facts, period)
    figures += reconciliation(now, crm, side) if crm else []
    order = tuple(part.channel for part in now)
    return ChannelSummary(
        figures=tuple(figures),
        findings=tuple(findings_of(order, figures, crm is not None, some=bool(request.channels))),
        caveats=tuple(caveats_of(figures, side, span, as_of, _asked_days(request), crm, compared=request.changes)),
        decision=decision_of(figures),
        table=summary_table(order, figures, side, some=bool(request.channels)),
        chart=cpa_chart(order, figures, side),
        channels=order,
        period=period.iso,
        compared_with=earlier.iso if comparable else None,
        interval_methods=methods,
    )


def _all_figures(now: list[ChannelDays], before: dict[str, ChannelDays], side: Side) -> tuple[list[Figure], dict[str, str]]:
    total_now = all_channels(now, side.period)
    total_before = all_channels(list(before.values()), side.earlier) if side.earlier and before else None
    figures: list[Figure] = []
    methods: dict[str, str] = {}
    for part, past in [(total_now, total_before), *((part, before.get(part.channel)) for part in now)]:
        made, got = figures_of(part, past, total_now, side)
        figures += made
        methods |= got
    return figures, methods


def _currency(asked: str | None, own: str, found: tuple[str, ...]) -> str:
    wanted = asked or own
    if wanted in found:
        return wanted
    if asked is None and len(found) == 1:
        return found[0]
    raise ToolInputError(
        f"no ad spend is in {wanted}; it is in {', '.join(found)}: name one, since amounts in different currencies are not added",
        field="currency",
        needed=wanted,
        found=", ".join(found),
    )


def _asked_days(request: SummarizeChannels) -> int:
    """How many days were asked for, by their number or by both ends."""
    if request.first_day is None or request.last_day is None:
        return request.days
    return (request.last_day - request.first_day).days + 1


def _period(request: SummarizeChannels, first: date, last: date, standard: Period) -> Period:
    if request.first_day is None and request.last_day is None:
        return standard
    if request.first_day is None or request.last_day is None or request.first_day > request.last_day:
        raise ToolInputError("give first_day and last_day together, the first not after the last", field="first_day")
    if request.first_day > last or request.last_day < first:
        raise NotEnoughData(
            "no ad figures are on record for these days",
            needed=f"{request.first_day} to {request.last_day}",
            found=f"{first} to {last}",
        )
    if (request.last_day - request.first_day) > timedelta(days=1100):
        raise ToolInputError("a period has at most 1100 days", field="last_day")
    return Period(request.first_day, request.last_day)
