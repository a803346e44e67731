"""How many minor units a currency's major unit has (ISO 4217)."""

from __future__ import annotations

NO_MINOR = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DIGITS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def minor_units(currency: str) -> int:
    """Minor units in one major unit: 100 for ZAR, 1 for JPY, 1000 for KWD."""
    return 1 if currency in NO_MINOR else 1000 if currency in THREE_DIGITS else 100
