"""The models that were learned from a client's tables, beside them: a folder per version, made whole and never changed.

<client's folder>/_models/<name>/<version>/model.skops, about.json

A client's folder is their tenant boundary: what backs it up, restores it or takes it away takes its models along.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from store import delta
from tools.artefacts import Artefact
from tools.contract import ToolInputError, ToolRefusal

MODELS = "_models"
MARK = "model:"
"""Begins a model's name among the versions that an evidence record read; no table's name holds a colon."""

CONTENT, ABOUT = "model.skops", "about.json"
VERSION = re.compile(r"\d{6}")


class ModelConflict(ToolRefusal):
    """Another training of the same model was kept meanwhile."""

    kind = "conflict"


class ModelDamaged(ToolRefusal):
    """A model's file is not what was kept."""

    kind = "not_replayable"


def newest(folder: Path, name: str) -> int:
    """The number of the newest version in a client's folder; 0 when there is none."""
    place = _place(folder, name)
    return max((int(entry.name) for entry in place.iterdir() if VERSION.fullmatch(entry.name)), default=0) if place.is_dir() else 0


def find(folder: Path, name: str, version: int | None = None, *, among: int, replaying: bool = False) -> Artefact | None:
    """A version, or the one that serves of the first `among`; none when there is none.

    Raises ModelDamaged; when replaying also for a version that an erasure took away, since another one would answer otherwise.
    """
    for number in range(among, 0, -1) if version is None else (version,) if 0 < version <= among else ():
        found = _read_version(folder, name, number)
        if found is None and replaying:
            raise ModelDamaged(f"the model {name}, version {number}, was removed: it named somebody who was erased")
        if found is not None and (found.serves or version is not None):
            return found
    return None


def keep(root: str | Path, workspace_id: str, client: delta.ClientLike, offered: Iterable[Artefact], *, evidence_id: str) -> None:
    """Keep what a tool offered. A training that was kept before is left as it is. Raises ModelConflict, for another of the same version."""
    folder = delta.client_folder(root, workspace_id, client.id)
    for artefact in offered:
        with delta.write_lock(folder):
            there = _read_version(folder, artefact.name, artefact.version)
            if there is not None and there.fingerprint == artefact.fingerprint:
                continue
            if newest(folder, artefact.name) != artefact.version - 1:
                raise ModelConflict(
                    f"the model {artefact.name} was trained by somebody else meanwhile: train again, to compare with theirs"
                )
            _write(_place(folder, artefact.name) / f"{artefact.version:06d}", artefact, evidence_id)


def remove_mentioning(folder: Path, pattern: str) -> int:
    """Remove the versions whose text (levels of columns, words) mentions somebody, as an erasure asks; gives how many.

    Their numbers stay taken: a record that names one must not be answered by another.
    """
    said = re.compile(pattern)
    gone = 0
    for about in sorted((folder / MODELS).glob(f"*/*/{ABOUT}")):
        if any(said.search(text) for text in _texts(json.loads(about.read_text()))):
            (about.parent / CONTENT).unlink(missing_ok=True)
            about.unlink()
            gone += 1
    return gone


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield key
            yield from _texts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts(inside)


def _place(folder: Path, name: str) -> Path:
    if not delta.NAME.fullmatch(name):
        raise ToolInputError(f"{name!r} is not a model's name: small letters, digits and underscores, a letter first", field="model")
    return folder / MODELS / name


def _write(place: Path, artefact: Artefact, evidence_id: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=place.parent, prefix=".draft-"))
    try:
        (draft / CONTENT).write_bytes(artefact.content)
        head = {"sha256": artefact.sha256, "fingerprint": artefact.fingerprint, "serves": artefact.serves, "evidence": evidence_id}
        (draft / ABOUT).write_text(json.dumps({**head, "about": artefact.about}, ensure_ascii=False, allow_nan=False))
        draft.rename(place)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _read_version(folder: Path, name: str, version: int) -> Artefact | None:
    about = _place(folder, name) / f"{version:06d}" / ABOUT
    try:
        found = about.stat()
    except FileNotFoundError:
        return None
    return _read(about, found.st_mtime_ns, found.st_ino, version)


@lru_cache(maxsize=32)
def _read(about: Path, changed: int, node: int, version: int) -> Artefact:
    """Kept per process: the path holds workspace, client and version, the rest tells whether the file is another one."""
    head = json.loads(about.read_text())
    content = (about.parent / CONTENT).read_bytes()
    if hashlib.sha256(content).hexdigest() != head["sha256"]:
        raise ModelDamaged(f"the file of the model {about.parent.parent.name}, version {version}, is not what was kept: train again")
    return Artefact(about.parent.parent.name, version, content, head["sha256"], head["about"], head["fingerprint"], head["serves"])
