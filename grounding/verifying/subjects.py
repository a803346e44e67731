"""Whether a figure belongs to the entity that its sentence speaks of, goes the way the words say, and is the end of an interval it is given as."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from grounding.verifying.direction import direction
from grounding.verifying.index import Candidate, Known, Mention
from grounding.verifying.place import EPSILON, Place, Reading, named
from grounding.verifying.scope import owners
from grounding.verifying.thresholds import is_threshold
from grounding.verifying.values import same_value

TOTAL = re.compile(
    r"\b(?:total|totals|overall|altogether|all|whole|combined|together|across|blended|account|in all|entire|sum)\b", re.IGNORECASE
)
OF_WHOLE = re.compile(
    r"\b(?:of|from|within|out of)[ \u00a0](?:the|a|your|our|this|its|that)?[ \u00a0]?(?:total |whole |monthly |stated )?$", re.IGNORECASE
)
BUDGET_AFTER = re.compile(r"^(?:[^.;]{0,20}?, of which|[ \u00a0](?:budget|total|a month|per month|in total|stated))\b")
SET_AGAINST = re.compile(r",?[ \u00a0](?:compared (?:with|to)|against|versus|vs\.?)[ \u00a0]", re.IGNORECASE)
"""What stands behind such words is of the other of two."""
RANGE_WORDS = re.compile(
    r"\b(?:between|from|to|low|high|lower|upper|at least|at most|as (?:little|low|few|much|many|high) as|up to|range|interval|worst|best|minimum|maximum|least|most|likely|pessimistic|optimistic|could be|above|below|past|passes|exceeds|over|under|if|floor|ceiling|bottom|top|end|bad|good|give or take|downside|upside|case|no (?:more|less|fewer) than|CI)\b",
    re.IGNORECASE,
)
LOST = re.compile(
    r"\b(?:los(?:t|e|es|s|ses|ing)|short(?:fall)?|fewer|less|behind|cuts?|cutting|drop(?:s|ped)?|f(?:a|e)ll(?:en|s)?|down|g(?:ives?|ave|iving) (?:up|away|back)|frees?|freed|freeing|sheds?"
    r"|releas(?:e|es|ed|ing)|sav(?:e|es|ed|ing)|eas(?:es|ed|ing)|back by|shrinks?|trim(?:s|med|ming)?|minus|negative|in the red|mov(?:e|es|ed|ing)|shift(?:s|ed|ing)?|tak(?:e|es|en|ing)|hands? over"
    r"|reduc(?:e|es|ed|ing|tion)|smaller|lower(?:s|ed)?|worse|weaker|poorer|declin(?:e|es|ed)|slip(?:s|ped)?|dip(?:s|ped)?)\b[^.;]{0,70}$",
    re.IGNORECASE,
)
LOST_BEHIND = re.compile(
    r"^(?:[ \u00a0](?:a|per)[ \u00a0]\w+)?[ \u00a0](?:out of|away from|less|fewer|lower|short|down|off|in the red|below)\b", re.IGNORECASE
)
EITHER_WAY = frozenset({"effect_to_find", "difference_to_find", "minimum_detectable_effect"})
"""What a test could find is a size: a held-out group may as well do less by it."""


def entity(reading: Reading, place: Place, candidate: Candidate) -> int | str:
    """How well the entity agrees, or whose the figure is."""
    known = candidate.known
    scopes = reading.around.entity_scopes(place.sentence, place.clause)
    if not known.entities:
        return _whole(reading, place, known)
    for number, mentions in enumerate(scopes):
        alike = [mention for mention in mentions if mention.kind == known.kind]
        if not alike:
            continue
        numeral = place.numeral
        if any(mention.start < numeral.start or not SET_AGAINST.search(reading.text, numeral.end, mention.start) for mention in alike):
            alike = [m for m in alike if m.start < numeral.start or not SET_AGAINST.search(reading.text, numeral.end, m.start)]
        elif number == 0:
            continue
        inside = number == 0 and place.clause[0] <= alike[0].start < place.clause[1]
        if not inside and len(alike) > 1:
            alike = [mention for mention in alike if not reading.around.foil(mention)] or alike
        allowed = owners(place.numeral, alike, place.peers) if inside else _names(alike)
        assert allowed is not None
        if not known.entities & allowed:
            return f"it is of {named(known)}, not of {said(reading, alike)}"
        names = _names(alike)
        if len(known.entities) > 1 and inside and names - known.entities:
            return f"it is of {named(known)}, and the sentence speaks of {', '.join(sorted(names - known.entities))} too"
        if len(known.entities) == 2 and len(alike) > 1 and len(names) == 1:
            return f"it compares {named(known)}, and the sentence names only {said(reading, alike)}"
        if (
            known.kind == "channel"
            and len(known.entities) == 2
            and not known.entities <= frozenset().union(*(_names(group) for group in scopes))
        ):
            return f"it is of {named(known)}, and the text names only one of them"
        return 3 if inside else 2
    return 0


def _names(mentions: Sequence[Mention]) -> frozenset[str]:
    return frozenset().union(*(mention.names for mention in mentions))


def said(reading: Reading, mentions: Sequence[Mention]) -> str:
    """The words of mentions, each once."""
    return ", ".join(dict.fromkeys(reading.text[mention.start : mention.end] for mention in mentions))


def _whole(reading: Reading, place: Place, known: Known) -> int | str:
    return of_the_whole(reading, place, known, reading.around.within(reading.around.entities, *place.clause)) or 0


def of_the_whole(reading: Reading, place: Place, known: Known, mentions: Sequence[Mention]) -> str | None:
    """A figure of the whole client in a clause about one entity that has a figure of its own for it."""
    if not mentions or not known.concepts or is_threshold(reading, place):
        return None
    if (
        TOTAL.search(reading.text[place.clause[0] : place.clause[1]])
        or OF_WHOLE.search(reading.text[max(place.clause[0], place.numeral.start - 30) : place.numeral.start])
        or BUDGET_AFTER.match(reading.text[place.numeral.end : place.numeral.end + 25])
    ):
        return None
    allowed = owners(place.numeral, mentions, place.peers) or frozenset()
    rivals = any(
        other.entities & allowed and other.concepts & known.concepts and other.figure.unit == known.figure.unit and other.alias != "B"
        for other in reading.index.known
    )
    if rivals and len(_names(mentions)) == 1:
        return f"it is of the whole client, not of {said(reading, mentions)}"
    return None


def sign(reading: Reading, place: Place, candidate: Candidate) -> int | str:
    """Whether the figure goes the way that its sign and the words around say."""
    numeral, known = place.numeral, candidate.known
    true = (candidate.value > EPSILON) - (candidate.value < -EPSILON)
    if true == 0:
        return 0
    told = direction(numeral, reading.text, place.sentence.start, place.sentence.end)
    if numeral.sign:
        if told.way < 0 and numeral.sign < 0:
            return f"“{told.words}” and a minus sign say it twice"
        if numeral.sign != true:
            return "the sign is the other way"
        return 1 if told.way in (0, true) else f"“{told.words}” says the other way"
    if known.figure.metric in EITHER_WAY:
        return 0
    way = true * (-1 if known.downward else 1)
    if told.way == 0:
        signed_partner = place.partner is not None and place.partner.sign
        behind = reading.text[numeral.end : min(numeral.end + 40, place.sentence.end)]
        if true < 0 and not signed_partner and not LOST.search(reading.before(place, 90)) and not LOST_BEHIND.match(behind):
            return "the figure is negative and the text does not say so"
        return 0
    if told.compares and not (known.change and not _of_two(known.figure.label)):
        return 0
    if not known.change and true > 0 and told.way < 0 and known.figure.unit not in ("points",):
        return 0
    return 1 if told.way == way else f"“{told.words}” says the other way: the figure is {reading.shown(candidate)}"


@lru_cache(maxsize=4096)
def _of_two(label: str) -> bool:
    """Whether a label tells of a difference between two, and of no change of one."""
    return re.search(r"\b(?:difference|gap|versus|vs|minus)\b", label.lower()) is not None


def end(reading: Reading, place: Place, candidate: Candidate) -> int | str:
    """Whether an end of an interval is given as one, on its right side, beside the other end."""
    numeral, partner, figure = place.numeral, place.partner, candidate.known.figure
    if numeral.pair and partner is not None and not place.link:
        if figure.interval is None or candidate.end == "value":
            return 0
        right = "low" if numeral.pair > 0 else "high"
        backwards = figure.interval.low < 0 and numeral.sign == 0 and candidate.value < 0
        if candidate.end != right and not backwards and figure.interval.low != figure.interval.high:
            return "the ends of the interval are the wrong way round"
        opposite = "high" if candidate.end == "low" else "low"
        other = Candidate(candidate.known, opposite, getattr(figure.interval, opposite) * candidate.known.factor)
        return 2 if same_value(partner, other) else f"the other end of this interval is {reading.shown(other)}"
    if candidate.end != "value" and place.link is None:
        around = reading.text[max(place.sentence.start, numeral.start - 60) : min(place.sentence.end, numeral.end + 25)]
        if not RANGE_WORDS.search(around) and not place.sentence.column:
            return "it is an end of an interval, given as the figure itself"
    return 0
