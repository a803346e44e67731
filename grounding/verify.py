"""Verify a rendered text, whoever wrote it: every numeral against the evidence, and every claim against its basis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from grounding.evidence import Evidence, Locale
from grounding.rendering import minor_units
from grounding.verdict import FAILING, MissingCaveat, NumeralVerdict, Verdict, WordProblem
from grounding.verifying.numerals import Numeral, read
from tools.contract import Figure

__all__ = ["MissingCaveat", "NumeralVerdict", "Verdict", "WordProblem", "verify"]


def verify(text: str, evidence: Sequence[Evidence], *, locale: Locale, brief: str | None = None, as_of: date | None = None) -> Verdict:
    """The verdict on a text. `brief`: words whose numbers count as stated; `as_of`: the day the text is for."""
    plain = re.sub(r"\]\((?:[^)\s]*)\)", lambda m: " " * len(m[0]), text)
    figures = [(record.alias or record.id, figure) for record in evidence for figure in record.figures]
    stated = {value for n in read(brief or "", locale) for value in n.values}
    numerals = []
    for n in read(plain, locale):
        verdict, reason, alias, key = "EXEMPT", n.role, None, None
        if n.values and n.role in ("number", "fraction"):
            verdict, reason = "UNSUPPORTED", "no figure has this value"
            for name, figure in figures:
                if _holds(n, figure):
                    verdict, reason, alias, key = "VERIFIED", figure.label, name, figure.key
                    break
            else:
                if set(n.values) & stated:
                    verdict, reason = "EXEMPT", "the brief states it"
        numerals.append(NumeralVerdict(text=n.text, start=n.start, end=n.end, sentence=plain[max(0, n.start - 60) : n.end + 60], verdict=verdict, reason=reason, evidence=alias, key=key))  # type: ignore[arg-type]  # fmt: skip
    return Verdict(ok=not any(n.verdict in FAILING for n in numerals), numerals=tuple(numerals))


def _holds(numeral: Numeral, figure: Figure) -> bool:
    ends = [figure.value, *((figure.interval.low, figure.interval.high) if figure.interval else ())]
    scale = {"money": 1 / minor_units(figure.currency or "ZAR"), "share": 100, "points": 100}.get(figure.unit, 1)
    return any(
        not isinstance(end, str) and abs(abs(end) * scale - value) <= numeral.step / 2 + 1e-9 for end in ends for value in numeral.values
    )
