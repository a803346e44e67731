"""Sums by arm from exposures joined to events and orders: one pass in the engine, each unit once, after its window has closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tools.contract import NotEnoughData, ToolInputError
from tools.experiments._exposures import ArmCount, Exposed, Span, closing, counts_of, day_start, exposed_of, flagged, known_until, span
from tools.experiments._instants import DAY, micros
from tools.experiments._request import AnalysedArm, AnalyzeExperiment, ArmTotals, Measure, Metric
from tools.experiments._subgroup_sums import by_contacts
from tools.experiments._sums import Variable, as_totals, capped, counted_totals, read_sums, sums_of

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Tag:
    """One kind of row that matters: events of one name, or paid orders."""

    source: str
    event: str | None

    @classmethod
    def of(cls, measure: Measure) -> Tag:
        """The rows that a measure counts."""
        return cls(measure.source, measure.event)


def read_experiment(request: AnalyzeExperiment, facts: Facts) -> tuple[AnalyzeExperiment, int]:
    """The request with the sums of every metric, its arms and crossed units filled in, and how many exposures were repeated."""
    experiment = request.experiment or ""
    tags = _tags(request.metrics)
    seen = span(facts, experiment)
    closed_by = closing(known_until(facts, tuple(sorted({tag.source for tag in tags}))), request.window_days)
    middle = seen.first + max(min(closed_by, seen.last) - seen.first, timedelta()) / 2
    units = flagged(facts, experiment, seen.arms, closed_by, middle)
    variables = {metric.name: _variables(metric, request.window_days) for metric in request.metrics}
    closed = units.filter(~units.crossed, units.closed)
    counted = [entry for entries in variables.values() for entry in entries]
    since = seen.first + timedelta(days=min(entry.first for entry in counted))
    until = min(closed_by, seen.last) + timedelta(days=max(entry.last for entry in counted))
    per_unit = _per_unit(closed, _rows(facts, tags, since, min(until, day_start(facts))), tags, variables)
    counts, metrics, per_unit = _with_totals(request, facts, seen, counts_of(units), per_unit, variables)
    exposed = exposed_of(counts, seen)
    if exposed.units == 0:
        raise NotEnoughData(
            "every unit on record saw more than one arm, so none can be counted for any",
            field="experiment",
            needed="units that saw one arm only",
            found=f"{exposed.crossed} units that saw more than one",
        )
    if exposed.units == exposed.open:
        raise NotEnoughData(
            f"no unit's window of {request.window_days} days has closed yet",
            field="window_days",
            needed="units whose window has closed",
            found=f"{exposed.open} units with open windows",
        )
    if request.subgroups_by:
        metrics = _with_subgroups(request, facts, seen, closed, per_unit, variables, metrics)
    return request.model_copy(update={"metrics": metrics, "arms": _arms(request, exposed), **_traffic(request, exposed)}), exposed.repeated


def _with_subgroups(
    request: AnalyzeExperiment,
    facts: Facts,
    seen: Span,
    closed: ibis.Table,
    per_unit: ibis.Table,
    variables: dict[str, list[Counted]],
    metrics: tuple[Metric, ...],
) -> tuple[Metric, ...]:
    """The metrics, the primary one with its sums by part of the audience. A capped outcome is capped there as well."""
    number = next(n for n, metric in enumerate(metrics) if metric.role == "primary")
    entries = variables[metrics[number].name]
    used, money = [entry.variable for entry in entries], any(entry.measure.of == "value" for entry in entries)
    parts = by_contacts(facts, seen, closed, per_unit, request.subgroups_by, number, used, money)
    return (*metrics[:number], metrics[number].model_copy(update={"subgroups": parts}), *metrics[number + 1 :])


def _arms(request: AnalyzeExperiment, exposed: Exposed) -> tuple[AnalysedArm, ...]:
    weights = {arm.arm: arm.weight for arm in request.arms}
    found = {arm.arm: arm for arm in exposed.arms}
    unplanned = sorted(set(found) - set(weights)) if weights else []
    if unplanned:
        raise ToolInputError(f"the exposures hold arms that were not planned: {', '.join(unplanned)}", field="arms")
    none = ArmCount("", 0, 0)
    return tuple(
        AnalysedArm(arm=arm, weight=weights.get(arm, 1.0), units=mine.units, open_units=mine.units - mine.closed)
        for arm in (weights or found)
        for mine in (found.get(arm, none),)
    )


def _traffic(request: AnalyzeExperiment, exposed: Exposed) -> dict[str, Any]:
    days = max(1.0, (exposed.last - exposed.first).total_seconds() / 86_400)
    return {"units_per_day": request.units_per_day or exposed.units / days, "crossed_units": exposed.crossed}


def _tags(metrics: Sequence[Metric]) -> list[Tag]:
    measures = [measure for metric in metrics for measure in (metric.outcome, metric.denominator) if measure is not None]
    return sorted({Tag.of(measure) for measure in measures}, key=lambda tag: (tag.source, tag.event or ""))


@dataclass(frozen=True, slots=True)
class Counted:
    """A variable of a unit: rows of a tag between two days from its first exposure, counted as the measure says."""

    variable: Variable
    measure: Measure
    first: int
    last: int


def _variables(metric: Metric, window: int) -> list[Counted]:
    """Outcome, denominator, and both of them before the exposure, as far as the metric has them."""
    outcome = metric.outcome
    if outcome is None:
        raise ToolInputError(f"{metric.name} says no outcome", field=f"metrics.{metric.name}.outcome")
    if metric.is_share:
        outcome = outcome.model_copy(update={"of": "any"})
    elif outcome.of == "any":
        outcome = outcome.model_copy(update={"of": "count"})
    found = [Counted("outcome", outcome, metric.from_day, window)]
    if metric.denominator is not None:
        found.append(Counted("denominator", metric.denominator, 0, window))
    if metric.before_days and metric.kind != "quantile":
        found.append(Counted("before", outcome, -metric.before_days, 0))
        if metric.denominator is not None:
            found.append(Counted("before_denominator", metric.denominator, -metric.before_days, 0))
    return found


def _rows(facts: Facts, tags: Sequence[Tag], since: datetime, until: datetime) -> ibis.Table:
    """Person, instant, number of the tag, and money, of rows that some metric counts, from the first instant to the last of any unit."""
    import ibis

    parts = []
    names = {tag.event: number for number, tag in enumerate(tags) if tag.source == "events"}
    if names:
        events = facts.table("events")
        mine = events.filter(events.name.isin(sorted(name for name in names if name)), *_between(events["at"], since, until))
        number = mine.name.cases(*((name, value) for name, value in names.items()), else_=-1).cast("int16")
        parts.append(mine.select(person="contact_id", moment=micros(mine["at"]), tag=number, money=ibis.literal(0).cast("int64")))
    if ORDERS in {tag.source for tag in tags}:
        orders = facts.table(ORDERS)
        paid = orders.filter(
            orders.status.fill_null("paid") == "paid", orders.currency == facts.currency, *_between(orders["at"], since, until)
        )
        number = ibis.literal(next(n for n, tag in enumerate(tags) if tag.source == ORDERS)).cast("int16")
        parts.append(paid.select(person="contact_id", moment=micros(paid["at"]), tag=number, money=paid.amount.cast("int64")))
    return parts[0] if len(parts) == 1 else parts[0].union(parts[1])


def _between(moment: ibis.Column, since: datetime, until: datetime) -> tuple[ibis.Value, ibis.Value]:
    return moment >= since, moment < until


def _per_unit(units: ibis.Table, rows: ibis.Table, tags: Sequence[Tag], variables: dict[str, list[Counted]]) -> ibis.Table:
    """Units with any row that counts, and their variables `m0_outcome`, `m0_before` …; units without are zeros and need no row."""
    import ibis

    joined = units.select("unit_id", "cell", "entered").join(rows, units.unit_id == rows.person)
    counted = [entry for entries in variables.values() for entry in entries]
    earliest, latest = min(c.first for c in counted), max(c.last for c in counted)
    near = joined.mutate(after=joined.moment - joined.entered)
    near = near.filter(near.after >= earliest * DAY, near.after < latest * DAY)
    one, none = ibis.literal(1).cast("int64"), ibis.literal(0).cast("int64")
    columns = {}
    for number, entries in enumerate(variables.values()):
        for entry in entries:
            inside = near.tag == tags.index(Tag.of(entry.measure))
            if entry.first != earliest:
                inside &= near.after >= entry.first * DAY
            if entry.last != latest:
                inside &= near.after < entry.last * DAY
            value = ibis.ifelse(inside, near.money if entry.measure.of == "value" else one, none)
            columns[f"m{number}_{entry.variable}"] = value.max() if entry.measure.of == "any" else value.sum().cast("int64")
    return near.group_by("unit_id", "cell").aggregate(**columns)


BY = ("cell",)


def _with_totals(
    request: AnalyzeExperiment, facts: Facts, seen: Span, counts: ibis.Table, per_unit: ibis.Table, variables: dict[str, list[Counted]]
) -> tuple[list[dict[str, Any]], tuple[Metric, ...], ibis.Table]:
    """Rows of the counts, the metrics with their sums, and the units' outcomes as they were summed, capped ones capped."""
    used = {
        n: [entry.variable for entry in entries] for n, entries in enumerate(variables.values()) if request.metrics[n].kind != "quantile"
    }
    money = {n for n, entries in enumerate(variables.values()) if any(entry.measure.of == "value" for entry in entries)}
    valued = [n for n, metric in enumerate(request.metrics) if metric.kind == "quantile" or metric.winsorise is not None]
    values: dict[int, tuple[ArmTotals, ...]] = {}
    if valued:
        rows = facts.fetch(counts.order_by("crossed", *BY), exact=True).to_pylist()
        values = {n: counted_totals(facts, per_unit, f"m{n}_outcome", seen.arms, _whole(_sizes(rows, seen))) for n in valued}
        for number in valued:
            share = request.metrics[number].winsorise
            if share is not None:
                column = f"m{number}_outcome"
                per_unit = per_unit.mutate(**{column: per_unit[column].clip(upper=int(capped(values[number], share)))})
        summed = facts.fetch(sums_of(per_unit, used, BY, money).order_by(*BY), exact=True).to_pylist() if used else []
    else:
        rows, summed = _together(facts, counts, sums_of(per_unit, used, BY, money))
    sums, sizes = read_sums(summed, used, BY), _sizes(rows, seen)
    whole, metrics = _whole(sizes), []
    for number, metric in enumerate(request.metrics):
        if metric.kind == "quantile":
            metrics.append(metric.model_copy(update={"totals": values[number]}))
            continue
        halves = {(seen.arms[cell // 2], cell % 2): found for (cell,), found in sums.get(number, {}).items()}
        early = tuple(as_totals(arm, sizes[arm, 1], halves.get((arm, 1), {}), used[number]) for arm in whole if sizes.get((arm, 1)))
        total = tuple(as_totals(arm, whole[arm], _added(halves.get((arm, 0)), halves.get((arm, 1))), used[number]) for arm in whole)
        metrics.append(metric.model_copy(update={"totals": total, "early": early if len(early) == len(total) else (), "winsorise": None}))
    return rows, tuple(metrics), per_unit


def _together(facts: Facts, counts: ibis.Table, sums: ibis.Table) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Counts and sums in one query: they share the units, which are then found once."""
    import ibis

    counted = ["units", "closed", "rows"]
    names = [name for name in sums.columns if name not in BY]
    left = counts.mutate(**{name: ibis.null().cast("decimal(38, 0)") for name in names})
    right = sums.mutate(crossed=ibis.null().cast("boolean"), **{name: ibis.null().cast("int64") for name in counted})
    columns = ["crossed", *BY, *counted, *names]
    rows = facts.fetch(left.select(*columns).union(right.select(*columns)).order_by("crossed", *BY), exact=True).to_pylist()
    return [row for row in rows if row["crossed"] is not None], [row for row in rows if row["crossed"] is None]


def _sizes(rows: list[dict[str, Any]], seen: Span) -> dict[tuple[str, int], int]:
    """Closed units by arm and half."""
    return {(seen.arms[row["cell"] // 2], row["cell"] % 2): int(row["closed"]) for row in rows if not row["crossed"] and row["closed"]}


def _whole(sizes: dict[tuple[str, int], int]) -> dict[str, int]:
    return {arm: sizes.get((arm, 0), 0) + sizes.get((arm, 1), 0) for arm in sorted({arm for arm, _ in sizes})}


def _added(a: dict[str, int] | None, b: dict[str, int] | None) -> dict[str, int]:
    """An arm in which nobody did anything has no sums, which is zero."""
    if a is None or b is None:
        return a or b or {}
    return {name: a[name] + b[name] for name in a}
