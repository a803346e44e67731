"""Write a simulated client's data as the files its tools would export, with the mess that such files have."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from demo.clients import AS_OF, CLIENTS, SEED
from demo.exporting.platforms import platform_sheets
from demo.exporting.sheet import ExportFile, write
from demo.exporting.systems import SYSTEMS
from demo.simulate import world
from demo.simulation.streams import Streams
from demo.truth import SCALES, Size


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was written; `manifest.json` beside the files says the same."""

    client: str
    size: Size
    seed: int
    as_of: date
    files: tuple[ExportFile, ...]
    simulated: bool = True

    def rows(self, table: str) -> int:
        """Good rows of a table over all its files."""
        return sum(file.good_rows for file in self.files if file.table == table)


def write_exports(client: str, folder: str | Path, size: Size = "small", seed: int = SEED, as_of: date = AS_OF) -> Manifest:
    """Write every export of a client into `folder`, made if it is not there. Raises KeyError for a client that does not exist."""
    drawn = world(client, size, seed=seed, as_of=as_of)
    streams = Streams(seed, client, SCALES[size])
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sheets = platform_sheets(drawn.tables["ad_metrics"], CLIENTS[client].language, drawn.truth.currency, drawn.span.first, as_of)
    sheets += [
        export(drawn.tables[name], drawn.span.zone, drawn.truth.currency) for name, export in SYSTEMS.items() if name in drawn.tables
    ]
    files = tuple(write(sheet, folder, streams.of("damage", sheet.path)) for sheet in sheets)
    manifest = Manifest(client, size, seed, as_of, files)
    (folder / "manifest.json").write_text(_as_json(manifest, folder), encoding="utf-8")
    return manifest


def _as_json(manifest: Manifest, folder: Path) -> str:
    content = asdict(manifest)
    content["as_of"] = manifest.as_of.isoformat()
    for file in content["files"]:
        file["path"] = str(file["path"].relative_to(folder))
    return json.dumps(content, indent=2) + "\n"
