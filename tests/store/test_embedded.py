"""The life of the embedded Postgres: one server per home, whoever starts it and however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from store import embedded
from store.embedded_system import SOCKET_PATH_LIMIT, socket_folder
from store.errors import StoreError

ROOT = Path(__file__).parents[2]
START = "import sys; from pathlib import Path; from store import embedded; embedded.start(Path(sys.argv[1]), durable=False)"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home of these tests alone, so that the session's database is not shot at."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-embedded-")).resolve()
    try:
        embedded.start(folder, durable=False)
        yield folder
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(made: Path) -> Path:
    """The home with its server running."""
    embedded.start(made, durable=False)
    return made


def version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version


def server(home: Path) -> int:
    pid = embedded.status(home).pid
    assert pid is not None
    return pid


def starter(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", START, str(home)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_starting_twice_gives_the_same_server(home: Path) -> None:
    first = server(home)
    assert embedded.start(home) == embedded.urls(home)
    assert server(home) == first
    assert version(embedded.urls(home).app) >= 180000


def test_it_stops_and_starts_with_its_data(home: Path) -> None:
    with psycopg.connect(embedded.urls(home).owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    assert embedded.stop(home)
    assert not embedded.status(home).running
    assert not embedded.stop(home)
    with pytest.raises(psycopg.OperationalError):
        version(embedded.urls(home).app)
    embedded.start(home, durable=False)
    with psycopg.connect(embedded.urls(home).owner) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
        connection.execute("DROP TABLE kept")


def test_passwords_are_in_a_file_that_only_its_owner_reads(home: Path) -> None:
    mode = stat.S_IMODE((home / "postgres" / "passwords.json").stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE((home / "postgres" / "data").stat().st_mode) == 0o700
    assert not list((home / "postgres").glob(".p*"))
    hba = (home / "postgres" / "data" / "pg_hba.conf").read_text()
    assert {line.split()[-1] for line in hba.splitlines() if line.strip() and not line.startswith("#")} == {"scram-sha-256"}
    assert embedded.urls(home).app not in repr(embedded.urls(home))


def test_the_server_outlives_the_process_that_started_it_by_kill(home: Path) -> None:
    embedded.stop(home)
    process = starter(home)
    deadline = time.monotonic() + 10
    while not embedded.status(home).running and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    embedded.start(home, durable=False)
    assert version(embedded.urls(home).app)
    assert embedded.stop(home)


def test_it_comes_back_after_the_server_itself_was_killed(home: Path) -> None:
    with psycopg.connect(embedded.urls(home).owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE survived AS SELECT 1 AS n")
        os.kill(server(home), signal.SIGKILL)
        began = time.monotonic()
        embedded.start(home, durable=False)
        assert time.monotonic() - began < 10
    with psycopg.connect(embedded.urls(home).owner) as connection:
        assert connection.execute("SELECT n FROM survived").fetchone() == (1,)
        connection.execute("DROP TABLE survived")


def test_a_process_id_that_another_program_got_does_not_keep_it_from_starting(home: Path) -> None:
    os.kill(server(home), signal.SIGKILL)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    while any(embedded._works_in(process, pid_file.parent) for process in psutil.process_iter()):
        time.sleep(0.01)
    owner = pid_file.stat().st_uid
    sleeper = subprocess.Popen(["sleep", "60"], user=owner) if os.geteuid() == 0 else subprocess.Popen(["sleep", "60"])
    try:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(sleeper.pid), *lines[1:]]) + "\n")
        assert not embedded.status(home).running
        embedded.start(home, durable=False)
        assert version(embedded.urls(home).app)
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_several_processes_may_start_it_at_once(home: Path) -> None:
    embedded.stop(home)
    starters = [starter(home) for _ in range(3)]
    assert [process.wait(30) for process in starters] == [0, 0, 0]
    data = home / "postgres" / "data"
    servers = [process for process in psutil.process_iter(["cmdline"]) if str(data) in (process.info["cmdline"] or [])]
    assert len(servers) == 1


def test_a_first_start_that_was_killed_is_begun_anew() -> None:
    folder = Path(tempfile.mkdtemp(prefix="groundwork-first-")).resolve()
    try:
        process = starter(folder)
        while not list((folder / "postgres").glob("data.new-*/base")):
            time.sleep(0.002)
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert version(embedded.start(folder, durable=False).app)
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120) / "run"
    short = socket_folder(long)
    assert len(str(short / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT
    assert socket_folder(long) == short
    assert socket_folder(Path("/tmp/home/run")) == Path("/tmp/home/run")


def test_a_home_without_a_database_says_what_to_run(tmp_path: Path) -> None:
    assert not embedded.status(tmp_path).running
    assert not embedded.stop(tmp_path)
    with pytest.raises(StoreError, match="groundwork db start"):
        embedded.urls(tmp_path)


def test_data_of_a_postgres_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("11\n")
    with pytest.raises(StoreError, match="Postgres 11"):
        embedded.start(tmp_path)


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    embedded.stop(home)
    conf = home / "postgres" / "data" / "postgresql.conf"
    whole = conf.read_text()
    try:
        conf.write_text(whole + "\nshared_buffers = nonsense\n")
        with pytest.raises(StoreError, match="shared_buffers"):
            embedded.start(home, durable=False)
    finally:
        conf.write_text(whole)
    embedded.start(home, durable=False)
