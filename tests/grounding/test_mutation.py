"""Each mutant of a clean draft has one thing wrong; the verifier stops it, and lets the clean ones pass."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from grounding.slots import render
from grounding.verify import verify
from tests.grounding.clean_drafts import CLEAN
from tests.grounding.mutants import Mutant, mutants
from tests.grounding.synthetic import AS_OF, DRAFTS, ZA, evidence

EVIDENCE = evidence()
KNOWN = {record.alias: record for record in EVIDENCE}
KINDS = ("digits", "scale", "unit", "sign", "entity", "metric", "period", "cause")


def rendered(draft: str, links: bool) -> str:
    result = render(draft, KNOWN, ZA, links=links)
    assert result.problems == ()
    return result.text


@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
@pytest.mark.parametrize("draft", [*DRAFTS.values(), *CLEAN])
def test_a_clean_draft_passes(draft: str, links: bool):
    verdict = verify(rendered(draft, links), EVIDENCE, locale=ZA, as_of=AS_OF)
    assert verdict.ok, (verdict.failing, verdict.words, verdict.missing_caveats)


def by_kind() -> dict[str, list[Mutant]]:
    found: dict[str, list[Mutant]] = defaultdict(list)
    for draft in DRAFTS.values():
        for links in (True, False):
            for mutant in mutants(rendered(draft, True), links):
                found[mutant.kind].append(mutant)
    return found


def caught(sample: list[Mutant]) -> tuple[int, list[str]]:
    missed = [mutant.what for mutant in sample if verify(mutant.text, EVIDENCE, locale=ZA, as_of=AS_OF).ok]
    return len(sample) - len(missed), missed


def test_mutants_are_caught(capsys: pytest.CaptureFixture[str]):
    every, chance = by_kind(), random.Random(20261121)
    assert set(every) == set(KINDS)
    all_caught = all_made = 0
    for kind in KINDS:
        sample = chance.sample(every[kind], min(60, len(every[kind])))
        right, missed = caught(sample)
        all_caught, all_made = all_caught + right, all_made + len(sample)
        with capsys.disabled():
            print(f"  {kind}: {right}/{len(sample)} caught{f'; missed {missed}' if missed else ''}")
        assert right >= 0.95 * len(sample), (kind, missed)
    assert all_caught >= 0.97 * all_made


@pytest.mark.slow
def test_many_mutants_are_caught(capsys: pytest.CaptureFixture[str]):
    every, chance = by_kind(), random.Random(7)
    all_caught = all_made = 0
    for kind in KINDS:
        sample = chance.sample(every[kind], min(400, len(every[kind])))
        right, missed = caught(sample)
        all_caught, all_made = all_caught + right, all_made + len(sample)
        with capsys.disabled():
            print(f"  {kind}: {right}/{len(sample)} caught{f'; missed {missed[:5]}' if missed else ''}")
        assert right >= 0.97 * len(sample), (kind, missed)
    assert all_caught >= 0.99 * all_made
