"""Insistent caveats of the evidence used: seen in the text by one of their signs or in their own words, and said of the right channel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grounding.verdict import MissingCaveat
from grounding.verifying.scope import Surroundings
from tools.contract import SLOT, Caveat

LEAST_PIECE = 12


def missing_caveats(around: Surroundings, used: Iterable[str]) -> list[MissingCaveat]:
    """Caveats that the text must say and does not. `used`: aliases of the records whose figures the text shows."""
    whole = _plain(around.plain.text)
    sentences = [(sentence, _plain(sentence.body)) for sentence in around.plain.sentences]
    missing = []
    for alias in sorted(set(used)):
        for caveat in around.index.records[alias].caveats:
            if not caveat.insist or _in_own_words(caveat, whole):
                continue
            about = {name for mention in around.index.entity_mentions(SLOT.sub("", caveat.text)) for name in mention.names}
            signs = [re.compile(rf"(?<!\w){re.escape(_plain(sign))}") for sign in caveat.signs if sign.strip()]
            seen = False
            for sentence, said in sentences:
                if any(sign.search(said) for sign in signs):
                    named = {name for mention in around.within(around.entities, sentence.start, sentence.end) for name in mention.names}
                    seen = seen or not about or not named or bool(about & named)
            if not seen:
                missing.append(
                    MissingCaveat(evidence=alias, code=caveat.code, text=caveat.text, slot=f"{{{{{alias}.caveats.{caveat.code}}}}}")
                )
    return missing


def _in_own_words(caveat: Caveat, said: str) -> bool:
    pieces = [piece for part in SLOT.sub("\n", caveat.text).split("\n") if len(piece := _plain(part)) >= LEAST_PIECE]
    return bool(pieces) and all(piece in said for piece in pieces)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()
