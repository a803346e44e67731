"""Whether a locale exists: its language, currency and zone."""

from __future__ import annotations

from graphs.fire_times import known_zone
from grounding.evidence import Locale


def known_locale(locale: Locale) -> Locale:
    """The locale if its language, currency and zone exist. Raises ValueError that names the one that does not."""
    from babel import Locale as BabelLocale
    from babel import UnknownLocaleError
    from babel.numbers import is_currency

    try:
        BabelLocale.parse(locale.language, sep="-")
    except (ValueError, UnknownLocaleError):
        raise ValueError(f"there is no language {locale.language!r}; a language is a tag like en-ZA or de-DE") from None
    if not is_currency(locale.currency):
        raise ValueError(f"there is no currency {locale.currency!r}; a currency is an ISO 4217 code like ZAR or EUR")
    known_zone(locale.zone)
    return locale
