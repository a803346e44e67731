"""When a schedule fires: five fields of cron on the wall clock of an IANA zone.

A time that the clock skips fires at the next minute that exists, a time that it shows twice fires once, the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = 120
CLOSEST = timedelta(hours=1)
SHAPE = re.compile(r"[0-9a-zA-Z*,/#-]+( [0-9a-zA-Z*,/#-]+){4}")
WORDS = re.compile("sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|l", re.IGNORECASE)
"""The words that a cron may hold; the library knows others that would fire at random."""

ANY_SUNDAY = datetime(2023, 1, 1)
"""Where a cron is tried out, apart from any zone."""


def known_zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"there is no time zone {name!r}; a zone is an IANA name like Africa/Johannesburg") from None


def known_cron(text: str) -> str:
    """The cron with its fields one blank apart. Raises ValueError: not five fields, never due, or due more often than every hour."""
    cron = " ".join(text.split())
    if len(cron) > LONGEST or not SHAPE.fullmatch(cron) or not all(WORDS.fullmatch(word) for word in re.findall("[a-zA-Z]+", cron)):
        raise ValueError(f"{text[:LONGEST]!r} is no cron: five fields are wanted, as in '0 7 1 * *' (minute, hour, day, month, weekday)")
    # fires of one hour come one after the other, so three in a row hold two of them
    first = list(islice(_on_the_clock(cron, ANY_SUNDAY), 3))
    if not first:
        raise ValueError(f"{cron!r} is never due: no such day comes")
    if any(after - before < CLOSEST for before, after in pairwise(first)):
        raise ValueError(f"{cron!r} is due more often than every hour: give one minute, as in '0 7 * * *'")
    return cron


def fire_times(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Every fire after this moment, in the zone, soonest first; it ends where the cron does."""
    known = known_zone(zone)
    last = after
    # a day earlier on the clock: clocks are set back by less than that
    for shown in _on_the_clock(cron, after.astimezone(known).replace(tzinfo=None) - timedelta(days=1)):
        fires = _moment(shown, known)
        if fires.astimezone(UTC) > last.astimezone(UTC):
            yield fires
            last = fires


def due(cron: str, zone: str, first: datetime, now: datetime) -> list[datetime]:
    """The fires from `first`, which is one, up to now."""
    upto = now.astimezone(UTC)
    return [first, *takewhile(lambda fires: fires.astimezone(UTC) <= upto, fire_times(cron, zone, first))]


def _on_the_clock(cron: str, after: datetime) -> Iterator[datetime]:
    """What the clock shows when the cron is due, in a zone whose clock is never set. Raises ValueError when the cron cannot be read."""
    from croniter import CroniterBadDateError, CroniterError, croniter

    try:
        times = croniter(cron, after)
        while True:
            yield times.get_next(datetime)
    except CroniterBadDateError:
        return
    except CroniterError as error:
        raise ValueError(f"{cron!r} is no cron: {error}") from error


def _moment(shown: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the zone's clock shows this, or the next minute that it does show."""
    while True:
        moment = shown.replace(tzinfo=zone, fold=0)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == shown:
            return moment
        shown += timedelta(minutes=1)
