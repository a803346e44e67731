"""Mending a draft: only what a repair message names is dropped or added; every other sentence stays as it was."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llm.offline.sentences import SLOT, sentences

PROBLEM = re.compile(r"^- (?P<where>[\w.]+): (?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\n  )?(?P<said>.+)$", re.MULTILINE)
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


def mend(draft: Mapping[str, Any], message: str, fallback: Callable[[str], str]) -> dict[str, Any]:
    """The draft without the sentences complained of, with the caveats that were missing, and no new figure."""
    mended = copy.deepcopy(dict(draft))
    for complaint in complaints(message):
        if match := CAVEAT.search(complaint.said):
            _add_caveat(mended, match[1])
        elif TOO_LONG.search(complaint.said):
            _shorten(mended, complaint.where)
        else:
            _drop(mended, complaint, fallback)
    return mended


def _drop(draft: dict[str, Any], complaint: Complaint, fallback: Callable[[str], str]) -> None:
    for path, text in list(leaves(draft)):
        if complaint.where not in ("text", "") and not path.startswith(complaint.where):
            continue
        kept = [one for one in sentences(text) if not _is(one, complaint)]
        if len(kept) < len(sentences(text)):
            put(draft, path, " ".join(kept) or fallback(path))
            return


def _is(sentence: str, complaint: Complaint) -> bool:
    """Whether a sentence, its slots filled with anything, is the one that was complained of (or holds it, or is part of it)."""
    if not complaint.text:
        slots = SLOT.findall(complaint.said)
        return any(slot in sentence for slot in slots)
    shape = "".join(
        ".{1,200}?" if SLOT.fullmatch(part) else re.escape(part) for part in re.split(f"({SLOT.pattern})", _plain(sentence)) if part
    )
    shape = re.sub(r"(?:\\\[){2}C\d+(?:\\\]){2}", r".{1,120}?", shape)
    return bool(re.search(shape, _plain(complaint.text))) or (len(complaint.text) > 20 and complaint.text in sentence)


def _plain(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text).strip("-*#| ")


def _add_caveat(draft: dict[str, Any], slot: str) -> None:
    """Say a caveat in its own words where the limits of the data are told."""
    for section in ("situation", "forecast", "measurement"):
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
