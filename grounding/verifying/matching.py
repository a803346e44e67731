"""Judge one numeral: which figure stands behind it, and whether unit, size, sign, entity, metric and period agree."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grounding.evidence import Locale
from grounding.rendering import RELATIVE_CAP
from grounding.verdict import VerdictWord
from grounding.verifying.direction import direction
from grounding.verifying.index import Candidate, Index, Known, Mention
from grounding.verifying.numerals import Numeral
from grounding.verifying.periods import DAYS_IN, LENGTH, holds
from grounding.verifying.scope import UNITS, Surroundings, owners
from grounding.verifying.text import Link, Sentence
from tools.contract import Figure

EPSILON = 1e-9
PER = re.compile(
    r"^[^.;:]*?(?:(?:\b(?:a|per|each|every)|/)[ \u00a0]*(?P<a>day|week|month|quarter|year)\b|\b(?P<b>dai|week|month|quarter|year|annual)ly\b)",
    re.IGNORECASE,
)
PER_BEFORE = re.compile(r"\b(?P<b>daily|weekly|monthly|quarterly|yearly|annual)\b[^.;:\d]{0,30}$", re.IGNORECASE)
PER_NAMES = {"dai": "day", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year"}
PERIODS = ("day", "week", "month", "quarter", "year")
PERIOD_DAYS = {"day": 1, "week": 7, "month": 30.4, "quarter": 91.3, "year": 365.25}
TOTAL = re.compile(
    r"\b(?:total|totals|overall|altogether|all|whole|combined|together|across|blended|account|in all|entire|sum)\b", re.IGNORECASE
)
OF_WHOLE = re.compile(
    r"\b(?:of|from|within|out of)[ \u00a0](?:the|a|your|our|this|its|that)?[ \u00a0]?(?:total |whole |monthly |stated )?$", re.IGNORECASE
)
RANGE_WORDS = re.compile(
    r"\b(?:between|from|to|low|high|lower|upper|at least|at most|as (?:little|low|few|much|many|high) as|up to|range|interval|worst|best|minimum|maximum|least|most|likely|pessimistic|optimistic|could be|above|below|passes|exceeds|over|under|if|floor|ceiling|bottom|top|end|no (?:more|less|fewer) than|CI)\b",
    re.IGNORECASE,
)
LEVEL_AFTER = re.compile(
    r"^[ \u00a0-]*(?:\w+[ \u00a0-])?(?:confidence|credible|prediction|interval|intervals|CI|certain|certainty|range)\b", re.IGNORECASE
)
LEVEL_BEFORE = re.compile(r"\b(?:confidence|interval|CI|level)[ \u00a0](?:level[ \u00a0])?(?:of|at)[ \u00a0]$", re.IGNORECASE)
CHANGES = frozenset({"lift", "gain"})
TIGHT = re.compile(r"^[ \u00a0]*(?:(?:of|was|is|were|are|reached|came to|stood at|:|=|–)[ \u00a0]*)?$", re.IGNORECASE)
OF_WHAT = re.compile(r"^[ \u00a0]of[ \u00a0](?:the[ \u00a0]|all[ \u00a0]|its[ \u00a0])?[\w-]+")
APART = re.compile(r"[,;:(]|[ \u00a0](?:and|or|from|against|versus|with)[ \u00a0]", re.IGNORECASE)
FRACTION_CAP = 0.09
""" "Nearly half" may be 46%."""
SMALL = 20


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason and the figure meant."""

    verdict: VerdictWord
    reason: str
    candidate: Candidate | None = None


@dataclass(slots=True)
class Place:
    """A numeral in its sentence."""

    numeral: Numeral
    sentence: Sentence
    clause: tuple[int, int]
    peers: list[Numeral]
    """Numbers of the same clause, in order."""
    link: Link | None = None
    partner: Numeral | None = None
    """The other end of a written range."""
    judged: list[Candidate] = field(default_factory=list)


class Judge:
    """Judges numerals of one text against one index."""

    def __init__(self, index: Index, around: Surroundings, locale: Locale):
        self.index, self.around, self.locale = index, around, locale
        self.text = around.plain.text
        self.sentences: dict[int, Sentence] = {}
        self.numbers_in: dict[int, list[Numeral]] = {}

    def judge(self, place: Place) -> Judgement:
        """The verdict on a numeral that claims an amount."""
        if place.link is not None:
            return self.linked(place, place.link)
        if level := self.level(place):
            return level
        possible = self.by_value(place)
        failures: list[tuple[int, str, Candidate]] = []
        passing: list[tuple[int, Candidate]] = []
        for candidate in possible:
            ranked = self.fits(place, candidate)
            if isinstance(ranked, str):
                failures.append((self.nearness(place, candidate), ranked, candidate))
            else:
                passing.append((ranked, candidate))
        if passing:
            best = max(passing, key=lambda entry: (entry[0], entry[1].end == "value"))
            return Judgement("VERIFIED", self.described(best[1]), best[1])
        if length := self.length(place):
            return length
        if failures:
            _, reason, candidate = max(failures, key=lambda entry: entry[0])
            return Judgement("CONTRADICTED", f"{reason} ({candidate.known.alias}.{candidate.key})", candidate)
        meant = self.meant(place)
        if meant is not None:
            return Judgement("CONTRADICTED", f"{self.described(meant)} is {self.shown(meant)}", meant)
        return Judgement("UNSUPPORTED", "no figure of the evidence has this value: use a slot, or leave the figure out")

    # the linked figure is the claim

    def linked(self, place: Place, link: Link) -> Judgement:
        candidate = self.index.linked(link.alias, link.key)
        if candidate is None:
            return Judgement("CONTRADICTED", f"its link names no figure: {link.alias}.{link.key}")
        if isinstance(candidate.known.figure.value, str):
            return Judgement("CONTRADICTED", f"its link leads to a date ({link.alias}.{link.key})", candidate)
        if not self.same_unit(place.numeral, candidate.known):
            return Judgement("CONTRADICTED", f"its link leads to {candidate.known.figure.unit}: {self.shown(candidate)}", candidate)
        if not self.same_value(place.numeral, candidate):
            return Judgement("CONTRADICTED", f"its link leads to {self.shown(candidate)}", candidate)
        fits = self.fits(place, candidate)
        if isinstance(fits, str):
            return Judgement("CONTRADICTED", fits, candidate)
        return Judgement("VERIFIED", self.described(candidate), candidate)

    # value and unit

    def by_value(self, place: Place) -> list[Candidate]:
        numeral = place.numeral
        found: list[Candidate] = []
        for value in numeral.values:
            for size in self.sizes(numeral, value):
                slack = max(numeral.step, numeral.rounded if numeral.hedged else 0.0, size * 0.1)
                found += [
                    candidate
                    for candidate in self.index.near(size - slack, size + slack)
                    if candidate not in found and self.same_unit(numeral, candidate.known) and self.same_value(numeral, candidate)
                ]
        return found

    @staticmethod
    def sizes(numeral: Numeral, value: float) -> list[float]:
        """The values that a figure may have which this numeral shows: durations in any unit, basis points as percent."""
        if numeral.kind in DAYS_IN:
            days = value * DAYS_IN[numeral.kind]
            return sorted({value, days, days / 7, days * 24, value * 12 if numeral.kind == "years" else value})
        if numeral.kind == "bps":
            return [value / 100]
        if numeral.kind == "multiple" and numeral.word:
            return [value, (value - 1) * 100]
        if numeral.kind == "percent" and numeral.role == "fraction":
            return [value, value / 100]
        return [value]

    def same_unit(self, numeral: Numeral, known: Known) -> bool:
        figure = known.figure
        if numeral.kind == "money":
            return figure.unit == "money" and figure.currency in numeral.currencies
        if numeral.kind == "multiple" and numeral.word:
            return figure.unit in ("multiple", "number") or (figure.unit == "share" and known.change)
        if numeral.kind == "percent" and numeral.role == "fraction":
            return figure.unit in ("share", "multiple")
        if numeral.kind == "points" and figure.unit == "share":
            return False
        if numeral.kind == "bare" and figure.unit == "money":
            return self.unit_in_column(numeral, figure)
        if numeral.kind == "bare" and figure.unit in ("share", "points"):
            return self.percent_in_column(numeral)
        if numeral.kind == "bare" and figure.unit in ("days", "weeks", "months", "hours"):
            return self.index.by_place.get(known.place) is known and self.duration_said(numeral, figure)
        if numeral.kind in DAYS_IN and figure.unit == "count":
            return numeral.kind.rstrip("s")[:3] in known.words or numeral.kind[:5].rstrip("s") in {w.rstrip("s") for w in known.words}
        return figure.unit in UNITS[numeral.kind]

    def column_words(self, numeral: Numeral) -> str:
        sentence = self.sentence_of(numeral)
        return self.text[slice(*sentence.column)] if sentence is not None and sentence.column else ""

    def sentence_of(self, numeral: Numeral) -> Sentence | None:
        return self.sentences.get(numeral.start)

    def unit_in_column(self, numeral: Numeral, figure: Figure) -> bool:
        words = self.column_words(numeral)
        return bool(re.search(rf"(?:\b{figure.currency}\b|[(\[]R[)\]]|\(\$\)|€|£|\brand\b)", words))

    def percent_in_column(self, numeral: Numeral) -> bool:
        return bool(re.search(r"%|\bpercent", self.column_words(numeral)))

    def duration_said(self, numeral: Numeral, figure: Figure) -> bool:
        """A duration without its unit: the column says it, or the other end of its range does."""
        return figure.unit.rstrip("s") in self.column_words(numeral).lower()

    def same_value(self, numeral: Numeral, candidate: Candidate) -> bool:
        true = abs(candidate.value)
        figure = candidate.known.figure
        for value in numeral.values:
            if numeral.kind in DAYS_IN and figure.unit in DAYS_IN:
                if numeral.kind == figure.unit:
                    shown, step = value, numeral.step
                elif {numeral.kind, figure.unit} <= {"hours", "days", "weeks"}:
                    ratio = DAYS_IN[numeral.kind] / DAYS_IN[figure.unit]
                    shown, step = value * ratio, min(numeral.step * ratio, 0.01)
                elif numeral.kind == "years" and figure.unit == "months":
                    shown, step = value * 12, 0.01
                else:
                    continue
            elif numeral.kind == "bps":
                shown, step = value / 100, numeral.step / 100
            elif numeral.kind == "multiple" and numeral.word and figure.unit == "share":
                shown, step = (value - 1) * 100, 2.0
            elif numeral.kind == "percent" and numeral.role == "fraction" and figure.unit == "multiple":
                shown, step = value / 100, 0.01
            else:
                shown, step = value, numeral.step
                if numeral.role == "fraction":
                    step = value * (0.16 if numeral.hedged else 0.04)
                elif numeral.hedged:
                    step = max(step, numeral.rounded)
            if figure.unit == "money" and candidate.end == "value" and step <= candidate.known.factor + EPSILON:
                step = candidate.known.factor
            if (
                abs(shown - true) <= step / 2 * (1 + 1e-6) + EPSILON * max(1.0, true)
                and abs(shown - true) <= (FRACTION_CAP if numeral.role == "fraction" else RELATIVE_CAP) * true + EPSILON
            ):
                return True
        return False

    # entity, metric, period, sign

    def fits(self, place: Place, candidate: Candidate) -> int | str:
        """How well the figure fits what the sentence says, or why it does not."""
        score = 0
        for check in (self.sign, self.end, self.entity, self.metric, self.period, self.per):
            found = check(place, candidate)
            if isinstance(found, str):
                return found
            score += found
        if place.link is None and score <= 0 and self.weak(place.numeral):
            return "the value is that of a figure by chance: nothing in the sentence names its metric or entity"
        return score

    @staticmethod
    def weak(numeral: Numeral) -> bool:
        """Whether a value is so plain that it fits some figure by chance."""
        return numeral.kind == "bare" and numeral.values[0] <= SMALL and numeral.values[0] == int(numeral.values[0])

    def nearness(self, place: Place, candidate: Candidate) -> int:
        """How much of a failing figure does fit, to choose the reason to tell."""
        checks = (self.entity, self.metric, self.period, self.sign)
        return sum(
            2 if not isinstance(found, str) and found else 1 for check in checks if not isinstance(found := check(place, candidate), str)
        )

    def sign(self, place: Place, candidate: Candidate) -> int | str:
        numeral, known = place.numeral, candidate.known
        true = (candidate.value > EPSILON) - (candidate.value < -EPSILON)
        if true == 0:
            return 0
        said = direction(numeral, self.text, place.sentence.start, place.sentence.end)
        if numeral.sign:
            if said.way < 0 and numeral.sign < 0:
                return f"“{said.words}” and a minus sign say it twice"
            if numeral.sign != true:
                return "the sign is the other way"
            return 1 if said.way in (0, true) else f"“{said.words}” says the other way"
        way = true * (-1 if known.downward else 1)
        if said.way == 0:
            if true < 0 and not (place.partner is not None and self.partner_signed(place)):
                return "the figure is negative and the text does not say so"
            return 0
        if said.compares and not self.says_change(known):
            return 0
        if not known.change and true > 0 and said.way < 0 and known.figure.unit not in ("points",):
            return 0
        return 1 if said.way == way else f"“{said.words}” says the other way: the figure is {self.shown(candidate)}"

    def says_change(self, known: Known) -> bool:
        return known.change and not re.search(r"\b(?:difference|gap|versus|vs|minus)\b", known.figure.label.lower())

    def partner_signed(self, place: Place) -> bool:
        return bool(place.partner is not None and place.partner.sign)

    def end(self, place: Place, candidate: Candidate) -> int | str:
        numeral, partner = place.numeral, place.partner
        if numeral.pair and partner is not None and not place.link:
            figure = candidate.known.figure
            if figure.interval is not None and candidate.end in ("low", "high"):
                right = "low" if numeral.pair > 0 else "high"
                backwards = figure.interval.low < 0 and numeral.sign == 0 and candidate.value < 0
                if candidate.end != right and not backwards and figure.interval.low != figure.interval.high:
                    return "the ends of the interval are the wrong way round"
                other = Candidate(
                    candidate.known,
                    "high" if candidate.end == "low" else "low",
                    getattr(figure.interval, "high" if candidate.end == "low" else "low") * candidate.known.factor,
                )
                if not self.same_value(partner, other):
                    return f"the other end of this interval is {self.shown(other)}"
                return 2
            return 0
        if candidate.end != "value" and place.link is None:
            around = self.text[max(place.sentence.start, numeral.start - 60) : min(place.sentence.end, numeral.end + 25)]
            if not RANGE_WORDS.search(around) and not place.sentence.column:
                return "it is an end of an interval, given as the figure itself"
        return 0

    def entity(self, place: Place, candidate: Candidate) -> int | str:
        known = candidate.known
        scopes = self.around.entity_scopes(place.sentence, place.clause)
        if not known.entities:
            return self.whole(place, known, scopes)
        for number, mentions in enumerate(scopes):
            alike = [mention for mention in mentions if mention.kind == known.kind]
            if not alike:
                continue
            inside = number == 0 and place.clause[0] <= alike[0].start < place.clause[1]
            allowed = owners(place.numeral, alike, place.peers) if inside else frozenset().union(*(m.names for m in alike))
            assert allowed is not None
            if known.entities & allowed:
                named = frozenset().union(*(m.names for m in alike))
                if len(known.entities) > 1 and inside and named - known.entities:
                    return f"it is of {self.named(known)}, and the sentence speaks of {', '.join(sorted(named - known.entities))} too"
                if len(known.entities) == 2 and len(alike) > 1 and len(named) == 1:
                    return f"it compares {self.named(known)}, and the sentence names only {self.said(alike)}"
                everywhere = frozenset().union(*(m.names for group in scopes for m in group))
                if len(known.entities) == 2 and not known.entities <= everywhere:
                    return f"it is of {self.named(known)}, and the text names only one of them"
                return 3 if inside else 2
            return f"it is of {self.named(known)}, not of {self.said(alike)}"
        return 0

    def whole(self, place: Place, known: Known, scopes: Sequence[Sequence[object]]) -> int | str:
        """A figure of the whole client in a clause about one entity that has a figure of its own for it."""
        mentions = self.around.within(self.around.entities, *place.clause)
        if not mentions or not known.concepts:
            return 0
        before = self.text[max(place.clause[0], place.numeral.start - 30) : place.numeral.start]
        after = self.text[place.numeral.end : place.numeral.end + 25]
        if (
            TOTAL.search(self.text[place.clause[0] : place.clause[1]])
            or OF_WHOLE.search(before)
            or re.match(r"^[ \u00a0](?:budget|total|a month|per month|in total|stated)\b", after)
        ):
            return 0
        allowed = owners(place.numeral, mentions, place.peers) or frozenset()
        rivals = [
            other
            for other in self.index.known
            if other.entities & allowed
            and other.concepts & known.concepts
            and other.figure.unit == known.figure.unit
            and other.alias != "B"
        ]
        if rivals and len({name for mention in mentions for name in mention.names}) == 1:
            return f"it is of the whole client, not of {self.said(mentions)}"
        return 0

    def metric(self, place: Place, candidate: Candidate) -> int | str:
        known, numeral = candidate.known, place.numeral
        if wrong := self.of_what(place, known):
            return wrong
        if head := self.head(place):
            return self.agrees(known, [head], place)
        if bound := self.tight(place, known):
            return bound
        mine = [mention for mention in self.around.within(self.around.metrics, *place.clause) if self.may_be(mention, known, numeral)]
        if known.change and known.concepts - CHANGES:
            mine = [mention for mention in mine if mention.names - CHANGES] or mine
        close = [m for m in mine if 0 <= m.start - numeral.end <= (2 if m.adjacent else 24) and not self.apart(place, numeral.end, m.start)]
        mine = [m for m in mine if not m.adjacent or m in close]
        if close and (close[0].start - numeral.end <= 2 or not any(m.end <= numeral.start for m in mine)):
            return self.agrees(known, close[:2] if close[0].start - numeral.end > 2 else close[:1], place)
        peers = [n for n in place.peers if n.kind == numeral.kind]
        if mine:
            before = [m for m in mine if m.end <= numeral.start]
            exact = owners(numeral, mine, peers) if len(peers) == len(mine) else None
            if exact is not None and exact & known.concepts:
                return 3
            options = [*before[-1:], *close[:1]] or [m for m in mine if m.start >= numeral.end][:1]
            agreed = self.agrees(known, options, place)
            if (
                isinstance(agreed, str)
                and exact is None
                and len(mine) > 1
                and any(m.names & known.concepts for m in mine)
                and self.entangled(place, mine, peers)
            ):
                return 1
            return agreed
        for binding, mentions in self.around.metric_scopes(place.sentence):
            alike = [mention for mention in mentions if self.may_be(mention, known, numeral) and not mention.adjacent]
            if alike:
                agreed = self.agrees(known, alike, place)
                return agreed if binding or not isinstance(agreed, str) else 0
        return 0

    def head(self, place: Place) -> Mention | None:
        """The noun right behind a count: "963 customers"."""
        end = place.numeral.end
        if place.numeral.kind != "bare":
            return None
        found = [mention for mention in self.around.within(self.around.metrics, end, end + 3) if not mention.adjacent]
        return found[0] if found else None

    def tight(self, place: Place, known: Known) -> int | str:
        """A metric right before the number, or above it in its column, binds whatever its unit: "cost per click 3.6x"."""
        start = place.numeral.start
        found = [
            mention
            for mention in self.around.within(self.around.metrics, max(place.sentence.start, start - 60), start)
            if TIGHT.match(self.text[mention.end : start]) and not (place.numeral.kind == "money" and self.counted(mention))
        ]
        if place.sentence.column and place.numeral.role == "number" and not found:
            found = self.around.within(self.around.metrics, *place.sentence.column)
            if self.around.within(self.around.metrics, place.sentence.start, place.sentence.end):
                return 0
        if known.change and known.concepts - CHANGES:
            found = [mention for mention in found if mention.names - CHANGES]
        return self.agrees(known, found, place) if found else 0

    def counted(self, mention: Mention) -> bool:
        """Whether a mention names things that are counted, of which an amount of money may well be told."""
        units = self.index.units_of(mention.names)
        return units is not None and units <= {"count", "share"}

    def of_what(self, place: Place, known: Known) -> str | None:
        """ "4.8% of clicks": what a share is of must be its denominator."""
        if known.figure.unit != "share" or not known.figure.denominator:
            return None
        after = OF_WHAT.match(self.text[place.numeral.end : place.numeral.end + 50])
        if after is None:
            return None
        at = place.numeral.end + after.end()
        said = [mention for mention in self.around.within(self.around.metrics, place.numeral.end, at + 1) if mention.end >= at]
        wanted = self.index.phrases.get(known.figure.denominator.lower())
        if not said or wanted is None or any(mention.names & (wanted | known.concepts) for mention in said):
            return None
        return f"it is a share of {known.figure.denominator}, not of {self.said(said)}"

    @staticmethod
    def entangled(place: Place, mine: Sequence[object], peers: Sequence[Numeral]) -> bool:
        """Whether several metrics and several numbers stand in one clause so that no order tells them apart."""
        return len(peers) > 1 and len(mine) > len(peers)

    def apart(self, place: Place, start: int, end: int) -> bool:
        """Whether another number, a comma or an "and" stands between."""
        return any(start <= other.start < end for other in place.peers) or APART.search(self.text[start:end]) is not None

    def may_be(self, mention: object, known: Known, numeral: Numeral) -> bool:
        units = self.index.units_of(mention.names)  # type: ignore[attr-defined]
        if units is None:
            return True
        if mention.names & known.concepts or known.change or known.derived:  # type: ignore[attr-defined]
            return True
        return known.figure.unit in units

    def agrees(self, known: Known, mentions: Sequence[object], place: Place) -> int | str:
        """Whether one of the metrics named is the figure's."""
        if not mentions:
            return 0
        if any(mention.names & known.concepts for mention in mentions):  # type: ignore[attr-defined]
            return 3
        label = known.figure.label.lower()
        said = self.text[place.sentence.start : place.sentence.end].lower()
        spoken = self.around.within(self.around.metrics, place.sentence.start, place.sentence.end)
        if any(self.text[mention.start : mention.end].lower() == label for mention in spoken if mention not in mentions):
            return 2
        names = [self.text[mention.start : mention.end] for mention in mentions]  # type: ignore[attr-defined]
        if not known.concepts or any(name.startswith("label ") for mention in mentions for name in mention.names):  # type: ignore[attr-defined]
            said_words = {word[:5] for word in re.findall(r"[a-z]{3,}", said)}
            if known.words & said_words:
                return 1
        return f"it is {known.figure.label}, not {names[-1]}"

    def period(self, place: Place, candidate: Candidate) -> int | str:
        known = candidate.known
        if known.start is None or known.end is None:
            return 0
        for found in self.around.period_scopes(place.sentence):
            if any(holds(span, known.start, known.end) for span in found):
                return 1
            spoken = "; ".join(self.text[span.start : span.end] for span in found)
            return f"it is for {known.start} to {known.end}, not for {spoken}"
        return 0

    def per(self, place: Place, candidate: Candidate) -> int | str:
        numeral, known = place.numeral, candidate.known
        stop = min([place.clause[1], numeral.end + 45, *(other.start for other in place.peers if other.start > numeral.start)])
        found = PER.match(self.text[numeral.end : stop])
        said = (found["a"] or found["b"]).lower() if found else None
        if said is None and numeral.kind in ("money", "bare"):
            before = PER_BEFORE.search(self.text[max(place.clause[0], numeral.start - 45) : numeral.start])
            said = before["b"].lower() if before else None
        if said is None:
            return 0
        said = PER_NAMES.get(said, said)
        figure = known.figure
        own = figure.denominator if figure.denominator in PERIODS else None
        words = f"{figure.metric} {figure.label}".lower()
        if own is None:
            own = next(
                (
                    period
                    for period in PERIODS
                    if re.search(
                        rf"\b{period}ly|per {period}|\b{period}ly_|_per_{period}|{'daily' if period == 'day' else period + 'ly'}", words
                    )
                ),
                None,
            )
        if own is not None:
            return 1 if own == said else f"it is per {own}, not per {said}"
        if known.start is not None and known.end is not None and figure.unit in ("money", "count"):
            days = (known.end - known.start).days + 1
            if abs(days - PERIOD_DAYS[said]) > 0.2 * PERIOD_DAYS[said]:
                return f"it is the total of {known.start} to {known.end}, not per {said}"
        return 0

    # levels of intervals, lengths of periods

    def level(self, place: Place) -> Judgement | None:
        """A level of confidence: "a 95% interval", "95% CI"."""
        numeral = place.numeral
        if numeral.kind != "percent" or numeral.role != "number":
            return None
        if not (
            LEVEL_AFTER.match(self.text[numeral.end : numeral.end + 30])
            or LEVEL_BEFORE.search(self.text[max(0, numeral.start - 30) : numeral.start])
        ):
            return None
        here = [known for known in self.here(place) if known.figure.interval is not None]
        pool = here or [known for known in self.index.known if known.figure.interval is not None]
        for known in pool:
            interval = known.figure.interval
            if interval is not None and abs(interval.level * 100 - numeral.values[0]) <= numeral.step / 2 + EPSILON:
                return Judgement("VERIFIED", f"level of the interval of {known.figure.label}", Candidate(known, "value", 0.0))
        if not pool:
            return Judgement("UNSUPPORTED", "no figure has an interval of this level")
        interval = pool[0].figure.interval
        assert interval is not None
        return Judgement("CONTRADICTED", f"the interval is at {interval.level:.0%}", Candidate(pool[0], "value", 0.0))

    def here(self, place: Place) -> list[Known]:
        """Figures that other numerals or links of the sentence stand for."""
        found = []
        for link in self.links_in(place.sentence):
            candidate = self.index.linked(link.alias, link.key)
            if candidate is not None:
                found.append(candidate.known)
        if found:
            return found
        for other in self.numbers_in.get(id(place.sentence), ()):
            if other is not place.numeral and other.values:
                at = Place(other, place.sentence, place.clause, place.peers)
                found += [candidate.known for candidate in self.by_value(at) if not isinstance(self.entity(at, candidate), str)]
        return found

    def links_in(self, sentence: Sentence) -> list[Link]:
        return [link for link in self.around.plain.links if sentence.start <= link.start < sentence.end]

    def length(self, place: Place) -> Judgement | None:
        """ "The last 90 days": the length of the period of the figures beside it."""
        numeral = place.numeral
        if numeral.kind not in ("days", "weeks", "months", "years") or not LENGTH.search(
            self.text[max(0, numeral.start - 30) : numeral.start]
        ):
            return None
        days = numeral.values[0] * DAYS_IN[numeral.kind]
        slack = 1.01 if numeral.kind in ("days", "weeks") else 3.0 + 0.02 * days
        dated = [known for known in self.here(place) if known.start is not None]
        pool = dated or [known for known in self.index.known if known.start is not None]
        for known in pool:
            if known.start is not None and known.end is not None and abs((known.end - known.start).days + 1 - days) <= slack:
                return Judgement("VERIFIED", f"the period of {known.figure.label}", Candidate(known, "value", 0.0))
        if dated:
            return Judgement(
                "CONTRADICTED", f"the figures beside it are for {dated[0].start} to {dated[0].end}", Candidate(dated[0], "value", 0.0)
            )
        return None

    # what the sentence seems to mean, when no value fits

    def meant(self, place: Place) -> Candidate | None:
        """The one figure whose entity and metric the clause names, in the numeral's unit."""
        numeral = place.numeral
        found = []
        for known in self.index.known:
            if isinstance(known.figure.value, str) or not self.same_unit(numeral, known):
                continue
            candidate = Candidate(known, "value", known.figure.value * known.factor)
            scores = [self.entity(place, candidate), self.metric(place, candidate), self.period(place, candidate)]
            if any(isinstance(score, str) for score in scores):
                continue
            total = sum(score for score in scores if isinstance(score, int))
            if isinstance(scores[1], int) and scores[1] >= 2:
                found.append((total, candidate))
        if not found:
            return None
        best = max(score for score, _ in found)
        top = [candidate for score, candidate in found if score == best]
        return top[0] if len(top) <= 2 else None

    # words for reasons

    def shown(self, candidate: Candidate) -> str:
        from grounding.rendering import show

        figure = candidate.known.figure
        if candidate.end == "value":
            return show(figure, self.locale)
        return show(figure, self.locale, value=getattr(figure.interval, candidate.end))

    def described(self, candidate: Candidate) -> str:
        figure = candidate.known.figure
        end = {"low": ", low end", "high": ", high end"}.get(candidate.end, "")
        return f"{figure.label}{f' of {self.named(candidate.known)}' if figure.entity else ''}{end}"

    @staticmethod
    def named(known: Known) -> str:
        return (known.figure.entity or ", ".join(sorted(known.entities)) or "the whole client").replace("_", " ")

    def said(self, mentions: Sequence[object]) -> str:
        return ", ".join(dict.fromkeys(self.text[m.start : m.end] for m in mentions))  # type: ignore[attr-defined]
