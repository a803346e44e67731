"""Files as people have them: encodings, separators, quoting, notations; good rows are kept and bad rows explained by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from store.importing.report import ImportRefused
from tests.store.importing.conftest import Desk

Write = Callable[..., Path]
PEOPLE = "contact_id,first_name,created_at\nc1,Zoë,2026-01-02\nc2,André,2026-01-03\n"


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252")


@pytest.mark.parametrize(
    ("encoding", "separator", "ending"),
    [*((encoding, ";", "\r\n") for encoding in ENCODINGS), *product(("utf-8", "utf-16"), (",", "\t", "|"), ("\n", "\r"))],
)
def test_text_in_any_dress(desk: Desk, write: Write, encoding: str, separator: str, ending: str) -> None:
    text = PEOPLE.replace(",", separator).replace("\n", ending)
    report = desk.take(write(text, encoding=encoding))
    assert (report.table, report.rows_kept, report.rows_rejected) == ("contacts", 2, 0)
    assert [row["first_name"] for row in desk.rows("contacts", "contact_id", "first_name")] == ["Zoë", "André"]


def test_a_separator_can_be_declared_as_spreadsheets_do(desk: Desk, write: Write) -> None:
    report = desk.take(write("sep=;\ncontact_id;first_name;created_at\nc1;a,b;2026-01-02\nc2;x;soon\n"))
    assert report.rows_kept == 1
    assert [row["line"] for row in desk.rejects(report)] == ["4"]


def test_lines_are_counted_through_quoted_line_breaks_and_blank_lines(desk: Desk, write: Write) -> None:
    report = desk.take(write(
        'survey_id,kind,score,at,comment\n'  # 1
        's1,nps,9,2026-01-02,"good\nbut, slow"\n'  # 2-3
        '\n'  # 4
        's2,nps,eleven,2026-01-02,"a ""word"" of\r\nthanks"\n'  # 5-6
        's3,nps,11,2026-01-02,\n'  # 7
        's4,nps,7,2026-01-02,"last"\n'
    ))  # fmt: skip
    assert [(row["line"], row["column"], row["reason"]) for row in desk.rejects(report)] == [
        ("5", "score", "score is not a whole number: 'eleven'"),
        ("7", "score", "score is more than 10: '11'"),
    ]
    assert desk.rejects(report)[0]["row"] == 's2,nps,eleven,2026-01-02,"a ""word"" of\r\nthanks"'
    assert [row["comment"] for row in desk.rows("surveys", "survey_id", "comment")] == ["good\nbut, slow", "last"]


def test_a_quotation_mark_that_is_not_closed_costs_one_line(desk: Desk, write: Write) -> None:
    good = "".join(f"c{number},Ann,2026-01-02\n" for number in range(400))
    report = desk.take(write(f'contact_id,first_name,created_at\nx1,"Ann,2026-01-02\n{good}x2,"Ben,2026-01-02\nlast,Cid,2026-01-02\n'))
    assert report.rows_kept == 401
    assert [(row["line"], row["reason"]) for row in desk.rejects(report)] == [
        ("2", "a quotation mark is not closed"),
        ("403", "a quotation mark is not closed"),
    ]


def test_rows_of_another_width_are_rejected_whole_and_blank_cells_over_are_not(desk: Desk, write: Write) -> None:
    report = desk.take(write("contact_id,first_name,created_at\nc1,Ann\nc2,Ben,2026-01-02,\nc3,Cid,2026-01-02,more\n,,\n"))
    assert (report.rows_read, report.rows_kept) == (3, 1)
    assert [(row["line"], row["reason"], row["row"]) for row in desk.rejects(report)] == [
        ("2", "2 cells, the header has 3", "c1,Ann"),
        ("4", "4 cells, the header has 3", "c3,Cid,2026-01-02,more"),
    ]


def test_every_fault_of_a_row_is_named(desk: Desk, write: Write) -> None:
    report = desk.take(write("order_id,contact_id,at,amount,currency,status\no1,,never,12..5,XYZ,lost\no2,c1,2026-01-02,1.50,zar,Paid\n"))
    (bad,) = desk.rejects(report)
    assert bad["column"] == "contact_id; at; amount; currency; status"
    assert bad["reason"] == (
        "contact_id is empty; at is not a date between 1970 and 2100: 'never'; amount is not an amount: '12..5'; "
        "currency is no currency (ISO 4217): 'XYZ'; status is none of paid, refunded, cancelled: 'lost'"
    )
    assert desk.rows("orders", "amount", "currency", "status") == [{"amount": 150, "currency": "ZAR", "status": "paid"}]


AMOUNTS = [
    ("1234.5", 123450), ("1,234.50", 123450), ("R 1,234.50", 123450), ("R1 234.50", 123450), ("ZAR 1234.50", 123450), ("-12.00", -1200),
    ("(12.00)", -1200), ("12.00-", -1200), ("−12.00", -1200), ("(R 12.00)", -1200), ("-R12.00", -1200), ("R-12.00", -1200),
    ("1 234,50", 123450), ("1.234,50", 123450), ("1'234.50", 123450), ("1\u202f234,50", 123450), ("12,5", 1250), ("0,125", 13),
    ("1,234,567.89", 123456789), ("1.234.567,89", 123456789), ("12,34,567.00", 123456700), ("€5", 500), ("5 €", 500), ("US$5.10", 510),
    ("5.10 USD", 510), ("1.5e3", 150000), (".5", 50), ("5.", 500), ("1,234", 123400), ("+7", 700), ("0.005", 1), ("1e-3", 0),
]  # fmt: skip


def test_amounts_in_every_notation(desk: Desk, write: Write) -> None:
    lines = "".join(f'o{number:03d};c1;2026-01-02;"{text}";ZAR\n' for number, (text, _) in enumerate(AMOUNTS))
    report = desk.take(write(f"order_id;contact_id;at;amount;currency\n{lines}o998;c1;2026-01-02;9.99;ZAR\no999;c1;2026-01-02;8.88;ZAR\n"))
    assert report.rows_rejected == 0, desk.rejects(report)
    read = [row["amount"] for row in desk.rows("orders", "order_id", "amount")]
    assert dict(zip([text for text, _ in AMOUNTS], read, strict=False)) == dict(AMOUNTS)


@pytest.mark.parametrize(
    "text", ["1.2K", "twelve", "1-2", "1,2,3", "1.2.3", "12 34x", "--5", "=1+1", "1_000", "½", "EUR", "12%", "0x10", "inf"]
)
def test_what_is_no_amount_is_refused(desk: Desk, write: Write, text: str) -> None:
    rows = f'o1,c1,2026-01-02,"{text}",ZAR\no2,c1,2026-01-02,5.25,ZAR\n'
    report = desk.take(write(f"order_id,contact_id,at,amount,currency\n{rows}"))
    assert (report.rows_kept, report.rows_rejected) == (1, 1)


@pytest.mark.parametrize(
    ("separator", "others", "amount"),
    [(";", ["9,99"], 123400), (";", ["9.99"], 123), (",", ["9.99"], 123), (";", [], 123400), (",", [], 123)],
)
def test_a_point_before_three_digits_is_read_as_the_file_writes_numbers(
    desk: Desk, write: Write, separator: str, others: list[str], amount: int
) -> None:
    lines = [["o1", "c1", "2026-01-02", "1.234", "ZAR"], *(["o2", "c1", "2026-01-02", f'"{other}"', "ZAR"] for other in others)]
    text = "\n".join(separator.join(line) for line in [["order_id", "contact_id", "at", "Total", "currency"], *lines])
    report = desk.take(write(text + "\n"), table="orders")
    assert next(row["amount"] for row in desk.rows("orders", "order_id", "amount")) == amount
    assert len(report.decisions) == 1
    assert "can be read two ways" in report.decisions[0]


def test_whole_numbers_have_no_thousandths(desk: Desk, write: Write) -> None:
    desk.take(write("Day,Campaign,Impr.,Clicks,Cost,Currency code\n2026-01-02,a,1.234,\"1,234\",5.00,ZAR\n"))  # fmt: skip
    assert desk.rows("ad_metrics", "impressions", "clicks") == [{"impressions": 1234, "clicks": 1234}]


@pytest.mark.parametrize(("currency", "amount"), [("ZAR", 123457), ("JPY", 1235), ("KWD", 1234567)])
def test_minor_units_are_those_of_the_currency(desk: Desk, write: Write, currency: str, amount: int) -> None:
    desk.take(
        write(f"order_id,contact_id,at,Total,currency\no1,c1,2026-01-02,1234.567,{currency}\no2,c1,2026-01-02,1.5,USD\n"), table="orders"
    )
    assert [row["amount"] for row in desk.rows("orders", "order_id", "amount")] == [amount, 150]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


MOMENTS = [
    ("2026-03-04", utc(2026, 3, 3, 22)), ("2026-03-04 10:15", utc(2026, 3, 4, 8, 15)), ("2026-03-04T10:15:30", utc(2026, 3, 4, 8, 15, 30)),
    ("2026-03-04T10:15:30Z", utc(2026, 3, 4, 10, 15, 30)), ("2026-03-04T10:15:30.250Z", utc(2026, 3, 4, 10, 15, 30, 250000)),
    ("2026-03-04T10:15:30+05:30", utc(2026, 3, 4, 4, 45, 30)), ("2026-03-04 10:15:30 -0500", utc(2026, 3, 4, 15, 15, 30)),
    ("2026-03-04 10:15:30 UTC", utc(2026, 3, 4, 10, 15, 30)), ("2026/3/4 9:05", utc(2026, 3, 4, 7, 5)), ("2026.03.04", utc(2026, 3, 3, 22)),
    ("25/03/2026", utc(2026, 3, 24, 22)), ("25.3.2026 10:15", utc(2026, 3, 25, 8, 15)), ("25-03-26", utc(2026, 3, 24, 22)),
    ("25/03/2026 3:15 PM", utc(2026, 3, 25, 13, 15)), ("25/03/2026, 15:15:01", utc(2026, 3, 25, 13, 15, 1)),
    ("2026-03-04 3:05 PM", utc(2026, 3, 4, 13, 5)), ("2026-03-04 12:05 a.m.", utc(2026, 3, 3, 22, 5)), ("4 Mar 2026", utc(2026, 3, 3, 22)),
    ("March 4, 2026", utc(2026, 3, 3, 22)), ("Mar 4th, 2026 at 10:15 AM", utc(2026, 3, 4, 8, 15)), ("04-Mar-26", utc(2026, 3, 3, 22)),
    ("Wed, 04 Mar 2026 10:15:30 GMT", utc(2026, 3, 4, 10, 15, 30)), ("20260304", utc(2026, 3, 3, 22)),
    ("1772619330", utc(2026, 3, 4, 10, 15, 30)),
    ("1772619330250", utc(2026, 3, 4, 10, 15, 30, 250000)), ("4 Sept 2026", utc(2026, 9, 3, 22)), ("29/02/2028", utc(2028, 2, 28, 22)),
]  # fmt: skip


def test_many_date_formats_in_one_column(desk: Desk, write: Write) -> None:
    lines = "".join(f'e{number:03d},visit,"{text}"\n' for number, (text, _) in enumerate(MOMENTS))
    report = desk.take(write(f"event_id,name,at\n{lines}"))
    assert report.rows_rejected == 0, desk.rejects(report)
    read = [row["at"] for row in desk.rows("events", "event_id", "at")]
    assert dict(zip([text for text, _ in MOMENTS], read, strict=True)) == dict(MOMENTS)


@pytest.mark.parametrize(
    "text",
    ["31/02/2026",
     "2026-13-01", "2026-02-30", "0000-00-00 00:00:00", "32.1.2026", "yesterday", "2026", "12:30", "2026-03-04 25:00", "0026-03-04",
     "2026-03-04 10:15 PST", "13/13/2026", "04/03/226", "=TODAY()", "99999999"],
)  # fmt: skip
def test_what_is_no_date_is_refused(desk: Desk, write: Write, text: str) -> None:
    report = desk.take(write(f'event_id,name,at\ne1,visit,"{text}"\ne2,visit,2026-03-04\n'))
    assert (report.rows_kept, report.rows_rejected) == (1, 1)
    assert desk.rejects(report)[0]["reason"] == f"at is not a date between 1970 and 2100: '{text}'"


def test_day_or_month_first_is_told_by_the_other_rows(american: Desk, write: Write) -> None:
    report = american.take(write("event_id,name,at\ne1,visit,03/04/2026\ne2,visit,25/04/2026\n"))
    assert [row["at"].day for row in american.rows("events", "event_id", "at")] == [3, 25]
    assert report.decisions == ("at: 1 dates can be read day first or month first; read day first, as 1 others can only be",)


def test_without_other_rows_the_clients_language_decides_and_the_report_asks_to_check(american: Desk, write: Write) -> None:
    report = american.take(write("event_id,name,at\ne1,visit,03/04/2026\n"))
    assert american.rows("events", "at")[0]["at"] == utc(2026, 3, 4, 5)
    assert "month first, as is usual in en-US" in report.decisions[0]
    assert "check this" in report.decisions[0]


def test_the_mapping_can_settle_the_order_of_day_and_month(american: Desk, write: Write) -> None:
    from store.importing.suggesting import suggest

    path = write("event_id,name,at\ne1,visit,03/04/2026\n")
    mapping = suggest(path).mapping
    columns = tuple(column.model_copy(update={"order": "dmy"}) if column.target == "at" else column for column in mapping.columns)
    report = american.take(path, mapping=mapping.model_copy(update={"columns": columns}))
    assert american.rows("events", "at")[0]["at"] == utc(2026, 4, 3, 4)
    assert report.decisions == ()


def test_times_without_a_zone_follow_the_clients_clock_through_the_change_to_summer(german: Desk, write: Write) -> None:
    german.take(write("event_id;name;at\ne1;visit;28.03.2026 12:00\ne2;visit;29.03.2026 12:00\ne3;visit;4. März 2026\n"))
    assert [row["at"] for row in german.rows("events", "event_id", "at")] == [
        utc(2026, 3, 28, 11),
        utc(2026, 3, 29, 10),
        utc(2026, 3, 3, 23),
    ]


def test_a_day_with_an_offset_is_the_day_in_the_clients_zone(desk: Desk, write: Write) -> None:
    desk.take(write("day,channel,campaign,spend,currency\n2026-03-04T23:30:00Z,meta,a,1.50,ZAR\n2026-03-04 23:30,meta,b,1.50,ZAR\n"))
    assert [row["day"] for row in desk.rows("ad_metrics", "campaign", "day")] == [date(2026, 3, 5), date(2026, 3, 4)]


def test_yes_and_no_in_many_words(desk: Desk, write: Write) -> None:
    words = ["yes", "Y", "TRUE", "1", "on", "ja", "no", "N", "False", "0", "off", "nein", "", "n/a", "maybe"]
    lines = "".join(f"c{number:02d},2026-01-02,{word}\n" for number, word in enumerate(words))
    report = desk.take(write(f"contact_id,created_at,email_consent\n{lines}"))
    assert [row["email_consent"] for row in desk.rows("contacts", "contact_id", "email_consent")] == [True] * 6 + [False] * 6 + [None] * 2
    assert [row["reason"] for row in desk.rejects(report)] == ["email_consent is not yes or no: 'maybe'"]


def test_an_id_that_a_spreadsheet_shortened_is_refused(desk: Desk, write: Write) -> None:
    report = desk.take(write("contact_id,created_at\n1.00000E+14,2026-01-02\n007,2026-01-02\n"))
    assert "lost its last digits in a spreadsheet" in desk.rejects(report)[0]["reason"]
    assert desk.rows("contacts", "contact_id") == [{"contact_id": "007"}]


def test_a_formula_stays_text_and_is_neutralised_where_a_spreadsheet_may_open_it(desk: Desk, write: Write) -> None:
    formula = '=HYPERLINK("http://x.example";A1)'
    cell = '"' + formula.replace('"', '""') + '"'
    report = desk.take(write(f"contact_id,first_name,created_at\nc1,{cell},2026-01-02\n{cell},Ben,soon\n"))
    assert desk.rows("contacts", "first_name") == [{"first_name": formula}]
    (bad,) = desk.rejects(report)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in bad.values())


def test_marks_for_nothing_are_nothing_but_words_stay_words(desk: Desk, write: Write) -> None:
    desk.take(write("contact_id,last_name,account_id,created_at,consent_at\nc1,Null,--,2026-01-02,N/A\nc2,None,null,2026-01-02,-\n"))
    assert desk.rows("contacts", "last_name", "account_id", "consent_at") == [
        {"last_name": "None", "account_id": None, "consent_at": None},
        {"last_name": "Null", "account_id": None, "consent_at": None},
    ]


def test_quantities_keep_their_fractions(desk: Desk, write: Write) -> None:
    desk.take(write("Day,Campaign,Impr.,Cost,Conversions,Currency code\n2026-01-02,a,10,5.00,1.333333,ZAR\n"))
    assert desk.rows("ad_metrics", "conversions") == [{"conversions": Decimal("1.333333")}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"), (b"\xef\xbb\xbf\n \n", "is empty"), (b"contact_id,created_at\n", "has a header and no rows under it"),
        (b"PK\x03\x04 broken", "cannot be read as a workbook"), (b"PAR1 broken", "cannot be read as Parquet"),
        (bytes(range(256)) * 40, "is neither text nor a workbook nor Parquet"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_in_words(desk: Desk, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=said):
        desk.take(path, table="contacts")
    assert not list(desk.root.rglob("*.parquet"))


def test_a_missing_required_column_is_named(desk: Desk, write: Write) -> None:
    with pytest.raises(ImportRefused, match=r"nothing fills the required created_at \(when the record was made\)"):
        desk.take(write("contact_id,first_name\nc1,Ann\n"), table="contacts")
