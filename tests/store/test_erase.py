"""Erasure over real Delta tables: afterwards no byte under the root holds the person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grounding.evidence import Locale
from store.clients import Client
from store.erase import ErasureReport, erase_person, unreadable
from store.facts import NotReplayable, open_facts
from store.importing.importing import import_file
from store.importing.tables import import_table

ON = date(2026, 11, 21)
WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)
ANN = {"id": "ct_00017", "email": "ann.naidoo@post.example", "phone": "+27 82 555 0142", "name": "Annelie"}


@pytest.fixture
def brand() -> Client:
    return Client("cl_1", "ws_1", "salon", "Salon (simulated)", Locale(), {}, WHEN)


def contacts(*rows: tuple[str, str, str, str], job: str = "owner") -> pa.Table:
    ids, emails, phones, names = zip(*rows, strict=True)
    return pa.table({
        "contact_id": ids, "email": emails, "phone": phones, "first_name": names, "created_at": [WHEN] * len(rows),
        "job_title": [job] * len(rows),
    })  # fmt: skip


ANN_ROW = (ANN["id"], ANN["email"], ANN["phone"], ANN["name"])
BEN_ROW = ("ct_00018", "ben@post.example", "+27 82 555 0143", "Ben")


@pytest.fixture
def filled(tmp_path: Path, brand: Client) -> Path:
    """A client whose tables, versions, free tables, reject files and leftovers all hold Ann."""
    root = tmp_path / "facts"

    def add(name: str, table: pa.Table) -> None:
        import_table(root, "ws_1", brand, name, table)

    add("contacts", contacts(BEN_ROW))
    add("contacts", contacts(ANN_ROW))
    add("contacts", contacts(ANN_ROW, BEN_ROW, job="director"))
    add("orders", pa.table({
        "order_id": ["o1", "o2"], "contact_id": [ANN["id"], "ct_00018"], "at": [WHEN] * 2, "amount": [100, 200], "currency": ["ZAR"] * 2,
    }))  # fmt: skip
    add("events", pa.table({
        "event_id": ["e1", "e2", "e3", "e4"], "contact_id": [ANN["id"], None, None, "ct_00018"], "name": ["visit"] * 4, "at": [WHEN] * 4,
        "device_id": ["dev_ann", "dev_ann", "dev_other", "dev_ben"],
    }))  # fmt: skip
    add("surveys", pa.table({
        "survey_id": ["s1", "s2"], "contact_id": [ANN["id"], "ct_00018"], "kind": ["nps"] * 2, "score": [9, 7], "at": [WHEN] * 2,
        "comment": ["fine", f"{ANN['email'].upper()} told me, write to {ANN['email']}."],
    }))  # fmt: skip
    add("referrals", pa.table({
        "referral_id": ["r1", "r2"], "referrer_id": ["ct_00018", ANN["id"]], "contact_id": [ANN["id"], "ct_00018"],
        "invited_at": [WHEN] * 2,
    }))  # fmt: skip
    add("ad_metrics", pa.table({
        "day": [date(2026, 1, 1)], "channel": ["meta"], "campaign": ["spring"], "spend": [100], "currency": ["ZAR"],
    }))  # fmt: skip
    churn = tmp_path / "churn.csv"
    churn.write_text(f"member,months,label\n{ANN['id']},3,yes\nct_00018,9,no\n")
    import_file(root, "ws_1", brand, churn, table="free_churn")
    bad = tmp_path / "contacts.csv"
    bad.write_text(f"contact_id,email,phone,created_at\n,{ANN['email']},,2026-01-01\nct_00019,cid@post.example,,soon\n")
    assert import_file(root, "ws_1", brand, bad, table="contacts").rows_rejected == 2
    leftover = root / "ws_1" / "cl_1" / "_work" / "w_dead"
    leftover.mkdir(parents=True)
    (leftover / "alive").touch()
    (leftover / "staged.csv").write_text(ANN["email"])
    pq.write_table(contacts(ANN_ROW), root / "ws_1" / "cl_1" / "contacts" / "part-never-committed.parquet")
    return root


def every_text(root: Path) -> Iterator[tuple[Path, str]]:
    """What every file under the root holds: its bytes, and the values and statistics of a Parquet file."""
    for file in root.rglob("*"):
        if not file.is_file():
            continue
        yield file, file.read_bytes().decode("latin-1")
        if file.suffix == ".parquet":
            yield file, str(pq.read_table(file).to_pylist())
            metadata = pq.read_metadata(file)
            yield file, str([metadata.row_group(group).to_dict() for group in range(metadata.num_row_groups)])


def found(root: Path) -> set[str]:
    return {
        str(file.relative_to(root))
        for file, text in every_text(root)
        for word in (*ANN.values(), ANN["email"].upper(), "dev_ann")
        if word in text
    }


@pytest.mark.parametrize("person", [ANN["id"], ANN["email"], " Ann.Naidoo@POST.example "])
def test_no_byte_under_the_root_holds_an_erased_person(filled: Path, brand: Client, person: str) -> None:
    before = found(filled)
    assert {Path(name).parts[2] for name in before} == {
        "contacts", "orders", "events", "surveys", "referrals", "free_churn", "_rejects", "_work",
    }  # fmt: skip
    report = erase_person(filled, "ws_1", brand, person, on=ON)
    assert found(filled) == set()
    assert report.rows == {"contacts": 1, "events": 2, "free_churn": 1, "orders": 1, "referrals": 1, "surveys": 1}
    assert report.scrubbed["referrals"] == report.scrubbed["surveys"] == 1
    assert report.reject_rows == 1
    assert ANN["email"] not in report.model_dump_json()


def test_what_belongs_to_others_stays(filled: Path, brand: Client) -> None:
    erase_person(filled, "ws_1", brand, ANN["email"], on=ON)
    with open_facts(filled, "ws_1", brand, as_of=ON) as facts:

        def rows(name: str, *columns: str) -> list[dict[str, object]]:
            table = facts.table(name)
            return facts.fetch(table.select(*columns).order_by(columns[0])).to_pylist()

        assert rows("contacts", "contact_id", "job_title") == [{"contact_id": "ct_00018", "job_title": "director"}]
        assert [row["event_id"] for row in rows("events", "event_id")] == ["e3", "e4"]
        assert rows("referrals", "referral_id", "contact_id") == [{"referral_id": "r1", "contact_id": None}]
        assert rows("surveys", "survey_id", "comment") == [{"survey_id": "s2", "comment": "[erased] told me, write to [erased]."}]
        assert rows("free_churn", "member", "label") == [{"member": "ct_00018", "label": False}]
        assert rows("ad_metrics", "spend") == [{"spend": 100}]
    rejects = "".join(file.read_text() for file in filled.rglob("_rejects/*.csv"))
    assert "cid@post.example" in rejects


def test_versions_that_held_the_person_cannot_be_replayed_and_the_others_can(filled: Path, brand: Client) -> None:
    report = erase_person(filled, "ws_1", brand, ANN["id"], on=ON)
    assert 1 not in report.versions_removed["contacts"]
    assert {2, 3} <= set(report.versions_removed["contacts"])
    assert unreadable(filled, "ws_1", brand) == report.versions_removed

    def count(versions: dict[str, int]) -> int:
        with open_facts(filled, "ws_1", brand, as_of=ON, versions=versions) as facts:
            (name,) = versions
            return facts.fetch(facts.table(name).count().as_table()).to_pylist()[0].popitem()[1]

    assert count({"contacts": 1}) == 1
    assert count({"ad_metrics": 1}) == 1
    assert count({"contacts": report.versions["contacts"]}) == 1
    with pytest.raises(NotReplayable, match="contacts as it was at version 3 can no longer be read: erased 2026-11-21"):
        count({"contacts": 3})


def test_erasing_again_or_a_stranger_changes_nothing(filled: Path, brand: Client) -> None:
    erase_person(filled, "ws_1", brand, ANN["email"], on=ON)
    for person in (ANN["email"], "nobody@post.example", "ct_99999"):
        assert erase_person(filled, "ws_1", brand, person, on=ON) == ErasureReport(
            on=ON, rows={}, scrubbed={}, versions={}, versions_removed={}, reject_rows=0
        )


def test_the_same_file_does_not_bring_an_erased_person_back(tmp_path: Path, brand: Client) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"contact_id,email,created_at\n{ANN['id']},{ANN['email']},2026-01-01\nct_00018,ben@post.example,2026-01-01\n")
    root = tmp_path / "facts"
    import_file(root, "ws_1", brand, file)
    erase_person(root, "ws_1", brand, ANN["id"], on=ON)
    assert import_file(root, "ws_1", brand, file).already_imported
    assert found(root) == set()


def test_a_shared_address_does_not_erase_the_other_person(tmp_path: Path, brand: Client) -> None:
    shared = "info@salon.example"
    import_table(tmp_path, "ws_1", brand, "contacts", contacts(("ct_00001", shared, "1", "A"), ("ct_00002", shared, "2", "B")))
    report = erase_person(tmp_path, "ws_1", brand, "ct_00001", on=ON)
    assert report.rows == {"contacts": 1}
    assert erase_person(tmp_path, "ws_1", brand, shared, on=ON).rows == {"contacts": 1}


def test_the_last_row_of_a_table_can_be_erased(tmp_path: Path, brand: Client) -> None:
    import_table(tmp_path, "ws_1", brand, "contacts", contacts(ANN_ROW))
    erase_person(tmp_path, "ws_1", brand, ANN["id"], on=ON)
    assert found(tmp_path) == set()
    with open_facts(tmp_path, "ws_1", brand, as_of=ON) as facts:
        assert facts.names() == ()
    import_table(tmp_path, "ws_1", brand, "contacts", contacts(BEN_ROW))
    with open_facts(tmp_path, "ws_1", brand, as_of=ON) as facts:
        assert facts.names() == ("contacts",)
