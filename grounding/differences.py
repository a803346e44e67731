"""What changed between two texts, word by word: what the approver of a new version looks at first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple

Side = Literal["same", "removed", "added"]
PIECE = re.compile(r"\s+|[^\s]+")
MOST_WORDS = 4_000
"""Words of one changed passage that are compared one by one. A longer one is shown as replaced whole: time grows with the square."""


class Change(NamedTuple):
    """A stretch of text that stayed, went or came."""

    side: Side
    text: str


def differences(before: str, after: str) -> tuple[Change, ...]:
    """The way from one text to the other.

    What is `same` or `removed`, joined, is the text before; what is `same` or `added` is the text after, to the letter. Lines are
    compared first and words only inside the lines that changed.
    """
    return tuple(
        Change(side, "".join(change.text for change in stretch))
        for side, stretch in groupby(
            _by_lines(before.splitlines(keepends=True), after.splitlines(keepends=True)), lambda change: change.side
        )
    )


def counted(changes: Sequence[Change]) -> dict[str, int]:
    """How many words were removed and added."""
    return {side: sum(len(change.text.split()) for change in changes if change.side == side) for side in ("removed", "added")}


def _by_lines(before: list[str], after: list[str]) -> Iterator[Change]:
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Change("same", "".join(before[a:b]))
        else:
            yield from _ordered(_by_words(PIECE.findall("".join(before[a:b])), PIECE.findall("".join(after[c:d]))))


def _by_words(before: list[str], after: list[str]) -> Iterator[Change]:
    if len(before) + len(after) > 2 * MOST_WORDS:
        yield from _replaced(before, after)
        return
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Change("same", "".join(before[a:b]))
        else:
            yield from _replaced(before[a:b], after[c:d])


def _replaced(before: list[str], after: list[str]) -> Iterator[Change]:
    if before:
        yield Change("removed", "".join(before))
    if after:
        yield Change("added", "".join(after))


def _ordered(changes: Iterator[Change]) -> Iterator[Change]:
    """Runs of words that went and came with only a space between them read better as one replaced phrase."""
    removed = added = ""
    for change in changes:
        if change.side == "removed":
            removed += change.text
        elif change.side == "added":
            added += change.text
        elif change.text.isspace() and "\n" not in change.text and removed and added:
            removed, added = removed + change.text, added + change.text
        else:
            yield from _replaced([removed] if removed else [], [added] if added else [])
            removed = added = ""
            yield change
    yield from _replaced([removed] if removed else [], [added] if added else [])
