"""A channel's figures, and those that set claims beside the CRM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tools.attribution._channel_days import ChannelDays, CrmCounts
from tools.attribution._variation import Ratio, Resamples, change, mean, ratio
from tools.contract import Basis, Column, Figure, Interval, Table, Unit
from tools.methods.channel_names import channel_name
from tools.methods.charts import Row, intervals
from tools.methods.currencies import minor_units
from tools.methods.periods import Period


@dataclass(frozen=True, slots=True)
class Side:
    """What all figures of one summary share: the days, the days before, currency, level and draws."""

    period: Period
    earlier: Period | None
    currency: str
    level: float
    resamples: Resamples


@dataclass(frozen=True, slots=True)
class Rate:
    """How a rate is made: which sums, which of them is a count, and what it is called."""

    metric: str
    top: str
    bottom: str
    counted: Literal["top", "bottom"] | None
    unit: Unit
    label: str
    denominator: str | None
    basis: Basis


RATES = (
    Rate("cpc", "spend", "clicks", "bottom", "money", "cost per click", "clicks", "observed"),
    Rate("ctr", "clicks", "impressions", "top", "share", "click-through rate", "impressions", "observed"),
    Rate("conversion_rate", "conversions", "clicks", "top", "share", "claimed conversion rate", "clicks", "attributed"),
    Rate("cpa", "spend", "conversions", "bottom", "money", "cost per claimed conversion", "conversions", "attributed"),
    Rate("roas", "conversion_value", "spend", None, "multiple", "claimed return on ad spend", "spend", "attributed"),
)
AMOUNTS: tuple[tuple[str, Unit, str, Basis], ...] = (
    ("spend", "money", "ad spend", "observed"),
    ("impressions", "count", "impressions", "observed"),
    ("clicks", "count", "clicks", "observed"),
    ("conversions", "count", "claimed conversions", "attributed"),
    ("conversion_value", "money", "claimed conversion value", "attributed"),
)


def figures_of(part: ChannelDays, past: ChannelDays | None, whole: ChannelDays, side: Side) -> tuple[list[Figure], dict[str, str]]:
    """All figures of one channel (or of the total), and how each interval was got."""
    maker = _Maker(part.channel, side)
    for metric, unit, label, basis in AMOUNTS:
        if part.has(metric):
            maker.add(metric, _whole(part.total(metric), unit), unit, label, basis)
    if part.channel != "total" and whole.total("spend") > 0:
        share = part.total("spend") / whole.total("spend")
        maker.add("share_of_spend", share, "share", "share of ad spend", "observed", denominator="total ad spend")
    for rate in RATES:
        found = _rate(part, rate, side)
        if found is None:
            continue
        maker.rate(rate, found, _events(part, rate))
        was = _rate(past, rate, side) if past else None
        if was and past and found.value > 0 and rate.metric in ("cpa", "roas", "cpc", "ctr"):
            maker.change(rate.metric, rate.label, rate.basis, _changed(part, past, rate, found, was, side))
            maker.past(rate.metric, was.value, rate.unit, rate.label, rate.basis, rate.denominator)
    if past:
        _changes_of_amounts(part, past, maker, side)
    return maker.figures, maker.methods


def _changes_of_amounts(part: ChannelDays, past: ChannelDays, maker: _Maker, side: Side) -> None:
    if past.has("spend") and past.total("spend") > 0:
        grown = part.total("spend") / past.total("spend") - 1
        maker.change("spend", "ad spend", "observed", Ratio(grown, None, None, "none"))
        maker.past("spend", past.total("spend"), "money", "ad spend", "observed")
    if part.has("conversions") and past.has("conversions") and past.total("conversions") > 0:
        now = mean(part.daily["conversions"], level=side.level, resamples=side.resamples)
        was = mean(past.daily["conversions"], level=side.level, resamples=side.resamples)
        if now and was:
            counts = (part.total("conversions"), past.total("conversions"))
            moved = change(now, was, level=side.level, events=counts, exposures=(side.period.days, side.period.days))
            maker.change("conversions", "claimed conversions", "attributed", moved)
            maker.past("conversions", past.total("conversions"), "count", "claimed conversions", "attributed")


def _rate(part: ChannelDays, rate: Rate, side: Side) -> Ratio | None:
    if not (part.has(rate.top) and part.has(rate.bottom)):
        return None
    return ratio(part.daily[rate.top], part.daily[rate.bottom], counted=rate.counted, level=side.level, resamples=side.resamples)


def _changed(part: ChannelDays, past: ChannelDays, rate: Rate, now: Ratio, was: Ratio, side: Side) -> Ratio | None:
    """Change of a rate. The exact interval is of events per exposure, so for a cost per event the two periods swap places."""
    if rate.counted == "top":
        events = (part.total(rate.top), past.total(rate.top))
        exposures = (part.total(rate.bottom), past.total(rate.bottom))
    elif rate.counted == "bottom":
        events = (past.total(rate.bottom), part.total(rate.bottom))
        exposures = (past.total(rate.top), part.total(rate.top))
    else:
        return change(now, was, level=side.level, events=None, exposures=None)
    return change(now, was, level=side.level, events=events, exposures=exposures)


def _events(part: ChannelDays, rate: Rate) -> int | None:
    side = {"top": rate.top, "bottom": rate.bottom, None: None}[rate.counted]
    return round(part.total(side)) if side else None


def _whole(value: float, unit: Unit) -> int | float:
    return round(value) if unit == "money" or float(value).is_integer() else float(value)


class _Maker:
    """Collects the figures of one entity."""

    def __init__(self, entity: str, side: Side):
        self.entity, self.side = entity, side
        self.figures: list[Figure] = []
        self.methods: dict[str, str] = {}

    def add(
        self,
        metric: str,
        value: float,
        unit: Unit,
        label: str,
        basis: Basis,
        *,
        denominator: str | None = None,
        interval: Interval | None = None,
        n: int | None = None,
        period: Period | None = None,
    ) -> None:
        self.figures.append(
            Figure(
                key=f"{self.entity}.{metric}",
                value=_whole(value, unit) if unit in ("money", "count") else float(value),
                unit=unit,
                metric=metric.removeprefix("previous_"),
                label=label,
                entity=None if self.entity == "total" else self.entity,
                currency=self.side.currency if unit == "money" else None,
                period=(period or self.side.period).iso,
                denominator=denominator,
                interval=interval,
                n=n,
                basis=basis,
            )
        )

    def rate(self, rate: Rate, found: Ratio, n: int | None) -> None:
        label = rate.label
        self.add(rate.metric, found.value, rate.unit, label, rate.basis, denominator=rate.denominator, interval=self._interval(found), n=n)
        if found.method != "none":
            self.methods[f"{self.entity}.{rate.metric}"] = found.method

    def change(self, metric: str, label: str, basis: Basis, found: Ratio | None) -> None:
        if found is None or self.side.earlier is None:
            return
        before = f"the {self.side.period.days} days before"
        interval = self._interval(found)
        self.add(f"{metric}_change", found.value, "share", f"change in {label}", basis, denominator=before, interval=interval)
        if interval:
            self.methods[f"{self.entity}.{metric}_change"] = found.method

    def past(self, metric: str, value: float, unit: Unit, label: str, basis: Basis, denominator: str | None = None) -> None:
        label = f"{label} in the period before"
        self.add(f"previous_{metric}", value, unit, label, basis, denominator=denominator, period=self.side.earlier)

    def _interval(self, found: Ratio) -> Interval | None:
        if found.low is None or found.high is None:
            return None
        return Interval(low=found.low, high=found.high, level=self.side.level)


def reconciliation(parts: Sequence[ChannelDays], crm: CrmCounts, side: Side) -> list[Figure]:
    """New contacts and first-time buyers that the CRM puts down to each channel, beside what the platforms claim."""
    figures: list[Figure] = []
    everything = ChannelDays("total", {}, {"spend": sum(round(p.total("spend")) for p in parts)})
    for part in [everything, *parts]:
        total = part.channel == "total"
        contacts = sum(crm.contacts.get(p.channel, 0) for p in parts) if total else crm.contacts.get(part.channel, 0)
        maker = _Maker(part.channel, side)
        maker.add("crm_contacts", contacts, "count", "new contacts in the CRM", "observed")
        if contacts:
            spent = part.total("spend") / contacts
            maker.add(
                "cost_per_crm_contact",
                spent,
                "money",
                "ad spend per new contact",
                "attributed",
                denominator="new contacts",
            )
        claimed = sum(p.total("conversions") for p in parts if p.has("conversions")) if total else None
        claimed = part.total("conversions") if claimed is None and part.has("conversions") else claimed
        if claimed and contacts:
            maker.add("claims_per_crm_contact", claimed / contacts, "multiple", "claimed conversions per new contact in the CRM",
                      "attributed", denominator="new contacts")  # fmt: skip
        if crm.customers is not None:
            bought = sum(crm.customers.get(p.channel, 0) for p in parts) if total else crm.customers.get(part.channel, 0)
            maker.add("crm_customers", bought, "count", "first-time buyers in the CRM", "observed")
            if bought:
                each = part.total("spend") / bought
                maker.add("cost_per_crm_customer", each, "money", "ad spend per first-time buyer", "attributed",
                          denominator="first-time buyers")  # fmt: skip
            if claimed and bought:
                maker.add("claims_per_crm_customer", claimed / bought, "multiple", "claimed conversions per first-time buyer in the CRM",
                          "attributed", denominator="first-time buyers")  # fmt: skip
        figures += maker.figures
    return figures


def summary_table(order: tuple[str, ...], figures: Sequence[Figure], side: Side, *, some: bool = False) -> Table:
    """One row per channel and one for all of them; `some`: for all that were asked for."""
    known = {figure.key: figure for figure in figures}
    metrics: tuple[tuple[str, str, Unit], ...] = (
        ("spend", "Spend", "money"), ("share_of_spend", "Share of spend", "share"), ("impressions", "Impressions", "count"),
        ("clicks", "Clicks", "count"), ("conversions", "Claimed conversions", "count"), ("cpc", "CPC", "money"), ("ctr", "CTR", "share"),
        ("cpa", "CPA (claimed)", "money"), ("roas", "ROAS (claimed)", "multiple"), ("cpa_change", "CPA against the days before", "share"),
        ("crm_contacts", "CRM contacts", "count"),
    )  # fmt: skip
    present = [m for m in metrics if any(f"{channel}.{m[0]}" in known for channel in order)]
    rows = tuple(
        (
            ("These channels" if some else "All channels") if channel == "total" else channel_name(channel),
            *(known[f"{channel}.{m}"].value if f"{channel}.{m}" in known else None for m, _, _ in present),
        )
        for channel in (*order, "total")
    )
    columns = tuple(
        Column(name=m, label=label, unit=unit, currency=side.currency if unit == "money" else None) for m, label, unit in present
    )
    return Table(title=f"Ad channels, {side.period.iso}", columns=(Column(name="channel", label="Channel"), *columns), rows=rows)


def cpa_chart(order: tuple[str, ...], figures: Sequence[Figure], side: Side) -> dict[str, Any] | None:
    """Cost per claimed conversion of each channel with its interval, in major units."""
    known = {figure.key: figure for figure in figures}
    scale = minor_units(side.currency)
    rows: list[Row] = []
    for channel in order:
        figure = known.get(f"{channel}.cpa")
        if figure and figure.interval and isinstance(figure.value, int):
            ends = figure.interval
            rows.append({"channel": channel_name(channel), "cpa": figure.value / scale, "low": ends.low / scale, "high": ends.high / scale})
    if not rows:
        return None
    title = f"Cost per platform-claimed conversion ({side.currency}), with intervals"
    return intervals(title, rows, name="channel", value="cpa", low="low", high="high", axis=f"{side.currency} per claimed conversion")
