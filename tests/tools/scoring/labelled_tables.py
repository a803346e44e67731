"""Simulated labelled tables with a known truth, and a client whose tables and models lie in a folder of their own."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from graphs.run_tool import ToolCall, compute
from grounding.evidence import Evidence, Locale
from grounding.replay import compare
from store.clients import Client
from store.importing.importing import import_file

AS_OF = date(2026, 11, 21)
START = date(2026, 1, 1)


def client(slug: str = "salon", workspace: str = "ws_1") -> Client:
    return Client(f"cl_{slug}", workspace, slug, "Salon (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Desk:
    """A client with tables on disk; tools run as every door runs them."""

    root: Path
    client: Client = field(default_factory=client)

    def give(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Import rows as the client's free table, in place of what was there."""
        path = self.root / f"{table}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        import_file(self.root / "facts", self.client.workspace_id, self.client, path, table=f"free_{table}", replace=True)

    def run(self, tool: str, **request: Any) -> Evidence:
        call = ToolCall(tool, request, workspace_id=self.client.workspace_id, client=self.client, as_of=AS_OF)
        return compute(call, self.root / "facts")

    def replays(self, evidence: Evidence) -> bool:
        """Whether the record computed again is equal."""
        call = ToolCall(
            evidence.tool, evidence.request, workspace_id=self.client.workspace_id, client=self.client, as_of=AS_OF, versions=evidence.facts
        )
        return compare(evidence.result, compute(call, self.root / "facts").result, same_engine=True).equal


def alone(tool: str, **request: Any) -> dict[str, Any]:
    """The result of a request that brings its own rows, without a client."""
    return compute(ToolCall(tool, request, as_of=AS_OF)).result


def leads(count: int = 1500, seed: int = 1, *, strength: float = 1.0) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Simulated leads with their true probability: pages and industry matter, employees somewhat, city and score do not."""
    random = np.random.default_rng(seed)
    industry = random.choice(["hair", "nails", "spa"], count, p=[0.5, 0.3, 0.2])
    pages, employees = random.poisson(4, count), np.round(random.lognormal(2, 1, count))
    odds = (
        strength * (0.45 * (pages - 4) + np.select([industry == "hair", industry == "spa"], [0.8, -0.8]) + 0.2 * np.log1p(employees)) - 1.2
    )
    truth = 1 / (1 + np.exp(-odds))
    won = random.random(count) < truth
    city = random.choice(["Durban", "Cape Town", "Gqeberha", ""], count)
    created = random.integers(0, 300, count)
    rows = [
        {
            "lead_id": f"L{number:06d}",
            "industry": str(industry[number]),
            "pages_viewed": int(pages[number]),
            "employees": None if number % 11 == 0 else int(employees[number]),
            "city": str(city[number]) or None,
            "score": round(float(random.normal()), 3),
            "seen_on": (START + timedelta(days=int(created[number]))).isoformat(),
            "won": "yes" if won[number] else "no",
        }
        for number in range(count)
    ]
    return rows, truth


def figure(result: dict[str, Any], key: str) -> Any:
    """The value of a figure."""
    return next(each for each in result["figures"] if each["key"] == key)["value"]
