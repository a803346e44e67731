"""Each mutant of a clean draft has one thing wrong; the verifier stops it, and lets the clean ones pass."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from grounding.slots import render
from grounding.verdict import Verdict
from grounding.verify import verify
from tests.grounding import freely_written, synthetic
from tests.grounding.clean_drafts import CLEAN
from tests.grounding.mutations import KINDS, Mutant, Mutator, without_links

EVIDENCE = synthetic.evidence()
KNOWN = {record.alias: record for record in EVIDENCE}


MANY = {"digits": 9, "scale": 9, "sign": 9, "unit": 9, "entity": 20, "metric": 20, "period": 12, "causal verb": 20}
"""How many of each kind a draft gives at most; numbers are everywhere, and few drafts name many channels."""


@dataclass(frozen=True)
class Subject:
    """A draft under mutation, from either store of drafts."""

    name: str
    group: str
    text: str
    written: freely_written.WrittenDraft | None = None

    def verdict(self, text: str) -> Verdict:
        if self.written is not None:
            return self.written.verdict(text)
        return verify(text, EVIDENCE, locale=synthetic.ZA, as_of=synthetic.AS_OF)

    def mutants(self) -> list[Mutant]:
        return list(Mutator(self.text, freely_written.known(self.written.client) if self.written else KNOWN).all())


@dataclass
class Tally:
    """How a kind fared."""

    made: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return 1 - len(self.missed) / self.made if self.made else 1.0


def rendered(draft: str, links: bool) -> str:
    result = render(draft, KNOWN, synthetic.ZA, links=links)
    assert result.problems == ()
    return result.text


def subjects() -> list[Subject]:
    """The self-written ten, and every draft kept as a file."""
    own = [Subject(name, "self-written", rendered(text, True)) for name, text in synthetic.DRAFTS.items()]
    kept = [Subject(d.name, "held out" if d.held else "in sample", d.rendered(), d) for d in freely_written.drafts()]
    return own + kept


def stopped(verdict: Verdict) -> bool:
    """Whether numbers or words stop a text. Caveats are left out: a section does not say those of the whole."""
    return bool(verdict.failing or verdict.words)


def tallies(chosen: Iterable[Subject], per_kind: dict[str, int], seed: int) -> dict[str, dict[str, Tally]]:
    """Mutants caught, by group and kind: up to so many of each kind from each clean draft, half of them without links."""
    chance = random.Random(seed)
    found: dict[str, dict[str, Tally]] = defaultdict(lambda: {kind: Tally() for kind in KINDS})
    for place, subject in enumerate(chosen):
        clean = {links: not stopped(subject.verdict(subject.text if links else without_links(subject.text))) for links in (True, False)}
        by_kind: dict[str, list[Mutant]] = defaultdict(list)
        for mutant in subject.mutants():
            by_kind[mutant.kind].append(mutant)
        for kind in KINDS:
            for number, mutant in enumerate(chance.sample(by_kind[kind], min(per_kind[kind], len(by_kind[kind])))):
                links = (number + place) % 2 == 0
                if not clean[links]:
                    continue
                tally = found[subject.group][kind]
                tally.made += 1
                if not stopped(subject.verdict(mutant.text if links else without_links(mutant.text))):
                    tally.missed.append(f"{subject.name}{'' if links else ' (plain)'}: {mutant.what}")
    return found


def show(found: dict[str, dict[str, Tally]]) -> None:
    groups = list(found)
    print("\n  kind          " + "".join(f"{group:>22}" for group in groups) + f"{'all':>22}")
    for kind in (*KINDS, "all"):
        cells = [[found[g][k] for k in (KINDS if kind == "all" else (kind,))] for g in groups]
        cells.append([tally for cell in cells for tally in cell])
        made = [sum(t.made for t in cell) for cell in cells]
        right = [sum(t.made - len(t.missed) for t in cell) for cell in cells]
        print(f"  {kind:14}" + "".join(f"{r:>10}/{m:<5}{r / max(m, 1):6.1%}" for r, m in zip(right, made, strict=True)))


def draft(text: str) -> Mutator:
    return Mutator(rendered(text, True), KNOWN)


def test_equal_claims_are_no_mutants_and_nothing_else_is_left_out():
    """Each rule of `mutations`, once where it leaves a change out and once where it does not."""
    record = KNOWN["E2"]
    figures = [dict(figure) for figure in record.result["figures"]]
    meta = next(f for f in figures if f["key"] == "meta.conversions")
    meta["value"] = next(f["value"] for f in figures if f["key"] == "google_ads.conversions")
    twins = {"E2": record.model_copy(update={"result": record.result | {"figures": figures}})}
    text = render("Google Ads had {{E2.google_ads.conversions}} bookings.", twins, synthetic.ZA).text
    assert "google_ads → meta" not in {m.what for m in Mutator(text, twins).all() if m.kind == "entity"}
    assert "google_ads → tiktok" in {m.what for m in Mutator(text, twins).all() if m.kind == "entity"}
    kinds = {m.kind for m in draft("The e-mail test showed a lift in bookings of {{E6.lift}} and had {{E6.lift}}.").all()}
    assert "causal verb" not in kinds
    assert "causal verb" in {m.kind for m in draft("Google Ads had {{E2.google_ads.conversions}} bookings.").all()}
    assert "causal verb" not in {m.kind for m in draft("Who knows which of them had {{E2.google_ads.conversions}} bookings?").all()}
    spend = draft("Total spend was {{E2.total.spend}}.")
    number = spend.numbers[0]
    assert spend.equivalent_metric(number, "total spend")
    assert not spend.equivalent_metric(number, "revenue")


@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
@pytest.mark.parametrize("text", [*synthetic.DRAFTS.values(), *CLEAN])
def test_a_clean_draft_passes(text: str, links: bool):
    verdict = verify(rendered(text, links), EVIDENCE, locale=synthetic.ZA, as_of=synthetic.AS_OF)
    assert verdict.ok, (verdict.failing, verdict.words, verdict.missing_caveats)


@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
def test_clean_drafts_of_readers_are_hardly_ever_stopped(links: bool, capsys: pytest.CaptureFixture[str]):
    """With links at most 5% of the drafts and 0.3% of their numerals; pasted without, where words have to say it all, 15% and 1.5%."""
    drafts = freely_written.drafts()
    texts = [draft.rendered() if links else without_links(draft.rendered()) for draft in drafts]
    verdicts = [draft.verdict(text) for draft, text in zip(drafts, texts, strict=True)]
    halted = [draft.name for draft, verdict in zip(drafts, verdicts, strict=True) if stopped(verdict)]
    numerals, failing = sum(len(v.numerals) for v in verdicts), sum(len(v.failing) for v in verdicts)
    with capsys.disabled():
        print(f"\n  {len(drafts)} drafts, {len(halted)} stopped {halted}; {numerals} numerals, {failing} stopped")
    assert len(drafts) >= 40
    assert len([draft for draft in drafts if "bridge" in draft.by]) >= 10
    assert len(halted) <= (0.05 if links else 0.15) * len(drafts)
    assert failing <= (0.003 if links else 0.015) * numerals


def test_mutants_are_caught():
    """The fast half: every draft, a mutant of each kind that it has."""
    every = subjects()
    assert len(every) >= 40
    found = tallies(every, dict.fromkeys(KINDS, 1), 20261121)
    made = sum(tally.made for group in found.values() for tally in group.values())
    missed = [what for group in found.values() for tally in group.values() for what in tally.missed]
    assert made >= 400
    assert len(missed) <= 0.03 * made, missed


@pytest.mark.slow
def test_many_mutants_are_caught(capsys: pytest.CaptureFixture[str]):
    """At least 99% of 2 400 mutants and 97% of each kind, 300 of each or more."""
    found = tallies(subjects(), MANY, 7)
    with capsys.disabled():
        show(found)
    by_kind = {kind: [group[kind] for group in found.values()] for kind in KINDS}
    every = [tally for group in by_kind.values() for tally in group]
    missed = [what for tally in every for what in tally.missed]
    for kind, group in by_kind.items():
        made, wrong = sum(t.made for t in group), [what for t in group for what in t.missed]
        assert made >= 300, (kind, made)
        assert len(wrong) <= 0.03 * made, (kind, wrong)
    assert sum(tally.made for tally in every) >= 2400
    assert len(missed) <= 0.01 * sum(tally.made for tally in every), missed
