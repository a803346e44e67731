"""Insistent caveats of the evidence used: seen in the text by one of their signs or in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from grounding.evidence import Evidence
from grounding.verdict import MissingCaveat
from tools.contract import SLOT, Caveat

LEAST_PIECE = 12


def missing_caveats(text: str, used: Iterable[str], records: Mapping[str, Evidence]) -> list[MissingCaveat]:
    """Caveats that the text must say and does not. `used`: aliases of the records whose figures the text shows."""
    said = _plain(text)
    missing = []
    for alias in sorted(set(used)):
        for caveat in records[alias].caveats:
            if caveat.insist and not _seen(caveat, said):
                missing.append(
                    MissingCaveat(evidence=alias, code=caveat.code, text=caveat.text, slot=f"{{{{{alias}.caveats.{caveat.code}}}}}")
                )
    return missing


def _seen(caveat: Caveat, said: str) -> bool:
    if any(re.search(rf"(?<!\w){re.escape(_plain(sign))}", said) for sign in caveat.signs if sign.strip()):
        return True
    pieces = [piece for part in SLOT.sub("\n", caveat.text).split("\n") if len(piece := _plain(part)) >= LEAST_PIECE]
    return bool(pieces) and all(piece in said for piece in pieces)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()
