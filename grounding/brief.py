"""Read a marketer's brief by rules: every number it states becomes a figure of basis `stated`, with the words that state it."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from babel.numbers import is_currency

from grounding.evidence import Evidence, Locale
from grounding.ids import new_id
from grounding.rendering import minor_units
from grounding.verifying.numerals import Numeral, read
from grounding.vocabulary import CHANNELS, concept_units, static_phrases
from tools.contract import Figure, ToolInputError, Unit

PER = re.compile(
    r"^[ \u00a0]*(?:(?:a|per|each|every|/)[ \u00a0]*(day|week|month|quarter|year)\b|(dai|week|month|quarter|year|annual)ly\b|/[ ]?(mo|wk|yr|pm)\b|(?:p\.?m\.?|pm)\b)",
    re.IGNORECASE,
)
PER_NEAR = re.compile(r"^(?:[ \u00a0][a-z-]+){1,2}[ \u00a0](?:a|per|each|every)[ \u00a0](day|week|month|quarter|year)\b", re.IGNORECASE)
PER_BEFORE = re.compile(r"\b(dai|week|month|quarter|year|annual)ly\s+(?:\w+\s+){0,3}(?:of|is|:)?\s*$", re.IGNORECASE)
PER_NAMES = {"dai": "day", "annual": "year", "mo": "month", "wk": "week", "yr": "year", "pm": "month"}
GOAL = re.compile(r"\b(?:goals?|objective|aim|target)\s*(?:is|are|:|=|-|–)\s*([^.;\n]+)", re.IGNORECASE)
WANT = re.compile(r"\b(?:we want|want|wants|need|needs|looking for|to get|grow|increase|more)\s+(?:to\s+)?([^.;,\n]+)", re.IGNORECASE)
THINGS = re.compile(r"^[ \u00a0](?P<what>(?!(?:days|weeks|months|times|hours|years)\b)[a-z]{3,20}s)(?=[ \u00a0.,;:]|$)", re.IGNORECASE)
"""The things that a plain number counts stand right behind it: "two messages to salons"."""
MONTH_AFTER = re.compile(
    r"^[ \u00a0]?(?:to|until|till|through|and|-|–)[ \u00a0]?\d{1,2}(?:st|nd|rd|th)?[ \u00a0](?:of[ \u00a0])?(?:January|February|March|April|May|June|July|August|September|October|November|December)\b",
    re.IGNORECASE,
)
""" "19 to 25 October": the first is a day as well."""
MORE_AFTER = re.compile(r"^[ \u00a0](?:more|less|extra|on top)\b", re.IGNORECASE)
""" "$500 more a week on YouTube": a change, and no budget."""
THING_BEFORE = re.compile(r"\b(?:the|our|your|their|its)[ \u00a0]+$", re.IGNORECASE)
THING_AFTER = re.compile(
    r"^[ \u00a0]+(?!budget|spend|campaign|media|ads?\b|marketing|plan|total|fund|money|we|you|they|that|which|who|for|on|in|a|an|per|is|was|are|were|will|should"
    r"|to|from|of|as|and|or|each|every|over|at|by|with|month|week|year|quarter|dai|next|this|then)[a-z]+",
    re.IGNORECASE,
)
""" "The R75 bar": what a thing costs, and no money to spend."""
PERIOD = re.compile(
    r"\b(?:for|over|during|in|next|within|across)\s+(?:the\s+)?((?:next|coming)\s+(?:\w+\s+)?(?:days?|weeks?|months?|quarters?|year)|Q[1-4](?:\s+\d{4})?|(?:January|February|March|April|May|June|July|August|September|October|November|December)(?:\s+\d{4})?)",
    re.IGNORECASE,
)
UNKNOWN_MONEY = re.compile(r"(?<![\w])([A-Z]{3})[ \u00a0]?\d[\d ,.]{0,30}|\d[\d ,.]{0,30}[kKmM]?[ \u00a0]([A-Z]{3})(?!\w)")
NOT_MONEY = frozenset(
    [
        "CTR",
        "CPA",
        "CPC",
        "CPM",
        "CPL",
        "CAC",
        "LTV",
        "AOV",
        "NPS",
        "ROI",
        "KPI",
        "SEO",
        "SMS",
        "MQL",
        "SQL",
        "VAT",
        "FAQ",
        "APP",
        "USP",
        "PPC",
        "UTM",
        "TOP",
        "AND",
        "FOR",
        "THE",
        "GET",
        "MAX",
        "MIN",
    ]
)
SIGNED_MONEY = re.compile(
    r"budget[^.\n]{0,20}?[-−]\s?(?:R|\$|€|£|[A-Z]{3})?\s?\d|(?<!\w)[-−](?:R|\$|€|£)\s?\d|(?<!\w)(?:R|\$|€|£)[-−]\d", re.IGNORECASE
)
STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "and",
        "or",
        "per",
        "for",
        "our",
        "your",
        "their",
        "in",
        "on",
        "at",
        "with",
        "by",
        "from",
        "is",
        "are",
        "be",
        "we",
        "want",
        "need",
        "about",
        "new",
        "more",
        "extra",
        "each",
        "every",
        "least",
        "most",
        "up",
    ]
)


MOST_NUMBERS = 200
"""numbers that one brief may state; each becomes a figure"""
LARGEST = 1e15
"""the largest number that a brief may state, in major units: beyond it a sum in minor units is not exact"""


class BriefError(ToolInputError):
    """What is wrong with the brief, for the person who wrote it."""

    kind = "brief"


def read_brief(text: str, locale: Locale, *, as_of: date, now: datetime) -> Evidence:
    """The brief as evidence with the alias B. Its keys: `budget`, and one for each other number stated; `goal`, `channels`, `period` beside them.

    Raises BriefError for an empty brief, a budget of nothing or less, and a currency that does not exist.
    """
    if not text.strip():
        raise BriefError("The brief is empty. Say what you want to achieve, with which budget and through which channels.", field="brief")
    _check_currency(text)
    if SIGNED_MONEY.search(text):
        raise BriefError("The budget is negative. Give an amount above zero.", field="budget", found=SIGNED_MONEY.search(text)[0].strip())  # type: ignore[index]
    figures = list(stated_figures(text, locale))
    budget = next((figure for figure in figures if figure.key == "budget"), None)
    if budget is not None and isinstance(budget.value, int) and budget.value <= 0:
        raise BriefError("The budget is zero. Give an amount above zero.", field="budget", found=str(budget.source))
    result: dict[str, Any] = {
        "figures": [figure.model_dump(mode="json") for figure in figures],
        "findings": [],
        "caveats": [],
        "goal": _goal(text),
        "channels": channels_named(text),
        "period": _period(text, budget),
    }
    return Evidence(
        id=new_id("ev"),
        alias="B",
        tool="brief",
        version=1,
        request={"text": text, "as_of": as_of.isoformat()},
        result=result,
        created_at=now,
    )


def _check_currency(text: str) -> None:
    for match in UNKNOWN_MONEY.finditer(text):
        code = match[1] or match[2]
        if code not in NOT_MONEY and not is_currency(code):
            raise BriefError(
                f"{code} is no currency that we know. Use an ISO 4217 code such as ZAR, USD or EUR.", field="budget", found=match[0].strip()
            )


def stated_figures(text: str, locale: Locale) -> Iterator[Figure]:
    """One figure for each number that the text states."""
    used: set[str] = set()
    numerals = [n for n in read(text, locale) if n.values and n.role in ("number", "fraction", "age") and not _a_day(n, text)]
    if len(numerals) > MOST_NUMBERS:
        raise BriefError(
            f"The brief states {len(numerals)} numbers, and {MOST_NUMBERS} is the most. Leave tables out: import them instead.",
            field="brief",
        )
    if huge := next((n for n in numerals if not abs(n.values[0]) < LARGEST), None):
        raise BriefError("The brief states a number that is too large to be meant.", field="brief", found=huge.text[:40])
    budget = _budget(numerals, text)
    for index, numeral in enumerate(numerals):
        edges = (numerals[index - 1].end if index else 0, numerals[index + 1].start if index + 1 < len(numerals) else len(text))
        figure = _figure(numeral, text, locale, used, edges, is_budget=numeral is budget)
        if figure is not None:
            used.add(figure.key)
            yield figure


def _budget(numerals: list[Numeral], text: str) -> Numeral | None:
    money = [n for n in numerals if n.kind == "money" and not _of_a_thing(n, text) and not MORE_AFTER.match(text[n.end :][:12])]
    named = [n for n in money if _says(r"budget", n, text)] or [n for n in money if _says(r"spend|invest", n, text)]
    if named:
        return named[0]
    bare = [
        n
        for n in numerals
        if n.kind == "bare" and re.search(r"budget\W+(?:of|is)?\W*$", text[max(0, n.start - 16) : n.start], re.IGNORECASE)
    ]
    per = [n for n in money if PER.match(text[n.end : n.end + 16])]
    return (per or bare or money or [None])[0]  # type: ignore[list-item]


def _a_day(numeral: Numeral, text: str) -> bool:
    return numeral.kind == "bare" and MONTH_AFTER.match(text[numeral.end :][:40]) is not None


def _of_a_thing(numeral: Numeral, text: str) -> bool:
    return bool(THING_BEFORE.search(text[max(0, numeral.start - 12) : numeral.start]) and THING_AFTER.match(text[numeral.end :][:40]))


def _says(word: str, numeral: Numeral, text: str) -> bool:
    """Whether a word stands beside the number, with no other number and no stop between."""
    before, after = text[max(0, numeral.start - 40) : numeral.start], text[numeral.end : numeral.end + 30]
    return bool(
        re.search(rf"\b(?:{word})\w*[^.;,\d\n]*$", before, re.IGNORECASE) or re.match(rf"^[^.;,\d\n]*?\b(?:{word})", after, re.IGNORECASE)
    )


def _figure(numeral: Numeral, text: str, locale: Locale, used: set[str], edges: tuple[int, int], *, is_budget: bool) -> Figure | None:
    unit, value, currency = _measured(numeral, locale, is_budget)
    per = _per(numeral, text)
    before, after = text[edges[0] : numeral.start], text[numeral.end : edges[1]]
    entity = None if is_budget else _entity(before, after)
    metric, label = ("budget", "budget") if is_budget else _named(unit, before, after)
    stem = metric if entity is None else f"{entity}.{metric}"
    key = stem
    number = 2
    while key in used:
        key, number = f"{stem}_{number}", number + 1
    return Figure(
        key=key, value=value, unit=unit, metric=metric, label=label, entity=entity, currency=currency, denominator=per, basis="stated",
        source=_quote(numeral, text),
    )  # fmt: skip


def _measured(numeral: Numeral, locale: Locale, is_budget: bool) -> tuple[Unit, int | float, str | None]:
    value = numeral.values[0] * (-1 if numeral.sign < 0 else 1)
    match numeral.kind:
        case "money":
            currency = locale.currency if locale.currency in numeral.currencies else sorted(numeral.currencies)[0]
            return "money", round(value * minor_units(currency)), currency
        case "percent":
            return "share", value / 100, None
        case "points":
            return "points", value / 100, None
        case "bps":
            return "points", value / 10_000, None
        case "multiple" | "hours" | "days" | "weeks" | "months" | "score":
            return numeral.kind, value, None
        case "years":
            return "months", value * 12, None
    if is_budget:
        return "money", round(value * minor_units(locale.currency)), locale.currency
    return "count", int(value) if value == int(value) else value, None


def _per(numeral: Numeral, text: str) -> str | None:
    found = PER.match(text[numeral.end : numeral.end + 20]) or PER_NEAR.match(text[numeral.end : numeral.end + 40])
    if found:
        name = (next((group for group in found.groups() if group), "month")).lower()
        return PER_NAMES.get(name, name)
    before = PER_BEFORE.search(text[max(0, numeral.start - 40) : numeral.start])
    return PER_NAMES.get(before[1].lower(), before[1].lower()) if before else None


def _entity(before: str, after: str) -> str | None:
    """The channel that the number is for: named right after ("R5 000 for Meta") or right before ("Meta: R5 000")."""
    beside = f"{before[-80:]}\n{after[:80]}".lower()
    for key, names in CHANNELS.items():
        for name in names:
            if name.lower() not in beside:
                continue
            if re.match(rf"^[^.;,\n]{{0,25}}?\b(?:for|on|to|into|in|from|via|through)\s+{re.escape(name)}\b", after, re.IGNORECASE):
                return key
            if re.search(rf"\b{re.escape(name)}\b[^.;,\n\d]{{0,25}}$", before, re.IGNORECASE):
                return key
    return None


def _named(unit: Unit, before: str, after: str) -> tuple[str, str]:
    """Metric and label from the nearest words that name one; else from the noun beside the number."""
    units, best = concept_units(), None
    beside = f"{before[-80:]}\n{after[:80]}".lower()
    for phrase, concepts in static_phrases().items():
        # a pattern for each of hundreds of phrases at each number took seconds
        if phrase.lower() not in beside:
            continue
        fitting = sorted(name for name in concepts if unit in units[name])
        if not fitting:
            continue
        near = re.match(rf"^[^.;\n]{{0,30}}?\b{re.escape(phrase)}\b", after, re.IGNORECASE)
        back = re.search(rf"\b{re.escape(phrase)}\b[^.;\n]{{0,25}}$", before, re.IGNORECASE)
        distance = min(near.end() - len(phrase) if near else 99, len(back[0]) - len(phrase) if back else 99)
        if distance < 99 and (best is None or (distance, -len(phrase)) < (best[0], -len(best[2]))):
            best = (distance, fitting[0], phrase)
    thing = THINGS.match(after) if unit == "count" else None
    if thing and (best is None or best[0] > len(thing[0])):
        return thing["what"].lower(), thing["what"].lower()
    if best is not None:
        return best[1], best[2]
    words = [word for word in re.findall(r"[a-z]+(?:-[a-z]+)*", re.split(r"[.;,\n]", after.lower())[0])[:3] if word not in STOP]
    if words and unit == "count":
        return words[0].replace("-", "_"), words[0]
    names = {"money": "amount", "share": "rate", "count": "number", "number": "number"}
    return names.get(unit, unit), f"stated {names.get(unit, unit)}"


def _quote(numeral: Numeral, text: str) -> str:
    """The words that state the number: at most a clause around it."""
    start = max(text.rfind(mark, 0, numeral.start) for mark in ("\n", ". ", "; ", ", ", "! ", "? ")) + 1
    stops = [text.find(mark, numeral.end) for mark in ("\n", ". ", "; ", ", ", "! ", "? ")]
    end = min([stop for stop in stops if stop >= 0], default=len(text))
    return re.sub(r"\s+", " ", text[start : min(end, start + 400)]).strip(" .;,")[:160]


def _goal(text: str) -> str | None:
    found = GOAL.search(text) or next((match for match in WANT.finditer(text) if _counts(match[1])), None)
    return re.sub(r"\s+", " ", found[1]).strip(" ,") if found else None


def _counts(words: str) -> bool:
    """Whether words name something that can be counted or grow: "we want money without cents" is no goal."""
    return any(re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", words, re.IGNORECASE) for phrase in static_phrases())


def channels_named(text: str) -> list[str]:
    """Channels in the order in which the text names them, as keys."""
    places = {}
    for key, names in CHANNELS.items():
        found = [m.start() for name in names if (m := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE))]
        if found:
            places[key] = min(found)
    return sorted(places, key=places.__getitem__)


def _period(text: str, budget: Figure | None) -> str | None:
    found = PERIOD.search(text)
    if found:
        return re.sub(r"\s+", " ", found[1]).strip()
    return f"per {budget.denominator}" if budget is not None and budget.denominator else None
