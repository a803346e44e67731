"""A quotation from the brief as a number: verbatim, exactly one number in it, its unit and currency checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grounding.brief import PER, PER_BEFORE, PER_NAMES
from grounding.evidence import Locale
from grounding.rendering import minor_units
from grounding.verifying.numerals import Numeral, read
from tools.contract import ToolInputError, Unit

LEAST_QUOTE = 2


@dataclass(frozen=True, slots=True)
class Quoted:
    """A number with what it is in: money in minor units, a share as 0..1."""

    value: int | float
    unit: Unit
    currency: str | None = None
    per: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of a client's document, with where they stand. `dated` is an ISO date."""

    title: str
    dated: str | None
    text: str

    @property
    def source(self) -> str:
        """Title and date, as a reader is told them."""
        return f"{self.title}, {self.dated or 'undated'}"


def squeezed(text: str) -> str:
    """The text with every run of white space as one space, and typographic marks plain."""
    plain = text.translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2212: "-", 0x2013: "-", 0x2014: "-"})
    return re.sub(r"[\s\u00a0\u202f\u2009]+", " ", plain).strip()


def numerals_in(text: str, locale: Locale) -> list[Numeral]:
    """The numbers of a text that claim an amount: no dates, years, ordinals or names."""
    return [numeral for numeral in read(text, locale) if numeral.role in ("number", "fraction", "age") and numeral.values]


def read_quote(
    quote: str, text: str, locale: Locale, path: str, wanted: Unit | None, currency: str | None, *, where: str = "the brief"
) -> Quoted:
    """The number that a quotation of `text` holds. Raises ToolInputError when it does not say so or the words hold no number or several.

    `where`: what the text is called in a refusal.
    """
    words, whole = squeezed(quote), squeezed(text)
    if len(words) < LEAST_QUOTE and not words.isdigit():
        raise ToolInputError(f"{path}: the quotation is empty", field=path, found=quote)
    place = whole.lower().find(words.lower())
    if place < 0:
        raise ToolInputError(f"{path}: {where} does not say {quote!r}; quote it word for word", field=path, found=quote)
    # A number cut out of a longer one ("5 000" of "15 000") is not what the brief says.
    inside = [n for n in numerals_in(whole, locale) if n.start < place + len(words) and n.end > place]
    cut = [n for n in inside if n.start < place or n.end > place + len(words)]
    if cut:
        raise ToolInputError(f"{path}: {quote!r} cuts {cut[0].text.strip()!r} in two; quote the whole number", field=path, found=quote)
    if len(inside) != 1:
        found = ", ".join(repr(n.text.strip()) for n in inside) or "none"
        raise ToolInputError(f"{path}: {quote!r} must hold exactly one number; it holds {found}", field=path, found=found)
    return _measured(inside[0], whole, locale, path, wanted, currency, where)


def _measured(numeral: Numeral, whole: str, locale: Locale, path: str, wanted: Unit | None, currency: str | None, where: str) -> Quoted:
    value = numeral.values[0] * (-1 if numeral.sign < 0 else 1)
    per = _per(numeral, whole)
    match numeral.kind:
        case "money":
            expected = currency or locale.currency
            if expected not in numeral.currencies:
                raise ToolInputError(
                    f"{path} is in {expected}; {where} says {numeral.text.strip()!r}",
                    field=path,
                    needed=expected,
                    found=numeral.text.strip(),
                )
            return Quoted(round(value * minor_units(expected)), "money", expected, per)
        case "percent":
            return Quoted(round(value / 100, 12), "share", per=per)
        case "points" | "bps":
            return Quoted(round(value / (100 if numeral.kind == "points" else 10_000), 12), "points")
        case "years":
            return Quoted(value * 12, "months")
        case "bare":
            pass
        case "other":
            raise ToolInputError(
                f"{path}: the unit of {numeral.text.strip()!r} in {where} is not known", field=path, found=numeral.text.strip()
            )
        case _:
            return Quoted(value, numeral.kind)
    if wanted == "money":
        raise ToolInputError(
            f"{path} takes money; {numeral.text.strip()!r} in {where} has no currency", field=path, needed="money", found=numeral.text
        )
    plain = int(value) if value == int(value) else value
    return Quoted(plain, wanted if wanted in ("number", "count", "score", "multiple") else "count", per=per)


def _per(numeral: Numeral, whole: str) -> str | None:
    found = PER.match(whole[numeral.end : numeral.end + 20])
    if found:
        name = next((group for group in found.groups() if group), "month").lower()
        return PER_NAMES.get(name, name)
    before = PER_BEFORE.search(whole[max(0, numeral.start - 40) : numeral.start])
    return PER_NAMES.get(before[1].lower(), before[1].lower()) if before else None
