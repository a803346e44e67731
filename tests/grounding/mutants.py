"""Mutants of a rendered draft: one thing made wrong in each, by kind."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINKED = re.compile(r"\[(?P<shown>[^\]]+)\]\(evidence:(?P<alias>\w+)\.(?P<key>[\w.]+)\)")
END = re.compile(r"\.(?:low|high)$")
"""A range may write its unit once, so that dropping one is no error."""
ENTITIES = {
    "channel": ("Google Ads", "Meta", "LinkedIn", "TikTok"),
    "segment": ("loyal", "at-risk", "newcomers"),
}
SEGMENT_WORDS = re.compile(r"\b(Loyal|loyal|At risk|at-risk|Newcomers|newcomers)\b")
METRICS = (
    "cost per booking", "cost per click", "click-through rate", "conversion rate", "return on ad spend", "revenue per customer", "bookings", "clicks", "revenue", "customers",
)  # fmt: skip
METRIC_WORDS = (
    "cost per booking", "click-through rate", "conversion rate", "return on ad spend", "revenue per customer", "total spend", "share of customers", "of customers", "bookings", "clicks", "spend", "revenue",
    "customers", "people per arm", "budget", "Holdout error", "minimum detectable effect",
)  # fmt: skip
SAME_UNIT = {
    "cost per booking": ("cost per click", "revenue per customer", "revenue"),
    "click-through rate": ("conversion rate", "churn rate", "open rate"),
    "conversion rate": ("click-through rate", "churn rate", "bounce rate"),
    "return on ad spend": ("click-through rate", "cost per click", "conversion rate"),
    "revenue per customer": ("cost per booking", "spend"),
    "total spend": ("total revenue", "total budget"),
    "of customers": ("of spend", "of revenue"),
    "share of customers": ("share of spend", "share of revenue"),
    "bookings": ("clicks", "leads", "impressions"),
    "clicks": ("bookings", "impressions", "customers"),
    "spend": ("revenue", "profit"),
    "revenue": ("spend", "profit"),
    "customers": ("clicks", "bookings"),
    "people per arm": ("clicks", "bookings"),
    "budget": ("revenue", "cost per booking"),
    "Holdout error": ("Conversion rate", "Churn rate"),
    "minimum detectable effect": ("conversion rate", "churn rate"),
}
VERBS = {
    "rose": "fell", "fell": "rose", "rises": "falls", "increased": "decreased", "grew": "shrank", "drop": "increase", "lower": "higher", "cut": "raised", "dropped": "climbed", "climbed": "dropped",
    "gain": "lose", "declined": "grew", "down": "up", "up": "down", "decrease": "increase", "increase": "decrease", "growth": "decline", "decline": "growth", "shrank": "grew", "fewer": "more",
    "higher": "lower", "falls": "rises", "reduction": "increase",
}  # fmt: skip
PERIODS = {
    "Q3 2026": ("Q2 2026", "Q3 2025", "Q4 2025"),
    "third quarter of 2026": ("second quarter of 2026", "third quarter of 2025"),
    "1 July to 30 September 2026": ("1 April to 30 June 2026", "1 July to 30 September 2025", "1 July to 31 August 2026"),
    "July to September 2026": ("April to June 2026", "July to September 2025"),
    "2026-07-01 to 2026-09-30": ("2026-04-01 to 2026-06-30", "2026-07-01 to 2026-08-30"),
    "December 2026": ("November 2026", "January 2027"),
    "May 2026": ("April 2026", "May 2025", "June 2026"),
    "a month": ("a week", "a quarter", "a day"),
    "per month": ("per week", "per year"),
    "monthly": ("weekly", "yearly"),
}
CAUSES = ("drove", "caused", "led to", "generated", "resulted in", "boosted", "thanks to")
NEUTRAL = re.compile(
    r"\b(?:brought|recorded|had|saw|came with|went with|coincided with|came to|reached|was|were|took|holds|spent|covers|expects)\b"
)


@dataclass(frozen=True)
class Mutant:
    """A draft with one thing wrong."""

    kind: str
    what: str
    text: str


def mutants(text: str, links: bool) -> Iterator[Mutant]:
    """Every mutant of a draft that was rendered with links; without links they are taken out after the change."""
    for mutant in _all(text):
        yield mutant if links else Mutant(mutant.kind, mutant.what, LINKED.sub(r"\g<shown>", mutant.text))


def _all(text: str) -> Iterator[Mutant]:
    yield from _numerals(text)
    yield from _words(text)


def _put(text: str, start: int, end: int, new: str, kind: str) -> Mutant:
    return Mutant(kind, f"{text[start:end]!r} → {new!r}", text[:start] + new + text[end:])


def _numerals(text: str) -> Iterator[Mutant]:
    for match in LINKED.finditer(text):
        shown, start = match["shown"], match.start("shown")
        digits = [i for i, letter in enumerate(shown) if letter.isdigit()]
        if not digits or re.search(r"\d{4}$", shown) or re.search(r"[A-Z][a-z]+ \d{4}", shown):
            continue
        for i in digits:
            for new in {str((int(shown[i]) + step) % 10) for step in (1, 3, 7)} - {"0" if i == digits[0] else ""}:
                yield _put(text, start + i, start + i + 1, new, "digits")
        end = start + len(shown)
        last = start + digits[-1] + 1
        if not shown.endswith("x"):
            yield _put(text, last, last, " million", "scale")
            yield _put(text, last, last, "k", "scale")
        whole = re.search(r"\d+(?:[\u00a0]\d{3})*", shown)
        assert whole is not None
        if whole[0] != "0":
            yield _put(text, start + whole.end(), start + whole.end(), "0", "scale")
        if whole.end() - whole.start() > 1 and shown[whole.end() - 1] != ",":
            yield _put(text, start + whole.end() - 1, start + whole.end(), "", "scale")
        if "%" in shown:
            at = start + shown.index("%")
            for new in ("\u00a0percentage points", "x", " days", *([] if END.search(match["key"]) else [""])):
                yield _put(text, at, at + 1, new, "unit")
        elif shown.lstrip("-").startswith("R"):
            at = start + shown.index("R")
            for new in ("$", "€", "US$", *([] if END.search(match["key"]) else [""])):
                yield _put(text, at, at + 1, new, "unit")
        elif "percentage points" in shown:
            yield _put(text, start + shown.index("\u00a0percentage"), end, "%", "unit")
            yield _put(text, start + shown.index("\u00a0percentage"), end, "\u00a0bps", "unit")
        elif shown.endswith("x"):
            for new in ("%", " days", " percentage points"):
                yield _put(text, end - 1, end, new, "unit")
        elif shown.endswith("days"):
            for new in ("weeks", "months", "hours"):
                yield _put(text, end - 4, end, new, "unit")
        else:
            yield _put(text, end, end, "%", "unit")
            yield _put(text, start, start, "R", "unit")
        yield _put(text, start, start, "-", "sign")


def _words(text: str) -> Iterator[Mutant]:
    hidden = LINKED.sub(lambda m: "\0" * len(m[0]), text)
    entity = re.compile("|".join(ENTITIES["channel"]))
    places = [m.start() for m in re.finditer("\0+", hidden)]
    for match in entity.finditer(hidden):
        for other in ENTITIES["channel"]:
            if other != match[0]:
                yield _put(text, match.start(), match.end(), other, "entity")
    for match in SEGMENT_WORDS.finditer(hidden):
        for other in ENTITIES["segment"]:
            if other[:4].lower() != match[0][:4].lower().replace(" ", "-"):
                word = other.capitalize() if match[0][0].isupper() else other
                yield _put(text, match.start(), match.end(), word, "entity")
    metric = re.compile(r"(?<![\w-])(?:" + "|".join(METRIC_WORDS) + r")(?![\w-])", re.IGNORECASE)
    for match in metric.finditer(hidden):
        if not _beside_figure(hidden, match.start(), match.end(), places):
            continue
        for key, others in SAME_UNIT.items():
            if key.lower() == match[0].lower():
                for other in others:
                    yield _put(text, match.start(), match.end(), other, "metric")
    for match in re.finditer(r"\b(?:" + "|".join(VERBS) + r")\b", hidden):
        if (
            re.match(r"^(?: \w+){0,2} ?(?:by |of )?\0", hidden[match.end() : match.end() + 30])
            or hidden[match.start() - 2 : match.start() - 1] == "\0"
        ):
            yield _put(text, match.start(), match.end(), VERBS[match[0]], "sign")
    for key, others in PERIODS.items():
        for match in re.finditer(rf"\b{re.escape(key)}\b", hidden):
            if _beside_figure(hidden, match.start(), match.end(), places):
                for other in others:
                    yield _put(text, match.start(), match.end(), other, "period")
    for match in NEUTRAL.finditer(hidden):
        if (
            _beside_figure(hidden, match.start(), match.end(), places)
            and "test" not in hidden[max(0, hidden.rfind("\n", 0, match.start())) : match.end()].lower()
        ):
            for cause in CAUSES:
                yield _put(text, match.start(), match.end(), cause, "cause")


def _beside_figure(hidden: str, start: int, end: int, places: list[int]) -> bool:
    """Whether a figure stands in the same sentence or table."""
    if hidden[max(0, hidden.rfind("\n", 0, start)) : end].lstrip().startswith("|"):
        return True
    begin = max(hidden.rfind("\n", 0, start), hidden.rfind(". ", 0, start), hidden.rfind("; ", 0, start), 0)
    stops = [s for mark in ("\n", ". ", "; ") if (s := hidden.find(mark, end)) >= 0]
    stop = min(stops, default=len(hidden))
    return any(begin <= place < stop for place in places)
