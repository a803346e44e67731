"""The trace that an import leaves: a note in its commit, by which the same file is known again, and its reject file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping as Named
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store import delta
from store.importing.mapping import Mapping
from store.importing.report import ImportReport

if TYPE_CHECKING:
    from deltalake import CommitProperties

NOTE = "groundwork.import"
REJECTS = "_rejects"


def import_id(file_hash: str, mapping: Mapping) -> str:
    """The id of an import: the same bytes read the same way."""
    return f"{file_hash}:{mapping.fingerprint[:16]}"


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def noted(identity: str | None, said: Named[str, int]) -> CommitProperties:
    """Commit properties with the import's note. No silent retry: what was compared with must still be the newest version."""
    from deltalake import CommitProperties, Transaction

    if identity is None:
        return CommitProperties(max_commit_retries=0)
    metadata = {NOTE: json.dumps({"id": identity, **said})}
    return CommitProperties(custom_metadata=metadata, max_commit_retries=0, app_transactions=[Transaction(identity, 1)])


def imported_before(folder: Path, mapping: Mapping, identity: str, digest: str) -> ImportReport | None:
    """The report of an import that the table already holds: nothing new."""
    opened = delta.open_table(folder, mapping.table)
    if opened is None or opened.transaction_version(identity) is None:
        return None
    notes = (json.loads(commit.get(NOTE, "{}")) for commit in opened.history())
    said: dict[str, Any] = next((note for note in notes if note.get("id") == identity), {})
    read, rejected, skipped = (int(said.get(name, 0)) for name in ("rows_read", "rows_rejected", "rows_skipped"))
    rejects = reject_file(folder, mapping.table, identity)
    return ImportReport(
        table=mapping.table,
        rows_read=read,
        rows_kept=0,
        rows_rejected=rejected,
        rows_skipped=skipped,
        duplicates=read - rejected - skipped,
        version=opened.version(),
        reject_file=str(rejects) if rejects.exists() else None,
        shape=mapping.shape,
        file_hash=digest,
        already_imported=True,
    )


def reject_file(folder: Path, table: str, identity: str) -> Path:
    """Where the reject file of an import lies."""
    return folder / REJECTS / f"{table}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.csv"


def publish(written: Path, target: Path) -> Path:
    """Put a finished reject file in its place, whole."""
    target.parent.mkdir(exist_ok=True)
    os.replace(written, target)
    return target
