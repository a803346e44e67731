"""What a table holds, in one pass over it where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

EPOCH = date(1970, 1, 1)
DAILY = frozenset({"ad_metrics", "events", "usage"})
"""Tables that a running business adds to every day, so that a day without rows is a gap."""

WATCHED: dict[str, tuple[str, ...]] = {
    "contacts": ("email", "source", "stage", "city", "email_consent"),
    "accounts": ("industry", "employees"),
    "events": ("contact_id", "channel"),
    "touchpoints": ("campaign", "kind"),
    "orders": ("product", "discount", "status"),
    "subscriptions": ("contact_id",),
    "ad_metrics": ("impressions", "clicks", "conversions", "conversion_value"),
    "prices": ("unit_cost",),
    "surveys": ("contact_id",),
    "tickets": ("contact_id", "category", "severity"),
    "competitor_prices": ("source",),
}
"""Columns that may be empty and that an answer would miss."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table up to the day asked for. Days are the client's; `missing_days` lie between the first and the last."""

    name: str
    rows: int
    later_rows: int = 0
    first: date | None = None
    last: date | None = None
    days: int = 0
    missing: tuple[tuple[str, float], ...] = ()
    odd_rows: int = 0
    other_currency_rows: int = 0

    @property
    def span(self) -> int:
        """Days from the first to the last, both included."""
        return 0 if self.first is None or self.last is None else (self.last - self.first).days + 1

    @property
    def missing_days(self) -> int:
        """Days of the span without a row."""
        return self.span - self.days

    def share_missing(self, column: str) -> float:
        """Share of rows where the column is empty; one when the column is not there."""
        return dict(self.missing).get(column, 1.0)


class EventName(NamedTuple):
    """A name that events go by."""

    name: str
    times: int
    people: int


def read_table(facts: Facts, name: str, as_of: date) -> TableFacts:
    """Counts, span and gaps of a table. A table outside the contracts has rows only."""
    table = facts.table(name)
    contract = CONTRACTS.get(name)
    if contract is None or contract.time is None or contract.time not in table.columns:
        return TableFacts(name, int(facts.fetch(table.aggregate(n=table.count()), exact=True).to_pylist()[0]["n"]))
    number = _day_number(table[contract.time], contract.column(contract.time).type, facts.zone, as_of)
    known = (number <= (as_of - EPOCH).days).fill_null(False)
    columns = [column for column in WATCHED.get(name, ()) if column in table.columns]
    row = facts.fetch(
        table.mutate(day_=number, known_=known).aggregate(
            rows=known.sum(),
            later=(~known).sum(),
            first=number.min(where=known),
            last=number.max(where=known),
            days=number.nunique(where=known),
            odd=_odd(table, name, known),
            foreign=_foreign(table, facts.currency, known),
            **{f"empty_{column}": (table[column].isnull() & known).sum() for column in columns},
        ),
        exact=True,
    ).to_pylist()[0]
    rows = int(row["rows"] or 0)
    return TableFacts(
        name=name,
        rows=rows,
        later_rows=int(row["later"] or 0),
        first=_date(row["first"]),
        last=_date(row["last"]),
        days=int(row["days"] or 0),
        missing=tuple((column, int(row[f"empty_{column}"] or 0) / rows) for column in columns) if rows else (),
        odd_rows=int(row["odd"] or 0),
        other_currency_rows=int(row["foreign"] or 0),
    )


def common_events(facts: Facts, as_of: date, most: int) -> tuple[EventName, ...]:
    """The commonest names of events up to a day, commonest first, each with how often and by how many known people."""
    events = facts.table("events")
    before = _day_number(events["at"], "timestamp", facts.zone, as_of) <= (as_of - EPOCH).days
    counted = events.filter(before).group_by("name").aggregate(times=lambda t: t.count(), people=lambda t: t.contact_id.nunique())
    rows = facts.fetch(counted.order_by([counted.times.desc(), counted["name"]]).limit(most), exact=True).to_pylist()
    return tuple(EventName(row["name"], int(row["times"]), int(row["people"])) for row in rows)


def _day_number(moment: ibis.Value, kind: str, zone: str, as_of: date) -> ibis.Value:
    """Days since the epoch in the client's zone, whole on every engine; the zone's offset is that of the day asked for."""
    if kind == "date":
        return moment.cast("timestamp").epoch_seconds().cast("int64") // 86_400
    offset = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()
    return (moment.epoch_seconds().cast("int64") + int(offset.total_seconds())) // 86_400


def _odd(table: ibis.Table, name: str, known: ibis.Value) -> ibis.Value:
    """Rows that contradict themselves: more clicks than impressions, a paid order of nothing or less, an end before its start."""
    import ibis

    if name == "ad_metrics":
        return ((table.clicks > table.impressions).fill_null(False) & known).sum()
    if name == "orders":
        return (((table.amount <= 0) & (table.status.fill_null("paid") == "paid")).fill_null(False) & known).sum()
    if name == "subscriptions":
        return ((table.ended_at < table.started_at).fill_null(False) & known).sum()
    return ibis.literal(0)


def _foreign(table: ibis.Table, currency: str, known: ibis.Value) -> ibis.Value:
    import ibis

    return ((table.currency != currency) & known).sum() if "currency" in table.columns else ibis.literal(0)


def _date(number: int | None) -> date | None:
    return None if number is None else EPOCH + timedelta(days=int(number))
