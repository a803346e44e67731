"""The ordinary import, with the mapping it suggests itself, finds in the exports what was simulated and nothing else."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest
from deltalake import DeltaTable

from demo.clients import CLIENTS
from demo.exporting.notation import local
from demo.exports import write_exports
from demo.simulate import world
from grounding.evidence import Locale
from store import delta
from store.importing.importing import import_file
from store.importing.suggesting import suggest
from tools.contracts import CONTRACTS

ON_THE_WALL = {("contacts", "created_at"), ("contacts", "consent_at"), ("accounts", "created_at")}
"""HubSpot writes the portal's clock to the minute, so the hour that an autumn night has twice cannot be told apart."""


@dataclass(frozen=True)
class Client:
    id: str
    slug: str
    locale: Locale


@pytest.mark.parametrize(
    "slug", ["newcomer", pytest.param("salon", marks=pytest.mark.slow), pytest.param("fitness", marks=pytest.mark.slow)]
)
def test_exports_come_back_as_they_were_simulated(slug: str, tmp_path: Path) -> None:
    told = CLIENTS[slug]
    client = Client("cl_demo", slug, Locale(language=told.language, currency=told.currency, zone=told.zone))
    for file in write_exports(slug, tmp_path / "exports").files:
        suggestion = suggest(file.path)
        report = import_file(tmp_path / "facts", "ws_demo", client, file.path, table=suggestion.table, mapping=suggestion.mapping)
        counts = (report.table, report.rows_kept, report.rows_rejected, report.duplicates, report.rows_skipped)
        assert counts == (file.table, file.good_rows, file.bad_rows, file.duplicate_rows, file.total_rows), file.path.name
        if report.reject_file:
            with Path(report.reject_file).open(encoding="utf-8", newline="") as rejected:
                lines = sorted(int(row["line"]) for row in csv.DictReader(rejected))
            assert lines == sorted(reject.line for reject in file.rejects), file.path.name

    folder = delta.client_folder(tmp_path / "facts", "ws_demo", client.id)
    for name, simulated in world(slug).tables.items():
        key = [(column, "ascending") for column in CONTRACTS[name].key]
        stored = next(path for path in folder.rglob(name) if path.is_dir())
        read = DeltaTable(stored).to_pyarrow_table().select(simulated.column_names).sort_by(key)
        simulated = simulated.sort_by(key)
        for column in simulated.column_names:
            wanted, found = simulated[column], read[column].cast(simulated[column].type)
            if (name, column) in ON_THE_WALL:
                wanted, found = (local(values, told.zone) for values in (wanted, found))
            assert found.to_pylist() == wanted.to_pylist(), (name, column)
