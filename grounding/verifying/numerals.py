"""Read every numeral and number word of a text: value, unit, sign, scale and the step of its last printed digit."""

# ruff: noqa: E501 - patterns and tables of words read better on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from babel.numbers import get_decimal_symbol, get_group_symbol

from grounding.evidence import Locale
from grounding.rendering import babel_locale
from grounding.verifying.number_words import FRACTIONS, MULTIPLES, WORDS, word_value

Kind = Literal["money", "percent", "points", "bps", "multiple", "hours", "days", "weeks", "months", "years", "score", "bare", "other"]
Role = Literal["number", "fraction", "date", "year", "ordinal", "name", "time", "label", "format", "age"]

SPACE = " \u00a0\u202f\u2009"
SYMBOLS: dict[str, frozenset[str]] = {
    "US$": frozenset({"USD"}), "A$": frozenset({"AUD"}), "C$": frozenset({"CAD"}), "CA$": frozenset({"CAD"}), "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}), "S$": frozenset({"SGD"}), "R$": frozenset({"BRL"}), "R": frozenset({"ZAR"}), "$": frozenset({"USD", "AUD", "CAD", "NZD", "HKD", "SGD"}),
    "€": frozenset({"EUR"}), "£": frozenset({"GBP"}), "¥": frozenset({"JPY", "CNY"}), "￥": frozenset({"JPY", "CNY"}), "₹": frozenset({"INR"}), "₦": frozenset({"NGN"}),
    "rand": frozenset({"ZAR"}), "dollars": frozenset({"USD", "AUD", "CAD", "NZD"}), "dollar": frozenset({"USD"}), "euros": frozenset({"EUR"}), "euro": frozenset({"EUR"}),
    "pounds": frozenset({"GBP"}), "yen": frozenset({"JPY"}),
}  # fmt: skip
CODES = [
    "ZAR",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "KWD",
    "AUD",
    "CAD",
    "NZD",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "INR",
    "NGN",
    "KES",
    "BWP",
    "NAD",
    "AED",
    "SGD",
    "HKD",
    "BRL",
    "MXN",
    "CNY",
    "PLN",
    "ILS",
    "SAR",
    "EGP",
    "GHS",
]
SYMBOLS |= {code: frozenset({code}) for code in CODES}
CURRENCY = "|".join(re.escape(symbol) for symbol in sorted((s for s in SYMBOLS if not s.islower()), key=len, reverse=True))
CURRENCY_AFTER = "|".join(re.escape(symbol) for symbol in sorted((*CODES, "€", "$US", "$", "£", "rand", "dollars", "dollar", "euros", "euro", "pounds", "yen"), key=len, reverse=True))  # fmt: skip

SCALES = {
    "k": 1e3, "tsd": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "mil": 1e6, "million": 1e6, "millions": 1e6, "b": 1e9, "bn": 1e9, "md": 1e9,
    "mrd": 1e9, "billion": 1e9, "trillion": 1e12, "hundred": 100.0,
}  # fmt: skip
MONTHS = (
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
    r"|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|januari|februari|maart|mei|augustus|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro"
)
CORE = rf"\d{{1,3}}(?:[{SPACE}'’]\d{{3}})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
UNIT_AFTER = (
    rf"(?:[{SPACE}]?%(?:[- ]?points?)?|[{SPACE}-]?(?:percentage[- {SPACE}]points?|percentage[- ]pts?|per[ -]?cent(?:[ -]points?)?|basis[ ]points?|bps|pps?|ppts?)\b"
    rf"|[{SPACE}-]?(?:Prozentpunkte?n?|points[ ]de[ ]pourcentage|puntos[ ]porcentuales|procentpunt|pontos[ ]percentuais)\b|[{SPACE}]?(?:[x×](?![\w])|[{SPACE}-]?fold\b)|[{SPACE}]times\b(?!\s+(?:a|per|each|every)\b)"
    rf"|[{SPACE}-]?(?:hours?|hrs?|Stunden?|heures?|days?|Tagen?|Tage?|jours?|weeks?|Wochen?|semaines?|months?|Monate?n?|mois|years?|Jahre?|quarters?|points?)\b"
    r"|[hd](?![\w]))"
)
LIKELY = (
    rf"(?=[\d+\-−–±$€£¥￥₹₦]|[^\W\d]*\.?[{SPACE}-]{{0,2}}[-−]?\d|[A-Za-z]+[$€£]"
    r"|(?:an?[ -]|zero|one|tw|thi|thr|fou|for|fif|fiv|six|sev|eig|nin|ten|ele|doz|dou|hal|qua|tri|tre))"
)
"""What every pattern below begins with, so that most words are passed over at once."""
MASTER = re.compile(
    rf"""
    (?:(?<![^\W\d_])|(?=\d))
    {LIKELY}
    (?:(?P<iso>(?<![\w/-])\d{{4}}-\d{{2}}(?:-\d{{2}})?(?![\w]))
  | (?P<dmy>(?<![\w./-])\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}(?!\w))
  | (?P<mdate>\b(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[{SPACE}](?:of[ ]|de[ ])?(?:{MONTHS})\b\.?(?:(?:,?|[{SPACE}]de)[{SPACE}]\d{{4}}\b)?
        |(?:{MONTHS})\b\.?[{SPACE}]\d{{1,2}}(?:st|nd|rd|th)?(?![\d.,%]*\d|%|[{SPACE}]?(?:%|percent|x\b))(?:,[{SPACE}]?\d{{4}}\b|[{SPACE}](?:19|20)\d{{2}}\b)?
        |(?:{MONTHS})\b\.?[{SPACE}](?:19|20)\d{{2}}\b))
  | (?P<quarter>\b[QH][1-4](?:[{SPACE}/-]?(?:of[ ])?(?:FY)?(?:19|20)\d{{2}}|[{SPACE}]FY\d\d)?\b|\b(?:19|20)\d{{2}}[{SPACE}-]?[QH][1-4]\b|\bFY[{SPACE}]?(?:20)?\d{{2}}(?:/\d{{2}})?\b)
  | (?P<always>(?<!\d)24/7(?!\d))
  | (?P<clock>(?<![\w:.])\d{{1,2}}(?:[:h.]\d{{2}})?[ \u00a0\u202f]?(?:[ap]\.?m\.?(?!\w))|(?<![\w:])(?:[01]?\d|2[0-3]):[0-5]\d(?!\d)|(?<!\w)\d{{1,2}}h[0-5]\d\b)
  | (?P<ratio>(?<![\w:])\d{{1,2}}:\d{{1,2}}(?![\w:]))
  | (?P<size>(?<!\w)\d{{2,4}}[ ]?[x×][ ]?\d{{2,4}}(?!\w))
  | (?P<ordinal>(?<![\w.,])\d+(?:st|nd|rd|th)\b)
  | (?P<gadget>(?<!\w)(?:[2-5]G|[48]K|[23]D|2FA|1P|3P)\b(?!\w))
  | (?P<name>(?<![\w{{])(?!(?:{CURRENCY})\d)[A-Za-z][A-Za-z_]*+\d[\w]*(?:[.-]\d+)*|\b[A-Z][A-Za-z]*[A-Z]-\d{{1,3}}\b(?!%))
  | (?P<number>
      (?P<sign>(?<![\w)%.\]])[-−–+±][ ]?(?=(?:{CURRENCY})?[{SPACE}]?\d))?
      (?:(?P<money>(?<![A-Za-z])(?:{CURRENCY}))[{SPACE}]?(?P<inner>[-−]?))?
      (?<![\d])(?P<core>{CORE})
      (?:(?P<glued>(?:k|K|M|m|bn|Bn|B|mn|Mn|b)(?![\w]))|[{SPACE}-]?(?P<scale>thousand|millions?|billion|trillion|hundred|Mio|Mrd|Tsd|Md|bn|mn|mil|M|k|m)\b\.?)?
      (?:[{SPACE}]?(?P<moneyafter>(?:{CURRENCY_AFTER})(?![\w])))?
      (?P<unit>{UNIT_AFTER})?
    )
  | (?P<word>(?<![\w-])(?:{FRACTIONS}|{MULTIPLES}|{WORDS})(?![\w])))
    """,
    re.VERBOSE | re.IGNORECASE,
)
LABEL = re.compile(
    r"\b(?:step|phase|week|day|tier|version|option|figure|fig\.|table|section|chapter|page|part|appendix|scenario|variant|stage|wave|level|no\.|number|version|v|priority|test|month|sprint|group|idea|ad|email|e-mail|post|slide|question)[ \u00a0#]{1,2}$",
    re.IGNORECASE,
)
AGE_BEFORE = re.compile(
    r"\b(?:age[sd]?|women|men|adults|parents|people|professionals|owners|aged between)[ \u00a0](?:of |from |between )?$", re.IGNORECASE
)
AGE_AFTER = re.compile(r"^(?:[-–\u00a0 ]?(?:to|and|\d)[^.;]{0,8})?[ \u00a0-]year(?:s)?[- ]olds?\b", re.IGNORECASE)
CREATIVE = re.compile(r"^[- \u00a0](?:seconds?|sec|minutes?|min)\b|^s\b", re.IGNORECASE)
HEDGE = re.compile(
    r"(?:\b(?:about|around|roughly|etwa|environ|unos|ongeveer|cerca de|approximately|approx\.?|nearly|almost|close to|some|circa|just over|just under|a little over|a little under|over|under|more than|less than)|~|≈)[ \u00a0]?$",
    re.IGNORECASE,
)


BULLET = re.compile(r"[-+][ ]$")
"""A list item may begin with a number: its marker is no sign."""
SECTION = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}")
"""The number of a section at the beginning of its line: "1.2 Results"."""
TIMES_COUNT = 50
"""From here on "shown 1 200 times" counts; below, "3 times" compares."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """One numeral as written. `values`: what it may mean (two when a separator is ambiguous), scale applied, percent as 12.0, money in major units.

    `step` is the size of the last printed digit, `rounded` the size of the last digit that is not zero.
    """

    start: int
    end: int
    text: str
    values: tuple[float, ...]
    kind: Kind
    role: Role = "number"
    currencies: frozenset[str] = frozenset()
    step: float = 1.0
    rounded: float = 1.0
    sign: int = 0
    hedged: bool = False
    word: bool = False
    pair: int = 0
    """+1 when this is the low end of a written range, -1 the high end."""


def read(text: str, locale: Locale) -> list[Numeral]:
    """Every numeral and number word, in order. Overlap-free; ranges are paired and share their unit."""
    found = list(_scan(text, locale))
    return _paired(found, text)


def _scan(text: str, locale: Locale) -> Iterator[Numeral]:
    for match in MASTER.finditer(text):
        group = match.lastgroup
        start, end = match.span()
        if match["number"] is not None:
            yield _number(match, text, locale)
        elif match["word"] is not None:
            numeral = _word(match, text)
            if numeral:
                yield numeral
        else:
            role: Role = {
                "iso": "date", "dmy": "date", "mdate": "date", "quarter": "date", "always": "name", "clock": "time", "ratio": "format", "size": "format",
                "ordinal": "ordinal", "gadget": "name", "name": "name",
            }[group or "name"]  # type: ignore[assignment]  # fmt: skip
            yield Numeral(start, end, match[0], (), "bare", role)


def _number(match: re.Match[str], text: str, locale: Locale) -> Numeral:
    core = match["core"]
    start, end = match.span()
    values, decimals = _values(core, locale)
    scale = SCALES.get((match["glued"] or match["scale"] or "").lower().rstrip("."), 1.0)
    kind = _kind(match["unit"] or "")
    symbol = match["money"] or match["moneyafter"]
    currencies: frozenset[str] = frozenset()
    if symbol:
        kind = "money" if kind == "bare" else kind
        currencies = SYMBOLS.get(symbol) or SYMBOLS.get(symbol.upper()) or SYMBOLS.get(symbol.lower()) or frozenset({"USD"})
    step = scale * 10.0**-decimals
    digits = re.sub(r"\D", "", core)
    zeros = len(digits) - len(digits.rstrip("0")) if values[0] else 0
    zeros = min(zeros, decimals) if decimals else zeros
    sign = 0
    bullet = BULLET.match(match["sign"] or "") is not None and not text[:start].rpartition("\n")[2].strip()
    start = match.end("sign") if bullet else start
    mark = ("" if bullet else (match["sign"] or "").strip()) or match["inner"] or ""
    if mark:
        sign = 1 if mark == "+" else 0 if mark == "±" else -1
    if kind == "multiple" and not symbol and match["unit"].strip().lower() == "times" and values[0] >= TIMES_COUNT:
        kind, end = "bare", match.end("core")
    if re.match(r"[A-Za-z]", text[end : end + 1]) and not CREATIVE.match(text[end : end + 8]):
        kind = "other"
    before, after = text[max(0, start - 30) : start], text[end : end + 40]
    role: Role = "number"
    if SECTION.fullmatch(core) and re.match(r"[ \u00a0\t]+[A-Z]", after) and not text[:start].rpartition("\n")[2].strip():
        role = "label"
    elif re.fullmatch(r"\d+(?:\.\d+){2,}", core) and not re.fullmatch(r"\d{1,3}(?:\.\d{3})+", core):
        role = "name"
    elif kind == "bare" and not symbol and scale == 1:
        if re.fullmatch(r"(?:19|20)\d\d", core) and not sign:
            role = "year"
        elif LABEL.search(before):
            role = "label"
        elif CREATIVE.match(after):
            role = "format"
    if kind in ("bare", "years") and not symbol and (AGE_BEFORE.search(before) or AGE_AFTER.match(text[start + len(core) : end + 40])):
        role = "age"
    return Numeral(
        start, end, text[start:end], tuple(value * scale for value in values), kind, role, currencies, step, step * 10.0**zeros, sign, bool(HEDGE.search(before))
    )  # fmt: skip


def _word(match: re.Match[str], text: str) -> Numeral | None:
    read_as = word_value(match[0], text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 24])
    if read_as is None:
        return None
    value = read_as[0]
    kind: Kind = read_as[1]
    role: Role = read_as[2]
    before, start, end = text[max(0, match.start() - 30) : match.start()], match.start(), match.end()
    if kind == "bare" and (unit := re.match(UNIT_AFTER, text[end : end + 30], re.IGNORECASE)) and _kind(unit[0]) not in ("bare", "score"):
        kind, end = _kind(unit[0]), end + unit.end()
    if role == "number" and LABEL.search(before):
        role = "label"
    if role == "number" and kind == "bare" and CREATIVE.match(text[end : end + 40]):
        role = "format"
    return Numeral(
        start, end, text[start:end], (value,), kind, role, step=1.0 if role == "number" else abs(value) * 0.02,
        rounded=1.0 if role == "number" else abs(value) * 0.05, hedged=bool(HEDGE.search(before)), word=True,
    )  # fmt: skip


def _kind(unit: str) -> Kind:
    bare = re.sub(rf"[{SPACE}-]+", " ", unit.lower()).strip()
    if not bare:
        return "bare"
    if bare in ("x", "×", "fold", "times"):
        return "multiple"
    if bare in ("bps", "basis point", "basis points"):
        return "bps"
    if ("point" in bare and bare not in ("point", "points")) or bare in ("pp", "pps", "ppt", "ppts", "prozentpunkte", "prozentpunkt", "prozentpunkten", "procentpunt") or "pts" in bare or "porcentuales" in bare or "percentuais" in bare:  # fmt: skip
        return "points"
    if bare in ("%", "percent", "per cent"):
        return "percent"
    if bare in ("point", "points"):
        return "score"
    for letters, kind in (("ho", "hours"), ("hr", "hours"), ("h", "hours"), ("stu", "hours"), ("heu", "hours"), ("da", "days"), ("d", "days"), ("ta", "days"), ("jo", "days"), ("we", "weeks"), ("wo", "weeks"), ("se", "weeks"), ("mo", "months"), ("ye", "years"), ("ja", "years")):  # fmt: skip
        if bare.startswith(letters):
            return kind  # type: ignore[return-value]
    return "bare"


@lru_cache(maxsize=64)
def separators(language: str) -> tuple[str, str]:
    """Decimal and grouping sign of a language."""
    babel = babel_locale(language)
    return get_decimal_symbol(babel), get_group_symbol(babel)


def _values(core: str, locale: Locale) -> tuple[tuple[float, ...], int]:
    """What the digits may mean, likeliest first, and how many decimals were printed."""
    digits = re.sub(rf"[{SPACE}'’]", "", core)
    spaced = digits != core
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = "." if digits.rfind(".") > digits.rfind(",") else ","
        return _exact(digits, decimal)
    mark = "." if points else "," if commas else ""
    if not mark:
        return (float(digits),), 0
    tail = digits.rsplit(mark, 1)[1]
    if digits.count(mark) > 1:
        return (float(digits.replace(mark, "")),), 0
    head = digits.split(mark)[0]
    if spaced or len(tail) != 3 or len(head) > 3 or head.startswith("0"):
        return _exact(digits, mark)
    decimal, group = separators(locale.language)
    if mark == group and mark != decimal:
        return (float(digits.replace(mark, "")),), 0
    if mark == decimal and not locale.language.startswith("en"):
        return _exact(digits, mark)
    if locale.language.startswith("en") and mark == ".":
        return _exact(digits, mark)
    # South African English prints a decimal comma and people write 15,000 for fifteen thousand: both are read.
    return (float(digits.replace(mark, "")), float(digits.replace(mark, "."))), 0


def _exact(digits: str, decimal: str) -> tuple[tuple[float, ...], int]:
    other = "," if decimal == "." else "."
    plain = digits.replace(other, "").replace(decimal, ".")
    return (float(plain),), len(plain.split(".")[1])


BETWEEN_DASH = re.compile(rf"^[{SPACE}]?[-–—][{SPACE}]?$")
BETWEEN_TO = re.compile(rf"^[{SPACE}](?:to|bis|à|a|tot|up to)[{SPACE}]$", re.IGNORECASE)
BETWEEN_AND = re.compile(rf"^[{SPACE}](?:and|und|et|y|en)[{SPACE}]$", re.IGNORECASE)
BETWEEN_COMMA = re.compile(rf"^[,;][{SPACE}]?$")
BETWEEN_BEFORE = re.compile(r"\b(?:between|zwischen|entre|tussen)\s+(?:about |roughly |an estimated )?$", re.IGNORECASE)
CHANGE_BEFORE = re.compile(r"\bfrom\s+(?:about |roughly |around )?$", re.IGNORECASE)


def _paired(found: list[Numeral], text: str) -> list[Numeral]:
    for index in range(len(found) - 1):
        low, high = found[index], found[index + 1]
        if low.role not in ("number", "age") or high.role not in ("number", "age") or not low.values or not high.values or low.pair:
            continue
        between, before = text[low.end : high.start], text[max(0, low.start - 40) : low.start]
        dash = BETWEEN_DASH.match(between) or BETWEEN_TO.match(between)
        inside = (
            BETWEEN_COMMA.match(between) and re.search(r"[\[(][^\[\]()]*$", before) and re.match(r"[\])]", text[high.end : high.end + 1])
        )
        if not (dash or (BETWEEN_AND.match(between) and BETWEEN_BEFORE.search(before)) or inside):
            continue
        changed = bool(BETWEEN_TO.match(between) and CHANGE_BEFORE.search(before))
        low, high = _shared(low, high)
        found[index] = low if changed else replace(low, pair=1)
        found[index + 1] = high if changed else replace(high, pair=-1)
    return found


def _shared(low: Numeral, high: Numeral) -> tuple[Numeral, Numeral]:
    """The unit, currency and scale that a range writes once."""
    if low.kind == "bare" and high.kind not in ("bare", "money"):
        low = replace(low, kind=high.kind)
    elif low.kind == "bare" and high.kind == "money" and high.text.rstrip()[-1:].isalpha() | (high.text.rstrip()[-1:] in "€$£"):
        low = replace(low, kind="money", currencies=high.currencies)
    elif low.kind == "money" and high.kind == "bare":
        high = replace(high, kind="money", currencies=low.currencies)
    if low.role == "age" or high.role == "age":
        low, high = replace(low, role="age"), replace(high, role="age")
    scale = re.search(r"(?:k|K|M|m|bn|B|thousand|million|billion)\b", high.text)
    if scale and not re.search(r"\d\s?(?:k|m|b|thousand|million|billion)", low.text, re.IGNORECASE):
        size = SCALES[scale[0].lower()]
        if low.values[0] < 1000:
            low = replace(low, values=tuple(value * size for value in low.values), step=low.step * size, rounded=low.rounded * size)
    return low, high
