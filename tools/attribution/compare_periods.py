"""What changed from one period to the next, how much of it is ordinary, and what the change went with."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from tools.attribution._change_report import Comparison, caveats_of, chart_of, decision_of, figures_of, findings_of, table_of
from tools.attribution._change_split import split_all
from tools.attribution._change_verdict import Verdict, judge
from tools.attribution._channel_days import ChannelDays, Span, all_channels, read_days, read_span
from tools.attribution._compared_periods import cut, period_before, sums_of, year_before
from tools.contract import Frozen, NotEnoughData, Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.periods import Period

LONGEST = 400
"""Days that a compared period may have."""


class ComparePeriods(Request):
    """The days to look at. They are set beside the period before and the same one of the year before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first_day": "2026-10-01", "last_day": "2026-10-31"}]})

    first_day: date = Field(description="first day of the period (ISO date): of a calendar month, or of a week")
    last_day: date = Field(description="last day of the period (ISO date); a period that is not over is compared as far as it goes")
    channels: tuple[str, ...] = Field(
        (), description="channels in snake_case, as in google_ads; every channel with spend when empty", max_length=50
    )
    currency: str | None = Field(None, description="ISO 4217 code of the spend; the client's own when left out", pattern=r"^[A-Z]{3}$")
    level: float = choice("share", "one minus the chance of calling ordinary variation a change", default=0.95, ge=0.5, le=0.999)


class ChannelVerdict(Frozen):
    """Whether a channel brought more or fewer claimed conversions than ordinary variation gives at its spend."""

    entity: str = Field(description="channel, or total")
    verdict: Verdict = Field(description="more, fewer or within; unclear when there is no record to tell it from")
    method: Literal["record", "counting", "none"] = Field(
        description="record: the spread between adjacent periods on record · counting: chance in counts alone, the least there can be"
    )
    deviation: float | None = Field(None, description="spread of the log ratio of adjacent periods at this change of spend")
    freedom: int | None = Field(None, description="pairs of periods without overlap behind that spread, less one")


class PeriodComparison(ToolResult):
    """Both periods by channel and in all, the change by what it went with, and which changes are more than ordinary variation."""

    period: str = Field(description="ISO 8601 interval of dates looked at")
    compared_with: str = Field(description="ISO 8601 interval of dates before")
    year_before: str | None = Field(description="ISO 8601 interval of dates a year before; none when the record does not reach back")
    finished: bool = Field(description="whether the period asked for lies wholly in the record")
    verdicts: tuple[ChannelVerdict, ...] = Field(description="one for the total, one for each channel")


@tool(version=1, field="attribution")
def compare_periods(request: ComparePeriods, facts: Facts) -> PeriodComparison:
    """Set a period beside the one before and the same a year before: what changed, whether beyond ordinary variation, what it went with.

    A calendar month is set beside the calendar month before, any other period beside as many days just before. Conversions are what the
    platforms claim. The change in them is split by log-mean Divisia (LMDI-I) into the length of the period, daily spend, the price of media
    (impressions per amount), clicks per impression and conversions per click: whole conversions that add up to the digit, by channel and in
    all. The split says what a change went with, not what caused it. Ordinary variation is the spread between adjacent periods of this
    length in the client's own record, beyond what went with the spend (least squares on the log ratios of adjacent periods, overlapping
    Allan deviation of the rest, Student's t); over the channels the chance of a false alarm is divided (Bonferroni). With fewer than five
    earlier pairs only chance in counting is judged, which is the least variation there is. A change against a year before is shown without
    a verdict: one year shows no spread.

    Raises NotEnoughData when the period before is not wholly on record.
    """
    as_of = request.as_of or facts.as_of
    if request.first_day > request.last_day or (request.last_day - request.first_day).days >= LONGEST:
        raise ToolInputError(f"first_day comes before last_day, at most {LONGEST} days", field="first_day")
    if request.first_day > as_of:
        raise ToolInputError(
            f"the period begins after {as_of}, so nothing of it is on record", field="first_day", found=str(request.first_day)
        )
    span = read_span(facts)
    asked = Period(request.first_day, request.last_day)
    now, before, year = _periods(asked, span)
    currency = request.currency or (span.currencies[0] if len(span.currencies) == 1 else facts.currency)
    if currency not in span.currencies:
        raise ToolInputError(
            f"no ad spend is in {currency}; it is in {', '.join(span.currencies)}", field="currency", found=", ".join(span.currencies)
        )
    record = Period(span.first, now.last)
    parts = [part for part in read_days(facts, record, currency, request.channels) if _active(part, record, (now, before))]
    if not parts:
        raise NotEnoughData(
            f"no channel has spend in {currency} in either period",
            needed=f"rows of ad_metrics from {before.first} to {now.last}",
            found="none",
        )
    parts.sort(key=lambda part: (-sums_of(part, record, now).spend, part.channel))
    whole = all_channels(parts, record)
    side = {period: {part.channel: sums_of(part, record, period) for part in parts} for period in (now, before, year) if period}
    counted = [part for part in parts if part.has("conversions")]
    splits = split_all(*({part.channel: side[period][part.channel] for part in counted} for period in (before, now))) if counted else {}
    judged = judge([whole, *parts], record, now, before, request.level)
    comparison = Comparison(
        currency=currency,
        level=request.level,
        asked=asked,
        now=now,
        before=before,
        year=year,
        channels=tuple(part.channel for part in parts),
        sums={period: {"total": sums_of(whole, record, period), **sums} for period, sums in side.items()},
        splits=splits if len(counted) == len(parts) else {name: split for name, split in splits.items() if name != "total"},
        judged=judged,
    )
    figures = figures_of(comparison)
    return PeriodComparison(
        figures=figures,
        findings=findings_of(comparison, figures),
        caveats=caveats_of(comparison, as_of),
        decision=decision_of(comparison),
        table=table_of(comparison),
        chart=chart_of(comparison),
        period=now.iso,
        compared_with=before.iso,
        year_before=year.iso if year else None,
        finished=now == asked,
        verdicts=tuple(
            ChannelVerdict(
                entity=one.entity,
                verdict=one.verdict,
                method=one.method,
                deviation=one.noise.deviation if one.noise else None,
                freedom=one.noise.freedom if one.noise else None,
            )
            for one in judged
        ),
    )


def _periods(asked: Period, span: Span) -> tuple[Period, Period, Period | None]:
    """The period as far as it is on record, the one before and the one a year before, cut to the same days when it is not over."""
    if asked.first > span.last or asked.last < span.first:
        raise NotEnoughData(
            "no ad figures are on record for these days", needed=f"{asked.first} to {asked.last}", found=f"{span.first} to {span.last}"
        )
    now = Period(asked.first, min(asked.last, span.last))
    before, year = period_before(asked), year_before(asked)
    if now != asked:
        before, year = cut(before, now.days), cut(year, now.days)
    if before.first < span.first:
        raise NotEnoughData(
            "the period before is not wholly on record, so no change can be told",
            needed=f"ad figures from {before.first}",
            found=f"from {span.first}",
        )
    return now, before, year if year.first >= span.first else None


def _active(part: ChannelDays, record: Period, periods: tuple[Period, ...]) -> bool:
    sums = [sums_of(part, record, period) for period in periods]
    return any(one.spend > 0 or (one.clicks or 0) > 0 or (one.conversions or 0) > 0 for one in sums)
