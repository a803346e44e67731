"""A figure given as a bar for another ("above R80", "against R27,98"): it may be of another metric and time than the other."""

# ruff: noqa: E501 - patterns read better on one line

from __future__ import annotations

import re

from grounding.verifying.periods import DAYS_IN
from grounding.verifying.place import Place, Reading

BAR = re.compile(
    r"\b(?:above|below|beyond|over|under|past|pass(?:es|ed)?|exceed(?:s|ed)?|tops|reach(?:es|ed)?|against|than|versus|vs\.?|compared (?:with|to)|"
    r"at most|at least|up to|beats?|the stop at|a cap (?:on [\w ]{1,20})?(?:at|of)|capped at|falls to|drops to|hits?)"
    r"[ \u00a0(]+(?:the[ \u00a0]|a[ \u00a0]|about[ \u00a0]|that of[ \u00a0])*$",
    re.IGNORECASE,
)
DURING = re.compile(r"\bover[ \u00a0](?:the[ \u00a0])?$", re.IGNORECASE)
""" "Over 13 weeks" is no bar."""


def is_threshold(reading: Reading, place: Place) -> bool:
    """Whether the numeral, or the first end of its range, stands right behind words that make it a bar."""
    if place.numeral.kind in DAYS_IN and DURING.search(reading.before(place, 12)):
        return False
    if BAR.search(reading.before(place, 40)):
        return True
    first = place.partner if place.numeral.pair < 0 and place.partner is not None else None
    return first is not None and BAR.search(reading.text[max(place.sentence.start, first.start - 40) : first.start]) is not None
