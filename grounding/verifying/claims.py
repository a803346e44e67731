"""Words that claim more than a number: a cause, a comparison, significance. Each keeps to the basis of the figures beside it."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grounding.verifying.index import Candidate, Index, Known, Mention
from grounding.verifying.scope import Surroundings
from grounding.verifying.text import Sentence

CAUSE = re.compile(
    r"\b(?:drove|drives|driven by|causes?|caused(?: by)?|causing|led to|leads to|leading to|generated|generates|generating|resulted in|results in|resulting in|boosted|boosts|boosting"
    r"|lifted|lifts|thanks to|because of|due to|owing to|on account of|as a result of|as a consequence of|attributable to|responsible for|brought about|triggered|triggers|produced|produces"
    r"|contributed to|contributes to|created|creates|spurred|fuel+ed|propelled|sparked|yielded|yields|translated into|translates into|accounted for the (?:rise|fall|drop|increase|growth)"
    r"|explains the (?:rise|fall|drop|increase|growth)|pushed (?:up|down)|made \w+ (?:rise|fall|grow)|drive|generate|cause|lead to|result in|boost|lift)\b",
    re.IGNORECASE,
)
ALWAYS_FINITE = re.compile(r"^(?:drive|generate|cause|lead to|result in|boost|lift|causes)$", re.IGNORECASE)
PURPOSE_BEFORE = re.compile(
    r"\b(?:to|will|would|should|could|can|may|might|must|not|designed to|aims? to|helps?|the|a|an|of|any|this|per|relative|absolute|expected|incremental|measured|detectable)[ \u00a0]+(?:\w+ly[ \u00a0]+)?$",
    re.IGNORECASE,
)
UNSAID_BEFORE = re.compile(
    r"\b(?:not|never|whether|if|cannot|can't|no evidence|without|nor|prove[sd]?|shown? that|test(?:s|ing)? (?:if|whether)|unclear|unknown|nothing says|doesn't|does not|did not|didn't|what)\b[^.;]{0,50}$",
    re.IGNORECASE,
)
TECHNICAL_AFTER = re.compile(
    r"^[ \u00a0]+(?:the |a |its |their )?(?:\w+[ \u00a0])?(?:small|short|limited|missing|lack|few|sample|data|noise|seasonality|seasonal|gaps?|low volume|currency|rounding|vat|uncertainty|width|wide)\b",
    re.IGNORECASE,
)
SIGNIFICANT = re.compile(r"\b(?:statistically[ \u00a0]+)?significan(?:t|tly|ce)\b", re.IGNORECASE)
NEGATED = re.compile(r"\b(?:not|no|never|without|isn't|nor|in)[ \u00a0]+(?:\w+[ \u00a0]+){0,2}$", re.IGNORECASE)

LOW_IS_BEST = frozenset(
    {"cpa", "cac", "cpl", "cpc", "cpm", "churn", "bounce_rate", "unsubscribe_rate", "marginal_cpa", "holdout_error", "p_worse"}
)
COSTS = frozenset({"cpa", "cac", "cpl", "cpc", "cpm", "marginal_cpa"})
SUPERLATIVES: dict[str, tuple[Literal["high", "low", "best", "worst"], bool]] = {
    "cheapest": ("low", True), "least expensive": ("low", True), "most expensive": ("high", True), "priciest": ("high", True), "costliest": ("high", True),
    "most efficient": ("best", False), "least efficient": ("worst", False), "best-performing": ("best", False), "best performing": ("best", False), "worst-performing": ("worst", False),
    "worst performing": ("worst", False), "best": ("best", False), "worst": ("worst", False), "strongest": ("best", False), "weakest": ("worst", False), "highest": ("high", False),
    "lowest": ("low", False), "largest": ("high", False), "biggest": ("high", False), "smallest": ("low", False), "most": ("high", False), "fewest": ("low", False), "greatest": ("high", False),
}  # fmt: skip
SUPERLATIVE = re.compile(
    r"\b(?P<word>"
    + "|".join(sorted((re.escape(w) for w in SUPERLATIVES), key=len, reverse=True))
    + r")\b(?!-| of all| split| (?:we|you|they) (?:have |had )?ever| (?:that|practice|case|at|suited|likely|recent|important|common))",
    re.IGNORECASE,
)
NEEDS_METRIC = frozenset(
    {"best", "worst", "strongest", "weakest", "highest", "lowest", "largest", "biggest", "smallest", "most", "fewest", "greatest"}
)
COSTS_THE_MOST = re.compile(r"\bcosts?(?:[ \u00a0]+(?:us|you|them|the[ \u00a0]+\w+))?(?:[ \u00a0]+the)?[ \u00a0]+$", re.IGNORECASE)
"""Before "most": it is the price that is said to be highest, whatever it is counted per."""
SUBJECT_NOUN = re.compile(
    r"^[ \u00a0]+(?:\w+[ \u00a0]+)?(?:channel|channels|platform|platforms|segment|segments|performer|source|route)\b", re.IGNORECASE
)
COMPARATIVE = re.compile(
    r"\b(?:(?P<low>cheaper|less expensive|lower|fewer|less|smaller)|(?P<high>more expensive|pricier|costlier|dearer|higher|more|larger|bigger|greater)|(?P<better>better|more efficient|stronger)|(?P<worse>worse|less efficient|weaker))\b"
    r"(?P<middle>[^.;]{0,60}?)\b(?:than|compared (?:with|to))\b|\b(?P<beats>outperform(?:s|ed|ing)?|beats?|ahead of|surpass(?:es|ed)?|outpaces?|outpaced)\b|\b(?P<trails>trails?|trailed|lags?(?: behind)?|lagged(?: behind)?|underperform(?:s|ed)?|behind)\b",
    re.IGNORECASE,
)  # fmt: skip
CHANCE_OF = re.compile(r"\b(?:chance|probability|risk|odds|likelihood)[ \u00a0](?:that|of)\b[^.;]{0,60}$", re.IGNORECASE)
"""A chance of doing worse is a figure, and compares nothing."""
PRICE_WORDS = re.compile(r"\b(?:cheaper|less expensive|more expensive|pricier|costlier|dearer)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """Words that claim too much."""

    start: int
    end: int
    kind: Literal["cause", "comparison", "significance", "direction", "heading"]
    reason: str


class Claims:
    """Reads the claims of a text. `standing`: by sentence, the figures that its numerals stand for, with their places."""

    def __init__(self, index: Index, around: Surroundings, standing: Mapping[int, Sequence[tuple[int, Candidate]]]):
        self.index, self.around, self.standing = index, around, standing
        self.text = around.plain.text
        self.comparable = [k for k in index.known if len(k.entities) == 1 and k.figure.entity and not isinstance(k.figure.value, str)]

    def of(self, sentence: Sentence) -> list[Claim]:
        """Every claim of a sentence that its figures do not carry."""
        if sentence.kind == "header":
            return []
        return [*self.causes(sentence), *self.superlatives(sentence), *self.comparatives(sentence), *self.significance(sentence)]

    def headings(self) -> list[tuple[Sentence, Claim]]:
        """Headings that name one channel or segment above figures that are all of others."""
        found = []
        for heading in (sentence for sentence in self.around.plain.sentences if sentence.kind == "heading"):
            span = (heading.start, heading.end)
            mentions = self.around.within(self.around.entities, *span)
            if len(mentions) != 1:
                continue
            below = [sentence for sentence in self.around.plain.sentences if sentence.headings[:1] == (span,)]
            figures = [
                c.known for sentence in below for _, c in self.figures(sentence) if c.known.kind == mentions[0].kind and c.known.entities
            ]
            if figures and not any(known.entities & mentions[0].names for known in figures):
                words = self.text[mentions[0].start : mentions[0].end]
                found.append((heading, Claim(mentions[0].start, mentions[0].end, "heading", f"the figures below are not of {words}")))
        return found

    def figures(self, sentence: Sentence) -> list[tuple[int, Candidate]]:
        return list(self.standing.get(id(sentence), ()))

    def causes(self, sentence: Sentence) -> list[Claim]:
        found = []
        figures = self.figures(sentence)
        about = self.around.within(self.around.entities, sentence.start, sentence.end) and self.around.within(
            self.around.metrics, sentence.start, sentence.end
        )
        for match in CAUSE.finditer(self.text, sentence.start, sentence.end):
            before, after = self.text[sentence.start : match.start()], self.text[match.end() : sentence.end]
            if UNSAID_BEFORE.search(before[-80:]) or TECHNICAL_AFTER.match(after):
                continue
            if ALWAYS_FINITE.match(match[0]) and (
                PURPOSE_BEFORE.search(before) or not before.strip() or before.rstrip().endswith((":", ","))
            ):
                continue
            if match[0].lower() in ("lift", "lifts", "boost", "cause", "yields", "drives", "drive", "causes") and not (
                figures and self._verb(match, after)
            ):
                continue
            if not figures and not about and not self._names_culprit(match):
                continue
            if self.carried(sentence, match.start(), figures):
                continue
            basis = ", ".join(sorted({candidate.known.figure.basis for _, candidate in figures})) or "no figure"
            found.append(
                Claim(
                    match.start(),
                    match.end(),
                    "cause",
                    f"a cause needs an experiment; the figures here are {basis}: say “went with” or “is estimated”",
                )
            )
        return found

    def _names_culprit(self, match: re.Match[str]) -> bool:
        """Whether the words put it down to someone outright: "Thanks to TikTok, …", "TikTok caused this"."""
        behind = self.around.within(self.around.entities, match.end(), match.end() + 2)
        if behind and self.text[behind[0].end : behind[0].end + 1] == ",":
            return True
        before = self.around.within(self.around.entities, max(0, match.start() - 24), match.start())
        return bool(before) and match.start() - before[-1].end == 1 and match[0].lower() == "caused"

    @staticmethod
    def _verb(match: re.Match[str], after: str) -> bool:
        """Whether a word that is also a noun is a verb here: something with a number follows it."""
        return bool(
            re.match(r"^[ \u00a0]+(?:the |an? |about |around |some |another |bookings|revenue|sales|conversions|\W?\d|[R$€£]\d)", after)
        )

    def carried(self, sentence: Sentence, position: int, figures: list[tuple[int, Candidate]]) -> bool:
        """Whether an experiment's figure stands in the clause of the cause, or is all that the evidence has on whom it names."""
        if figures:
            clause = next((c for c in sentence.clauses if c[0] <= position < c[1]), (sentence.start, sentence.end))
            near = [candidate for at, candidate in figures if clause[0] <= at < clause[1]] or [candidate for _, candidate in figures]
            return any(candidate.known.figure.basis == "experiment" for candidate in near)
        named = {name for mention in self.around.within(self.around.entities, sentence.start, sentence.end) for name in mention.names}
        return any(known.figure.basis == "experiment" and (known.entities & named or not known.entities) for known in self.index.known)

    def superlatives(self, sentence: Sentence) -> list[Claim]:
        found = []
        for match in SUPERLATIVE.finditer(self.text, sentence.start, sentence.end):
            word = match["word"].lower()
            way, price = SUPERLATIVES[word]
            price = price or (word == "most" and bool(COSTS_THE_MOST.search(self.text[sentence.start : match.start()])))
            if (
                self.text[max(0, match.start() - 3) : match.start()].lower() in ("at ", "at\u00a0")
                or self.text[match.start() - 1 : match.start()] == "-"
            ):
                continue
            if any(m.start <= match.start() < m.end for m in self.around.within(self.around.entities, sentence.start, sentence.end)):
                continue
            clause = next((c for c in sentence.clauses if c[0] <= match.start() < c[1]), (sentence.start, sentence.end))
            mentions = [m for m in self.around.within(self.around.entities, *clause) if m.names & set(self.index.entities)]
            metrics = self.around.within(self.around.metrics, match.end(), min(match.end() + 30, clause[1]))
            figures = self.figures(sentence)
            noun = SUBJECT_NOUN.match(self.text[match.end() : sentence.end])
            if not mentions and figures:
                mentions = [m for scope in self.around.entity_scopes(sentence, clause)[:1] for m in scope]
            if not mentions or (word in NEEDS_METRIC and not metrics and not noun):
                continue
            subject = self.subject(mentions, match.start())
            concepts = (
                frozenset().union(*(m.names for m in metrics[:1])) if metrics else COSTS & self.concepts(figures) or self.concepts(figures)
            )
            if price:
                concepts = frozenset({"cpa"}) if not concepts & COSTS else concepts & COSTS
            held = self.extreme(subject, concepts, way, [candidate.known for _, candidate in figures])
            if held is None:
                found.append(
                    Claim(
                        match.start(),
                        match.end(),
                        "comparison",
                        f"“{word}” needs the figures compared, for every {subject.kind}, in one tool run",
                    )
                )
            elif held is False:
                found.append(
                    Claim(
                        match.start(),
                        match.end(),
                        "comparison",
                        f"“{word}” does not hold in the figures compared ({' or '.join(sorted(concepts))})",
                    )
                )
        return found

    @staticmethod
    def subject(mentions: Sequence[Mention], position: int) -> Mention:
        """The entity that a superlative is said of: the last one before it, else the first after."""
        before = [mention for mention in mentions if mention.end <= position]
        return before[-1] if before else mentions[0]

    @staticmethod
    def concepts(figures: Sequence[tuple[int, Candidate]]) -> frozenset[str]:
        return frozenset().union(*(candidate.known.concepts for _, candidate in figures)) if figures else frozenset()

    def extreme(self, subject: Mention, concepts: frozenset[str], way: str, shown: Sequence[Known]) -> bool | None:
        """Whether the subject is the extreme of some concept in one record; None when no record compares it.

        Figures that the sentence itself shows decide before all others.
        """
        answers = []
        tables = self.tables(subject.kind, concepts)
        for rivals in [rivals for rivals in tables if any(known in rivals for known in shown)] or tables:
            mine = [known for known in rivals if known.entities & subject.names]
            if not mine or len({tuple(known.entities) for known in rivals}) < 2:
                continue
            values = [float(known.figure.value) for known in rivals]
            own = float(mine[0].figure.value)
            low = (
                way == "low"
                or (way == "best" and mine[0].concepts & LOW_IS_BEST)
                or (way == "worst" and not mine[0].concepts & LOW_IS_BEST)
            )
            answers.append(own == (min(values) if low else max(values)))
        return None if not answers else any(answers)

    def tables(self, kind: str, concepts: frozenset[str]) -> list[list[Known]]:
        """Figures of one record, metric, unit and period over all entities of a kind."""
        groups: dict[tuple[str, str, str, str], list[Known]] = {}
        for known in self.comparable:
            if known.kind == kind and known.concepts & concepts:
                figure = known.figure
                groups.setdefault((known.alias, figure.metric, figure.unit, figure.period or ""), []).append(known)
        return list(groups.values())

    def comparatives(self, sentence: Sentence) -> list[Claim]:
        found = []
        for match in COMPARATIVE.finditer(self.text, sentence.start, sentence.end):
            clause = next((c for c in sentence.clauses if c[0] <= match.start() < c[1]), (sentence.start, sentence.end))
            known = set(self.index.entities)
            before = [m for m in self.around.within(self.around.entities, clause[0], match.start()) if m.names & known]
            if CHANCE_OF.search(self.text[sentence.start : match.start()]):
                continue
            after = [m for m in self.around.within(self.around.entities, match.end(), min(match.end() + 40, clause[1])) if m.names & known]
            if not before:
                scopes = self.around.entity_scopes(sentence, clause)
                before = [m for scope in scopes for m in scope if m.end <= match.start() and m.names & known][:1]
            if not before or not after or before[-1].kind != after[0].kind or before[-1].names == after[0].names:
                continue
            left, right = before[-1] if len(before) == 1 else self.nearest_subject(before, after[0]), after[0]
            metrics = self.around.within(self.around.metrics, clause[0], clause[1])
            middle = [m for m in metrics if match.start() <= m.start < match.end()]
            wanted = frozenset().union(*(m.names for m in (middle or metrics))) if metrics else self.concepts(self.figures(sentence))
            if PRICE_WORDS.search(match[0]):
                wanted = wanted & COSTS or COSTS
            held = self.compared(left, right, wanted, match)
            if held is None:
                found.append(Claim(match.start(), match.end(), "comparison", "a comparison needs both figures from one tool run"))
            elif held is False:
                found.append(Claim(match.start(), match.end(), "comparison", "the comparison does not hold in the figures"))
        return found

    @staticmethod
    def nearest_subject(before: Sequence[Mention], right: Mention) -> Mention:
        return next((mention for mention in before if mention.names != right.names), before[-1])

    def compared(self, left: Mention, right: Mention, concepts: frozenset[str], match: re.Match[str]) -> bool | None:
        answers = []
        for rivals in self.tables(left.kind, concepts):
            mine = [known for known in rivals if known.entities & left.names]
            theirs = [known for known in rivals if known.entities & right.names]
            if not mine or not theirs:
                continue
            gap = float(mine[0].figure.value) - float(theirs[0].figure.value)
            good_low = bool(mine[0].concepts & LOW_IS_BEST)
            if match["low"]:
                answers.append(gap < 0)
            elif match["high"]:
                answers.append(gap > 0)
            elif match["better"] or match["beats"]:
                answers.append(gap < 0 if good_low else gap > 0)
            else:
                answers.append(gap > 0 if good_low else gap < 0)
        return None if not answers else any(answers)

    def significance(self, sentence: Sentence) -> list[Claim]:
        found = []
        figures = self.figures(sentence)
        metrics = self.around.within(self.around.metrics, sentence.start, sentence.end)
        for match in SIGNIFICANT.finditer(self.text, sentence.start, sentence.end):
            if NEGATED.search(self.text[max(sentence.start, match.start() - 30) : match.start()]) or re.match(
                r"^[ \u00a0]+(?:digits?|figures?|risk|effort|part)\b", self.text[match.end() : sentence.end]
            ):
                continue
            if not figures and not metrics and "statistic" not in match[0].lower():
                continue
            sound = [
                c
                for _, c in figures
                if c.known.figure.interval is not None and (c.known.figure.interval.low > 0 or c.known.figure.interval.high < 0)
            ]
            if not sound:
                found.append(
                    Claim(match.start(), match.end(), "significance", "“significant” needs a figure here whose interval leaves out zero")
                )
        return found
