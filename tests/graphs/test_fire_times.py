"""When a schedule fires: cron on the wall clock of a zone, also on the days on which the clock is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from graphs.fire_times import due, fire_times, known_cron, known_zone


def times(cron: str, zone: str, after: datetime, count: int = 3) -> list[str]:
    return [moment.isoformat(timespec="minutes") for moment in islice(fire_times(cron, zone, after), count)]


@pytest.mark.parametrize(
    ("zone", "cron", "after", "expected"),
    [
        # 29 March 2026, Berlin: 02:00 becomes 03:00
        ("Europe/Berlin", "30 2 * * *", (2026, 3, 28, 12), ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00", "2026-03-31T02:30+02:00"]),
        ("Europe/Berlin", "0 2 29 3 *", (2026, 3, 28, 12), ["2026-03-29T03:00+02:00", "2027-03-29T02:00+02:00", "2028-03-29T02:00+02:00"]),
        # 25 October 2026, Berlin: 03:00 becomes 02:00, and 02:30 comes twice
        ("Europe/Berlin", "30 2 * * *", (2026, 10, 24, 12), ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00", "2026-10-27T02:30+01:00"]),
        (
            "Europe/Berlin",
            "0 * * * *",
            (2026, 10, 24, 23, 30),
            ["2026-10-25T02:00+02:00", "2026-10-25T03:00+01:00", "2026-10-25T04:00+01:00"],
        ),
        # 8 March 2026, New York: 02:00 becomes 03:00; the two fires that come to 03:00 are one
        ("America/New_York", "15 2 * * *", (2026, 3, 8, 3), ["2026-03-08T03:00-04:00", "2026-03-09T02:15-04:00", "2026-03-10T02:15-04:00"]),
        (
            "America/New_York",
            "0 2,3 * * *",
            (2026, 3, 8, 3),
            ["2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00", "2026-03-09T03:00-04:00"],
        ),
        # 1 November 2026, New York: 02:00 becomes 01:00
        (
            "America/New_York",
            "45 1 * * *",
            (2026, 11, 1, 3),
            ["2026-11-01T01:45-04:00", "2026-11-02T01:45-05:00", "2026-11-03T01:45-05:00"],
        ),
        # asked in the second 01:10 of that night, when the first 01:45 has passed
        (
            "America/New_York",
            "45 1 * * *",
            (2026, 11, 1, 6, 10),
            ["2026-11-02T01:45-05:00", "2026-11-03T01:45-05:00", "2026-11-04T01:45-05:00"],
        ),
        # a whole day that Samoa left out
        ("Pacific/Apia", "30 12 * * *", (2011, 12, 29, 12), ["2011-12-29T12:30-10:00", "2011-12-31T00:00+14:00", "2011-12-31T12:30+14:00"]),
        (
            "Africa/Johannesburg",
            "0 7 * * mon#1",
            (2026, 11, 21),
            ["2026-12-07T07:00+02:00", "2027-01-04T07:00+02:00", "2027-02-01T07:00+02:00"],
        ),
        ("UTC", "0 9 L * *", (2027, 2, 1), ["2027-02-28T09:00+00:00", "2027-03-31T09:00+00:00", "2027-04-30T09:00+00:00"]),
    ],
)
def test_the_clock_of_the_zone_decides(zone, cron, after, expected):
    assert times(cron, zone, datetime(*after, tzinfo=UTC)) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"])
def test_over_a_year_a_daily_time_fires_once_a_day_and_in_order(zone):
    start = datetime(2026, 1, 1, tzinfo=known_zone(zone))
    moments = list(islice(fire_times("30 2 * * *", zone, start), 365))
    assert [moment.date() for moment in moments] == [start.date() + timedelta(days=day) for day in range(365)]
    assert moments == sorted(moments)
    unlike = [moment for moment in moments if (moment.hour, moment.minute) != (2, 30)]
    assert len(unlike) <= 1
    # asking from each fire gives the one after it: nothing is passed over between two ticks
    assert [next(fire_times("30 2 * * *", zone, moment)) for moment in moments[:-1]] == moments[1:]


def test_what_was_due_while_nobody_looked():
    first = datetime(2026, 11, 1, 7, tzinfo=UTC)
    assert due("0 7 * * *", "UTC", first, first) == [first]
    assert due("0 7 * * *", "UTC", first, datetime(2026, 11, 3, 6, 59, tzinfo=UTC)) == [first, first + timedelta(days=1)]


@pytest.mark.parametrize("cron", ["*/5 * * * *", "* * * * *", "0,59 * * * *", "0,30 2 1 1 *", "0-1 7 29 2 *"])
def test_more_often_than_every_hour_is_refused(cron):
    with pytest.raises(ValueError, match="more often than every hour"):
        known_cron(cron)


@pytest.mark.parametrize("cron", ["0 9 30 2 *", "0 9 31 4,6,9,11 *"])
def test_a_day_that_never_comes_is_refused(cron):
    with pytest.raises(ValueError, match="never due"):
        known_cron(cron)


@pytest.mark.parametrize(
    "cron",
    ["", "0 7", "0 0 7 1 * *", "@monthly", "R R * * *", "H 7 * * *", "0 25 * * *", "0 7 0 * *", "0 7 * 13 *", "0 7 * * 8", "0 7 */0 * *",
     "x 7 * * *", "０ 7 * * *", "0 7 1##2 * *", "9" * 5000 + " 7 * * *", "0 7 * * mon#9", "0 7 1 1 \x00"],
)  # fmt: skip
def test_what_is_no_cron_is_refused(cron):
    with pytest.raises(ValueError, match="no cron"):
        known_cron(cron)


def test_blanks_between_the_fields_do_not_count():
    assert known_cron("  0  7 1 *\t* ") == "0 7 1 * *"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "America", "Europe/Berlin\x00"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(ValueError, match="no time zone"):
        known_zone(zone)
