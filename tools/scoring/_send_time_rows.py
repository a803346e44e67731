"""Sends and responses by person, channel and part of the day, each in the person's own zone where their country has a single one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData
from tools.methods.shrunk_rates import Cells

if TYPE_CHECKING:
    from tools.facts import Facts
    from tools.scoring.find_send_time import FindSendTime

HOURS = 3  # of one part of the day
PARTS = (
    "after midnight",
    "before dawn",
    "early morning",
    "late morning",
    "early afternoon",
    "late afternoon",
    "early evening",
    "late evening",
)
EPOCH = date(1970, 1, 1)
ANSWERS = ("open", "click", "reply")


@dataclass(frozen=True, slots=True)
class Sends:
    """Counts of one channel, with the people's ids in the order of their numbers, and how many were placed in a zone of their own."""

    channel: str
    cells: Cells
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: each channel, sends too young to have been answered, and people placed by their own country."""

    channels: tuple[Sends, ...]
    too_young: int
    own_zone: int
    period: str | None


def slots_of(weekend: bool) -> tuple[str, ...]:
    """Names of the slots: parts of the day, or these on working days and at the weekend."""
    return (*(f"{part} on working days" for part in PARTS), *(f"{part} at the weekend" for part in PARTS)) if weekend else PARTS


def place(hour: NDArray[np.int64], weekday: NDArray[np.int64], weekend: bool) -> NDArray[np.int64]:
    """The slot of a local hour (0..23) and weekday (0 is Monday)."""
    return hour // HOURS + (np.where(weekday >= 5, len(PARTS), 0) if weekend else 0)


def read_sends(request: FindSendTime, facts: Facts) -> Found:
    """From the request's rows, or from touchpoints: sends, and the opens, clicks and replies that came after them."""
    if request.rows:
        columns = [(row.person, row.channel, row.hour, row.weekday, row.sends, row.responses) for row in request.rows]
        return Found(_by_channel(columns, request), 0, 0, None)
    rows, too_young, own_zone, period = _touchpoints(request, facts)
    return Found(_by_channel(rows, request), too_young, own_zone, period)


def _by_channel(rows: list[tuple[str, str, int, int, int, int]], request: FindSendTime) -> tuple[Sends, ...]:
    wanted = {name.lower() for name in request.channels}
    found = []
    for channel in sorted({row[1] for row in rows}):
        mine = [row for row in rows if row[1] == channel and row[4] > 0 and (not wanted or channel.lower() in wanted)]
        if not mine:
            continue
        people = tuple(sorted({row[0] for row in mine}))
        number = {person: index for index, person in enumerate(people)}
        slots = len(slots_of(request.weekend_apart))
        hour, weekday = np.array([row[2] for row in mine], np.int64), np.array([row[3] for row in mine], np.int64)
        key = np.array([number[row[0]] for row in mine], np.int64) * slots + place(hour, weekday, request.weekend_apart)
        kept, inverse = np.unique(key, return_inverse=True)
        sends = np.bincount(inverse, [row[4] for row in mine], len(kept)).astype(np.float64)
        hits = np.bincount(inverse, [row[5] for row in mine], len(kept)).astype(np.float64)
        found.append(Sends(channel, Cells(kept // slots, kept % slots, sends, hits, len(people), slots), people))
    return tuple(found)


def _touchpoints(request: FindSendTime, facts: Facts) -> tuple[list[tuple[str, str, int, int, int, int]], int, int, str]:
    import ibis

    end = datetime.combine(facts.as_of + timedelta(days=1), time(), ZoneInfo(facts.zone)).astimezone(UTC)
    start = end - timedelta(days=request.lookback_days)
    touches = facts.table("touchpoints")
    touches = touches.filter(touches["at"] >= start, touches["at"] < end).mutate(second=touches["at"].epoch_seconds().cast("int64"))
    sends = touches.filter(touches.kind == "send").select("touchpoint_id", "contact_id", "channel", "second")
    answers = touches.filter(touches.kind.isin(ANSWERS)).select("contact_id", "channel", answered="second")
    known = facts.fetch(touches.aggregate(last=touches.second.max())).to_pylist()[0]["last"]
    if known is None:
        raise NotEnoughData("no touchpoints of these days are on record", needed="sends and their opens, clicks or replies", found="none")
    window = request.response_hours * 3600
    # an answer belongs to the last message before it
    after = sends.second.lead().over(ibis.window(group_by=["contact_id", "channel"], order_by=["second", "touchpoint_id"]))
    sends = sends.mutate(until=ibis.least(sends.second + window, ibis.coalesce(after - 1, sends.second + window)))
    closed = sends.filter(sends.second <= int(known) - window)
    counts = facts.fetch(sends.aggregate(n=sends.count())).to_pylist()[0]["n"]
    joined = closed.left_join(
        answers,
        [
            closed.contact_id == answers.contact_id,
            closed.channel == answers.channel,
            answers.answered >= closed.second,
            answers.answered <= closed.until,
        ],
    )
    one = joined.group_by("touchpoint_id", "contact_id", "channel", "second").aggregate(hit=joined.answered.count().cast("int64"))
    by_hour = one.mutate(hour=one.second // 3600, hit=(one.hit > 0).cast("int64"))
    keys = ["contact_id", "channel", "hour"]
    counted = by_hour.group_by(keys).aggregate(sends=by_hour.count().cast("int64"), hits=by_hour.hit.sum().cast("int64")).order_by(keys)
    data = facts.fetch(counted).to_pylist()
    zones, own = _zones(facts), 0
    rows, placed = [], set()
    for row in data:
        zone = zones.get(row["contact_id"])
        if zone is not None and row["contact_id"] not in placed:
            placed.add(row["contact_id"])
            own += 1
        hour, weekday = _local(int(row["hour"]), zone or facts.zone)
        rows.append((str(row["contact_id"]), str(row["channel"]), hour, weekday, int(row["sends"]), int(row["hits"])))
    total = sum(row[4] for row in rows)
    period = f"{start.astimezone(ZoneInfo(facts.zone)).date().isoformat()}/{facts.as_of.isoformat()}"
    return rows, int(counts) - total, own, period


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(hour: int, zone: str) -> tuple[int, int]:
    local = datetime.fromtimestamp(hour * 3600, _zone(zone))
    return local.hour, local.weekday()


def _zones(facts: Facts) -> dict[str, str]:
    """Zone of each person whose country has exactly one, by the IANA table of zones."""
    if "contacts" not in facts.names():
        return {}
    contacts = facts.table("contacts")
    rows: list[dict[str, Any]] = facts.fetch(
        contacts.filter(contacts.country.notnull()).select("contact_id", "country").order_by("contact_id", "country")
    ).to_pylist()
    single = single_zones()
    return {row["contact_id"]: single[key] for row in rows if (key := row["country"].strip().lower()) in single}


@cache
def single_zones() -> dict[str, str]:
    """ISO code and English name of each country with one zone, in lower case, to that zone."""
    from importlib.resources import files

    folder = files("tzdata") / "zoneinfo"
    by_code: dict[str, list[str]] = {}
    for line in (folder / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            by_code.setdefault(code, []).append(name)
    names = {}
    for line in (folder / "iso3166.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, name = line.split("\t")
            names[code] = name
    single = {code: zones[0] for code, zones in by_code.items() if len(zones) == 1}
    return {code.lower(): zone for code, zone in single.items()} | {
        names[code].lower(): zone for code, zone in single.items() if code in names
    }
