"""The figures of the evidence, ready to be asked: by value, by link, by entity and concept; and the words that name them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from grounding.evidence import Evidence
from grounding.rendering import minor_units
from grounding.verifying.events import family, per_family
from grounding.verifying.phrases import Mention, Phrases, plainly, said_in, stems
from grounding.vocabulary import CHANGE_METRIC, CHANNELS, COMMON, DOWNWARD_METRIC, concept_units, spoken
from tools.contract import Figure


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
    family: str | None
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


@lru_cache(maxsize=1024)
def canonical(entity: str) -> str:
    """'segment: At risk' → at_risk; 'Google Ads' → google_ads."""
    return re.sub(r"[^a-z0-9]+", "_", entity.split(":", 1)[-1].lower()).strip("_")


@lru_cache(maxsize=1024)
def kind_of(entity: str) -> str:
    """What sort of thing an entity is: its prefix ('segment'), a channel, or just an entity."""
    if ":" in entity:
        prefix = entity.split(":", 1)[0].strip().lower()
        return "channel" if prefix in ("channel", "platform") else prefix
    return "channel" if canonical(entity) in CHANNELS else "entity"


SHORTEST_WORDING = 16
SHORTEST_HINT = 4


class Index:
    """Built once for a text: a 3 000-word draft asks it a thousand times."""

    def __init__(self, evidence: Sequence[Evidence]):
        self.records = {record.alias or record.id: record for record in evidence}
        self.by_id = {record.id: record.alias or record.id for record in evidence}
        read = [(alias, figure) for alias, record in self.records.items() for figure in record.figures]
        self._entity_names(figure for _, figure in read)
        spoken_of = Phrases([figure for _, figure in read])
        self.phrases, self.metric_mentions, self.units_of = spoken_of.known, spoken_of.mentions, spoken_of.units_of
        self._concepts = spoken_of.concepts
        self._in_labels: dict[str, list[Mention]] = {}
        self.known = [self._known(alias, figure) for alias, figure in read]
        words = {piece.strip() for _, figure in read for part in (figure.label, figure.source or "") for piece in part.split(";")}
        words |= {caveat.text for record in self.records.values() for caveat in record.caveats if "{{" not in caveat.text}
        self.worded = sorted(text for text in words if len(text) >= SHORTEST_WORDING and any(letter.isdigit() for letter in text))
        """Labels, sources and caveats that hold digits: said word for word they claim nothing of their own."""
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
        self._hints: dict[str, frozenset[str]] | None = None
        plain = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0-]") for name in sorted(names, key=len, reverse=True))
        nouns = r"segment|segments|group|customers|cohort|audience|arm|variant|list|tier|plan|page|version|table|rows"
        held = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0-]") for name in sorted(guarded, key=len, reverse=True))
        guarded_part = (
            rf"|(?P<guarded>{held})(?=[ \u00a0](?:{nouns})\b)|(?:(?:segment|group|arm|variant|tier)[ \u00a0][“\"']?(?P<after>{held})\b)"
            if held
            else ""
        )
        self.entity_pattern = re.compile(rf"(?<![\w@-])(?:(?P<plain>{plain}){guarded_part})(?![\w@])", re.IGNORECASE)

    def hints(self, known: Known) -> frozenset[str]:
        """Beginnings of the words that tell an entity from the others of its kind: "occasional" of "new or occasional"."""
        if self._hints is None:
            self._hints = {}
            words = {key: frozenset(word[:5] for word in key.split("_") if len(word) >= SHORTEST_HINT) for key in self.entities}
            for key, kind in self.entities.items():
                others = [words[other] for other, of in self.entities.items() if of == kind and other != key]
                self._hints[key] = words[key] - frozenset().union(*others)
        return frozenset().union(*(self._hints.get(key, frozenset()) for key in known.entities))

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

    def _known(self, alias: str, figure: Figure) -> Known:
        text = f"{figure.metric} {figure.label} {figure.key.rsplit('.', 1)[-1]}".lower()
        own = kind_of(figure.entity) if figure.entity else None
        if figure.label not in self._in_labels:
            self._in_labels[figure.label] = self.entity_mentions(figure.label)
        mentioned = [mention for mention in self._in_labels[figure.label] if own in (None, mention.kind)]
        named = {name for mention in mentioned for name in mention.names}
        entities = frozenset(({canonical(figure.entity)} if figure.entity else set()) | named)
        kind = own or next((self.entities.get(name, "channel") for name in named), None)
        factor = {"money": 1 / minor_units(figure.currency or "ZAR"), "share": 100.0, "points": 100.0}.get(figure.unit, 1.0)
        start, end = _period(figure.period)
        concepts, units = self._concepts(figure), concept_units()
        derived = (
            bool(concepts)
            and figure.unit in ("multiple", "share", "points")
            and not any(figure.unit in units.get(name, ()) for name in concepts)
        )
        told = _told(figure.label, figure.denominator or "", figure.unit == "money")
        names = frozenset().union(*(_spoken_stems(name) for name in entities))
        change, downward = _changes(text)
        return Known(
            alias, figure, concepts, _words(text), entities, kind, change, derived, downward, factor, start, end,
            told.phrases, told.stems - names, told.family,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What the words of a label say by themselves."""

    phrases: frozenset[str]
    stems: frozenset[str]
    family: str | None


@lru_cache(maxsize=4096)
def _told(label: str, denominator: str, money: bool) -> Told:
    words = f"{label} {denominator}".lower()
    phrases = frozenset(plainly(phrase) for phrase in said_in(words)) | {plainly(label)}
    phrases |= {phrase.removeprefix("of ") for phrase in phrases} | {f"of {phrase}" for phrase in phrases}
    return Told(phrases, stems(words), (per_family(label) or family(denominator)) if money else family(words))


@lru_cache(maxsize=4096)
def _changes(text: str) -> tuple[bool, bool]:
    return bool(CHANGE_METRIC.search(text)), bool(DOWNWARD_METRIC.search(text))


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in re.findall(r"[a-z]{3,}", text) if word not in ("the", "per", "and", "for", "with", "that"))


@lru_cache(maxsize=1024)
def _spoken_stems(name: str) -> frozenset[str]:
    return frozenset().union(*(stems(way) for way in spoken(name)))


def _ordinary(way: str, kind: str) -> bool:
    """Whether a name is too common a word to be recognised by itself."""
    return (
        way.lower().replace("-", " ") in COMMON or kind == "table" or (kind in ("arm", "variant", "tier") and len(way) < 4) or len(way) < 3
    )


@lru_cache(maxsize=1024)
def _period(period: str | None) -> tuple[date | None, date | None]:
    if not period or "/" not in period:
        return None, None
    first, last = period.split("/", 1)
    try:
        return date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    except ValueError:
        return None, None


_latest: tuple[tuple[Evidence, ...], Index] | None = None


def index_of(evidence: Sequence[Evidence]) -> Index:
    """The index of these very records; kept for the next text, since a draft is read again after every repair."""
    global _latest
    kept, records = _latest, tuple(evidence)
    if kept is not None and len(kept[0]) == len(records) and all(a is b for a, b in zip(kept[0], records, strict=True)):
        return kept[1]
    made = Index(records)
    _latest = (records, made)
    return made
