"""A client and a root for imports, and rows read back through the facts that tools read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from grounding.evidence import Locale
from store.clients import Client
from store.facts import open_facts
from store.importing.importing import import_file
from store.importing.report import ImportReport


@dataclass(frozen=True)
class Desk:
    """Where a test imports to."""

    root: Path
    client: Client

    def take(self, path: Path, **given: Any) -> ImportReport:
        return import_file(self.root, "ws_1", self.client, path, **given)

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        """The rows that a tool sees, ordered by the columns asked for."""
        with open_facts(self.root, "ws_1", self.client, as_of=date(2026, 11, 21)) as facts:
            found = facts.table(table)
            return facts.fetch(found.select(*columns).order_by(*columns)).to_pylist()

    def count(self, table: str) -> int:
        """How many rows a tool sees."""
        with open_facts(self.root, "ws_1", self.client, as_of=date(2026, 11, 21)) as facts:
            return facts.fetch(facts.table(table).count().name("rows").as_table()).to_pylist()[0]["rows"]

    def rejects(self, report: ImportReport) -> list[dict[str, str]]:
        """The reject file's rows."""
        import csv

        assert report.reject_file is not None
        with Path(report.reject_file).open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))

    @property
    def folder(self) -> Path:
        return self.root / "ws_1" / self.client.id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_at(tmp_path / "facts")


def desk_at(root: Path, **locale: str) -> Desk:
    return Desk(root, Client("cl_1", "ws_1", "salon", "Salon (simulated)", Locale(**locale), {}, datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
def german(tmp_path: Path) -> Desk:
    return desk_at(tmp_path / "facts", language="de-DE", currency="EUR", zone="Europe/Berlin")


@pytest.fixture
def american(tmp_path: Path) -> Desk:
    return desk_at(tmp_path / "facts", language="en-US", currency="USD", zone="America/New_York")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of text and give its path."""

    def written(text: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written
