"""The client's own words, taken from their documents: what they may not say, what they call things, whom they serve, what people ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from llm.offline.reading import Desk, Passage
from llm.offline.sentences import NUMBER_WORD, sentences

BANNED = re.compile(r"(?:banned|forbidden|avoid(?:ed)?) words?\s*:\s*(?P<words>[^.\n]+(?:\n[^.\n#-]+)*)", re.IGNORECASE)
ITEM = re.compile(r"^\s*(?:\d+\.|[-*])\s+\*\*(?P<name>[^*]+?)\.?\*\*\s*(?P<text>.+)$", re.MULTILINE)
PEOPLE = re.compile(r"(?:(?<=[:,;] )|(?<=, and ))(?:people|customers|guests|members|buyers) (?:who|whose) [^,.;:]{8,60}(?=[,.;])")
HEADING = re.compile(r"^#+\s*(?P<title>.+)$", re.MULTILINE)
CELL = re.compile(r"^\|\s*(?P<first>[^|]+?)\s*\|", re.MULTILINE)
QUESTION = re.compile(r"(?:(?<=[.!?:]\s)|(?<=\n)|^)(?P<question>[A-Z][^.!?\n|:]{4,60}\?)")
COUNTED = re.compile(
    r",?\s*\b(?:within|with|of|for|over|under|about|at|every|in|after|by)\s+(?:about |the |up to )?"
    rf"(?:\d[\w.,]*|{NUMBER_WORD.pattern})[^,.;]*",
    re.IGNORECASE,
)
CLAIMING = re.compile(
    r"\b(?:more|most|less|least|fewer|best|better|worst|worse|cheapest|largest|biggest|highest|lowest|drove|caused|because|thanks to|led to"
    r"|doubled|tripled)\b",
    re.IGNORECASE,
)
STOP = frozenset(
    """
    a about after all also an and any are as at be been before but by can come could day did do does each either every few finds first
    for from get gets give has have her here him his how if in into is it its itself just keep know large last like list many may me
    month most much name near no not nor now of off often old on only or other our out over own page people per places return same say
    says sees set she should show since so some still such take than that the their them then there these they this those through time
    to too under up us use used very via want was we week were what when where which while who whom whose order orders prices price
    nothing count books buy buys buyers vat delivery final employers friends query interest content plan paid january february march
    april june july august september october november december monday tuesday wednesday thursday friday saturday sunday will with
    without work would year yes yet you your simulated client document dated valid
    subscribe pay pays show shows bring brings read reads wants ask asks talk talks works comes decide decides chosen team doubts
    """.split()  # noqa: SIM905
)
"""Words that part phrases, and words of trade and time that say nothing of an offer."""
SEARCH = ("search", "google", "google ads")
PLACE = re.compile(r"(?:^|(?<=[.!?]\s))(?P<label>[A-Z][\w ]{2,20}): (?P<list>[^.:]+)\.")
ABOUT_OFFER = ("sell", "offer", "product", "price", "service", "position", "audience", "guest", "customer", "who buys", "found", "season")
ABOUT_VOICE = ("voice", "tone", "words", "never do", "speak")
ABOUT_PAST = ("review", "tried", "campaign", "result", "believe", "promised", "spent")
MOST_TERMS = 14


@dataclass(frozen=True, slots=True)
class Audience:
    """Someone whom the client's documents name."""

    name: str
    text: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class Voice:
    """What the documents give a writer."""

    banned: tuple[str, ...]
    terms: tuple[tuple[str, Passage], ...]
    questions: tuple[tuple[str, Passage], ...]
    audiences: tuple[Audience, ...]
    products: tuple[tuple[str, Passage], ...]
    passages: tuple[Passage, ...]

    def clean(self, text: str) -> bool:
        """Whether a text keeps off the client's banned words, and off figures and claims that no tool stands for."""
        lowered = text.lower()
        return not (
            any(re.search(rf"\b{re.escape(word)}", lowered) for word in self.banned)
            or re.search(r"\d", text)
            or NUMBER_WORD.search(text)
            or CLAIMING.search(text)
        )

    def found_on(self, channel: str, name: str) -> list[tuple[str, Passage]]:
        """What the documents list behind a channel's name, as in 'Search: home workout, short workout'."""
        labels = {name.lower(), channel.replace("_", " "), *(SEARCH if channel == "google_ads" else ())}
        found = []
        for passage in self.passages:
            for title, text in _sections(passage):
                if _kind(title, passage) == "past":
                    continue
                for match in PLACE.finditer(re.sub(r"\s*\n\s*", " ", text)):
                    if match["label"].lower() in labels:
                        parts = (
                            re.sub(r"^(?:interest in|lookalikes of .*)\s*", "", uncounted(part).strip())
                            for part in re.split(r",\s*(?:and\s+)?", match["list"])
                        )
                        found += [(part, passage) for part in parts if part and len(part) < 60 and self.clean(part)]
        return found

    def under(self, *headings: str) -> list[tuple[str, Passage]]:
        """Sentences that may be said again, of the sections whose heading names one of these."""
        found = []
        for passage in self.passages:
            for title, text in _sections(passage):
                if title != passage.title and any(heading in title.lower() for heading in headings):
                    found += [
                        (told, passage)
                        for sentence in _prose(text)
                        if (told := uncounted(sentence)) and len(told) > 25 and self.clean(told)
                    ]
        return found

    def about(self, *words: str) -> Iterator[tuple[str, Passage]]:
        """Sentences of the documents that name one of these words and may be said again, with where they stand."""
        for passage in self.passages:
            for sentence in _prose(passage.text):
                told = uncounted(sentence)
                if any(re.search(rf"\b{re.escape(word)}", told, re.IGNORECASE) for word in words) and self.clean(told):
                    yield told, passage


def listen(desk: Desk) -> Voice:
    """The voice in a client's passages."""
    banned = tuple(
        dict.fromkeys(
            word.strip(" .\n\"'").lower()
            for passage in desk.passages
            for match in BANNED.finditer(passage.text)
            for word in match["words"].split(",")
            if word.strip()
        )
    )
    bare = Voice(banned, (), (), (), (), desk.passages)
    return Voice(
        banned,
        tuple(_terms(bare)),
        tuple(_questions(bare)),
        tuple(_audiences(bare)),
        tuple(_products(bare)),
        desk.passages,
    )


def uncounted(sentence: str) -> str:
    """The sentence without the phrases that hold a number: 'interest in hair care within eight kilometres' loses the distance."""
    return re.sub(r"\s+([.,;])", r"\1", COUNTED.sub("", sentence)).strip()


def _prose(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "|"))]
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)", "\n".join(lines)):
        yield from sentences(re.sub(r"\*\*|^\s*(?:[-*]|\d+\.)\s+", "", re.sub(r"\s*\n\s*", " ", block)).strip())


def _sections(passage: Passage) -> Iterator[tuple[str, str]]:
    """Heading and text of each part of a passage; the title stands in where a part has none."""
    places = list(HEADING.finditer(passage.text))
    starts = [(passage.title, 0, places[0].start() if places else len(passage.text))] + [
        (match["title"], match.end(), places[index + 1].start() if index + 1 < len(places) else len(passage.text))
        for index, match in enumerate(places)
    ]
    for title, start, end in starts:
        if passage.text[start:end].strip():
            yield title, passage.text[start:end]


def _kind(title: str, passage: Passage) -> str:
    for words, kind in ((ABOUT_VOICE, "voice"), (ABOUT_PAST, "past"), (ABOUT_OFFER, "offer")):
        if any(word in title.lower() for word in words):
            return kind
    return "past" if any(word in passage.title.lower() for word in ABOUT_PAST) else "other"


def _questions(voice: Voice) -> Iterator[tuple[str, Passage]]:
    for passage in voice.passages:
        for title, text in _sections(passage):
            if _kind(title, passage) in ("voice", "past"):
                continue
            for match in QUESTION.finditer(re.sub(r"\s*\n\s*", " ", text.strip())):
                if voice.clean(match["question"]):
                    yield match["question"], passage


def _audiences(voice: Voice) -> Iterator[Audience]:
    for passage in voice.passages:
        for title, text in _sections(passage):
            if _kind(title, passage) in ("voice", "past"):
                continue
            for match in PEOPLE.finditer(re.sub(r"\s*\n\s*", " ", text)):
                if voice.clean(match[0]):
                    yield Audience(match[0][:1].upper() + match[0][1:], f"{match[0][:1].upper()}{match[0][1:]}.", passage)
            for match in ITEM.finditer(text):
                told = [kept for sentence in sentences(match["text"]) if (kept := _mended(sentence, voice))]
                if voice.clean(match["name"]):
                    yield Audience(match["name"].strip(), " ".join(told), passage)


def _mended(sentence: str, voice: Voice) -> str:
    """The sentence clause by clause, those kept that may be said."""
    kept = [clause for clause in re.split(r",\s+", uncounted(sentence).rstrip(".")) if clause and voice.clean(clause)]
    return (", ".join(kept)[:1].upper() + ", ".join(kept)[1:] + ".") if kept else ""


def _products(voice: Voice) -> Iterator[tuple[str, Passage]]:
    """First cells of a price list, its heading left out."""
    for passage in voice.passages:
        if "price" not in (passage.title + passage.text[:400]).lower():
            continue
        rows = [match["first"] for match in CELL.finditer(passage.text)]
        for cell in rows[1:]:
            name = re.sub(r"\s*\([^)]*\)", "", cell).strip()
            if re.search(r"[a-z]", name) and voice.clean(name) and _kind(passage.title, passage) != "past":
                yield name, passage


def _terms(voice: Voice) -> Iterator[tuple[str, Passage]]:
    """Phrases between stop words in what the documents say of the offer, the most telling first.

    Scored by degree over frequency (Rose et al. 2010, Automatic keyword extraction from individual documents).
    """
    phrases: dict[str, Passage] = {}
    words: Counter[str] = Counter()
    degrees: Counter[str] = Counter()
    for passage in voice.passages:
        for title, text in _sections(passage):
            if _kind(title, passage) != "offer":
                continue
            for sentence in _prose(text):
                for phrase in _phrases(sentence):
                    if not voice.clean(phrase):
                        continue
                    parts = phrase.split()
                    words.update(parts)
                    degrees.update({part: len(parts) for part in parts})
                    phrases.setdefault(phrase, passage)
    scored = sorted(
        phrases, key=lambda phrase: (-sum(degrees[part] * words[part] for part in phrase.split()) / len(phrase.split()), phrase)
    )
    yield from ((phrase, phrases[phrase]) for phrase in scored[:MOST_TERMS])


def _phrases(sentence: str) -> Iterator[str]:
    for run in re.split(r"[^\w\s-]", sentence.lower()):
        current: list[str] = []
        for word in [*run.split(), ""]:
            if word and word not in STOP and not word.isdigit():
                current.append(word)
            else:
                if 1 <= len(current) <= 3 and all(len(part) > 2 for part in current) and not current[0].endswith("ly"):
                    yield " ".join(current)
                current = []
