"""What others have published, for a client that has no figures of its own yet."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from tools.contract import Caveat, Column, Decision, Figure, Interval, NotEnoughData, Request, Table, ToolResult, choice, tool
from tools.market._benchmarks import BENCHMARKS, Benchmark
from tools.methods.channel_names import channel_name, joined

Channel = Literal["google_ads", "meta", "linkedin", "tiktok", "email"]
Metric = Literal["ctr", "cpc", "conversion_rate", "cost_per_lead", "open_rate", "click_rate", "unsubscribe_rate"]


class FindBenchmarks(Request):
    """Which channels and metrics; everything is left unconverted in the currency it was published in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"channels": ["google_ads", "meta"], "metrics": ["ctr", "cpc"], "currency": "ZAR"}]}
    )

    channels: tuple[Channel, ...] = Field((), description="channels to look up; all of them when empty", max_length=20)
    metrics: tuple[Metric, ...] = Field((), description="metrics to look up; all of them when empty", max_length=20)
    industry: str | None = Field(
        None,
        description="line of business in snake_case, as in beauty_and_personal_care; figures over all industries are always given",
        max_length=60,
    )
    currency: str | None = Field(
        None, description="ISO 4217 code the client reports in, to say which figures are in another", pattern=r"^[A-Z]{3}$"
    )
    oldest_years: int = choice("years", "leave out what is older than this many years", default=10, ge=1, le=30)
    stale_after_years: int = choice("years", "warn of what is older than this many years", default=2, ge=1, le=30)


class Benchmarks(ToolResult):
    """Published figures of other advertisers, and which of the asked channels have none."""

    missing_channels: tuple[str, ...] = Field((), description="channels asked for, of which no figure is on file")


@tool(version=1, field="market")
def find_benchmarks(request: FindBenchmarks) -> Benchmarks:
    """Look up dated public benchmarks of other advertisers, per channel: click-through, cost per click or lead, conversion, email rates.

    Each figure has basis `benchmark`, the publisher, the address, the date and the population. They are not this client's figures, no
    amount is converted to another currency, and no figure is estimated: a channel without a published figure on file is named as missing.
    The key is channel, placement (and industry, when it is not all industries), then metric: `google_ads.search.cpc`.
    """
    today = request.as_of
    chosen = [b for b in BENCHMARKS if _asked(b, request) and (today is None or b.study.dated <= today)]
    chosen = [b for b in chosen if today is None or _years(b.study.dated, today) <= request.oldest_years]
    if not chosen:
        raise NotEnoughData(
            "no published benchmark on file fits: widen the channels or metrics, or allow older ones",
            needed="one published figure", found=f"none among {len(BENCHMARKS)} on file",
        )  # fmt: skip
    figures = tuple(_figure(benchmark) for benchmark in chosen)
    found = {benchmark.channel for benchmark in chosen}
    missing = tuple(channel for channel in request.channels if channel not in found)
    return Benchmarks(
        figures=figures,
        findings=tuple(_finding(benchmark) for benchmark in chosen),
        caveats=tuple(_caveats(chosen, missing, request)),
        decision=Decision(
            action="test_before_relying",
            reason="These are other advertisers' figures: plan the first weeks to replace them with the client's own.",
        ),
        table=_table(chosen),
        missing_channels=missing,
    )


def _asked(benchmark: Benchmark, request: FindBenchmarks) -> bool:
    return (
        (not request.channels or benchmark.channel in request.channels)
        and (not request.metrics or benchmark.metric in request.metrics)
        and benchmark.industry in ("all", request.industry)
    )


def _years(then: date, now: date) -> float:
    return (now - then).days / 365.25


def _key(benchmark: Benchmark) -> str:
    parts = [benchmark.channel, benchmark.placement, *([] if benchmark.industry == "all" else [benchmark.industry]), benchmark.metric]
    return ".".join(parts)


def _figure(benchmark: Benchmark) -> Figure:
    study = benchmark.study
    interval = None
    if benchmark.low is not None and benchmark.high is not None:
        interval = Interval(low=benchmark.low, high=benchmark.high, kind="range")
    return Figure(
        key=_key(benchmark),
        value=benchmark.value,
        unit=benchmark.unit,
        metric=benchmark.metric,
        label=f"{benchmark.label}, other advertisers, {_population(benchmark)}",
        entity=benchmark.channel,
        currency=benchmark.currency,
        period=study.period,
        denominator=benchmark.denominator,
        interval=interval,
        n=study.n,
        basis="benchmark",
        source=_source(benchmark),
        source_date=study.dated,
    )


def _population(benchmark: Benchmark) -> str:
    industry = "all industries" if benchmark.industry == "all" else benchmark.industry.replace("_", " ")
    country = "country not stated" if benchmark.study.country == "not stated" else benchmark.study.country
    return f"{industry}, {country}"


def _source(benchmark: Benchmark) -> str:
    study = benchmark.study
    dated = {"day": study.dated.isoformat(), "month": study.dated.strftime("%Y-%m"), "year": study.dated.strftime("%Y")}[study.known_to]
    parts = [f"{study.publisher}, {study.title}", study.address, f"dated {dated}"]
    if study.sample:
        parts.append(study.sample)
    if study.quoted_at:
        parts.append(f"read as quoted at {study.quoted_at}")
    return "; ".join(parts)


def _finding(benchmark: Benchmark) -> str:
    who = "in the same line of business" if benchmark.industry != "all" else "across industries"
    label = benchmark.label.split(", middle")[0]
    tail = f" (published range {{{{{_key(benchmark)}|range}}}})" if benchmark.low is not None else ""
    name = channel_name(benchmark.channel)
    return f"{name[0].upper()}{name[1:]}: other advertisers {who} report a {label} of {{{{{_key(benchmark)}}}}}{tail}."


def _caveats(chosen: list[Benchmark], missing: tuple[str, ...], request: FindBenchmarks) -> list[Caveat]:
    caveats = [
        Caveat(
            code="benchmark_only",
            text="These are published figures of other advertisers, not this client's results.",
            insist=True,
            signs=("benchmark", "other advertisers", "published figures", "industry average"),
        )
    ]
    currencies = sorted({b.currency for b in chosen if b.currency})
    if currencies and currencies != [request.currency]:
        caveats.append(
            Caveat(
                code="other_currency",
                text=f"Amounts stay in the currency they were published in ({', '.join(currencies)}) and are not converted.",
                insist=request.currency is not None,
                signs=("not converted", "in the currency", "in US dollars", *currencies),
            )
        )
    as_of = request.as_of
    if as_of and any(_years(b.study.dated, as_of) > request.stale_after_years for b in chosen):
        stale = sorted({channel_name(b.channel) for b in chosen if _years(b.study.dated, as_of) > request.stale_after_years})
        caveats.append(
            Caveat(code="old_benchmark", text=f"Some of the published figures for {joined(stale)} are old: see their dates.", insist=True,
                   signs=("are old", "older", "dated", "out of date"))
        )  # fmt: skip
    if missing:
        caveats.append(
            Caveat(
                code="no_benchmark",
                text=f"No published figure that could be checked is on file for {joined([channel_name(m) for m in missing])}.",
            )
        )
    if request.industry and not any(b.industry == request.industry for b in chosen):
        caveats.append(
            Caveat(
                code="no_industry_benchmark", text="No figure on file is for this line of business: those given are over all industries."
            )
        )
    seen: set[str] = set()
    for benchmark in chosen:
        note, channel = benchmark.study.note, benchmark.channel
        if note and note not in seen and not any(character.isdigit() for character in note):
            seen.add(note)
            caveats.append(
                Caveat(code=f"about_{channel}_{benchmark.placement}", text=f"{channel_name(channel)}: {note[0].lower()}{note[1:]}")
            )
    return caveats


def _table(chosen: list[Benchmark]) -> Table:
    rows = tuple(
        (
            channel_name(b.channel),
            b.label,
            b.value if b.unit == "share" else None,
            b.value if b.unit == "money" else None,
            b.study.country,
            b.study.publisher,
            b.study.address,
            b.study.dated.isoformat(),
            b.study.note,
        )
        for b in chosen
    )
    return Table(
        title="Published benchmarks: other advertisers",
        columns=(
            Column(name="channel", label="Channel"),
            Column(name="metric", label="Metric"),
            Column(name="rate", label="Rate", unit="share"),
            Column(name="cost", label="Cost", unit="money", currency="USD"),
            Column(name="country", label="Country"),
            Column(name="publisher", label="Publisher"),
            Column(name="address", label="Address"),
            Column(name="dated", label="Dated", unit="date"),
            Column(name="note", label="What would mislead"),
        ),
        rows=rows,
    )
