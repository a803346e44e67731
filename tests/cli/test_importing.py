"""`import`: shown before it is done, done once, bad rows explained."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

ORDERS = (
    "order_id,contact_id,at,product,amount,currency,status\n"
    "o1,c1,2026-10-01T08:00:00Z,soap,22800,ZAR,paid\n"
    "o2,c2,not a day,soap,7500,ZAR,paid\n"
)


@pytest.fixture
def orders(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    return str(file)


def test_a_file_is_shown_then_imported(salon, orders):
    seen = salon("import", orders, "--client", "salon", "--suggest", "--json").json
    assert seen["suggestion"]["table"] == "orders"
    ended = salon("import", orders, "--client", "salon", "--yes")
    assert ended.code == 0
    assert "orders version 1: 1 rows kept, 0 duplicates, 1 rejected of 2 read" in ended.out
    assert "filled from" in ended.err
    again = salon("import", orders, "--client", "salon", "--yes", "--json").json
    assert again["report"]["already_imported"] is True


def test_a_mapping_from_a_file_is_used(salon, orders, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(salon("import", orders, "--client", "salon", "--suggest").out)
    assert json.loads(mapping.read_text())["table"] == "orders"
    assert salon("import", orders, "--client", "salon", "--mapping", str(mapping), "--yes", "--json").json["report"]["rows_kept"] == 1


def test_what_cannot_be_imported_says_why(salon, orders, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04broken")
    lacking = tmp_path / "lacking.csv"
    lacking.write_text("Bestellung,Betrag\nb1,12.50\n")
    for arguments, code, said in (
        ((str(tmp_path / "none.csv"), "--yes"), 2, "no such file"),
        ((orders,), 2, "add --yes"),
        ((str(broken), "--yes"), 2, ""),
        ((str(lacking), "--table", "orders", "--yes"), 3, "needs"),
        ((orders, "--table", "nonsense", "--yes"), 3, "there is no table 'nonsense'"),
        ((orders, "--mapping", str(broken), "--yes"), 2, "the mapping cannot be used"),
    ):
        ended = salon("import", arguments[0], "--client", "salon", *arguments[1:])
        assert ended.code == code, ended
        assert said in ended.err
    unknown = salon("import", orders, "--client", "nobody", "--yes")
    assert (unknown.code, "there is no client 'nobody'" in unknown.err) == (3, True)


def test_an_erased_person_is_gone_and_evidence_that_read_them_says_so(salon, orders):
    salon("import", orders, "--client", "salon", "--yes")
    record = salon("tool", "run", "describe_data", "--client", "salon", "--evidence", stdin="{}").json
    assert salon("replay", record["id"]).code == 0
    assert salon("erase", "--client", "salon", "--person", "c1").code == 2
    done = salon("erase", "--client", "salon", "--person", "c1", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["report"]["rows"] == {"orders": 1}
    assert "c1" not in done.out
    assert done.json["records_marked"] == 1
    refused = salon("replay", record["id"])
    assert refused.code == 3
    assert "not replayable: erased" in refused.err
    every = salon("replay", "--all")
    assert every.code == 0, every.err
    assert f"{record['id']} (describe_data) not replayable: erased" in every.out
    assert every.out.endswith("1 not replayable\n")
    assert salon("replay").code == salon("replay", record["id"], "--all").code == 2


def test_a_file_does_not_bring_an_erased_person_back(salon, orders):
    salon("erase", "--client", "salon", "--person", "c1", "--yes")
    report = salon("import", orders, "--client", "salon", "--yes", "--json")
    assert (report.code, report.json["report"]["rows_kept"], report.json["report"]["rows_rejected"]) == (1, 0, 2)
    facts = Path(os.environ["GROUNDWORK_HOME"]) / "facts" / os.environ["GROUNDWORK_WORKSPACE"]
    assert "erased on request" in next(facts.rglob("_rejects/*.csv")).read_text()
    assert salon("erase", "--client", "salon", "--person", "c1", "--allow-again", "--json").json == {"allowed": True}
    assert salon("erase", "--client", "salon", "--person", "c1", "--allow-again", "--json").json == {"allowed": False}
