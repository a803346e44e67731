"""The mutation score: of the defects planted, how many does some grader catch that was content before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evals.case import Case, cases, suites
from evals.defects import DEFECTS, Defect, by_name
from evals.house import House, stock, tables_of
from evals.running import Graded, graded
from llm.settings import ModelSettings

LIMIT = 0.95
"""Share of planted defects that the suite has to catch."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One defect in one case. `took`: whether it took effect at all; `by`: the graders that newly failed."""

    defect: str
    case: str
    took: bool
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What was planted and caught."""

    planted: tuple[Planted, ...]

    def of(self, name: str) -> tuple[int, int]:
        """Caught and planted, of one defect."""
        took = [one for one in self.planted if one.defect == name and one.took]
        return sum(bool(one.by) for one in took), len(took)

    @property
    def share(self) -> float:
        """Share caught of all that took effect."""
        took = [one for one in self.planted if one.took]
        return sum(bool(one.by) for one in took) / len(took) if took else 0.0

    @property
    def idle(self) -> tuple[str, ...]:
        """Defects that took effect in no run: the suite says nothing of them."""
        return tuple(
            defect.name for defect in DEFECTS if not self.of(defect.name)[1] and any(p.defect == defect.name for p in self.planted)
        )

    @property
    def held(self) -> bool:
        """Whether the suite is as watchful as it has to be."""
        return self.share >= LIMIT and not self.idle

    def lines(self) -> list[str]:
        """The score by defect, for people."""
        width = max(len(defect.name) for defect in DEFECTS)
        told = []
        for defect in DEFECTS:
            caught, took = self.of(defect.name)
            if not any(one.defect == defect.name for one in self.planted):
                continue
            by = sorted({name for one in self.planted if one.defect == defect.name for name in one.by})
            missed = [one.case for one in self.planted if one.defect == defect.name and one.took and not one.by]
            tail = f"  missed in {', '.join(missed)}" if missed else ""
            told.append(f"{defect.where:<6} {defect.name:<{width}} {caught}/{took}  {defect.what}  [{', '.join(by)}]{tail}")
        return told


def plan(per_suite: int = 1, most: int = 3, only: Sequence[str] = ()) -> dict[str, list[Case]]:
    """Which cases each defect is planted in: the first that fit, of each suite so many, of small clients first."""
    pool = {suite: sorted(cases(suite), key=_dear) for suite in suites()}
    found: dict[str, list[Case]] = {}
    for number, defect in enumerate(DEFECTS):
        if only and defect.name not in only:
            continue
        fitting = [[case for case in pool[suite] if defect.fits(case)][:per_suite] for suite in suites()]
        flat = [case for group in fitting for case in group]
        # defects take turns at the suites, so that each suite is tried by many
        turned = flat[number % len(flat) :] + flat[: number % len(flat)] if flat else []
        found[defect.name] = turned[:most]
    return found


def _dear(case: Case) -> tuple[bool, bool, int]:
    return case.client != "newcomer", not case.critical, len(case.asked)


def score(house: House, planned: Mapping[str, Sequence[Case]], *, processes: int = 2, say: Callable[[str], None] = print) -> Score:
    """Run each case sound once and with each of its defects. Cases that fail sound are left out and named."""
    wanted: dict[str, tuple[Case, list[str]]] = {}
    for name, group in planned.items():
        for case in group:
            wanted.setdefault(case.key, (case, []))[1].append(name)
    for case, _ in wanted.values():
        stock(house, case.client, tables_of(case))
    batches = [list(wanted.values())[start::processes] for start in range(processes)]
    found: list[Planted] = []

    def tell(group: Iterable[Planted]) -> None:
        found.extend(group)

    if processes == 1:
        tell(_part(house.home, batches[0]))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            for done in as_completed([pool.submit(_part, house.home, batch) for batch in batches if batch]):
                tell(done.result())
    for failing in sorted({one.case for one in found if one.defect == ""}):
        say(f"left out, since it fails without any defect: {failing}")
    return Score(tuple(one for one in found if one.defect))


def _part(home: Path, batch: list[tuple[Case, list[str]]]) -> list[Planted]:
    return asyncio.run(_run(House(home), batch))


async def _run(house: House, batch: list[tuple[Case, list[str]]]) -> list[Planted]:
    from evals.asking import ask
    from evals.remembering import data_of, remembering
    from graphs.services import open_services

    found: list[Planted] = []
    async with open_services(house.settings, ModelSettings(model="offline"), name="groundwork eval mutate") as services:
        with remembering(house) as kept:
            for case, names in batch:
                kept.data = data_of(case)
                sound = graded(await ask(services, house, case), house)
                if not sound.passed:
                    found.append(Planted("", case.key, False, sound.failed))
                    continue
                for name in names:
                    with _quiet(), by_name()[name].planted(case) as planting:
                        spoilt = graded(await ask(services, house, case), house)
                    found.append(Planted(name, case.key, planting.times > 0, _newly(sound, spoilt)))
    return found


def _newly(sound: Graded, spoilt: Graded) -> tuple[str, ...]:
    return tuple(name for name in spoilt.failed if name not in sound.failed)


@contextmanager
def _quiet() -> Any:
    """A planted defect may break a run: what the graph logs of it is no news."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


__all__ = ["DEFECTS", "LIMIT", "Defect", "Planted", "Score", "plan", "score"]
