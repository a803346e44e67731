"""What businesses among the customers did, before and after a day, by part: added up where the data lies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tools.contract import Frozen, NotEnoughData
from tools.methods.matched_difference import Floats, Panel
from tools.methods.periods import Period

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Source = Literal["customer_results", "orders", "usage", "events"]
SOURCES: tuple[Source, ...] = ("customer_results", "orders", "usage", "events")
NAMES: dict[Source, tuple[str, ...]] = {"orders": ("orders", "bookings", "purchases", "sales"), "usage": ("uses", "usage")}
"""Words under which a source without named measures is asked for."""
SETTLED = 28
"""Days at either end of the time looked at in which a customer has to be there, where no subscription says that it was."""
STRATA = ("industry", "plan")
"""Columns that comparable customers share, the most important first."""


class Window(Frozen):
    """The days looked at: two spans of the same length, the first split in half."""

    first: date
    middle: date
    start: date
    last: date

    @classmethod
    def ending(cls, last: date, weeks: int) -> Window:
        """`weeks` weeks up to a day, and as many before them."""
        start = last - timedelta(weeks=weeks) + timedelta(days=1)
        return cls(first=start - timedelta(weeks=weeks), middle=start - timedelta(days=7 * weeks // 2), start=start, last=last)

    @property
    def before(self) -> Period:
        """The days before."""
        return Period(self.first, self.start - timedelta(days=1))

    @property
    def after(self) -> Period:
        """The days after."""
        return Period(self.start, self.last)

    @property
    def whole(self) -> Period:
        """All of them."""
        return Period(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Customers with a record on both sides, in the order of their ids. `parts`: after less before, by part, one row each customer."""

    source: Source
    measure: str
    window: Window
    ids: tuple[str, ...]
    names: tuple[str, ...]
    panel: Panel
    parts: tuple[str, ...]
    before: Floats
    after: Floats
    strata: tuple[str, ...]
    joined: int
    left: int

    def position(self, given: str) -> int | None:
        """The customer of this id or name."""
        for known in (self.ids, self.names):
            if given in known:
                return known.index(given)
        return None


def read_outcomes(facts: Facts, day: date, source: Source | None, measure: str | None, weeks: int) -> Outcomes:
    """What customers did in the `weeks` weeks up to the last day on record and in as many before. Raises NotEnoughData."""
    chosen, rows, called = _rows(facts, source, measure)
    last = _last_day(facts, rows, chosen, day)
    window = Window.ending(last, weeks)
    found = facts.fetch(_summed(rows, window, facts.zone, chosen)).to_pylist()
    sums: dict[str, dict[str, tuple[int, int, int]]] = {}
    ends: dict[str, list[int]] = {}
    for row in found:
        sums.setdefault(row["account_id"], {})[row["part"] or "other"] = (int(row["early"]), int(row["late"]), int(row["after"]))
        seen = ends.setdefault(row["account_id"], [0, 0])
        seen[0] += int(row["opening"])
        seen[1] += int(row["closing"])
    there, joined, left = _throughout(facts, window, ends)
    kept = sorted(account for account in sums if account in there)
    parts = tuple(sorted({part for account in kept for part in sums[account]}))
    cells = np.array([[sums[account].get(part, (0, 0, 0)) for part in parts] for account in kept], dtype=np.float64)
    cells = cells.reshape(len(kept), len(parts), 3)
    early, late, after = (cells[:, :, index].sum(axis=1) for index in range(3))
    names, columns, strata = _described(facts, kept)
    return Outcomes(
        source=chosen,
        measure=called,
        window=window,
        ids=tuple(kept),
        names=names,
        panel=Panel(early=early, late=late, after=after, strata=columns),
        parts=parts,
        before=cells[:, :, 0] + cells[:, :, 1],
        after=cells[:, :, 2],
        strata=strata,
        joined=joined,
        left=left,
    )


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]+", " ", word.lower()).strip().rstrip("s")


def _alike(asked: str, name: str) -> bool:
    one, other = _plain(asked), _plain(name)
    return bool(one and other) and (one in other or other in one)


def _rows(facts: Facts, source: Source | None, measure: str | None) -> tuple[Source, ibis.Table, str]:
    """The first source with this measure: rows of account_id, at (a day or an instant), part and value, and the measure's name."""
    tables, seen = set(facts.names()), []
    for candidate in (source,) if source else SOURCES:
        if candidate not in tables or (candidate == "orders" and "contacts" not in tables):
            continue
        named = list(_measures(facts, candidate))
        wanted = [name for name in named if measure is None or _alike(measure, name)]
        if candidate == "events" and measure is None:
            wanted = []
        seen += [f"{candidate}: {name}" for name in named[:10]]
        if wanted:
            rows = _of(facts, candidate, wanted[0])
            if int(facts.fetch(rows.aggregate(number=rows.count()))["number"][0].as_py()):
                return candidate, rows, wanted[0].replace("_", " ")
    raise NotEnoughData(
        "no table says by day what businesses among the customers did" + (f", counted as {measure}" if measure else ""),
        field="measure" if measure else "source",
        needed="customer_results, or orders, usage or events with an account_id",
        found="; ".join(seen) or ", ".join(sorted(tables)) or "no tables",
    )


def _measures(facts: Facts, source: Source) -> Iterator[str]:
    """Names of what a source counts, the most frequent first."""
    if source in NAMES:
        yield from NAMES[source]
        if source != "usage":
            return
    table = facts.table(source)
    table = table.filter(table.account_id.notnull())
    column = {"customer_results": "measure", "usage": "feature", "events": "name"}[source]
    counted = table.group_by(name=table[column]).aggregate(number=table.count())
    for row in sorted(facts.fetch(counted.order_by("name")).to_pylist(), key=lambda row: (-row["number"], row["name"])):
        yield row["name"]


def _of(facts: Facts, source: Source, measure: str) -> ibis.Table:
    import ibis

    table = facts.table(source)
    if source == "orders":
        owners = facts.table("contacts").select("contact_id", "account_id")
        table = table.filter(table.status.isnull() | (table.status == "paid")).join(
            owners.filter(owners.account_id.notnull()), "contact_id"
        )
        return table.select("account_id", "at", part=table["product"], value=ibis.literal(1, "int64"))
    table = table.filter(table.account_id.notnull())
    if source == "customer_results":
        table = table.filter(table.measure == measure)
        return table.select("account_id", "part", at=table.day, value=table["value"].cast("int64"))
    if source == "usage":
        table = table if measure in NAMES["usage"] else table.filter(table.feature == measure)
        return table.select("account_id", at=table.day, part=table.feature, value=table.uses.cast("int64"))
    table = table.filter(table.name == measure)
    return table.select("account_id", "at", part=table.channel, value=ibis.literal(1, "int64"))


def _bounds(period: Period, zone: str, source: Source) -> tuple[Any, Any]:
    """First moment of a period and first after it: instants where rows have instants, else days."""
    import ibis

    if source in ("customer_results", "usage"):
        return ibis.literal(period.first), ibis.literal(period.last + timedelta(days=1))
    return period.instants(zone)


def _last_day(facts: Facts, rows: ibis.Table, source: Source, day: date) -> date:
    """The day asked for, or the last day on record when the record ends before it."""
    from zoneinfo import ZoneInfo

    _, end = _bounds(Period(day, day), facts.zone, source)
    rows = rows.filter(rows["at"] < end)
    last = facts.fetch(rows.aggregate(last=rows["at"].max()))["last"][0].as_py()
    if last is None:
        raise NotEnoughData("nothing is on record up to this day", field="as_of", needed="a day with a record before it", found=str(day))
    return last.astimezone(ZoneInfo(facts.zone)).date() if hasattr(last, "astimezone") else last


def _summed(rows: ibis.Table, window: Window, zone: str, source: Source) -> ibis.Table:
    import ibis

    def total(period: Period) -> Any:
        low, high = _bounds(period, zone, source)
        return ibis.cases(((rows["at"] >= low) & (rows["at"] < high), rows["value"]), else_=0).sum().cast("int64")

    low, high = _bounds(window.whole, zone, source)
    rows = rows.filter(rows["at"] >= low, rows["at"] < high)
    spans = {
        "early": Period(window.first, window.middle - timedelta(days=1)),
        "late": Period(window.middle, window.start - timedelta(days=1)),
        "after": window.after,
        "opening": Period(window.first, window.first + timedelta(days=SETTLED - 1)),
        "closing": Period.ending(window.last, SETTLED),
    }
    return (
        rows.group_by("account_id", "part").aggregate(**{name: total(span) for name, span in spans.items()}).order_by("account_id", "part")
    )


def _throughout(facts: Facts, window: Window, ends: dict[str, list[int]]) -> tuple[set[str], int, int]:
    """Customers who were there all the time, how many came later and how many left within it."""
    if "subscriptions" in facts.names():
        kept = facts.table("subscriptions")
        kept = kept.filter(kept.account_id.notnull())
        begin, end = window.whole.instants(facts.zone)
        spans = kept.group_by("account_id").aggregate(
            began=(kept.started_at < begin).cast("int64").max(),
            stays=(kept.ended_at.isnull() | (kept.ended_at >= end)).cast("int64").max(),
        )
        rows = facts.fetch(spans.order_by("account_id")).to_pylist()
        if rows:
            of = {row["account_id"]: (bool(row["began"]), bool(row["stays"])) for row in rows if row["account_id"] in ends}
            there = {account for account, (began, stays) in of.items() if began and stays}
            return there, sum(not began for began, _ in of.values()), sum(began and not stays for began, stays in of.values())
    there = {account for account, (opening, closing) in ends.items() if opening and closing}
    return there, sum(not opening for opening, _ in ends.values()), sum(bool(opening) and not closing for opening, closing in ends.values())


def _described(facts: Facts, kept: list[str]) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Names of the customers, and the columns that comparable ones share, as codes."""
    if "accounts" not in facts.names():
        return tuple(kept), np.zeros((len(kept), 0), dtype=np.int64), ()
    table = facts.table("accounts")
    rows = {row["account_id"]: row for row in facts.fetch(table.select("account_id", "name", *STRATA).order_by("account_id")).to_pylist()}
    names = tuple(rows.get(account, {}).get("name") or account for account in kept)
    used, columns = [], []
    for column in STRATA:
        values = [rows.get(account, {}).get(column) or "" for account in kept]
        if any(values):
            used.append(column)
            codes = {value: code for code, value in enumerate(sorted(set(values)))}
            columns.append([codes[value] for value in values])
    strata = np.array(columns, dtype=np.int64).T if columns else np.zeros((len(kept), 0), dtype=np.int64)
    return names, strata.reshape(len(kept), len(used)), tuple(used)
