"""Moments as whole microseconds, so that an engine compares them as numbers and asks no calendar for every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis

DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {"duckdb": "epoch_us", "pyspark": "unix_micros"}


def instant(moment: datetime) -> int:
    """A moment with a zone, in microseconds since the start of 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def micros(moment: ibis.Column) -> Any:
    """A column of moments in microseconds since the start of 1970. Ibis has no common name for it, engines have their own."""
    return _function(NAMES[moment.get_backend().name])(moment)


@cache
def _function(name: str) -> Any:
    import ibis
    import ibis.expr.datatypes as dt

    def convert(moment): ...

    return ibis.udf.scalar.builtin(convert, name=name, signature=((dt.Timestamp(timezone="UTC", scale=6),), dt.int64))
