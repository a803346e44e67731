"""The case-study writer: one customer's results held against comparable ones, the request for its consent, and the texts that follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from agents.agent import Agent
from agents.deliverable import Deliverable, Part, Prose, leaves
from agents.parts import Action, Alternative, Unknown
from tools.contract import SLOT

Kind = Literal["One-pager", "Quote card", "Social post", "Sales slide"]
MOST_WORDS: dict[str, int] = {"One-pager": 350, "Quote card": 45, "Social post": 120, "Sales slide": 70}
"""Words that each asset has room for."""
NAME = "{{account.name}}"
"""The customer's name in what goes out: filled in only when its consent is on record."""

MATCHED = re.compile(r"(?:^|\.)difference(?:\.low|\.high)?$")
"""The key of a matched difference."""
GROWTH = re.compile(
    r"\b(?:grew|grows?|growing|growth|gain(?:s|ed)?|rais(?:e[sd]?|ing)|rose|increas\w+|boost\w*|doubled?|tripled?|more|higher|better|lift(?:s|ed)?"
    r"|up by|improv\w+|transform\w*|because|thanks to|led to|drove|result(?:s|ed)? (?:of|from|in)|helped)\b",
    re.IGNORECASE,
)
"""Words that tell a result, which only a matched difference can carry."""
QUOTED = re.compile(r"[“„«][^”“»]{3,}[”“»]|\"[^\"]{3,}\"")
CITED = re.compile(r"\[\[C\d+:[^\[\]]+\]\]")
APPROVED = re.compile(r"approv|agreed|permission|consent|may be (?:quoted|used)|goedgekeur|freigegeben|genehmigt|accord", re.IGNORECASE)


class Quote(Part):
    """Something a customer said and approved. Without both on record there is none."""

    text: Annotated[Prose, Field(title="Quote", description="exact words of a passage, as [[C1: …]] and nothing else")]
    said_by: Annotated[str, Field(title="Said by", description="role and business as the passage gives them", max_length=120)]
    approved: Annotated[
        Prose,
        Field(title="Approved", description="the words that show the speaker's approval of this quote, as [[C1: …]] and nothing else"),
    ]


class Asset(Part):
    """A text derived from the case study. It tells no figure that the case study does not tell."""

    kind: Annotated[Kind, Field(title="Asset")]
    headline: Annotated[str, Field(title="Headline", min_length=3, max_length=160, description="figures as slots; no cause")]
    text: Annotated[
        str,
        Field(
            title="Text",
            min_length=1,
            max_length=3000,
            description=f"one-pager: at most {MOST_WORDS['One-pager']} words; quote card: {MOST_WORDS['Quote card']}; social post: "
            f"{MOST_WORDS['Social post']}; sales slide: {MOST_WORDS['Sales slide']}, an outline; the customer is {NAME}",
        ),
    ]


class CaseStudy(Deliverable):
    """A finished case study with its assets, shown to the customer first. Giving it ends the work: call this once, when it is written."""

    kind: ClassVar[str] = "case_study"

    summary: Annotated[
        tuple[Prose, ...],
        Field(
            title="In short",
            description="at most 120 words: which customer, the difference with its range, what may be said and what not, what it costs, "
            "the decision needed; without a candidate, that there is no case yet and what would make one",
            min_length=2,
            max_length=5,
        ),
    ]
    who: Annotated[
        tuple[Prose, ...],
        Field(
            title="Who, and what they agreed to",
            description="the customer by name and line of business, and whether its consent to be named is on record",
            min_length=1,
            max_length=3,
            json_schema_extra={"x-approval": "audience"},
        ),
    ]
    situation: Annotated[
        tuple[Prose, ...], Field(title="The situation before", min_length=1, max_length=3, description="results before, with period")
    ]
    done: Annotated[
        tuple[Prose, ...],
        Field(title="What was done", min_length=1, max_length=4, description="what is on record, cited; else that it has to be asked"),
    ]
    before_after: Annotated[
        tuple[Prose, ...],
        Field(
            title="Before and after",
            min_length=1,
            max_length=5,
            description="before, after, the comparable customers, the matched difference with its range; the house adds the table",
            json_schema_extra={"x-table": "compare_matched"},
        ),
    ]
    mechanism: Annotated[
        tuple[Prose, ...],
        Field(
            title="How it works",
            min_length=1,
            max_length=4,
            description="which parts moved, as the tool split them; then what would explain that, told as what has to be asked or tested",
        ),
    ]
    not_shown: Annotated[
        tuple[Prose, ...],
        Field(
            title="What this does not show",
            min_length=2,
            max_length=7,
            description="how the customer was chosen and among how many, that nobody was assigned by chance, who is left out",
            json_schema_extra={"x-list": True},
        ),
    ]
    quotes: Annotated[
        tuple[Quote, ...],
        Field(title="Quotes", max_length=4, description="only words on record with their speaker's approval on record; else none"),
    ] = ()
    consent_request: Annotated[
        str,
        Field(
            title="To the customer: may we tell this?",
            min_length=1,
            max_length=2500,
            description="the mail that shows them the figures, asks for consent to name, figures, quote and places, says that no is "
            f"fine and that consent can be withdrawn; merge fields {NAME}, {{{{contact.first_name}}}}, {{{{sender.name}}}}, "
            "{{sender.company}}; without a case, why nobody is asked",
        ),
    ]
    questions: Annotated[
        tuple[Prose, ...],
        Field(
            title="Questions for the interview",
            min_length=3,
            max_length=8,
            description="open questions that the record leaves open, also one that could speak against the story",
            json_schema_extra={"x-list": True},
        ),
    ]
    assets: Annotated[
        tuple[Asset, ...],
        Field(title="Assets", max_length=4, description="one of each kind, or none at all where there is no case to tell"),
    ]
    actions: Annotated[tuple[Action, ...], Field(title="What to do", min_length=2, max_length=5)]
    alternatives: Annotated[tuple[Alternative, ...], Field(title="Considered and not taken", min_length=1, max_length=4)]
    unknowns: Annotated[tuple[Unknown, ...], Field(title="What we could not know", min_length=3, max_length=5)]

    def faults(self, shown: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
        """Invented quotes, assets that tell other figures than the body, results told without a matched difference."""
        body = {key for text in self._body() for key in _keys(text)}
        matched = any(_above_zero(key, shown) for text in self.before_after for key in _keys(text))
        yield from self._quotes()
        yield from self._whole()
        if not matched and GROWTH.search(self.title):
            yield "title", self.title, "it tells a result, and no clear matched difference stands under 'Before and after'"
        for index, asset in enumerate(self.assets):
            for part in ("headline", "text"):
                text = getattr(asset, part)
                for key in sorted(_keys(text) - body):
                    yield f"assets.{index}.{part}", text, f"{{{{{key}}}}} does not stand in the case study itself: assets tell nothing new"
                if not matched and GROWTH.search(text):
                    yield (
                        f"assets.{index}.{part}",
                        text,
                        "it tells a result, and no clear matched difference stands under 'Before and after'",
                    )
            headline = _keys(asset.headline)
            if headline and not (matched and any(MATCHED.search(key) for key in headline)):
                yield f"assets.{index}.headline", asset.headline, "its figure is not the matched difference, clear of no difference at all"
            words = len(shown(asset.text).split())
            if words > MOST_WORDS[asset.kind]:
                yield (
                    f"assets.{index}.text",
                    asset.text,
                    f"{asset.kind.lower()}: there is room for {MOST_WORDS[asset.kind]} words, this has {words}",
                )

    def _body(self) -> list[str]:
        """What the customer and the client read of the case itself."""
        sections = (*self.situation, *self.done, *self.before_after, *self.mechanism, *self.not_shown)
        return list(sections)

    def _quotes(self) -> Iterator[tuple[str, str, str]]:
        for index, quote in enumerate(self.quotes):
            for part, text in (("text", quote.text), ("approved", quote.approved)):
                if not CITED.fullmatch(text.strip()):
                    yield f"quotes.{index}.{part}", text, "a quote and its approval are the exact words of a passage: [[C1: …]]"
            if not APPROVED.search(quote.approved):
                yield f"quotes.{index}.approved", quote.approved, "these words do not show that the speaker approved the quote"
        for path, text in leaves(self.model_dump(mode="json", exclude={"quotes"})):
            if match := QUOTED.search(CITED.sub("", text)):
                yield path, match[0], "words between quotation marks are somebody's: quote a passage as [[C1: …]], or say it without marks"

    def _whole(self) -> Iterator[tuple[str, str, str]]:
        kinds = [asset.kind for asset in self.assets]
        if kinds and sorted(kinds) != sorted(get_args(Kind)):
            yield "assets", ", ".join(kinds), f"one of each kind, or none at all: {', '.join(get_args(Kind))}"


def _above_zero(key: str, shown: Callable[[str], str]) -> bool:
    """Whether a key is of a matched difference whose interval does not reach below zero."""
    found = MATCHED.search(key)
    return found is not None and not shown(f"{{{{{key[: found.start()]}.difference.low}}}}").strip().startswith(("-", "\u2212"))


def _keys(text: str) -> set[str]:
    """Slots of tools and brief in a text, without their formats; merge fields are none."""
    return {match[1] for match in SLOT.finditer(text) if match[1][0].isupper()}


CASE_STUDY_WRITER = Agent(
    name="case-study writer",
    kind="case_study",
    prompt="case_study_writer",
    tools=("describe_data", "find_case_studies", "compare_matched", "calculate"),
    deliverable=CaseStudy,
    questions=("what customers said and approved to be quoted, permission to name them", "what customers changed, what they use and why"),
)
