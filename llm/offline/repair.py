"""Mending a draft: only what a repair message names is dropped or added; every other sentence stays as it was."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llm.offline.sentences import NUMBER_WORD, SLOT, sentences

PROBLEM = re.compile(r"^- (?P<where>[\w.]+): (?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\n  )?(?P<said>.+)$", re.MULTILINE)
VARYING = re.compile(rf"{SLOT.pattern}|\[\[C\d+\]\]")
"""What the reader saw as something else than stands in the draft: figures and citations."""
NUMERAL = re.compile(r"\S*\d\S*")
CAVEAT = re.compile(r"a caveat must appear and does not: .*\(slot (\{\{[\w.]+\}\})\)")
TOO_LONG = re.compile(r"it has \d+ words; at most \d+ are read")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One place that does not hold: its path, the words as the reader saw them, and why."""

    where: str
    text: str
    said: str


def complaints(message: str) -> list[Complaint]:
    """The complaints of a repair message."""
    found = []
    for match in PROBLEM.finditer(message):
        text = ast.literal_eval(match["text"]) if match["text"] else ""
        found.append(Complaint(match["where"], text, match["said"]))
    return found


def mend(draft: Mapping[str, Any], message: str, fallback: Callable[[str], str], caveats: Mapping[str, str]) -> dict[str, Any]:
    """The draft without the sentences complained of, with the caveats that were missing, and no new figure.

    `caveats`: slot of each caveat to its text; `fallback`: what stands in a place that lost every sentence.
    """
    mended = copy.deepcopy(dict(draft))
    for complaint in complaints(message):
        if match := CAVEAT.search(complaint.said):
            _add_caveat(mended, match[1])
        elif TOO_LONG.search(complaint.said):
            _shorten(mended, complaint.where)
        else:
            _drop(mended, complaint, fallback, caveats)
    return mended


def _drop(draft: dict[str, Any], complaint: Complaint, fallback: Callable[[str], str], caveats: Mapping[str, str]) -> None:
    named = [leaf for leaf in leaves(draft) if leaf[0].startswith(complaint.where)]
    # The place named may be a neighbour of a short label: the sentence itself decides.
    for path, text in [*named, *leaves(draft)]:
        kept = [_kept(one, complaint, caveats) for one in sentences(text)]
        if kept != sentences(text):
            put(draft, path, " ".join(one for one in kept if one) or fallback(path))
            return


def _kept(sentence: str, complaint: Complaint, caveats: Mapping[str, str]) -> str:
    """The sentence, or nothing; a caveat goes on in its own words, without the clauses that cannot be said."""
    text = caveats.get(sentence.strip().rstrip("."), "")
    if not _is(text or sentence, complaint):
        return sentence
    clauses = [clause for clause in re.split(r"[:;]\s+", text.rstrip(".")) if clause and not NUMBER_WORD.search(clause)]
    return f"{'; '.join(clauses)}." if clauses else ""


def _is(sentence: str, complaint: Complaint) -> bool:
    """Whether a sentence, its slots filled with anything, is the one that was complained of (or holds it, or is part of it)."""
    if not complaint.text:
        return any(slot in sentence for slot in SLOT.findall(complaint.said))
    read, position = _plain(complaint.text), 0
    pieces = [piece for part in VARYING.split(sentence) if (piece := _plain(part)) and any(c.isalpha() for c in piece)]
    for piece in pieces:
        found = read.find(piece, position)
        if found < 0:
            return len(complaint.text) > 20 and complaint.text in sentence
        position = found + len(piece)
    # A short label such as a channel's name stands in many sentences: most of what was read has to be found.
    return 2 * sum(map(len, pieces)) > len(NUMERAL.sub("", read))


def _plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text).strip("-*#|.,;:() ")


def _add_caveat(draft: dict[str, Any], slot: str) -> None:
    """Say a caveat in its own words where the limits of the data are told."""
    for section in ("situation", "forecast", "measurement", "appendix"):
        paragraphs = draft.get(section)
        if isinstance(paragraphs, list) and paragraphs:
            shortest = min(range(len(paragraphs)), key=lambda index: len(paragraphs[index]))
            paragraphs[shortest] = f"{paragraphs[shortest]} {slot}"
            return


def _shorten(draft: dict[str, Any], where: str) -> None:
    """Let the longest paragraph go without its last sentence."""
    paragraphs = draft.get(where)
    if not isinstance(paragraphs, list):
        return
    for index in sorted(range(len(paragraphs)), key=lambda index: -len(paragraphs[index])):
        kept = sentences(paragraphs[index])[:-1]
        if kept:
            paragraphs[index] = " ".join(kept)
            return


def leaves(content: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an answer with its path: platforms.0.role."""
    if isinstance(content, str):
        yield path, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    elif isinstance(content, (list, tuple)):
        for index, value in enumerate(content):
            yield from leaves(value, f"{path}.{index}".lstrip("."))


def put(content: Any, path: str, text: str) -> None:
    """Put a text at a path."""
    *above, last = path.split(".")
    for part in above:
        content = content[int(part)] if isinstance(content, list) else content[part]
    content[int(last) if isinstance(content, list) else last] = text
