"""The figures of the evidence, ready to be asked: by value, by link, by entity and concept; and the words that name them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grounding.evidence import Evidence
from grounding.rendering import minor_units
from grounding.verifying.events import family, per_family
from grounding.vocabulary import CHANGE_METRIC, CHANNELS, COMMON, DOWNWARD_METRIC, concept_units, metric_names, spoken, static_phrases
from tools.contract import Figure, Unit

EVENTS = ("booking", "order", "purchase", "sign-up", "signup", "trial", "install", "subscription", "sale", "lead", "customer")
GENERIC_EVENTS = frozenset({"acquisition", "conversion", "action"})
EVENT_COSTS = re.compile(
    r"\b(?:a|an|one|each|every)[ \u00a0](?P<event>" + "|".join(EVENTS) + r"|click)\b[^.;\d]{0,30}?\bcosts?\b", re.IGNORECASE
)
NO_METRIC_AFTER = re.compile(r"[ \u00a0](?:\W?\d|[R$€£]|from|about|them|more|out|people|those|new|for|the|a )")
""" "Bookings reach 162" is a verb."""
WHOLES = {"spend_share": "spend", "revenue_share": "revenue", "customer_share": "customers"}
"""A share of spend may be told as spend."""
FIRST_WORD = re.compile(r"(?<![\w-])[^\W_]+")
ADJACENT = ("per ", "a ", "each ", "of ")
"""Phrases that begin so name a metric only right behind the number: "R182 a booking", "30% of spend"."""


@dataclass(frozen=True, slots=True)
class Known:
    """One figure as the verifier knows it. `display` values: percent as 12.0, money in major units."""

    alias: str
    figure: Figure
    concepts: frozenset[str]
    words: frozenset[str]
    entities: frozenset[str]
    kind: str | None
    change: bool
    derived: bool
    """A ratio or share of two figures: its concept is that of the figures and not of its unit."""
    downward: bool
    factor: float
    start: date | None
    end: date | None
    phrases: frozenset[str]
    """The metric phrases that stand in its own label or denominator, which may always be said of it."""
    stems: frozenset[str]
    """Beginnings of the telling words of its label."""
    family: int | None
    """The sort of event that it counts or is told per."""

    @property
    def place(self) -> str:
        return f"{self.alias}.{self.figure.key}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A figure or one end of its interval, as a value that a numeral may show."""

    known: Known
    end: str
    value: float

    @property
    def key(self) -> str:
        return self.known.figure.key if self.end == "value" else f"{self.known.figure.key}.{self.end}"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name an entity or a metric."""

    start: int
    end: int
    names: frozenset[str]
    kind: str
    adjacent: bool = False


ORDINARY_STEMS = frozenset(
    word[:5]
    for word in (
        "the per and for with that from this its their who what how than then them they are was were has have had been will would must may can not all each every one some more most less least "
        "platform platforms claimed claim claims period before after channel channels expected current today record records share cost costs value total first new change number figure under over plan "
        "month week day year likely rate rates ad ads our your your's only any into out who's"
    ).split()
)


def stems(words: str) -> frozenset[str]:
    """Beginnings of the words that tell figures apart; grammar and what every figure has in common left out."""
    return frozenset(word[:5] for word in re.findall(r"[a-z]{3,}", words.lower())) - ORDINARY_STEMS


def canonical(entity: str) -> str:
    """'segment: At risk' → at_risk; 'Google Ads' → google_ads."""
    return re.sub(r"[^a-z0-9]+", "_", entity.split(":", 1)[-1].lower()).strip("_")


def kind_of(entity: str) -> str:
    """What sort of thing an entity is: its prefix ('segment'), a channel, or just an entity."""
    if ":" in entity:
        prefix = entity.split(":", 1)[0].strip().lower()
        return "channel" if prefix in ("channel", "platform") else prefix
    return "channel" if canonical(entity) in CHANNELS else "entity"


class Index:
    """Built once for a text: a 3 000-word draft asks it a thousand times."""

    def __init__(self, evidence: Sequence[Evidence]):
        self.records = {record.alias or record.id: record for record in evidence}
        self.by_id = {record.id: record.alias or record.id for record in evidence}
        read = [(alias, figure) for alias, record in self.records.items() for figure in record.figures]
        self._entity_names(figure for _, figure in read)
        self._phrases([figure for _, figure in read])
        self.known = [self._known(alias, figure) for alias, figure in read]
        self.by_place = {known.place: known for known in self.known}
        self.candidates: list[Candidate] = []
        for known in self.known:
            if not isinstance(known.figure.value, str):
                self.candidates.append(Candidate(known, "value", known.figure.value * known.factor))
            if known.figure.interval is not None:
                self.candidates.append(Candidate(known, "low", known.figure.interval.low * known.factor))
                self.candidates.append(Candidate(known, "high", known.figure.interval.high * known.factor))
        self.candidates.sort(key=lambda candidate: abs(candidate.value))
        self.sizes = [abs(candidate.value) for candidate in self.candidates]

    def near(self, low: float, high: float) -> list[Candidate]:
        """Candidates whose absolute value lies between."""
        return self.candidates[bisect_left(self.sizes, low) : bisect_right(self.sizes, high)]

    def linked(self, alias: str, key: str) -> Candidate | None:
        """The figure that a link points to."""
        alias = self.by_id.get(alias, alias)
        known = self.by_place.get(f"{alias}.{key}")
        if known is not None:
            value = known.figure.value
            return Candidate(known, "value", value * known.factor if not isinstance(value, str) else 0.0)
        stem, _, end = key.rpartition(".")
        known = self.by_place.get(f"{alias}.{stem}")
        if known is None or known.figure.interval is None or end not in ("low", "high"):
            return None
        return Candidate(known, end, getattr(known.figure.interval, end) * known.factor)

    def _entity_names(self, figures: Iterable[Figure]) -> None:
        names: dict[str, tuple[str, str]] = {}
        for key, ways in CHANNELS.items():
            for way in ways:
                names[way.lower()] = (key, "channel")
        self.entities: dict[str, str] = {}
        guarded: dict[str, tuple[str, str]] = {}
        for figure in figures:
            if figure.entity is None or canonical(figure.entity) in self.entities:
                continue
            key, kind = canonical(figure.entity), kind_of(figure.entity)
            self.entities[key] = kind
            ways = spoken(figure.entity)
            if kind == "segment" and key.endswith("s"):
                ways = (*ways, *(way.removesuffix("s") for way in ways if way.endswith("s")))
            for way in ways:
                if len(way) < 2:
                    continue
                (guarded if _ordinary(way, kind) else names)[way.lower()] = (key, kind)
        self._names, self._guarded = names, guarded
        plain = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0-]") for name in sorted(names, key=len, reverse=True))
        nouns = r"segment|segments|group|customers|cohort|audience|arm|variant|list|tier|plan|page|version|table|rows"
        held = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0-]") for name in sorted(guarded, key=len, reverse=True))
        guarded_part = (
            rf"|(?P<guarded>{held})(?=[ \u00a0](?:{nouns})\b)|(?:(?:segment|group|arm|variant|tier)[ \u00a0][“\"']?(?P<after>{held})\b)"
            if held
            else ""
        )
        self.entity_pattern = re.compile(rf"(?<![\w@-])(?:(?P<plain>{plain}){guarded_part})(?![\w@])", re.IGNORECASE)

    def entity_mentions(self, text: str) -> list[Mention]:
        """Every entity that the text names."""
        found = []
        for match in self.entity_pattern.finditer(text):
            words = re.sub(r"[ \u00a0-]", " ", match[0].lower())
            said = match.groupdict()
            if said.get("plain"):
                key, kind = self._names.get(match[0].lower()) or self._names.get(words) or self._spaced(words, self._names)
            else:
                inner = (said.get("guarded") or said.get("after") or "").lower()
                key, kind = self._guarded.get(inner) or self._spaced(re.sub(r"[ \u00a0-]", " ", inner), self._guarded)
            found.append(Mention(match.start(), match.end(), frozenset({key}), kind))
        return found

    @staticmethod
    def _spaced(words: str, names: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
        return next(value for name, value in names.items() if re.sub(r"[ \u00a0-]", " ", name) == words)

    def _phrases(self, figures: Sequence[Figure]) -> None:
        """Phrases to concepts: the vocabulary, made particular by the events that these figures count, and the figures' own labels."""
        used = {
            event
            for figure in figures
            for event in EVENTS
            if re.search(rf"\b{event}s?\b", f"{figure.label} {figure.denominator or ''}".lower())
        }
        used |= {"sign-up", "signup"} if used & {"sign-up", "signup"} else set()
        phrases: dict[str, frozenset[str]] = {}
        for phrase, concepts in static_phrases().items():
            events = [event for event in EVENTS if re.search(rf"\b{event}s?\b", phrase)]
            if phrase.startswith("of "):
                concepts |= static_phrases().get(re.sub(r"^of (?:the |total )?", "", phrase), frozenset())
            foreign = used and events and not set(events) & used and concepts & {"conversions", "cpa"}
            phrases[phrase] = frozenset({f"other {phrase}"}) if foreign else concepts
        self._static = phrases
        labels: dict[str, set[str]] = {}
        for figure in figures:
            label = figure.label.lower().strip()
            if 3 <= len(label) <= 60:
                labels.setdefault(label, set()).update(self._concepts(figure) or {f"label {label}"})
        self.phrases = {**phrases, **{label: frozenset(names) | phrases.get(label, frozenset()) for label, names in labels.items()}}
        by_word: dict[str, list[str]] = {}
        for way in self.phrases:
            by_word.setdefault(FIRST_WORD.match(way)[0] if FIRST_WORD.match(way) else way, []).append(way)  # type: ignore[index]
        self._by_word = {
            word: re.compile(
                "(?:"
                + "|".join(re.escape(way).replace(r"\ ", r"[ \u00a0-]") for way in sorted(ways, key=len, reverse=True))
                + r")(?![\w]|-\w)"
            )
            for word, ways in by_word.items()
        }
        self._loose = {re.sub(r"[\s\u00a0-]", " ", phrase): names for phrase, names in self.phrases.items()}

    def metric_mentions(self, text: str) -> list[Mention]:
        """Every metric that the text names."""
        found: list[Mention] = []
        lowered, last = text.lower(), 0
        if len(lowered) != len(text):
            lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        for word in FIRST_WORD.finditer(lowered):
            pattern = self._by_word.get(word[0])
            match = pattern.match(lowered, word.start()) if pattern is not None and word.start() >= last else None
            if match is None:
                continue
            if match[0] == "reach" and NO_METRIC_AFTER.match(lowered, match.end()):
                continue
            last = match.end()
            words = re.sub(r"[\s\u00a0-]", " ", match[0])
            found.append(Mention(match.start(), last, self._loose[words], "metric", words.startswith(ADJACENT)))
        for match in EVENT_COSTS.finditer(text):
            found.append(
                Mention(
                    match.start("event"),
                    match.end("event"),
                    self.phrases.get(f"cost per {match['event'].lower()}", frozenset({"cpa"})),
                    "metric",
                )
            )
        return sorted(found, key=lambda mention: mention.start)

    def units_of(self, concepts: frozenset[str]) -> frozenset[Unit] | None:
        """The units that concepts come in; None when unknown (a label of its own)."""
        table = concept_units()
        if any(name not in table for name in concepts):
            if all(name.startswith("other ") for name in concepts):
                phrase = next(iter(concepts))
                return (
                    frozenset({"money"})
                    if "per " in phrase or "cost" in phrase or phrase.startswith(("other a ", "other each "))
                    else frozenset({"count"})
                )
            return None
        return frozenset().union(*(table[name] for name in concepts))

    def _concepts(self, figure: Figure) -> frozenset[str]:
        names, units = metric_names(), concept_units()
        metric = figure.metric.lower()
        found = set()
        tokens = metric.split("_")
        tails = ["_".join(tokens[index:]) for index in range(len(tokens))]
        heads = ["_".join(tokens[:index]) for index in range(len(tokens), 0, -1)]
        for name in (*tails, *heads):
            if name in names:
                found.add(names[name])
                break
        label = figure.label.lower()
        said = sorted((phrase for phrase in self._static if phrase in label and _whole(phrase, label)), key=len, reverse=True)
        change = bool(CHANGE_METRIC.search(metric) or CHANGE_METRIC.search(label))
        fits = [phrase for phrase in said if any(figure.unit in units.get(name, ()) for name in self._static[phrase])]
        for phrase in (
            said if change else (fits[:1] if found or fits else said[:1] if figure.unit in ("multiple", "number", "score") else [])
        ):
            found |= {name for name in self._static[phrase] if not name.startswith("other ")}
        found |= {WHOLES[name] for name in found if name in WHOLES}
        found |= {"spend"} if "budget" in found else set()
        fitting = {name for name in found if change or figure.unit in units.get(name, frozenset())}
        return frozenset(fitting or found)

    def _known(self, alias: str, figure: Figure) -> Known:
        text = f"{figure.metric} {figure.label} {figure.key.rsplit('.', 1)[-1]}".lower()
        own = kind_of(figure.entity) if figure.entity else None
        mentioned = [mention for mention in self.entity_mentions(figure.label) if own in (None, mention.kind)]
        named = {name for mention in mentioned for name in mention.names}
        entities = frozenset(({canonical(figure.entity)} if figure.entity else set()) | named)
        kind = own or next((self.entities.get(name, "channel") for name in named), None)
        factor = {"money": 1 / minor_units(figure.currency or "ZAR"), "share": 100.0, "points": 100.0}.get(figure.unit, 1.0)
        start, end = _period(figure.period)
        words = frozenset(word[:5] for word in re.findall(r"[a-z]{3,}", text) if word not in ("the", "per", "and", "for", "with", "that"))
        concepts, units = self._concepts(figure), concept_units()
        derived = (
            bool(concepts)
            and figure.unit in ("multiple", "share", "points")
            and not any(figure.unit in units.get(name, ()) for name in concepts)
        )
        change, downward = bool(CHANGE_METRIC.search(text)), bool(DOWNWARD_METRIC.search(text))
        label = self.plainly(f"{figure.label} {figure.denominator or ''}")
        phrases = frozenset(self.plainly(phrase) for phrase in self._static if _whole(phrase, label)) | {self.plainly(figure.label)}
        names = frozenset().union(*(stems(way) for name in entities for way in spoken(name)))
        return Known(
            alias, figure, concepts, words, entities, kind, change, derived, downward, factor, start, end,
            phrases | {phrase.removeprefix("of ") for phrase in phrases} | {f"of {phrase}" for phrase in phrases}, stems(label) - names,
            per_family(figure.label) if figure.unit == "money" else family(f"{figure.label} {figure.denominator or ''}"),
        )  # fmt: skip

    @staticmethod
    def plainly(words: str) -> str:
        """Words in lower case with ordinary spaces, to be held against phrases."""
        return re.sub(r"[\s\u00a0-]+", " ", words.lower()).strip()


def _whole(phrase: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text) is not None


def _ordinary(way: str, kind: str) -> bool:
    """Whether a name is too common a word to be recognised by itself."""
    return (
        way.lower().replace("-", " ") in COMMON or kind == "table" or (kind in ("arm", "variant", "tier") and len(way) < 4) or len(way) < 3
    )


def _period(period: str | None) -> tuple[date | None, date | None]:
    if not period or "/" not in period:
        return None, None
    first, last = period.split("/", 1)
    try:
        return date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    except ValueError:
        return None, None
