"""A Markdown text as people see it, with a way back to where each letter stood, and its sentences with what stands above them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from html import unescape

STRIP = re.compile(
    r"(?P<link>!?\[(?P<label>(?:[^\[\]]|\\.)*)\]\((?P<target>[^()\s]*)(?:\s+\"[^\"]*\")?\))"
    r"|(?P<url>(?:https?://|www\.)[^\s<>|)]+)|(?P<mail>[\w.+-]+@[\w-]+\.[\w.]+)"
    r"|(?P<mark>\*\*|__|~~|`+|(?<![\d*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\d*])|[\u200b-\u200f\u2060\ufeff\u00ad]|\\(?=[\\`*_{}\[\]()#+.!|~>-])|</?(?:b|i|em|strong|sup|sub|span)\b[^>]*>)"
    r"|(?P<entity>&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,12});)|(?P<fraction>[½¼¾⅓⅔])"
)
FRACTIONS = {"½": "half", "¼": "one-quarter", "¾": "three-quarters", "⅓": "one-third", "⅔": "two-thirds"}
LINE = re.compile(r"[^\n]*\n?")
HEADING = re.compile(r"^(#{1,6})\s+(?:\d+(?:\.\d+)*[.)]?\s+)?")
ITEM = re.compile(r"^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
RULE_ROW = re.compile(r"^\s*\|?[\s:|-]*-{2,}[\s:|-]*\|?\s*$")
SENTENCE_END = re.compile(r"[.!?](?:[\"”’)\]]|\s*$)*(?:\s+)(?=[A-Z\"“(\[$€£¥0-9‘'~+−-])")
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|vs|etc|no|nos|fig|mio|mrd|tsd|incl|excl|max|min|avg|est|dr|mr|ms|st|p\.m|a\.m|cf|ca|resp|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)|\b[A-Z])\.$",
    re.IGNORECASE,
)
OWN_LINE = re.compile(r"^.{1,60}(?<![.!?,;:–—-])$")
"""A short line without a stop at its end is no wrapped prose."""
OWN_MARK = re.compile(r"[\u2190-\u21ff\u2500-\u27bf\U0001f300-\U0001faff]")
"""Arrows, ticks and pictures that people begin a line with."""
LABEL = re.compile(r"^([^:.|\n]{2,60}):(?=\s)")
CLAUSE = re.compile(r";|\s[—–]\s|,?\s(?:while|whereas|but|although|though|compared with which|yet)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a figure: the letters it covers in the plain text, and where it points."""

    start: int
    end: int
    alias: str
    key: str


@dataclass(slots=True)
class Sentence:
    """A sentence, list item or table cell, with the words around it that say what it is about."""

    start: int
    end: int
    body: str
    label: tuple[int, int] | None = None
    """The bold label or first cell that this belongs to, as offsets of the plain text."""
    column: tuple[int, int] | None = None
    previous: Sentence | None = None
    headings: tuple[tuple[int, int], ...] = ()
    kind: str = "text"
    items_below: int = 0
    """How many list items follow directly."""
    clauses: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Plain:
    """What a reader sees: the text, its links and its sentences."""

    text: str
    links: list[Link]
    sentences: list[Sentence]
    origin: list[tuple[int, int]]
    """(offset in the plain text, offset in the given text) wherever the two drift apart."""
    markers: list[tuple[int, int]]

    def back(self, position: int) -> int:
        """The offset in the given text."""
        index = bisect_right(self.origin, (position, 1 << 60)) - 1
        here, there = self.origin[index]
        return there + position - here


def read_text(text: str) -> Plain:
    """Strip Markdown and split into sentences."""
    plain, links, origin = _stripped(text)
    sentences, markers = _sentences(plain)
    return Plain(plain, links, sentences, origin, markers)


def _stripped(text: str) -> tuple[str, list[Link], list[tuple[int, int]]]:
    out: list[str] = []
    links: list[Link] = []
    origin = [(0, 0)]
    length = position = 0

    def put(piece: str, start: int) -> None:
        nonlocal length
        if piece:
            origin.append((length, start))
            out.append(piece)
            length += len(piece)

    def walk(piece: str, offset: int) -> None:
        last = 0
        for match in STRIP.finditer(piece):
            put(piece[last : match.start()], offset + last)
            last = match.end()
            start = offset + match.start()
            if match["link"] is not None:
                begun = length
                walk(match["label"], offset + match.start("label"))
                if match["target"].startswith("evidence:"):
                    alias, _, key = match["target"].removeprefix("evidence:").partition(".")
                    links.append(Link(begun, length, alias, key))
            elif match["url"] or match["mail"]:
                put("\u2060", start)
            elif match["entity"]:
                put(unescape(match[0]), start)
            elif match["fraction"]:
                put(FRACTIONS[match[0]], start)
        put(piece[last:], offset + last)

    walk(text, position)
    return "".join(out), links, origin


def _sentences(plain: str) -> tuple[list[Sentence], list[tuple[int, int]]]:
    found: list[Sentence] = []
    markers: list[tuple[int, int]] = []
    headings: list[tuple[int, tuple[int, int]]] = []
    header: list[tuple[int, int]] | None = None
    paragraph: tuple[int, int] | None = None
    intro: Sentence | None = None
    parent: Sentence | None = None

    def levels() -> tuple[tuple[int, int], ...]:
        return tuple(span for _, span in reversed(headings))

    def flush() -> None:
        nonlocal paragraph, intro
        if paragraph is not None:
            added = _split(plain, *paragraph, levels())
            found.extend(added)
            intro = added[-1] if added else None
            paragraph = None

    for match in LINE.finditer(plain):
        start, end = match.span()
        line = match[0].rstrip("\n")
        if start == end:
            break
        quoted = re.match(r"^\s*>\s?", line)
        if quoted:
            start, line = start + quoted.end(), line[quoted.end() :]
        stop = start + len(line)
        if not line.strip():
            flush()
            header = None
            continue
        if head := HEADING.match(line):
            flush()
            markers.append((start, start + head.end()))
            level = len(head[1])
            headings = [kept for kept in headings if kept[0] < level]
            found.append(Sentence(start + head.end(), stop, plain[start + head.end() : stop], headings=levels(), kind="heading"))
            found[-1].clauses = _clauses(plain, start + head.end(), stop)
            headings.append((level, (start + head.end(), stop)))
            intro = parent = None
        elif line.lstrip().startswith("|"):
            flush()
            if RULE_ROW.match(line):
                continue
            cells = _cells(line, start)
            if header is None:
                header = cells
                found += [Sentence(s, e, plain[s:e], headings=levels(), kind="header", clauses=[(s, e)]) for s, e in cells if e > s]
                continue
            found += _row(plain, cells, header, levels())
        elif item := ITEM.match(line):
            flush()
            markers.append((start, start + item.end()))
            depth = len(item[1])
            added = _split(plain, start + item.end(), stop, levels(), kind="item")
            owner = parent if depth and parent is not None else None
            for sentence in added:
                sentence.previous = (
                    sentence.previous or owner or (intro if intro is not None and intro.body.rstrip().endswith(":") else None)
                )
            if intro is not None and not depth:
                intro.items_below += 1
            found += added
            if not depth and added:
                parent = added[-1]
        else:
            if paragraph is not None and _begins_anew(plain[paragraph[0] : start].rsplit("\n", 2)[-2], line.lstrip()):
                flush()
            paragraph = (start if paragraph is None else paragraph[0], stop)
            parent = None
    flush()
    return found, markers


def _begins_anew(before: str, line: str) -> bool:
    """Whether a line of a paragraph is a line of its own: behind a short one without a stop, or marked by a sign."""
    if OWN_MARK.match(line):
        return True
    return OWN_LINE.match(before) is not None and not line[:1].islower()


def _cells(line: str, start: int) -> list[tuple[int, int]]:
    cells, begun = [], None
    for index, letter in enumerate(line):
        if letter == "|":
            if begun is not None:
                inside = line[begun:index]
                left = len(inside) - len(inside.lstrip())
                cells.append((start + begun + left, start + begun + left + len(inside.strip())))
            begun = index + 1
    return cells


def _row(plain: str, cells: list[tuple[int, int]], header: list[tuple[int, int]], headings: tuple[tuple[int, int], ...]) -> list[Sentence]:
    found: list[Sentence] = []
    for index, (start, end) in enumerate(cells):
        if end <= start:
            continue
        column = header[index] if index < len(header) else None
        label = cells[0] if index else None
        for sentence in _split(plain, start, end, headings, kind="cell"):
            sentence.label, sentence.column = label, column
            sentence.previous = sentence.previous or (found[-1] if found else None)
            found.append(sentence)
    return found


def _split(plain: str, start: int, end: int, headings: tuple[tuple[int, int], ...], kind: str = "text") -> list[Sentence]:
    cuts, body = [start], plain[start:end]
    for match in SENTENCE_END.finditer(body):
        if not ABBREVIATION.search(body[max(0, match.start() - 8) : match.start() + 1]):
            cuts.append(start + match.end())
    found: list[Sentence] = []
    label = LABEL.match(body)
    span = (start, start + label.end(1)) if label else None
    for begun, stop in zip(cuts, [*cuts[1:], end], strict=True):
        if begun >= stop:
            continue
        sentence = Sentence(begun, stop, plain[begun:stop], label=span, headings=headings, kind=kind, previous=found[-1] if found else None)
        sentence.clauses = _clauses(plain, begun, stop)
        found.append(sentence)
    return found


def _clauses(plain: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start]
    for match in CLAUSE.finditer(plain, start, end):
        cuts.append(match.end())
    return list(zip(cuts, [*cuts[1:], end], strict=True))
