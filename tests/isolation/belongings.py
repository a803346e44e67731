"""What an agency has: one of each thing that an address names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grounding.evidence import Evidence
from grounding.ids import new_id
from store import approvals, deliverables, evidence, experiments, imports, schedule_fires
from store.database import Database
from store.documents import add_document
from store.policies import Requirement
from tests.api.conftest import Agency
from tests.api.support import BRIEF


class OneEmbedder:
    """Gives every text the same vector: what is found does not matter here."""

    name = "one"
    dimensions = 3

    def embed(self, texts):
        return [[1.0, 0.0, 0.0] for _ in texts]


@dataclass(frozen=True, slots=True)
class Belongings:
    """Ids of one agency's things."""

    run: str
    evidence: str
    deliverable: str
    document: str
    imported: str
    client: str
    thread: str
    experiment: str
    approval: str
    schedule: str

    def of(self, noun: str) -> str:
        """The id of one thing."""
        return getattr(self, noun)

    def unknown(self) -> Belongings:
        """Ids of the same shape that nothing has."""
        return Belongings(*(self.of(noun)[:-6] + "zzzzzz" for noun in self.__slots__))


async def belongings(agency: Agency, database: Database, folder: Path, *, word: str) -> Belongings:
    """One of each thing; `word` stands in every text that a caller could be shown."""
    answer = await agency.http.post("/tasks", json={"kind": "strategy", "client": "salon", "brief": f"{BRIEF} {word}"})
    run = answer.json()["id"]
    record = Evidence(
        id=new_id("ev"),
        tool="calculate",
        version=1,
        request={"note": word},
        result={"figures": [], "findings": [], "caveats": []},
        created_at=datetime.now(UTC),
    )
    rejects = folder / f"{run}-rejects.csv"
    rejects.write_text(f"line,reason,row\n2,bad date,{word}\n")
    async with database.transaction(agency.workspace.id) as connection:
        await evidence.add(connection, agency.client.id, run, record)
        made = await deliverables.add(
            connection, run_id=run, client_id=agency.client.id, kind="strategy", title=word, status="published", content={"note": word},
            markdown=f"# {word}", verdict={}, evidence_aliases={}, model={}, prompt={},
        )  # fmt: skip
        audience = {"client": "salon", "texts": [{"where": "audience", "text": word}]}
        asked = await approvals.ask(connection, made, audience=audience, cost=[], passages=[], requirement=Requirement())
        document = await add_document(
            connection, agency.client.id, word, "brand", f"{word} is our word.", word, None, embedder=OneEmbedder()
        )
        logged = await imports.log_import(
            connection, agency.client.id, table_name="orders", file_name=f"{word}.csv", file_hash="0", mapping={}, rows_read=2, rows_kept=1,
            rows_rejected=1, duplicates=0, version=None, reject_file=str(rejects), actor="test",
        )  # fmt: skip
        experiment = await experiments.create(connection, agency.client.id, word, {"name": word, "hypothesis": word})
    thread = await agency.http.post("/threads", json={"client": "salon", "title": word})
    planned = {"client": "salon", "brief": f"{BRIEF} {word}", "cron": "0 7 1 * *", "recipients": [word]}
    schedule = (await agency.http.post("/schedules", json=planned)).json()["id"]
    async with database.transaction(agency.workspace.id) as connection:
        await schedule_fires.claim(connection, schedule, datetime.now(UTC))
        [fire] = await schedule_fires.unsettled(connection)
        await schedule_fires.not_started(connection, fire, "skipped", word)
        await schedule_fires.alert(connection, fire, "stale", word)
    return Belongings(
        run, record.id, made.id, document.id, logged.id, agency.client.id, thread.json()["id"], experiment.id, asked.id, schedule
    )
