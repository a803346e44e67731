"""Segments as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.contract import Caveat, Column, Figure, Interval, Table, Unit
from tools.methods.channel_names import channel_key, channel_name
from tools.methods.charts import BLUE, ORANGE, spec
from tools.scoring._customers import WORDS, Customers
from tools.scoring._segments import Segments

UNSTABLE = 0.6  # Hennig (2007): below this a cluster is not to be trusted
SMALL = 200
KNOWN_SOURCES = 50
CLEAR = 3.0  # standard errors: one of several channels stands out by two in any sample
LAST = {"orders": "last order", "subscriptions": "last paid day", "events": "last visit", "payments": "last payment"}
APART = 1.25  # a channel a quarter more common than among all sets a segment apart


@dataclass(frozen=True, slots=True)
class Profile:
    """One segment's people. Money in minor units; `middle` pairs are the middle half."""

    name: str
    key: str
    customers: int
    share: float
    frequency_total: int
    money_total: int | None
    money_mean: float | None
    money_error: float | None
    recency_median: float
    recency_middle: tuple[int, int]
    frequency_middle: tuple[int, int]
    money_middle: tuple[int, int] | None
    scores: tuple[float, float, float]
    jaccard: float | None
    channel: str | None
    channel_share: float | None
    channel_share_of_all: float | None


def describe(customers: Customers, found: Segments) -> list[Profile]:
    """A profile of each segment, in the segments' order."""
    profiles = []
    for index, name in enumerate(found.names):
        inside = found.labels == index
        money = None if customers.money is None else customers.money[inside]
        count = int(inside.sum())
        channel, share, share_of_all = _channel(customers, inside)
        scores = found.scores[inside].mean(axis=0)
        profiles.append(
            Profile(
                name=name,
                key=channel_key(name),
                customers=count,
                share=count / len(customers),
                frequency_total=int(customers.frequency[inside].sum()),
                money_total=None if money is None else int(money.sum()),
                money_mean=None if money is None else float(money.mean()),
                money_error=None if money is None or count < 2 else float(money.std(ddof=1) / np.sqrt(count)),
                recency_median=float(np.median(customers.recency[inside])),
                recency_middle=_middle(customers.recency[inside]),
                frequency_middle=_middle(customers.frequency[inside]),
                money_middle=None if money is None else _middle(money),
                scores=(float(scores[0]), float(scores[1]), float(scores[2])),
                jaccard=float(found.clusters.jaccard[index]) if found.clusters else None,
                channel=channel,
                channel_share=share,
                channel_share_of_all=share_of_all,
            )
        )
    return profiles


def _middle(values: NDArray[np.int64]) -> tuple[int, int]:
    low, high = np.quantile(values, [0.25, 0.75], method="nearest")
    return int(low), int(high)


def _channel(customers: Customers, inside: NDArray[np.bool_]) -> tuple[str | None, float | None, float | None]:
    """The channel that sets the segment apart: its share among those with a source in the CRM, there and among all. None when none does."""
    named = customers.came_by >= 0
    known = customers.came_by[inside & named]
    if known.size < KNOWN_SOURCES:
        return None, None, None
    here = np.bincount(known, minlength=len(customers.channels)) / known.size
    overall = np.bincount(customers.came_by[named], minlength=len(customers.channels)) / named.sum()
    beyond = (here - overall) / np.sqrt(np.maximum(overall * (1 - overall), 1e-12) / known.size)
    lift = np.where((here >= 0.1) & (beyond >= CLEAR), here / np.maximum(overall, 1e-12), 0)
    top = int(lift.argmax())
    return (customers.channels[top], float(here[top]), float(overall[top])) if lift[top] >= APART else (None, None, None)


def figures_of(customers: Customers, found: Segments, profiles: list[Profile], currency: str) -> tuple[Figure, ...]:
    """The whole first, then each segment: size, value, behaviour, stability."""
    words, figures = WORDS[customers.source], []
    total_money = None if customers.money is None else int(customers.money.sum())
    value_metric = "revenue"

    def add(key: str, value: float, unit: Unit, label: str, profile: Profile | None = None, **more: Any) -> None:
        entity = f"segment: {profile.name}" if profile else None
        figures.append(
            Figure(
                key=f"{profile.key}.{key}" if profile else key,
                value=int(value) if unit in ("money", "count") else value,
                unit=unit,
                metric=more.pop("metric", key),
                label=label,
                entity=entity,
                currency=currency if unit == "money" else None,
                period=customers.period.iso,
                basis=more.pop("basis", "model" if unit == "money" and customers.source in ("subscriptions", "payments") else "observed"),
                **more,
            )
        )

    add("customers", len(customers), "count", f"people who {words.act} in the period")
    add("segments", len(profiles), "count", "segments", basis="model")
    if total_money is not None and customers.money is not None:
        add(value_metric, total_money, "money", words.money or value_metric)
        mean, error = float(customers.money.mean()), float(customers.money.std(ddof=1) / np.sqrt(len(customers)))
        add("total.revenue_per_customer", round(mean), "money", f"{words.money} per person", metric="revenue_per_customer",
            denominator="customers", n=len(customers), interval=_normal(mean, error, len(customers)))  # fmt: skip
    if total_money is not None and customers.source == "orders":
        orders = int(customers.frequency.sum())
        add("total.orders", orders, "count", "paid orders", metric="orders")
        add("total.average_order_value", round(total_money / orders), "money", "average order value", metric="average_order_value",
            denominator="orders", n=orders)  # fmt: skip
        add("total.orders_per_customer", orders / len(customers), "number", words.frequency, metric="frequency",
            denominator="customers", n=len(customers))  # fmt: skip
    if customers.young:
        add("record_days", customers.period.days, "days", "days from the first act on record to the day asked for")
    if found.clusters:
        clusters = found.clusters
        agreement = "agreement of the segments with those of bootstrap samples, one at best"
        add("stability", clusters.rand_index, "score", agreement, metric="adjusted_rand_index", basis="model")
        add("silhouette", clusters.silhouette, "score", "separation of the segments, one at best", basis="model")
        add("null_silhouette", clusters.null_silhouette, "score", "separation that cutting one population would show", basis="model")
    for p in profiles:
        add("customers", p.customers, "count", f"people in {p.name}", p)
        add("share_of_customers", p.share, "share", f"share of all people who {words.act}", p, denominator="customers")
        if p.money_total is not None and total_money and p.money_mean is not None:
            add(value_metric, p.money_total, "money", f"{words.money} of {p.name}", p)
            add(f"share_of_{value_metric}", p.money_total / total_money, "share", f"share of all {words.money}", p, denominator=words.money)
            add(f"{value_metric}_per_customer", round(p.money_mean), "money", f"{words.money} per person", p, denominator="customers",
                n=p.customers, interval=_mean_interval(p))  # fmt: skip
            if customers.source == "orders":
                mean = round(p.money_total / p.frequency_total)
                add("average_order_value", mean, "money", "average order value", p, denominator="orders", n=p.frequency_total)
        add("recency_days", p.recency_median, "days", f"{words.recency}, median", p, n=p.customers)
        often: Unit = "months" if customers.source == "subscriptions" else "number"
        add("frequency", p.frequency_total / p.customers, often, words.frequency, p, denominator="customers", n=p.customers)
        if p.jaccard is not None:
            overlap = "overlap of the segment with its match in bootstrap samples, one at best"
            add("stability", p.jaccard, "score", overlap, p, metric="jaccard", basis="model")
        if p.channel and p.channel_share is not None and p.channel_share_of_all is not None:
            source = f"share whose source in the CRM is {channel_name(p.channel)}"
            add(f"from_{p.channel}", p.channel_share, "share", source, p, denominator="people with a source")
            if all(figure.key != f"from_{p.channel}" for figure in figures):
                add(f"from_{p.channel}", p.channel_share_of_all, "share", f"{source}, all segments", denominator="people with a source")
    return tuple(figures)


def _mean_interval(p: Profile) -> Interval | None:
    return None if p.money_mean is None or p.money_error is None else _normal(p.money_mean, p.money_error, p.customers)


def _normal(mean: float, error: float, people: int) -> Interval | None:
    """Normal interval of the mean over people like these; none for very few."""
    return Interval(low=mean - 1.96 * error, high=mean + 1.96 * error) if people >= 30 else None


def findings_of(customers: Customers, found: Segments, profiles: list[Profile], figures: tuple[Figure, ...]) -> tuple[str, ...]:
    """How many and how firm, then a sentence for each segment."""
    words, known = WORDS[customers.source], {figure.key for figure in figures}
    value = "revenue"
    if found.clusters is None:
        opening = "{{customers}} people fall into {{segments}} segments by rule."
    elif found.clusters.structure:
        opening = (
            "{{customers}} people fall into {{segments}} groups that are separate in the data; "
            "bootstrap samples agree with them at {{stability}}."
        )
    else:
        opening = (
            "{{customers}} people lie on a continuum without separate groups: {{segments}} segments are a cut of it, "
            "which bootstrap samples agree with at {{stability}}."
        )
    sentences = [opening]
    if "total.average_order_value" in known:
        sentences.append("All customers together: average order value {{total.average_order_value}}.")
        sentences.append(f"All customers together: {words.frequency} {{{{total.orders_per_customer}}}}.")
    for p in profiles:
        name = p.name[0].upper() + p.name[1:]
        text = f"{name}: {{{{{p.key}.customers}}}} people ({{{{{p.key}.share_of_customers}}}})"
        if f"{p.key}.share_of_{value}" in known:
            text += f" with {{{{{p.key}.share_of_{value}}}}} of {words.money}, {{{{{p.key}.{value}_per_customer}}}} each"
        last = LAST[customers.source]
        text += f"; {last} {{{{{p.key}.recency_days}}}} ago in the median, {words.frequency} {{{{{p.key}.frequency}}}}"
        if p.channel:
            text += f"; {{{{{p.key}.from_{p.channel}}}}} of those with a source in the CRM came by {channel_name(p.channel)}, "
            text += f"against {{{{from_{p.channel}}}}} of all"
        sentences.append(f"{text}.")
    return tuple(sentences)


def caveats_of(customers: Customers, found: Segments, profiles: list[Profile]) -> tuple[Caveat, ...]:
    """What would be read into the segments that is not there."""
    caveats = []
    if customers.young:
        caveats.append(
            Caveat(
                code="young_record",
                text="The record covers {{record_days}}, less than people usually take to come back: nobody is loyal or lapsed yet.",
                insist=True,
                signs=("too young", "young record", "too early", "so far", "not yet", "or lapsed yet", "less than people usually take"),
            )
        )
    if found.clusters and not found.clusters.structure:
        caveats.append(
            Caveat(
                code="continuum",
                text="Customers do not fall into separate groups: the segments are a cut of a continuum.",
                insist=True,
                signs=("continuum", "a cut", "no separate groups", "not separate groups", "drawn for convenience"),
            )
        )
    shaky = [p for p in profiles if p.jaccard is not None and p.jaccard < UNSTABLE]
    if shaky:
        caveats.append(
            Caveat(
                code="unstable_segment",
                text=f"Other samples of the same customers would draw some segments differently: {'; '.join(p.name for p in shaky)}.",
                insist=len(customers) >= SMALL,
                signs=("unstable", "draw some segments differently", "not stable", "would differ"),
            )
        )
    if len(customers) < SMALL:
        caveats.append(
            Caveat(
                code="small_sample",
                text="There are few customers: each segment is a handful of people.",
                insist=True,
                signs=("few customers", "small sample", "handful", "little data"),
            )
        )
    if found.clusters is None and found.own_rules:
        caveats.append(Caveat(code="by_rule", text="The segments follow the rules that were given: the data did not draw their lines."))
    elif found.clusters is None:
        caveats.append(
            Caveat(code="by_rule", text="The segments follow a fixed rule on quintile scores: their sizes are partly set by the rule.")
        )
    if found.sampled:
        caveats.append(
            Caveat(
                code="fitted_on_sample", text="The segments were drawn on a random sample of customers, and every customer was assigned."
            )
        )
    if customers.money is None:
        caveats.append(
            Caveat(
                code="no_money",
                text="There are no orders or subscriptions, so the segments say how active people are and not what they are worth.",
                insist=True,
                signs=("how active", "activity", "not what they are worth", "no orders", "no revenue"),
            )
        )
    if customers.source in ("subscriptions", "payments"):
        caveats.append(
            Caveat(
                code="priced_by_month",
                text="Subscription revenue is the monthly price times the months begun, from the first month of each on.",
            )
        )
    caveats.append(Caveat(code="past_behaviour", text="The segments describe what people did; they do not say what any of them will do."))
    return tuple(caveats)


def table_of(customers: Customers, profiles: list[Profile], currency: str) -> Table:
    """One row per segment."""
    words = WORDS[customers.source]
    money = [] if customers.money is None else [
        Column(name="money", label=(words.money or "").capitalize(), unit="money", currency=currency),
        Column(name="per_customer", label="Per person", unit="money", currency=currency),
    ]  # fmt: skip
    rows = []
    for p in profiles:
        amounts = [] if p.money_total is None or p.money_mean is None else [p.money_total, round(p.money_mean)]
        rows.append((p.name, p.customers, p.share, *amounts, p.recency_median, p.frequency_total / p.customers, *p.scores, p.jaccard))
    columns = (
        Column(name="segment", label="Segment"),
        Column(name="customers", label="People", unit="count"),
        Column(name="share", label="Share of people", unit="share"),
        *money,
        Column(name="recency", label=words.recency.capitalize(), unit="days"),
        Column(name="frequency", label=words.frequency.capitalize(), unit="months" if customers.source == "subscriptions" else "number"),
        Column(name="recency_score", label="Recency score (one to five)", unit="score"),
        Column(name="frequency_score", label="Frequency score (one to five)", unit="score"),
        Column(name="money_score", label="Money score (one to five)", unit="score"),
        Column(name="stability", label="Stability (Jaccard)", unit="score"),
    )
    return Table(title="Customer segments", columns=columns, rows=tuple(rows))


def chart_of(customers: Customers, profiles: list[Profile]) -> dict[str, Any]:
    """Share of people beside share of money (or of activity), per segment."""
    total = sum((p.money_total if p.money_total is not None else p.frequency_total) for p in profiles) or 1
    of = WORDS[customers.source].money or "activity"
    rows: list[dict[str, Any]] = []
    for p in profiles:
        amount = p.money_total if p.money_total is not None else p.frequency_total
        rows.append({"segment": p.name, "share": p.share, "of": "people"})
        rows.append({"segment": p.name, "share": amount / total, "of": of})
    return spec(
        f"Share of people and of {of}, by segment",
        rows,
        mark="bar",
        encoding={
            "y": {"field": "segment", "type": "nominal", "sort": None, "title": None},
            "yOffset": {"field": "of", "type": "nominal"},
            "x": {"field": "share", "type": "quantitative", "title": "share of the whole", "axis": {"format": "%"}},
            "color": {"field": "of", "type": "nominal", "title": None, "scale": {"range": [BLUE, ORANGE]}},
        },
    )
