"""What the verifier says of a text: each numeral's verdict, the words that claim too much, and the caveats left unsaid."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from tools.contract import Frozen

VerdictWord = Literal["VERIFIED", "CONTRADICTED", "UNSUPPORTED", "EXEMPT"]
FAILING: frozenset[VerdictWord] = frozenset({"CONTRADICTED", "UNSUPPORTED"})


class NumeralVerdict(Frozen):
    """One numeral or number word."""

    text: str
    start: int = Field(description="offset in the text that was given")
    end: int
    sentence: str
    verdict: VerdictWord
    reason: str
    evidence: str | None = Field(None, description="alias (or id) of the record that holds the figure meant")
    key: str | None = Field(None, description="key of the figure meant, with .low or .high for an end of its interval")


class WordProblem(Frozen):
    """Words that claim more than the figures allow: a cause, a comparison, significance, a direction."""

    text: str
    start: int
    end: int
    sentence: str
    kind: Literal["cause", "comparison", "significance", "direction", "heading"]
    reason: str


class MissingCaveat(Frozen):
    """An insistent caveat of the evidence used that the text does not say."""

    evidence: str
    code: str
    text: str
    slot: str


class Verdict(Frozen):
    """The whole reading. `ok` when nothing is contradicted or unsupported, no word claims too much and no caveat is missing."""

    ok: bool
    numerals: tuple[NumeralVerdict, ...] = ()
    words: tuple[WordProblem, ...] = ()
    missing_caveats: tuple[MissingCaveat, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many numerals got each verdict, how many words claim too much and how many caveats are missing."""
        found = Counter(numeral.verdict for numeral in self.numerals)
        verdicts = {word: found.get(word, 0) for word in ("VERIFIED", "CONTRADICTED", "UNSUPPORTED", "EXEMPT")}
        return {**verdicts, "words": len(self.words), "missing_caveats": len(self.missing_caveats)}

    @property
    def failing(self) -> tuple[NumeralVerdict, ...]:
        """The numerals that stop the text."""
        return tuple(numeral for numeral in self.numerals if numeral.verdict in FAILING)
