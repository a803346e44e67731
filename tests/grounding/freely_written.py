"""Drafts kept as files: evidence of runs for simulated clients, and what a reader behind the model bridge and people wrote on it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from grounding.evidence import Evidence, Locale
from grounding.slots import render
from grounding.verdict import Verdict
from grounding.verify import verify

HERE = Path(__file__).parent / "drafts"
AS_OF = date(2026, 10, 31)
ZA, US = Locale(language="en-ZA", currency="ZAR"), Locale(language="en-US", currency="USD")
LOCALES = {"salon": ZA, "newcomer": ZA, "fitness": US}
FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class WrittenDraft:
    """One draft with its slots. `held`: written for rules that were final, measured once, and mended for only then."""

    name: str
    client: str
    by: str
    locale: Locale
    held: bool
    body: str

    def rendered(self) -> str:
        """The text as a reader gets it, links included."""
        result = render(self.body, known(self.client), self.locale)
        assert result.problems == (), (self.name, result.problems)
        return result.text

    def verdict(self, text: str) -> Verdict:
        return verify(text, records(self.client), locale=self.locale, as_of=AS_OF)


@cache
def records(client: str) -> tuple[Evidence, ...]:
    """The evidence of a client's run, as the tools gave it (figures and caveats; nothing of persons is in it)."""
    found = json.loads((HERE / "evidence" / f"{client}.json").read_text(encoding="utf-8"))
    return tuple(Evidence.model_validate(record) for record in found)


@cache
def known(client: str) -> dict[str, Evidence]:
    return {record.alias: record for record in records(client) if record.alias}


def drafts() -> list[WrittenDraft]:
    """Every draft, by name."""
    return [_read(path) for path in sorted(HERE.glob("*.md"))]


def _read(path: Path) -> WrittenDraft:
    match = FRONT.match(path.read_text(encoding="utf-8"))
    assert match is not None, path
    front = dict(line.split(": ", 1) for line in match["front"].splitlines())
    locale = LOCALES[front["evidence"]]
    if "language" in front:
        locale = Locale(language=front["language"], currency=locale.currency)
    return WrittenDraft(path.stem, front["evidence"], front["by"], locale, front["held"] == "yes", match["body"])
