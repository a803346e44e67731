"""What a person looks at: the first rows as they would be read, and what a table covers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from store.coverage import coverage
from store.importing.preview import READ_ROWS, read_first
from store.importing.report import ImportRefused
from store.importing.suggesting import suggest

EVENTS = "event_id,contact_id,name,at\ne1,c1,booking,2026-03-01T23:30:00Z\ne2,c2,booking,not a time\ne3,,booking,2026-03-05T10:00:00Z\n"


def first(desk, path, **changes):
    mapping = suggest(path).mapping
    return read_first(desk.root, "ws_1", desk.client, path, mapping.model_copy(update=changes))


def test_the_first_rows_are_read_as_an_import_would_read_them(desk, tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    seen = first(desk, path)
    assert [row.line for row in seen.rows] == [2, 3, 4]
    assert seen.rows[0].values["at"] == datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert (seen.rows[1].columns, seen.rows[1].total, seen.rejected, seen.looked_at) == ("at", False, 1, 3)
    assert "not a time" in (seen.rows[1].reasons or "")
    report = desk.take(path)
    assert report.rows_rejected == seen.rejected
    assert coverage(desk.root, "ws_1", desk.client)[0].rows == 2


def test_a_look_reads_the_beginning_of_a_large_file_only_and_leaves_nothing_behind(desk, tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("event_id,contact_id,name,at\n" + "".join(f"e{n},c{n},booking,2026-03-01T10:00:00Z\n" for n in range(READ_ROWS * 3)))
    seen = first(desk, path)
    assert (seen.looked_at, len(seen.rows)) == (READ_ROWS, 8)
    assert coverage(desk.root, "ws_1", desk.client) == ()
    assert list((desk.folder / "_work").iterdir()) == []


def test_total_rows_are_told_from_bad_ones(desk, tmp_path):
    path = tmp_path / "spend.csv"
    path.write_text("day,channel,campaign,spend,currency\n2026-03-01,meta,a,100,ZAR\nTotal,,,100,\n")
    seen = first(desk, path)
    assert [(row.total, row.reasons is None) for row in seen.rows] == [(False, True), (True, False)]
    assert seen.rejected == 0


def test_a_mapping_that_does_not_fit_is_refused(desk, tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    with pytest.raises(ImportRefused, match="nothing fills the required"):
        first(desk, path, columns=())


def test_what_a_table_covers_is_in_the_client_s_days_and_follows_each_version(desk, tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    desk.take(path)
    [table] = coverage(desk.root, "ws_1", desk.client)
    assert (table.table, table.rows, table.last) == ("events", 2, date(2026, 3, 5))
    assert table.first == date(2026, 3, 2), "half past eleven at night in UTC is the next day in Johannesburg"
    assert (table.age(date(2026, 3, 7)), table.age(date(2026, 3, 4))) == (2, -1)
    path.write_text(EVENTS + "e4,c4,booking,2026-04-01T10:00:00Z\n")
    desk.take(path)
    [later] = coverage(desk.root, "ws_1", desk.client)
    assert (later.rows, later.last, later.version) == (3, date(2026, 4, 1), table.version + 1)


def test_a_table_of_ones_own_columns_is_counted_and_has_no_days(desk, tmp_path):
    path = tmp_path / "shades.csv"
    path.write_text("shade,votes\nred,3\nblue,5\n")
    desk.take(path)
    [table] = coverage(desk.root, "ws_1", desk.client)
    assert (table.table, table.rows, table.first, table.age(date(2026, 3, 7))) == ("free_shades", 2, None, None)
