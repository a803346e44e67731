"""How a figure reads to its client: number, unit and currency in the client's locale."""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale as BabelLocale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)
from babel.units import format_unit

from grounding.evidence import Locale
from tools.contract import Figure, Unit

FORMATS: dict[str, str] = {
    "percent": "a share as a percentage (the default for shares)",
    "points": "a difference of shares as percentage points",
    "round": "money to three significant digits, marked as rounded: about R18 500",
    "whole": "no decimals",
    "compact": "short scale: R1.2M",
    "signed": "with + or − in front",
    "abs": "without its sign, after a verb that has the direction: fell by {{E1.change|abs}}",
    "range": "both ends of its interval: low to high",
}
"""What may stand after the pipe of a slot."""

ABOUT = {"en": "about ", "de": "etwa ", "fr": "environ ", "es": "unos ", "nl": "ongeveer ", "pt": "cerca de "}
"""A rounded amount says so; elsewhere ≈ does."""
SIGNIFICANT = 3
WHOLE_MONEY_FROM = 1000
RELATIVE_CAP = 0.05
"""A rounding that moves a value by more than this share is no rounding: more digits are shown."""

DURATIONS = {"hours": "duration-hour", "days": "duration-day", "weeks": "duration-week", "months": "duration-month"}
POINTS = {
    "de": "Prozentpunkte",
    "fr": "points de pourcentage",
    "es": "puntos porcentuales",
    "nl": "procentpunt",
    "pt": "pontos percentuais",
}
TO = {"de": "bis", "fr": "à", "es": "a", "nl": "tot", "af": "tot", "pt": "a", "it": "a"}
COMPACT_LANGUAGES = frozenset({"en", "de", "fr", "es", "nl", "pt", "it", "af"})


@lru_cache(maxsize=64)
def babel_locale(language: str) -> BabelLocale:
    """The Babel locale of a BCP 47 tag; its language alone when the territory is unknown, English when neither is known."""
    for tag in (language, language.split("-")[0], "en"):
        try:
            return BabelLocale.parse(tag.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel knows English")


@lru_cache(maxsize=64)
def minor_units(currency: str) -> int:
    """How many minor units make one major unit: 100 for ZAR, 1 for JPY, 1000 for KWD."""
    return 10 ** get_currency_precision(currency)


def major(value: float, currency: str) -> Decimal:
    """Money in minor units as an exact number of major units."""
    return Decimal(repr(value)) / minor_units(currency)


def decimals_for(value: float | Decimal, significant: int = SIGNIFICANT) -> int:
    """Decimals that show `value` with so many significant digits: 12.345 → 1, 0.01234 → 4, 1234 → 0."""
    size = abs(float(value))
    return max(0, significant - 1 - math.floor(math.log10(size))) if size else 0


def show(figure: Figure, locale: Locale, form: str | None = None, *, value: float | str | None = None, unit: bool = True) -> str:
    """The figure as text. `value`: another value in the same unit (an end of the interval). `unit=False` leaves the unit's words out.

    Raises ValueError when the format does not fit the figure.
    """
    shown = figure.value if value is None else value
    if figure.unit == "date":
        if form is not None:
            raise ValueError("a date takes no format")
        return format_date(date.fromisoformat(str(shown)), "long", locale=babel_locale(locale.language))
    if form == "range":
        return " ".join(range_texts(figure, locale))
    return _number(float(shown) if figure.unit != "money" else shown, figure, locale, form, unit)


def range_texts(figure: Figure, locale: Locale) -> tuple[str, str, str]:
    """Low end, the word between and high end. Raises ValueError when the figure has no interval."""
    if figure.interval is None:
        raise ValueError("it has no interval, so there is no range")
    worded = figure.unit in DURATIONS or figure.unit == "points"
    low = show(figure, locale, value=figure.interval.low, unit=not worded)
    return low, TO.get(babel_locale(locale.language).language, "to"), show(figure, locale, value=figure.interval.high)


def _number(value: float | str, figure: Figure, locale: Locale, form: str | None, with_unit: bool) -> str:
    number = Decimal(repr(value)) if not isinstance(value, int) else Decimal(value)
    if form == "abs":
        number = abs(number)
    kind: Unit = figure.unit
    if form in ("percent", "points"):
        if kind not in ("share", "points"):
            raise ValueError(f"|{form} is for shares; this is {kind}")
        kind = "share" if form == "percent" else "points"
        if form == "percent" and figure.unit == "points":
            raise ValueError("a difference of shares is in percentage points, not percent: leave the format out")
    text = _plain(number, kind, figure, locale, form, with_unit)
    return f"+{text}" if form == "signed" and number > 0 else text


def _plain(number: Decimal, kind: Unit, figure: Figure, locale: Locale, form: str | None, with_unit: bool) -> str:
    babel = babel_locale(locale.language)
    if kind == "money":
        return _money(number / minor_units(figure.currency or locale.currency), figure, babel, form)
    if kind == "share":
        points = number * 100
        decimals = 0 if form == "whole" and _keeps(points, 0) else _share_decimals(points)
        pattern = (
            babel.percent_formats[None]
            .pattern.replace("0%", "0" + _fraction(decimals) + "%")
            .replace("0\xa0%", "0" + _fraction(decimals) + "\xa0%")
        )
        return format_percent(_rounded(points, decimals) / 100, format=pattern, locale=babel, decimal_quantization=False)
    if kind == "points":
        number *= 100
    text = _compact_or(number, babel, form if kind in ("count", "number") else None if form == "compact" else form)
    if not with_unit:
        return text
    if kind == "points":
        return f"{text}\xa0{POINTS.get(babel.language, 'percentage points')}"
    if kind == "multiple":
        return f"{text}x"
    if kind in DURATIONS:
        return _duration(_rounded(number, _decimals(number, form)), kind, babel)
    return text


def _duration(number: Decimal, kind: Unit, babel: BabelLocale) -> str:
    words = format_unit(number, DURATIONS[kind], length="long", format="#,##0.########", locale=babel)
    return words if "duration" not in words else f"{format_decimal(number, locale=babel)} {kind}"


def _share_decimals(points: Decimal) -> int:
    decimals = min(decimals_for(points), 6)
    while decimals < 8 and points not in (0, 100) and _rounded(points, decimals) in (Decimal(0), Decimal(100)):
        decimals += 1
    return decimals


def _money(amount: Decimal, figure: Figure, babel: BabelLocale, form: str | None) -> str:
    currency = figure.currency
    assert currency is not None  # a money figure has one
    if form == "compact" and abs(amount) >= 1000 and babel.language in COMPACT_LANGUAGES:
        return format_compact_currency(amount, currency, locale=babel, fraction_digits=_compact_digits(amount))
    cents, exactly = get_currency_precision(currency), amount
    if form == "round" and amount:
        magnitude = math.floor(math.log10(abs(float(amount))))
        amount = amount.quantize(Decimal(1).scaleb(max(magnitude - SIGNIFICANT + 1, -cents)), rounding=ROUND_HALF_UP)
        amount = Decimal(format(amount, "f"))
    exact = figure.basis == "stated" and form not in ("round", "whole")
    whole = form == "whole" or (not exact and abs(amount) >= WHOLE_MONEY_FROM)
    decimals = 0 if amount == amount.to_integral_value() or (whole and _keeps(amount, 0)) else cents
    pattern = babel.currency_formats["standard"].pattern.replace("0.00", "0" + "." * bool(decimals) + "0" * decimals)
    shown = format_currency(
        _rounded(amount, decimals), currency, format=pattern, locale=babel, currency_digits=False, decimal_quantization=False
    )
    return ABOUT.get(babel.language, "≈") + shown if form == "round" and amount != exactly else shown


def _compact_or(number: Decimal, babel: BabelLocale, form: str | None) -> str:
    if form == "compact" and abs(number) >= 1000 and babel.language in COMPACT_LANGUAGES:
        return format_compact_decimal(number, locale=babel, fraction_digits=_compact_digits(number))
    decimals = _decimals(number, form)
    return format_decimal(_rounded(number, decimals), format="#,##0" + _fraction(decimals), locale=babel, decimal_quantization=False)


def _compact_digits(number: Decimal) -> int:
    """Digits after the point that keep the short form within 1% of the value."""
    scaled = float(abs(number)) / 1000 ** math.floor(math.log10(float(abs(number))) / 3)
    return next(d for d in (0, 1, 2) if d == 2 or abs(round(scaled, d) - scaled) <= 0.01 * scaled)


def _decimals(number: Decimal, form: str | None) -> int:
    if number == number.to_integral_value():
        return 0
    if form == "whole" and _keeps(number, 0):
        return 0
    return min(decimals_for(number), 8)


def _keeps(number: Decimal, decimals: int) -> bool:
    """Whether rounding so leaves the value within the cap."""
    return abs(_rounded(number, decimals) - number) <= Decimal(repr(RELATIVE_CAP)) * abs(number)


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _fraction(decimals: int) -> str:
    return "." + "#" * decimals if decimals else ""
