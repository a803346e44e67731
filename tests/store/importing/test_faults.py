"""Imports that are cut short: killed, out of room, at the same time as another. Either all of a file is there or nothing of it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from store.importing import committing
from store.importing.workbench import DiskFull
from store.schemas import conform
from store.scratch import scratch, sweep
from tests.store.importing.conftest import Desk
from tools.contract import NotEnoughData
from tools.contracts import CONTRACTS

Write = Callable[..., Path]
ROWS = 3000

RUN = """
import os, resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from grounding.evidence import Locale
from store.clients import Client
from store.importing import committing, importing

root, path, fault = sys.argv[1:]
client = Client("cl_1", "ws_1", "salon", "Salon (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def at(step):
    if step.stage == fault:
        die()

if fault == "before commit":
    committing._write = die
if fault == "after commit":
    written = committing._write
    committing._write = lambda *a, **k: (written(*a, **k), die())
print(importing.import_file(root, "ws_1", client, path, progress=at).model_dump_json())
"""


def run(desk: Desk, path: Path, fault: str = "none") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(desk.root), str(path), fault], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def people(write: Write, name: str = "people.csv", *, first: int = 0) -> Path:
    rows = "".join(f"c{number},Ann,{'soon' if number % 100 == 7 else '2026-01-02'}\n" for number in range(first, first + ROWS))
    return write("contact_id,first_name,created_at\n" + rows, name)


GOOD = ROWS - ROWS // 100


EARLY = [pytest.param(fault, marks=pytest.mark.slow) for fault in ("reading", "checking", "writing")]


@pytest.mark.parametrize("fault", [*EARLY, "before commit", "after commit"])
def test_a_killed_import_leaves_all_or_nothing_and_the_next_one_ends_it(desk: Desk, write: Write, fault: str) -> None:
    path = people(write)
    killed = run(desk, path, fault)
    assert killed.wait(timeout=60) == -9
    there = (desk.folder / "contacts").is_dir() and desk_count(desk)
    assert there == (GOOD if fault == "after commit" else 0)
    report = desk.take(path)
    assert report.already_imported == (fault == "after commit")
    assert desk_count(desk) == GOOD
    assert report.rows_rejected == ROWS // 100
    assert len(desk.rejects(report)) == ROWS // 100
    assert list((desk.folder / "_work").iterdir()) == []


def desk_count(desk: Desk) -> int:
    try:
        return desk.count("contacts")
    except NotEnoughData:
        return 0


def test_two_imports_at_once_keep_each_row_once(desk: Desk, write: Write) -> None:
    paths = [people(write), people(write), people(write, "more.csv", first=ROWS // 2)]
    running = [run(desk, path) for path in paths]
    for process in running:
        _, problems = process.communicate(timeout=120)
        assert process.returncode == 0, problems
    assert desk.count("contacts") == GOOD + GOOD // 2
    ids = desk.rows("contacts", "contact_id")
    assert len({row["contact_id"] for row in ids}) == len(ids)


def test_a_full_disk_leaves_nothing_behind(desk: Desk, write: Write) -> None:
    """The limit on a file's size stands in for the disk: the kernel refuses the write in the same place."""
    small = write("contact_id,created_at\nc1,2026-01-02\n", "small.csv")
    desk.take(small)
    before = {file for file in desk.folder.rglob("*") if file.is_file()}
    path = people(write)
    limited = subprocess.run(
        [sys.executable, "-c", RUN.replace("client = ", "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
         "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); client = "), str(desk.root), str(path), "none"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert limited.returncode == 1
    assert "DiskFull: the disk is full: nothing was imported" in limited.stderr
    assert {file for file in desk.folder.rglob("*") if file.is_file()} == before
    assert desk.count("contacts") == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("message", ["No space left on device (os error 28)", "Generic error: File too large (os error 27)"])
def test_a_disk_that_fills_during_the_commit_takes_the_data_and_reject_files_with_it(
    desk: Desk, write: Write, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    desk.take(write("contact_id,created_at\nc1,2026-01-02\n", "small.csv"))
    before = {file for file in desk.folder.rglob("*") if file.is_file()}

    def fail(table, contract, fresh, properties, *, merge):  # type: ignore[no-untyped-def]
        (desk.folder / "contacts" / "part-half.parquet").write_bytes(b"half a file")
        raise OSError(message)

    monkeypatch.setattr(committing, "_write", fail)
    with pytest.raises(DiskFull):
        desk.take(people(write))
    assert {file for file in desk.folder.rglob("*") if file.is_file()} == before


def test_someone_who_writes_without_the_lock_is_noticed(desk: Desk, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between comparing and committing another process appends: the commit is refused, the comparison made again."""
    desk.take(write("contact_id,created_at\nc0,2026-01-02\n", "small.csv"))
    written, calls = committing._write, []

    def meanwhile(table, contract, fresh, properties, *, merge):  # type: ignore[no-untyped-def]
        calls.append(merge)
        if len(calls) == 1:
            when = pa.array([0], pa.timestamp("us", "UTC"))
            row = conform(CONTRACTS["contacts"], pa.table({"contact_id": ["c1"], "created_at": when}))
            write_deltalake(str(desk.folder / "contacts"), row, mode="append")
        written(table, contract, fresh, properties, merge=merge)

    monkeypatch.setattr(committing, "_write", meanwhile)
    report = desk.take(write("contact_id,created_at\nc1,2026-01-02\nc2,2026-01-02\n"))
    assert (report.rows_added, report.rows_changed) == (1, 1)
    assert calls == [False, True]
    assert [row["contact_id"] for row in desk.rows("contacts", "contact_id")] == ["c0", "c1", "c2"]


def test_a_working_folder_is_swept_only_when_its_process_is_gone(tmp_path: Path) -> None:
    with scratch(tmp_path) as alive:
        dead = tmp_path / "_work" / "w_dead"
        dead.mkdir()
        (dead / "alive").touch()
        assert sweep(tmp_path) == 1
        assert alive.is_dir()
        assert not dead.exists()
    assert not alive.exists()
