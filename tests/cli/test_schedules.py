"""`groundwork schedule`: added, listed, shown, paused, run, removed, in words and as JSON."""

from __future__ import annotations

import pytest

ADD = ("schedule", "add", "-c", "salon", "--brief", "Monthly report on last month. Goal: bookings.", "--cron", "0 7 1 * *")


def test_a_schedule_from_its_making_to_its_removal(salon):
    added = salon(*ADD, "--zone", "Europe/Berlin", "--to", "Thandi", "--to", "Anna", "--stale", "skip", "--stale-days", "3", "--no-retry")
    assert added.code == 0, added.err
    made = added.out.split()[0]
    lines = added.out.splitlines()
    assert lines[0] == f"{made}  report for salon: 0 7 1 * * in Europe/Berlin"
    assert lines[1].startswith("  next ")
    assert lines[1].count("-01 07:00") == 4
    assert lines[2] == "  for Thandi, Anna (nothing is sent)"
    kept = salon("schedule", "show", made, "--json").json
    assert (kept["when_stale"], kept["stale_after_days"], kept["retries"], kept["history"]) == ("skip", 3, 0, [])
    changed = salon("schedule", "change", made, "--cron", "0 6 1 * *", "--retry", "--json").json
    assert (changed["cron"], changed["retries"], changed["zone"], changed["recipients"]) == (
        "0 6 1 * *",
        1,
        "Europe/Berlin",
        ["Thandi", "Anna"],
    )
    assert salon("schedule", "change", made, "--cron", "0 7 1 * *").code == 0
    assert "  paused\n" in salon("schedule", "pause", made).out
    [row] = salon("schedule", "list").out.splitlines()[1:]
    assert row.split() == [made, "salon", "report", "0", "7", "1", "*", "*", "Europe/Berlin", "paused"]
    asked = salon("schedule", "run", made)
    assert "  due" in asked.out
    assert "a worker starts it" in asked.err
    assert "-01 07:00" in salon("schedule", "resume", made).out
    assert [entry["id"] for entry in salon("schedule", "list", "-c", "salon", "--json").json] == [made]
    assert salon("schedule", "remove", made).out == f"{made} removed\n"
    assert salon("schedule", "show", made).code == 3
    assert salon("schedule", "list", "--json").json == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--cron", "* * * * *"), "cron: '* * * * *' is due more often than every hour"),
        (("--cron", "0 9 30 2 *"), "is never due"),
        (("--zone", "Mars/Olympus"), "zone: there is no time zone 'Mars/Olympus'"),
        (("--kind", "horoscope"), "there is no task of kind 'horoscope'"),
        (("--client", "nobody"), "there is no client 'nobody'"),
    ],
)
def test_bad_input_is_refused_in_words(salon, said, told):
    refused = salon(*ADD, *said)
    assert refused.code == 3
    assert told in refused.err
    assert salon("schedule", "list", "--json").json == []
