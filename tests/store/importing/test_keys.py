"""One row per key: repeats, corrections, breakdowns, and the same file again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from store.importing.suggesting import suggest
from tests.store.importing.conftest import Desk

Write = Callable[..., Path]
HEADER = "contact_id,first_name,city,created_at\n"


def test_the_same_file_twice_adds_nothing(desk: Desk, write: Write) -> None:
    path = write(HEADER + "c1,Ann,Cape Town,2026-01-02\nc2,Ben,,soon\n")
    first, again = desk.take(path), desk.take(path)
    assert (first.rows_kept, first.version, first.already_imported) == (1, 1, False)
    assert (again.rows_read, again.rows_kept, again.rows_rejected, again.duplicates) == (2, 0, 1, 1)
    assert (again.version, again.already_imported, again.reject_file) == (1, True, first.reject_file)


def test_rows_that_are_there_are_skipped_new_ones_added_and_changed_ones_replaced(desk: Desk, write: Write) -> None:
    desk.take(write(HEADER + "c1,Ann,Cape Town,2026-01-02\nc2,Ben,Durban,2026-01-02\n"))
    report = desk.take(write(HEADER + "c1,Ann,Cape Town,2026-01-02\nc2,Ben,Pretoria,2026-01-02\nc3,Cid,,2026-01-02\n"))
    assert (report.rows_added, report.rows_changed, report.duplicates, report.rows_kept) == (1, 1, 1, 2)
    assert [row["city"] for row in desk.rows("contacts", "contact_id", "city")] == ["Cape Town", "Pretoria", None]


def test_a_file_without_a_column_leaves_that_column_as_it_is(desk: Desk, write: Write) -> None:
    desk.take(write(HEADER + "c1,Ann,Cape Town,2026-01-02\n"))
    report = desk.take(write("contact_id,first_name,created_at\nc1,Anna,2026-01-02\n"))
    assert report.rows_changed == 1
    assert desk.rows("contacts", "first_name", "city") == [{"first_name": "Anna", "city": "Cape Town"}]


def test_repeats_in_a_file_count_once_and_of_two_that_differ_the_later_stands(desk: Desk, write: Write) -> None:
    report = desk.take(write(HEADER + "c1,Ann,X,2026-01-02\nc2,Ben,Y,2026-01-02\nc1,Ann,X,2026-01-02\nc2,Ben,Z,2026-01-02\n"))
    assert (report.rows_read, report.rows_kept, report.duplicates, report.rows_rejected) == (4, 2, 2, 0)
    assert [row["city"] for row in desk.rows("contacts", "contact_id", "city")] == ["X", "Z"]
    (listed,) = desk.rejects(report)
    assert (listed["line"], listed["reason"]) == ("3", "has the contact_id of line 5, which says otherwise and stands")


ADS = "Day,Campaign,Ad group,Impr.,Clicks,Cost,Currency code,Conversions\n"


def test_rows_split_by_ad_group_are_added_up_and_none_is_lost(desk: Desk, write: Write) -> None:
    path = write(ADS + "".join([
        "2026-01-02,spring,one,10,1,1.50,ZAR,0.5\n", "2026-01-02,spring,two,10,1,1.50,ZAR,0.5\n",
        "2026-01-02,spring,one,10,1,1.50,ZAR,0.5\n", "2026-01-03,spring,one,7,0,0.25,ZAR,\n",
    ]))  # fmt: skip
    assert suggest(path).mapping.breakdown == ("Ad group",)
    report = desk.take(path)
    assert (report.rows_kept, report.duplicates, report.rows_merged) == (2, 1, 1)
    assert [(row["spend"], row["clicks"]) for row in desk.rows("ad_metrics", "day", "spend", "clicks")] == [(300, 2), (25, 0)]


def test_without_a_breakdown_two_rows_of_a_key_are_a_correction_and_not_added_up(desk: Desk, write: Write) -> None:
    desk.take(write("Day,Campaign,Impr.,Cost,Currency code\n2026-01-02,spring,10,1.50,ZAR\n2026-01-02,spring,12,1.75,ZAR\n"))
    assert desk.rows("ad_metrics", "spend") == [{"spend": 175}]


def test_an_id_is_made_where_a_file_has_none_and_is_the_same_next_time(desk: Desk, write: Write) -> None:
    lines = "c1,google_ads,click,2026-01-02 10:00\nc1,google_ads,click,2026-01-02 10:00\nc2,meta,click,2026-01-02 10:00\n"
    first = desk.take(write("contact_id,channel,kind,at\n" + lines), table="touchpoints")
    again = desk.take(write("contact_id,channel,kind,at\n" + lines + "c3,meta,click,2026-01-02 10:00\n"), table="touchpoints")
    assert (first.rows_kept, first.duplicates, again.rows_kept, again.duplicates) == (2, 1, 1, 3)


def test_another_reading_of_the_same_file_is_another_import(desk: Desk, write: Write) -> None:
    path = write("order_id,contact_id,at,amount,currency\no1,c1,2026-01-02,150,ZAR\n")
    mapping = suggest(path).mapping
    desk.take(path, mapping=mapping)
    columns = tuple(column.model_copy(update={"scale": "major"}) if column.target == "amount" else column for column in mapping.columns)
    report = desk.take(path, mapping=mapping.model_copy(update={"columns": columns}))
    assert report.rows_changed == 1
    assert desk.rows("orders", "amount") == [{"amount": 15000}]
