"""Whether a figure is of the metric that its sentence speaks of.

Words bind a number in this order: the noun right behind a count, the words right before it, the words of its clause that no other number has
taken, its column or label, and last what an earlier clause left open. A word behind a comma binds nothing before it.
"""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Sequence

from grounding.verifying.events import family, one_price, per_family
from grounding.verifying.index import Known, Mention
from grounding.verifying.numerals import Numeral
from grounding.verifying.phrases import plainly, stems
from grounding.verifying.place import Place, Reading
from grounding.verifying.scope import owners
from grounding.verifying.thresholds import is_threshold
from grounding.vocabulary import ORDINARY_WORDS, WIDE_NOUNS

CHANGES = frozenset({"lift", "gain"})
DESIGN = frozenset({"sample_size", "duration", "power"})
"""Concepts that share a sentence with the effect that they find."""
SAMPLED = frozenset({"contacts", "customers", "visits"})
"""A sample is of people, whatever they are called."""
TIGHT = re.compile(r"^[ \u00a0]*(?:(?:of|was|is|were|are|reached|came to|stood at|:|=|–)[ \u00a0]*)?$", re.IGNORECASE)
OF_WHAT = re.compile(r"^[ \u00a0]of[ \u00a0](?:the[ \u00a0]|all[ \u00a0]|its[ \u00a0])?[\w-]+")
APART = re.compile(r"[,;:(]|[ \u00a0](?:and|or|from|against|versus|with)[ \u00a0]", re.IGNORECASE)
FEW_WORDS = re.compile(r"^(?:[ \u00a0][A-Za-z-]+){1,5}[ \u00a0]$")
PART_BEFORE = re.compile(
    r"\b(?:hold|holds|holding|include[sd]?|including|incl\.?|covers?|covering|contains?|after|before|less|minus|plus|without|net of|excluding|on top of)[ \u00a0](?:the |our |your |an? |agency )*(?:\w+ and )?$",
    re.IGNORECASE,
)
OUT_OF = re.compile(r"\b(?:out of|from)[ \u00a0](?:the |a |your |our )?$", re.IGNORECASE)
WENT_FROM = re.compile(
    r"\b(?:climb|r[ao]?is|ris|ros|lift|cut|trim|reduc|brought|shift|f[ea]ll|w[e]nt|go|mov|drop|slip|increas|decreas|jump|gr[eo]w|chang|drift|up|down|c[ao]me)\w*[ \u00a0](?:\w+[ \u00a0])?from[ \u00a0]$",
    re.IGNORECASE,
)
OF_TODAY = re.compile(r"^[ \u00a0]of[ \u00a0](?:today['’]s|the current|the present|the usual)[ \u00a0]$", re.IGNORECASE)
""" "A change of 15% of today's conversion rate": what a change is told of, and no metric of its own."""
COSTS_US = re.compile(r"\b(?:costs?|costing|spen[dt]s? on)\b", re.IGNORECASE)
FIRST_BEFORE = re.compile(r"\bfirst(?:-time)?[ \u00a0]$", re.IGNORECASE)
FIRST_BUYERS = re.compile(r"\bfirst-time (?:buyer|customer|guest)s|\bnew customers\b", re.IGNORECASE)
NEAR = 24
ENOUGH = 2
"""Words of a figure's label in its clause that outweigh a metric word standing loosely beside it."""


def metric(reading: Reading, place: Place, known: Known) -> int | str:
    """How well the metric agrees, or what the figure is instead."""
    if wrong := _of_what(reading, place, known):
        return wrong
    if is_threshold(reading, place):
        return _bar(reading, place, known)
    numeral = place.numeral
    whatever = numeral.kind == "multiple"
    inside = [
        mention
        for mention in _said(reading, place, known, place.clause)
        if (whatever and mention.end <= numeral.start) or _may_be(reading, mention, known)
    ]
    close = _close(reading, place, inside)
    if known.change and close and OF_TODAY.match(reading.text[numeral.end : close[0].start]):
        close = []
    if numeral.kind == "bare" and close and close[0].start - numeral.end < 3 and not close[0].adjacent:
        return _agrees(reading, place, known, close)
    if bound := _tight(reading, place, known):
        return bound
    if close and close[0].start - numeral.end <= 2:
        return _agrees(reading, place, known, close[:1])
    free = [m for m in inside if not m.adjacent or m in close]
    before = [m for m in free if m.end <= numeral.start]
    peers = [peer for peer in place.peers if peer.kind == numeral.kind]
    if before or close:
        named = owners(numeral, free, peers) if len(peers) == len(free) else None
        if named is not None and named & known.concepts:
            return 3
        loose = [m for m in before if not _taken(reading, place, m) and not _part(reading, m)]
        if numeral.kind == "money" and OUT_OF.search(reading.before(place, 16)) and not WENT_FROM.search(reading.before(place, 36)):
            loose = [m for m in loose if _agreement(reading, known, m)]
        if found := [m for m in (*loose, *close) if _agreement(reading, known, m)]:
            return max(_agreement(reading, known, m) for m in found)
        if before and not close and _agreement(reading, known, before[-1]):
            return 1
        if loose or close:
            if _entangled(place, free, peers) and any(_agreement(reading, known, m) for m in free):
                return 1
            return _agrees(reading, place, known, [*loose[-1:], *close[:1]], loosely=True)
        if any(_agreement(reading, known, m) for m in before):
            return 1
    return _from_afar(reading, place, known)


def _said(reading: Reading, place: Place, known: Known, span: tuple[int, int]) -> list[Mention]:
    """The metrics named in a span. Words that are ordinary words too bear a figure out and do not gainsay it."""
    found = reading.around.within(reading.around.metrics, *span)
    return [m for m in found if not _ordinary(reading, place, m) or _agreement(reading, known, m)]


def _ordinary(reading: Reading, place: Place, mention: Mention) -> bool:
    words = plainly(reading.text[mention.start : mention.end])
    if words in ORDINARY_WORDS:
        return True
    return place.link is not None and (words in WIDE_NOUNS or all(name.startswith("label ") for name in mention.names))


def _close(reading: Reading, place: Place, inside: Sequence[Mention]) -> list[Mention]:
    """The metrics right behind the number: "535 contacts in each arm"."""
    found: list[Mention] = []
    for mention in inside:
        gap, chained = mention.start - place.numeral.end, bool(found) and mention.start - found[-1].end <= 2
        if 0 <= gap <= (NEAR + 2 if chained else 2 if mention.adjacent else NEAR) and not _apart(
            reading, place, place.numeral.end, mention.start
        ):
            found.append(mention)
    return [mention for mention in found if not _part(reading, mention)]


def _part(reading: Reading, mention: Mention) -> bool:
    """Whether the words name a part of an amount or what is taken off: "R15 000 holds fee and VAT"."""
    return PART_BEFORE.search(reading.text[max(0, mention.start - 30) : mention.start]) is not None


def _from_afar(reading: Reading, place: Place, known: Known) -> int | str:
    """What the column, the label, an earlier clause or an earlier sentence say of a number whose own clause names no metric."""
    sentence, around = place.sentence, reading.around
    for binding, span in around.metric_places(sentence, place.clause):
        found = [
            m for m in _said(reading, place, known, span) if _may_be(reading, m, known) and not m.adjacent and m.end <= place.numeral.start
        ]
        if span == (sentence.start, place.clause[0]):
            found = [m for m in found if not _taken(reading, place, m)]
            told = any(other.start < place.clause[0] for other in reading.numbers_in.get(id(sentence), ()))
            binding = not (told and reading.text[place.clause[0] - 2 : place.clause[0]].rstrip().endswith(";")) and place.link is None
        if found:
            if best := max(_agreement(reading, known, m) for m in found):
                return best
            agreed = _agrees(reading, place, known, found, loosely=True)
            return agreed if binding or not isinstance(agreed, str) else 0
    return 0


def _agreement(reading: Reading, known: Known, mention: Mention) -> int:
    """3 when the words name the figure's concept, 2 when they stand in its own label or mean it by another way, else 0."""
    if mention.names & known.concepts:
        return 3
    words = plainly(reading.text[mention.start : mention.end])
    if words in known.phrases:
        return 2
    if known.change and mention.names & CHANGES:
        return 2
    if mention.adjacent and known.figure.unit == "money" and one_price(known.family, family(words)):
        # what a buyer pays and what a buyer costs are both told a booking
        spoken = reading.text[max(0, mention.start - 40) : mention.start]
        return 0 if "aov" in known.concepts and COSTS_US.search(spoken) else 2
    if _first_ones(reading, known, mention, words):
        return 2
    if (
        known.figure.unit in ("count", "number")
        and known.family is not None
        and "conversions" in mention.names | _unforeign(mention)
        and family(words) == known.family
    ):
        return 2
    if "sample_size" in known.concepts and mention.names & SAMPLED:
        return 2
    if (
        known.kind == "segment"
        and known.figure.unit == "money"
        and words in ("spend", "spends", "spent")
        and known.concepts & {"ltv", "revenue", "aov"}
    ):
        return 2
    return 0


def _first_ones(reading: Reading, known: Known, mention: Mention, words: str) -> bool:
    """Whether the words count first bookings and the figure people who bought for the first time: the client counts its new buyers so."""
    return (
        known.figure.unit == "count"
        and known.family == "person"
        and family(words) == "event"
        and FIRST_BEFORE.search(reading.text[max(0, mention.start - 12) : mention.start]) is not None
        and FIRST_BUYERS.search(known.figure.label) is not None
    )


def _unforeign(mention: Mention) -> frozenset[str]:
    """Bookings said of orders: an event of another name is still a conversion."""
    return frozenset({"conversions"}) if any(name.startswith("other ") and " per " not in name for name in mention.names) else frozenset()


def _agrees(reading: Reading, place: Place, known: Known, mentions: Sequence[Mention], *, loosely: bool = False) -> int | str:
    """Whether one of the metrics named is the figure's; else what it is."""
    if not mentions:
        return 0
    if best := max(_agreement(reading, known, mention) for mention in mentions):
        return best
    spoken = reading.around.within(reading.around.metrics, place.sentence.start, place.sentence.end)
    label = known.figure.label.lower()
    if any(reading.text[m.start : m.end].lower() == label for m in spoken if m not in mentions):
        return 2
    shared, bound = _shared(reading, place, known, mentions), place.link is not None and _beside(reading, place, mentions)
    unnamed = not known.concepts or any(name.startswith("label ") for mention in mentions for name in mention.names)
    if shared >= (1 if unnamed else ENOUGH) and (loosely or unnamed) and not bound:
        return 1
    elsewhere = any(_agreement(reading, known, m) for m in spoken)
    if place.link is not None and loosely and not bound and (shared or elsewhere):
        return 1
    return f"it is {known.figure.label}, not {reading.text[mentions[-1].start : mentions[-1].end]}"


def _beside(reading: Reading, place: Place, mentions: Sequence[Mention]) -> bool:
    """Whether only a few plain words stand between one of the metrics and the number behind it: "a churn rate of search ads of 7,52%"."""
    gaps = (reading.text[m.end : place.numeral.start] for m in mentions if m.end <= place.numeral.start)
    return any(FEW_WORDS.match(gap) is not None for gap in gaps)


def _shared(reading: Reading, place: Place, known: Known, mentions: Sequence[Mention]) -> int:
    """How many telling words of the figure's label stand in its clause, those of the metrics at odds left out."""
    text, here = reading.text, place.clause
    against = frozenset().union(*(stems(text[m.start : m.end]) for m in mentions))
    unclaimed = stems(text[here[0] : here[1]]) - against
    return len(known.stems & unclaimed)


def _bar(reading: Reading, place: Place, known: Known) -> int | str:
    """A bar for another figure has to be of the same sort: money per booking is no bar for money per click."""
    inside = [m for m in _said(reading, place, known, place.clause) if _may_be(reading, m, known)]
    mentions = [m for m in inside if m.start < place.numeral.start]
    behind = _close(reading, place, inside)
    if best := max((_agreement(reading, known, m) for m in (*mentions, *behind)), default=0):
        return best
    if not mentions or (behind and place.numeral.kind == "bare"):
        return _agrees(reading, place, known, behind)
    if known.figure.unit != "money" or len(place.peers) > 1:
        return _agrees(reading, place, known, mentions[-1:], loosely=True)
    last = mentions[-1]
    held = per_family(reading.text[last.start : place.numeral.start])
    if one_price(known.family, held):
        return 1
    return _agrees(reading, place, known, mentions[-1:])


def _tight(reading: Reading, place: Place, known: Known) -> int | str:
    """A metric right before the number, or above it in its column, binds whatever its unit: "cost per click 3.6x"."""
    start, around = place.numeral.start, reading.around
    found = [
        mention
        for mention in _said(reading, place, known, (max(place.sentence.start, start - 60), start))
        if TIGHT.match(reading.text[mention.end : start]) and not (place.numeral.kind == "money" and _counted(reading, mention))
    ]
    if place.numeral.kind in ("money", "percent", "points", "multiple"):
        found = [mention for mention in found if mention.names != {"duration"}]
    if place.sentence.column and place.numeral.role == "number" and not found:
        if around.within(around.metrics, place.sentence.start, place.sentence.end):
            return 0
        found = _said(reading, place, known, place.sentence.column)
    if known.change and known.concepts - CHANGES:
        found = [mention for mention in found if mention.names - CHANGES]
    return _agrees(reading, place, known, found, loosely=bool(place.sentence.column)) if found else 0


def _counted(reading: Reading, mention: Mention) -> bool:
    """Whether a mention names things that are counted, of which an amount of money may well be told."""
    units = reading.index.units_of(mention.names)
    return units is not None and units <= {"count", "share"}


def _of_what(reading: Reading, place: Place, known: Known) -> str | None:
    """ "4.8% of clicks": what a share is of must be its denominator."""
    if known.figure.unit != "share" or not (known.figure.denominator or "share of" in known.figure.label):
        return None
    after = OF_WHAT.match(reading.text[place.numeral.end : place.numeral.end + 50])
    if after is None:
        return None
    at = place.numeral.end + after.end()
    told = [m for m in reading.around.within(reading.around.metrics, place.numeral.end, at + 1) if m.end >= at]
    wanted = reading.index.phrases.get(known.figure.denominator.lower()) if known.figure.denominator else known.concepts
    if not told or wanted is None or any(m.names & (wanted | known.concepts) or _agreement(reading, known, m) for m in told):
        return None
    return f"it is {known.figure.label}, not a share of {reading.text[told[-1].start : told[-1].end]}"


def _taken(reading: Reading, place: Place, mention: Mention) -> bool:
    """Whether another number of the sentence stands right before or right behind the words, so that they are told of it."""
    text = reading.text
    for other in reading.numbers_in.get(id(place.sentence), ()):
        if other is place.numeral or other is place.partner or other.role not in ("number", "fraction", "year"):
            continue
        if 0 <= mention.start - other.end <= NEAR and not APART.search(text[other.end : mention.start]):
            return True
        if place.link is not None and mention.end <= other.start < place.numeral.start:
            return True
        if (
            other.start < place.numeral.start
            and 0 <= other.start - mention.end <= 12
            and TIGHT.match(text[mention.end : other.start].replace("(", ""))
        ):
            return True
    return False


def _entangled(place: Place, mine: Sequence[Mention], peers: Sequence[Numeral]) -> bool:
    """Whether several metrics and several numbers stand in one clause so that no order tells them apart."""
    return len(peers) > 1 and len(mine) > len(peers)


def _apart(reading: Reading, place: Place, start: int, end: int) -> bool:
    """Whether another number, a comma or an "and" stands between."""
    return any(start <= other.start < end for other in place.peers) or APART.search(reading.text[start:end]) is not None


def _may_be(reading: Reading, mention: Mention, known: Known) -> bool:
    """Whether the words may be said of a figure of this unit at all."""
    units = reading.index.units_of(mention.names)
    if units is None or mention.names & known.concepts:
        return True
    if known.change or known.derived:
        return not (mention.names <= DESIGN and known.figure.unit in ("share", "points"))
    return known.figure.unit in units or (known.figure.unit == "number" and "count" in units)
