"""From a model's answer to a text that holds: read it as its type, render it, verify it, and say what does not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from agents.agent import Agent
from agents.deliverable import Deliverable, leaves, to_markdown
from grounding.evidence import Evidence, Locale
from grounding.slots import render
from grounding.verify import Verdict, verify

CITATION = re.compile(r"\[\[(C\d+)(?::\s*([^\[\]]{1,240}?)\s*)?\]\]")
"""`[[C1]]` cites a passage; `[[C1: its own words]]` quotes it, which is how a number of the client's own documents gets into a text."""
MOST_PROBLEMS = 25


@dataclass(frozen=True, slots=True)
class Problem:
    """One place that does not hold: where, the words, and why. `mark`: the numeral or word in them that fails, when it is one."""

    where: str
    text: str
    problem: str
    mark: str = field(default="", compare=False)

    def line(self) -> str:
        """As the repair prompt lists it."""
        return f"- {self.where}: {self.text!r}\n  {self.problem}" if self.text else f"- {self.where}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as read: its text with links, the verdict and the problems. `deliverable` is None when the answer had the wrong shape."""

    deliverable: Deliverable | None
    markdown: str
    verdict: Verdict | None
    problems: tuple[Problem, ...]


def read_draft(
    agent: Agent,
    answer: Mapping[str, Any],
    evidence: Mapping[str, Evidence],
    passages: Sequence[Mapping[str, Any]],
    *,
    locale: Locale,
    brief: str,
    as_of: date,
) -> Draft:
    """Read a model's answer. CPU work: call it off the event loop."""
    try:
        deliverable = agent.deliverable.model_validate(answer)
    except ValidationError as error:
        found = [Problem(".".join(map(str, e["loc"])), "", e["msg"]) for e in error.errors(include_url=False)]
        return Draft(None, "", None, tuple(found[:MOST_PROBLEMS]))
    content = deliverable.model_dump(mode="json")
    problems = [*_slots(content, evidence, locale), *citations(content, passages), *_length(deliverable, evidence, locale)]
    problems += [Problem(*fault) for fault in deliverable.faults(lambda text: render(text, evidence, locale, links=False).text)]
    rendered = render(cite(to_markdown(deliverable, as_of=as_of), passages, quote=False), evidence, locale)
    verdict = verify(rendered.text, list(evidence.values()), locale=locale, brief=brief, as_of=as_of)
    problems += _verdict(verdict, _where(content, evidence, passages, locale), evidence)
    return Draft(deliverable, rendered.text, verdict, tuple(problems[:MOST_PROBLEMS]))


def cite(text: str, passages: Sequence[Mapping[str, Any]], *, quote: bool = True) -> str:
    """The text with each `[[C1]]` as the passage's title and date, its quoted words before that.

    `quote=False` leaves the words out: a quotation was held against its passage, not against the tools.
    """
    known = {p["id"]: f"({p['title']}, {p['dated'] or 'undated'})" for p in passages}

    def put(match: re.Match[str]) -> str:
        if match[1] not in known:
            return match[0]
        words = match[2] if quote else "…"
        return f"“{words}” {known[match[1]]}" if match[2] else known[match[1]]

    return CITATION.sub(put, text)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _slots(content: Any, evidence: Mapping[str, Evidence], locale: Locale) -> list[Problem]:
    return [
        Problem(path, text, problem) for path, text in leaves(content) for problem in render(text, evidence, locale, links=False).problems
    ]


def citations(content: Any, passages: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Citations of what is no passage, and quotations that do not stand in theirs."""
    known = {p["id"]: _flat(p["text"]) for p in passages}
    found = [(path, text, name, words) for path, text in leaves(content) for name, words in CITATION.findall(text)]
    return [
        Problem(path, text, f"[[{name}]] is no passage of the context" if name not in known else f"{words!r} does not stand in {name}")
        for path, text, name, words in found
        if name not in known or (words and _flat(words) not in known[name])
    ]


def _length(deliverable: Deliverable, evidence: Mapping[str, Evidence], locale: Locale) -> list[Problem]:
    summary = " ".join(getattr(deliverable, "summary", ()))
    words = len(render(summary, evidence, locale, links=False).text.split())
    if words <= deliverable.summary_words:
        return []
    return [Problem("summary", "", f"it has {words} words; at most {deliverable.summary_words} are read")]


def _where(content: Any, evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]], locale: Locale) -> list[tuple[str, str]]:
    return [(path, _plain(render(cite(text, passages), evidence, locale).text)) for path, text in leaves(content)]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)).strip()


def _place(sentence: str, where: list[tuple[str, str]]) -> str:
    """The path of the text that holds a sentence; the nearest when a heading or label was read into it."""
    wanted = set(re.findall(r"\w+", _plain(sentence).casefold()))
    shares = [
        (len(wanted & set(re.findall(r"\w+", text.casefold()))) / max(len(wanted), 1), -index, path)
        for index, (path, text) in enumerate(where)
    ]
    share, _, path = max(shares, default=(0.0, 0, "text"))
    return path if share >= 0.6 else "text"


def _verdict(verdict: Verdict, where: list[tuple[str, str]], evidence: Mapping[str, Evidence]) -> list[Problem]:
    problems = [
        Problem(_place(n.sentence, where), _plain(n.sentence), f"{n.text!r} is {n.verdict.lower()}: {n.reason}", n.text)
        for n in verdict.numerals
        if n.verdict in ("CONTRADICTED", "UNSUPPORTED")
    ]
    problems += [Problem(_place(w.sentence, where), _plain(w.sentence), f"{w.text!r}: {w.reason}", w.text) for w in verdict.words]
    problems += [
        Problem("text", "", f"a caveat must appear and does not: {missing.text} (slot {missing.slot})")
        for missing in verdict.missing_caveats
    ]
    return problems
