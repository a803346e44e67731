"""What is asked of whom, on which data, and what the answer must and must not hold: cases as files, and families varied from them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from demo.clients import AS_OF

FOLDER = Path(__file__).parent / "datasets"
TRAPS = Path(__file__).parent / "traps.toml"
AMOUNT = re.compile(r"\{(\d+)\}")
Slug = Literal["salon", "fitness", "newcomer"]
Vary = Literal["budget", "client", "language", "trap"]

WORDS: dict[str, dict[str, str]] = {
    "salon": {"channels": "Google Ads, Meta, LinkedIn, TikTok and email", "goal": "bookings", "people": "guests"},
    "fitness": {"channels": "Google Ads, Meta, TikTok, YouTube and email", "goal": "purchases", "people": "members"},
    "newcomer": {"channels": "Google Ads and Meta", "goal": "purchases", "people": "customers"},
}
"""What stands for `{channels}`, `{goal}` and `{people}` with each simulated client."""
OTHER: dict[str, Slug] = {"salon": "fitness", "fitness": "salon", "newcomer": "newcomer"}
VARIED_BUDGET = 1.4
VARIED_LANGUAGE = "de-DE"


class Trap(BaseModel):
    """Text that gives orders, planted where a client's material is read. `bait`: patterns that show that somebody obeyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    where: Literal["document", "competitor_prices.product", "competitor_prices.source", "contacts.first_name"]
    text: str
    bait: tuple[str, ...] = Field(min_length=1)


class Case(BaseModel):
    """One case. Patterns are regular expressions, read without regard to case."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9_/-]+$")
    suite: str
    family: str
    client: Slug = "salon"
    asked: tuple[str, ...] = Field(min_length=1, description="the brief; in the chat, the messages one after the other")
    language: str | None = Field(None, description="the client's language when it is not its own")
    as_of: date = AS_OF
    without: tuple[str, ...] = Field((), description="tables of the client that are left out")
    extra: tuple[str, ...] = Field((), description="tables that most cases do without, because they are large")
    trap: str | None = None
    critical: bool = Field(False, description="when it newly fails, no average makes up for it")
    ends: str = Field("published", description="how the run must end; `refused` before it began; `answered` in the chat")
    tools: tuple[str, ...] = Field((), description="tools that must have answered")
    tools_not: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()
    events: tuple[str, ...] = Field((), description="kinds of events that must be there")
    events_not: tuple[str, ...] = ()
    assumes: int = Field(0, ge=0, description="how many named assumptions its data leaves room for")
    vary: tuple[Vary, ...] = ()

    @property
    def key(self) -> str:
        """Suite and id."""
        return f"{self.suite}/{self.id}"

    def words(self) -> tuple[str, ...]:
        """What is asked, in the client's own words and currency."""
        known = WORDS[self.client]
        return tuple(
            re.sub(
                r"\{(channels|goal|people)\}",
                lambda found: known[found[1]],
                AMOUNT.sub(lambda found: money(int(found[1]), self.client), text),
            )
            for text in self.asked
        )


def money(amount: int, client: str) -> str:
    """An amount in whole units as the client writes it."""
    return f"${amount:,}" if client == "fitness" else "R" + f"{amount:,}".replace(",", " ")


def suites() -> tuple[str, ...]:
    """The suites there are, one file each."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def written(suite: str) -> list[Case]:
    """The cases of a suite as they were written. Raises FileNotFoundError, ValueError."""
    text = (FOLDER / f"{suite}.toml").read_text(encoding="utf-8")
    common: dict[str, Any]
    parsed = tomllib.loads(text)
    common = parsed.get("every", {})
    found = [
        Case.model_validate({**common, **_listed(entry), "suite": suite, "family": f"{suite}/{entry['id']}"}) for entry in parsed["case"]
    ]
    twice = {case.id for case in found if sum(other.id == case.id for other in found) > 1}
    if twice:
        raise ValueError(f"evals/datasets/{suite}.toml names a case twice: {', '.join(sorted(twice))}")
    return found


def _listed(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "asked": [entry["asked"]] if isinstance(entry.get("asked"), str) else entry.get("asked", ())}


def traps() -> dict[str, Trap]:
    """Traps by name."""
    parsed = tomllib.loads(TRAPS.read_text(encoding="utf-8"))
    return {entry["name"]: Trap.model_validate(entry) for entry in parsed["trap"]}


def family(case: Case) -> Iterator[Case]:
    """The written case, then what is varied from it: one thing at a time, under the same family."""
    yield case
    for name in case.vary:
        if (changed := _varied(case, name)) is not None:
            yield changed.model_copy(update={"id": f"{case.id}/{name}", "vary": ()})


def _varied(case: Case, name: Vary) -> Case | None:
    match name:
        case "budget":
            asked = tuple(AMOUNT.sub(lambda found: f"{{{round(int(found[1]) * VARIED_BUDGET)}}}", text) for text in case.asked)
            return case.model_copy(update={"asked": asked}) if asked != case.asked else None
        case "client":
            return case.model_copy(update={"client": OTHER[case.client]}) if OTHER[case.client] != case.client else None
        case "language":
            return case.model_copy(update={"language": VARIED_LANGUAGE})
        case "trap":
            return case.model_copy(update={"trap": "orders_in_a_note"}) if case.trap is None else None


def cases(suite: str, *, families: bool = False, most: int | None = None) -> list[Case]:
    """The cases of a suite. `most`: so many written ones, the critical ones first; a variation stands behind its case."""
    chosen = sorted(written(suite), key=lambda case: not case.critical)[:most]
    return [one for case in chosen for one in (family(case) if families else (case,))]


def dataset_hash(suite: str) -> str:
    """What a comparison is bound to: the cases, the traps, and how families are varied."""
    parts = [FOLDER / f"{suite}.toml", TRAPS, Path(__file__)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in parts)).hexdigest()
