"""A deliverable's content as a form: one field for each of its texts, how each reads, and where it does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from agents.deliverable import Deliverable, Part
from graphs.drafting import Problem, cite
from grounding.evidence import Evidence, Locale
from grounding.slots import render
from tools.contract import SLOT

Shape = Literal["line", "text", "lines", "number", "choice"]
Kind = Literal["plain", "figure", "mark"]

FIGURE = re.compile(r"\[([^\]]*)\]\(evidence:([A-Z]\d*)\.([A-Za-z0-9_.]+)\)")
LINE_LENGTH = 100
"""Letters from which a text gets a field of several rows."""
AT, GONE = "at:", "gone:"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of how a text reads: `href` of a figure, `reason` of a numeral or word that fails."""

    kind: Kind
    text: str
    href: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `slots`: what each slot in it shows; `problems`: what does not hold in it."""

    path: str
    label: str
    value: str
    shape: Shape
    rows: int = 2
    choices: tuple[str, ...] = ()
    reading: tuple[Stretch, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a section; `fresh`: an empty one to fill in."""

    path: str
    label: str
    fields: tuple[Field, ...]
    fresh: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the deliverable."""

    name: str
    heading: str
    items: tuple[Item, ...]
    many: bool
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Reader:
    """Fills the texts in and finds what does not hold in them."""

    evidence: Mapping[str, Evidence]
    passages: Sequence[Mapping[str, Any]]
    locale: Locale
    problems: Sequence[Problem] = ()
    told: set[int] = field(default_factory=set)

    def at(self, path: str, *, inside: bool = False) -> list[Problem]:
        """The problems of this place, and with `inside` of places in it; each is told once."""
        found = []
        for number, problem in enumerate(self.problems):
            here = problem.where == path or (inside and problem.where.startswith(f"{path}."))
            if here and number not in self.told:
                self.told.add(number)
                found.append(problem)
        return found

    def left(self) -> list[Problem]:
        """The problems that no place was found for."""
        return [problem for number, problem in enumerate(self.problems) if number not in self.told]

    def read(self, value: str, problems: Iterable[Problem]) -> tuple[Stretch, ...]:
        """How a text reads, its figures as links, what fails in it marked."""
        shown = render(cite(value, self.passages), self.evidence, self.locale).text
        plain, figures = "", []
        position = 0
        for match in FIGURE.finditer(shown):
            plain += shown[position : match.start()]
            figures.append((len(plain), len(plain) + len(match[1]), f"/evidence/{self._id(match[2])}#{match[3]}"))
            plain += match[1]
            position = match.end()
        plain += shown[position:]
        return tuple(_stretches(plain, figures, [found for problem in problems if (found := _marked(plain, problem)) is not None]))

    def _id(self, alias: str) -> str:
        return self.evidence[alias].id if alias in self.evidence else alias

    def slots(self, value: str) -> tuple[tuple[str, str], ...]:
        """What each slot of a text shows."""
        found = {match[0]: None for match in SLOT.finditer(value)}
        filled = [(slot, render(slot, self.evidence, self.locale, links=False)) for slot in found]
        return tuple((slot, shown.text) for slot, shown in filled if shown.used)


def form_of(model: type[Deliverable], content: Mapping[str, Any], reader: Reader) -> list[Section]:
    """The sections of a content, which may be one that does not fit its type. CPU work: call it off the event loop."""
    return [_section(name, field, content.get(name), reader) for name, field in model.model_fields.items()]


def _section(name: str, declared: Any, value: Any, reader: Reader) -> Section:
    heading = declared.title or name.replace("_", " ").capitalize()
    inner = _inner(declared.annotation)
    if inner is None:
        only = Item(name, heading, (_field(name, heading, value, declared.annotation, reader),))
        return Section(name, heading, (only,), many=False)
    values = list(value) if isinstance(value, (list, tuple)) else []
    part = isinstance(inner, type) and issubclass(inner, Part)
    items = [
        _item(f"{name}.{index}", f"{heading} {index + 1}", inner, one, reader) if part else _paragraph(name, heading, index, one, reader)
        for index, one in enumerate(values)
    ]
    fresh_at = f"{name}.{len(values)}"
    quiet = Reader(reader.evidence, reader.passages, reader.locale)
    fresh = _item(fresh_at, "One more", inner, {}, quiet, fresh=True) if part else _paragraph(name, "One more", len(values), "", quiet)
    if not part:
        fresh = Item(fresh.path, "One more", fresh.fields, fresh=True)
    return Section(name, heading, (*items, fresh), many=True, problems=_said(reader.at(name, inside=True)))


def _paragraph(name: str, heading: str, index: int, value: Any, reader: Reader) -> Item:
    path = f"{name}.{index}"
    return Item(path, f"{heading} {index + 1}", (_field(path, f"{heading}, paragraph {index + 1}", value, str, reader),))


def _item(path: str, label: str, part: type[Part], value: Any, reader: Reader, *, fresh: bool = False) -> Item:
    given = value if isinstance(value, Mapping) else {}
    fields = tuple(
        _field(f"{path}.{name}", declared.title or name.replace("_", " ").capitalize(), given.get(name), declared.annotation, reader)
        for name, declared in part.model_fields.items()
    )
    return Item(path, label, fields, fresh, _said(reader.at(path)))


def _field(path: str, label: str, value: Any, annotation: Any, reader: Reader) -> Field:
    shape, choices = _shape(annotation)
    if shape == "lines":
        # each of a short list stands on a line of its own, so a line break inside one becomes a space
        texts = [" ".join(str(one).split("\n")) for one in value] if isinstance(value, (list, tuple)) else []
        text = "\n".join(texts)
    else:
        text = "" if value is None else str(value)
    problems = reader.at(path, inside=shape == "lines")
    rows = min(12, max(2, len(text) // LINE_LENGTH + 1 + text.count("\n")))
    if shape == "text" and "\n" not in text and len(text) <= LINE_LENGTH and not SLOT.search(text) and path == "title":
        shape = "line"
    slots = reader.slots(text) if shape in ("text", "lines", "line") else ()
    reading = reader.read(text, problems) if slots or problems else ()
    return Field(path, label, text, shape, rows, choices, reading, slots, _said(problems))


def _said(problems: Iterable[Problem]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problem.problem for problem in problems))


def _bare(annotation: Any) -> Any:
    return _bare(annotation.__origin__) if hasattr(annotation, "__metadata__") else annotation


def _inner(annotation: Any) -> Any:
    """What a section of many is made of; None for one of a single text."""
    bare = _bare(annotation)
    return _bare(get_args(bare)[0]) if get_origin(bare) is tuple else None


def _shape(annotation: Any) -> tuple[Shape, tuple[str, ...]]:
    bare = _bare(annotation)
    if get_origin(bare) is UnionType:
        bare = _bare(get_args(bare)[0])
    if get_origin(bare) is Literal:
        return "choice", tuple(str(choice) for choice in get_args(bare))
    if get_origin(bare) is tuple:
        return "lines", ()
    return ("number", ()) if bare is int else ("text", ())


def _marked(plain: str, problem: Problem) -> tuple[int, int, str] | None:
    """Where in a text the numeral or word of a problem stands: in its sentence, else at its first place."""
    if not problem.mark:
        return None
    within = _found(problem.text, plain) if problem.text else None
    start, end = within or (0, len(plain))
    for pattern in (rf"(?<!\w){_loose(problem.mark)}(?!\w)", _loose(problem.mark)):
        for low, high in ((start, end), (0, len(plain))):
            match = re.compile(pattern).search(plain, low, high)
            if match:
                return match.start(), match.end(), problem.problem
    return None


def _found(text: str, plain: str) -> tuple[int, int] | None:
    match = re.search(_loose(text), plain)
    return match.span() if match else None


def _loose(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split())


def _stretches(plain: str, figures: Sequence[tuple[int, int, str]], marks: Sequence[tuple[int, int, str]]) -> Iterable[Stretch]:
    """The text cut where something begins or ends; what fails is shown as such, also when it is a figure."""
    cuts = sorted({0, len(plain), *(place for low, high, _ in (*figures, *marks) for place in (low, high))})
    done = -1
    for low, high in pairwise(cuts):
        mark = next((one for one in marks if one[0] <= low and high <= one[1]), None)
        figure = next((one for one in figures if one[0] <= low and high <= one[1]), None)
        if mark is not None:
            if mark[0] > done:
                yield Stretch("mark", plain[mark[0] : mark[1]], figure[2] if figure else "", mark[2])
                done = mark[0]
        elif figure is not None:
            yield Stretch("figure", plain[low:high], figure[2])
        else:
            yield Stretch("plain", plain[low:high])


def content_of(model: type[Deliverable], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The content that a form gives back. What cannot be read as its type stays as it was typed, for the type to refuse."""
    return {name: _given(name, declared.annotation, sent) for name, declared in model.model_fields.items()}


def _given(name: str, annotation: Any, sent: Mapping[str, Any]) -> Any:
    inner = _inner(annotation)
    if inner is None:
        return _value(name, annotation, sent)
    stem = f"{AT}{name}."
    numbers = sorted({int(key[len(stem) :].partition(".")[0]) for key in sent if key.startswith(stem) and _numbered(key[len(stem) :])})
    kept = [f"{name}.{number}" for number in numbers if f"{GONE}{name}.{number}" not in sent]
    if not (isinstance(inner, type) and issubclass(inner, Part)):
        texts = [_text(sent, path) for path in kept]
        return [text for text in texts if text.strip()]
    items = [(path, {key: _value(f"{path}.{key}", part.annotation, sent) for key, part in inner.model_fields.items()}) for path in kept]
    return [item for path, item in items if _filled(inner, path, sent)]


def _numbered(rest: str) -> bool:
    number = rest.partition(".")[0]
    return number.isdecimal() and len(number) <= 3


def _filled(part: type[Part], path: str, sent: Mapping[str, Any]) -> bool:
    """Whether somebody wrote anything into an item: a choice alone is no writing."""
    return any(
        _text(sent, f"{path}.{name}").strip() for name, declared in part.model_fields.items() if _shape(declared.annotation)[0] != "choice"
    )


def _value(path: str, annotation: Any, sent: Mapping[str, Any]) -> Any:
    shape, _ = _shape(annotation)
    text = _text(sent, path)
    if shape == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    if shape in ("number", "choice") and re.fullmatch(r"-?\d{1,6}", text.strip()):
        return int(text)
    return text


def _text(sent: Mapping[str, Any], path: str) -> str:
    given = sent.get(f"{AT}{path}")
    return given.replace("\r\n", "\n") if isinstance(given, str) else ""
