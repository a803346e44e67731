"""Files that are uploaded and wait for the next step: under GROUNDWORK_HOME/uploads, each in a folder of random name, bound to the
session and the client it was sent for, and gone after an hour. An erasure sweeps the same folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

TOKEN = re.compile(r"[0-9a-f]{32}")
KEPT_SECONDS = 3600.0
SILENT_SECONDS = 60.0
"""A piece of work that gave no sign for so long has ended with its process."""
ABOUT, STATE, CLAIM = "about.json", "state.json", "claimed"


@dataclass(frozen=True, slots=True)
class Upload:
    """One kept file. `name` is as its owner calls it; `path` is where it lies, under a name that is safe there."""

    token: str
    name: str
    folder: Path
    path: Path
    size: int

    def state(self) -> dict[str, Any]:
        """What is known of it so far."""
        try:
            return dict(json.loads((self.folder / STATE).read_text()))
        except FileNotFoundError:
            return {}

    def note(self, **known: Any) -> None:
        """Add to what is known of it; a reader sees all of a note or none."""
        draft = self.folder / f"{STATE}.{secrets.token_hex(4)}"
        draft.write_text(json.dumps({**self.state(), **known}))
        os.replace(draft, self.folder / STATE)

    def claim(self) -> bool:
        """Begin to work on it. False when somebody does already."""
        try:
            (self.folder / CLAIM).touch(exist_ok=False)
        except FileExistsError:
            if self.at_work():
                return False
            (self.folder / CLAIM).touch()
        return True

    def beat(self) -> None:
        """Say that the work goes on."""
        (self.folder / CLAIM).touch()
        os.utime(self.folder)

    def at_work(self) -> bool:
        """Whether somebody works on it and gave a sign lately."""
        try:
            return (self.folder / CLAIM).stat().st_mtime > time.time() - SILENT_SECONDS
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """The work has ended and may be begun again."""
        (self.folder / CLAIM).unlink(missing_ok=True)

    def forget(self, *, file_only: bool = False) -> None:
        """Remove it, or the file alone."""
        if file_only:
            self.path.unlink(missing_ok=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def keep(home: Path, source: BinaryIO, name: str, *, session_id: str, client_id: str, purpose: str = "import") -> Upload:
    """Keep an upload. Blocks."""
    sweep(home)
    token = secrets.token_hex(16)
    folder = home / "uploads" / token
    folder.mkdir(parents=True, mode=0o700)
    called = re.split(r"[/\\]", name)[-1][:200] or "upload"
    # a safe name that still says what the file is: reports name it, and YouTube is told by it
    path = folder / "file" / (re.sub(r"[^A-Za-z0-9._-]+", "_", called)[-100:].lstrip(".") or "upload")
    path.parent.mkdir()
    with path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    about = {"name": called, "file": path.name, "session": session_id, "client": client_id, "purpose": purpose}
    (folder / ABOUT).write_text(json.dumps(about))
    return Upload(token, called, folder, path, path.stat().st_size)


def find(home: Path, token: str, *, session_id: str, client_id: str, purpose: str = "import") -> Upload | None:
    """The upload of this name, for whom and for what it was kept; None otherwise, and once it has expired."""
    folder = home / "uploads" / token
    if not TOKEN.fullmatch(token) or _expired(folder):
        return None
    try:
        about = json.loads((folder / ABOUT).read_text())
    except FileNotFoundError:
        return None
    if (about["session"], about["client"], about["purpose"]) != (session_id, client_id, purpose):
        return None
    path = folder / "file" / about["file"]
    return Upload(token, about["name"], folder, path, path.stat().st_size if path.exists() else 0)


def sweep(home: Path) -> None:
    """Remove what has expired."""
    for folder in (home / "uploads").glob("*"):
        if TOKEN.fullmatch(folder.name) and _expired(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _expired(folder: Path) -> bool:
    try:
        return folder.stat().st_mtime < time.time() - KEPT_SECONDS
    except FileNotFoundError:
        return True
