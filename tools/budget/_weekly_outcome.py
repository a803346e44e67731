"""What channels work towards, counted per week of the client's zone, where the data lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tools.budget._curve import Source
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.channel_names import channel_key

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts


class Outcome(NamedTuple):
    """What is counted, the event's name where it is one, and what it is called."""

    source: Source
    event: str | None
    name: str


class Counted(NamedTuple):
    """Counts from the first whole week on record: in all, or by the channel that each is credited to."""

    first_week: date
    total: NDArray[np.float64]
    by_channel: dict[str, NDArray[np.float64]]


def monday(day: date) -> date:
    """The Monday on or before a day."""
    return day - timedelta(days=day.weekday())


def count_weeks(facts: Facts, outcome: Outcome, first: date, last: date) -> Counted:
    """Counts per week, Monday to Sunday of the client's zone, from the later of `first` and the first whole week on record to `last`.

    Raises NotEnoughData when nothing is on record, ToolInputError when no event is named.
    """
    moments = _moments(facts, outcome)
    moments = moments.filter(moments.at.notnull()).mutate(hour=lambda t: (t.at.epoch_seconds() / 3600).floor().cast("int64"))
    hours = facts.fetch(moments.group_by(["hour", "channel"]).aggregate(rows=moments.count()).order_by(["hour", "channel"]))
    if hours.num_rows == 0:
        what = f"event {outcome.event!r}" if outcome.source == "events" else outcome.source.replace("_", " ")
        raise NotEnoughData(f"Nothing is on record for {what}, so no response can be measured.", needed=f"rows for {what}", found="none")
    zone, hour = ZoneInfo(facts.zone), hours["hour"].to_numpy()
    began = datetime.fromtimestamp(int(hour[0]) * 3600, UTC).astimezone(zone).date()
    # The week in which records begin may be a part of a week: take the next.
    first = max(first, began if began.weekday() == 0 else monday(began) + timedelta(days=7))
    starts = [first + timedelta(days=7 * number) for number in range(max(0, (last - first).days // 7 + 1))]
    if not starts:
        raise NotEnoughData("Spend and outcome do not share one whole week.", needed="weeks with both", found="none")
    return _placed(hour, hours["rows"].to_numpy(), hours["channel"].to_pylist(), starts, zone)


def _moments(facts: Facts, outcome: Outcome) -> ibis.Table:
    """When each outcome happened, in `at`, and the channel it is credited to, in `channel` (empty for a total)."""
    import ibis

    nobody = ibis.literal("")
    if outcome.source == "contacts":
        contacts = facts.table("contacts")
        return contacts.select(at=contacts.created_at, channel=nobody)
    if outcome.source == "events" and outcome.event:
        events = facts.table("events")
        events = events.filter(events.name == outcome.event)
        nameless = events.filter(events.contact_id.isnull()).select("at")
        first_times = events.filter(events.contact_id.notnull()).group_by("contact_id").aggregate(at=events.at.min()).select("at")
        return first_times.union(nameless).select("at", channel=nobody)
    if outcome.source == "events":
        raise ToolInputError("Which event counts as the outcome? Give its name in `event`.", field="event")
    orders = facts.table("orders")
    paid = orders.filter(orders.status.isnull() | (orders.status == "paid")) if "status" in orders.columns else orders
    if outcome.source == "orders":
        return paid.select("at", channel=nobody)
    first_orders = paid.group_by("contact_id").aggregate(at=paid.at.min())
    if outcome.source == "new_customers":
        return first_orders.select("at", channel=nobody)
    contacts = facts.table("contacts")
    known = contacts.filter(contacts.source.notnull()).select("contact_id", "source")
    return first_orders.join(known, "contact_id").select("at", channel="source")


def _placed(hour: NDArray, rows: NDArray, channels: Sequence[str], starts: list[date], zone: ZoneInfo) -> Counted:
    ends = [*starts, starts[-1] + timedelta(days=7)]
    edges = np.array([datetime.combine(start, time(), zone).timestamp() / 3600 for start in ends])
    place = np.searchsorted(edges, hour, side="right") - 1
    inside = (place >= 0) & (place < len(starts))

    def counts(mask: NDArray) -> NDArray[np.float64]:
        return np.bincount(place[mask], weights=rows[mask], minlength=len(starts)).astype(float)

    keys = np.array([channel_key(channel) if channel else "" for channel in channels])
    credited = {str(key): counts(inside & (keys == key)) for key in sorted(set(keys)) if key}
    return Counted(starts[0], counts(inside), credited)
