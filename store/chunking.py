"""Cutting a document into passages: whole paragraphs where they fit, whole sentences where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

TARGET = 900
"""characters of a passage: about 150 words, enough to stand alone in a prompt"""


def chunks_of(text: str) -> list[str]:
    """Passages in order, each at most `TARGET` characters. A heading goes with the paragraph below it."""
    chunks: list[str] = []
    current = ""
    for block in _blocks(text.replace("\x00", "")):
        if current and len(current) + 2 + len(block) > TARGET:
            chunks.append(current)
            current = ""
        current = f"{current}\n\n{block}" if current else block
    return [*chunks, current] if current else chunks


def _blocks(text: str) -> Iterator[str]:
    headings: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = paragraph.strip()
        if not paragraph:
            continue
        if re.fullmatch(r"#{1,6} .+", paragraph):
            headings.append(paragraph)
            continue
        yield from _pieces("\n".join([*headings, paragraph]))
        headings = []
    if headings:
        yield from _pieces("\n".join(headings))


def _pieces(paragraph: str) -> Iterator[str]:
    """The paragraph, or runs of its sentences; a sentence longer than a passage is cut between words."""
    piece = ""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", paragraph) if len(paragraph) > TARGET else [paragraph]:
        for part in _words(sentence):
            if piece and len(piece) + 1 + len(part) > TARGET:
                yield piece
                piece = ""
            piece = f"{piece} {part}" if piece else part
    if piece:
        yield piece


def _words(sentence: str) -> Iterator[str]:
    while len(sentence) > TARGET:
        cut = sentence.rfind(" ", 1, TARGET)
        cut = cut if cut > 0 else TARGET
        yield sentence[:cut]
        sentence = sentence[cut:].lstrip()
    if sentence:
        yield sentence
