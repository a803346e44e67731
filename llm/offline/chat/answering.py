"""From findings to an answer: the sentences that share the question's words, in the order in which the tool gave them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from llm.offline.reading import Answer, Passage
from llm.offline.sentences import sentences

WORDS: dict[str, frozenset[str]] = {
    name: frozenset(listed.split())
    for name, listed in json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8")).items()
}
"""`stop`: words that no finding is found by; `english`, `foreign`: small words that tell the language of a question."""
MOST = 4
SYNONYMS = {
    "cpa": "cost per claimed conversion",
    "cpl": "cost per claimed conversion",
    "cpc": "cost per click",
    "roas": "claimed return on ad spend",
    "ctr": "click-through rate",
    "spent": "ad spend",
    "spending": "ad spend",
    "google": "google ads",
    "facebook": "meta",
    "instagram": "meta",
    "cheapest": "lower cost",
    "best": "lower cost claims",
    "trend": "change against the period before",
    "changed": "change against the period before",
    "growing": "change against the period before",
    "compared": "change against the period before",
}
WORD = re.compile(r"[a-z][a-z-]+")


def words_of(text: str) -> set[str]:
    """The words of a text that mean something, with what they stand for."""
    found = {word.rstrip("s") if len(word) > 3 else word for word in WORD.findall(text.lower()) if word not in WORDS["stop"]}
    more = {word for name, said in SYNONYMS.items() if re.search(rf"\b{name}\b", text, re.IGNORECASE) for word in WORD.findall(said)}
    return found | {word.rstrip("s") if len(word) > 3 else word for word in more if word not in WORDS["stop"]}


def told(answer: Answer, question: str) -> list[str]:
    """The findings that answer a question, at most a few; the first ones when none shares a word with it."""
    asked = words_of(question)
    named = {figure.of for figure in answer.figures if figure.of}
    meant = {name for name in named if words_of(name.partition(": ")[2] or name.replace("_", " ")) <= asked}
    scored = []
    for index, finding in enumerate(answer.findings):
        about = {slot_of for slot_of in meant if f".{_key(slot_of)}." in finding}
        if meant and not about:
            continue
        scored.append((-len(asked & words_of(re.sub(r"\{\{[^{}]+\}\}", "", finding))), index, finding))
    best = [entry for entry in sorted(scored) if entry[0] < 0][:MOST] or scored[: MOST - 1]
    lead = min((entry[0] for entry in best), default=0)
    kept = [entry for entry in best if entry[0] <= lead / 2]
    return [finding for _, _, finding in sorted(kept, key=lambda entry: entry[1])]


def _key(entity: str) -> str:
    return entity.partition(": ")[2].replace(", ", "_").replace(" ", "_") or entity


def quoted(passages: tuple[Passage, ...], question: str) -> str | None:
    """The sentence of the client's documents that shares most words with the question, as a quotation; None when none shares two."""
    asked = words_of(question)
    best: tuple[int, str] | None = None
    for passage in passages:
        title = len(asked & words_of(passage.title))
        for sentence in sentences(passage.text):
            shared = len(asked & words_of(sentence)) + min(title, 1)
            if len(sentence) <= 240 and not re.search(r"[\[\]{}]", sentence) and shared >= 2 and (best is None or shared > best[0]):
                best = shared, f"The documents say: [[{passage.id}: {sentence.rstrip('.')}]]."
    return best[1] if best else None
