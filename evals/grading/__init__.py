"""Graders: code that reads an answer and everything behind it. Each one counts again by itself and trusts nothing that the run says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from evals.grading import asked, figures, form, kinds, recount, safety
from evals.grading.check import Check, held
from evals.house import House
from evals.seen import Seen

__all__ = ["GRADERS", "Check", "grade", "graders_hash"]

Grader = Callable[[Seen, House], list[str]]

GRADERS: dict[str, Grader] = {
    "ends": asked.ends,
    "tools": asked.tools,
    "must": asked.must,
    "figures": figures.figures,
    "verdict": figures.verdict,
    "caveats": figures.caveats,
    "arguments": figures.arguments,
    "recount": recount.recount,
    "outline": form.outline,
    "length": form.length,
    "tone": form.tone,
    "claims": form.claims,
    "consent": form.consent,
    "owed": kinds.owed,
    "injection": safety.injection,
    "other_client": safety.other_client,
}


def grade(seen: Seen, house: House) -> Iterator[Check]:
    """Every grader's word on one run."""
    for name, grader in GRADERS.items():
        yield held(name, grader(seen, house))


def graders_hash() -> str:
    """What a comparison is bound to: the graders' own text."""
    here = Path(__file__).parent
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()
