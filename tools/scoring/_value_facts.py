"""The histories that a value model needs, from the request, an imported table, orders or subscriptions. Grouped where the data lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData, ToolInputError
from tools.methods.histories import Histories
from tools.methods.periods import Period
from tools.methods.shifted_beta_geometric import Tenures
from tools.scoring._value_request import PredictValue

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Floats = NDArray[np.float64]

FEWEST = 50  # customers under which four parameters are a guess
FEWEST_AGAIN = 20  # customers who came back: the rest say nothing of how often or for how long
FEWEST_ENDED = 10
HELD_OUT = 3  # the last third of the record is kept to check the forecast on
LONG_ENOUGH = 90  # days of record under which there is nothing to hold out
MONTH_SECONDS = 2_629_800  # a twelfth of a mean year
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Holdout:
    """Histories up to a day, and what these customers bought in the `ahead` days after it."""

    histories: Histories
    ahead: int
    purchases: int


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers without a contract, equal rows counted once. Values are means per repeat purchase, NaN where there is none."""

    x: NDArray[np.int64]
    last: Floats
    age: Floats
    weight: Floats
    value: Floats
    basis: str = "observed"
    period: str | None = None
    holdout: Holdout | None = None
    unpriced: int = 0

    @property
    def histories(self) -> Histories:
        """Rows of equal history, whatever was spent."""
        return Histories.of(self.x, self.last, self.age, self.weight)

    @property
    def priced(self) -> NDArray[np.bool_]:
        """Rows that came back and whose purchases have a value."""
        return (self.x > 0) & np.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Customers under contract, by renewals behind them: how many ended, how many stay, and the mean price of those who stay."""

    ended: Floats
    staying: Floats
    price: Floats | None
    basis: str = "observed"
    period: str | None = None

    @property
    def tenures(self) -> Tenures:
        """As the model takes them."""
        return Tenures(self.ended, self.staying)


def read(request: PredictValue, facts: Facts) -> Buyers | Subscribers:
    """What the request points at. Raises NotEnoughData, ToolInputError."""
    if request.survivors or request.tenures:
        return _checked_contract(_given_contract(request))
    if request.histories:
        return _checked(_given(request))
    if request.history_table is not None:
        return _checked(_table(request, facts))
    if request.parameters is not None and request.source is None:
        return _nobody(request)
    names = set(facts.names())
    source = request.source
    if source is None:
        source = (
            "subscriptions" if request.is_contract else "orders" if "orders" in names or "subscriptions" not in names else "subscriptions"
        )
    if source == "subscriptions":
        return _checked_contract(_subscriptions(facts, request))
    return _checked(_orders(facts, request))


def _nobody(request: PredictValue) -> Buyers | Subscribers:
    """Known parameters and no customers: only single people and new customers are looked at."""
    if request.is_contract:
        return Subscribers(np.zeros(0), np.zeros(0), None, "stated")
    empty = np.zeros(0)
    return Buyers(np.zeros(0, np.int64), empty, empty, empty, empty, "stated")


def _given(request: PredictValue) -> Buyers:
    rows = request.histories
    value = np.array([np.nan if row.mean_value is None else row.mean_value for row in rows])
    return _put_together(
        np.array([row.repeat_purchases for row in rows], np.int64),
        np.array([row.last_purchase for row in rows]),
        np.array([row.observed for row in rows]),
        np.array([row.customers for row in rows], np.float64),
        np.where(np.array([row.repeat_purchases for row in rows]) > 0, value, np.nan),
    )


def _put_together(x: NDArray[np.int64], last: Floats, age: Floats, weight: Floats, value: Floats, **more: Any) -> Buyers:
    """Rows in an order that the rows alone fix, those without customers left out."""
    there = weight > 0
    x, last, age, weight, value = x[there], last[there], age[there], weight[there], value[there]
    order = np.lexsort((value, age, last, x))
    return Buyers(x[order], last[order], age[order], weight[order], value[order], **more)


def _given_contract(request: PredictValue) -> Subscribers:
    if request.survivors:
        alive = np.array(request.survivors, np.float64)
        staying = np.zeros(len(alive))
        staying[-1] = alive[-1]
        return Subscribers(alive[:-1] - alive[1:], staying, None)
    most = max(row.renewals for row in request.tenures) + 1
    ended, staying, price = np.zeros(most), np.zeros(most), np.zeros(most)
    for row in request.tenures:
        ended[row.renewals], staying[row.renewals] = row.ended, row.staying
        price[row.renewals] = row.price or 0.0
    priced = all(row.price is not None for row in request.tenures if row.staying)
    return Subscribers(ended, staying, price if priced and staying.any() else None)


def _checked(buyers: Buyers) -> Buyers:
    """Raises NotEnoughData for too few customers, or none who came back."""
    if not len(buyers.x) and buyers.basis == "stated":
        return buyers
    customers, again = int(buyers.weight.sum()), int(buyers.weight[buyers.x > 0].sum())
    if customers < FEWEST or again < FEWEST_AGAIN:
        raise NotEnoughData(
            "there are too few customers, or too few who came back, to tell how people buy",
            needed=f"{FEWEST} customers, of whom {FEWEST_AGAIN} bought again",
            found=f"{customers} customers, {again} of whom bought again",
        )
    if not (buyers.age > 0).any():
        raise NotEnoughData("nobody was observed for any time after their first purchase", needed="time observed above zero", found="none")
    return buyers


def _checked_contract(found: Subscribers) -> Subscribers:
    if not len(found.ended) and found.basis == "stated":
        return found
    customers, ended = int(found.ended.sum() + found.staying.sum()), int(found.ended.sum())
    renewed = int(found.staying[1:].sum() + found.ended[1:].sum())
    if customers < FEWEST or ended < FEWEST_ENDED or renewed < FEWEST_ENDED:
        raise NotEnoughData(
            "there are too few contracts, or too few that ended or renewed, to tell how long people stay",
            needed=f"{FEWEST} contracts, of which {FEWEST_ENDED} ended and {FEWEST_ENDED} renewed at least once",
            found=f"{customers} contracts, {ended} ended, {renewed} renewed",
        )
    return found


def _table(request: PredictValue, facts: Facts) -> Buyers:
    named = request.history_table
    if named is None:
        raise ToolInputError("no table of histories is named", field="history_table")
    table = facts.table(named.table)
    wanted = {"x": named.repeat_column, "last": named.last_column, "age": named.observed_column}
    if named.value_column:
        wanted["value"] = named.value_column
    columns = {}
    for role, name in wanted.items():
        if name not in table.columns:
            raise ToolInputError(f"the table has no column {name!r}", field="history_table", found=", ".join(table.columns)[:300])
        if not table[name].type().is_numeric():
            raise ToolInputError(f"the column {name!r} holds no numbers", field="history_table", found=str(table[name].type()))
        columns[role] = table[name].cast("float64")
    rows = table.select(**columns)
    counted = rows.group_by(list(columns)).aggregate(customers=rows.count().cast("int64"))
    data = facts.fetch(counted.order_by(list(columns)))
    x, last, age = (np.asarray(data[role].to_numpy(zero_copy_only=False), np.float64) for role in ("x", "last", "age"))
    people = data["customers"].to_numpy().astype(np.float64)
    _possible(x, last, age, people)
    value = np.full(len(x), np.nan)
    unpriced = 0
    if "value" in columns:
        value = np.asarray(data["value"].to_numpy(zero_copy_only=False), np.float64)
        unpriced = int(people[(x > 0) & ~(value > 0)].sum())
        value = np.where((x > 0) & (value > 0), value, np.nan)
        if np.isinf(value).any():
            raise ToolInputError("some values are infinite", field="history_table.value_column")
    return _put_together(x.astype(np.int64), last, age, people, value, unpriced=unpriced)


def _possible(x: Floats, last: Floats, age: Floats, people: Floats) -> None:
    """Raises ToolInputError that says which rows cannot be."""
    finite = np.isfinite(x) & np.isfinite(last) & np.isfinite(age)
    faults = (
        ("are missing or infinite", ~finite),
        ("have negative counts or times", finite & ((x < 0) | (last < 0) | (age < 0))),
        ("have a fraction of a purchase", finite & (x != np.floor(x))),
        ("have their last purchase after the end of the record", finite & (last > age)),
        ("bought again at time zero", finite & (x > 0) & (last == 0)),
        ("have a last purchase without one", finite & (x == 0) & (last > 0)),
    )
    for what, wrong in faults:
        if wrong.any():
            raise ToolInputError(
                f"{int(people[wrong].sum())} customers {what}: mend or leave out these rows",
                field="history_table",
                needed="0 <= last purchase <= time observed, and a last purchase exactly where there are repeat purchases",
            )


def _days(facts: Facts, lookback: int) -> tuple[ibis.Table, int, int]:
    """Days on which each customer paid, with what they paid, and the numbers of the first and last day of the period."""
    period = Period.ending(facts.as_of, lookback)
    start, end = period.instants(facts.zone)
    offset = datetime(facts.as_of.year, facts.as_of.month, facts.as_of.day, 12, tzinfo=ZoneInfo(facts.zone)).utcoffset() or timedelta()
    orders = facts.table("orders")
    orders = orders.filter(orders["at"] < end, orders.status.fill_null("paid") == "paid", orders.currency == facts.currency)
    day = (orders["at"].epoch_seconds().cast("int64") + int(offset.total_seconds())) // DAY
    orders = orders.mutate(day=day)
    days = orders.group_by("contact_id", "day").aggregate(spent=orders.amount.sum().cast("int64"))
    first = int((start.timestamp() + offset.total_seconds()) // DAY)
    return days, first, (facts.as_of - date(1970, 1, 1)).days


def _orders(facts: Facts, request: PredictValue) -> Buyers:
    """A purchase is a day with a paid order. Customers whose first purchase lies in the period; it only starts their clock."""
    days, begin, end = _days(facts, request.lookback_days)
    first = days.group_by("contact_id").aggregate(first=days.day.min())
    days = days.inner_join(first, "contact_id").filter(lambda t: t.first >= begin)
    span = facts.fetch(days.aggregate(began=days["first"].min())).to_pylist()[0]["began"]
    if span is None:
        raise NotEnoughData(
            "no customer made a first paid order in this period",
            needed=f"{FEWEST} customers with paid orders in {facts.currency}",
            found="none",
        )
    began = int(span)
    cut = end - (end - began) // HELD_OUT
    later = days["day"] > days["first"]
    people = days.group_by("contact_id").aggregate(
        first=days["first"].min(),
        last=days.day.max(),
        x=later.sum().cast("int64"),
        spent=days.spent.sum(where=later).fill_null(0).cast("int64"),
        x_then=(later & (days.day <= cut)).sum().cast("int64"),
        last_then=days.day.max(where=days.day <= cut),
        x_after=(days.day > cut).sum().cast("int64"),
    )
    now = people.mutate(last=people["last"] - people["first"], age=end - people["first"])
    keys = ["x", "last", "age", "spent"]
    counted = now.group_by(keys).aggregate(customers=now.count().cast("int64")).order_by(keys)
    data = facts.fetch(counted)
    x, last, age, spent, customers = (data[name].to_numpy().astype(np.int64) for name in (*keys, "customers"))
    value = np.where((x > 0) & (spent > 0), spent / np.maximum(x, 1), np.nan)
    holdout = None
    if end - began >= LONG_ENOUGH:
        known = people.filter(people["first"] <= cut)
        known = known.mutate(last=known.last_then - known["first"], age=cut - known["first"])
        before = known.group_by("x_then", "last", "age").aggregate(
            customers=known.count().cast("int64"), after=known.x_after.sum().cast("int64")
        )
        then = facts.fetch(before.order_by("x_then", "last", "age"))
        columns = [then[name].to_numpy().astype(np.int64) for name in ("x_then", "last", "age", "customers", "after")]
        histories = Histories.of(columns[0], columns[1], columns[2], columns[3].astype(np.float64))
        if histories.customers >= FEWEST and histories.weight[histories.x > 0].sum() >= FEWEST_AGAIN and (histories.age > 0).any():
            holdout = Holdout(histories, end - cut, int(columns[4].sum()))
    return _put_together(
        x,
        last.astype(np.float64),
        age.astype(np.float64),
        customers.astype(np.float64),
        value,
        period=f"{(date(1970, 1, 1) + timedelta(days=began)).isoformat()}/{facts.as_of.isoformat()}",
        holdout=holdout,
        unpriced=int(customers[(x > 0) & (spent <= 0)].sum()),
    )


def _subscriptions(facts: Facts, request: PredictValue) -> Subscribers:
    """Whole periods behind each contract: one that ended left at the end of its last period begun, one that runs has renewed so often."""
    import ibis

    end = Period.ending(facts.as_of, 1).instants(facts.zone)[1].astimezone(UTC)
    rows = facts.table("subscriptions")
    rows = rows.filter(rows.started_at < end, rows.currency == facts.currency)
    backwards = facts.fetch(rows.aggregate(n=(rows.ended_at < rows.started_at).fill_null(False).sum())).to_pylist()[0]["n"] or 0
    if backwards:
        raise ToolInputError(
            f"{int(backwards)} subscriptions end before they start: mend them in the source and import again",
            field="source",
            needed="ended_at on or after started_at",
        )
    gone = (rows.ended_at < end).fill_null(False)
    until = ibis.ifelse(gone, rows.ended_at, ibis.literal(end))
    seconds = until.epoch_seconds().cast("int64") - rows.started_at.epoch_seconds().cast("int64")
    rows = rows.mutate(gone=gone, renewals=(seconds // (MONTH_SECONDS * request.period_months)).cast("int64"))
    counted = rows.group_by("gone", "renewals").aggregate(n=rows.count().cast("int64"), mrr=rows.mrr.sum().cast("int64"))
    data = facts.fetch(counted.order_by("gone", "renewals")).to_pylist()
    began = facts.fetch(rows.aggregate(first=rows.started_at.min().epoch_seconds().cast("int64"))).to_pylist()[0]["first"]
    most = max((int(row["renewals"]) for row in data), default=0) + 1
    ended, staying, price = np.zeros(most), np.zeros(most), np.zeros(most)
    for row in data:
        place = int(row["renewals"])
        if row["gone"]:
            ended[place] = int(row["n"])
        else:
            staying[place], price[place] = int(row["n"]), int(row["mrr"]) / int(row["n"]) * request.period_months
    first = datetime.fromtimestamp(int(began), ZoneInfo(facts.zone)).date().isoformat() if began is not None else facts.as_of.isoformat()
    return Subscribers(ended, staying, price if staying.any() else None, period=f"{first}/{facts.as_of.isoformat()}")
