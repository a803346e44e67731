"""The words that name metrics: the vocabulary, made particular by the events that these figures count, and the figures' own labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grounding.vocabulary import CHANGE_METRIC, concept_units, metric_names, static_phrases
from tools.contract import Figure, Unit

EVENTS = ("booking", "order", "purchase", "sign-up", "signup", "trial", "install", "subscription", "sale", "lead", "customer")
EVENT_WORDS = re.compile(r"\b(" + "|".join(EVENTS) + r")s?\b")
EVENT_COSTS = re.compile(
    r"\b(?:a|an|one|each|every)[ \u00a0](?P<event>" + "|".join(EVENTS) + r"|click)\b[^.;\d]{0,30}?\bcosts?\b", re.IGNORECASE
)
WHOLES = {"spend_share": "spend", "revenue_share": "revenue", "customer_share": "customers"}
"""A share of spend may be told as spend."""
NO_METRIC_AFTER = re.compile(r"[ \u00a0](?:\W?\d|[R$€£]|from|about|them|more|out|people|those|new|for|the|a )")
""" "Bookings reach 162" is a verb."""
FIRST_WORD = re.compile(r"(?<![\w-])[^\W_]+")
WORD_AFTER = re.compile(r"\w|-\w")
ADJACENT = ("per ", "a ", "each ", "of ")
"""Phrases that begin so name a metric only right behind the number: "R182 a booking", "30% of spend"."""
UNTOLD = frozenset({"multiple", "number", "score"})
LONGEST_LABEL = 60

ORDINARY_STEMS = frozenset(
    word[:5]
    for word in [
        "the",
        "per",
        "and",
        "for",
        "with",
        "that",
        "from",
        "this",
        "its",
        "their",
        "who",
        "what",
        "how",
        "than",
        "then",
        "them",
        "they",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "been",
        "will",
        "would",
        "must",
        "may",
        "can",
        "not",
        "all",
        "each",
        "every",
        "one",
        "some",
        "more",
        "most",
        "less",
        "least",
        "platform",
        "platforms",
        "claimed",
        "claim",
        "claims",
        "period",
        "before",
        "after",
        "channel",
        "channels",
        "expected",
        "current",
        "today",
        "record",
        "records",
        "share",
        "cost",
        "costs",
        "value",
        "total",
        "first",
        "new",
        "change",
        "number",
        "figure",
        "under",
        "over",
        "plan",
        "month",
        "week",
        "day",
        "year",
        "likely",
        "rate",
        "rates",
        "ad",
        "ads",
        "our",
        "your",
        "only",
        "any",
        "into",
        "out",
    ]
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name an entity or a metric."""

    start: int
    end: int
    names: frozenset[str]
    kind: str
    adjacent: bool = False


@lru_cache(maxsize=4096)
def stems(words: str) -> frozenset[str]:
    """Beginnings of the words that tell figures apart; grammar and what every figure has in common left out."""
    return frozenset(word[:5] for word in re.findall(r"[a-z]{3,}", words.lower())) - ORDINARY_STEMS


@lru_cache(maxsize=4096)
def plainly(words: str) -> str:
    """Words in lower case with ordinary spaces, to be held against phrases."""
    return re.sub(r"[\s\u00a0-]+", " ", words.lower()).strip()


@lru_cache(maxsize=4096)
def said_in(label: str) -> tuple[str, ...]:
    """The phrases of the vocabulary that stand in a label (lower case), the longest first."""
    found = [phrase for phrase in static_phrases() if phrase in label and _whole(phrase, label)]
    return tuple(sorted(found, key=len, reverse=True))


def _whole(phrase: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text) is not None


@lru_cache(maxsize=1)
def _events_of_phrases() -> dict[str, frozenset[str]]:
    return {phrase: frozenset(EVENT_WORDS.findall(phrase)) for phrase in static_phrases()}


class Phrases:
    """Phrase to concepts, for the figures of one set of evidence."""

    def __init__(self, figures: Sequence[Figure]):
        told = {(figure.label, figure.denominator or "") for figure in figures}
        used = {event for words in told for event in EVENT_WORDS.findall(" ".join(words).lower())}
        used |= {"sign-up", "signup"} if used & {"sign-up", "signup"} else set()
        self.static: dict[str, frozenset[str]] = {}
        self._concepts: dict[tuple[str, str, Unit], frozenset[str]] = {}
        for phrase, concepts in static_phrases().items():
            events = _events_of_phrases()[phrase]
            if phrase.startswith("of "):
                concepts |= static_phrases().get(re.sub(r"^of (?:the |total )?", "", phrase), frozenset())
            foreign = used and events and not events & used and concepts & {"conversions", "cpa"}
            self.static[phrase] = frozenset({f"other {phrase}"}) if foreign else concepts
        labels: dict[str, set[str]] = {}
        for figure in figures:
            label = figure.label.lower().strip()
            if 3 <= len(label) <= LONGEST_LABEL:
                labels.setdefault(label, set()).update(self.concepts(figure) or {f"label {label}"})
        self.known = self.static | {label: frozenset(names) | self.static.get(label, frozenset()) for label, names in labels.items()}
        self._flat = {_flat(phrase): names for phrase, names in self.known.items()}
        self._by_word: dict[str, list[str]] = {}
        for phrase in sorted(self._flat, key=len, reverse=True):
            first = FIRST_WORD.match(phrase)
            self._by_word.setdefault(first[0] if first else phrase, []).append(phrase)

    def mentions(self, text: str) -> list[Mention]:
        """Every metric that the text names, the longest phrase at each place."""
        found: list[Mention] = []
        lowered, last = text.lower(), 0
        if len(lowered) != len(text):
            lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        flat = _flat(lowered)
        for word in FIRST_WORD.finditer(lowered):
            start = word.start()
            phrases = self._by_word.get(word[0]) if start >= last else None
            for phrase in phrases or ():
                end = start + len(phrase)
                if not flat.startswith(phrase, start) or WORD_AFTER.match(lowered, end):
                    continue
                if phrase != "reach" or not NO_METRIC_AFTER.match(lowered, end):
                    last = end
                    found.append(Mention(start, end, self._flat[phrase], "metric", phrase.startswith(ADJACENT)))
                break
        for match in EVENT_COSTS.finditer(text):
            names = self.known.get(f"cost per {match['event'].lower()}", frozenset({"cpa"}))
            found.append(Mention(match.start("event"), match.end("event"), names, "metric"))
        return sorted(found, key=lambda mention: mention.start)

    def concepts(self, figure: Figure) -> frozenset[str]:
        """The concepts that a figure is of, by its metric's name and its label."""
        told = (figure.metric, figure.label, figure.unit)
        if told not in self._concepts:
            self._concepts[told] = self._read(figure.metric.lower(), figure.label.lower(), figure.unit)
        return self._concepts[told]

    def _read(self, metric: str, label: str, unit: Unit) -> frozenset[str]:
        names, units = metric_names(), concept_units()
        found = set()
        tokens = metric.split("_")
        tails = ["_".join(tokens[index:]) for index in range(len(tokens))]
        heads = ["_".join(tokens[:index]) for index in range(len(tokens), 0, -1)]
        for name in (*tails, *heads):
            if name in names:
                found.add(names[name])
                break
        said = said_in(label)
        change = bool(CHANGE_METRIC.search(metric) or CHANGE_METRIC.search(label))
        fits = [phrase for phrase in said if any(unit in units.get(name, ()) for name in self.static[phrase])]
        if change:
            chosen: Sequence[str] = said
        elif fits or found:
            chosen = fits[:1]
        else:
            chosen = said[:1] if unit in UNTOLD else ()
        for phrase in chosen:
            found |= {name for name in self.static[phrase] if not name.startswith("other ")}
        found |= {WHOLES[name] for name in found if name in WHOLES}
        found |= {"spend"} if "budget" in found else set()
        fitting = {name for name in found if change or unit in units.get(name, frozenset())}
        return frozenset(fitting or found)

    @staticmethod
    def units_of(concepts: frozenset[str]) -> frozenset[Unit] | None:
        """The units that concepts come in; None when unknown (a label of its own)."""
        table = concept_units()
        if all(name in table for name in concepts):
            return frozenset().union(*(table[name] for name in concepts))
        if not all(name.startswith("other ") for name in concepts):
            return None
        phrase = next(iter(concepts))
        costs = "per " in phrase or "cost" in phrase or phrase.startswith(("other a ", "other each "))
        return frozenset({"money"}) if costs else frozenset({"count"})


def _flat(words: str) -> str:
    """The same letters with every space and hyphen a plain space, so that places stay the same."""
    return words.replace("\u00a0", " ").replace("-", " ")
