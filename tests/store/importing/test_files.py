"""Workbooks, Parquet files and free tables; and the two readers of CSV against each other."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.importing import records
from store.importing.report import ImportRefused, Progress
from store.importing.sniffing import Layout
from store.importing.suggesting import suggest
from tests.store.importing.conftest import Desk, desk_at

Write = Callable[..., Path]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Orders")
    sheet.append([])
    sheet.append(["Orders of March"])
    sheet.append(["order_id", "contact_id", "at", "Total", "currency", "quantity"])
    sheet.append([1001, "c1", datetime(2026, 3, 4, 10, 15), 1.234, "ZAR", 2])
    sheet.append(["1002", "c2", date(2026, 3, 5), "R 1 234,50", "ZAR", 3.0])
    sheet.append(["1003", "c3", "soon", 5, "ZAR", 2.5])
    sheet.append([None, None, None, None, None, None])
    sheet.append(["1004", "c4", datetime(2026, 3, 6), "=1+1", "ZAR", None])
    path = tmp_path / "orders.xlsx"
    book.save(path)
    return path


def test_a_workbook_is_read_by_its_cells_and_lines_are_its_rows(desk: Desk, workbook: Path) -> None:
    assert suggest(workbook).sample[0]["at"] == "2026-03-04 10:15:00"
    report = desk.take(workbook)
    assert desk.rows("orders", "order_id", "amount", "quantity", "at") == [
        {"order_id": "1001", "amount": 123, "quantity": 2, "at": datetime(2026, 3, 4, 8, 15, tzinfo=UTC)},
        {"order_id": "1002", "amount": 123450, "quantity": 3, "at": datetime(2026, 3, 4, 22, tzinfo=UTC)},
    ]
    assert [(row["line"], row["column"]) for row in desk.rejects(report)] == [("6", "at; quantity"), ("8", "Total")]


def test_a_float_of_a_workbook_is_never_taken_for_thousands(tmp_path: Path, workbook: Path) -> None:
    german = desk_at(tmp_path / "facts", language="de-DE", currency="EUR", zone="Europe/Berlin")
    german.take(workbook)
    assert german.rows("orders", "order_id", "amount")[0] == {"order_id": "1001", "amount": 123}


def test_a_sheet_is_taken_by_name_and_a_wrong_name_lists_them(desk: Desk, workbook: Path) -> None:
    assert desk.take(workbook, sheet="Orders").rows_kept == 2
    with pytest.raises(ImportRefused, match="no sheet 'March', only Notes, Orders"):
        desk.take(workbook, sheet="March")
    with pytest.raises(ImportRefused, match="holds no sheet with rows"):
        desk.take(workbook, sheet="Notes")


def test_parquet_in_contract_types_comes_in_unchanged(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "ads.parquet"
    pq.write_table(pa.table({
        "day": [date(2026, 1, 2)] * 3, "channel": pa.array(["meta"] * 3).dictionary_encode(), "campaign": ["a", "b", None],
        "spend": [123456, 2**53 + 1, 7], "currency": ["ZAR"] * 3, "conversions": [Decimal("1.234"), Decimal("0.000001"), None],
        "impressions": [1234, None, 3],
    }), path)  # fmt: skip
    report = desk.take(path)
    assert desk.rows("ad_metrics", "campaign", "spend", "conversions", "impressions") == [
        {"campaign": "a", "spend": 123456, "conversions": Decimal("1.234000"), "impressions": 1234},
        {"campaign": "b", "spend": 2**53 + 1, "conversions": Decimal("0.000001"), "impressions": None},
    ]
    assert [(row["line"], row["reason"]) for row in desk.rejects(report)] == [("3", "campaign is empty")]


def test_times_of_a_parquet_file_keep_their_zone_and_precision(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    moment = datetime(2026, 3, 4, 10, 15, 30, 123456)
    for name, kind, read in (("naive", pa.timestamp("us"), 8), ("zoned", pa.timestamp("us", "America/New_York"), 10)):
        pq.write_table(pa.table({"event_id": [name], "name": ["visit"], "at": pa.array([moment], kind)}), path)
        desk.take(path)
        at = {row["event_id"]: row["at"] for row in desk.rows("events", "event_id", "at")}[name]
        assert at == moment.replace(hour=read, tzinfo=UTC)


def test_nested_parquet_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    pq.write_table(pa.table({"event_id": ["e"], "context": [{"a": 1}]}), path)
    with pytest.raises(ImportRefused, match="nested columns \\(context\\)"):
        desk.take(path)


def test_a_table_of_any_columns_comes_in_as_it_is(desk: Desk, write: Write) -> None:
    path = write("Visits Last 30d,Spend,Code,Since,Seen at,Churned?,Note\n3,1.5,007,2026-01-02,2026-01-02 10:00,yes,\n,2,8,,,no,N/A\n")
    suggestion = suggest(path)
    assert (suggestion.table, suggestion.missing) == ("free_file", ())
    report = desk.take(path)
    assert (report.table, report.rows_kept) == ("free_file", 2)
    assert desk.rows("free_file", "spend", "visits_last_30d", "code", "since", "seen_at", "churned", "note") == [
        {"spend": 1.5, "visits_last_30d": 3, "code": "007", "since": date(2026, 1, 2),
         "seen_at": datetime(2026, 1, 2, 10, tzinfo=UTC), "churned": True, "note": None},
        {"spend": 2.0, "visits_last_30d": None, "code": "8", "since": None, "seen_at": None, "churned": False, "note": "N/A"},
    ]  # fmt: skip


def test_a_free_table_grows_by_files_of_its_columns_and_can_be_replaced(desk: Desk, write: Write) -> None:
    first = write("x,label\n1,yes\n2,no\n")
    assert desk.take(first, table="free_model").rows_kept == 2
    assert desk.take(first, table="free_model").already_imported
    assert desk.take(write("label,x\nno,3\n"), table="free_model").rows_kept == 1
    assert [row["x"] for row in desk.rows("free_model", "x")] == [1, 2, 3]
    with pytest.raises(ImportRefused, match=r"other columns than this file \(y\)"):
        desk.take(write("x,label,y\n1,yes,2\n"), table="free_model")
    with pytest.raises(ImportRefused, match=r"free_model.x holds int64, this file has string there"):
        desk.take(write("x,label\nmany,yes\n"), table="free_model")
    desk.take(write("y\n1.5\n"), table="free_model", replace=True)
    assert desk.rows("free_model", "y") == [{"y": 1.5}]


def test_records_of_a_free_table_that_cannot_be_split_are_rejected(desk: Desk, write: Write) -> None:
    report = desk.take(write("x,label\n1,yes\n2\n"), table="free_model")
    assert (report.rows_kept, report.rows_rejected) == (1, 1)
    assert desk.rejects(report)[0]["reason"] == "1 cells, the header has 2"


def test_progress_rises_to_the_end(desk: Desk, write: Write) -> None:
    seen: list[Progress] = []
    desk.take(write("contact_id,created_at\n" + "".join(f"c{n},2026-01-02\n" for n in range(1000))), progress=seen.append)
    assert [step.stage for step in seen] == sorted((step.stage for step in seen), key=["reading", "checking", "writing"].index)
    assert (seen[-1].stage, seen[-1].rows, seen[-1].share) == ("writing", 1000, 1.0)


CELLS = st.text(alphabet='ab1 ,"\n;é', max_size=6)


@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12), ending=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=300, deadline=None)
def test_well_formed_records_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], ending: str
) -> None:
    target = io.StringIO()
    csv.writer(target, lineterminator=ending).writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.getbasetemp() / "records.csv"
    path.write_bytes(target.getvalue().encode())
    layout = Layout("csv", ("a", "b", "c"))
    read, lines = [], []
    for batch in records.csv_batches(path, layout):
        assert not batch.broken
        read += list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        lines += batch.lines.to_pylist()
    wanted, starts, line = [], [], 2
    for row in rows:
        if any(row):
            wanted.append(tuple(row))
            starts.append(line)
        one = io.StringIO()
        csv.writer(one, lineterminator=ending).writerow(row)
        line += len(io.StringIO(one.getvalue(), newline="").readlines())
    kept = [(number, cells) for number, cells in zip(lines, read, strict=True) if any(cells)]
    assert sorted(kept) == list(zip(starts, wanted, strict=True))


@given(lines=st.lists(st.text(alphabet='ab1,"', max_size=10), min_size=1, max_size=15))
@settings(max_examples=300, deadline=None)
def test_ill_formed_lines_lose_nothing(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """Whatever the quoting, each line is part of exactly one record, good or broken, and small stretches read like one."""
    path = tmp_path_factory.getbasetemp() / "lines.csv"
    path.write_text("a,b\n" + "".join(f"{line}\n" for line in lines))
    found = []
    for size in (1 << 23, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records, "BLOCK_BYTES", size)
            batches = list(records.csv_batches(path, Layout("csv", ("a", "b"))))
        good = [pair for batch in batches for pair in zip(batch.lines.to_pylist(), *(c.to_pylist() for c in batch.columns), strict=True)]
        bad = [(broken.line, broken.raw) for batch in batches for broken in batch.broken]
        found.append((sorted(pair for pair in good if any(pair[1:])), sorted(bad)))
        assert len({line for line, *_ in good} & {line for line, _ in bad}) == 0
    assert found[0] == found[1]
