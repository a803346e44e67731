"""Import a file: read, check, fold, and commit whole or not at all."""

from __future__ import annotations

from pathlib import Path

from store import delta
from store.importing.checking import REASONS, TOTAL, check
from store.importing.committing import commit_rows
from store.importing.folding import fold
from store.importing.free import import_free
from store.importing.mapping import Mapping
from store.importing.rejects import write_rejects
from store.importing.report import ImportRefused, ImportReport, Listener, Progress
from store.importing.sniffing import Layout, lay_out
from store.importing.sql import quoted
from store.importing.staging import stage
from store.importing.suggesting import suggest
from store.importing.trace import file_hash, import_id, imported_before, publish, reject_file
from store.importing.workbench import open_checks, room_to_write
from store.scratch import scratch
from store.suppression import read_suppressed


def import_file(
    root: str | Path,
    workspace_id: str,
    client: delta.ClientLike,
    path: str | Path,
    *,
    table: str | None = None,
    mapping: Mapping | None = None,
    sheet: str | None = None,
    replace: bool = False,
    progress: Listener | None = None,
) -> ImportReport:
    """Import a CSV, XLSX or Parquet file into a client's table, with the mapping that was confirmed, or the suggested one.

    The table, its version and the reject file come together or not at all; a file that was imported the same way before changes
    nothing. `replace` is for free tables only: the file takes the place of what the table holds. Raises ImportRefused for a file
    or mapping that does not fit, DiskFull when there is no room.
    """
    path = Path(path)
    folder = delta.client_folder(root, workspace_id, client.id)
    if mapping is None:
        mapping = suggest(path, table, sheet=sheet).mapping
    if table is not None and mapping.table != table:
        raise ImportRefused(f"the mapping is for {mapping.table}, not for {table}", field="mapping")
    layout = lay_out(path, sheet=sheet)
    digest = file_hash(path)
    identity = import_id(digest, mapping)
    with room_to_write(), scratch(folder) as work:
        if mapping.free:
            return import_free(folder, path, layout, mapping, work, digest, replace=replace, progress=progress)
        if replace:
            raise ImportRefused("only a free table can be replaced; rows of this one are known by their key", field="replace")
        report = imported_before(folder, mapping, identity, digest)
        while report is None:
            report = _import(folder, client, path, layout, mapping, work, digest, progress)
        return report


def _import(
    folder: Path,
    client: delta.ClientLike,
    path: Path,
    layout: Layout,
    mapping: Mapping,
    work: Path,
    digest: str,
    progress: Listener | None,
) -> ImportReport | None:
    """The report; None when a person was erased meanwhile, and the file has to be checked again."""
    erased = read_suppressed(folder)
    identity = import_id(digest, mapping)
    staged = work / "staged.parquet"
    read = stage(path, layout, staged, progress)
    tell = progress or _silent
    with open_checks(work) as connection:
        tell(Progress(stage="checking", rows=read, share=0.0))
        checked = check(connection, staged, work / "checked.parquet", layout, mapping, client.locale, erased)
        tell(Progress(stage="checking", rows=read, share=0.7))
        source = f"read_parquet({quoted(str(checked.path))})"
        folded = fold(connection, f"SELECT * FROM {source} WHERE {REASONS} IS NULL", mapping.table, checked.filled, checked.breakdown)
        rejects = work / "rejects.csv"
        rejected, listed = write_rejects(connection, checked, staged, layout, rejects, replaced=folded.replaced, erased=erased)
        skipped = connection.execute(f"SELECT count(*) FROM {source} WHERE {TOTAL}").fetchone()
        assert skipped is not None
        tell(Progress(stage="writing", rows=read, share=0.0))
        with delta.write_lock(folder):
            before = imported_before(folder, mapping, identity, digest)
            if before is not None:
                return before
            if read_suppressed(folder).words != erased.words:
                return None
            # Before the commit: if this process dies between the two, the next try writes the same file again.
            kept = publish(rejects, reject_file(folder, mapping.table, identity)) if listed else None
            said = {"rows_read": read, "rows_rejected": rejected, "rows_skipped": int(skipped[0])}
            try:
                committed = commit_rows(
                    connection, folder, checked.contract, folded.rows, checked.filled, work, identity=identity, said=said
                )
            except BaseException:
                if kept is not None:
                    kept.unlink(missing_ok=True)
                raise
    tell(Progress(stage="writing", rows=read, share=1.0))
    return ImportReport(
        table=mapping.table,
        rows_read=read,
        rows_kept=committed.added + committed.changed,
        rows_rejected=rejected,
        duplicates=folded.repeated + committed.unchanged,
        version=committed.version,
        reject_file=str(kept) if kept else None,
        rows_added=committed.added,
        rows_changed=committed.changed,
        rows_skipped=int(skipped[0]),
        rows_merged=folded.merged,
        shape=mapping.shape,
        file_hash=digest,
        decisions=checked.decisions,
    )


def _silent(progress: Progress) -> None:
    """Nobody listens."""
