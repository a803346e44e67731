"""Mutants of a rendered draft: one thing made wrong in each, in eight kinds, told by the evidence and not by the verifier's own vocabulary.

A change that leaves the claim true is no mutant. These, and only these, are left out (tested in test_mutation.py):
- entity: the other entity has the same value in the same record and metric;
- metric: the words put in stand in the figure's own label, or in that of a figure with the same entity, unit and value;
- causal verb: a figure of the sentence is of an experiment, or the verb stands in a question or condition, or no number follows it.
Only numbers that link to a figure are changed, and only words in the clause, row or column head of such a number.
"""

# ruff: noqa: E501 - tables of words stay on their line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from grounding.evidence import Evidence
from tools.contract import Figure

KINDS = ("digits", "scale", "sign", "unit", "entity", "metric", "period", "causal verb")
LINKED = re.compile(r"\[(?P<shown>[^\]]+)\]\(evidence:(?P<alias>\w+)\.(?P<key>[\w.]+)\)")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[“\"*])|\n+|(?<=\|)\s*(?=\|)")
CLAUSE_END = re.compile(r"[;:]\s|\s[—–]\s|,\s(?:while|whereas|but|since|because|and)\s")

CHANNELS = {"google_ads": "Google Ads", "meta": "Meta", "linkedin": "LinkedIn", "tiktok": "TikTok", "youtube": "YouTube", "email": "email"}
SPOKEN = {"google_ads": r"Google Ads|Google", "meta": "Meta", "linkedin": "LinkedIn", "tiktok": "TikTok", "youtube": "YouTube", "email": r"[Ee]-?mail"}  # fmt: skip

FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # what the figure's metric may be called in a text -> words of another metric in the same unit
    "cpa": (r"cost per (?:claimed |first )?(?:booking|conversion|purchase|order)|a claimed booking costs", ("cost per click", "average order value")),
    "cost_per_conversion": (r"cost per (?:claimed |first )?(?:booking|conversion|purchase|order)", ("cost per click", "average order value")),
    "cpc": (r"cost per click|per click|a click costs", ("cost per booking", "average order value")),
    "ctr": (r"click-through rate", ("conversion rate", "churn rate", "open rate")),
    "conversion_rate": (r"conversion rate", ("click-through rate", "churn rate", "open rate")),
    "roas": (r"return on ad spend", ("click-through rate", "cost per click", "conversion rate")),
    "spend": (r"ad spend|(?<!on ad )(?<!of )spend|was spent|has been spent", ("revenue", "profit", "cost per click")),
    "clicks": (r"clicks", ("impressions", "bookings", "leads")),
    "impressions": (r"impressions", ("clicks", "leads", "bookings")),
    "conversions": (r"(?:claimed )?(?:bookings|purchases|conversions)", ("clicks", "impressions", "leads")),
    "expected_conversions": (r"(?:first )?(?:bookings|purchases|orders)", ("clicks", "impressions", "leads")),
    "revenue": (r"revenue", ("spend", "profit", "cost per click")),
    "profit": (r"profit", ("revenue", "spend")),
    "revenue_per_customer": (r"revenue per (?:customer|person)", ("cost per booking", "cost per click")),
    "customer_value": (r"revenue per customer", ("cost per booking", "cost per click")),
    "average_order_value": (r"average order value", ("cost per booking", "cost per click")),
    "share_of_customers": (r"of customers|share of customers|of people", ("of spend", "of revenue", "of clicks")),
    "share_of_revenue": (r"of revenue|share of revenue", ("of spend", "of customers", "of clicks")),
    "share_of_spend": (r"share of (?:ad )?spend", ("share of revenue", "share of customers", "conversion rate")),
    "size": (r"customers", ("clicks", "bookings", "impressions")),
    "customers": (r"people|customers|guests", ("clicks", "bookings", "impressions")),
    "crm_customers": (r"first-time buyers", ("clicks", "impressions", "leads")),
    "budget": (r"(?:media )?budget", ("revenue", "cost per click", "profit")),
    "current_budget": (r"current budget", ("current revenue", "cost per click")),
    "frequency": (r"orders each|orders per customer|bookings each", ("clicks each", "impressions each")),
    "holdout_error": (r"[Hh]oldout error", ("conversion rate", "churn rate")),
    "mde": (r"minimum detectable effect", ("conversion rate", "churn rate")),
    "sample_size": (r"people per arm", ("clicks", "bookings")),
    "sample_size_per_arm": (r"contacts (?:per|in each) arm|people per arm", ("clicks", "bookings")),
    "chance_worse": (r"chance (?:of doing worse|that the (?:new split|plan))", ("conversion rate", "click-through rate")),
    "chance_of_loss": (r"chance of a loss", ("conversion rate", "click-through rate")),
}  # fmt: skip
WRONG_PERIODS = ("in Q1 2024", "in March 2025", "in the second quarter of 2023", "between 1 January and 31 March 2024")
PERIODS = {
    "Q3 2026": ("Q2 2026", "Q3 2025"), "third quarter of 2026": ("second quarter of 2026", "third quarter of 2025"),
    "1 July to 30 September 2026": ("1 April to 30 June 2026", "1 July to 30 September 2025"),
    "December 2026": ("November 2026", "January 2027"), "May 2026": ("April 2026", "May 2025"), "last 90 days": ("last 30 days", "last 12 months"),
}  # fmt: skip
PER = {"month": ("week", "quarter", "year", "day"), "week": ("month", "year", "day")}
PER_WORDS = {"a {p}": "a {q}", "per {p}": "per {q}", "each {p}": "each {q}", "{p}ly": "{q}ly"}
VERBS = {
    "rose": "fell", "fell": "rose", "rises": "falls", "increased": "decreased", "grew": "shrank", "drop": "increase", "lower": "higher", "cut": "raised", "dropped": "climbed", "climbed": "dropped",
    "slipped": "rose", "gain": "lose", "declined": "grew", "down": "up", "up": "down", "decrease": "increase", "increase": "decrease", "growth": "decline", "decline": "growth", "shrank": "grew",
    "fewer": "more", "less": "more", "higher": "lower", "falls": "rises", "reduction": "increase",
}  # fmt: skip
NEUTRAL = re.compile(
    r"\b(?:brought|recorded|had|saw|came with|went with|goes with|coincided with|came to|reached|took|takes|holds|spent|covers|expects|claimed|claims|claim|put|gave)\b"
)
CAUSES = ("drove", "caused", "led to", "generated", "resulted in")
OPENINGS = ("Thanks to {e}, ", "Because of {e}, ", "{e} caused this: ")


@dataclass(frozen=True)
class Mutant:
    """A draft with one thing wrong."""

    kind: str
    what: str
    text: str
    start: int


@dataclass(frozen=True)
class Shown:
    """A number of the draft with its figure."""

    start: int
    end: int
    """Of what is shown, without the link's brackets."""
    whole: tuple[int, int]
    shown: str
    alias: str
    key: str
    figure: Figure


class Mutator:
    """Makes every mutant of a draft that was rendered with links."""

    def __init__(self, text: str, records: Mapping[str, Evidence]):
        self.text = text
        self.figures = {(alias, figure.key): figure for alias, record in records.items() for figure in record.figures}
        self.hidden = LINKED.sub(lambda m: "\0" * len(m[0]), text)
        self.numbers = [shown for match in LINKED.finditer(text) if (shown := self._shown(match)) is not None]
        cuts = [0, *(m.end() for m in SENTENCE_END.finditer(self.hidden)), len(text)]
        self.sentences = list(pairwise(cuts))

    def _shown(self, match: re.Match[str]) -> Shown | None:
        stem = re.sub(r"\.(?:low|high)$", "", match["key"])
        figure = self.figures.get((match["alias"], match["key"])) or self.figures.get((match["alias"], stem))
        if figure is None or figure.unit == "date" or not any(letter.isdigit() for letter in match["shown"]):
            return None
        return Shown(match.start("shown"), match.end("shown"), match.span(), match["shown"], match["alias"], match["key"], figure)

    def all(self) -> Iterator[Mutant]:
        for number in self.numbers:
            yield from self.digits(number)
            yield from self.scale(number)
            yield from self.signs(number)
            yield from self.units(number)
            yield from self.metrics(number)
            yield from self.periods(number)
        for sentence in self.sentences:
            yield from self.entities(sentence)
            yield from self.verbs(sentence)
            yield from self.causes(sentence)

    def put(self, kind: str, start: int, end: int, new: str) -> Mutant:
        return Mutant(kind, f"{self.text[start:end]!r} → {new!r}", self.text[:start] + new + self.text[end:], start)

    def within(self, span: tuple[int, int]) -> list[Shown]:
        return [number for number in self.numbers if span[0] <= number.start < span[1]]

    def sentence(self, number: Shown) -> tuple[int, int]:
        return next(span for span in self.sentences if span[0] <= number.start < span[1])

    def clause(self, number: Shown) -> tuple[int, int]:
        start, end = self.sentence(number)
        cuts = [start, *(m.end() for m in CLAUSE_END.finditer(self.hidden, start, end)), end]
        return next((a, b) for a, b in pairwise(cuts) if a <= number.start < b)

    # numbers

    def digits(self, number: Shown) -> Iterator[Mutant]:
        places = [i for i, letter in enumerate(number.shown) if letter.isdigit()]
        for i in places:
            for step in (1, 3, 7):
                new = str((int(number.shown[i]) + step) % 10)
                if new != "0" or i != places[0]:
                    yield self.put("digits", number.start + i, number.start + i + 1, new)

    def scale(self, number: Shown) -> Iterator[Mutant]:
        places = [i for i, letter in enumerate(number.shown) if letter.isdigit()]
        last = number.start + places[-1] + 1
        if not number.shown.endswith("x") and not re.fullmatch(r"\D*0+(?:[.,]0+)?\D*", number.shown):
            yield self.put("scale", last, last, " million")
            yield self.put("scale", last, last, "k")
        whole = re.search(r"\d+(?:[\u00a0\u202f.,]\d{3}(?!\d))*", number.shown)
        if whole and whole[0].strip("0"):
            at = number.start + whole.end()
            yield self.put("scale", at, at, "0")
            if len(whole[0]) > 1:
                yield self.put("scale", at - 1, at, "")

    def signs(self, number: Shown) -> Iterator[Mutant]:
        if not re.fullmatch(r"\D*0+(?:[.,]0+)?\D*", number.shown):
            if number.shown[0] in "-+":
                yield self.put("sign", number.start, number.start + 1, "-" if number.shown[0] == "+" else "")
            else:
                yield self.put("sign", number.start, number.start, "-")

    def units(self, number: Shown) -> Iterator[Mutant]:
        shown, start, end = number.shown, number.start, number.end
        bound = re.search(r"\.(?:low|high)$", number.key) is not None
        if "%" in shown:
            at = start + shown.index("%")
            for new in ("\u00a0percentage points", "x", " days", *(() if bound else ("",))):
                yield self.put("unit", at, at + 1, new)
        elif money := re.search(r"R(?=[\d-])|\$|ZAR", shown):
            for new in {"R": ("$", "€", "US$"), "$": ("€", "£", "R"), "ZAR": ("EUR", "USD")}[money[0]]:
                yield self.put("unit", start + money.start(), start + money.end(), new)
            if not bound:
                yield self.put("unit", start + money.start(), start + money.end(), "")
        elif "percentage points" in shown:
            yield self.put("unit", start + shown.index("percentage"), end, "%")
            yield self.put("unit", start + shown.index("percentage"), end, "bps")
        elif shown.endswith("x"):
            for new in ("%", " days", " percentage points"):
                yield self.put("unit", end - 1, end, new)
        elif duration := re.search(r"(days|weeks|months)$", shown):
            for new in {"days": ("weeks", "months", "hours"), "weeks": ("days", "months", "years"), "months": ("weeks", "days", "years")}[
                duration[0]
            ]:
                yield self.put("unit", start + duration.start(), end, new)
        else:
            yield self.put("unit", end, end, "%")
            yield self.put("unit", start, start, "R")
            yield self.put("unit", start, start, "$")

    # words

    def entities(self, sentence: tuple[int, int]) -> Iterator[Mutant]:
        """Each channel that a number of the sentence belongs to, as another that the sentence does not name."""
        inside = self.hidden[slice(*sentence)]
        named = {key for key, words in SPOKEN.items() if re.search(rf"\b(?:{words})\b", inside)}
        for entity in sorted({number.figure.entity for number in self.within(sentence) if number.figure.entity in named}):
            for other in sorted(set(CHANNELS) - named):
                if not self.equivalent_entity(sentence, entity, other):
                    pattern = re.compile(rf"\b(?:{SPOKEN[entity]})\b")
                    new = self._outside_links(sentence, pattern, CHANNELS[other])
                    yield Mutant("entity", f"{entity} → {other}", self.text[: sentence[0]] + new + self.text[sentence[1] :], sentence[0])

    def _outside_links(self, span: tuple[int, int], pattern: re.Pattern[str], new: str) -> str:
        out, at = [], span[0]
        for match in pattern.finditer(self.hidden, *span):
            out += [self.text[at : match.start()], new]
            at = match.end()
        return "".join([*out, self.text[at : span[1]]])

    def equivalent_entity(self, sentence: tuple[int, int], entity: str, other: str) -> bool:
        """Every number of the entity here would be as true of the other."""
        mine = [number for number in self.within(sentence) if number.figure.entity == entity]
        return all(self._same(number, entity=other, metric=number.figure.metric) for number in mine)

    def _same(self, number: Shown, *, entity: str | None, metric: str) -> bool:
        return any(
            alias == number.alias and figure.entity == entity and figure.metric == metric and figure.value == number.figure.value
            for (alias, _), figure in self.figures.items()
        )

    def metrics(self, number: Shown) -> Iterator[Mutant]:
        family = FAMILIES.get(number.figure.metric)
        if family is None:
            return
        pattern, others = re.compile(rf"\b(?:{family[0]})\b"), family[1]
        span = self.clause(number)
        found = list(pattern.finditer(self.hidden, *span))
        if self.text[: number.start].rpartition("\n")[2].startswith("|"):
            found = list(pattern.finditer(self.hidden, *self.head(number)))
        if len(found) != 1:
            return
        match = found[0]
        for other in others:
            if not self.equivalent_metric(number, other):
                yield self.put("metric", match.start(), match.end(), other)

    def equivalent_metric(self, number: Shown, other: str) -> bool:
        """The words put in stand in the figure's own label, or are as true of a figure with the same entity and value."""
        label = number.figure.label.lower()
        if other.removeprefix("of ").lower() in label:
            return True
        return any(
            figure.entity == number.figure.entity and figure.value == number.figure.value and figure.unit == number.figure.unit
            and other.removeprefix("of ") in figure.label.lower()
            for figure in self.figures.values()
        )  # fmt: skip

    def head(self, number: Shown) -> tuple[int, int]:
        """The head cell of the column that a number of a table stands in."""
        line_start = self.text.rfind("\n", 0, number.start) + 1
        column = self.text[line_start : number.start].count("|") - 1
        block = self.text.rfind("\n\n", 0, line_start)
        begin = block + 2 if block >= 0 else 0
        head_end = self.text.find("\n", begin)
        cells = [m.end() for m in re.finditer(r"\|", self.text[begin:head_end])]
        if column < 0 or column + 1 >= len(cells):
            return (0, 0)
        return (begin + cells[column], begin + cells[column + 1] - 1)

    def periods(self, number: Shown) -> Iterator[Mutant]:
        clause, figure = self.clause(number), number.figure
        for said, others in PERIODS.items():
            if figure.period and (match := re.search(rf"\b{re.escape(said)}\b", self.hidden[slice(*self.sentence(number))])):
                at = self.sentence(number)[0] + match.start()
                for other in others:
                    yield self.put("period", at, at + len(said), other)
        for per, others in PER.items():
            if figure.denominator != per:
                continue
            for form, wrong in PER_WORDS.items():
                words = form.format(p=per)
                after = re.compile(rf"\b{words}\b").search(self.hidden, number.whole[1], min(clause[1], number.whole[1] + 40))
                if after and "\0" not in self.hidden[number.whole[1] : after.start()]:
                    for other in others:
                        yield self.put(
                            "period",
                            after.start(),
                            after.end(),
                            wrong.format(q={"day": "dai"}.get(other, other) if form == "{p}ly" else other),
                        )
        table = self.text[: number.start].rpartition("\n")[2].lstrip().startswith("|")
        spoken = re.search(
            r"\b(?:before|previous|last|period|Q[1-4]|20\d\d|above|below|passes|against|than|exceeds)\b",
            self.hidden[slice(*self.sentence(number))],
        )
        if figure.period and not figure.key.rsplit(".", 1)[-1].startswith("previous") and not table and not spoken:
            for wrong in WRONG_PERIODS[:2]:
                yield self.put("period", number.whole[1], number.whole[1], f" {wrong}")

    def verbs(self, sentence: tuple[int, int]) -> Iterator[Mutant]:
        for match in re.finditer(r"\b(?:" + "|".join(VERBS) + r")\b", self.hidden[slice(*sentence)]):
            start, end = sentence[0] + match.start(), sentence[0] + match.end()
            if self._beside_change(start, end):
                yield self.put("sign", start, end, VERBS[match[0]])

    def _beside_change(self, start: int, end: int) -> bool:
        """Whether the word tells the way of a figure that is a change: "fell by 12%", "12% drop"."""
        for number in self.numbers:
            change = re.search(r"change|gain|lift|shortfall", number.figure.metric) is not None
            after = re.fullmatch(r"(?: by| of)? ?", self.hidden[end : number.whole[0]]) if end <= number.whole[0] <= end + 8 else None
            before = re.fullmatch(r" ", self.hidden[number.whole[1] : start]) if number.whole[1] <= start <= number.whole[1] + 2 else None
            if change and (after or before):
                return True
        return False

    def _governs(self, start: int, end: int) -> bool:
        """Whether a verb is said of a number right after it, in a statement: a question or a condition claims nothing."""
        after = next((number.whole[0] for number in self.numbers if number.whole[0] >= end), None)
        if after is None or after - end > 40 or re.search(r"[|;:?\n]|, ", self.hidden[end:after]):
            return False
        return not re.search(r"\b(?:which|if|whether|what|that|not|who)\b[^.;|]{0,40}$", self.hidden[max(0, start - 50) : start])

    def causes(self, sentence: tuple[int, int]) -> Iterator[Mutant]:
        numbers = self.within(sentence)
        question = self.text[slice(*sentence)].rstrip().endswith("?")
        if not numbers or question or any(number.figure.basis == "experiment" for number in numbers):
            return
        inside = self.hidden[slice(*sentence)]
        for match in NEUTRAL.finditer(inside):
            if not self._governs(sentence[0] + match.start(), sentence[0] + match.end()):
                continue
            for cause in CAUSES:
                yield self.put("causal verb", sentence[0] + match.start(), sentence[0] + match.end(), cause)
        plain = re.match(r"\s*(?:[-*] |\d+\. )?(?=[A-Z\[\0])", inside)
        entity = next((CHANNELS[number.figure.entity] for number in numbers if number.figure.entity in CHANNELS), None)
        if (
            plain
            and entity
            and not inside.lstrip().startswith("|")
            and re.search(r"\b(?:is|was|were|are|rose|fell|has|have|had|came|brought|claimed|costs?)\b", inside)
        ):
            for opening in OPENINGS:
                yield self.put("causal verb", sentence[0] + plain.end(), sentence[0] + plain.end(), opening.format(e=entity))


def without_links(text: str) -> str:
    """The draft as somebody would paste it: figures without their links."""
    return LINKED.sub(r"\g<shown>", text)
