"""An erased person stays out: no later file, typed table or reject file brings them back, and others keep their rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grounding.evidence import Locale
from store import suppression
from store.clients import Client
from store.erase import erase_person
from store.facts import open_facts
from store.importing import importing
from store.importing.importing import import_file
from store.importing.report import ImportReport
from store.importing.tables import import_table

ON = date(2026, 11, 21)
WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)
BRAND = Client("cl_1", "ws_1", "salon", "Salon (simulated)", Locale(), {}, WHEN)
ANN = {"id": "ct_00017", "email": "ann.naidoo@post.example", "phone": "+27 82 555 0142", "device": "dev_ann"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A client from whose facts Ann was erased."""
    root = tmp_path / "facts"
    import_table(root, "ws_1", BRAND, "contacts", pa.table({
        "contact_id": [ANN["id"], "ct_00018"], "email": [ANN["email"], "ben@post.example"], "phone": [ANN["phone"], None],
        "first_name": ["Annelie", "Ben"], "last_name": ["Naidoo", "Botha"], "created_at": [WHEN] * 2,
    }))  # fmt: skip
    import_table(root, "ws_1", BRAND, "events", pa.table({
        "event_id": ["e1"], "contact_id": [ANN["id"]], "name": ["visit"], "at": [WHEN], "device_id": [ANN["device"]],
    }))  # fmt: skip
    erase_person(root, "ws_1", BRAND, ANN["id"], on=ON)
    return root


def imported(root: Path, name: str, text: str, table: str | None = None) -> tuple[ImportReport, str]:
    """What an import of this text says, and its reject file."""
    file = root.parent / name
    file.write_text(text)
    report = import_file(root, "ws_1", BRAND, file, table=table)
    return report, Path(report.reject_file).read_text() if report.reject_file else ""


def held(root: Path, table: str, column: str) -> list[object]:
    with open_facts(root, "ws_1", BRAND, as_of=ON) as facts:
        expression = facts.table(table)
        return [row[column] for row in facts.fetch(expression.select(column).order_by(column)).to_pylist()]


def found(root: Path) -> set[str]:
    words = (*ANN.values(), "27825550142", "Naidoo")
    texts = [(file, file.read_bytes().decode("latin-1")) for file in root.rglob("*") if file.is_file()]
    texts += [(file, str(pq.read_table(file).to_pylist())) for file in root.rglob("*.parquet")]
    return {str(file.relative_to(root)) for file, text in texts for word in words if word in text}


@pytest.mark.parametrize(
    "row",
    [
        "ct_00017,,,2026-01-02",
        "ct_99001,ann.naidoo@post.example,,2026-01-02",
        "ct_99001, Ann.Naidoo@POST.example ,,2026-01-02",
        "ct_99001,,27 (82) 555-0142,2026-01-02",
        "ct_00017,ann.naidoo@post.example,,not a day",
        "ct_00017,ann.naidoo@post.example,,2026-01-02,one cell too many,and another",
        "ann.naidoo@post.example,,,2026-01-02",
    ],
)
def test_rows_of_an_erased_person_are_rejected_and_the_reject_file_does_not_hold_them(root: Path, row: str) -> None:
    report, rejects = imported(root, "new.csv", f"contact_id,email,phone,created_at\n{row}\nct_00019,cid@post.example,,2026-01-02\n")
    assert (report.rows_kept, report.rows_rejected) == (1, 1)
    assert rejects == "line,column,reason,row\n2,,erased on request,\n"
    assert held(root, "contacts", "contact_id") == ["ct_00018", "ct_00019"]
    assert found(root) == set()


def test_rows_of_others_stay_without_the_erased_person(root: Path) -> None:
    imported(root, "referrals.csv", "referral_id,referrer_id,contact_id,invited_at\nr1,ct_00018,ct_00017,2026-01-02\n", "referrals")
    assert held(root, "referrals", "contact_id") == [None]
    surveys = "survey_id,contact_id,kind,score,at,comment\ns1,ct_00018,nps,9,2026-01-02,ask Ann.Naidoo@post.example. or ct_00017\n"
    imported(root, "surveys.csv", surveys, "surveys")
    assert held(root, "surveys", "comment") == ["ask [erased]. or [erased]"]
    imported(root, "bad.csv", surveys.replace("2026-01-02", "soon").replace("s1", "s2"), "surveys")
    assert found(root) == set()


def test_what_they_did_before_they_said_who_they_are_stays_out(root: Path) -> None:
    report, _ = imported(
        root, "events.csv", "event_id,contact_id,name,at,device_id\ne7,,visit,2026-01-02,dev_ann\ne8,,visit,2026-01-02,d2\n"
    )
    assert report.rows_rejected == 1
    assert held(root, "events", "event_id") == ["e8"]


def test_free_tables_and_typed_tables_do_not_bring_them_back(root: Path) -> None:
    rows = "member,note,label\nct_00017,,yes\nct_00018,wrote to ann.naidoo@post.example,no\nct_00020,fine,no\n"
    report, rejects = imported(root, "churn.csv", rows, "free_churn")
    assert (report.rows_kept, report.rows_rejected, rejects.count("erased on request")) == (1, 2, 2)
    import_table(root, "ws_1", BRAND, "orders", pa.table({
        "order_id": ["o1", "o2"], "contact_id": [ANN["id"], "ct_00018"], "at": [WHEN] * 2, "amount": [1, 2], "currency": ["ZAR"] * 2,
    }))  # fmt: skip
    assert held(root, "orders", "order_id") == ["o2"]
    assert found(root) == set()


def test_an_erasure_during_an_import_holds_for_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = importing.check
    erasures = []

    def check_and_erase(*arguments, **named):
        result = checked(*arguments, **named)
        if not erasures:
            erasures.append(erase_person(root, "ws_1", BRAND, "dora@post.example", on=ON))
        return result

    monkeypatch.setattr(importing, "check", check_and_erase)
    report, _ = imported(root, "late.csv", "contact_id,email,created_at\nct_00031,dora@post.example,2026-01-02\nct_00032,,2026-01-02\n")
    assert (report.rows_kept, report.rows_rejected) == (1, 1)
    assert held(root, "contacts", "contact_id") == ["ct_00018", "ct_00032"]


def test_whoever_asks_to_come_back_is_let_in(root: Path) -> None:
    folder = root / "ws_1" / "cl_1"
    assert suppression.allow_again(folder, [ANN["email"], ANN["id"]]) == 2
    report, _ = imported(root, "back.csv", f"contact_id,email,created_at\n{ANN['id']},{ANN['email']},2026-01-02\n")
    assert (report.rows_kept, report.rows_rejected) == (1, 0)


def test_hashes_are_of_no_use_without_the_key_and_of_no_use_elsewhere(root: Path) -> None:
    file = root / "ws_1" / "cl_1" / suppression.FILE
    assert file.stat().st_mode & 0o077 == 0
    one = json.loads(file.read_text())
    other = Client("cl_2", "ws_1", "gym", "Gym (simulated)", Locale(), {}, WHEN)
    erase_person(root, "ws_1", other, ANN["email"], on=ON)
    two = json.loads((root / "ws_1" / "cl_2" / suppression.FILE).read_text())
    assert one["key"] != two["key"]
    assert not set(one["words"]) & set(two["words"])
    assert suppression.keyed_hash(one["key"], ANN["email"]) in one["telling"]
