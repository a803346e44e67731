"""Run cases, grade them, and write one JSON-lines file: the first line says what ran, each further line is a case."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evals.case import Case, dataset_hash
from evals.grading import Check, grade, graders_hash
from evals.house import House, stock, tables_of, versions
from evals.seen import Seen

FORMAT = 1
LONGEST_TEXT = 20_000
"""characters of an answer that a run keeps"""
CASE_SECONDS, MODEL_CASE_SECONDS = 900.0, 14_400.0
"""longest run of one case by the offline rules, and by a model, which may be a person who reads"""


@dataclass(frozen=True)
class Graded:
    """One case as a run keeps it."""

    case: str
    suite: str
    family: str
    critical: bool
    passed: bool
    asked: str
    client: str
    status: str
    checks: tuple[Check, ...]
    text: str
    text_sha256: str
    tools: tuple[str, ...]
    seconds: float
    cost_micros: int | None
    tokens: int
    calls: int
    noted: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """As a line of the file."""
        return json.dumps({"kind": "case", **asdict(self)}, ensure_ascii=False)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(dict.fromkeys(check.name for check in self.checks if not check.ok))


@dataclass(frozen=True)
class RunFile:
    """A run as it stands in its file."""

    head: dict[str, Any]
    cases: dict[str, Graded]


def head(cases: Sequence[Case], model: dict[str, Any]) -> dict[str, Any]:
    """What a run is told by: the model, the prompts, the cases, the graders, the versions."""
    from prompts.library import load

    folder = Path(__file__).resolve().parents[1] / "prompts"
    prompts = {path.stem: load(path.stem) for path in sorted(folder.glob("*.md"))}
    return {
        "kind": "run",
        "format": FORMAT,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model,
        "says": "" if model["is_llm"] else "written by rules, not by a language model: it says nothing of the quality of a prompt",
        "datasets": {suite: dataset_hash(suite) for suite in sorted({case.suite for case in cases})},
        "graders": graders_hash(),
        "prompts": {name: {"version": prompt.version, "sha256": prompt.sha256} for name, prompt in prompts.items()},
        "versions": dict(versions()),
    }


def graded(seen: Seen, house: House) -> Graded:
    """A run of a case with what the graders say of it."""
    checks = tuple(grade(seen, house))
    usage = seen.usage
    cost = None if usage.get("unpriced_calls") else int(usage.get("known_cost_micros", 0))
    noted = {
        "repairs": float(sum(kind == "verdict" and not payload.get("ok") for kind, payload in seen.events)),
        "refusals": float(sum(kind == "tool_refused" for kind, _ in seen.events)),
        "assumptions": float(len({entry.ref for record in seen.evidence for entry in record.inputs if entry.kind == "assumption"})),
        "words": float(len(seen.text.split())),
    }
    return Graded(
        case=seen.case.key,
        suite=seen.case.suite,
        family=seen.case.family,
        critical=seen.case.critical,
        passed=all(check.ok for check in checks),
        asked=" / ".join(seen.case.words())[:1000],
        client=seen.case.client,
        status=seen.status,
        checks=checks,
        text=(seen.text or seen.error or "")[:LONGEST_TEXT],
        text_sha256=hashlib.sha256(seen.text.encode()).hexdigest(),
        tools=tuple(name for name, _ in seen.calls()),
        seconds=seen.seconds,
        cost_micros=cost,
        tokens=int(usage.get("input_tokens", 0)) + int(usage.get("output_tokens", 0)),
        calls=int(usage.get("calls", 0)),
        noted=noted,
    )


Spoil = Callable[[], AbstractContextManager[Any]]


async def work(home: Path, cases: Iterable[Case], model: str, tell: Callable[[Graded], None], spoil: Spoil = nullcontext) -> None:
    """Run cases one after the other in this process."""
    from evals.asking import ask
    from evals.remembering import data_of, remembering
    from graphs.services import open_services
    from llm.settings import ModelSettings

    house, longest = House(home), CASE_SECONDS if model == "offline" else MODEL_CASE_SECONDS
    async with open_services(house.settings, ModelSettings(model=model), name="groundwork eval") as services:
        with remembering(house) as kept:
            for case in cases:
                stock(house, case.client, tables_of(case))
                kept.data = data_of(case)
                with spoil():
                    seen = await asyncio.wait_for(ask(services, house, case), longest)
                tell(graded(seen, house))


def _part(home: Path, cases: list[Case], model: str) -> list[Graded]:
    found: list[Graded] = []
    asyncio.run(work(home, cases, model, found.append))
    return found


def parts(cases: Sequence[Case], size: int = 6) -> list[list[Case]]:
    """Cases in small batches of one client and suite each: they share data, and batches spread over processes."""
    found: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        found.setdefault((case.client, case.suite), []).append(case)
    return [group[start : start + size] for group in found.values() for start in range(0, len(group), size)]


def tell_now(line: str) -> None:
    """Progress, at once: a run takes minutes."""
    print(line, flush=True)


def run(
    house: House,
    cases: Sequence[Case],
    model: str,
    out: Path,
    *,
    processes: int = 2,
    noted: dict[str, Any] | None = None,
    say: Callable[[str], None] = tell_now,
) -> RunFile:
    """Run cases over processes, one line of progress each, and write the file when all is done. Raises what a case raised.

    `noted`: what else its first line says, such as that the prompts were changed.
    """
    from llm.models import describe
    from llm.settings import ModelSettings

    card = describe(ModelSettings(model=model), "strong").as_json()
    began, done = time.monotonic(), {}

    def tell(one: Graded) -> None:
        done[one.case] = one
        what = "passed" if one.passed else f"FAILED {', '.join(one.failed)}"
        say(f"[{len(done)}/{len(cases)} {time.monotonic() - began:.0f} s] {one.case}: {what}")

    first = head(cases, card) | (noted or {})
    needed: dict[str, set[str]] = {}
    for case in cases:
        needed.setdefault(case.client, set()).update(tables_of(case))
    for slug, names in needed.items():
        stock(house, slug, tuple(sorted(names)))
    if processes == 1:
        asyncio.run(work(house.home, cases, model, tell))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(_part, house.home, part, model) for part in parts(cases)]):
                for one in future.result():
                    tell(one)
    ordered = {case.key: done[case.key] for case in cases}
    first |= {"seconds": round(time.monotonic() - began, 1), "cases": len(ordered), "passed": sum(one.passed for one in ordered.values())}
    write(out, first, ordered.values())
    return RunFile(first, ordered)


def write(out: Path, first: dict[str, Any], cases: Iterable[Graded]) -> None:
    """The file, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".part")
    draft.write_text("\n".join([json.dumps(first, ensure_ascii=False), *(one.line() for one in cases)]) + "\n", encoding="utf-8")
    draft.replace(out)


class UnreadableRun(ValueError):
    """The file is no run."""


def read(path: Path) -> RunFile:
    """A run from its file. Raises UnreadableRun, OSError."""
    try:
        first, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        if first["kind"] != "run" or first["format"] != FORMAT:
            raise UnreadableRun(f"{path} is no run of format {FORMAT}")
        found = [_case(entry) for entry in rest]
    except (ValueError, KeyError, TypeError) as error:
        raise error if isinstance(error, UnreadableRun) else UnreadableRun(f"{path} is no run: {error}") from error
    return RunFile(first, {one.case: one for one in found})


def _case(entry: dict[str, Any]) -> Graded:
    entry = {name: value for name, value in entry.items() if name != "kind"}
    return Graded(**{**entry, "checks": tuple(Check(**check) for check in entry["checks"]), "tools": tuple(entry["tools"])})
