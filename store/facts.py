"""A client's facts at one set of versions, as tools read them. Implements `tools.facts.Facts` over Delta tables and an Ibis engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from store import delta, models
from store.engines import Engine, EngineName, open_engine
from tools.contract import NotEnoughData, ToolRefusal
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa
    from deltalake import DeltaTable

    from tools.artefacts import Artefact


class NotReplayable(ToolRefusal):
    """The version that a record read is no longer there, mostly because a person in it was erased."""

    kind = "not_replayable"


class StoredFacts:
    """One client's tables and models. One engine connection, guarded by a lock, so that it can be used from any thread.

    The engine is opened when a table is first read: a call that only uses a model does not pay for it.
    """

    def __init__(
        self, folder: Path, *, as_of: date, currency: str, zone: str, engine: Callable[[], Engine], pinned: Mapping[str, int] | None = None
    ) -> None:
        self.as_of, self.currency, self.zone = as_of, currency, zone
        self.offered: list[Artefact] = []
        self._folder, self._opens, self._pinned = folder, engine, pinned
        self._engine: Engine | None = None
        self._lock = threading.RLock()
        self._open: dict[str, DeltaTable] = {}
        self._read: dict[str, ibis.Table] = {}
        self._models: dict[str, int] = {}

    @property
    def versions(self) -> dict[str, int]:
        """The tables read so far, each with its Delta version; and the models looked for, each with how many versions there were."""
        with self._lock:
            tables = {name: self._open[name].version() for name in sorted(self._read)}
            return tables | {models.MARK + name: count for name, count in sorted(self._models.items())}

    def names(self) -> tuple[str, ...]:
        """Tables that hold rows, sorted. Pinned facts know the pinned tables only: what came later was not there then."""
        if self._pinned is None:
            candidates = delta.table_names(self._folder)
        else:
            candidates = tuple(sorted(name for name in self._pinned if not name.startswith(models.MARK)))
        with self._lock:
            return tuple(name for name in candidates if (table := self._at_version(name)) is not None and table.file_uris())

    def table(self, name: str) -> ibis.Table:
        """The table as an Ibis expression; its version is noted.

        Raises NotEnoughData when it is absent or empty, NotReplayable when a pinned version can no longer be read.
        """
        with self._lock:
            if name not in self._read:
                opened = self._at_version(name)
                files = delta.files(opened) if opened is not None else []
                if not files:
                    raise absent(name)
                self._read[name] = self._opened().read(name, files)
            return self._read[name]

    def fetch(self, expression: Any, *, exact: bool = False) -> pa.Table:
        """Run an expression on the engine, an exact one on all processors."""
        with self._lock:
            return self._opened().fetch(expression, exact=exact)

    def model(self, name: str, version: int | None = None) -> Artefact | None:
        """The model that serves, or one version. Raises NotReplayable when one that a replay needs was removed."""
        return models.find(self._folder, name, version, among=self.model_versions(name), replaying=self._pinned is not None)

    def model_versions(self, name: str) -> int:
        """How many versions of the model there are, or were for a replay."""
        with self._lock:
            if name not in self._models:
                there = models.newest(self._folder, name)
                self._models[name] = there if self._pinned is None else self._pinned.get(models.MARK + name, 0)
                if self._models[name] > there:
                    raise NotReplayable(f"the model {name} has no version {self._models[name]} any more: it was removed")
            return self._models[name]

    def offer(self, artefact: Artefact) -> None:
        """Hold a model until the call has ended well: whoever opened these facts keeps it."""
        self.offered.append(artefact)

    def close(self) -> None:
        """Let go of the engine."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._opens()
        return self._engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _at_version(self, name: str) -> DeltaTable | None:
        if name not in self._open:
            if self._pinned is not None and name not in self._pinned:
                return None
            version = self._pinned[name] if self._pinned is not None else None
            opened = delta.open_table(self._folder, name, version)
            if opened is None and version is not None:
                raise NotReplayable(f"{name} has no version {version}: the table was removed, or these are another store's facts")
            if opened is None:
                return None
            if version is not None and not all(Path(file).exists() for file in opened.file_uris()):
                raise NotReplayable(delta.why_gone(self._folder, name, version))
            self._open[name] = opened
        return self._open[name]


class HeldFacts:
    """Facts over tables in memory: for tests, and for a request that brings its own rows. Reads no files, has no versions."""

    def __init__(self, tables: Mapping[str, pa.Table], *, as_of: date, currency: str, zone: str, engine: Engine) -> None:
        from store.schemas import conform

        self.as_of, self.currency, self.zone = as_of, currency, zone
        self.versions: dict[str, int] = {}
        self.offered: list[Artefact] = []
        self._engine = engine
        self._lock = threading.RLock()
        conformed = {name: conform(CONTRACTS[name], table) if name in CONTRACTS else table for name, table in tables.items()}
        self._tables = {name: engine.hold(name, table) for name, table in conformed.items() if table.num_rows}

    def names(self) -> tuple[str, ...]:
        """Tables that hold rows, sorted."""
        return tuple(sorted(self._tables))

    def table(self, name: str) -> ibis.Table:
        """The table as an Ibis expression. Raises NotEnoughData when it is absent or empty."""
        if name not in self._tables:
            raise absent(name)
        return self._tables[name]

    def fetch(self, expression: Any, *, exact: bool = False) -> pa.Table:
        """Run an expression on the engine, an exact one on all processors."""
        with self._lock:
            return self._engine.fetch(expression, exact=exact)

    def model(self, name: str, version: int | None = None) -> Artefact | None:
        """A model that was offered to these facts."""
        found = [artefact for artefact in self.offered if artefact.name == name]
        if version is not None:
            return next((artefact for artefact in found if artefact.version == version), None)
        return next((artefact for artefact in reversed(found) if artefact.serves), None)

    def model_versions(self, name: str) -> int:
        """How many were offered."""
        return sum(artefact.name == name for artefact in self.offered)

    def offer(self, artefact: Artefact) -> None:
        """Held as long as these facts are."""
        self.offered.append(artefact)

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


def open_facts(
    root: str | Path,
    workspace_id: str,
    client: delta.ClientLike,
    *,
    as_of: date,
    versions: Mapping[str, int] | None = None,
    engine: EngineName = "duckdb",
    threads: int = 1,
    engine_settings: Mapping[str, str] | None = None,
) -> StoredFacts:
    """A client's facts: the newest versions, or exactly those given, for a replay. Close it, or use it as a context."""
    folder = delta.client_folder(root, workspace_id, client.id)
    return StoredFacts(
        folder,
        as_of=as_of,
        currency=client.locale.currency,
        zone=client.locale.zone,
        engine=lambda: open_engine(engine, threads=threads, spill=folder / "_work" / "spill", settings=engine_settings),
        pinned=dict(versions) if versions is not None else None,
    )


def facts_from_tables(
    tables: Mapping[str, pa.Table], *, as_of: date, currency: str = "ZAR", zone: str = "Africa/Johannesburg", engine: EngineName = "duckdb"
) -> HeldFacts:
    """Facts over Arrow tables, each cast to its contract when it has one. Raises ToolInputError when one does not fit."""
    return HeldFacts(tables, as_of=as_of, currency=currency, zone=zone, engine=open_engine(engine))


def absent(name: str) -> NotEnoughData:
    """The refusal for a table that holds nothing, saying what to import."""
    what = f" ({CONTRACTS[name].description.rstrip('.').lower()})" if name in CONTRACTS else ""
    return NotEnoughData(
        f"there are no {name} for this client{what}: import some first", field=name, needed=f"rows in {name}", found="none"
    )
