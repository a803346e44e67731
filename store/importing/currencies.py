"""Currencies as ISO 4217 has them: which exist, and how many minor units make one."""

from __future__ import annotations

from functools import cache


@cache
def currencies() -> frozenset[str]:
    """The codes that exist or existed."""
    from babel import Locale

    return frozenset(Locale("en").currencies)


def is_currency(code: str) -> bool:
    """Whether this is a currency's code."""
    return code in currencies()


def minor_units(code: str) -> int:
    """How many minor units make one whole unit: 100 for ZAR, 1 for JPY, 1000 for KWD."""
    from babel.numbers import get_currency_precision

    return int(10 ** get_currency_precision(code))
